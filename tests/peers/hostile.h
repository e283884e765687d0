/* What a peer is that stands in the place of one of the gateway's processes which has been taken over (hostile_greeter.c,
 * hostile_mediator.c). It says HELLO as that process would, and then does what the word in the file hostile-NAME beside it says: one of
 * its own modes or of those that all have (--help). What it is told it writes to hostile-NAME.heard, one message a line, so that a test
 * can look for what it must not have been told.
 *
 * `say NAME` is a message of messages.def that the process may not say (--messages lists them), whole, with a descriptor where one
 * belongs to it; `say any` is another one for each connection, so that a crowd says them all. What it says is written down, too.
 *
 * The supervisor must end it (or, where so noted, not care), log that, and go on.
 */
#ifndef TESTS_PEERS_HOSTILE_H
#define TESTS_PEERS_HOSTILE_H

#include "messages/messages.h"

#include <stdbool.h>
#include <stdint.h>

struct hostile_mode {
	const char *name, *help;
	void (*at_start)(void); /* NULL: HELLO */
	void (*at_begin)(void); /* when it is given a client; NULL: nothing */
	void (*at_turn)(void);  /* when its turn comes the first time; NULL: nothing */
	bool every_turn;        /* not the first time alone */
};

struct hostile {
	const char *name;
	enum process process;
	enum message begin;               /* gives it a client, with the way to the worker */
	enum message turn;                /* behind which it speaks */
	enum message own;                 /* may be said at its turn, without a descriptor */
	const struct hostile_mode *modes; /* its own, up to one without a name */
	/* What it is told; NULL: no matter. */
	void (*told)(struct hostile *self, enum message number, const union message_body *body);
	uint64_t connection; /* for `say any`; told sets it */
};

/* Returns main's status. The mode is read anew at its turn, so that one file serves many. */
int hostile_main(struct hostile *hostile, int argc, char **argv);

/* For modes. change: added to the hash of the build; fd: a copy goes with it if it is not negative. */
void hostile_hello(uint64_t change);
void hostile_send(enum message number, const void *body, int fd);
void hostile_leave(void);

#endif
