/* Greeters: a pool of processes that are started, warmed up and unused, and those that show somebody a sign-in screen. A
 * greeter serves one connection and ends; another takes its place in the pool. For the loop thread.
 */
#ifndef SUPERVISOR_GREETERS_H
#define SUPERVISOR_GREETERS_H

#include "messages/messages.h"
#include "supervisor/supervisor.h"

struct greeter; /* one that has a connection */
struct connection;

struct greeter_events {
	/* The user's answer to the newest SHOW, and to nothing else. The message is wiped afterwards. */
	void (*answered)(void *owner, const struct msg_answer *answer);
	/* The first frame of a SHOW is with the client. */
	void (*shown)(void *owner, uint32_t serial);
	/* It died, hung or broke a rule; greeter_end is still to be called. */
	void (*died)(void *owner);
};

/* Takes one from the pool for a connection: makes the socketpair, tells the greeter BEGIN_SCREEN and the worker GREET.
 * keyboard_layout: as the client said. Returns 0, -EAGAIN (none is warm yet: soon), -EUSERS (sign_in.greeters are in
 * use), or another negative errno. `events` is borrowed. None of them is called from inside a function of this file. */
int greeter_begin(struct connection *connection, uint32_t keyboard_layout,
	const struct greeter_events *events, void *owner, struct greeter **ret_greeter);

/* CHOICE and SHOW; serial and index are filled in here, each SHOW has the next serial. -ENOTCONN once it is gone. */
int greeter_choice(struct greeter *greeter, struct msg_choice *choice);
int greeter_show(struct greeter *greeter, struct msg_show *show);

/* The connection is over or has its desktop: the process ends. Also from inside an event. Accepts NULL. */
void greeter_end(struct greeter *greeter);

/* For `gateway status`. */
uint32_t greeters_warm(const struct supervisor *supervisor);
uint32_t greeters_busy(const struct supervisor *supervisor);

#endif
