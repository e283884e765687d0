/* The start of a session: who the client is has been said, by a ticket or by signing in.
 *
 *	one transaction: verdict, start record  ->  an older connection of the session closed  ->  ready  ->  jump host dialled
 *	->  the worker gets the socket: ATTACH
 *
 * It belongs to its connection (connection->start) and ends with it: whatever is under way is then stopped, and
 * what can no longer be stopped is undone when it is done. For the loop thread.
 */
#ifndef SUPERVISOR_SESSION_STARTS_H
#define SUPERVISOR_SESSION_STARTS_H

#include "policy/sign_in.h"
#include "supervisor/connections.h"

struct session_start;

/* One of them is called, at most once, from the loop; none once the connection is being ended. */
struct session_start_events {
	/* Nothing has begun. grant: who was refused, as far as known; its reason is CLOSE_NONE if the store failed
	 * (reason NOT_LOGGED). */
	void (*refused)(struct connection *connection, enum close_reason reason,
		const struct session_grant *grant);
	/* It is on disk and in the connection, and no older connection has it any more; of one that goes on it is not called. It
	 * waits for session_start_go_on. NULL: it does not. grant is valid until then. */
	void (*ready)(struct connection *connection, const struct session_grant *grant);
	/* The session has begun and goes no further: the connection carries it still. */
	void (*failed)(struct connection *connection, enum close_reason reason);
	/* The worker has what it needs; connection->start is NULL. May be NULL. */
	void (*attached)(struct connection *connection);
};

struct session_start_setup {
	const struct session_start_events *events;
	/* One of them, copied: */
	const struct session_request *ticket;
	const struct signed_in_request *signed_in;
	const struct session_resumption *resumption;
	const struct host_credentials *typed; /* with `signed_in`, copied; NULL: nothing */
};

/* Its `connection`, `source` and `logging` are filled in here. A start that the connection had before is given up. Returns 0
 * or -ENOMEM. */
int session_start_begin(struct connection *connection, const struct session_start_setup *setup);

/* From `ready` on: somebody else hears how it goes on. */
void session_start_hand_over(
	struct connection *connection, const struct session_start_events *events);

/* After `ready`: the jump host is dialled. May call `failed`. */
void session_start_go_on(struct connection *connection);

/* Takes the start; NULL is accepted. The reason and phase are those of the end record, if one is needed. */
void session_start_abandon(struct session_start *start, enum close_reason reason, enum phase phase);

/* An older connection of a session is over: the start of this connection, if there still is one, has waited for
 * that. */
void session_start_older_over(struct connection *connection);

/* Its recorder runs, or need not: what has waited for it goes on. */
void session_start_recorded(struct connection *connection);

/* It has to be recorded and cannot be: its start fails, or the running session ends. */
void session_start_not_recorded(struct connection *connection, enum close_reason reason);

/* For the log; "" while unknown, and for NULL. */
const char *session_start_account(const struct session_start *start);
const char *session_start_terminal(const struct session_start *start);

#endif
