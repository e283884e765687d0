/* What the supervisor said in ATTACH, kept while the phase lasts. */
#ifndef RELAY_PHASE_ATTACH_H
#define RELAY_PHASE_ATTACH_H

#include "rdp/x224.h"
#include "relay/connection.h"
#include "relay/host_certificate.h"

/* What is expected of the jump host next, in this order. */
enum attach_step {
	ATTACH_CONFIRM,          /* X.224 Connection Confirm */
	ATTACH_TLS,              /* its half of the handshake */
	ATTACH_CONNECT_RESPONSE, /* MCS, with its channel ids */
	ATTACH_USER_CONFIRM,
	ATTACH_JOINS,
	ATTACH_FIRST_PDU, /* licensing, auto-detect or Demand Active: the desktop has begun */
};

struct attachment {
	enum attach_step step;
	struct host_trust trust;
	uint32_t rights; /* bits of enum session_right */
	struct x224_confirm confirm;
	uint16_t joining; /* ATTACH_JOINS: place in the order of attach.c */
};

/* Opens the host's leg (*fd is taken, also on failure) and copies what is needed of the message.
 * Returns 0 or a negative errno. */
int attachment_take(struct connection *conn, const struct msg_attach *attach, int *fd);

/* Wipes. Accepts NULL. */
void attachment_free(struct attachment *attachment);

#endif
