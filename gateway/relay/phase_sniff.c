/* SNIFF - the client's first packet, the X.224 Connection Request, and nothing more.
 *
 * From:   ADMIT (the supervisor's).   To: SECURE.
 * Trust:  none. Anyone who reaches the listener can send us these bytes.
 * Keeps:  what the request says, for the supervisor.
 * Limit:  X224_REQUEST_MAX bytes, and the time limit `sniff`.
 */
#include "relay/connection.h"
#include "relay/connection_io.h"
#include "relay/introduction.h"

static void
sniff_enter(struct connection *conn)
{
	conn->introduction = introduction_new();
	if (conn->introduction == NULL)
		connection_close(conn, CLOSE_OUT_OF_ROOM, "no memory for an introduction");
}

/* MS-RDPBCGR 2.2.1.2.2: the only answer that a client without TLS understands. */
static void
answer_tls_required(struct connection *conn)
{
	const struct x224_confirm failure = {
		.kind = X224_CONFIRM_FAILURE,
		.failure = RDP_FAILURE_SSL_REQUIRED,
	};
	uint8_t room[X224_CONFIRM_MAX];
	struct bytes_writer writer;

	bytes_writer_init(&writer, room, sizeof(room));
	x224_confirm_write(&writer, &failure);
	leg_send(conn, SIDE_CLIENT, room, writer.len);
	leg_finish(conn, SIDE_CLIENT);
}

static void
sniff_on_pdu(struct connection *conn, enum side side, uint8_t *pdu, size_t len)
{
	struct x224_request *request = &conn->introduction->request;
	const char *why = NULL;
	size_t used;

	(void)side;
	if (x224_request_parse(pdu, len, request, &used, &why) != PARSE_OK || used != len) {
		connection_close(conn, CLOSE_NOT_RDP, why);
		return;
	}
	/* A real client waits for our answer here. What came early was not protected by TLS and may have
	 * been put in by somebody else. */
	if (leg_has_early_bytes(conn, SIDE_CLIENT)) {
		connection_close(conn, CLOSE_EARLY_BYTES, NULL);
		return;
	}
	if ((request->protocols & RDP_PROTOCOL_SSL) == 0) {
		answer_tls_required(conn);
		connection_close(conn, CLOSE_NO_TLS, NULL);
		return;
	}
	connection_go(conn, PHASE_SECURE);
}

static void
sniff_on_bad_frame(struct connection *conn, enum side side, bool too_long)
{
	(void)side;
	if (too_long)
		connection_close(conn, CLOSE_REQUEST_TOO_LONG, NULL);
	else
		connection_close(conn, CLOSE_NOT_RDP, "the first bytes are no TPKT header");
}

const struct phase_ops phase_sniff = {
	.reads = {[SIDE_CLIENT] = READ_PDUS},
	.pdu_max = {[SIDE_CLIENT] = X224_REQUEST_MAX},
	.enter = sniff_enter,
	.on_pdu = sniff_on_pdu,
	.on_bad_frame = sniff_on_bad_frame,
};
