/* The first thing that the gateway says to whatever is behind it: a jump host or a greeter, attached or looked at. */
#ifndef RELAY_BACK_END_H
#define RELAY_BACK_END_H

#include "relay/connection.h"

/* Sends the X.224 Connection Request, without token or cookie, for these protocols (rdp/x224.h). */
void back_end_request(struct connection *conn, enum side side, uint32_t protocols);

#endif
