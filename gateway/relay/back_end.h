/* The first things between the gateway and whatever is behind it: a jump host or a greeter, attached or looked at. */
#ifndef RELAY_BACK_END_H
#define RELAY_BACK_END_H

#include "relay/connection.h"

/* Sends the X.224 Connection Request, without token or cookie, for these protocols (rdp/x224.h). */
void back_end_request(struct connection *conn, enum side side, uint32_t protocols);

/* A frame of one that is being attached: its Connection Confirm goes to on_confirm, what follows to attach.c. */
void back_end_on_pdu(struct connection *conn, uint8_t *pdu, size_t len,
	void (*on_confirm)(struct connection *conn, const uint8_t *pdu, size_t len));

/* What is wrong with a frame that is none. */
const char *back_end_bad_frame(bool too_long);

#endif
