/* Static channels that are filtered (B8): the chunks of one channel, in both directions, and what becomes of the PDUs that
 * they make up. Pure: bytes in; what is to be sent goes to the bridge's queues. In the relay worker; both sides
 * may be hostile.
 *
 * A PDU is looked at by its first bytes (judge), or held back until it is whole where these do not suffice, up to a bound
 * (settle). What passes then goes through chunk by chunk, and is not looked at again. What a filter holds is
 * freed with the PDU; its own tables are bounded.
 *
 * Each filter is a file filter_NAME.c that ends in its struct channel_filter_ops; NULL slots refuse.
 */
#ifndef RELAY_CHANNEL_FILTER_H
#define RELAY_CHANNEL_FILTER_H

#include "policy/rights.h"
#include "rdp/channel_chunk.h"
#include "relay/bridge_queue.h"
#include "relay/connection.h"

/* As much of a PDU's beginning as judge may ask for: bridge.c has so many bytes of every frame at hand. */
#define FILTER_HEAD_MAX 28

enum filter_verdict {
	FILTER_PASS,
	FILTER_DROP,  /* thrown away; an answer may have been queued */
	FILTER_WHOLE, /* of judge: settle wants all of it */
	FILTER_WATCH, /* of judge: passes, and `watch` wants to see it */
	FILTER_BAD,   /* ends the session */
};

struct channel_filter;

/* A PDU, or its beginning. */
struct filter_pdu {
	enum side from;
	uint8_t *bytes;
	size_t have;
	size_t total;
	const char *why; /* of FILTER_BAD: constant text */
};

struct channel_filter_ops {
	size_t head_len;  /* what judge wants to see, or the whole PDU if it is shorter */
	size_t whole_max; /* longest PDU that is held back */
	/* With WHOLE it may have changed nothing: it may be asked again. */
	enum filter_verdict (*judge)(struct channel_filter *filter, struct filter_pdu *pdu);
	/* The whole PDU, which may be changed in place. PASS, DROP or BAD. */
	enum filter_verdict (*settle)(struct channel_filter *filter, struct filter_pdu *pdu);
	/* What passes of a PDU that judge has called WATCH, piece by piece. */
	void (*watch)(
		struct channel_filter *filter, enum side from, const uint8_t *bytes, size_t len);
	/* The session ends: what is still to be told. */
	void (*finish)(struct channel_filter *filter);
	void (*free_state)(void *state); /* which is not NULL */
};

extern const struct channel_filter_ops filter_cliprdr, filter_drdynvc, filter_rdpdr, filter_rdpsnd;

/* One direction. */
struct filter_way {
	struct chunk_order order;
	enum filter_verdict fate; /* of the PDU in transit; WHOLE while it is not known */
	bool judged;              /* WHOLE: all of it is wanted, and not its beginning alone */
	uint8_t *held;
	size_t held_len;
};

struct channel_filter {
	const struct channel_filter_ops *ops;
	uint32_t rights;               /* of the session, session_rights_at_host */
	const char *channels;          /* that the terminal names; borrowed */
	void *state;                   /* the filter's own */
	struct bridge_queue *queue[2]; /* of what goes to SIDE_CLIENT and SIDE_HOST; borrowed */
	struct file_news *news;        /* of files that move; borrowed */
	struct input_gate *const
		*gate;  /* of the session; borrowed. NULL, or NULL there: input always passes */
	uint16_t id[2]; /* the channel and the user, as those sides know them */
	uint16_t user[2];
	bool shows_header; /* CHANNEL_FLAG_SHOW_PROTOCOL, by the channel's options in CS_NET */
	struct filter_way ways[2]; /* from SIDE_CLIENT, from SIDE_HOST */
};

/* NULL for a channel that needs none. */
const struct channel_filter_ops *channel_filter_of(const char *channel);

/* Of a channel whose filter is `ops`; the borrowed things are the caller's to fill in. NULL if there is no memory. */
struct channel_filter *channel_filter_new(const struct channel_filter_ops *ops, uint32_t rights);

/* Accepts NULL. */
void channel_filter_free(struct channel_filter *filter);

/* A chunk (header and data) of which only the first `have` bytes are there: can it be told by them alone what becomes of
 * it? PASS, DROP, BAD: it has been dealt with. WHOLE: no; channel_filter_chunk must be given all of it, and nothing
 * has changed yet. */
enum filter_verdict channel_filter_peek(struct channel_filter *filter, enum side from,
	uint8_t *chunk, size_t have, size_t len, const char **ret_why);

/* A whole chunk. PASS: it goes on as it is now. DROP: nothing of it does; what takes its place has been queued. BAD. */
enum filter_verdict channel_filter_chunk(struct channel_filter *filter, enum side from,
	uint8_t *chunk, size_t len, const char **ret_why);

/* For filters: a whole PDU goes to a side. */
void channel_filter_send(
	struct channel_filter *filter, enum side to, const void *bytes, size_t len);

/* For filters: the session has any of these rights. */
static inline bool
channel_filter_may(const struct channel_filter *filter, uint32_t rights)
{
	return (filter->rights & rights) != 0;
}

#endif
