/* What the retention events of a log allow to be empty (F6). */
#ifndef POLICY_ERASURES_H
#define POLICY_ERASURES_H

#include "policy/chain.h"
#include "policy/store/event_table.h"

#include <stdbool.h>
#include <stddef.h>

struct erasure {
	int64_t first;
	int64_t last;
	int64_t before_us;
	int64_t last_so_far; /* the greatest `last` up to this one, in the order of `first` */
};

struct erasures_of_kind {
	struct erasure *items;
	size_t count;
	int64_t granted; /* events that they name */
	int64_t seen;    /* events that were found empty */
};

/* Zeroed at first. */
struct erasures {
	struct erasures_of_kind kinds[EVENT_KIND_COUNT];
	bool unsorted;
};

/* Takes up a retention event. A retention counts only for what had been kept long enough when it took place, and
 * only if it has taken place: an event from the future could excuse anything. Others are left out. -ENOMEM. */
int erasures_add(struct erasures *erasures, const struct chain_event *event, int64_t now_us);

/* Whether this empty event may be so. Counts it. */
bool erasures_allow(struct erasures *erasures, const struct chain_event *event);

/* Whether no more events were empty than the retention events say; each of the two has seen a part of the events. */
bool erasures_add_up(const struct erasures *one, const struct erasures *other);

void erasures_done(struct erasures *erasures);

#endif
