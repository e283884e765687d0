/* Sockets, TLS and the loop's turn. In the relay worker; see connection_io.h for what it promises.
 *
 * A leg is polled level-triggered for exactly what its phase can use. OpenSSL reads ahead, and bytes
 * that it holds are never reported by poll: a leg that stops with some of them left goes on the ready
 * queue, which is served after the sockets of every turn (uv_check), while uv_idle keeps the loop from
 * sleeping.
 */
#include "relay/connection_io.h"

#include "relay/leg.h"
#include "relay/worker.h"

#include <assert.h>
#include <errno.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

TAILQ_HEAD(leg_queue, leg);

struct io {
	uv_loop_t *loop;
	uv_check_t check;
	uv_idle_t idle;
	struct leg_queue ready;
	size_t ready_count;
	struct leg_queue shaking;
	uint32_t stall_ms;
	uint8_t buffer[STREAM_BUFFER];
};

static void leg_wake(struct leg *leg);

/* Queues */

static void
queue_leave(struct leg *leg)
{
	struct io *io = leg->io;

	if (leg->queued == QUEUE_READY) {
		TAILQ_REMOVE(&io->ready, leg, queue);
		io->ready_count--;
	} else if (leg->queued == QUEUE_SHAKING) {
		TAILQ_REMOVE(&io->shaking, leg, queue);
	}
	leg->queued = QUEUE_NONE;
}

static void
on_idle(uv_idle_t *idle)
{
	(void)idle; /* its being there keeps poll from waiting */
}

static void
queue_join(struct leg *leg, enum queue_place place)
{
	struct io *io = leg->io;

	if (leg->queued == place)
		return;
	queue_leave(leg);
	leg->queued = place;
	if (place == QUEUE_READY) {
		TAILQ_INSERT_TAIL(&io->ready, leg, queue);
		io->ready_count++;
	} else {
		TAILQ_INSERT_TAIL(&io->shaking, leg, queue);
	}
	(void)uv_idle_start(&io->idle, on_idle);
}

/* Output */

/* The peer does not take anything any more. What it has sent may still be read; then on_end says so. */
static void
leg_broke(struct leg *leg, int error)
{
	leg->broken = error;
	leg->waited = leg->out_len > 0;
	out_drop(leg);
	queue_join(leg, QUEUE_READY);
}

void
leg_send(struct connection *conn, enum side side, const void *bytes, size_t len)
{
	struct leg *leg = conn->legs[side];
	const uint8_t *at = bytes;
	int n;

	if (leg == NULL || leg->broken != 0 || leg->finished || len == 0)
		return;
	conn->bytes_to[side] += len;
	while (leg->out_len == 0 && len > 0) {
		n = leg_write(leg, at, len);
		if (n < 0) {
			leg_broke(leg, n);
			return;
		}
		if (n == 0)
			break;
		at += n;
		len -= (size_t)n;
	}
	if (len == 0)
		return;
	if (out_append(leg, at, len) != 0) {
		leg_broke(leg, -ENOMEM);
		return;
	}
	leg_update(leg);
}

bool
leg_is_open(const struct connection *conn, enum side side)
{
	return conn->legs[side] != NULL && !conn->legs[side]->ended;
}

size_t
leg_waiting(const struct connection *conn, enum side side)
{
	const struct leg *leg = conn->legs[side];

	return leg != NULL ? leg->out_len : 0;
}

bool
leg_is_waiting(const struct connection *conn, enum side side)
{
	return leg_waiting(conn, side) > 0;
}

static void
leg_flush(struct leg *leg)
{
	struct connection *conn = leg->conn;
	struct leg *source = conn->legs[connection_counterpart(conn, leg->side)];
	int n;

	while (leg->out_len > 0) {
		n = leg_write(leg, leg->out + leg->out_at, leg->out_len);
		if (n < 0) {
			leg_broke(leg, n);
			return;
		}
		if (n == 0)
			return;
		leg->out_at += (size_t)n;
		leg->out_len -= (size_t)n;
	}
	out_drop(leg);
	connection_on_sent(conn, leg->side);
	leg_wake(leg);
	if (source != NULL)
		leg_wake(source);
}

