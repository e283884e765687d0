/* What a redirected client is told. */
#ifndef RELAY_PHASE_REDIRECT_H
#define RELAY_PHASE_REDIRECT_H

#include "relay/connection.h"

struct redirection;

/* What the supervisor's REDIRECT said, for when the sign-in screen is there. */
void redirection_take(struct connection *conn, const struct msg_redirect *redirect);

/* The supervisor's REDIRECT, in GREET. */
void greet_on_redirect(struct connection *conn, const struct msg_redirect *redirect);

/* Wipes. Accepts NULL. */
void redirection_free(struct redirection *redirection);

#endif
