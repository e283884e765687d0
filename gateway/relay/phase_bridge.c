/* BRIDGE - the desktop is in use: decrypted PDUs are relayed unchanged, both ways (bridge.c).
 *
 * From:   ATTACH.   To: DRAIN.
 * Trust:  neither side. What may pass is bridge_rules.def.
 * Keeps:  ids and counters; no buffer while nothing waits.
 * Limit:  none. A peer that takes nothing for TCP_USER_TIMEOUT is found by the kernel.
 */
#include "relay/bridge.h"
#include "relay/connection_io.h"
#include "relay/introduction.h"
#include "relay/phase_attach.h"

#include "base/cleanup.h"

/* Neither what the client said nor what the supervisor said is needed any more. */
static void
bridge_enter(struct connection *conn)
{
	introduction_free(take_pointer(&conn->introduction));
	attachment_free(take_pointer(&conn->attachment));
}

static size_t
bridge_on_bytes(struct connection *conn, enum side from, uint8_t *bytes, size_t len)
{
	struct bridge_result result;

	bridge_filter(conn->bridge, from, bytes, len, &result);
	leg_send(conn, other_side(from), bytes, result.out);
	if (result.reason == CLOSE_NONE)
		return result.used;
	connection_close(conn, result.reason, result.why);
	return len;
}

static void
bridge_on_end(struct connection *conn, enum side side, int error, bool waited)
{
	if (side == SIDE_HOST && conn->bridge->stage == BRIDGE_BEFORE)
		connection_close(conn, CLOSE_HOST_REFUSED, "it closed the connection");
	else if (side == SIDE_HOST && error == 0 &&
		 bridge_to_boundary(conn->bridge, SIDE_HOST) != 0)
		connection_close(conn, CLOSE_HOST_LOST, "it hung up inside a PDU");
	else
		connection_peer_ended(conn, side, error, waited);
}

const struct phase_ops phase_bridge = {
	.reads = {[SIDE_CLIENT] = READ_STREAM, [SIDE_HOST] = READ_STREAM},
	.enter = bridge_enter,
	.on_bytes = bridge_on_bytes,
	.on_end = bridge_on_end,
};
