/* control.sock; see control_server.h. Bytes read here come from local users with a role. */
#include "supervisor/control_server.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/sentence.h"
#include "policy/methods.h"
#include "policy/store/memory.h"
#include "settings/settings.h"
#include "supervisor/backups.h"
#include "supervisor/control_calls.h"
#include "supervisor/control_logins.h"
#include "supervisor/control_methods.h"
#include "supervisor/control_roles.h"
#include "supervisor/passed.h"
#include "supervisor/sockets.h"

#include <errno.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define ACTOR_TEXT_SIZE 64
#define PERSON_TEXT_SIZE 128
#define GROUPS_MOST 256
#define READ_STEP 4096
#define BACKLOG 64

enum client_state {
	CLIENT_NAMING, /* its user's name is being looked up, on a thread */
	CLIENT_WAITING,
	CLIENT_BUSY,    /* a call is under way */
	CLIENT_REFUSED, /* closed as soon as it has been told why */
	CLIENT_CLOSING,
};

struct control_client {
	struct control_client *next;
	struct control_server *server;
	uint64_t id;
	enum client_state state;
	uv_pipe_t pipe;
	uv_work_t naming;
	unsigned int holds; /* pipe and naming: the last one frees */
	uid_t user;
	uint32_t roles;
	char actor[ACTOR_TEXT_SIZE];
	char name[PERSON_TEXT_SIZE]; /* by the operating system; may be empty */
	bool is_new;                 /* to the login log */
	char *buffer;
	size_t size, len;
	bool in_lines; /* process_lines is on the stack */
	bool follows;
	struct log_filter follow;
	json_t *follow_params; /* the filter's texts */
	bool follows_attendances;
};

struct control_server {
	struct supervisor *supervisor;
	uv_pipe_t listener;
	struct control_roles roles;
	struct control_logins logins;
	struct control_client *clients;
	uint64_t next_id;
	char *path; /* to be removed at the end; NULL if the socket is systemd's */
	bool closing;
};

struct out_line {
	uv_write_t request;
	char *text;
};

static void process_lines(struct control_client *client);

static void
server_free_if_idle(struct control_server *server)
{
	if (!server->closing || server->clients != NULL || server->listener.data != NULL)
		return;
	control_roles_done(&server->roles);
	free(server->path);
	free(server);
}

static void
client_release(struct control_client *client)
{
	struct control_server *server = client->server;
	struct control_client **at = &server->clients;

	if (--client->holds > 0)
		return;
	if (client->roles != 0)
		control_login_seen(&server->logins, client->user, clock_boottime_ms());
	while (*at != client)
		at = &(*at)->next;
	*at = client->next;
	if (client->buffer != NULL)
		secret_wipe(client->buffer, client->size);
	free(client->buffer);
	json_decref(client->follow_params);
	free(client);
	server_free_if_idle(server);
}

static void
on_pipe_closed(uv_handle_t *handle)
{
	client_release(handle->data);
}

static void
client_close(struct control_client *client)
{
	if (client->state == CLIENT_CLOSING)
		return;
	client->state = CLIENT_CLOSING;
	backups_client_left(client->server->supervisor->backups, client->id);
	uv_close((uv_handle_t *)&client->pipe, on_pipe_closed);
}

struct control_client *
control_client_find(struct control_server *server, uint64_t id)
{
	struct control_client *client = server == NULL ? NULL : server->clients;

	while (client != NULL && client->id != id)
		client = client->next;
	return client != NULL && client->state != CLIENT_CLOSING ? client : NULL;
}

static void
on_written(uv_write_t *request, int status)
{
	struct out_line *line = (struct out_line *)request;
	struct control_client *client = request->data;

	secret_free(line->text); /* an answer may hold a secret */
	free(line);
	if (status < 0 ||
		(client->state == CLIENT_REFUSED &&
			uv_stream_get_write_queue_size((uv_stream_t *)&client->pipe) == 0))
		client_close(client);
}

static size_t
waiting_bytes(const struct control_client *client)
{
	return client->state == CLIENT_CLOSING
		       ? 0
		       : uv_stream_get_write_queue_size((const uv_stream_t *)&client->pipe);
}

