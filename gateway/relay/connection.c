/* The only door: every change of a connection's phase and every end of one passes here. In the relay
 * worker; called by the phases, by connection_io.c (bytes and time) and by worker.c (messages).
 */
#include "relay/connection.h"

#include "relay/bridge.h"
#include "relay/connection_io.h"
#include "relay/introduction.h"
#include "relay/look_at_host.h"
#include "relay/nla_link.h"
#include "relay/phase_attach.h"
#include "relay/phase_greet.h"
#include "relay/phase_redirect.h"
#include "relay/record_link.h"
#include "relay/worker.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* CLOSED: whatever still comes is not looked at. */
static const struct phase_ops phase_closed = {
	.reads = {READ_NOTHING, READ_NOTHING},
};

/* ADMIT is the supervisor's. */
static const struct phase_ops *const phase_table[PHASE_COUNT] = {
	[PHASE_SNIFF] = &phase_sniff,
	[PHASE_SECURE] = &phase_secure,
	[PHASE_INTRODUCE] = &phase_introduce,
	[PHASE_DECIDE] = &phase_decide,
	[PHASE_GREET] = &phase_greet,
	[PHASE_ATTACH] = &phase_attach,
	[PHASE_REDIRECT] = &phase_redirect,
	[PHASE_BRIDGE] = &phase_bridge,
	[PHASE_DRAIN] = &phase_drain,
	[PHASE_CLOSED] = &phase_closed,
};

/* While the sign-in screen is there, a jump host is attached behind it. */
static const struct phase_ops *
ops_of(const struct connection *conn, enum phase phase)
{
	if (phase == PHASE_ATTACH && conn->legs[SIDE_GREETER] != NULL)
		return &phase_attach_greeted;
	return phase_table[phase];
}

static void
tell_moved(struct connection *conn)
{
	const struct msg_moved moved = {.connection = conn->id, .phase = (uint8_t)conn->phase};

	worker_tell(conn->worker, MSG_MOVED, &moved);
}

void
connection_go(struct connection *conn, enum phase next)
{
	const struct phase_ops *before = conn->ops;

	assert(next < PHASE_COUNT && phase_table[next] != NULL);
	assert(phase_may_go_to(conn->phase, next));

	if (before->leave != NULL)
		before->leave(conn);
	conn->worker->bridges += (next == PHASE_BRIDGE) - (conn->phase == PHASE_BRIDGE);
	conn->phase = next;
	conn->ops = ops_of(conn, next);
	io_limit(conn, conn->worker->limit_ms[next]);
	if (next != PHASE_CLOSED)
		tell_moved(conn);
	if (conn->ops->enter != NULL)
		conn->ops->enter(conn);
	if (conn->phase != PHASE_CLOSED)
		io_phase_changed(conn);
}

void
connection_use(struct connection *conn, const struct phase_ops *ops)
{
	conn->ops = ops;
	io_phase_changed(conn);
}

static void
tell_ended(const struct connection *conn)
{
	struct msg_ended ended = {
		.connection = conn->id,
		.reason = conn->reason,
		.phase = (uint8_t)conn->ended_in,
		.bytes_from_client = conn->bytes_from[SIDE_CLIENT],
		.bytes_to_client = conn->bytes_to[SIDE_CLIENT],
	};

	if (conn->detail != NULL)
		(void)snprintf(ended.detail, sizeof(ended.detail), "%s", conn->detail);
	worker_tell(conn->worker, MSG_ENDED, &ended);
}

static void
close_now(struct connection *conn)
{
	connection_go(conn, PHASE_CLOSED);
	tell_ended(conn);
	io_close(conn);
}

/* A client that left, or never was one, is told nothing; everybody else gets what still waits for
 * them, and the reason where the protocol has a way to say it. */
static bool
drain_first(const struct connection *conn)
{
	const struct close_reason_row *row = close_reason_row(conn->reason);

	if (!phase_may_go_to(conn->phase, PHASE_DRAIN) || !leg_is_open(conn, SIDE_CLIENT))
		return false;
	return row->who != 'C' || row->refused != ERROR_INFO_NOTHING ||
	       conn->reason == CLOSE_CLIENT_LOGGED_OFF;
}

