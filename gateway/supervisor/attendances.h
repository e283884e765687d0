/* Engineers who wait on the sign-in screen for the hospital's permission (C7). For the loop thread.
 *
 * Attendants hear of it by an event and by `attend list --follow`, and decide with attend.allow and attend.refuse
 * (answer_attend.c). How long somebody may wait is the sign-in's to say (limits.consent): it forgets them then.
 * Whoever waits when the gateway ends waits no longer: the connection has ended with it.
 * Bounded: so many at once, and so many from a source.
 */
#ifndef SUPERVISOR_ATTENDANCES_H
#define SUPERVISOR_ATTENDANCES_H

#include "policy/attendance.h"
#include "supervisor/supervisor.h"

#include <jansson.h>

#define ATTENDANCES_MOST 256
#define ATTENDANCES_MOST_PER_SOURCE 8

struct waiting;

struct waiting_setup {
	uint64_t connection;
	int64_t account_number, terminal_number;
	const char *account, *name, *terminal, *source; /* copied */
	/* Once, from the loop: consent, or given == false for a refusal; `by` says whose, `because` (or NULL) why, in one
	 * printable line. It is over then: `waiting` is freed. */
	void (*decided)(void *owner, const struct attendance *attendance, const char *because);
	void *owner;
};

/* Returns 0 or a negative errno; -EUSERS: too many wait, here or from this source. */
int attendance_wait(struct supervisor *supervisor, const struct waiting_setup *setup,
	struct waiting **ret_waiting);

/* The engineer has gone, or waits no longer; accepts NULL. */
void attendance_forget(struct waiting *waiting);

/* For answer_attend.c. */

/* NULL if nobody waits under this id (any more). */
struct waiting *attendance_find(const struct supervisor *supervisor, uint64_t id);
int64_t attendance_terminal(const struct waiting *waiting);
const char *attendance_terminal_name(const struct waiting *waiting);
bool attendance_is_of(const struct waiting *waiting, const char *account); /* full id */

/* The next in the order in which they came; NULL gives the first. */
struct waiting *attendance_next(const struct supervisor *supervisor, const struct waiting *waiting);

/* A waiting object of control_methods.def, new reference; NULL without memory. */
json_t *attendance_json(const struct waiting *waiting);

/* Only one person decides. False: somebody is deciding already. */
bool attendance_claim(struct waiting *waiting);
void attendance_unclaim(struct waiting *waiting);

/* Tells its owner and frees it. */
void attendance_decide(
	struct waiting *waiting, const struct attendance *attendance, const char *because);

#endif
