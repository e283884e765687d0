/* Notices that nobody has acknowledged yet, and over which a newer one lies: each comes back when what lies over it is gone. The newest comes
 * back first. Pure.
 */
#ifndef NOTICE_COVERED_H
#define NOTICE_COVERED_H

#include "messages/messages.h"

#include <stdbool.h>
#include <stddef.h>

#define COVERED_MOST 8

/* Begins as {0}. */
struct covered {
	struct msg_notice_show notices[COVERED_MOST]; /* the oldest first */
	size_t count;
};

/* Whether a notice is kept when another one takes its place: it waits to be acknowledged. */
bool covered_keeps(const struct msg_notice_show *notice);

/* True: there was no room, and *ret_dropped, the oldest, is gone for it. */
bool covered_put(struct covered *covered, const struct msg_notice_show *notice,
	struct msg_notice_show *ret_dropped);

/* The newest; false: there is none. */
bool covered_take(struct covered *covered, struct msg_notice_show *ret_notice);

/* The oldest; false: there is none. */
bool covered_take_oldest(struct covered *covered, struct msg_notice_show *ret_notice);

#endif
