/* A client has said who it is: from INTRODUCED to ATTACH.
 *
 *	evidence of its device  ->  one transaction: ticket, verdict, start record  ->  an older connection of the
 *	session closed  ->  jump host dialled  ->  the worker gets the socket
 *
 * Whatever fails on the way ends the connection with its reason; from the start record on, it also ends the
 * session in the log.
 */
#ifndef SUPERVISOR_ATTEMPTS_H
#define SUPERVISOR_ATTEMPTS_H

#include "messages/messages.h"
#include "supervisor/connections.h"

struct attempt;

/* On failure the connection is ended. */
void attempt_start(struct connection *connection, const struct msg_introduced *introduced);

/* The connection is over: whatever is under way is stopped, and what can no longer be stopped is undone when it
 * is done. Takes the attempt; NULL is accepted. */
void attempt_abandon(struct attempt *attempt, enum close_reason reason, enum phase phase);

/* An older connection of a session is over: the attempt of this connection, if there still is one, has waited for
 * that. */
void attempt_goes_on(struct connection *connection);

/* For the log; "" while unknown, and for NULL. */
const char *attempt_account(const struct attempt *attempt);
const char *attempt_terminal(const struct attempt *attempt);

#endif
