/* What a look at a jump host asks and has found; see look_at_host.c. */
#ifndef RELAY_LOOK_AT_HOST_H
#define RELAY_LOOK_AT_HOST_H

#include "messages/messages.h"
#include "relay/connection.h"

/* Sets conn->look from the message. Returns 0, -EINVAL (see host_trust_init) or -ENOMEM; look_free in any
 * case. */
int look_take(struct connection *conn, const struct msg_look_at_host *message);
void look_free(struct look *look); /* accepts NULL */

#endif
