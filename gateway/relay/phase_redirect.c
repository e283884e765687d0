/* REDIRECT - the client is told to connect again, to this gateway, with a ticket (rdp/redirection.h). The sign-in screen stays
 * where it is; a client that does not go is back in GREET.
 *
 * From:   GREET.   To: GREET, DRAIN.
 * Tells:  a Monitor Layout PDU first, without which some clients do not listen, then the redirection, and both again after
 *         waits of 0.5, 1, 2 … seconds, as far as the limit goes: a client that is busy may miss one.
 * Limit:  the time limit `redirect`, for all of them together.
 */
#include "relay/phase_redirect.h"

#include "relay/connection_io.h"
#include "relay/introduction.h"
#include "relay/phase_greet.h"
#include "relay/worker.h"

#include "base/cleanup.h"
#include "base/secret.h"
#include "rdp/mcs.h"
#include "rdp/redirection.h"

#include <stdlib.h>

#define FIRST_WAIT_MS 500

struct redirection {
	struct msg_redirect told;
	uint32_t wait_ms; /* the one under way */
	uint32_t left_ms; /* of the time limit, behind it */
};

void
redirection_free(struct redirection *redirection)
{
	if (redirection == NULL)
		return;
	secret_wipe(redirection, sizeof(*redirection));
	free(redirection);
}

static void
send_payload(struct connection *conn, const struct bytes_writer *payload)
{
	uint8_t room[MCS_SEND_DATA_HEAD_MAX + REDIRECTION_MAX];
	struct bytes_writer writer;

	bytes_writer_init(&writer, room, sizeof(room));
	mcs_send_data_write(&writer, MCS_SEND_DATA_INDICATION, INTRODUCTION_SERVER_USER,
		MCS_IO_CHANNEL, payload->start, payload->len);
	if (conn_expect(conn, !payload->failed && !writer.failed))
		leg_send(conn, SIDE_CLIENT, room, writer.len);
}

/* Only between two PDUs of the sign-in screen, which is still meanwhile; if it is not, the next time will do. */
static void
tell(struct connection *conn)
{
	const struct msg_redirect *told = &conn->redirection->told;
	const struct gcc_client *client = &conn->introduction->client;
	uint8_t room[REDIRECTION_MAX];
	struct bytes_writer payload;

	if (conn->bridge->stage != BRIDGE_ACTIVE ||
		bridge_to_boundary(conn->bridge, SIDE_HOST) != 0)
		return;
	bytes_writer_init(&payload, room, sizeof(room));
	monitor_layout_write(&payload, conn->bridge->share_id, INTRODUCTION_SERVER_USER,
		client->desktop_width, client->desktop_height);
	send_payload(conn, &payload);
	bytes_writer_init(&payload, room, sizeof(room));
	redirection_write(
		&payload, INTRODUCTION_SERVER_USER, told->load_balance_info, told->session);
	send_payload(conn, &payload);
	secret_wipe(room, sizeof(room));
}

/* Until the next one, or until the time is over. */
static void
wait(struct connection *conn)
{
	struct redirection *redirection = conn->redirection;

	if (redirection->wait_ms > redirection->left_ms)
		redirection->wait_ms = redirection->left_ms;
	redirection->left_ms -= redirection->wait_ms;
	io_limit(conn, redirection->wait_ms);
	redirection->wait_ms *= 2;
}

static void
redirect_enter(struct connection *conn)
{
	conn->redirection->wait_ms = FIRST_WAIT_MS;
	conn->redirection->left_ms = conn->worker->limit_ms[PHASE_REDIRECT];
	tell(conn);
	wait(conn);
}

static void
redirect_leave(struct connection *conn)
{
	redirection_free(take_pointer(&conn->redirection));
}

static void
redirect_on_time_limit(struct connection *conn)
{
	const struct msg_returned returned = {
		.connection = conn->id, .reason = CLOSE_REDIRECT_IGNORED};

	if (conn->redirection->left_ms > 0) {
		tell(conn);
		wait(conn);
		return;
	}
	connection_go(conn, PHASE_GREET);
	worker_tell(conn->worker, MSG_RETURNED, &returned);
}

/* A client that leaves has done as it was told, whether it says so first or not. */
static size_t
redirect_on_bytes(struct connection *conn, enum side from, uint8_t *bytes, size_t len)
{
	struct bridge_result result;

	greet_relay(conn, from, bytes, len, bridge_filter, &result);
	if (result.reason == CLOSE_NONE)
		return result.used;
	if (result.reason == CLOSE_CLIENT_LOGGED_OFF)
		result.reason = CLOSE_REDIRECTED;
	connection_close(conn, result.reason, result.why);
	return len;
}

static void
redirect_on_end(struct connection *conn, enum side side, int error, bool waited)
{
	if (side == SIDE_CLIENT)
		connection_close(conn, CLOSE_REDIRECTED, NULL);
	else
		connection_peer_ended(conn, side, error, waited);
}

void
redirection_take(struct connection *conn, const struct msg_redirect *redirect)
{
	if (!conn_expect(conn, conn->redirection == NULL))
		return;
	conn->redirection = calloc(1, sizeof(*conn->redirection));
	if (conn->redirection != NULL)
		conn->redirection->told = *redirect;
	else
		connection_close(conn, CLOSE_OUT_OF_ROOM, "no memory for a redirection");
}

void
greet_on_redirect(struct connection *conn, const struct msg_redirect *redirect)
{
	redirection_take(conn, redirect);
	if (conn->reason == CLOSE_NONE)
		connection_go(conn, PHASE_REDIRECT);
}

const struct phase_ops phase_redirect = {
	.reads = {[SIDE_CLIENT] = READ_STREAM, [SIDE_GREETER] = READ_STREAM},
	.enter = redirect_enter,
	.leave = redirect_leave,
	.on_bytes = redirect_on_bytes,
	.on_end = redirect_on_end,
	.on_time_limit = redirect_on_time_limit,
};
