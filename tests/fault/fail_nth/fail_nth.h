/* Lets the Nth allocation fail, for N = 1, 2, … until the work needs no more, and looks that
 * nothing has leaked. Allocations that two before them were come to by the same calls are left out, unless
 * SEKISHO_LONG is set.
 *
 *	struct fail_run run;
 *	fail_begin(&run);
 *	while (fail_next(&run)) {
 *		...prepare...
 *		fail_arm(&run);
 *		r = work();
 *		fail_disarm(&run);
 *		...r < 0: an honest error, nothing kept; r == 0: everything is right...
 *		...free what was made...
 *	}
 *
 * Each N is tried twice: it alone fails, or it and all after it. The program is linked with
 * -Wl,--wrap for malloc, calloc, realloc, reallocarray, strdup, strndup and free (fault_wrap in meson.build), so
 * that our own code is meant and not the libraries; SQLite allocates through the same functions,
 * and jansson does so by our code.
 */
#ifndef TESTS_FAULT_FAIL_NTH_H
#define TESTS_FAULT_FAIL_NTH_H

#include <stdbool.h>
#include <stddef.h>

struct fail_run {
	unsigned long nth;
	bool and_all_after;
	bool begun;
	bool hit;     /* the last work had an allocation fail */
	size_t alive; /* allocations before the first work */
	unsigned long tried;
};

/* Call once, first thing in main: SQLite allocates through here. */
void fail_catch_libraries(void);

void fail_begin(struct fail_run *run);

/* False when the work has come to its end without a failure, both ways. Aborts if the round before
 * leaked. */
bool fail_next(struct fail_run *run);

void fail_arm(struct fail_run *run);
void fail_disarm(struct fail_run *run);

/* What was allocated through the wrapped functions and is not freed yet. */
size_t fail_alive(void);

#endif
