/* What passes between client and jump host once the desktop is in use: a pure filter over the stream of
 * PDUs in each direction (bytes in, bytes out, no I/O). PDUs are cut through: only their first bytes are
 * looked at, and the rest is counted. bridge_rules.def says what may pass.
 *
 * Ids are translated in place, two bytes at a time: the client keeps the ids that INTRODUCE gave it, the
 * jump host those that it gave in its Connect-Response.
 */
#ifndef RELAY_BRIDGE_H
#define RELAY_BRIDGE_H

#include "rdp/auto_reconnect.h"
#include "rdp/capability_scan.h"
#include "rdp/gcc.h"
#include "relay/bridge_queue.h"
#include "relay/connection.h"
#include "relay/file_news.h"

/* SIDE_CLIENT and SIDE_HOST: the back end, whichever it is. */
#define BRIDGE_SIDES 2

/* How far the desktop of the back end is. */
enum bridge_stage {
	BRIDGE_BEFORE, /* no Demand Active has passed */
	BRIDGE_REACTIVATING, /* taken over from another back end, which the client still answers: what it sends
				is dropped until its Confirm Active */
	BRIDGE_ACTIVATING, /* Demand Active has passed, and the Font Map that answers the client not yet */
	BRIDGE_ACTIVE,
};

struct bridge_channel {
	uint16_t id[BRIDGE_SIDES];     /* SIDE_HOST 0: a dead channel */
	bool denied;                   /* the host knows it under an inert name; nothing passes */
	struct channel_filter *filter; /* what passes is looked at; NULL: it is not */
};

/* A frame that goes to its channel's filter when it is whole. */
struct bridge_collecting {
	struct channel_filter *filter; /* NULL: none is under way */
	uint16_t chunk_at;             /* where its payload begins */
	uint16_t len;
	uint16_t have;
	uint8_t *frame; /* what has come of it, unless it came at once */
};

/* The stream that comes from one side. */
struct bridge_way {
	uint32_t left;     /* bytes until something must be looked at again */
	uint16_t more_pdu; /* behind them: bytes of share PDUs in the same frame, to be looked at */
	bool drop;         /* the bytes that are left are thrown away */
	bool has_input;    /* they are input, and the gate wants to see them */
	bool refused;      /* what was to follow in the frame may not pass: it stays incomplete */
	bool in_fragments; /* of the sign-in screen: the last fast-path update goes on in another frame */
	struct bridge_collecting collecting;
	struct capability_scan scan; /* of a Demand or Confirm Active that is passing */
	struct bridge_queue queue;   /* what filters put behind it */
};

/* Automatic reconnection: the client has a cookie of the gateway's, and the jump host's is for the gateway alone. */
struct bridge_cookies {
	bool given; /* there is one for the client */
	bool due; /* it must be sent to the client, on the next boundary of what comes from the host */
	bool told;     /* the client has had it */
	bool is_new;   /* `hosts` is one that nobody has looked at yet */
	uint32_t seen; /* of the host's, so far */
	struct auto_reconnect_cookie ours, hosts;
};

struct bridge {
	uint16_t user[BRIDGE_SIDES];    /* the client's MCS user id, as each side knows it */
	uint16_t io[BRIDGE_SIDES];      /* the I/O channel */
	uint16_t message[BRIDGE_SIDES]; /* the message channel; 0: none */
	uint8_t channel_count;
	enum side back_end; /* SIDE_HOST or SIDE_GREETER: whose rules are for what comes from it */
	enum bridge_stage stage;
	bool look_only; /* no input of the client passes (C7) */
	struct input_gate
		*gate;     /* of a session that somebody must watch; owned. NULL: nobody must */
	bool licensed;     /* the back end's last word on licensing has passed */
	bool answered;     /* a Confirm Active of the client's has passed */
	uint32_t share_id; /* of the last Demand Active */
	uint8_t demands;   /* of them so far that no desktop came of */
	uint32_t inputs;   /* PDUs of the client's with keyboard, mouse or touch input */
	struct bridge_cookies cookies;
	struct bridge_way ways[BRIDGE_SIDES];
	struct bridge_channel channels[GCC_CHANNELS_MAX];
	char *channel_names;   /* dynamic channels that the terminal names; owned, may be NULL */
	struct file_news news; /* files that moved and are still to be told */
};

/* To SIDE_HOST or SIDE_GREETER; the ids are attach.c's to fill in. NULL if there is no memory. */
struct bridge *bridge_new(enum side back_end);
void bridge_free(struct bridge *bridge);

/* Four eyes: input of the client passes (open) or is left out, from the next PDU on; there is no way back to a bridge without a gate.
 * The host is told to let go what is held, or how the locks stand (bridge_queued). Returns 0 or -ENOMEM: then the session
 * must end. */
int bridge_gate(struct bridge *bridge, bool open);

/* The desktop is active (again), or a PDU with input is over: what the host could not be told before. */
void bridge_gate_settle(struct bridge *bridge);

struct bridge_result {
	size_t used; /* bytes dealt with; the rest, at most STREAM_TAIL_MAX, must come again */
	size_t out;  /* bytes at the beginning of the buffer that are for the other side */
	enum close_reason
		reason;  /* CLOSE_NONE: go on. Else `out` is still to be sent, and nothing more */
	const char *why; /* constant text, or NULL */
	bool stopped;    /* a filter has something to say: bridge_take_queued, and then again */
};

/* Filters what `from` sent, in place. Stops where a cookie is due to the client (bridge_owes_cookie) before anything that
 * comes behind. */
void bridge_filter(struct bridge *bridge, enum side from, uint8_t *bytes, size_t len,
	struct bridge_result *ret_result);

/* As bridge_filter, but stops where the client could be taken from this back end to another. */
void bridge_filter_until_rest(struct bridge *bridge, enum side from, uint8_t *bytes, size_t len,
	struct bridge_result *ret_result);

/* The client could be taken to another back end now: its desktop is active, and what comes from this one is between two
 * updates. In the middle of a fragmented one the client would wait for a rest that does not come (2.2.9.1.2.1). */
bool bridge_is_at_rest(const struct bridge *bridge);

/* What filters put behind what came from a side, for the other one; it can be sent now, and must be before anything else
 * that comes from there. NULL if there is nothing, or in the middle of a frame. Empty it with bridge_queue_done. */
struct bridge_queue *bridge_queued(struct bridge *bridge, enum side from);

/* The client goes over from one bridge to another: what is missing of the frame it is sending belongs to the
 * old back end and will be dropped, and so is all it sends before its Confirm Active. */
void bridge_take_over(struct bridge *bridge, const struct bridge *from);

/* A share PDU of the host, of which the first `have` bytes are at payload. Its cookie is kept, and the client gets the gateway's
 * in its place. What may be a cookie and cannot be read is followed by ours: for a client the last one counts. */
void bridge_follow_cookie(
	struct bridge *bridge, uint8_t *payload, size_t have, const struct share_pdu *pdu);

/* The client must be sent a cookie now, and then bridge_cookie_sent be called. */
bool bridge_owes_cookie(const struct bridge *bridge);
void bridge_cookie_sent(struct bridge *bridge);

/* Bytes of the frame in transit that bridge_filter must still be given until the stream from a side is between two
 * of them and something can be put in; SIZE_MAX if that can never be, since the rest may not
 * pass. */
size_t bridge_to_boundary(const struct bridge *bridge, enum side from);

#endif
