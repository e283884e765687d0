/* See host_answers.h. */
#include "mediator/host_answers.h"

#include "rdp/mcs.h"
#include "rdp/share.h"
#include "rdp/ts_request.h"
#include "rdp/x224.h"

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

/* libfreerdp would connect to wherever it is told, and ask the name servers for it. */
static enum mediate_outcome
look_at_share(const uint8_t *pdu, size_t len)
{
	struct mcs_send_data data;
	const char *why = NULL;

	if (len > UINT16_MAX ||
		mcs_send_data_parse(pdu, len, (uint16_t)len, &data, &why) != PARSE_OK ||
		data.kind != MCS_SEND_DATA_INDICATION || data.channel != MCS_IO_CHANNEL)
		return MEDIATE_CONNECTED;
	return share_kind_of(pdu + data.payload_at, data.payload_len, data.payload_len) ==
			       SHARE_KIND_REDIRECTION
		       ? MEDIATE_REDIRECTED
		       : MEDIATE_CONNECTED;
}

enum mediate_outcome
host_answers_look(struct host_answers *answers, const uint8_t *pdu, size_t len)
{
	if (answers->step == HOST_ANSWERS_CONFIRM)
		return look_at_confirm(answers, pdu, len);
	if (answers->step == HOST_ANSWERS_TLS && mcs_kind_of(pdu, len) == MCS_CONNECT_RESPONSE)
		answers->step = HOST_ANSWERS_MCS;
	else if (answers->step == HOST_ANSWERS_TLS)
		look_at_credssp(answers, pdu, len);
	else
		return look_at_share(pdu, len);
	return MEDIATE_CONNECTED;
}
