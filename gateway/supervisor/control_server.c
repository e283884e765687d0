/* control.sock: who may come, and what all who follow are told; see control_server.h. */
#include "supervisor/control_private.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/sentence.h"
#include "policy/methods.h"
#include "settings/settings.h"
#include "supervisor/control_methods.h"
#include "supervisor/passed.h"
#include "supervisor/sockets.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define GROUPS_MOST 256
#define BACKLOG 64

void
control_server_free_if_idle(struct control_server *server)
{
	if (!server->closing || server->clients != NULL || server->listener.data != NULL)
		return;
	control_roles_done(&server->roles);
	free(server->path);
	free(server);
}

struct control_client *
control_client_find(struct control_server *server, uint64_t id)
{
	struct control_client *client = server == NULL ? NULL : server->clients;

	while (client != NULL && client->id != id)
		client = client->next;
	return client != NULL && client->state != CLIENT_CLOSING ? client : NULL;
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
		control_client_send(client, json_pack("{s:s, s:s, s:{}}", "jsonrpc", "2.0",
						    "method", "attend.changed", "params"));
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
		control_client_send(client,
			json_pack("{s:s, s:s, s:{s:s, s:O}}", "jsonrpc", "2.0", "method", "log.row",
				"params", "log", log_name_text(log), "row", row));
	}
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
	snprintf(client->actor, sizeof(client->actor), "unix:%s", log_clean(found->pw_name));
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
		control_client_serve(client);
	}
	control_client_release(client);
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
		control_client_close(client);
		return;
	}
	client->is_new = control_login_is_new(
		&client->server->logins, client->user, client->roles != 0, clock_boottime_ms());
	if (client->roles == 0) {
		if (client->is_new)
			(void)start_naming(client);
		control_client_refuse(client, METHOD_NOT_ALLOWED,
			N_("your user has no role here; roles are given in the gateway's "
			   "settings"));
	} else if (!has_room(client->server, client)) {
		control_client_refuse(
			client, METHOD_NOT_ALLOWED, N_("too many connections to this socket"));
	} else if (start_naming(client) < 0) {
		control_client_close(client);
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
		control_client_close(client);
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
	control_server_free_if_idle(server);
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
		control_client_close(client);
	uv_close((uv_handle_t *)&server->listener, on_listener_closed);
}
