/* Signing in without a ticket: from INTRODUCED to a desktop, or back to the sign-in screen to say why not.
 *
 *	credentials of Client Info  ->  PAM  ->  rules of the account  ->  terminal  ->  the hospital's consent
 *	->  start record  ->  jump host dialled  ->  ATTACH (in-band) or REDIRECT
 *
 * With all of it in Client Info ("account%terminal" or "account#terminal", and the password) nothing is shown; else a greeter
 * asks for what is missing, beginning there. Steps of sign_in_steps.def; whatever fails shows why and goes back to
 * the step it names. At most sign_in.greeters are under way at once, with a screen or without. For the loop thread.
 */
#ifndef SUPERVISOR_SIGN_INS_H
#define SUPERVISOR_SIGN_INS_H

#include "messages/messages.h"
#include "supervisor/connections.h"

struct sign_in;

/* The client shows no ticket and its listener allows signing in. On failure the connection is ended. */
void sign_in_start(struct connection *connection, const struct msg_introduced *introduced);

/* The session of a client with a ticket has begun (session_start_events.ready): it is told what it has to be told, waits for whom it has to
 * wait for, and goes on. On failure the connection is ended. */
void sign_in_enter(struct connection *connection, const struct session_grant *grant);

/* Somebody watches its session. */
void sign_in_watcher_came(struct sign_in *sign_in);
bool sign_in_waits_for_watcher(const struct sign_in *sign_in); /* accepts NULL */

/* RETURNED: the jump host could not be attached, or a redirected client is still here. -EPROTO: that cannot be. */
int sign_in_returned(struct connection *connection, const struct msg_returned *returned);

/* The connection is over for this reason, or the desktop has begun (MOVED to BRIDGE): CLOSE_NONE. The greeter goes, and what
 * the login log does not have yet comes into it. Accepts NULL. */
void sign_in_abandon(struct sign_in *sign_in, enum close_reason reason);

/* For the log; "" while unknown, "?" for what no account can be called. */
const char *sign_in_account(const struct sign_in *sign_in);
const char *sign_in_terminal(const struct sign_in *sign_in);

/* For `gateway status`: how many are under way. */
uint32_t sign_ins_count(const struct supervisor *supervisor);

#endif
