/* Which message may come now. Asked by channel.c before anything of a message reaches a handler: a
 * message from the wrong process, too early, too often or with a surprise descriptor ends its
 * sender.
 */
#ifndef MESSAGES_PERMITS_H
#define MESSAGES_PERMITS_H

#include "messages/messages.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What has gone over a channel, or over it for one connection, in either direction: a bit for each
 * row. Zero is "nothing yet". An object that stands for a connection holds one, so that the memory
 * of what has been seen is bounded by the number of connections and ends with them. */
struct permits_seen {
	uint64_t bits[2];
};

_Static_assert(MESSAGE_COUNT <= 128, "struct permits_seen has a bit for each row");

void permits_mark(struct permits_seen *seen, const struct message_row *row);
bool permits_has(const struct permits_seen *seen, enum message number);

struct permits {
	enum process self;
	enum process peer;
	struct permits_seen seen; /* of the channel as a whole */
};

/* Asked for each incoming message as soon as its number and descriptors are known: right sender,
 * right receiver, the right number of descriptors, ONCE not yet seen, `after` (a row of the
 * channel) seen. Returns 0 or -EPROTO; *ret_why then says which, in a fixed text. */
int permits_check(const struct permits *permits, const struct message_row *row, size_t descriptors,
	const char **ret_why);

/* The same for what a row says about a connection; `seen` is that connection's. */
int permits_check_connection(
	const struct permits_seen *seen, const struct message_row *row, const char **ret_why);

#endif
