/* Attaching a back end: the client's own connection sequence, replayed to it with the few changes that
 * must be made. Called by phase_attach.c once TLS with the jump host stands and its certificate is good, and by
 * phase_greet.c once the greeter has answered.
 */
#ifndef RELAY_ATTACH_H
#define RELAY_ATTACH_H

#include "relay/connection.h"

/* Sends the Connect-Initial; the back end's answers go to attach_on_pdu. */
void attach_begin(struct connection *conn);

/* One frame from the back end; the last one moves the connection to BRIDGE. */
void attach_on_pdu(struct connection *conn, uint8_t *pdu, size_t len);

#endif