/* Many who do not read must not cost what one may not: those with most of it go first. */
static void
make_room(struct control_server *server, size_t len)
{
	for (;;) {
		struct control_client *worst = NULL;
		size_t all = len;

		for (struct control_client *client = server->clients; client != NULL;
			client = client->next) {
			all += waiting_bytes(client);
			if (worst == NULL || waiting_bytes(client) > waiting_bytes(worst))
				worst = client;
		}
		if (all <= CONTROL_QUEUES_MOST || worst == NULL || waiting_bytes(worst) == 0)
			return;
		client_close(worst);
	}
}

/* Takes the message. Whatever goes wrong drops the client: half an answer is worse than none. */
static void
send_line(struct control_client *client, json_t *message)
{
	/* What does not fit in the socket now is written after this function has returned. */
	static char newline[] = "\n";
	struct out_line *line = calloc(1, sizeof(*line));
	char *text = message == NULL ? NULL : json_dumps(message, JSON_COMPACT | JSON_ENSURE_ASCII);
	size_t len = text == NULL ? 0 : strlen(text);
	uv_buf_t parts[2];

	json_decref(message);
	make_room(client->server, len);
	if (line == NULL || text == NULL || client->state == CLIENT_CLOSING ||
		uv_stream_get_write_queue_size((uv_stream_t *)&client->pipe) + len >
			CONTROL_QUEUE_MOST) {
		secret_free(text);
		free(line);
		client_close(client);
		return;
	}
	line->text = text;
	line->request.data = client;
	parts[0] = uv_buf_init(text, (unsigned int)len);
	parts[1] = uv_buf_init(newline, 1);
	if (uv_write(&line->request, (uv_stream_t *)&client->pipe, parts, 2, on_written) < 0) {
		secret_free(text);
		free(line);
		client_close(client);
	}
}

void
control_client_answer(struct control_client *client, json_t *answer)
{
	if (client->state == CLIENT_BUSY)
		client->state = CLIENT_WAITING;
	send_line(client, answer);
	if (client->state == CLIENT_WAITING && !client->in_lines)
		process_lines(client);
}

void
control_client_notify(struct control_client *client, const char *method, json_t *params)
{
	if (uv_stream_get_write_queue_size((uv_stream_t *)&client->pipe) > 0)
		json_decref(params);
	else
		send_line(client, json_pack("{s:s, s:s, s:o}", "jsonrpc", "2.0", "method", method,
					  "params", params));
}

void
control_client_follow(
	struct control_client *client, json_t *params, const struct log_filter *filter)
{
	json_decref(client->follow_params);
	client->follow_params = params;
	log_filter_copy(filter, &client->follow);
	client->follows = true;
}

void
control_client_follow_attendances(struct control_client *client)
{
	client->follows_attendances = true;
}

/* Without words: who is told asks what they may see. */
void
control_server_tell_attendances(struct control_server *server)
{
	struct control_client *next;

	for (struct control_client *client = server == NULL ? NULL : server->clients;
		client != NULL; client = next) {
		next = client->next;
		if (client->state == CLIENT_CLOSING || !client->follows_attendances)
			continue;
		send_line(client, json_pack("{s:s, s:s, s:{}}", "jsonrpc", "2.0", "method",
					  "attend.changed", "params"));
	}
}

bool
control_server_is_followed(const struct control_server *server)
{
	for (const struct control_client *client = server->clients; client != NULL;
		client = client->next)
		if (client->follows)
			return true;
	return false;
}

void
control_server_tell(struct control_server *server, enum log_name log, json_t *row)
{
	struct control_client *next;

	for (struct control_client *client = server->clients; client != NULL; client = next) {
		next = client->next;
		if (client->state == CLIENT_CLOSING || !client->follows ||
			client->follow.log != log || !log_filter_matches(&client->follow, row))
			continue;
		send_line(client,
			json_pack("{s:s, s:s, s:{s:s, s:O}}", "jsonrpc", "2.0", "method", "log.row",
				"params", "log", log_name_text(log), "row", row));
	}
}

/* What is answered at once is made in here: a list that lost a row for want of memory is no answer. */
static void
start_call(struct control_client *client, const char *line, size_t len)
{
	struct control_request request;
	json_t *error = NULL;
	int r;

	client->state = CLIENT_BUSY;
	memory_scope_begin();
	r = control_parse(line, len, client->roles, &request, &error);
	if (r < 0)
		control_client_answer(client, error);
	else
		control_call_start(client->server->supervisor, client->id, client->actor,
			client->roles, &request);
	memory_scope_end();
}

