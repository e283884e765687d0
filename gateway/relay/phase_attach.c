/* ATTACH - the jump host: X.224, TLS, its certificate, and then the client's connection sequence
 * (attach.c), up to its first PDU.
 *
 * A mediated session's host is a sekisho-mediator, which has the jump host behind it: no TLS and no certificate here, all else as with
 * any host.
 *
 * From:   DECIDE, or GREET: then the sign-in screen stays until the desktop begins (take_over.c), and whatever
 *         goes wrong leads back to it.   To: BRIDGE, GREET, DRAIN.
 * Trust:  the jump host is a machine of the hospital, and may be taken over: its bytes are parsed like
 *         a client's. Nothing of the client goes to it before its certificate was the right one.
 * Reads:  the jump host; the client's bytes wait where they are.
 * Limit:  the time limit `attach`.
 */
#include "relay/phase_attach.h"

#include "relay/attach.h"
#include "relay/back_end.h"
#include "relay/bridge.h"
#include "relay/connection_io.h"
#include "relay/introduction.h"
#include "relay/nla_link.h"
#include "relay/phase_greet.h"
#include "relay/phase_nla.h"
#include "relay/worker.h"

#include "base/cleanup.h"
#include "rdp/mcs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
take_cookies(struct attachment *attachment, const struct msg_attach *attach)
{
	attachment->resumable = attach->resume_random_len == AUTO_RECONNECT_RANDOM_LEN;
	attachment->resume.logon_id = attach->resume_id;
	memcpy(attachment->resume.random, attach->resume_random, AUTO_RECONNECT_RANDOM_LEN);
	attachment->host_knows = attach->host_verifier_len == CLIENT_INFO_VERIFIER_LEN;
	attachment->host_cookie.logon_id = attach->host_logon_id;
	memcpy(attachment->host_cookie.verifier, attach->host_verifier, CLIENT_INFO_VERIFIER_LEN);
}

int
attachment_take(struct connection *conn, const struct msg_attach *attach, int *fd)
{
	const struct host_trust_said said = {
		.kind = attach->trust,
		.pin = attach->pin,
		.pin_len = attach->pin_len,
		.ca_bundle = attach->ca_bundle,
		.ca_bundle_len = attach->ca_bundle_len,
		.name = attach->host_name,
	};
	const struct secret password = {(uint8_t *)attach->password, attach->password_len};
	int r;

	conn->attachment = attachment_new(SIDE_HOST);
	r = conn->attachment == NULL ? -ENOMEM : leg_open(conn, SIDE_HOST, fd);
	if (r < 0)
		return r;
	/* A session needs a certificate to compare with. */
	if (said.kind == HOST_TRUST_NOBODY)
		return -EKEYREJECTED;
	if (attach->nla > ATTACH_NLA_REQUIRED)
		return -EPROTO;
	/* Who logs on at the host is between the supervisor and the mediator. */
	if (said.kind == HOST_TRUST_MEDIATED &&
		(attach->nla != ATTACH_WITHOUT_NLA || attach->user[0] != '\0' ||
			attach->password_len > 0))
		return -EPROTO;
	conn->attachment->nla = (enum attach_nla)attach->nla;
	take_cookies(conn->attachment, attach);
	conn->attachment->rights = session_rights_at_host(attach->rights);
	(void)snprintf(conn->attachment->channels, sizeof(conn->attachment->channels), "%s",
		attach->channels);
	r = host_credentials_set(
		&conn->attachment->credentials, attach->user, attach->domain, &password);
	if (r < 0)
		return r;
	r = host_trust_init(&conn->attachment->trust, &said);
	return r == -EINVAL ? -EKEYREJECTED : r;
}

void
attachment_free(struct attachment *attachment)
{
	if (attachment == NULL)
		return;
	host_trust_done(&attachment->trust);
	host_credentials_done(&attachment->credentials);
	bridge_free(attachment->bridge);
	secret_done(&attachment->demand_active);
	secret_wipe(attachment, sizeof(*attachment));
	free(attachment);
}

struct attachment *
attachment_new(enum side side)
{
	struct attachment *attachment = calloc(1, sizeof(*attachment));

	if (attachment != NULL)
		attachment->side = side;
	return attachment;
}

