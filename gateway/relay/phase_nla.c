/* NLA, a step of ATTACH: CredSSP between the jump host and sekisho-nla, which has the password, and which we have not. Here its messages
 * are framed and carried, bounded, one at a time.
 *
 * From:   phase_attach.c, after TLS.   To: attach.c, as without NLA.
 * Trust:  none in either: the host's messages are measured and not understood, sekisho-nla's go to this one host alone.
 * Reads:  the jump host, when sekisho-nla waits for it. The client's bytes wait where they are, or are the sign-in screen's.
 * Limit:  the time limit `attach`.
 */
#include "relay/phase_nla.h"

#include "relay/attach.h"
#include "relay/connection_io.h"
#include "relay/nla_link.h"
#include "relay/phase_attach.h"
#include "relay/phase_greet.h"
#include "relay/worker.h"

#include "base/cleanup.h"
#include "nla/outcomes.h"
#include "rdp/ts_request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The sign-in screen goes on while the host is asked. */
static const struct phase_ops *
ops_for(const struct connection *conn, enum credssp_wants wants)
{
	bool greeted = conn->legs[SIDE_GREETER] != NULL;

	if (wants == CREDSSP_NOTHING)
		return greeted ? &phase_nla_waits_greeted : &phase_nla_waits;
	return greeted ? &phase_nla_greeted : &phase_nla;
}

static void
now_wants(struct connection *conn, enum credssp_wants wants)
{
	conn->attachment->nla_wants = wants;
	connection_use(conn, ops_for(conn, wants));
}

static bool
is_at(const struct connection *conn, enum attach_step step)
{
	return conn->phase == PHASE_ATTACH && conn->attachment != NULL &&
	       conn->attachment->step == step;
}

static void
host_hung_up(struct connection *conn)
{
	attach_refused(conn, "it closed the connection during NLA");
}

static void
process_failed(struct connection *conn)
{
	attach_failed(conn, CLOSE_NLA_FAULT, "sekisho-nla is gone");
}

void
nla_begin(struct connection *conn)
{
	auto_free struct msg_nla_host *host = malloc(sizeof(*host));

	if (host == NULL) {
		connection_close(conn, CLOSE_OUT_OF_ROOM, "no memory for certificates");
		return;
	}
	host->protocol = conn->attachment->confirm.protocol;
	host->certificates_len = (uint32_t)host_certificate_chain(
		leg_ssl(conn, SIDE_HOST), host->certificates, sizeof(host->certificates) - 1);
	conn->attachment->step = ATTACH_NLA;
	now_wants(conn, CREDSSP_NOTHING);
	if (nla_link_send(conn, MSG_NLA_HOST, host) < 0)
		process_failed(conn);
}

void
nla_not_offered(struct connection *conn)
{
	const struct msg_nla_not_offered message = {.connection = conn->id};

	nla_link_close(conn);
	conn->attachment->step = ATTACH_CREDENTIALS;
	now_wants(conn, CREDSSP_NOTHING);
	worker_tell(conn->worker, MSG_NLA_NOT_OFFERED, &message);
}

static void
go_on_with_mcs(struct connection *conn)
{
	connection_use(
		conn, conn->legs[SIDE_GREETER] != NULL ? &phase_attach_greeted : &phase_attach);
	attach_begin(conn);
}

void
nla_on_host_credentials(struct connection *conn, const struct msg_host_credentials *message)
{
	const struct secret password = {(uint8_t *)message->password, message->password_len};
	int r;

	/* It has crossed the end of what it was for. */
	if (!is_at(conn, ATTACH_CREDENTIALS))
		return;
	r = host_credentials_set(
		&conn->attachment->credentials, message->user, message->domain, &password);
	if (r < 0)
		connection_close(conn, CLOSE_OUT_OF_ROOM, "no memory for credentials");
	else
		go_on_with_mcs(conn);
}

/* From sekisho-nla. It has no other way to reach anything, and this one only while the host is being attached. */

void
nla_on_to_host(struct connection *conn, const struct msg_nla_to_host *message)
{
	/* One message each way, and none behind the last: what it may not say now ends it, and nothing piles up for a host that
	 * does not read. */
	if (!is_at(conn, ATTACH_NLA) || conn->attachment->nla_wants != CREDSSP_NOTHING ||
		message->wants > CREDSSP_AUTHORISATION) {
		nla_on_lost(conn);
		return;
	}
	if (conn->attachment->nla_host_ended) {
		host_hung_up(conn);
		return;
	}
	leg_send(conn, SIDE_HOST, message->bytes, message->bytes_len);
	if (message->wants == CREDSSP_NOTHING)
		conn->attachment->step = ATTACH_NLA_SAID;
	else
		now_wants(conn, (enum credssp_wants)message->wants);
}

