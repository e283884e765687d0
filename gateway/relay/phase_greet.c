/* GREET - the client is shown the sign-in screen. A greeter is a back end as a jump host is: the client's connection
 * sequence is replayed to it (attach.c), without TLS, channels or compression, and then PDUs are relayed by the same
 * rules. What is typed goes from the greeter to the supervisor and not through here in any other way.
 *
 * From:   DECIDE; ATTACH and REDIRECT, when they failed.   To: ATTACH, REDIRECT, DRAIN.
 * Trust:  none in either: the greeter has a client's bytes to deal with and may be taken over.
 * Limit:  the time limit `greet` of CONFIGURE, the longest that anybody may wait here; the supervisor ends those who
 *         take too long to sign in.
 */
#include "relay/phase_greet.h"

#include "relay/attach.h"
#include "relay/bridge.h"
#include "relay/connection_io.h"
#include "relay/phase_attach.h"
#include "relay/phase_redirect.h"

#include "base/cleanup.h"
#include "rdp/mcs.h"

#include <errno.h>

static const struct phase_ops greet_relays;

static void
greet_enter(struct connection *conn)
{
	uint8_t room[X224_CONFIRM_MAX];
	struct bytes_writer writer;

	if (conn->bridge != NULL) {
		connection_use(conn, &greet_relays);
		return;
	}
	conn->attachment = attachment_new(SIDE_GREETER);
	if (conn->attachment == NULL) {
		connection_close(conn, CLOSE_OUT_OF_ROOM, "no memory for a sign-in screen");
		return;
	}
	bytes_writer_init(&writer, room, sizeof(room));
	x224_request_write(&writer, RDP_PROTOCOL_SSL);
	if (conn_expect(conn, !writer.failed))
		leg_send(conn, SIDE_GREETER, room, writer.len);
}

static void
on_confirm(struct connection *conn, const uint8_t *pdu, size_t len)
{
	struct x224_confirm *confirm = &conn->attachment->confirm;
	const char *why = NULL;
	size_t used;

	if (x224_confirm_parse(pdu, len, confirm, &used, &why) != PARSE_OK ||
		confirm->kind != X224_CONFIRM_RESPONSE || confirm->protocol != RDP_PROTOCOL_SSL) {
		attach_failed(
			conn, CLOSE_GREETER_FAULT, "its answer is no Connection Confirm for TLS");
		return;
	}
	attach_begin(conn);
}

static void
greet_on_pdu(struct connection *conn, enum side side, uint8_t *pdu, size_t len)
{
	(void)side;
	if (conn->attachment->step == ATTACH_CONFIRM)
		on_confirm(conn, pdu, len);
	else
		attach_on_pdu(conn, pdu, len);
}

static void
greet_on_bad_frame(struct connection *conn, enum side side, bool too_long)
{
	(void)side;
	connection_close(conn, CLOSE_GREETER_FAULT,
		too_long ? "a PDU of the connection sequence is too long"
			 : "bytes that are no TPKT frame");
}

void
greet_begin(struct connection *conn)
{
	attachment_free(take_pointer(&conn->attachment));
	connection_use(conn, &greet_relays);
}

/* What the rules say of a jump host is a fault of the greeter's here. */
static enum close_reason
reason_of(enum close_reason reason)
{
	return close_reason_row(reason)->who == 'H' ? CLOSE_GREETER_FAULT : reason;
}

size_t
greet_on_bytes(struct connection *conn, enum side from, uint8_t *bytes, size_t len)
{
	struct bridge_result result;

	bridge_filter(
		conn->bridge, from == SIDE_GREETER ? SIDE_HOST : SIDE_CLIENT, bytes, len, &result);
	leg_send(conn, connection_counterpart(conn, from), bytes, result.out);
	if (result.reason == CLOSE_NONE)
		return result.used;
	connection_close(conn, reason_of(result.reason), result.why);
	return len;
}

void
greet_on_attach(struct connection *conn, const struct msg_attach *attach, int *fd)
{
	int r = attachment_take(conn, attach, fd);

	if (r == 0)
		connection_go(conn, PHASE_ATTACH);
	else if (r == -EKEYREJECTED)
		attach_failed(conn, CLOSE_HOST_CERTIFICATE,
			"the pin, CA or name that it shall be known by cannot be used");
	else
		connection_close(
			conn, CLOSE_OUT_OF_ROOM, "the jump host's socket could not be taken");
}

const struct phase_ops phase_greet = {
	.reads = {[SIDE_GREETER] = READ_PDUS},
	.pdu_max = {[SIDE_GREETER] = MCS_CONNECT_MAX},
	.enter = greet_enter,
	.on_pdu = greet_on_pdu,
	.on_bad_frame = greet_on_bad_frame,
};

static const struct phase_ops greet_relays = {
	.reads = {[SIDE_CLIENT] = READ_STREAM, [SIDE_GREETER] = READ_STREAM},
	.on_bytes = greet_on_bytes,
	.on_attach = greet_on_attach,
	.on_redirect = greet_on_redirect,
};
