/* JSON-RPC 2.0 over the gateway's control socket. */
#include "admin-cli/rpc.h"

#include "admin-cli/text.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/secret.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define ANSWER_LIMIT_MS 120000
#define LINE_BYTES_MOST ((size_t)64 * 1024 * 1024)
#define READ_BYTES 65536

struct rpc {
	int fd;
	json_int_t id;
	char *bytes; /* received, not yet used */
	size_t len;
	size_t searched; /* of them known to hold no line end */
	size_t room;
	json_t *kept; /* notifications that came during a call */
	rpc_progress *progress;
};

static int fail(char *ret_why, size_t size, int error, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

static int
fail(char *ret_why, size_t size, int error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(ret_why, size, format, arguments);
	va_end(arguments);
	return error;
}

static int
explain_connect(const char *path, int error, char *ret_why, size_t size)
{
	path = text_shown(path);
	switch (error) {
	case ENOENT:
	case ECONNREFUSED:
		return fail(ret_why, size, -error,
			_("the gateway does not answer at %s: is it running? (systemctl status "
			  "sekisho-gateway)"),
			path);
	case EACCES:
	case EPERM:
		return fail(ret_why, size, -error,
			_("you may not use %s: ask for a group that the gateway's settings name "
			  "under `roles`"),
			path);
	default:
		return fail(ret_why, size, -error, _("cannot connect to %s: %s"), path,
			strerror(error));
	}
}

int
rpc_open(const char *path, struct rpc **ret_rpc, char *ret_why, size_t size)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct rpc *rpc;
	int fd;

	if (strlen(path) >= sizeof(address.sun_path))
		return fail(ret_why, size, -ENAMETOOLONG,
			_("the path of the socket is longer than %zu bytes"),
			sizeof(address.sun_path) - 1);
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return fail(ret_why, size, -errno, "%s", strerror(errno));
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		int error = errno;

		(void)close(fd);
		return explain_connect(path, error, ret_why, size);
	}
	rpc = calloc(1, sizeof(*rpc));
	if (rpc == NULL) {
		(void)close(fd);
		return fail(ret_why, size, -ENOMEM, _("out of memory"));
	}
	rpc->fd = fd;
	rpc->kept = json_array();
	*ret_rpc = rpc;
	return 0;
}

void
rpc_close(struct rpc *rpc)
{
	if (rpc == NULL)
		return;
	secret_free(rpc->bytes);
	json_decref(rpc->kept);
	(void)close(rpc->fd);
	free(rpc);
}

static int
send_all(struct rpc *rpc, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t sent = send(rpc->fd, bytes, len, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return -errno;
		bytes += sent;
		len -= (size_t)sent;
	}
	return 0;
}

static int
make_room(struct rpc *rpc)
{
	char *bytes;

	if (rpc->room - rpc->len >= READ_BYTES)
		return 0;
	if (rpc->len > LINE_BYTES_MOST)
		return -EMSGSIZE;
	bytes = malloc(rpc->room * 2 + READ_BYTES);
	if (bytes == NULL)
		return -ENOMEM;
	if (rpc->len > 0)
		memcpy(bytes, rpc->bytes, rpc->len);
	secret_free(
		rpc->bytes); /* answers may hold secrets: realloc would leave them lying about */
	rpc->bytes = bytes;
	rpc->room = rpc->room * 2 + READ_BYTES;
	return 0;
}

/* Waits until `until_ms` (CLOCK_BOOTTIME; 0 = for ever) and reads what there is. */
static int
receive(struct rpc *rpc, int64_t until_ms)
{
	struct pollfd poll_fd = {.fd = rpc->fd, .events = POLLIN};
	ssize_t got;
	int r;

	r = make_room(rpc);
	if (r < 0)
		return r;
	do {
		int64_t left_ms = until_ms == 0 ? -1 : until_ms - clock_boottime_ms();

		r = poll(&poll_fd, 1, until_ms == 0 ? -1 : left_ms < 0 ? 0 : (int)left_ms);
	} while (r < 0 && errno == EINTR);
	if (r == 0)
		return -ETIMEDOUT;
	got = recv(rpc->fd, rpc->bytes + rpc->len, rpc->room - rpc->len, 0);
	if (got < 0)
		return errno == EINTR ? 0 : -errno;
	if (got == 0)
		return -ECONNRESET;
	rpc->len += (size_t)got;
	return 0;
}

