/* DRAIN - the client is told why, and what waits for it is delivered.
 *
 * From:   INTRODUCE, DECIDE, GREET, ATTACH, REDIRECT, BRIDGE.   To: CLOSED.
 * Tells:  Set Error Info (MS-RDPBCGR 2.2.5.1.1) and a Disconnect Provider Ultimatum, on the boundary of
 *         a frame: what is missing of the one in transit is still relayed. Before the desktop, licensing is
 *         finished first, since a client that waits for its licence takes an error info for a fault and
 *         connects again.
 * Reads:  the client's bytes are thrown away: a socket closed over unread bytes would reset the
 *         connection and take our last words with it.
 * Limit:  the time limit `drain`, whether the client reads or not.
 */
#include "relay/bridge.h"
#include "relay/connection_io.h"
#include "relay/introduction.h"
#include "relay/phase_attach.h"

#include "base/cleanup.h"
#include "rdp/mcs.h"
#include "rdp/share.h"

#define NOTICE_MAX (3 * (MCS_SEND_DATA_HEAD_MAX + SHARE_ERROR_INFO_LEN))

static void
write_on_io(struct bytes_writer *writer, const struct bytes_writer *payload)
{
	mcs_send_data_write(writer, MCS_SEND_DATA_INDICATION, INTRODUCTION_SERVER_USER,
		MCS_IO_CHANNEL, payload->start, payload->len);
}

static void
write_licence(struct bytes_writer *writer)
{
	uint8_t room[SHARE_LICENCE_LEN];
	struct bytes_writer payload;

	bytes_writer_init(&payload, room, sizeof(room));
	share_licence_valid_write(&payload);
	write_on_io(writer, &payload);
}

static void
write_error_info(struct bytes_writer *writer, uint32_t share_id, enum error_info info)
{
	uint8_t room[SHARE_ERROR_INFO_LEN];
	struct bytes_writer payload;

	bytes_writer_init(&payload, room, sizeof(room));
	share_error_info_write(&payload, share_id, INTRODUCTION_SERVER_USER, info);
	write_on_io(writer, &payload);
}

/* The client awaits what comes after Client Info: before that there is nothing it would understand. */
static bool
client_listens(const struct connection *conn)
{
	return conn->ended_in != PHASE_INTRODUCE;
}

static enum error_info
what_to_tell(const struct connection *conn)
{
	const struct close_reason_row *row = close_reason_row(conn->reason);

	if (!client_listens(conn))
		return ERROR_INFO_NOTHING;
	/* Who is at the sign-in screen is still on the way in. */
	if (conn->bridge == NULL || conn->bridge->stage == BRIDGE_BEFORE ||
		conn->bridge->back_end == SIDE_GREETER)
		return row->refused;
	return row->running;
}

/* On a PDU boundary: the last words. */
static void
tell(struct connection *conn)
{
	enum error_info info = what_to_tell(conn);
	const struct bridge *bridge = conn->bridge;
	uint8_t room[NOTICE_MAX];
	struct bytes_writer writer;

	if (info != ERROR_INFO_NOTHING) {
		bytes_writer_init(&writer, room, sizeof(room));
		if (bridge == NULL || (!bridge->licensed && bridge->stage == BRIDGE_BEFORE))
			write_licence(&writer);
		write_error_info(&writer, bridge != NULL ? bridge->share_id : 0, info);
		mcs_disconnect_write(&writer, MCS_PROVIDER_INITIATED);
		leg_send(conn, SIDE_CLIENT, room, writer.len);
	}
	if (!leg_is_waiting(conn, SIDE_CLIENT))
		leg_finish(conn, SIDE_CLIENT);
}

static size_t
to_boundary(const struct connection *conn)
{
	return conn->bridge != NULL ? bridge_to_boundary(conn->bridge, SIDE_HOST) : 0;
}

static void
drain_enter(struct connection *conn)
{
	introduction_free(take_pointer(&conn->introduction));
	attachment_free(take_pointer(&conn->attachment));
	if (to_boundary(conn) == 0)
		tell(conn);
	else if (to_boundary(conn) == SIZE_MAX || !leg_is_open(conn, connection_back_end(conn)))
		leg_finish(conn, SIDE_CLIENT); /* the PDU in transit cannot be completed */
}

/* Only the end of a frame that has begun is still for the client. Share PDUs in it are looked at as before. */
static size_t
drain_on_bytes(struct connection *conn, enum side side, uint8_t *bytes, size_t len)
{
	size_t missing = to_boundary(conn);
	struct bridge_result result;

	/* A jump host behind the sign-in screen has nothing to say to the client. */
	if (side != connection_back_end(conn) || missing == 0 || missing == SIZE_MAX)
		return len;
	bridge_filter(conn->bridge, SIDE_HOST, bytes, len < missing ? len : missing, &result);
	leg_send(conn, SIDE_CLIENT, bytes, result.out);
	if (to_boundary(conn) == 0)
		tell(conn);
	else if (to_boundary(conn) == SIZE_MAX)
		leg_finish(conn, SIDE_CLIENT);
	else
		return result.used;
	return len;
}

static void
drain_on_sent(struct connection *conn, enum side side)
{
	if (side == SIDE_CLIENT && to_boundary(conn) == 0)
		leg_finish(conn, SIDE_CLIENT);
}

static void
drain_on_end(struct connection *conn, enum side side, int error, bool waited)
{
	(void)error;
	(void)waited;
	/* The rest of a PDU will not come any more if the back end is gone. */
	if (side == SIDE_CLIENT || (side == connection_back_end(conn) && to_boundary(conn) != 0))
		connection_close(conn, conn->reason, conn->detail);
}

/* A handshake that was under way: nobody waits for it now. */
static void
drain_on_secured(struct connection *conn, enum side side)
{
	(void)conn;
	(void)side;
}

static void
drain_on_tls_failed(struct connection *conn, enum side side, const char *why)
{
	(void)conn;
	(void)side;
	(void)why;
}

static void
drain_on_time_limit(struct connection *conn)
{
	connection_close(conn, conn->reason, conn->detail);
}

const struct phase_ops phase_drain = {
	.reads = {[SIDE_CLIENT] = READ_DISCARD,
		[SIDE_HOST] = READ_STREAM,
		[SIDE_GREETER] = READ_STREAM},
	.enter = drain_enter,
	.on_bytes = drain_on_bytes,
	.on_sent = drain_on_sent,
	.on_end = drain_on_end,
	.on_secured = drain_on_secured,
	.on_tls_failed = drain_on_tls_failed,
	.on_time_limit = drain_on_time_limit,
};
