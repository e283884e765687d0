/* What a client has said of itself: filled by SNIFF and INTRODUCE, told to the supervisor by DECIDE,
 * replayed to the jump host by ATTACH, and then wiped. Everything in it is a claim.
 */
#ifndef RELAY_INTRODUCTION_H
#define RELAY_INTRODUCTION_H

#include "base/secret.h"
#include "rdp/gcc.h"
#include "rdp/x224.h"

/* The promise in our Connection Confirm, made before the jump host is known. */
#define INTRODUCTION_CONFIRM_FLAGS (RDP_CONFIRM_EXTENDED_CLIENT_DATA | RDP_CONFIRM_DYNVC_GFX)

/* The source of what the gateway itself says: the MCS server's own channel (T.125 7, 1002). */
#define INTRODUCTION_SERVER_USER 1002

struct introduction {
	struct x224_request request;
	struct gcc_client client;
	struct secret connect_initial; /* the whole frame as it came */
	struct secret client_info;     /* the Client Info PDU's payload: holds a password */

	/* Our side of MCS: these ids never change for the client. */
	uint16_t user;
	uint16_t message_channel; /* 0: none */
	bool attached;            /* Attach User was answered */
	bool domain_erected;
};

/* Returns NULL if there is no memory. */
struct introduction *introduction_new(void);

/* Wipes. Accepts NULL. */
void introduction_free(struct introduction *introduction);

#endif
