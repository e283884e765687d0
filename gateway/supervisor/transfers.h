/* Files that move through sessions (B8): what workers tell of them becomes records of the log and lines of session.log. A worker
 * that tells more than anybody can move is not believed to have an end: what is too much is counted. */
#ifndef SUPERVISOR_TRANSFERS_H
#define SUPERVISOR_TRANSFERS_H

#include "messages/messages.h"
#include "supervisor/connections.h"

/* Returns 0, or -EPROTO for a message that no worker of ours sends. */
int transfer_told(struct connection *connection, const struct msg_file_moved *moved);

/* The session is over: what was only counted is told. */
void transfers_finish(struct connection *connection);

#endif