void
connection_close(struct connection *conn, enum close_reason reason, const char *detail)
{
	assert(reason != CLOSE_NONE && reason < CLOSE_REASON_COUNT);
	if (conn->phase == PHASE_CLOSED)
		return;
	nla_link_close(conn);
	if (conn->phase != PHASE_BRIDGE)
		record_link_close(conn);
	if (conn->reason == CLOSE_NONE) {
		conn->reason = reason;
		conn->detail = detail;
		conn->ended_in = conn->phase;
		if (drain_first(conn)) {
			connection_go(conn, PHASE_DRAIN);
			return;
		}
	}
	close_now(conn);
}

bool
connection_expect(
	struct connection *conn, bool condition, const char *file, int line, const char *text)
{
	if (condition)
		return true;
	log_event(EV_OUR_MISTAKE, "conn=%" PRIx64 " src=%s phase=%s at=%s:%d expected='%s'",
		conn->id, conn->source, phase_row(conn->phase)->name, file, line, text);
	connection_close(conn, CLOSE_OUR_MISTAKE, "an expectation of ours did not hold");
	return false;
}

/* Events: an empty slot refuses. */

void
connection_on_pdu(struct connection *conn, enum side side, uint8_t *pdu, size_t len)
{
	if (conn_expect(conn, conn->ops->on_pdu != NULL))
		conn->ops->on_pdu(conn, side, pdu, len);
}

void
connection_on_bad_frame(struct connection *conn, enum side side, bool too_long)
{
	if (conn_expect(conn, conn->ops->on_bad_frame != NULL))
		conn->ops->on_bad_frame(conn, side, too_long);
}

size_t
connection_on_bytes(struct connection *conn, enum side side, uint8_t *bytes, size_t len)
{
	if (!conn_expect(conn, conn->ops->on_bytes != NULL))
		return len;
	return conn->ops->on_bytes(conn, side, bytes, len);
}

void
connection_on_secured(struct connection *conn, enum side side)
{
	if (conn_expect(conn, conn->ops->on_secured != NULL))
		conn->ops->on_secured(conn, side);
}

void
connection_on_tls_failed(struct connection *conn, enum side side, const char *why)
{
	if (conn_expect(conn, conn->ops->on_tls_failed != NULL))
		conn->ops->on_tls_failed(conn, side, why);
}

void
connection_on_end(struct connection *conn, enum side side, int error, bool waited)
{
	if (conn->ops->on_end != NULL)
		conn->ops->on_end(conn, side, error, waited);
	else
		connection_peer_ended(conn, side, error, waited);
}

void
connection_on_sent(struct connection *conn, enum side side)
{
	if (conn->ops->on_sent != NULL)
		conn->ops->on_sent(conn, side);
}

void
connection_on_attach(struct connection *conn, const struct msg_attach *attach, int *fd)
{
	/* A session that is ending has nothing to attach: the verdict and its end have crossed. */
	if (conn->phase == PHASE_DRAIN || conn->phase == PHASE_CLOSED)
		return;
	if (conn_expect(conn, conn->ops->on_attach != NULL))
		conn->ops->on_attach(conn, attach, fd);
}

void
connection_on_nla_channel(struct connection *conn, int *fd)
{
	if (conn->phase == PHASE_DRAIN || conn->phase == PHASE_CLOSED)
		return;
	/* For the ATTACH that comes next, in the phases that take one. */
	if (conn_expect(conn, conn->ops->on_attach != NULL) && nla_link_open(conn, fd) < 0)
		connection_close(
			conn, CLOSE_OUT_OF_ROOM, "the channel to sekisho-nla could not be taken");
}

void
connection_on_record_channel(
	struct connection *conn, const struct msg_record_channel *channel, int *fd)
{
	if (conn->phase == PHASE_DRAIN || conn->phase == PHASE_CLOSED)
		return;
	/* As above. */
	if (conn_expect(conn, conn->ops->on_attach != NULL) &&
		record_link_open(conn, channel, fd) < 0)
		connection_close(
			conn, CLOSE_OUT_OF_ROOM, "the socket to the recorder could not be taken");
}

void
connection_on_greet(struct connection *conn, bool stays, int *fd)
{
	if (conn->phase == PHASE_DRAIN || conn->phase == PHASE_CLOSED)
		return;
	if (conn_expect(conn, conn->ops->on_greet != NULL)) {
		conn->stays = stays;
		conn->ops->on_greet(conn, fd);
	}
}

