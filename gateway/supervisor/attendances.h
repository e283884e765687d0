/* Engineers who wait on the sign-in screen for the hospital's permission (C7). For the loop thread.
 */
#ifndef SUPERVISOR_ATTENDANCES_H
#define SUPERVISOR_ATTENDANCES_H

#include "policy/attendance.h"
#include "supervisor/supervisor.h"

struct waiting;

struct waiting_setup {
	uint64_t connection;
	int64_t account_number, terminal_number;
	const char *account, *name, *terminal, *source; /* copied */
	/* Once, from the loop: consent, or given == false for a refusal; it is over then. */
	void (*decided)(void *owner, const struct attendance *attendance);
	void *owner;
};

/* Returns 0 or a negative errno; -EUSERS: too many wait. */
int attendance_wait(struct supervisor *supervisor, const struct waiting_setup *setup,
	struct waiting **ret_waiting);

/* The engineer has gone; accepts NULL. */
void attendance_forget(struct waiting *waiting);

#endif
