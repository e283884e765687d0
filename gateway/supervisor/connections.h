/* Every client's connection, from accept to its one summary line in the log.
 *
 * The supervisor keeps a duplicate of both sockets: shutdown(2) on them ends a connection whatever its
 * worker does. A connection is over once its worker said ENDED, died, or did not obey KILL in time.
 */
#ifndef SUPERVISOR_CONNECTIONS_H
#define SUPERVISOR_CONNECTIONS_H

#include "messages/permits.h"
#include "policy/sessions.h"
#include "relay/close_reasons.h"
#include "relay/phases.h"
#include "supervisor/notice_times.h"
#include "supervisor/sockets.h"
#include "supervisor/supervisor.h"

#include <stdbool.h>
#include <stdint.h>

struct child;
struct attempt;
struct session_start;
struct reconnect;
struct mediation;
struct nla_logon;
struct recording;
struct sign_in;
struct watch;
struct connections;

/* A worker that has been told to end a connection has this long to say that it is ending it; a running
 * session is over after it in any case. */
#define CONNECTION_KILL_MS 1000

enum connection_stage {
	CONNECTION_ADMITTING, /* here: PROXY header, delay */
	CONNECTION_RELAYED,   /* with a worker */
	CONNECTION_KILLED,    /* with a worker that has been told to end it */
	CONNECTION_OVER,      /* only handles are still being closed */
};

enum session_recorded {
	SESSION_NOT_RECORDED,
	SESSION_RECORDED,
	SESSION_RECORDED_UNTIL, /* its recording, which need not be, has ended before it */
};

/* The session that a connection carries: what `session list` shows and the end record needs. */
struct carried_session {
	uint8_t id[SESSION_ID_BYTES];
	char id_text[2 * SESSION_ID_BYTES + 1];
	int64_t started_us;
	int64_t account_number;
	int64_t terminal_number;
	int64_t terminal_version; /* as it was told to the worker */
	uint32_t rights;          /* as they were told to the worker: enum session_right */
	char account[ACCOUNT_ID_SIZE];
	char account_full[ACCOUNT_FULL_ID_SIZE];
	char account_name[2 * ACCOUNT_NAME_SIZE];
	char terminal[TERMINAL_NAME_SIZE];
	struct device_evidence device;
	struct attendance attendance;
	enum session_recorded recorded;
	int64_t recorded_until_us;    /* UNTIL: the last picture in its recording */
	const char *not_recorded_why; /* UNTIL, NOT: a message of po/; NULL: it need not be */
	bool four_eyes;               /* somebody must watch … */
	bool gated;         /* … and the worker has been told whether somebody does … */
	bool input_open;    /* … which is this */
	bool show_watchers; /* to the engineer */
	bool pinned;        /* the jump host's certificate is known by this … */
	uint8_t pin[TERMINAL_PIN_BYTES];
	bool certificate_refused; /* it has shown another one: that is in the log */
	uint32_t inputs;          /* of its client, when they were asked for last (idle.h) … */
	int64_t input_at_ms;      /* … and since when there are no more; of CLOCK_BOOTTIME */
	char by[ACTOR_SIZE];      /* who ended it, "" unless a person did */
	char because[BECAUSE_SIZE];
};

/* How many of the files that move may still be told (transfers.c). */
struct transfer_allowance {
	int64_t since_ms; /* 0: none was told yet */
	int32_t left;
	uint32_t missed; /* not told, only counted */
};

struct connection {
	uint64_t id;
	struct supervisor *supervisor;
	struct connection *next; /* in its chain of the table */
	enum connection_stage stage;
	enum phase phase;
	enum phase
		worked_in; /* the last one that was not DRAIN or CLOSED: the second letter of end= */
	enum close_reason reason; /* why it has been told to end; CLOSE_NONE before */
	struct permits_seen seen;
	struct child *worker; /* NULL while ADMITTING */

	uint32_t keyboard_layout; /* as the client said; 0 before it did */
	uint16_t listener;        /* place in settings->listeners */
	struct sockaddr_storage source;
	struct sockaddr_storage local;
	char source_text[SOCKET_TEXT_SIZE];
	int64_t began_us;
	int client_fd;
	int host_fd;         /* -1 until dialled */
	bool counted;        /* penalties_admit has been called for `source` */
	bool finished;       /* penalties_verdict has been called */
	bool greeted;        /* it has seen the sign-in screen */
	bool signs_in_again; /* it has shown a session's cookie, and the password is wanted anew */
	struct socket_bytes before_desktop; /* of one that was greeted: on the wire until then */