void
leg_finish(struct connection *conn, enum side side)
{
	struct leg *leg = conn->legs[side];

	if (leg == NULL || leg->finished)
		return;
	leg->finished = true;
	leg_shut(leg);
}

/* Input */

static int
socket_error(const struct leg *leg)
{
	int error = 0;
	socklen_t size = sizeof(error);

	(void)getsockopt(leg->fd, SOL_SOCKET, SO_ERROR, &error, &size);
	return -error;
}

/* One turn of a leg. */
static void
leg_serve(struct leg *leg)
{
	if (leg_may_read(leg))
		leg_serve_reading(leg);
	/* libuv calls every error of a socket EBADF; the socket knows better, if it was not read from. */
	if (leg->broken == UV_EBADF && (leg->broken = socket_error(leg)) == 0)
		leg->broken = -ECONNRESET;
	if (leg->broken != 0)
		leg_end(leg, leg->broken);
	leg_wake(leg); /* or pause it: its bytes may wait at the other side now */
}

/* The peer closed its half while its bytes are not wanted yet. */
static void
leg_hung_up(struct leg *leg)
{
	int error = socket_error(leg);

	leg_end(leg, error == 0 ? END_OF_STREAM : error);
}

static void
on_poll(uv_poll_t *poll, int status, int events)
{
	struct leg *leg = poll->data;

	if (leg->state == LEG_SHAKING) {
		queue_join(leg, QUEUE_SHAKING);
		return;
	}
	if (status < 0) {
		leg_broke(leg, status);
		return;
	}
	if (events & UV_WRITABLE)
		leg_flush(leg);
	if (events & UV_READABLE)
		leg_serve(leg);
	if (events & UV_DISCONNECT && leg_reading(leg) == READ_NOTHING)
		leg_hung_up(leg);
}

static int
leg_events(const struct leg *leg)
{
	int events = 0;

	if (leg->state == LEG_SHAKING)
		return leg->shake_wants;
	if (leg->ended || leg->conn->phase == PHASE_CLOSED)
		return 0;
	if (leg->broken == 0 && leg->out_len > 0)
		events |= UV_WRITABLE;
	if (leg_may_read(leg))
		events |= UV_READABLE;
	else if (leg_reading(leg) == READ_NOTHING)
		events |= UV_DISCONNECT;
	return events;
}

void
leg_update(struct leg *leg)
{
	int events = leg_events(leg);

	if (leg->conn->phase == PHASE_CLOSED)
		return; /* its handle is being closed */
	if (events == leg->polled)
		return;
	leg->polled = events;
	if (events == 0)
		(void)uv_poll_stop(&leg->poll);
	else if (uv_poll_start(&leg->poll, events, on_poll) != 0)
		leg_broke(leg, -ENOMEM);
}

/* The leg may be read now, or again: what OpenSSL holds of it is not for poll to report. */
static void
leg_wake(struct leg *leg)
{
	if (leg->conn->phase != PHASE_CLOSED && leg_may_read(leg) && leg_holds_bytes(leg))
		queue_join(leg, QUEUE_READY);
	leg_update(leg);
}

void
io_phase_changed(struct connection *conn)
{
	for (enum side side = 0; side < SIDE_COUNT; side++)
		if (conn->legs[side] != NULL)
			leg_wake(conn->legs[side]);
}

/* Handshakes */

static void
handshake_step(struct leg *leg)
{
	const char *why = NULL;
	int r = leg_shake(leg, &why);

	if (r < 0) {
		connection_on_tls_failed(leg->conn, leg->side, why);
		return;
	}
	if (r == 1) {
		leg->state = LEG_SECURE;
		connection_on_secured(leg->conn, leg->side);
	}
	leg_update(leg);
}

int
leg_secure(struct connection *conn, enum side side, SSL_CTX *context,
	int (*prepare)(struct connection *conn, SSL *ssl))
{
	struct leg *leg = conn->legs[side];
	int r;

	assert(leg->state == LEG_PLAIN);
	leg->ssl = SSL_new(context);
	if (leg->ssl == NULL || SSL_set_fd(leg->ssl, leg->fd) != 1)
		return -ENOMEM;
	if (side == SIDE_CLIENT)
		SSL_set_accept_state(leg->ssl);
	else
		SSL_set_connect_state(leg->ssl);
	if (prepare != NULL) {
		r = prepare(conn, leg->ssl);
		if (r < 0)
			return r;
	}
	leg->state = LEG_SHAKING;
	leg->shake_wants = UV_READABLE;
	/* A client speaks first; towards a host it is our turn. */
	if (side == SIDE_HOST)
		queue_join(leg, QUEUE_SHAKING);
	leg_update(leg);
	return 0;
}

