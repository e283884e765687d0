/* One connection of a client in a relay worker, from TAKE_CLIENT to ENDED, and its only door:
 * connection_go changes the phase, connection_close ends it. phases.def is the map; each phase is a
 * file phase_NAME.c that ends in its struct phase_ops. What a slot of that table does not name is
 * refused: the connection is closed.
 */
#ifndef RELAY_CONNECTION_H
#define RELAY_CONNECTION_H

#include "messages/permits.h"
#include "rdp/pdu.h"
#include "relay/close_reasons.h"
#include "relay/phases.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct worker;
struct connection;

/* The sockets of one connection: TCP to the client and to the jump host, a socketpair to the greeter. */
enum side {
	SIDE_CLIENT,
	SIDE_HOST,
	SIDE_GREETER,
	SIDE_COUNT,
};

static inline enum side
other_side(enum side side)
{
	return side == SIDE_CLIENT ? SIDE_HOST : SIDE_CLIENT;
}

/* What a phase wants of the bytes that arrive on a side. */
enum reading {
	READ_NOTHING, /* they stay where they are; only the peer's leaving is noticed */
	READ_PDUS,    /* on_pdu gets one whole TPKT frame at a time, no byte beyond it is taken */
	READ_STREAM,  /* on_bytes gets them as they come, unless the other side's output waits */
	READ_DISCARD, /* thrown away */
};

/* on_bytes may leave this many bytes at the end for the next time, when more have come. */
#define STREAM_TAIL_MAX 96

struct phase_ops {
	enum reading reads[SIDE_COUNT];
	size_t pdu_max[SIDE_COUNT]; /* longest frame of READ_PDUS */

	void (*enter)(struct connection *conn);
	void (*leave)(struct connection *conn); /* wipes what only this phase needed */

	/* How long the frame of READ_PDUS is that begins with these bytes, 1 to 6 of them. NULL: TPKT. */
	enum parse_result (*measure)(
		struct connection *conn, const uint8_t *head, size_t have, size_t *ret_len);
	/* A whole frame. The bytes are the callee's to change and are wiped afterwards. */
	void (*on_pdu)(struct connection *conn, enum side side, uint8_t *pdu, size_t len);
	/* What arrived is no TPKT frame, or one longer than pdu_max. */
	void (*on_bad_frame)(struct connection *conn, enum side side, bool too_long);
	/* Returns how many bytes are dealt with: all, or all but a tail of STREAM_TAIL_MAX at most. */
	size_t (*on_bytes)(struct connection *conn, enum side side, uint8_t *bytes, size_t len);
	/* The TLS handshake is done. */
	void (*on_secured)(struct connection *conn, enum side side);
	/* The TLS handshake failed; why is OpenSSL's constant text. */
	void (*on_tls_failed)(struct connection *conn, enum side side, const char *why);
	/* The peer is gone: error 0 after an orderly end, else a negative errno. `waited`: output for
	 * this peer was still waiting. */
	void (*on_end)(struct connection *conn, enum side side, int error, bool waited);
	/* All output for this side is with the kernel. May be NULL. */
	void (*on_sent)(struct connection *conn, enum side side);
	/* The supervisor's ATTACH, GREET and REDIRECT; *fd is taken. */
	void (*on_attach)(struct connection *conn, const struct msg_attach *attach, int *fd);
	void (*on_greet)(struct connection *conn, int *fd);
	void (*on_redirect)(struct connection *conn, const struct msg_redirect *redirect);
	/* The phase's time limit (CONFIGURE) is over. */
	void (*on_time_limit)(struct connection *conn);
};

extern const struct phase_ops phase_sniff, phase_secure, phase_introduce, phase_decide, phase_greet,
	phase_attach, phase_attach_greeted, phase_nla, phase_nla_greeted, phase_nla_waits,
	phase_nla_waits_greeted, phase_redirect, phase_bridge, phase_drain, look_at_host;

struct connection {
	uint64_t id;
	enum phase phase;
	const struct phase_ops *ops; /* of the phase; look_at_host's for a look */
	struct worker *worker;
	struct connection *next; /* in the worker's table */
	struct permits_seen seen;

	enum close_reason reason;        /* CLOSE_NONE while nothing ends it */
	enum phase ended_in;             /* the phase when the reason came */
	const char *detail;              /* constant text for the log, or NULL */
	uint64_t bytes_from[SIDE_COUNT]; /* plain bytes taken from a side */
	uint64_t bytes_to[SIDE_COUNT];   /* plain bytes handed over for a side */

