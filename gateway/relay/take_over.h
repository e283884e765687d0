/* From the sign-in screen to the jump host on the same connection: in ATTACH, once the jump host has been joined. */
#ifndef RELAY_TAKE_OVER_H
#define RELAY_TAKE_OVER_H

#include "relay/connection.h"

/* A frame of the jump host's, from behind Client Info up to its Demand Active. */
void take_over_on_pdu(struct connection *conn, uint8_t *pdu, size_t len);

#endif
