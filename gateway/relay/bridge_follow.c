/* What passes the bridge tells how far the connection is: its stage, its share id, the end of licensing; and ids inside share
 * PDUs are translated. See bridge_look.h.
 */
#include "relay/bridge_look.h"

#define LICENCE_TYPE_AT 4 /* behind the security header, 2.2.1.12.1.1 */

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
		bridge_gate_settle(bridge);
		bridge->cookies.due = bridge->cookies.given && !bridge->cookies.told;
	}
}

/* What passes on the I/O channel tells how far the connection is. */
void
bridge_follow_share(struct look *look, size_t payload_at, const struct share_pdu *pdu)
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

void
bridge_follow_input(struct look *look, enum input_form form, size_t skip, uint16_t events)
{
	struct bridge *bridge = look->bridge;
	struct bridge_way *way = &bridge->ways[SIDE_CLIENT];

	if (bridge->gate == NULL || bridge->stage == BRIDGE_REACTIVATING)
		return;
	input_gate_begin(bridge->gate, form, (uint32_t)skip, events, !way->drop);
	way->has_input = true;
}

void
bridge_follow_licence(struct look *look, uint8_t *payload, size_t have)
{
	share_clear_high_flags(payload);
	/* ERROR_ALERT (which says "valid client"), NEW_LICENSE and UPGRADE_LICENSE end licensing. */
	if (look->from == SIDE_HOST && have > LICENCE_TYPE_AT &&
		(payload[LICENCE_TYPE_AT] == 0xff || payload[LICENCE_TYPE_AT] == 0x03 ||
			payload[LICENCE_TYPE_AT] == 0x04))
		look->bridge->licensed = true;
}
