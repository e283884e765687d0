/* The filter of BRIDGE. In the relay worker; both sides' bytes, decrypted, pass here, and both may be
 * hostile. See bridge.h and bridge_rules.def.
 */
#include "relay/bridge.h"

#include "base/secret.h"
#include "relay/bridge_channels.h"
#include "relay/bridge_rules.h"

#include "rdp/mcs.h"
#include "rdp/share.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Every header, id and cookie that is looked at lies within so many bytes of a frame: send data header, share
 * headers, and the PDUs that name a user id (Synchronize, Control: 26 bytes of payload) or bring a cookie. */
#define LOOK_MAX 80
_Static_assert(LOOK_MAX <= STREAM_TAIL_MAX, "what is not whole yet must fit in a leg's tail");
_Static_assert(LOOK_MAX >= MCS_SEND_DATA_HEAD_MAX + 26, "user ids must be in reach");
_Static_assert(LOOK_MAX >= MCS_SEND_DATA_HEAD_MAX + AUTO_RECONNECT_HEAD_MAX, "and cookies");

#define FAST_PATH_SECURITY 0xc0 /* encrypted or signed: not inside TLS, 2.2.8.1.2, 2.2.9.1.2 */
#define LICENCE_TYPE_AT 4       /* behind the security header, 2.2.1.12.1.1 */

#define DEMANDS_MAX 16 /* Demand Actives in a row, without a Font Map */
/* numEvents in fpInputHeader, and eventCode of an event, 2.2.8.1.2 */
#define FAST_PATH_EVENTS_SHIFT 2
#define FAST_PATH_EVENTS_MASK 0x0f
#define EVENT_CODE_SHIFT 5
#define EVENT_SYNC 3
#define EVENT_QOE_TIMESTAMP 6

/* TS_INPUT_PDU_DATA behind the share data header, and messageType of its first event behind eventTime, 2.2.8.1.1.3.1 */
#define INPUT_AT 18
#define INPUT_TYPE_AT 8
#define INPUT_EVENT_SYNC 0

/* fragmentation in updateHeader, 2.2.9.1.2.1 */
#define FRAGMENT_MASK 0x30
#define FRAGMENT_FIRST 0x20
#define FRAGMENT_NEXT 0x30

/* One PDU that is being looked at. */
struct look {
	struct bridge *bridge;
	enum side from;
	uint8_t *frame;   /* its first bytes: all of it, or LOOK_MAX at least */
	size_t have;      /* how many there are */
	size_t frame_len; /* how long it is */
	const char *why;
};

struct bridge *
bridge_new(enum side back_end)
{
	struct bridge *bridge = calloc(1, sizeof(*bridge));

	if (bridge != NULL)
		bridge->back_end = back_end;
	return bridge;
}

void
bridge_free(struct bridge *bridge)
{
	if (bridge == NULL)
		return;
	secret_wipe(&bridge->cookies, sizeof(bridge->cookies));
	bridge_channels_done(bridge);
	free(bridge);
}
static size_t
least(size_t one, size_t other)
{
	return one < other ? one : other;
}

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

/* Translating and remembering */

static void
translate_user(struct look *look, size_t at)
{
	const struct bridge *bridge = look->bridge;

	if (at + 2 <= look->have && bytes_get_u16le(look->frame + at) == bridge->user[look->from])
		bytes_put_u16le(look->frame + at, bridge->user[other_side(look->from)]);
}

static void
follow_stage(struct bridge *bridge, enum side from, const struct share_pdu *pdu)
{
	if (from == SIDE_CLIENT) {
		if (pdu->type != SHARE_CONFIRM_ACTIVE)
			return;
		bridge->answered = true;
		if (bridge->stage == BRIDGE_REACTIVATING)
			bridge->stage = BRIDGE_ACTIVATING;
	} else if (pdu->type == SHARE_DEMAND_ACTIVE) {
		bridge->share_id = pdu->share_id;
		bridge->demands++;
		if (bridge->stage != BRIDGE_REACTIVATING)
			bridge->stage = BRIDGE_ACTIVATING;
	} else if (pdu->data_type == SHARE_DATA_FONT_MAP && bridge->stage == BRIDGE_ACTIVATING) {
		bridge->stage = BRIDGE_ACTIVE;
		bridge->demands = 0;
		bridge->cookies.due = bridge->cookies.given && !bridge->cookies.told;
	}
}

