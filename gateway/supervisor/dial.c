/* Reaching a jump host; see dial.h.
 *
 * getaddrinfo cannot be stopped once a thread runs it. When its deadline passes, the dial is answered at
 * once and lives on, silent, until the thread gives the request back.
 */
#include "supervisor/dial.h"

#include "base/cleanup.h"
#include "base/sentence.h"

#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A name with more addresses than this is a mistake; the rest is not tried. */
#define ADDRESSES_MOST 8

enum dial_step {
	DIAL_RESOLVING,
	DIAL_CONNECTING,
	DIAL_OVER, /* answered or cancelled: only handles are still being closed */
};

struct dial {
	enum dial_step step;
	struct dial_setup setup;
	unsigned int open_handles; /* with the request at the resolver; the last one frees */
	uv_timer_t timer;
	uv_getaddrinfo_t resolver;
	struct addrinfo *addresses;
	struct addrinfo *next;
	unsigned int tried;
	int last_error;
	struct socket_attempt *attempt;
};

/* One address. Its poll handle must be closed before its socket may go. */
struct socket_attempt {
	uv_poll_t poll;
	struct dial *dial; /* NULL once the dial does not care any more */
	int fd;
};

static void try_next(struct dial *dial);

static void
release(struct dial *dial)
{
	if (--dial->open_handles > 0)
		return;
	if (dial->addresses != NULL)
		uv_freeaddrinfo(dial->addresses);
	free(dial);
}

static void
on_timer_closed(uv_handle_t *handle)
{
	release(handle->data);
}

static void
on_attempt_closed(uv_handle_t *handle)
{
	struct socket_attempt *attempt = handle->data;

	if (attempt->fd >= 0)
		(void)close(attempt->fd);
	free(attempt);
}

/* Returns the attempt's socket if it is wanted, and closes it otherwise. */
static int
end_attempt(struct dial *dial, bool wanted)
{
	struct socket_attempt *attempt = take_pointer(&dial->attempt);
	int fd = -1;

	if (attempt == NULL)
		return -1;
	attempt->dial = NULL;
	uv_poll_stop(&attempt->poll);
	if (wanted)
		fd = take_fd(&attempt->fd);
	uv_close((uv_handle_t *)&attempt->poll, on_attempt_closed);
	return fd;
}

static void
end(struct dial *dial)
{
	if (dial->step == DIAL_RESOLVING)
		(void)uv_cancel((uv_req_t *)&dial->resolver);
	dial->step = DIAL_OVER;
	uv_close((uv_handle_t *)&dial->timer, on_timer_closed);
}

static void
answer(struct dial *dial, enum close_reason reason, const char *detail)
{
	struct dial_result result = {.reason = reason, .detail = detail};
	dial_done *done = dial->setup.done;
	void *owner = dial->setup.owner;

	if (dial->step == DIAL_OVER)
		return;
	result.fd = end_attempt(dial, reason == CLOSE_NONE);
	end(dial);
	done(owner, &result);
}

static const char *
connect_error_text(int error)
{
	static const struct {
		int error;
		const char *text;
	} texts[] = {
		{-ECONNREFUSED, N_("connection refused")},
		{-EHOSTUNREACH, N_("no route to the host")},
		{-ENETUNREACH, N_("no route to its network")},
		{-ETIMEDOUT, N_("no answer within the time limit")},
		{-ECONNRESET, N_("connection reset")},
		{-EACCES, N_("forbidden by this machine's firewall")},
		{-EPERM, N_("forbidden by this machine's firewall")},
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		if (texts[i].error == error)
			return texts[i].text;
	}
	return N_("the connection failed");
}

