/* Notices on running screens: what people write to a session (session notice), and what the gateway says by itself before it ends one. Only
 * a mediated session's screen can be written on: a transparent relay passes the host's picture as it is.
 */
#ifndef SUPERVISOR_NOTICES_H
#define SUPERVISOR_NOTICES_H

#include "base/sentence.h"
#include "messages/messages.h"
#include "notice/ends.h"
#include "supervisor/connections.h"

#define NOTICE_TEXT_MOST 500     /* characters */
#define NOTICE_SECONDS_MOST 3600 /* that it stays, unless it waits to be acknowledged */
#define NOTICE_SECONDS 30        /* … if nothing is said */

struct notice {
	struct sentence text; /* count 0: a text as it is */
	bool by_person, acknowledge;
	uint32_t seconds; /* 0: it stays */
	const char *by;   /* for the log; NULL: the gateway itself */
};

/* Who wants to know when it lies on the screen, or that it does not. Called once, from the loop; in a list of the supervisor's until then,
 * or until notice_forget. */
struct notice_waiter {
	struct notice_waiter *next;
	uint64_t connection;
	uint32_t serial;
	void (*heard)(struct notice_waiter *waiter, enum notice_end how);
};

/* Takes the place of one that is there; one that waits to be acknowledged is covered, and comes back. Returns 0, -EOPNOTSUPP for a session that is not mediated, -ENOTCONN for one that has no desktop
 * (yet), or another negative errno. With `waiter` (may be NULL) it is told what becomes of it first. */
int notice_show(
	struct connection *connection, const struct notice *notice, struct notice_waiter *waiter);
void notice_forget(struct supervisor *supervisor, struct notice_waiter *waiter);

/* A mediator says so. Returns 0, or -EPROTO for what it cannot mean. */
int notice_heard(struct connection *connection, const struct msg_notice_over *over);

/* The connection is over: nothing is heard of its notices any more. */
void notices_connection_over(struct connection *connection);

/* Somebody of higher priority takes the place of a session in so many seconds (B5). */
void notice_take_over(
	struct supervisor *supervisor, const uint8_t session[SESSION_ID_BYTES], uint32_t seconds);

/* Every full minute: who is told that the session ends, and why (windows, hours, validity, length, idle). */
void notices_minute(struct supervisor *supervisor);

#endif