/* Closing at once would cut what has not left yet. */
static void
refuse_and_close(struct control_client *client, int code, const char *message)
{
	client->state = CLIENT_REFUSED;
	client->follows = client->follows_attendances = false;
	send_line(client, control_answer_error(NULL, control_error(code, message, NULL, NULL)));
}

static void
on_allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_room)
{
	struct control_client *client = handle->data;
	size_t size = client->size;
	char *bigger;

	(void)suggested;
	if (client->size - client->len < READ_STEP && size <= CONTROL_LINE_MAX)
		size = size == 0 ? READ_STEP : size * 2;
	if (size > CONTROL_LINE_MAX + 1)
		size = CONTROL_LINE_MAX + 1;
	if (size != client->size) {
		bigger = realloc(client->buffer, size);
		if (bigger != NULL) {
			client->buffer = bigger;
			client->size = size;
		}
	}
	*ret_room = client->buffer == NULL ? uv_buf_init(NULL, 0)
					   : uv_buf_init(client->buffer + client->len,
						     (unsigned int)(client->size - client->len));
}

static void
on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *room)
{
	struct control_client *client = stream->data;

	(void)room;
	if (count < 0) {
		client_close(client);
		return;
	}
	client->len += (size_t)count;
	if (count > 0)
		process_lines(client);
}

/* Starts calls for the lines that are there, one after the other; reads on when there is none. */
static void
process_lines(struct control_client *client)
{
	client->in_lines = true;
	uv_read_stop((uv_stream_t *)&client->pipe);
	while (client->state == CLIENT_WAITING) {
		char *end = client->len == 0 ? NULL : memchr(client->buffer, '\n', client->len);
		size_t len = end == NULL ? client->len : (size_t)(end - client->buffer);
		size_t used = len + 1;

		if (end == NULL && client->len > CONTROL_LINE_MAX)
			refuse_and_close(client, CONTROL_INVALID_REQUEST, "the line is too long");
		if (end == NULL)
			break;
		start_call(client, client->buffer, len);
		client->len -= used;
		memmove(client->buffer, client->buffer + used, client->len);
	}
	client->in_lines = false;
	if (client->state == CLIENT_WAITING)
		uv_read_start((uv_stream_t *)&client->pipe, on_allocate, on_read);
}

static void
name_user(uv_work_t *work)
{
	struct control_client *client = work->data;
	char room[4096];
	struct passwd entry, *found = NULL;

	if (getpwuid_r(client->user, &entry, room, sizeof(room), &found) != 0 || found == NULL) {
		snprintf(client->actor, sizeof(client->actor), "unix:%u",
			(unsigned int)client->user);
		return;
	}
	snprintf(client->actor, sizeof(client->actor), "unix:%s", log_quote(found->pw_name));
	/* The first of the comma's fields is the person's name. */
	snprintf(client->name, sizeof(client->name), "%.*s", (int)strcspn(found->pw_gecos, ","),
		found->pw_gecos);
}

static void
on_named(uv_work_t *work, int status)
{
	struct control_client *client = work->data;

	if (client->is_new && status == 0 && !client->server->closing)
		control_login_record(client->server->supervisor, client->actor, client->name,
			client->roles != 0);
	if (client->state == CLIENT_NAMING && status == 0) {
		client->state = CLIENT_WAITING;
		process_lines(client);
	}
	client_release(client);
}

/* Who is on the other end, by the kernel's word. */
static int
read_peer(struct control_client *client)
{
	struct control_server *server = client->server;
	gid_t groups[GROUPS_MOST + 1];
	socklen_t groups_len = sizeof(groups) - sizeof(groups[0]);
	struct ucred peer;
	socklen_t len = sizeof(peer);
	size_t count;
	uv_os_fd_t fd;
	int r;

	r = uv_fileno((uv_handle_t *)&client->pipe, &fd);
	if (r < 0)
		return r;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return -errno;
	/* Whoever is in more groups than this is judged by the user and the main group alone. */
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &groups_len) < 0)
		groups_len = 0;
	count = groups_len / sizeof(groups[0]);
	groups[count++] = peer.gid;
	client->user = peer.uid;
	client->roles = control_roles_of(&server->roles, peer.uid, groups, count);
	if (client->roles == 0)
		log_event(
			EV_CONTROL_REFUSED, "uid=%u pid=%d", (unsigned int)peer.uid, (int)peer.pid);
	return 0;
}

