/* What every child has in common towards the supervisor: it says of which build it is before all else, and answers the
 * watchdog. */
#ifndef MESSAGES_SUPERVISED_H
#define MESSAGES_SUPERVISED_H

#include "messages/channel.h"

/* A channel over `fd`, which is taken also on failure, with HELLO sent: setup->peer is PROCESS_SUPERVISOR. Returns 0, or a
 * negative errno; *ret_channel is then NULL or the caller's to free as a good one. */
int supervised_meet(const struct channel_setup *setup, int fd, struct channel **ret_channel);

/* The handler of PING in a child that has no connections to count. */
channel_function supervised_on_ping;

#endif