void
connection_on_redirect(struct connection *conn, const struct msg_redirect *redirect)
{
	if (conn->phase == PHASE_DRAIN || conn->phase == PHASE_CLOSED)
		return;
	if (conn_expect(conn, conn->ops->on_redirect != NULL))
		conn->ops->on_redirect(conn, redirect);
}

void
connection_on_time_limit(struct connection *conn)
{
	if (conn->ops->on_time_limit != NULL)
		conn->ops->on_time_limit(conn);
	else
		connection_close(conn, CLOSE_TOO_SLOW, NULL);
}

void
connection_peer_ended(struct connection *conn, enum side side, int error, bool waited)
{
	if (side == SIDE_GREETER)
		connection_close(conn, CLOSE_GREETER_FAULT, "it closed the connection");
	else if (side == SIDE_HOST)
		connection_close(conn, error == 0 ? CLOSE_HOST_GONE : CLOSE_HOST_LOST,
			error == 0 ? NULL : strerrordesc_np(-error));
	else if (error == 0)
		connection_close(conn, CLOSE_CLIENT_LEFT, NULL);
	else if (error == -ETIMEDOUT && waited)
		connection_close(conn, CLOSE_CLIENT_STALLED, NULL);
	else if (error == -EPROTO)
		connection_close(conn, CLOSE_CLIENT_BAD_PDU, "a TLS record is damaged");
	else
		connection_close(conn, CLOSE_CLIENT_LOST, strerrordesc_np(-error));
}

/* Beginning and end */

static struct connection *
connection_alloc(struct worker *worker, uint64_t id, const char *source)
{
	struct connection *conn = calloc(1, sizeof(*conn));

	if (conn == NULL)
		return NULL;
	conn->id = id;
	conn->worker = worker;
	(void)snprintf(conn->source, sizeof(conn->source), "%s", source);
	if (io_limit_open(conn) != 0) {
		free(conn);
		return NULL;
	}
	worker_add(worker, conn);
	return conn;
}

/* What there is no room for ends alone; the worker's other connections go on. */
static void
refuse_for_memory(struct worker *worker, uint64_t id, enum phase phase)
{
	const struct connection none = {.id = id,
		.worker = worker,
		.reason = CLOSE_OUT_OF_ROOM,
		.ended_in = phase,
		.detail = "no memory for a connection"};

	tell_ended(&none);
}

void
connection_new_client(struct worker *worker, const struct msg_take_client *take, int *fd)
{
	struct connection *conn = connection_alloc(worker, take->connection, take->source);

	if (conn == NULL) {
		refuse_for_memory(worker, take->connection, PHASE_ADMIT);
		return;
	}
	conn->phase = PHASE_ADMIT;
	conn->ops = &phase_closed;
	if (leg_open(conn, SIDE_CLIENT, fd) < 0)
		connection_close(conn, CLOSE_OUT_OF_ROOM, "the client's socket could not be taken");
	else
		connection_go(conn, PHASE_SNIFF);
}

void
connection_new_look(struct worker *worker, const struct msg_look_at_host *look, int *fd)
{
	struct connection *conn = connection_alloc(worker, look->connection, "-");

	if (conn == NULL) {
		refuse_for_memory(worker, look->connection, PHASE_ATTACH);
		return;
	}
	conn->phase = PHASE_ATTACH;
	conn->ops = &look_at_host;
	if (leg_open(conn, SIDE_HOST, fd) < 0 || look_take(conn, look) < 0) {
		connection_close(conn, CLOSE_OUT_OF_ROOM, "the look could not be begun");
		return;
	}
	io_limit(conn, worker->limit_ms[PHASE_ATTACH]);
	conn->ops->enter(conn);
	if (conn->phase != PHASE_CLOSED)
		io_phase_changed(conn);
}

void
connection_on_gone(struct connection *conn)
{
	worker_remove(conn->worker, conn);
	introduction_free(conn->introduction);
	attachment_free(conn->attachment);
	bridge_free(conn->bridge);
	redirection_free(conn->redirection);
	early_attach_free(conn->early);
	look_free(conn->look);
	free(conn);
}
