/* A back end that is being attached: what the supervisor said of it, and how far it is. */
#ifndef RELAY_PHASE_ATTACH_H
#define RELAY_PHASE_ATTACH_H

#include "base/secret.h"
#include "nla/outcomes.h"
#include "policy/host_credentials.h"
#include "policy/rights.h"
#include "rdp/auto_reconnect.h"
#include "rdp/autodetect.h"
#include "rdp/client_info.h"
#include "rdp/x224.h"
#include "relay/connection.h"
#include "relay/host_certificate.h"

/* What is expected of the jump host next, in this order. */
enum attach_step {
	ATTACH_CONFIRM,     /* X.224 Connection Confirm */
	ATTACH_TLS,         /* its half of the handshake */
	ATTACH_NLA,         /* CredSSP (phase_nla.c), where the session has NLA */
	ATTACH_NLA_SAID,    /* … its last message has gone; sekisho-nla still says how it ended */
	ATTACH_CREDENTIALS, /* the host has no NLA after all: the supervisor's word, not the host's */
	ATTACH_CONNECT_RESPONSE, /* MCS, with its channel ids */
	ATTACH_USER_CONFIRM,
	ATTACH_JOINS,
	ATTACH_FIRST_PDU, /* licensing, auto-detect or Demand Active: the desktop has begun */
	ATTACH_TAKE_OVER, /* its Demand Active is here; the sign-in screen's last PDU is not over */
};

/* Below, pictures would need a palette, which libfreerdp's server, of a greeter and of a mediator, cannot send. */
#define COLOUR_BITS_LEAST 15

struct bridge;

struct attachment {
	enum side side; /* SIDE_HOST, or SIDE_GREETER */
	enum attach_step step;
	struct bridge *bridge; /* that is being made */
	struct host_trust trust;
	enum attach_nla nla;
	struct host_credentials
		credentials; /* until Client Info is written; none: the engineer types */
	bool resumable;
	struct auto_reconnect_cookie resume; /* for the client */
	bool host_knows;
	struct client_info_cookie host_cookie; /* for this host */
	uint32_t rights;                       /* session_rights_at_host */
	char channels[RIGHT_CHANNELS_SIZE];    /* dynamic ones that the terminal names */
	struct x224_confirm confirm;
	enum credssp_wants
		nla_wants; /* ATTACH_NLA: of the jump host; NOTHING while sekisho-nla is at it */
	bool nla_host_ended; /* … the host closed its half meanwhile: after a refusal that is being read */
	uint16_t joining;            /* ATTACH_JOINS: place in the order of attach.c */
	struct secret demand_active; /* ATTACH_TAKE_OVER: the whole frame */
	struct autodetect autodetect;
};

/* Of the greeter: no TLS, no rights. NULL if there is no memory. */
struct attachment *attachment_new(enum side side);

/* Opens the host's leg (*fd is taken, also on failure) and copies what is needed of the message.
 * Returns 0 or a negative errno. */
int attachment_take(struct connection *conn, const struct msg_attach *attach, int *fd);

/* Wipes. Accepts NULL. */
void attachment_free(struct attachment *attachment);

/* The back end cannot be attached: the connection is closed, or goes back to the sign-in screen that it has. */
void attach_failed(struct connection *conn, enum close_reason reason, const char *detail);

/* The jump host ended it without a reason. */
void attach_refused(struct connection *conn, const char *detail);

#endif
