/* Automatic reconnection: a client has shown the cookie of a session (resumes.h). Evidence of its device is looked for, then the
 * session goes on (session_starts.h), without a ticket or a sign-in screen. Whoever has no session to come back to is a new
 * client like any other. For the loop thread.
 */
#ifndef SUPERVISOR_RECONNECTS_H
#define SUPERVISOR_RECONNECTS_H

#include "messages/messages.h"
#include "supervisor/connections.h"

struct reconnect;

/* Returns true if this is the cookie of a session that may go on: it does, or `otherwise` is called later. False: nothing has
 * happened, but that a wrong cookie was counted as a failure, or connection->signs_in_again set. */
bool reconnect_start(struct connection *connection, const struct msg_introduced *introduced,
	void (*otherwise)(struct connection *connection, const struct msg_introduced *introduced));

/* The connection is over. Takes it; NULL is accepted. */
void reconnect_abandon(struct reconnect *reconnect);

#endif
