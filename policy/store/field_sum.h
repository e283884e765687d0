/* Whether the logs' filters find what they should, told by one number for all of it: each field of an event is added once as
 * the events have the fields, once as event_field has them (index_check.h). */
#ifndef POLICY_STORE_FIELD_SUM_H
#define POLICY_STORE_FIELD_SUM_H

struct chain_event;
struct keyed_sum;

/* The fields of an event that has not been erased. */
void field_sum_add_event(struct keyed_sum *sum, const struct chain_event *event);

#endif
