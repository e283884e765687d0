/* Plays the supervisor to one sekisho-greeter or sekisho-player, for tests and benchmarks: starts it as children.c does, speaks over its channel. */
#ifndef TESTS_GREETER_STAGE_H
#define TESTS_GREETER_STAGE_H

#include "messages/channel.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct stage {
	struct channel *channel;
	pid_t pid;
	bool hello;           /* it has said so */
	bool gone;            /* its channel is closed */
	const char *broke;    /* what it did that is not permitted, if that is why */
	uint32_t serial;      /* of the last SHOW */
	uint32_t shown;       /* newest SHOWN */
	unsigned int answers; /* ANSWERs so far; the last one: */
	struct msg_answer answer;
	uint64_t pongs;

	/* Of a player */
	uint32_t begin_ms;          /* set before stage_play */
	struct msg_play_state play; /* the last one */
	uint32_t plays;             /* so far */
	uint32_t states;            /* bits of those that it was in */
	bool over;                  /* PLAY_OVER has come: */
	uint64_t watched_ms;
};

/* Starts a program. Ends the test with a message if that cannot be done. */
void stage_start(struct stage *stage, const char *program);

void stage_start_player(struct stage *stage, const char *program);

/* PLAY_FILE (fd is borrowed) and PLAY_BEGIN; returns the worker's end of the socketpair. stage->begin_ms: where it is to begin. */
int stage_play(struct stage *stage, int fd, const uint8_t key[32], bool live, const char *language);

/* BEGIN_SCREEN; returns the worker's end of the socketpair, or sends `fd` (a connected socket) and returns -1. */
int stage_begin(struct stage *stage, uint32_t keyboard_layout, int fd);

void stage_show(struct stage *stage, const struct msg_show *show); /* its serial is filled in */
void stage_ping(struct stage *stage);

/* Handles what comes until *value is at least `least`, the greeter has gone or the time is over. */
bool stage_wait(struct stage *stage, const uint32_t *value, uint32_t least, int limit_ms);
bool stage_wait_gone(struct stage *stage, int limit_ms);
void stage_serve(struct stage *stage); /* what is there now */

/* Waits for the next message and handles it, until then. False: the program has gone, or the time (of clock_boottime_ms) is over. */
bool stage_serve_until(struct stage *stage, int64_t limit_ms);

/* Closes the channel and waits. Returns the status of waitpid. */
int stage_end(struct stage *stage);

#endif