static void
on_connected(uv_poll_t *poll, int status, int events)
{
	struct socket_attempt *attempt = poll->data;
	struct dial *dial = attempt->dial;
	int error = 0;
	socklen_t len = sizeof(error);

	(void)events;
	/* libuv calls every error of the socket EBADF; the socket knows better. */
	if (getsockopt(attempt->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		error = errno;
	if (error == 0 && status < 0)
		error = -status;
	if (error == 0) {
		answer(dial, CLOSE_NONE, "connected");
		return;
	}
	dial->last_error = -error;
	(void)end_attempt(dial, false);
	try_next(dial);
}

/* Returns 0 if the outcome comes through on_connected, or a negative errno. */
static int
start_attempt(struct dial *dial, const struct addrinfo *address)
{
	struct socket_attempt *attempt;
	auto_fd int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int r;

	if (fd < 0)
		return -errno;
	if (connect(fd, address->ai_addr, address->ai_addrlen) < 0 && errno != EINPROGRESS)
		return -errno;
	attempt = calloc(1, sizeof(*attempt));
	if (attempt == NULL)
		return -ENOMEM;
	r = uv_poll_init(dial->setup.loop, &attempt->poll, fd);
	if (r < 0) {
		free(attempt);
		return r;
	}
	attempt->fd = take_fd(&fd);
	attempt->dial = dial;
	attempt->poll.data = attempt;
	dial->attempt = attempt;
	r = uv_poll_start(&attempt->poll, UV_WRITABLE | UV_DISCONNECT, on_connected);
	if (r < 0)
		(void)end_attempt(dial, false);
	return r;
}

static void
try_next(struct dial *dial)
{
	int r;

	while (dial->next != NULL && dial->tried < ADDRESSES_MOST) {
		const struct addrinfo *address = dial->next;

		dial->next = address->ai_next;
		dial->tried++;
		r = start_attempt(dial, address);
		if (r == 0)
			return;
		dial->last_error = r;
	}
	if (dial->last_error == -EMFILE || dial->last_error == -ENFILE ||
		dial->last_error == -ENOMEM)
		answer(dial, CLOSE_OUT_OF_ROOM, "no socket for the jump host");
	else
		answer(dial, CLOSE_HOST_UNREACHABLE, connect_error_text(dial->last_error));
}

static void
on_connect_timeout(uv_timer_t *timer)
{
	answer(timer->data, CLOSE_HOST_UNREACHABLE, connect_error_text(-ETIMEDOUT));
}

static void
on_resolve_timeout(uv_timer_t *timer)
{
	answer(timer->data, CLOSE_HOST_NAME, N_("the name service did not answer in time"));
}

static void
start_connecting(struct dial *dial)
{
	dial->step = DIAL_CONNECTING;
	dial->last_error = -EHOSTUNREACH;
	uv_timer_start(&dial->timer, on_connect_timeout, dial->setup.connect_ms, 0);
	try_next(dial);
}

static void
on_numeric(uv_timer_t *timer)
{
	start_connecting(timer->data);
}

static void
on_resolved(uv_getaddrinfo_t *resolver, int status, struct addrinfo *addresses)
{
	struct dial *dial = resolver->data;

	dial->addresses = addresses;
	dial->next = addresses;
	if (dial->step != DIAL_OVER && (status < 0 || addresses == NULL)) {
		answer(dial, CLOSE_HOST_NAME, N_("the name service does not know it"));
	} else if (dial->step != DIAL_OVER) {
		start_connecting(dial);
	}
	release(dial);
}

/* A numeric address needs no thread, which may all be waiting for a name service. Returns false for a name. */
static bool
is_numeric(struct dial *dial, const char *host, const char *port)
{
	const struct addrinfo hints = {.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};

	/* Without a callback it is done when it returns. */
	if (uv_getaddrinfo(dial->setup.loop, &dial->resolver, NULL, host, port, &hints) < 0)
		return false;
	dial->addresses = dial->next = dial->resolver.addrinfo;
	return true;
}

int
dial_start(const struct dial_setup *setup, struct dial **ret_dial)
{
	const struct addrinfo hints = {
		.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	struct dial *dial = calloc(1, sizeof(*dial));
	char port[8];
	int r = 0;

	if (dial == NULL)
		return -ENOMEM;
	dial->setup = *setup;
	dial->setup.host = NULL;
	snprintf(port, sizeof(port), "%u", (unsigned int)setup->port);
	if (is_numeric(dial, setup->host, port))
		dial->step = DIAL_CONNECTING;
	else
		r = uv_getaddrinfo(
			setup->loop, &dial->resolver, on_resolved, setup->host, port, &hints);
	if (r < 0) {
		free(dial);
		return r;
	}
	dial->resolver.data = dial;
	(void)uv_timer_init(setup->loop, &dial->timer);
	dial->timer.data = dial;
	dial->open_handles = dial->step == DIAL_RESOLVING ? 2 : 1;
	/* Never answered before this has returned. */
	if (dial->step == DIAL_CONNECTING)
		uv_timer_start(&dial->timer, on_numeric, 0, 0);
	else
		uv_timer_start(&dial->timer, on_resolve_timeout, setup->resolve_ms, 0);
	*ret_dial = dial;
	return 0;
}

void
dial_cancel(struct dial *dial)
{
	if (dial == NULL)
		return;
	assert(dial->step != DIAL_OVER);
	(void)end_attempt(dial, false);
	end(dial);
}
