/* One PDU that is being looked at: what bridge.c, bridge_look.c and bridge_follow.c know of it. */
#ifndef RELAY_BRIDGE_LOOK_H
#define RELAY_BRIDGE_LOOK_H

#include "rdp/share.h"
#include "relay/bridge.h"
#include "relay/bridge_rules.h"
#include "relay/input_gate.h"

struct look {
	struct bridge *bridge;
	enum side from;
	uint8_t *frame;   /* its first bytes: all of it, or LOOK_MAX at least */
	size_t have;      /* how many there are */
	size_t frame_len; /* how long it is */
	const char *why;
};

/* Every header, id and cookie that is looked at lies within so many bytes of a frame: send data header, share
 * headers, and the PDUs that name a user id (Synchronize, Control: 26 bytes of payload) or bring a cookie. */
#define LOOK_MAX 80

/* Who really sent it. */
static inline enum side
look_sender(const struct look *look)
{
	return look->from == SIDE_CLIENT ? SIDE_CLIENT : look->bridge->back_end;
}

/* In bridge.c, where most frames need nothing else. What bridge_rules.def says; of what it refuses, the result has the reason. */
enum rule_action bridge_judge(
	struct look *look, enum bridge_kind kind, struct bridge_result *result);

/* A frame that is not looked into: all of it passes, or is left out, or ends the session. As below. */
size_t bridge_look_at_whole(struct look *look, enum bridge_kind kind, struct bridge_result *result);

/* A frame of slow path, and share PDUs behind the first one in such a frame. Each returns how far the bytes may be counted
 * through before something must be looked at again; 0 ends the session. */
size_t bridge_look_at_tpkt(struct look *look, struct bridge_result *result);
size_t bridge_look_at_share(struct look *look, size_t payload_at, struct bridge_result *result);

/* What passes tells how far the connection is; ids in it are translated. */
void bridge_follow_share(struct look *look, size_t payload_at, const struct share_pdu *pdu);
/* A PDU with input begins here, `skip` bytes before its events: where somebody must watch, the gate follows it. */
void bridge_follow_input(struct look *look, enum input_form form, size_t skip, uint16_t events);
void bridge_follow_licence(struct look *look, uint8_t *payload, size_t have);

#endif
