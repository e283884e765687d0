/* Whether the logs' filters find what they should, told by one number for all of it.
 *
 * Each field of an event (field, value, time, event) is hashed with a key that nobody knows beforehand, and the hashes
 * are added up: once as the events have the fields, once as event_field has them. If something is missing, too much or
 * different the sums differ, but for one chance in 2^64; the order does not matter, so that each side is read in its
 * own, which is many times as fast as to look up one after the other.
 */
#ifndef POLICY_STORE_FIELD_SUM_H
#define POLICY_STORE_FIELD_SUM_H

#include <stdbool.h>
#include <stdint.h>

struct chain_event;
struct store_db;

struct field_sum {
	uint64_t key[2];
	uint64_t sum;
	int64_t count;
};

/* With a key of its own; 0 or a negative errno. */
int field_sum_init(struct field_sum *sum);

bool field_sum_equal(const struct field_sum *one, const struct field_sum *other);

/* The fields of an event that has not been erased. */
void field_sum_add_event(struct field_sum *sum, const struct chain_event *event);

/* Where field_sum_add_rows has come to; all 0: at the beginning. */
struct field_place {
	char field[64];
	char value[512];
	int64_t time_us;
	int64_t event;
	bool begun;
};

/* Whether the one is behind the other: in a damaged file a portion may lead back to where it began. */
bool field_place_is_behind(const struct field_place *place, const struct field_place *other);

/* The next `most` rows of event_field; of them those of events up to an id are added. Returns how many rows there were,
 * or a negative errno. */
int field_sum_add_rows(struct field_sum *sum, struct store_db *db, struct field_place *place,
	int64_t until, int64_t most);

#endif