/* Without a sign-in screen to go back to, or if it is the sign-in screen that failed, it is the end. */
void
attach_failed(struct connection *conn, enum close_reason reason, const char *detail)
{
	struct msg_returned returned = {.connection = conn->id, .reason = reason};

	if (conn->attachment->side == SIDE_HOST)
		nla_link_close(conn);
	if (conn->attachment->side == SIDE_GREETER) {
		connection_close(conn, CLOSE_GREETER_FAULT, detail);
		return;
	}
	if (conn->legs[SIDE_GREETER] == NULL) {
		connection_close(conn, reason, detail);
		return;
	}
	leg_drop(conn, SIDE_HOST);
	attachment_free(take_pointer(&conn->attachment));
	/* What cannot be attached at all has never left it. */
	if (conn->phase == PHASE_ATTACH)
		connection_go(conn, PHASE_GREET);
	if (detail != NULL)
		(void)snprintf(returned.detail, sizeof(returned.detail), "%s", detail);
	worker_tell(conn->worker, MSG_RETURNED, &returned);
}

/* With PROTOCOL_HYBRID that is how it says that whoever has shown the right credentials may not log on; with HYBRID_EX there are
 * four bytes for it (MS-RDPBCGR 5.4.5.2). */
void
attach_refused(struct connection *conn, const char *detail)
{
	const struct attachment *attachment = conn->attachment;
	bool behind_credentials = attachment->confirm.protocol == RDP_PROTOCOL_HYBRID &&
				  (attachment->step == ATTACH_NLA_SAID ||
					  attachment->step == ATTACH_CONNECT_RESPONSE);

	attach_failed(
		conn, behind_credentials ? CLOSE_HOST_LOGON_CLOSED : CLOSE_HOST_REFUSED, detail);
}

static void
attach_enter(struct connection *conn)
{
	uint32_t protocols = RDP_PROTOCOL_SSL;

	if (conn->attachment->nla != ATTACH_WITHOUT_NLA)
		protocols |= RDP_PROTOCOL_HYBRID | RDP_PROTOCOL_HYBRID_EX;
	back_end_request(conn, SIDE_HOST, protocols);
}

static bool
is_mediated(const struct connection *conn)
{
	return conn->attachment->trust.kind == HOST_TRUST_MEDIATED;
}

/* Its pictures come from libfreerdp's server, which has no palette to send. */
static void
begin_mediated(struct connection *conn)
{
	if (conn->introduction->client.color_depth < COLOUR_BITS_LEAST)
		attach_failed(conn, CLOSE_FEW_COLOURS, NULL);
	else
		attach_begin(conn);
}

static int
prepare_tls(struct connection *conn, struct ssl_st *ssl)
{
	return host_trust_prepare(&conn->attachment->trust, ssl);
}

static bool
is_nla(uint32_t protocol)
{
	return protocol == RDP_PROTOCOL_HYBRID || protocol == RDP_PROTOCOL_HYBRID_EX;
}

static bool
is_expected_confirm(const struct attachment *attachment)
{
	uint32_t protocol = attachment->confirm.protocol;

	if (attachment->confirm.kind != X224_CONFIRM_RESPONSE)
		return false;
	return (is_nla(protocol) && attachment->nla != ATTACH_WITHOUT_NLA) ||
	       (protocol == RDP_PROTOCOL_SSL && attachment->nla != ATTACH_NLA_REQUIRED);
}

static enum close_reason
why_not(const struct attachment *attachment)
{
	const struct x224_confirm *confirm = &attachment->confirm;

	if (attachment->nla == ATTACH_NLA_REQUIRED && confirm->kind == X224_CONFIRM_RESPONSE &&
		confirm->protocol == RDP_PROTOCOL_SSL)
		return CLOSE_HOST_WITHOUT_NLA;
	if (attachment->nla == ATTACH_WITHOUT_NLA && confirm->kind == X224_CONFIRM_FAILURE &&
		confirm->failure == RDP_FAILURE_HYBRID_REQUIRED)
		return CLOSE_HOST_WANTS_NLA;
	return CLOSE_HOST_NO_TLS;
}