void
nla_on_done(struct connection *conn, bool accepted)
{
	nla_link_close(conn);
	if (!is_at(conn, ATTACH_NLA) && !is_at(conn, ATTACH_NLA_SAID))
		return;
	/* The supervisor knows what the host said of it. */
	if (!accepted)
		attach_failed(conn, CLOSE_HOST_LOGON, NULL);
	else if (conn->attachment->nla_host_ended)
		host_hung_up(conn);
	else
		go_on_with_mcs(conn);
}

void
nla_on_lost(struct connection *conn)
{
	nla_link_close(conn);
	/* Before its turn has come: an ATTACH without it does not go on. */
	if (conn->phase == PHASE_ATTACH && conn->attachment != NULL)
		process_failed(conn);
}

/* From the jump host */

static enum parse_result
nla_measure(struct connection *conn, const uint8_t *head, size_t have, size_t *ret_len)
{
	bool too_long = false;
	enum parse_result result;

	if (conn->attachment->nla_wants == CREDSSP_AUTHORISATION && head[0] != 0x30) {
		*ret_len = TS_AUTHORISATION_LEN;
		return have < TS_AUTHORISATION_LEN ? PARSE_NEED_MORE : PARSE_OK;
	}
	result = ts_request_length(head, have, ret_len, &too_long);
	if (!too_long)
		return result;
	*ret_len = SIZE_MAX;
	return PARSE_OK;
}

static void
nla_on_pdu(struct connection *conn, enum side side, uint8_t *pdu, size_t len)
{
	auto_free struct msg_nla_from_host *message = malloc(sizeof(*message));

	(void)side;
	if (message == NULL) {
		connection_close(conn, CLOSE_OUT_OF_ROOM, "no memory for a TSRequest");
		return;
	}
	memcpy(message->bytes, pdu, len);
	message->bytes_len = (uint32_t)len;
	now_wants(conn, CREDSSP_NOTHING);
	if (nla_link_send(conn, MSG_NLA_FROM_HOST, message) < 0)
		process_failed(conn);
}

static void
nla_on_bad_frame(struct connection *conn, enum side side, bool too_long)
{
	(void)side;
	attach_failed(conn, CLOSE_HOST_CREDSSP,
		too_long ? "a TSRequest is too long" : "bytes that are no TSRequest");
}

static void
nla_on_end(struct connection *conn, enum side side, int error, bool waited)
{
	if (side != SIDE_HOST)
		connection_peer_ended(conn, side, error, waited);
	else if (conn->attachment->step != ATTACH_CREDENTIALS &&
		 conn->attachment->nla_wants == CREDSSP_NOTHING)
		conn->attachment->nla_host_ended = true;
	else
		host_hung_up(conn);
}

static void
nla_on_time_limit(struct connection *conn)
{
	if (conn->attachment->step == ATTACH_CREDENTIALS)
		attach_failed(conn, CLOSE_DECISION_LATE, NULL);
	else if (conn->attachment->nla_wants == CREDSSP_NOTHING)
		attach_failed(conn, CLOSE_NLA_FAULT, "sekisho-nla did not answer in time");
	else
		attach_failed(conn, CLOSE_HOST_TOO_SLOW, "it did not answer during NLA");
}

const struct phase_ops phase_nla = {
	.reads = {[SIDE_HOST] = READ_PDUS},
	.pdu_max = {[SIDE_HOST] = TS_REQUEST_MAX},
	.measure = nla_measure,
	.on_pdu = nla_on_pdu,
	.on_bad_frame = nla_on_bad_frame,
	.on_end = nla_on_end,
	.on_time_limit = nla_on_time_limit,
};

const struct phase_ops phase_nla_greeted = {
	.reads = {[SIDE_CLIENT] = READ_STREAM,
		[SIDE_HOST] = READ_PDUS,
		[SIDE_GREETER] = READ_STREAM},
	.pdu_max = {[SIDE_HOST] = TS_REQUEST_MAX},
	.measure = nla_measure,
	.on_pdu = nla_on_pdu,
	.on_bytes = greet_on_bytes,
	.on_bad_frame = nla_on_bad_frame,
	.on_end = nla_on_end,
	.on_time_limit = nla_on_time_limit,
};

/* sekisho-nla thinks: the host has nothing to say. */
const struct phase_ops phase_nla_waits = {
	.on_end = nla_on_end,
	.on_time_limit = nla_on_time_limit,
};

const struct phase_ops phase_nla_waits_greeted = {
	.reads = {[SIDE_CLIENT] = READ_STREAM, [SIDE_GREETER] = READ_STREAM},
	.on_bytes = greet_on_bytes,
	.on_end = nla_on_end,
	.on_time_limit = nla_on_time_limit,
};
