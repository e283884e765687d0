/* What a PDU of slow path is by its headers, and whether it may pass: bridge_rules.def. See bridge_look.h. */
#include "relay/bridge_look.h"

#include "relay/bridge_channels.h"

#include "rdp/mcs.h"

_Static_assert(LOOK_MAX >= MCS_SEND_DATA_HEAD_MAX + 26, "user ids must be in reach");
_Static_assert(LOOK_MAX >= MCS_SEND_DATA_HEAD_MAX + AUTO_RECONNECT_HEAD_MAX, "and cookies");

#define DEMANDS_MAX 16 /* Demand Actives in a row, without a Font Map */

/* TS_INPUT_PDU_DATA behind the share data header, and messageType of its first event behind eventTime, 2.2.8.1.1.3.1 */
#define INPUT_AT 18
#define INPUT_TYPE_AT 8
#define INPUT_EVENT_SYNC 0

/* Classifying: what is it? */

/* The sign-in screen has one Demand Active: a second answer would be another keyboard or size in the middle of a word. */
static enum bridge_kind
kind_of_confirm(struct look *look)
{
	if (look->bridge->back_end != SIDE_GREETER || !look->bridge->answered)
		return KIND_CONFIRM_ACTIVE;
	look->why = "a second Confirm Active at the sign-in screen";
	return KIND_OTHER;
}

/* A client that is asked again and again does nothing else: a desktop that is resized becomes active in between. */
static enum bridge_kind
kind_of_demand(struct look *look)
{
	if (look->bridge->demands < DEMANDS_MAX)
		return KIND_DEMAND_ACTIVE;
	look->why = "Demand Active again and again";
	return KIND_OTHER;
}

static enum bridge_kind
kind_of_share(struct look *look, const struct share_pdu *pdu)
{
	switch (pdu->type) {
	case SHARE_DEMAND_ACTIVE:
		return kind_of_demand(look);
	case SHARE_CONFIRM_ACTIVE:
		return kind_of_confirm(look);
	case SHARE_DEACTIVATE_ALL:
		return KIND_DEACTIVATE_ALL;
	case SHARE_DATA:
		return look->from == SIDE_CLIENT && pdu->data_type == SHARE_DATA_INPUT ? KIND_INPUT
										       : KIND_DATA;
	case SHARE_REDIRECTION:
		return KIND_REDIRECTION;
	}
	return KIND_OTHER;
}

static enum bridge_kind
kind_on_message_channel(const uint8_t *payload, size_t have, size_t payload_len)
{
	switch (share_kind_of(payload, have, payload_len)) {
	case SHARE_KIND_AUTODETECT_REQ:
		return KIND_AUTODETECT_REQUEST;
	case SHARE_KIND_AUTODETECT_RSP:
		return KIND_AUTODETECT_RESPONSE;
	case SHARE_KIND_HEARTBEAT:
		return KIND_HEARTBEAT;
	case SHARE_KIND_TRANSPORT_REQ:
		return KIND_MULTITRANSPORT;
	case SHARE_KIND_REDIRECTION:
		return KIND_REDIRECTION;
	default:
		return KIND_OTHER;
	}
}

/* Judging: what is to be done with it? */

/* What no row lets pass. */
static size_t
refuse(struct look *look, enum bridge_kind kind, struct bridge_result *result)
{
	(void)bridge_judge(look, kind, result);
	return 0;
}

/* Where its locks stand a client says by itself, as in bridge.c. TS_INPUT_PDU_DATA, 2.2.8.1.1.3.1. */
static void
count_input(struct look *look, size_t payload_at)
{
	const uint8_t *input = look->frame + payload_at + INPUT_AT;
	bool whole = payload_at + INPUT_AT + INPUT_TYPE_AT + 2 <= look->have;

	if (!whole || bytes_get_u16le(input) != 1 ||
		bytes_get_u16le(input + INPUT_TYPE_AT) != INPUT_EVENT_SYNC)
		look->bridge->inputs++;
}

/* The share PDU at payload_at; the frame may hold more of them behind it. Returns its length, or 0 when
 * it ends the session. */
size_t
bridge_look_at_share(struct look *look, size_t payload_at, struct bridge_result *result)
{
	const uint8_t *payload = look->frame + payload_at;
	enum bridge_kind kind;
	struct share_pdu pdu;

	if (share_parse(payload, look->have - payload_at, look->frame_len - payload_at, &pdu,
		    &look->why) != PARSE_OK)
		return refuse(look, KIND_OTHER, result);
	kind = kind_of_share(look, &pdu);
	if (kind == KIND_INPUT)
		count_input(look, payload_at);
	switch (bridge_judge(look, kind, result)) {
	case PASS:
		if (kind == KIND_INPUT)
			bridge_follow_input(look, INPUT_SLOW, payload_at + INPUT_AT, 0);
		bridge_follow_share(look, payload_at, &pdu);
		bridge_scan_capabilities(&look->bridge->ways[look->from], pdu.type, payload_at);
		return pdu.total_len;
	case DROP: /* and what follows in its frame */
		look->bridge->ways[look->from].drop = true;
		if (kind == KIND_INPUT)
			bridge_follow_input(look, INPUT_SLOW, payload_at + INPUT_AT, 0);
		return look->frame_len - payload_at;
	default:
		return 0;
	}
}

