/* Events that a child causes, and could cause without end: the first one at once, then one a minute, which says how many were left
 * out. Who keeps an allowance says the rest at its end. Zeroed to begin with.
 */
#ifndef SUPERVISOR_EVENT_ALLOWANCE_H
#define SUPERVISOR_EVENT_ALLOWANCE_H

#include <stdbool.h>
#include <stdint.h>

#define EVENT_ALLOWANCE_MS 60000

struct event_allowance {
	bool used;
	int64_t told_ms; /* when one was told last */
	uint32_t missed; /* since then */
};

/* One more has happened. true: it may be told now, with *ret_missed that were not; false: it is counted. */
static inline bool
event_allowed(struct event_allowance *allowance, int64_t now_ms, uint32_t *ret_missed)
{
	if (allowance->used && now_ms < allowance->told_ms + EVENT_ALLOWANCE_MS) {
		allowance->missed += allowance->missed < UINT32_MAX;
		return false;
	}
	*ret_missed = allowance->missed;
	*allowance = (struct event_allowance){.used = true, .told_ms = now_ms};
	return true;
}

/* How many have not been told, which now they are. */
static inline uint32_t
event_allowance_rest(struct event_allowance *allowance)
{
	uint32_t missed = allowance->missed;

	allowance->missed = 0;
	return missed;
}

#endif