/* After the sockets of a turn: those who hold bytes, each once, then one step of one handshake. */
static void
on_check(uv_check_t *check)
{
	struct io *io = check->data;
	struct leg *leg;

	for (size_t count = io->ready_count; count > 0 && io->ready_count > 0; count--) {
		leg = TAILQ_FIRST(&io->ready);
		queue_leave(leg);
		leg_serve(leg);
	}
	leg = TAILQ_FIRST(&io->shaking);
	if (leg != NULL) {
		queue_leave(leg);
		handshake_step(leg);
	}
	if (TAILQ_EMPTY(&io->ready) && TAILQ_EMPTY(&io->shaking))
		(void)uv_idle_stop(&io->idle);
}

/* Beginning and end */

int
leg_open(struct connection *conn, enum side side, int *fd)
{
	struct io *io = conn->worker->io;
	struct leg *leg = calloc(1, sizeof(*leg));
	int r;

	assert(conn->legs[side] == NULL);
	r = leg == NULL ? -ENOMEM : uv_poll_init(io->loop, &leg->poll, *fd);
	if (r < 0) {
		free(leg);
		(void)close(*fd);
		*fd = -1;
		return r;
	}
	leg->poll.data = leg;
	leg->io = io;
	leg->conn = conn;
	leg->fd = *fd;
	leg->side = side;
	*fd = -1;
	leg_set_options(leg->fd, io->stall_ms);
	conn->legs[side] = leg;
	conn->open_handles++;
	return 0;
}

void
io_handle_gone(struct connection *conn)
{
	if (--conn->open_handles == 0)
		connection_on_gone(conn);
}

static void
on_leg_closed(uv_handle_t *handle)
{
	struct leg *leg = handle->data;
	struct connection *conn = leg->conn;

	SSL_free(leg->ssl);
	(void)close(leg->fd);
	out_drop(leg);
	frame_drop(leg);
	free(leg);
	io_handle_gone(conn);
}

/* Called from within its own callbacks, too: what still runs for it finds it ended. */
static void
leg_close(struct leg *leg)
{
	queue_leave(leg);
	if (leg->out_len == 0)
		leg_finish(leg->conn, leg->side);
	leg->ended = leg->finished = true;
	/* The supervisor holds a duplicate: closing alone would not tell the peer. */
	(void)shutdown(leg->fd, SHUT_WR);
	(void)uv_poll_stop(&leg->poll);
	leg->polled = 0;
	uv_close((uv_handle_t *)&leg->poll, on_leg_closed);
}

void
leg_drop(struct connection *conn, enum side side)
{
	struct leg *leg = conn->legs[side];

	if (leg == NULL)
		return;
	conn->legs[side] = NULL;
	leg->state = leg->state == LEG_SHAKING ? LEG_PLAIN : leg->state;
	leg_close(leg);
}

void
io_close(struct connection *conn)
{
	for (enum side side = 0; side < SIDE_COUNT; side++)
		if (conn->legs[side] != NULL)
			leg_close(conn->legs[side]);
	limit_timer_close(conn->timer);
}

uint8_t *
io_buffer(struct io *io)
{
	return io->buffer;
}

uv_loop_t *
io_loop(struct io *io)
{
	return io->loop;
}

int
io_new(void *loop, uint32_t stall_ms, struct io **ret_io)
{
	struct io *io = calloc(1, sizeof(*io));

	if (io == NULL)
		return -ENOMEM;
	io->loop = loop;
	io->stall_ms = stall_ms;
	TAILQ_INIT(&io->ready);
	TAILQ_INIT(&io->shaking);
	(void)uv_check_init(loop, &io->check);
	(void)uv_idle_init(loop, &io->idle);
	io->check.data = io;
	(void)uv_check_start(&io->check, on_check);
	/* Neither keeps the loop alive by itself once the worker stops. */
	uv_unref((uv_handle_t *)&io->check);
	*ret_io = io;
	return 0;
}