/* A PDU on the I/O channel. Returns how far it may pass before something must be looked at again. */
static size_t
look_at_io(struct look *look, size_t payload_at, struct bridge_result *result)
{
	uint8_t *payload = look->frame + payload_at;
	size_t have = look->have - payload_at;
	size_t len;

	switch (share_kind_of(payload, have, look->frame_len - payload_at)) {
	case SHARE_KIND_SHARE:
		len = bridge_look_at_share(look, payload_at, result);
		return len == 0 ? 0 : payload_at + len;
	case SHARE_KIND_LICENCE:
		len = bridge_look_at_whole(look, KIND_LICENCE, result);
		if (len != 0)
			bridge_follow_licence(look, payload, have);
		return len;
	case SHARE_KIND_REDIRECTION:
		return refuse(look, KIND_REDIRECTION, result);
	case SHARE_KIND_TRANSPORT_REQ:
		return refuse(look, KIND_MULTITRANSPORT, result);
	default:
		return refuse(look, KIND_OTHER, result);
	}
}

static const struct bridge_channel *
find_channel(const struct bridge *bridge, enum side side, uint16_t id)
{
	for (uint8_t i = 0; id != 0 && i < bridge->channel_count; i++)
		if (bridge->channels[i].id[side] == id)
			return &bridge->channels[i];
	return NULL;
}

/* Whatever may pass on the message channel begins with a security header. */
static enum rule_action
look_at_message(struct look *look, const struct mcs_send_data *data, bool is_dead,
	struct bridge_result *result)
{
	uint8_t *payload = look->frame + data->payload_at;
	enum bridge_kind kind = KIND_DENIED_CHANNEL;
	enum rule_action action;

	if (!is_dead)
		kind = kind_on_message_channel(
			payload, look->have - data->payload_at, data->payload_len);
	action = bridge_judge(look, kind, result);
	if (action == PASS)
		share_clear_high_flags(payload);
	return action;
}

/* A channel with a filter: where the first bytes tell enough the frame is counted through, else it is collected. */
static enum rule_action
look_at_filtered(struct look *look, const struct mcs_send_data *data, struct channel_filter *filter,
	struct bridge_result *result)
{
	struct bridge_way *way = &look->bridge->ways[look->from];
	uint8_t *chunk = look->frame + data->payload_at;

	switch (channel_filter_peek(filter, look->from, chunk, look->have - data->payload_at,
		data->payload_len, &result->why)) {
	case FILTER_PASS:
		return PASS;
	case FILTER_DROP:
		return DROP;
	case FILTER_BAD:
		result->reason = bridge_bad_channel(look->from);
		return END_SESSION;
	default:
		way->collecting = (struct bridge_collecting){.filter = filter,
			.chunk_at = data->payload_at,
			.len = (uint16_t)look->frame_len};
		return PASS;
	}
}

/* Static and message channels: the whole frame shares one fate. */
static enum rule_action
look_at_channel(struct look *look, const struct mcs_send_data *data, uint16_t *ret_id,
	struct bridge_result *result)
{
	const struct bridge *bridge = look->bridge;
	enum side other = other_side(look->from);
	const struct bridge_channel *channel;
	enum rule_action action;

	if (data->channel == bridge->message[look->from] && bridge->message[look->from] != 0) {
		*ret_id = bridge->message[other];
		return look_at_message(look, data, *ret_id == 0, result);
	}
	channel = find_channel(bridge, look->from, data->channel);
	if (channel == NULL) {
		look->why = "data on a channel that was not joined";
		return bridge_judge(look, KIND_OTHER, result);
	}
	*ret_id = channel->id[other];
	if (channel->denied || *ret_id == 0)
		return bridge_judge(look, KIND_DENIED_CHANNEL, result);
	action = bridge_judge(look, KIND_CHANNEL, result);
	return action == PASS && channel->filter != NULL
		       ? look_at_filtered(look, data, channel->filter, result)
		       : action;
}

/* Returns how far the frame may be counted through; 0 ends the session. */
static size_t
look_at_send_data(struct look *look, struct bridge_result *result)
{
	struct bridge *bridge = look->bridge;
	struct bridge_way *way = &bridge->ways[look->from];
	enum side other = other_side(look->from);
	struct mcs_send_data data;
	uint16_t id = bridge->io[other];
	size_t until = look->frame_len;
	enum rule_action action;

	if (mcs_send_data_parse(look->frame, look->have, (uint16_t)look->frame_len, &data,
		    &look->why) != PARSE_OK)
		return refuse(look, KIND_OTHER, result);
	if (data.channel == bridge->io[look->from]) {
		until = look_at_io(look, data.payload_at, result);
		way->more_pdu = (uint16_t)(until == 0 ? 0 : look->frame_len - until);
	} else {
		action = look_at_channel(look, &data, &id, result);
		way->drop = action == DROP;
		if (action != DROP && action != PASS)
			return 0;
	}
	mcs_put_channel(look->frame, id);
	if (look->from == SIDE_CLIENT)
		mcs_put_initiator(look->frame, bridge->user[SIDE_HOST]);
	return until;
}

size_t
bridge_look_at_tpkt(struct look *look, struct bridge_result *result)
{
	enum mcs_kind kind = mcs_kind_of(look->frame, look->have);
	enum mcs_kind expected =
		look->from == SIDE_CLIENT ? MCS_SEND_DATA_REQUEST : MCS_SEND_DATA_INDICATION;

	if (kind == expected)
		return look_at_send_data(look, result);
	if (kind != MCS_DISCONNECT_ULTIMATUM)
		return refuse(look, KIND_OTHER, result);
	/* Where it passes, the other side is told by the PDU itself; it is whole, if it is one at all. */
	if (bridge_judge(look, KIND_ULTIMATUM, result) != PASS_AS_LAST ||
		look->have != look->frame_len)
		return 0;
	return look->frame_len;
}