/* What passes on the I/O channel tells how far the connection is. */
static void
follow_share(struct look *look, size_t payload_at, const struct share_pdu *pdu)
{
	struct bridge *bridge = look->bridge;
	uint8_t *payload = look->frame + payload_at;
	size_t user_at = 0;

	translate_user(look, payload_at + SHARE_SOURCE_AT);
	follow_stage(bridge, look->from, pdu);
	if (look->from == SIDE_HOST)
		bridge_follow_cookie(bridge, payload, look->have - payload_at, pdu);
	/* A client may still answer with the share id of before a resize; and it hears of no other than it was given. */
	if (pdu->has_share_id && (look->from == SIDE_CLIENT || bridge->stage != BRIDGE_BEFORE))
		bytes_put_u32le(payload + SHARE_ID_AT, bridge->share_id);
	if (payload_at + pdu->total_len <= look->have)
		user_at = share_user_id_at(payload, pdu);
	if (user_at != 0)
		translate_user(look, payload_at + user_at);
}

static void
follow_licence(struct look *look, uint8_t *payload, size_t have)
{
	share_clear_high_flags(payload);
	/* ERROR_ALERT (which says "valid client"), NEW_LICENSE and UPGRADE_LICENSE end licensing. */
	if (look->from == SIDE_HOST && have > LICENCE_TYPE_AT &&
		(payload[LICENCE_TYPE_AT] == 0xff || payload[LICENCE_TYPE_AT] == 0x03 ||
			payload[LICENCE_TYPE_AT] == 0x04))
		look->bridge->licensed = true;
}

/* Judging: what is to be done with it? */

static enum rule_when
when(const struct bridge *bridge, enum side from)
{
	if (from == SIDE_CLIENT && bridge->stage == BRIDGE_REACTIVATING)
		return WHEN_REACTIVATING;
	if (bridge->stage == BRIDGE_BEFORE)
		return WHEN_BEFORE;
	return from == SIDE_CLIENT && bridge->look_only ? WHEN_LOOKING : WHEN_AFTER;
}

/* Who really sent it. */
static enum side
sender(const struct look *look)
{
	return look->from == SIDE_CLIENT ? SIDE_CLIENT : look->bridge->back_end;
}

static enum rule_action
judge(struct look *look, enum bridge_kind kind, struct bridge_result *result)
{
	const struct rule *rule = bridge_rule(sender(look), when(look->bridge, look->from), kind);

	if (rule->action != REFUSE) {
		result->reason = (enum close_reason)rule->reason;
		return (enum rule_action)rule->action;
	}
	result->reason = bridge_refusal(sender(look));
	result->why = look->why != NULL ? look->why : "a PDU that may not pass here";
	return REFUSE;
}

/* A client alone with itself says where its locks stand, or how fast it draws: nobody has touched anything. Of several events
 * in one PDU some are somebody's. */
static void
count_fast_path_input(struct look *look, uint8_t header_len)
{
	uint8_t events = look->frame[0] >> FAST_PATH_EVENTS_SHIFT & FAST_PATH_EVENTS_MASK;
	uint8_t code = look->frame[header_len] >> EVENT_CODE_SHIFT;

	if (events != 1 || (code != EVENT_SYNC && code != EVENT_QOE_TIMESTAMP))
		look->bridge->inputs++;
}

