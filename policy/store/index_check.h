/* Whether indexes hold what the rows of their tables say, each entry in its place.
 *
 * SQLite's own check looks each row up in each index. Here an index is read once from its first entry to its last, and what
 * it holds compared with the rows by a sum (keyed_sum.h): the same for a third of the time. Where something is not as it
 * should be SQLite is asked to name it (integrity.h).
 */
#ifndef POLICY_STORE_INDEX_CHECK_H
#define POLICY_STORE_INDEX_CHECK_H

#include "policy/store/keyed_sum.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct chain_event;
struct store_db;

/* The connection history, its rows and all its indexes, in one transaction. */
int index_check_sessions(struct store_db *db, bool *ret_good);

/* The event log's, in two parts: events as the chain has them, and what the index says of those up to an id. Good if both
 * sums are equal and the index is the one that migrations make, in its order. */
void index_sum_add_event(struct keyed_sum *sum, const struct chain_event *event);
int index_sum_add_entries(
	struct keyed_sum *sum, struct store_db *db, int64_t until, bool *ret_good);

/* The fields that the logs' filters find: each one of an event as the event has it (field_sum.h), and what event_field says of
 * events up to an id. */
struct index_field {
	const char *name, *value;
	size_t name_len, value_len;
	int64_t time_us, event;
};
void index_sum_add_field(struct keyed_sum *sum, const struct index_field *field);
int index_sum_add_fields(struct keyed_sum *sum, struct store_db *db, int64_t until, bool *ret_good);

#endif