static void
on_confirm(struct connection *conn, const uint8_t *pdu, size_t len)
{
	struct x224_confirm *confirm = &conn->attachment->confirm;
	const char *why = NULL;
	size_t used;
	int r;

	if (x224_confirm_parse(pdu, len, confirm, &used, &why) != PARSE_OK) {
		attach_failed(conn, CLOSE_HOST_NOT_RDP, why);
		return;
	}
	if (!is_expected_confirm(conn->attachment)) {
		attach_failed(conn, why_not(conn->attachment), NULL);
		return;
	}
	if (is_mediated(conn)) {
		begin_mediated(conn);
		return;
	}
	conn->attachment->step = ATTACH_TLS;
	r = leg_secure(conn, SIDE_HOST, conn->worker->host_tls, prepare_tls);
	if (r == -EINVAL)
		attach_failed(conn, CLOSE_HOST_CERTIFICATE,
			"the CA bundle or the host name cannot be used");
	else if (r < 0)
		connection_close(conn, CLOSE_OUT_OF_ROOM, "no memory for TLS");
}

static void
attach_phase_on_pdu(struct connection *conn, enum side side, uint8_t *pdu, size_t len)
{
	(void)side;
	back_end_on_pdu(conn, pdu, len, on_confirm);
}

static void
attach_on_bad_frame(struct connection *conn, enum side side, bool too_long)
{
	(void)side;
	if (conn->attachment->step == ATTACH_CONFIRM)
		attach_failed(
			conn, CLOSE_HOST_NOT_RDP, "its answer is no X.224 Connection Confirm");
	else
		attach_failed(conn, CLOSE_HOST_BAD_PDU, back_end_bad_frame(too_long));
}

/* Whose it is and why it is refused goes into the log; the client learns neither. */
static void
refuse_certificate(struct connection *conn, enum side side, const char *why)
{
	struct msg_certificate_refused refused = {.connection = conn->id};

	if (host_trust_refused(&conn->attachment->trust, leg_ssl(conn, side), &refused))
		worker_tell(conn->worker, MSG_CERTIFICATE_REFUSED, &refused);
	attach_failed(conn, CLOSE_HOST_CERTIFICATE, why);
}

static void
attach_on_secured(struct connection *conn, enum side side)
{
	if (!host_trust_check(&conn->attachment->trust, leg_ssl(conn, side)))
		refuse_certificate(conn, side, NULL);
	else if (is_nla(conn->attachment->confirm.protocol))
		nla_begin(conn);
	else if (conn->attachment->nla == ATTACH_NLA_IF_OFFERED)
		nla_not_offered(conn);
	else
		attach_begin(conn);
}

static void
attach_on_tls_failed(struct connection *conn, enum side side, const char *why)
{
	if (host_trust_failed(&conn->attachment->trust, leg_ssl(conn, side)))
		refuse_certificate(conn, side, why);
	else
		attach_failed(conn, CLOSE_HOST_TLS_FAILED, why);
}

static void
attach_on_end(struct connection *conn, enum side side, int error, bool waited)
{
	if (side != SIDE_HOST)
		connection_peer_ended(conn, side, error, waited);
	else
		attach_refused(conn, "it closed the connection");
}

static void
attach_on_time_limit(struct connection *conn)
{
	attach_failed(conn, CLOSE_HOST_TOO_SLOW, NULL);
}

const struct phase_ops phase_attach = {
	.reads = {[SIDE_HOST] = READ_PDUS},
	.pdu_max = {[SIDE_HOST] = MCS_CONNECT_MAX},
	.enter = attach_enter,
	.on_pdu = attach_phase_on_pdu,
	.on_bad_frame = attach_on_bad_frame,
	.on_secured = attach_on_secured,
	.on_tls_failed = attach_on_tls_failed,
	.on_end = attach_on_end,
	.on_time_limit = attach_on_time_limit,
};

/* Behind the sign-in screen, which goes on until the desktop begins. */
const struct phase_ops phase_attach_greeted = {
	.reads = {[SIDE_CLIENT] = READ_STREAM,
		[SIDE_HOST] = READ_PDUS,
		[SIDE_GREETER] = READ_STREAM},
	.pdu_max = {[SIDE_HOST] = MCS_CONNECT_MAX},
	.enter = attach_enter,
	.on_pdu = attach_phase_on_pdu,
	.on_bytes = greet_on_bytes,
	.on_bad_frame = attach_on_bad_frame,
	.on_secured = attach_on_secured,
	.on_tls_failed = attach_on_tls_failed,
	.on_end = attach_on_end,
	.on_time_limit = attach_on_time_limit,
};