/* The same of a Data PDU: TS_INPUT_PDU_DATA, 2.2.8.1.1.3.1. */
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
static size_t
look_at_share(struct look *look, size_t payload_at, struct bridge_result *result)
{
	const uint8_t *payload = look->frame + payload_at;
	enum bridge_kind kind;
	struct share_pdu pdu;

	if (share_parse(payload, look->have - payload_at, look->frame_len - payload_at, &pdu,
		    &look->why) != PARSE_OK) {
		(void)judge(look, KIND_OTHER, result);
		return 0;
	}
	kind = kind_of_share(look, &pdu);
	if (kind == KIND_INPUT)
		count_input(look, payload_at);
	switch (judge(look, kind, result)) {
	case PASS:
		follow_share(look, payload_at, &pdu);
		bridge_scan_capabilities(&look->bridge->ways[look->from], pdu.type, payload_at);
		return pdu.total_len;
	case DROP: /* and what follows in its frame */
		look->bridge->ways[look->from].drop = true;
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
		len = look_at_share(look, payload_at, result);
		return len == 0 ? 0 : payload_at + len;
	case SHARE_KIND_LICENCE:
		switch (judge(look, KIND_LICENCE, result)) {
		case PASS:
			follow_licence(look, payload, have);
			return look->frame_len;
		case DROP:
			look->bridge->ways[look->from].drop = true;
			return look->frame_len;
		default:
			return 0;
		}
	case SHARE_KIND_REDIRECTION:
		(void)judge(look, KIND_REDIRECTION, result);
		return 0;
	case SHARE_KIND_TRANSPORT_REQ:
		(void)judge(look, KIND_MULTITRANSPORT, result);
		return 0;
	default:
		(void)judge(look, KIND_OTHER, result);
		return 0;
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
	action = judge(look, kind, result);
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
		return judge(look, KIND_OTHER, result);
	}
	*ret_id = channel->id[other];
	if (channel->denied || *ret_id == 0)
		return judge(look, KIND_DENIED_CHANNEL, result);
	action = judge(look, KIND_CHANNEL, result);
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
		    &look->why) != PARSE_OK) {
		(void)judge(look, KIND_OTHER, result);
		return 0;
	}
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

static size_t
look_at_tpkt(struct look *look, struct bridge_result *result)
{
	enum mcs_kind kind = mcs_kind_of(look->frame, look->have);
	enum mcs_kind expected =
		look->from == SIDE_CLIENT ? MCS_SEND_DATA_REQUEST : MCS_SEND_DATA_INDICATION;

	if (kind == expected)
		return look_at_send_data(look, result);
	if (kind != MCS_DISCONNECT_ULTIMATUM) {
		(void)judge(look, KIND_OTHER, result);
		return 0;
	}
	/* Where it passes, the other side is told by the PDU itself; it is whole, if it is one at all. */
	if (judge(look, KIND_ULTIMATUM, result) != PASS_AS_LAST || look->have != look->frame_len)
		return 0;
	return look->frame_len;
}

/* The first update of a frame tells: servers put no more than one into a frame with fragments. */
static void
follow_fragments(struct look *look, uint8_t header_len)
{
	uint8_t place = look->frame[header_len] & FRAGMENT_MASK;

	look->bridge->ways[SIDE_HOST].in_fragments =
		place == FRAGMENT_FIRST || place == FRAGMENT_NEXT;
}

/* Returns how far the frame may be counted through; 0 ends the session. */
static size_t
look_at_fast_path(struct look *look, struct bridge_result *result)
{
	enum bridge_kind kind =
		(look->frame[0] & FAST_PATH_SECURITY) == 0 ? KIND_FAST_PATH : KIND_OTHER;

	switch (judge(look, kind, result)) {
	case PASS:
		return look->frame_len;
	case DROP:
		look->bridge->ways[look->from].drop = true;
		return look->frame_len;
	default:
		return 0;
	}
}

/* A PDU begins at bytes. Returns 1 when it was looked at and the way counts it, 0 when more bytes are
 * needed first, -1 when it ends the session. */
static int
begin_pdu(struct look *look, struct bridge_result *result)
{
	struct bridge_way *way = &look->bridge->ways[look->from];
	struct frame frame;
	size_t until;

	switch (frame_parse(look->frame, look->have, &frame)) {
	case PARSE_NEED_MORE:
		return 0;
	case PARSE_BAD:
		look->why = "bytes that are no PDU";
		(void)judge(look, KIND_OTHER, result);
		return -1;
	case PARSE_OK:
		break;
	}
	look->frame_len = frame.len;
	way->drop = false;
	capability_scan_stop(&way->scan);
	if (frame.kind == FRAME_FAST_PATH) {
		bool looked_into = sender(look) == SIDE_GREETER ||
				   (sender(look) == SIDE_CLIENT && frame.len > frame.header_len);

		if (looked_into && look->have <= frame.header_len)
			return 0;
		if (sender(look) == SIDE_GREETER)
			follow_fragments(look, frame.header_len);
		else if (looked_into)
			count_fast_path_input(look, frame.header_len);
		until = look_at_fast_path(look, result);
	} else {
		if (look->have < least(frame.len, LOOK_MAX))
			return 0;
		look->have = least(look->have, frame.len);
		until = look_at_tpkt(look, result);
	}
	way->left = (uint32_t)until;
	return until == 0 ? -1 : 1;
}

