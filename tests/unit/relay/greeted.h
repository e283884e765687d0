/* A client at the sign-in screen, for the tests of what happens there. */
#ifndef TESTS_RELAY_GREETED_H
#define TESTS_RELAY_GREETED_H

#include "fakes.h"
#include "rdp/share.h"
#include "relay/bridge.h"

enum {
	GREETED_SHARE_ID = 0x000103ea,
	GREETED_USER = 1007,  /* the client's */
	GREETER_USER = 1003,  /* the same, as the greeter knows it */
	GREETED_UPDATE = 600, /* bytes of greeted_update */
};

/* In this phase, the screen active and at rest. */
void greeted_start(enum phase phase, const struct phase_ops *ops);

/* The legs of these sides are there. */
void greeted_legs(bool greeter, bool host);

/* A fast-path update of the greeter's; place: SINGLE 0, LAST 1, FIRST 2, NEXT 3. */
void greeted_update(uint8_t *ret_bytes, unsigned int place);

/* A share PDU on the I/O channel as a whole frame; to the client or to a server. */
size_t greeted_share(uint8_t *room, size_t size, enum side to, enum share_type type,
	uint8_t data_type, size_t body);

/* Bytes for the phase's on_bytes. */
size_t greeted_give(enum side from, const uint8_t *bytes, size_t len);

/* The share PDU in the frame at `at` of what was sent to the client; returns where the next frame begins. */
size_t greeted_sent(size_t at, struct share_pdu *ret_pdu, const uint8_t **ret_payload);

#endif
