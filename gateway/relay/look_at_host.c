/* LOOK_AT_HOST - a jump host without a client, for `terminal trust`, `terminal check` and the health look: one
 * X.224 Connection Request, TLS if that is wanted, and what the answer and the certificate say (HOST_REPORT).
 *
 * Phase:  ATTACH, with this table of events instead of phase_attach.c's.
 * Trust:  none: nobody has vouched for the host yet. Nothing of anybody is sent to it.
 * Limit:  the time limit `attach`.
 */
#include "relay/look_at_host.h"

#include "base/sentence.h"
#include "rdp/x224.h"
#include "relay/back_end.h"
#include "relay/connection_io.h"
#include "relay/host_certificate.h"
#include "relay/worker.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct look {
	uint32_t protocols;
	bool secure;
	struct host_trust trust;
	struct msg_host_report report;
};

int
look_take(struct connection *conn, const struct msg_look_at_host *message)
{
	const struct host_trust_said said = {
		.kind = message->trust,
		.pin = message->pin,
		.pin_len = message->pin_len,
		.ca_bundle = message->ca_bundle,
		.ca_bundle_len = message->ca_bundle_len,
		.name = message->host_name,
	};

	conn->look = calloc(1, sizeof(*conn->look));
	if (conn->look == NULL)
		return -ENOMEM;
	conn->look->protocols = message->protocols;
	conn->look->secure = message->secure != 0;
	return said.kind > HOST_TRUST_NOBODY ? -EINVAL : host_trust_init(&conn->look->trust, &said);
}

void
look_free(struct look *look)
{
	if (look == NULL)
		return;
	host_trust_done(&look->trust);
	free(look);
}

static void
look_enter(struct connection *conn)
{
	back_end_request(conn, SIDE_HOST, conn->look->protocols);
}

/* However it ends, the report goes first. */
static void
look_leave(struct connection *conn)
{
	struct msg_host_report *report;

	if (conn->look == NULL)
		return;
	report = &conn->look->report;
	report->connection = conn->id;
	report->reason = conn->reason;
	if (conn->detail != NULL)
		(void)snprintf(report->why, sizeof(report->why), "%s", conn->detail);
	worker_tell(conn->worker, MSG_HOST_REPORT, report);
}

static int
prepare_tls(struct connection *conn, struct ssl_st *ssl)
{
	return host_trust_prepare_look(&conn->look->trust, ssl);
}

/* All that a host can select but RDP security goes on with TLS (5.4.5). */
static void
go_on(struct connection *conn, const struct x224_confirm *confirm)
{
	if (confirm->kind != X224_CONFIRM_RESPONSE || confirm->protocol == RDP_PROTOCOL_RDP ||
		!conn->look->secure)
		connection_close(conn, CLOSE_CHECK_DONE, NULL);
	else if (leg_secure(conn, SIDE_HOST, conn->worker->host_tls, prepare_tls) < 0)
		connection_close(conn, CLOSE_OUT_OF_ROOM, "no memory for TLS");
}

static void
look_on_pdu(struct connection *conn, enum side side, uint8_t *pdu, size_t len)
{
	static const uint8_t answers[] = {
		[X224_CONFIRM_PLAIN] = HOST_SAID_PLAIN,
		[X224_CONFIRM_RESPONSE] = HOST_SELECTED,
		[X224_CONFIRM_FAILURE] = HOST_FAILED,
	};
	struct x224_confirm confirm;
	const char *why = NULL;
	size_t used;

	(void)side;
	if (x224_confirm_parse(pdu, len, &confirm, &used, &why) != PARSE_OK) {
		connection_close(conn, CLOSE_HOST_NOT_RDP, why);
		return;
	}
	conn->look->report.answer = answers[confirm.kind];
	conn->look->report.protocol = confirm.protocol;
	conn->look->report.failure = confirm.failure;
	go_on(conn, &confirm);
}

static void
look_on_bad_frame(struct connection *conn, enum side side, bool too_long)
{
	(void)side;
	(void)too_long;
	connection_close(conn, CLOSE_HOST_NOT_RDP, N_("its answer is no X.224 Connection Confirm"));
}

static void
look_on_secured(struct connection *conn, enum side side)
{
	struct look *look = conn->look;
	struct ssl_st *ssl = leg_ssl(conn, side);

	host_certificate_report(ssl, &look->report);
	host_trust_judge(&look->trust, ssl, &look->report);
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
	connection_close(conn, CLOSE_HOST_REFUSED, N_("it closed the connection"));
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