	struct attempt *attempt;     /* with a ticket: from INTRODUCED to the verdict */
	struct reconnect *reconnect; /* with a session's cookie: the same */
	struct sign_in *sign_in;     /* without: from INTRODUCED to the desktop */
	struct session_start *start; /* of either: from the verdict to ATTACH */
	struct watch *watch;         /* of an auditor: from INTRODUCED to its end */
	struct nla_logon *nla;       /* from the dial to the desktop, where the jump host has NLA */
	struct mediation
		*mediation; /* from the dial to the end, of a terminal with --relay mediated */
	struct recording *recording; /* of its session; where it is recorded */
	uint64_t
		awaited_by; /* the connection that its session goes on over, once it is over; 0: none */
	struct carried_session *session; /* from the start record on */
	struct transfer_allowance transfers;
	struct {
		uint32_t serial; /* of the last one */
		struct notice_told told;
	} notices; /* on its screen */

	uv_timer_t timer; /* ADMITTING: delay or header; RELAYED: attaching; KILLED: patience */
	uv_poll_t poll;   /* ADMITTING behind a PROXY */
	unsigned int open_handles;
	uint8_t *header; /* PROXY header so far, PROXY_HEADER_MAX bytes, or NULL */
	size_t header_len;
};

int connections_new(struct supervisor *supervisor, struct connections **ret_connections);
void connections_free(struct connections *connections); /* when none is left; accepts NULL */

size_t connections_count(const struct connections *connections);

/* Once a minute: what a busy hour needed goes back to the system. True: there was one. */
bool connections_give_memory_back(struct connections *connections);

/* How many of them carry a session. */
size_t connections_sessions(const struct connections *connections);

/* NULL if there is none (any more). */
struct connection *connection_find(const struct connections *connections, uint64_t id);
struct connection *connection_find_session(
	const struct connections *connections, const uint8_t session[SESSION_ID_BYTES]);

/* Walks all connections that are not over. `visit` may end the one it is given, and no other. */
void connections_each(struct connections *connections,
	void (*visit)(void *context, struct connection *connection), void *context);

/* A connection in ADMITTING around an accepted socket. Takes *fd on success. Returns 0 or a negative errno. */
int connection_new(struct supervisor *supervisor, uint16_t listener, int *fd,
	const struct sockaddr_storage *source, struct connection **ret_connection);

/* Passes it to a worker, which hears of it by TAKE_CLIENT; it may end the connection. */
void connection_to_worker(struct connection *connection);

/* Ends it: the worker tells the client and confirms, or is bypassed. Any stage, any number of times: the
 * first reason wins. While ADMITTING it is over when this returns; otherwise that comes later, from the
 * loop, unless its worker's channel has gone. */
void connection_kill(struct connection *connection, enum close_reason reason);

/* ATTACH has been sent: in twice limits.attach its worker must have said that the desktop is there or that it is not, after
 * which connection_attach_over is called. A worker that works knows the limit itself. */
void connection_attaching(struct connection *connection);
void connection_attach_over(struct connection *connection);

/* It is over: sockets are shut, the end is recorded and logged, the memory goes once its handles are
 * closed. A reason that connection_kill gave before counts instead of this one. `detail` is text for the log
 * (quoted here), "" for none. Any number of times. */
void connection_over(struct connection *connection, enum close_reason reason, const char *detail);

/* It got its verdict: it no longer counts as unfinished. */
void connection_finished(struct connection *connection);

/* Its worker says that it is in another phase. Returns false for a move that phases.def does not know. */
bool connection_moved(struct connection *connection, uint8_t phase);

/* On the wire for its session: what went to the sign-in screen before is not the session's. */
struct socket_bytes connection_session_bytes(const struct connection *connection);

/* The start of its session is on disk. Returns -ENOMEM without changing anything. */
int connection_set_session(struct connection *connection, const struct session_grant *grant);

/* Its session came to nothing, but the client stays: the end is recorded, the jump host's socket shut. */
void connection_drop_session(
	struct connection *connection, enum close_reason reason, enum phase phase);

#endif
