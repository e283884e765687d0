/* What workers say to the supervisor. Nothing in it is believed but about the worker's own connections:
 * the channel has checked sender, order and bounds; a connection of another worker is as good as none.
 */
#ifndef SUPERVISOR_WORKER_MESSAGES_H
#define SUPERVISOR_WORKER_MESSAGES_H

#include "messages/channel.h"

struct child;

extern const struct channel_handler worker_messages[];

/* For struct children_setup. */
struct permits_seen *worker_connection_seen(void *owner, struct child *worker, uint64_t connection);
void worker_died(void *owner, struct child *worker);

#endif
