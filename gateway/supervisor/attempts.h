/* A client has said who it is by a ticket: evidence of its device is looked for, then the session starts
 * (session_starts.h). Whatever fails on the way ends the connection with its reason.
 */
#ifndef SUPERVISOR_ATTEMPTS_H
#define SUPERVISOR_ATTEMPTS_H

#include "messages/messages.h"
#include "supervisor/connections.h"

struct attempt;

/* On failure the connection is ended. */
void attempt_start(struct connection *connection, const struct msg_introduced *introduced);

/* The connection is over. Takes the attempt; NULL is accepted. */
void attempt_abandon(struct attempt *attempt);

#endif