/* One share PDU has passed, and its frame holds another. As begin_pdu. */
static int
begin_more(struct look *look, struct bridge_result *result)
{
	struct bridge_way *way = &look->bridge->ways[look->from];
	size_t until;

	look->frame_len = way->more_pdu;
	capability_scan_stop(&way->scan);
	if (look->have < least(look->frame_len, LOOK_MAX))
		return 0;
	look->have = least(look->have, look->frame_len);
	until = look_at_share(look, 0, result);
	if (until != 0 && way->drop) {
		/* The frame's length has been sent: what belongs to it cannot be left out any more. */
		way->drop = false;
		look->why = "input among other PDUs where it may not pass";
		(void)judge(look, KIND_OTHER, result);
		until = 0;
	}
	if (until == 0) {
		way->refused = true;
		return -1;
	}
	way->more_pdu = (uint16_t)(look->frame_len - until);
	way->left = (uint32_t)until;
	return 1;
}

/* Bytes of the frame in transit, of which way->left are still to come. Returns whether they go on. */
static bool
pass_bytes(struct bridge *bridge, enum side from, uint8_t *bytes, size_t len,
	struct bridge_result *result)
{
	struct bridge_way *way = &bridge->ways[from];

	if (way->collecting.filter != NULL)
		return bridge_collect(bridge, from, bytes, len, result);
	(void)capability_scan_bytes(&way->scan, bytes, len);
	return !way->drop;
}

static void
filter(struct bridge *bridge, enum side from, uint8_t *bytes, size_t len, bool until_rest,
	struct bridge_result *result)
{
	struct bridge_way *way = &bridge->ways[from];
	size_t at = 0, take;
	int r;

	*result = (struct bridge_result){.reason = CLOSE_NONE};
	while (at < len && !(until_rest && bridge_is_at_rest(bridge)) &&
		!(from == SIDE_HOST && bridge_owes_cookie(bridge))) {
		if (way->left == 0) {
			struct look look = {
				.bridge = bridge,
				.from = from,
				.frame = bytes + at,
				.have = len - at,
			};

			r = way->more_pdu > 0 ? begin_more(&look, result)
					      : begin_pdu(&look, result);
			if (r <= 0)
				break;
		}
		take = least(way->left, len - at);
		way->left -= (uint32_t)take;
		if (pass_bytes(bridge, from, bytes + at, take, result)) {
			/* Something before it was dropped: close the gap. */
			if (result->out != at)
				memmove(bytes + result->out, bytes + at, take);
			result->out += take;
		}
		at += take;
		bridge_check_queues(bridge, from, result);
		if (result->reason != CLOSE_NONE || result->stopped)
			break;
	}
	result->used = at;
}

void
bridge_filter(struct bridge *bridge, enum side from, uint8_t *bytes, size_t len,
	struct bridge_result *result)
{
	filter(bridge, from, bytes, len, false, result);
}

void
bridge_filter_until_rest(struct bridge *bridge, enum side from, uint8_t *bytes, size_t len,
	struct bridge_result *result)
{
	filter(bridge, from, bytes, len, true, result);
}

bool
bridge_is_at_rest(const struct bridge *bridge)
{
	return bridge->stage == BRIDGE_ACTIVE && !bridge->ways[SIDE_HOST].in_fragments &&
	       bridge_to_boundary(bridge, SIDE_HOST) == 0;
}

void
bridge_take_over(struct bridge *bridge, const struct bridge *from)
{
	bridge->licensed = true;
	bridge->stage = BRIDGE_REACTIVATING;
	bridge->ways[SIDE_CLIENT].left = (uint32_t)bridge_to_boundary(from, SIDE_CLIENT);
	bridge->ways[SIDE_CLIENT].drop = true;
}

size_t
bridge_to_boundary(const struct bridge *bridge, enum side from)
{
	const struct bridge_way *way = &bridge->ways[from];

	return way->refused ? SIZE_MAX : (size_t)way->left + way->more_pdu;
}
