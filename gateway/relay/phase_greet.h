/* The sign-in screen, relayed while the supervisor talks with its greeter. */
#ifndef RELAY_PHASE_GREET_H
#define RELAY_PHASE_GREET_H

#include "relay/bridge.h"

struct early_attach;

/* Closes its socket. Accepts NULL. */
void early_attach_free(struct early_attach *early);

/* The greeter's connection sequence is done: its PDUs are relayed from now on. */
void greet_begin(struct connection *conn);

/* Bytes between the client and the greeter, also while a jump host is attached behind it. */
size_t greet_on_bytes(struct connection *conn, enum side from, uint8_t *bytes, size_t len);

/* The same with a filter of bridge.h, for those who ask why it is over: `reason` is for connection_close. */
typedef void greet_filter(struct bridge *bridge, enum side from, uint8_t *bytes, size_t len,
	struct bridge_result *ret_result);
void greet_relay(struct connection *conn, enum side from, uint8_t *bytes, size_t len,
	greet_filter *filter, struct bridge_result *ret_result);

/* The supervisor's answers to who has signed in. */
void greet_on_attach(struct connection *conn, const struct msg_attach *attach, int *fd);

#endif
