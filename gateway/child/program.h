/* What the programs have in common that serve one client, session or recording, and end with it: greeter, nla, mediator, recorder, player.
 * Each says in a struct program what it is; all of them start in one way:
 *
 *	signals, lock_down_early   and before any thread, where there will be some
 *	warm_up                    what takes time or opens files, for nobody yet
 *	HELLO                      to the supervisor, which now knows that it may be used
 *	turn, turn, …              until one fails or it is over
 *
 * lock_down itself stands in the handler that brings what the program is for: behind it nothing can be opened, before it nothing from
 * outside is read.
 */
#ifndef CHILD_PROGRAM_H
#define CHILD_PROGRAM_H

#include "base/log.h"
#include "messages/channel.h"

#include <poll.h>
#include <stdbool.h>

struct program {
	const char *name;  /* in every line of the log */
	enum event failed; /* of program_fail: takes what='' and error='' */
	enum process self;
	bool starts_threads;                    /* itself, or its libraries: lock_down.h */
	const struct channel_handler *handlers; /* of the supervisor's messages */
	unsigned int messages_a_turn;

	/* Returns 0 or a negative errno, and then a fixed text of what it was. */
	int (*warm_up)(const char **ret_what);

	/* Waits and serves: program_wait, program_hear, and its own. Returns 0 or a negative errno that ends it. */
	int (*turn)(void);

	/* The last one, with what the process will exit with. */
	void (*done)(int status);
};

/* One that runs: main()'s own, zeros before program_main. */
struct running {
	const struct program *program;
	struct channel *supervisor;
	int failed; /* negative errno: it ends, and what happened is in the log if that is our business */
	bool over; /* it has done what it was for: set by the program itself */
};

/* Returns what main returns: 0 where the supervisor or who was served has gone or all is done, CHILD_EXIT_UNUSABLE where it could not
 * start, else 1. */
int program_main(const struct program *program, struct running *running);

/* Logs what failed, and ends it. Returns `error`, a negative errno. */
int program_fail(struct running *running, const char *what, int error);

/* To the supervisor, without a descriptor. Ends it if that cannot be sent. */
void program_say(struct running *running, enum message number, const void *body);

/* Polls for at most `most_ms` (-1: no limit). waits[0] is filled in here, for the supervisor's channel; the others are the caller's. Returns
 * 0, also when a signal came first, or a negative errno. */
int program_wait(struct running *running, struct pollfd *waits, nfds_t count, int most_ms);

/* Which of two waits is over first; -1: no limit. */
int program_sooner(int one_ms, int other_ms);

/* What the supervisor has sent goes to the handlers. Returns 0 or a negative errno: -ECONNRESET if it has gone, else logged. */
int program_hear(struct running *running, short revents);

/* The same for another channel, which has something; `who` is said of it in the log. */
int program_receive(struct running *running, struct channel *channel, const char *who);

#endif
