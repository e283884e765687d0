/* Ends the process, or fills the disk, at the Nth step of something that writes files. A step is whatever changes a file or
 * a folder: a write, a truncation, a sync, a name that is made, changed or taken away; our own, which the program is linked
 * for with -Wl,--wrap, and SQLite's, which lets its system calls be replaced.
 */
#ifndef TESTS_FAULT_STEPS_H
#define TESTS_FAULT_STEPS_H

#include <stdbool.h>

enum steps_fault {
	STEPS_KILL,      /* SIGKILL, before the step is done */
	STEPS_FULL_ONCE, /* ENOSPC, at this step alone */
	STEPS_FULL,      /* at this one and all after it */
};

/* Once, before SQLite is used. */
void steps_watch_sqlite(void);

/* Before the first round of a fault. */
void steps_begin(void);

/* In a child: at the first step from this one on that is come to in a new way (call_chain.h). */
void steps_arm(enum steps_fault fault, long from);

/* Whether it came to such a step. */
bool steps_disarm(void);

/* In the parent, of its last child: which step the fault was at, and how many there were up to its end. */
long steps_failed_at(void);
long steps_seen(void);

#endif
