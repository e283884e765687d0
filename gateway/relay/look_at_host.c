/* LOOK_AT_HOST - a jump host without a client, for `terminal trust` and `terminal check`: X.224, TLS, and
 * what its certificate says (HOST_REPORT).
 *
 * Phase:  ATTACH, with this table of events instead of phase_attach.c's.
 * Trust:  none: nobody has vouched for the host yet. Nothing of anybody is sent to it.
 * Limit:  the time limit `attach`.
 */
#include "relay/connection.h"
#include "relay/connection_io.h"
#include "relay/worker.h"

#include "rdp/x224.h"
#include "relay/host_certificate.h"

#include <stdlib.h>

struct look {
	struct msg_host_report report;
};

static void
look_enter(struct connection *conn)
{
	uint8_t room[X224_CONFIRM_MAX];
	struct bytes_writer writer;

	conn->look = calloc(1, sizeof(*conn->look));
	if (conn->look == NULL) {
		connection_close(conn, CLOSE_OUT_OF_ROOM, "no memory for a look");
		return;
	}
	bytes_writer_init(&writer, room, sizeof(room));
	x224_request_write(&writer, RDP_PROTOCOL_SSL);
	leg_send(conn, SIDE_HOST, room, writer.len);
}

/* However it ends, the report goes first. */
static void
look_leave(struct connection *conn)
{
	if (conn->look == NULL)
		return;
	conn->look->report.connection = conn->id;
	conn->look->report.reason = conn->reason;
	worker_tell(conn->worker, MSG_HOST_REPORT, &conn->look->report);
}

static void
look_on_pdu(struct connection *conn, enum side side, uint8_t *pdu, size_t len)
{
	struct x224_confirm confirm;
	const char *why = NULL;
	size_t used;

	if (x224_confirm_parse(pdu, len, &confirm, &used, &why) != PARSE_OK) {
		connection_close(conn, CLOSE_HOST_NOT_RDP, why);
		return;
	}
	conn->look->report.protocol = confirm.protocol;
	if (confirm.kind == X224_CONFIRM_FAILURE && confirm.failure == RDP_FAILURE_HYBRID_REQUIRED)
		conn->look->report.protocol = RDP_PROTOCOL_HYBRID;
	if (confirm.kind != X224_CONFIRM_RESPONSE || confirm.protocol != RDP_PROTOCOL_SSL)
		connection_close(conn, CLOSE_HOST_NO_TLS, NULL);
	else if (leg_secure(conn, side, conn->worker->host_tls, NULL) < 0)
		connection_close(conn, CLOSE_OUT_OF_ROOM, "no memory for TLS");
}

static void
look_on_bad_frame(struct connection *conn, enum side side, bool too_long)
{
	(void)side;
	(void)too_long;
	connection_close(conn, CLOSE_HOST_NOT_RDP, "its answer is no X.224 Connection Confirm");
}

static void
look_on_secured(struct connection *conn, enum side side)
{
	host_certificate_report(leg_ssl(conn, side), &conn->look->report);
	connection_close(conn, CLOSE_CHECK_DONE, NULL);
}

static void
look_on_tls_failed(struct connection *conn, enum side side, const char *why)
{
	(void)side;
	connection_close(conn, CLOSE_HOST_TLS_FAILED, why);
}

static void
look_on_end(struct connection *conn, enum side side, int error, bool waited)
{
	(void)side;
	(void)error;
	(void)waited;
	connection_close(conn, CLOSE_HOST_REFUSED, "it closed the connection");
}

static void
look_on_time_limit(struct connection *conn)
{
	connection_close(conn, CLOSE_HOST_TOO_SLOW, NULL);
}

const struct phase_ops look_at_host = {
	.reads = {[SIDE_HOST] = READ_PDUS},
	.pdu_max = {[SIDE_HOST] = X224_REQUEST_MAX},
	.enter = look_enter,
	.leave = look_leave,
	.on_pdu = look_on_pdu,
	.on_bad_frame = look_on_bad_frame,
	.on_secured = look_on_secured,
	.on_tls_failed = look_on_tls_failed,
	.on_end = look_on_end,
	.on_time_limit = look_on_time_limit,
};