	struct leg *legs[SIDE_COUNT];      /* connection_io.c's; NULL if there is none */
	struct limit_timer *timer;         /* connection_io.c's */
	unsigned int open_handles;         /* of libuv; the last close callback frees */
	struct introduction *introduction; /* SNIFF to BRIDGE: what the client said */
	struct attachment *attachment; /* a back end that is being attached, and how far it is */
	struct bridge *bridge;         /* to the back end that the client is on */
	enum { GATE_NONE, GATE_OPEN, GATE_CLOSED } gate; /* INPUT_GATE; NONE: there was none */
	struct redirection *redirection;                 /* REDIRECT: what the client is told */
	struct early_attach
		*early;       /* GREET: an ATTACH that came before the sign-in screen was there */
	struct nla_link *nla; /* to the process that logs on to the jump host, while there is one */
	struct record_link *record; /* to the recorder of the session, while it has one */
	struct look *look;          /* look_at_host.c's */
	bool stays;      /* in GREET as long as the client likes: it watches a recording */
	char source[65]; /* the client's address, for log lines */
};

/* A client's socket (*fd is taken) enters SNIFF. Where that fails, the supervisor is told, and nothing is left. */
void connection_new_client(struct worker *worker, const struct msg_take_client *take, int *fd);

/* LOOK_AT_HOST: a jump host's connected socket (*fd is taken) and no client. As above. */
void connection_new_look(struct worker *worker, const struct msg_look_at_host *look, int *fd);

/* The only function that changes conn->phase. A move that phases.def does not know aborts. */
void connection_go(struct connection *conn, enum phase next);

/* Other ops for the same phase: it has got a step further. */
void connection_use(struct connection *conn, const struct phase_ops *ops);

/* The back end that the client is on, if any: the sign-in screen, or the jump host. */
static inline enum side
connection_back_end(const struct connection *conn)
{
	return conn->legs[SIDE_GREETER] != NULL ? SIDE_GREETER : SIDE_HOST;
}

/* Where a side's bytes go. */
static inline enum side
connection_counterpart(const struct connection *conn, enum side side)
{
	return side == SIDE_CLIENT ? connection_back_end(conn) : SIDE_CLIENT;
}

/* Ends it, by way of DRAIN where something can still be told or delivered. Safe from anywhere, any
 * number of times; the first reason wins. `detail` is a constant text or NULL. The struct stays
 * valid until the loop's turn is over. */
void connection_close(struct connection *conn, enum close_reason reason, const char *detail);

/* For our own mistakes where ending one connection is enough: logs the place and closes.
 * Returns the condition. */
#define conn_expect(conn, condition) \
	connection_expect((conn), (condition), __FILE__, __LINE__, #condition)
bool connection_expect(
	struct connection *conn, bool condition, const char *file, int line, const char *text);

/* What connection_io.c calls; each goes to the slot of the phase, or closes if that is empty. */
void connection_on_pdu(struct connection *conn, enum side side, uint8_t *pdu, size_t len);
void connection_on_bad_frame(struct connection *conn, enum side side, bool too_long);
size_t connection_on_bytes(struct connection *conn, enum side side, uint8_t *bytes, size_t len);
void connection_on_secured(struct connection *conn, enum side side);
void connection_on_tls_failed(struct connection *conn, enum side side, const char *why);
void connection_on_end(struct connection *conn, enum side side, int error, bool waited);
void connection_on_sent(struct connection *conn, enum side side);
void connection_on_time_limit(struct connection *conn);
/* From worker.c. */
void connection_on_attach(struct connection *conn, const struct msg_attach *attach, int *fd);
void connection_on_nla_channel(struct connection *conn, int *fd);
void connection_on_record_channel(
	struct connection *conn, const struct msg_record_channel *channel, int *fd);
void connection_on_greet(struct connection *conn, bool stays, int *fd);
void connection_on_redirect(struct connection *conn, const struct msg_redirect *redirect);
/* The last handle is closed: frees. */
void connection_on_gone(struct connection *conn);

/* The usual answer to on_end in every phase where both sides matter: LEFT, LOST or STALLED. */
void connection_peer_ended(struct connection *conn, enum side side, int error, bool waited);

#endif
