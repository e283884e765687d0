/* Whether the logs' filters find what they should, told by one number for all of it: each field of an event (field, value,
 * time, event) is added once as the events have the fields, once as event_field has them. See keyed_sum.h. */
#ifndef POLICY_STORE_FIELD_SUM_H
#define POLICY_STORE_FIELD_SUM_H

#include <stdbool.h>
#include <stdint.h>

struct chain_event;
struct keyed_sum;
struct store_db;

/* The fields of an event that has not been erased. */
void field_sum_add_event(struct keyed_sum *sum, const struct chain_event *event);

/* Where field_sum_add_rows has come to; all 0: at the beginning. */
struct field_place {
	char field[64];
	char value[512];
	int64_t time_us;
	int64_t event;
	bool begun;
	bool disorder; /* not each row was behind the one before */
};

/* The next `most` rows of event_field; of them those of events up to an id are added. Returns how many rows there were,
 * or a negative errno. */
int field_sum_add_rows(struct keyed_sum *sum, struct store_db *db, struct field_place *place,
	int64_t until, int64_t most);

#endif
