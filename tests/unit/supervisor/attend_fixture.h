/* Engineers who wait, and calls of attendants about them, between a store and a control socket that are played (the wrapped
 * functions of meson.build): what they are told is written down, what the store does is for the test to say.
 */
#ifndef UNIT_SUPERVISOR_ATTEND_FIXTURE_H
#define UNIT_SUPERVISOR_ATTEND_FIXTURE_H

#include "supervisor/attendances.h"
#include "supervisor/control_calls.h"

#define HANAKO "unix:hanako"

extern struct supervisor supervisor;

extern struct attend_seen {
	unsigned int told; /* those who follow */
	struct store_job *job;
	/* Of the last call. */
	unsigned int answers;
	json_t *result; /* NULL: no memory, or refused */
	int refused;    /* a code, or the store's status */
	char message[3000];
	/* The administration log. */
	unsigned int events;
	char actor[64], action[32], target[64], because[64];
	json_t *after;
	/* An engineer who is let in, or not. */
	unsigned int decisions;
	struct attendance decision;
	char reason[64]; /* why; "-": nothing is said */
	/* What the policy knows. */
	const char *numbers; /* JSON, or NULL: an empty list */
} seen;

int attend_setup(void **state);
int attend_teardown(void **state);

/* Somebody of whom `seen` is told. */
struct waiting *wait_as(const char *account, int64_t terminal, const char *source);

/* NULL: there was no room (*ret_r says why). */
struct waiting *try_to_wait(const char *account, int64_t terminal, const char *source, int *ret_r);

/* Calls a method with these parameters; terminal: the only one that the caller may see, 0: all. Free it with call_free. */
struct control_call *call_prepare(int64_t terminal, const char *params); /* without calling it */
struct control_call *call_as(int64_t terminal, loop_method *method, const char *params);
void call_free(struct control_call *call);

/* The store does its job; status < 0: it fails. */
void store_does(int status);

#endif
