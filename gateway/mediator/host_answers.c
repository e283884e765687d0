/* See host_answers.h. */
#include "mediator/host_answers.h"

#include "rdp/mcs.h"
#include "rdp/share.h"
#include "rdp/ts_request.h"
#include "rdp/x224.h"

/* 2.2.1.12.1: where the fields stand in a payload, and some values of them. */
enum {
	LICENCE_TYPE_AT = 4,
	LICENCE_ERROR_AT = 8,
	LICENCE_TRANSITION_AT = 12,
	NEW_LICENSE = 0x03,
	UPGRADE_LICENSE = 0x04,
	ERROR_ALERT = 0xff,
	STATUS_VALID_CLIENT = 7,
	ST_TOTAL_ABORT = 1,
};

static bool
is_nla(uint32_t protocol)
{
	return protocol == RDP_PROTOCOL_HYBRID || protocol == RDP_PROTOCOL_HYBRID_EX;
}

static enum mediate_outcome
look_at_selected(struct host_answers *answers, uint32_t protocol)
{
	answers->by_nla = is_nla(protocol);
	if (answers->by_nla)
		return answers->nla == ATTACH_WITHOUT_NLA ? MEDIATE_WANTS_NLA : MEDIATE_CONNECTED;
	if (protocol != RDP_PROTOCOL_SSL)
		return MEDIATE_NO_TLS;
	return answers->nla == ATTACH_NLA_REQUIRED ? MEDIATE_WITHOUT_NLA : MEDIATE_CONNECTED;
}

static enum mediate_outcome
look_at_confirm(struct host_answers *answers, const uint8_t *pdu, size_t len)
{
	struct x224_confirm confirm;
	const char *why = NULL;
	size_t used;

	if (x224_confirm_parse(pdu, len, &confirm, &used, &why) != PARSE_OK)
		return MEDIATE_NOT_RDP;
	answers->step = HOST_ANSWERS_TLS;
	if (confirm.kind == X224_CONFIRM_RESPONSE)
		return look_at_selected(answers, confirm.protocol);
	if (confirm.kind == X224_CONFIRM_FAILURE &&
		confirm.failure == RDP_FAILURE_HYBRID_REQUIRED &&
		answers->nla == ATTACH_WITHOUT_NLA)
		return MEDIATE_WANTS_NLA;
	return MEDIATE_NO_TLS;
}

/* What it says of the log-on is libfreerdp's to act on; here only its number is kept. */
static void
look_at_credssp(struct host_answers *answers, const uint8_t *pdu, size_t len)
{
	struct ts_request request;
	const char *why = NULL;

	if (ts_request_parse(pdu, len, &request, &why) == PARSE_OK && request.has_error)
		answers->status = request.error;
}

static void
note_share(struct host_answers *answers, const struct share_pdu *share, const uint8_t *pdu)
{
	if (share->type != SHARE_DATA || share->compressed_type != 0)
		return;
	if (share->data_type == SHARE_DATA_FONT_MAP)
		answers->active = true;
	else if (share->data_type == SHARE_DATA_SET_ERROR_INFO &&
		 share->total_len >= SHARE_ERROR_INFO_LEN)
		answers->error_info = bytes_get_u32le(pdu + SHARE_DATA_LEN);
}

/* Several PDUs may be in one payload. What cannot be read here is libfreerdp's to refuse. */
static void
note_shares(struct host_answers *answers, const uint8_t *payload, size_t len)
{
	struct share_pdu share;
	const char *why = NULL;

	while (len > 0 && share_parse(payload, len, len, &share, &why) == PARSE_OK &&
		share.total_len > 0) {
		note_share(answers, &share, payload);
		payload += share.total_len;
		len -= share.total_len;
	}
}

/* Behind the security header (2.2.8.1.1.2.1): type, flags and length of the preamble, and what an error alert says (2.2.1.12.1). */
static enum mediate_outcome
look_at_licence(struct host_answers *answers, const uint8_t *payload, size_t len)
{
	uint8_t type = len > LICENCE_TYPE_AT ? payload[LICENCE_TYPE_AT] : 0;

	answers->licensed = type == NEW_LICENSE || type == UPGRADE_LICENSE;
	if (type != ERROR_ALERT || len < SHARE_LICENCE_LEN - 4 ||
		bytes_get_u32le(payload + LICENCE_TRANSITION_AT) != ST_TOTAL_ABORT ||
		bytes_get_u32le(payload + LICENCE_ERROR_AT) == STATUS_VALID_CLIENT)
		return MEDIATE_CONNECTED;
	answers->status = bytes_get_u32le(payload + LICENCE_ERROR_AT);
	return MEDIATE_NO_LICENCE;
}

/* libfreerdp would connect to wherever it is told, and ask the name servers for it. */
static enum mediate_outcome
look_at_share(struct host_answers *answers, const uint8_t *pdu, size_t len)
{
	enum share_kind kind;
	struct mcs_send_data data;
	const char *why = NULL;

	if (len > UINT16_MAX ||
		mcs_send_data_parse(pdu, len, (uint16_t)len, &data, &why) != PARSE_OK ||
		data.kind != MCS_SEND_DATA_INDICATION || data.channel != MCS_IO_CHANNEL)
		return MEDIATE_CONNECTED;
	kind = share_kind_of(pdu + data.payload_at, data.payload_len, data.payload_len);
	if (!answers->active && kind == SHARE_KIND_SHARE)
		note_shares(answers, pdu + data.payload_at, data.payload_len);
	if (!answers->active && kind == SHARE_KIND_LICENCE)
		return look_at_licence(answers, pdu + data.payload_at, data.payload_len);
	return kind == SHARE_KIND_REDIRECTION ? MEDIATE_REDIRECTED : MEDIATE_CONNECTED;
}

enum mediate_outcome
host_answers_look(struct host_answers *answers, const uint8_t *pdu, size_t len)
{
	answers->licensed = false;
	if (answers->step == HOST_ANSWERS_CONFIRM)
		return look_at_confirm(answers, pdu, len);
	if (answers->step == HOST_ANSWERS_TLS && mcs_kind_of(pdu, len) == MCS_CONNECT_RESPONSE)
		answers->step = HOST_ANSWERS_MCS;
	else if (answers->step == HOST_ANSWERS_TLS)
		look_at_credssp(answers, pdu, len);
	else
		return look_at_share(answers, pdu, len);
	return MEDIATE_CONNECTED;
}
