/* The filter of BRIDGE: frame after frame of both directions, counted through. In the relay worker; both sides'
 * bytes, decrypted, pass here, and both may be hostile. See bridge.h; what is in a frame: bridge_look.c.
 */
#include "relay/bridge_look.h"

#include "base/secret.h"
#include "relay/bridge_channels.h"
#include "relay/input_gate.h"

#include <stdlib.h>
#include <string.h>

_Static_assert(LOOK_MAX <= STREAM_TAIL_MAX, "what is not whole yet must fit in a leg's tail");

#define FAST_PATH_SECURITY 0xc0 /* encrypted or signed: not inside TLS, 2.2.8.1.2, 2.2.9.1.2 */

/* numEvents in fpInputHeader, and eventCode of an event, 2.2.8.1.2 */
#define FAST_PATH_EVENTS_SHIFT 2
#define FAST_PATH_EVENTS_MASK 0x0f
#define EVENT_CODE_SHIFT 5
#define EVENT_SYNC 3
#define EVENT_QOE_TIMESTAMP 6

/* fragmentation in updateHeader, 2.2.9.1.2.1 */
#define FRAGMENT_MASK 0x30
#define FRAGMENT_FIRST 0x20
#define FRAGMENT_NEXT 0x30

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
	free(bridge->gate);
	free(bridge);
}

static size_t
least(size_t one, size_t other)
{
	return one < other ? one : other;
}

static enum rule_when
when(const struct bridge *bridge, enum side from)
{
	if (from == SIDE_CLIENT && bridge->stage == BRIDGE_REACTIVATING)
		return WHEN_REACTIVATING;
	if (bridge->stage == BRIDGE_BEFORE)
		return WHEN_BEFORE;
	if (from != SIDE_CLIENT)
		return WHEN_AFTER;
	if (bridge->look_only)
		return WHEN_LOOKING;
	return bridge->gate != NULL && bridge->gate->closed ? WHEN_PAUSED : WHEN_AFTER;
}

enum rule_action
bridge_judge(struct look *look, enum bridge_kind kind, struct bridge_result *result)
{
	const struct rule *rule =
		bridge_rule(look_sender(look), when(look->bridge, look->from), kind);

	if (rule->action != REFUSE) {
		result->reason = (enum close_reason)rule->reason;
		return (enum rule_action)rule->action;
	}
	result->reason = bridge_refusal(look_sender(look));
	result->why = look->why != NULL ? look->why : "a PDU that may not pass here";
	return REFUSE;
}

size_t
bridge_look_at_whole(struct look *look, enum bridge_kind kind, struct bridge_result *result)
{
	enum rule_action action = bridge_judge(look, kind, result);

	if (action != PASS && action != DROP)
		return 0;
	look->bridge->ways[look->from].drop = action == DROP;
	return look->frame_len;
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

/* The first update of a frame tells: servers put no more than one into a frame with fragments. */
static void
follow_fragments(struct look *look, uint8_t header_len)
{
	uint8_t place = look->frame[header_len] & FRAGMENT_MASK;

	look->bridge->ways[SIDE_HOST].in_fragments =
		place == FRAGMENT_FIRST || place == FRAGMENT_NEXT;
}

/* Returns how far the frame may be counted through; 0 ends the session. Its first byte behind the header is there. */
static size_t
look_at_fast_path(struct look *look, uint8_t header_len, struct bridge_result *result)
{
	bool in_clear = (look->frame[0] & FAST_PATH_SECURITY) == 0;
	size_t until;

	if (look_sender(look) == SIDE_GREETER)
		follow_fragments(look, header_len);
	else if (look_sender(look) == SIDE_CLIENT)
		count_fast_path_input(look, header_len);
	until = bridge_look_at_whole(look, in_clear ? KIND_FAST_PATH : KIND_OTHER, result);
	if (until != 0 && look->from == SIDE_CLIENT)
		bridge_follow_input(look, INPUT_FAST, header_len,
			look->frame[0] >> FAST_PATH_EVENTS_SHIFT & FAST_PATH_EVENTS_MASK);
	return until;
}

/* A PDU begins at bytes. Returns 1 when it was looked at and the way counts it, 0 when more bytes are
 * needed first, -1 when it ends the session. */
static int
begin_pdu(struct look *look, struct bridge_result *result)
{
	struct bridge_way *way = &look->bridge->ways[look->from];
	struct frame frame;
	size_t wanted, until;

	switch (frame_parse(look->frame, look->have, &frame)) {
	case PARSE_NEED_MORE:
		return 0;
	case PARSE_BAD:
		look->why = "bytes that are no PDU";
		(void)bridge_judge(look, KIND_OTHER, result);
		return -1;
	case PARSE_OK:
		break;
	}
	wanted = frame.kind == FRAME_FAST_PATH ? frame.header_len + 1u : LOOK_MAX;
	if (look->have < least(frame.len, wanted))
		return 0;
	look->have = least(look->have, frame.len);
	look->frame_len = frame.len;
	way->drop = way->has_input = false;
	capability_scan_stop(&way->scan);
	until = frame.kind == FRAME_FAST_PATH ? look_at_fast_path(look, frame.header_len, result)
					      : bridge_look_at_tpkt(look, result);
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
	way->has_input = false;
	capability_scan_stop(&way->scan);
	if (look->have < least(look->frame_len, LOOK_MAX))
		return 0;
	look->have = least(look->have, look->frame_len);
	until = bridge_look_at_share(look, 0, result);
	if (until != 0 && way->drop) {
		/* The frame's length has been sent: what belongs to it cannot be left out any more. */
		way->drop = false;
		look->why = "input among other PDUs where it may not pass";
		(void)bridge_judge(look, KIND_OTHER, result);
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

/* Of a session that somebody must watch. */
static bool
follow_input(struct bridge *bridge, const struct bridge_way *way, uint8_t *bytes, size_t len,
	struct bridge_result *result)
{
	if (!input_gate_bytes(bridge->gate, bytes, len)) {
		result->reason = CLOSE_CLIENT_BAD_PDU;
		result->why = "an input event that nobody knows";
		return false;
	}
	if (way->left == 0)
		bridge_gate_settle(bridge);
	return true;
}

/* Bytes of the frame in transit, of which way->left are still to come. Returns whether they go on. */
static bool
pass_bytes(struct bridge *bridge, enum side from, uint8_t *bytes, size_t len,
	struct bridge_result *result)
{
	struct bridge_way *way = &bridge->ways[from];

	if (way->has_input && !follow_input(bridge, way, bytes, len, result))
		return false;
	if (way->collecting.filter != NULL)
		return bridge_collect(bridge, from, bytes, len, result);
	if (way->scan.step != 0)
		(void)capability_scan_bytes(&way->scan, bytes, len);
	return !way->drop;
}

/* Filters of channels have something to say, which they seldom have. */
static bool
has_queued(const struct bridge *bridge)
{
	const struct bridge_queue *one = &bridge->ways[SIDE_CLIENT].queue;
	const struct bridge_queue *other = &bridge->ways[SIDE_HOST].queue;

	return (one->len | other->len) != 0 || one->failed || other->failed;
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
		if (has_queued(bridge))
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
