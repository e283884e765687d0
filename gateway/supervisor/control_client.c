/* One program on control.sock: lines in, lines out; see control_server.h. Bytes read here come from local users with a
 * role. */
#include "supervisor/control_private.h"

#include "base/clock.h"
#include "base/secret.h"
#include "policy/store/memory.h"
#include "supervisor/backups.h"
#include "supervisor/control_calls.h"
#include "supervisor/control_methods.h"

#include <stdlib.h>
#include <string.h>

#define READ_STEP 4096

struct out_line {
	uv_write_t request;
	char *text;
};

void
control_client_release(struct control_client *client)
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
	control_server_free_if_idle(server);
}

static void
on_pipe_closed(uv_handle_t *handle)
{
	control_client_release(handle->data);
}

void
control_client_close(struct control_client *client)
{
	if (client->state == CLIENT_CLOSING)
		return;
	client->state = CLIENT_CLOSING;
	backups_client_left(client->server->supervisor->backups, client->id);
	uv_close((uv_handle_t *)&client->pipe, on_pipe_closed);
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
		control_client_close(client);
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
		control_client_close(worst);
	}
}

void
control_client_send(struct control_client *client, json_t *message)
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
		control_client_close(client);
		return;
	}
	line->text = text;
	line->request.data = client;
	parts[0] = uv_buf_init(text, (unsigned int)len);
	parts[1] = uv_buf_init(newline, 1);
	if (uv_write(&line->request, (uv_stream_t *)&client->pipe, parts, 2, on_written) < 0) {
		secret_free(text);
		free(line);
		control_client_close(client);
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

void
control_client_refuse(struct control_client *client, int code, const char *message)
{
	/* Closing at once would cut what has not left yet. */
	client->state = CLIENT_REFUSED;
	client->follows = client->follows_attendances = false;
	control_client_send(
		client, control_answer_error(NULL, control_error(code, message, NULL, NULL)));
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
		control_client_close(client);
		return;
	}
	client->len += (size_t)count;
	if (count > 0)
		control_client_serve(client);
}

void
control_client_serve(struct control_client *client)
{
	client->in_lines = true;
	uv_read_stop((uv_stream_t *)&client->pipe);
	while (client->state == CLIENT_WAITING) {
		char *end = client->len == 0 ? NULL : memchr(client->buffer, '\n', client->len);
		size_t len = end == NULL ? client->len : (size_t)(end - client->buffer);
		size_t used = len + 1;

		if (end == NULL && client->len > CONTROL_LINE_MAX)
			control_client_refuse(
				client, CONTROL_INVALID_REQUEST, "the line is too long");
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

void
control_client_answer(struct control_client *client, json_t *answer)
{
	if (client->state == CLIENT_BUSY)
		client->state = CLIENT_WAITING;
	control_client_send(client, answer);
	if (client->state == CLIENT_WAITING && !client->in_lines)
		control_client_serve(client);
}

void
control_client_notify(struct control_client *client, const char *method, json_t *params)
{
	if (uv_stream_get_write_queue_size((uv_stream_t *)&client->pipe) > 0)
		json_decref(params);
	else
		control_client_send(client, json_pack("{s:s, s:s, s:o}", "jsonrpc", "2.0", "method",
						    method, "params", params));
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