static int
take_line(struct rpc *rpc, int64_t until_ms, json_t **ret_message)
{
	json_error_t error;
	char *end;
	size_t used;
	int r;

	while ((end = rpc->len == 0 ? NULL
				    : memchr(rpc->bytes + rpc->searched, '\n',
					      rpc->len - rpc->searched)) == NULL) {
		rpc->searched = rpc->len;
		r = receive(rpc, until_ms);
		if (r < 0)
			return r;
	}
	used = (size_t)(end - rpc->bytes) + 1;
	*ret_message = json_loadb(rpc->bytes, used - 1, JSON_REJECT_DUPLICATES, &error);
	memmove(rpc->bytes, rpc->bytes + used, rpc->len - used);
	rpc->len -= used;
	rpc->searched = 0;
	return *ret_message == NULL ? -EPROTO : 0;
}

static int
explain_receive(int error, char *ret_why, size_t size)
{
	if (error == -ECONNRESET || error == -EPIPE)
		return fail(ret_why, size, error, _("the gateway closed the connection"));
	if (error == -ETIMEDOUT)
		return fail(ret_why, size, error, _("the gateway did not answer within %d seconds"),
			ANSWER_LIMIT_MS / 1000);
	if (error == -EPROTO || error == -EMSGSIZE)
		return fail(ret_why, size, error,
			_("the gateway's answer cannot be read; is this its socket?"));
	return fail(ret_why, size, error, "%s", strerror(-error));
}

static int
send_request(struct rpc *rpc, const char *method, json_t *parameters)
{
	json_t *request = json_pack("{s:s, s:I, s:s, s:o}", "jsonrpc", "2.0", "id",
		(json_int_t)++rpc->id, "method", method, "params",
		parameters != NULL ? parameters : json_object());
	char *line = request != NULL ? json_dumps(request, JSON_COMPACT) : NULL;
	int r;

	json_decref(request);
	if (line == NULL)
		return -ENOMEM;
	r = send_all(rpc, line, strlen(line));
	secret_free(line); /* a password may be in it */
	return r < 0 ? r : send_all(rpc, "\n", 1);
}

/* The result or the error of an answer, as a new reference. */
static int
open_answer(const json_t *message, json_t **ret_answer)
{
	json_t *result = json_object_get(message, "result");
	json_t *error = json_object_get(message, "error");

	if (json_is_object(error)) {
		*ret_answer = json_incref(error);
		return -EREMOTEIO;
	}
	if (!json_is_object(result))
		return -EPROTO;
	*ret_answer = json_incref(result);
	return 0;
}

void
rpc_on_progress(struct rpc *rpc, rpc_progress *progress)
{
	rpc->progress = progress;
}

/* A notification during a call (taken): progress is shown, the rest is kept for rpc_next. */
static void
notified(struct rpc *rpc, json_t *message, int64_t *until_ms)
{
	if (strcmp(json_string_value(json_object_get(message, "method")), "progress") != 0) {
		(void)json_array_append_new(rpc->kept, message);
		return;
	}
	if (rpc->progress != NULL)
		rpc->progress(json_object_get(message, "params"));
	*until_ms = clock_boottime_ms() + ANSWER_LIMIT_MS;
	json_decref(message);
}

int
rpc_call(struct rpc *rpc, const char *method, json_t *parameters, json_t **ret_answer,
	char *ret_why, size_t size)
{
	int64_t until_ms = clock_boottime_ms() + ANSWER_LIMIT_MS;
	int r;

	r = send_request(rpc, method, parameters);
	/* A gateway that refuses us says why before it closes: read on. It is a reset, and no EPIPE, if it closed
	 * between two parts of the request. */
	if (r == -EPIPE || r == -ECONNRESET)
		r = 0;
	while (r == 0) {
		json_t *message = NULL;
		const json_t *id;

		r = take_line(rpc, until_ms, &message);
		if (r < 0)
			break;
		id = json_object_get(message, "id");
		if (id == NULL && json_is_string(json_object_get(message, "method"))) {
			notified(rpc, message, &until_ms);
			continue;
		}
		r = json_is_null(id) || json_integer_value(id) == rpc->id
			    ? open_answer(message, ret_answer)
			    : -EPROTO;
		json_decref(message);
		if (r == 0 || r == -EREMOTEIO)
			return r;
	}
	return explain_receive(r, ret_why, size);
}

int
rpc_next(struct rpc *rpc, json_t **ret_parameters, char *ret_why, size_t size)
{
	json_t *message = NULL;
	int r = 0;

	if (json_array_size(rpc->kept) > 0) {
		message = json_incref(json_array_get(rpc->kept, 0));
		(void)json_array_remove(rpc->kept, 0);
	} else {
		r = take_line(rpc, 0, &message);
	}
	if (r < 0)
		return explain_receive(r, ret_why, size);
	*ret_parameters = json_incref(json_object_get(message, "params"));
	json_decref(message);
	return *ret_parameters == NULL ? explain_receive(-EPROTO, ret_why, size) : 0;
}