static bool
has_room(const struct control_server *server, const struct control_client *newcomer)
{
	unsigned int all = 0, same_user = 0;

	for (const struct control_client *client = server->clients; client != NULL;
		client = client->next) {
		all++;
		same_user += client->user == newcomer->user;
	}
	return all <= CONTROL_CLIENTS_MOST && same_user <= CONTROL_CLIENTS_MOST_PER_USER;
}

static int
start_naming(struct control_client *client)
{
	int r = uv_queue_work(
		client->server->supervisor->loop, &client->naming, name_user, on_named);

	client->holds += r == 0;
	return r;
}

static void
welcome(struct control_client *client)
{
	if (read_peer(client) < 0) {
		client_close(client);
		return;
	}
	client->is_new = control_login_is_new(
		&client->server->logins, client->user, client->roles != 0, clock_boottime_ms());
	if (client->roles == 0) {
		if (client->is_new)
			(void)start_naming(client);
		refuse_and_close(client, METHOD_NOT_ALLOWED,
			N_("your user has no role here; roles are given in the gateway's "
			   "settings"));
	} else if (!has_room(client->server, client)) {
		refuse_and_close(
			client, METHOD_NOT_ALLOWED, N_("too many connections to this socket"));
	} else if (start_naming(client) < 0) {
		client_close(client);
	}
}

static void
on_connection(uv_stream_t *stream, int status)
{
	struct control_server *server = stream->data;
	struct control_client *client = status < 0 ? NULL : calloc(1, sizeof(*client));

	if (client == NULL)
		return;
	if (uv_pipe_init(server->supervisor->loop, &client->pipe, 0) < 0) {
		free(client);
		return;
	}
	client->pipe.data = client;
	client->naming.data = client;
	client->server = server;
	client->id = server->next_id++;
	client->holds = 1;
	client->state = CLIENT_NAMING;
	client->next = server->clients;
	server->clients = client;
	if (uv_accept(stream, (uv_stream_t *)&client->pipe) < 0)
		client_close(client);
	else
		welcome(client);
}

static void
log_unknown(const char *kind, const char *name)
{
	log_event(EV_CONTROL_UNKNOWN_NAME, "%s='%s'", kind, log_quote(name));
}

int
control_server_reload(struct control_server *server, const char **ret_why)
{
	struct control_roles roles;
	int r;

	r = control_roles_load(server->supervisor->settings, log_unknown, &roles);
	if (r < 0) {
		*ret_why = "no memory for the roles";
		return r;
	}
	control_roles_done(&server->roles);
	server->roles = roles;
	return 0;
}

static int
open_socket(struct control_server *server)
{
	const char *path = server->supervisor->settings->control_socket;
	int fd = passed_take_unix(path);

	if (fd != -ENOENT)
		return fd;
	fd = socket_listen_unix(path);
	if (fd >= 0)
		server->path = strdup(path);
	return fd;
}

static void
on_listener_closed(uv_handle_t *handle)
{
	struct control_server *server = handle->data;

	handle->data = NULL;
	server_free_if_idle(server);
}

int
control_server_open(
	struct supervisor *supervisor, struct control_server **ret_server, const char **ret_why)
{
	static char why[400];
	struct control_server *server = calloc(1, sizeof(*server));
	int fd, r;

	if (server == NULL)
		return -ENOMEM;
	server->supervisor = supervisor;
	r = uv_pipe_init(supervisor->loop, &server->listener, 0);
	if (r < 0) {
		free(server);
		return r;
	}
	server->listener.data = server;
	r = control_server_reload(server, ret_why);
	fd = r < 0 ? r : open_socket(server);
	r = fd < 0 ? fd : uv_pipe_open(&server->listener, fd);
	if (r < 0 && fd >= 0)
		(void)close(fd);
	if (r == 0)
		r = uv_listen((uv_stream_t *)&server->listener, BACKLOG, on_connection);
	if (r < 0) {
		snprintf(why, sizeof(why), "control socket %.200s: %s",
			supervisor->settings->control_socket, strerror(-r));
		*ret_why = why;
		control_server_close(server);
		return r;
	}
	*ret_server = server;
	return 0;
}

void
control_server_close(struct control_server *server)
{
	if (server == NULL)
		return;
	server->closing = true;
	if (server->path != NULL)
		(void)unlink(server->path);
	for (struct control_client *client = server->clients; client != NULL; client = client->next)
		client_close(client);
	uv_close((uv_handle_t *)&server->listener, on_listener_closed);
}
