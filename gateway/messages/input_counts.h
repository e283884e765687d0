/* The counts of INPUTS (messages.def): for each desktop in use a connection and how many PDUs with input its client has
 * sent, twelve bytes each. */
#ifndef MESSAGES_INPUT_COUNTS_H
#define MESSAGES_INPUT_COUNTS_H

#include "messages/messages.h"

#include <stdbool.h>
#include <stdint.h>

struct input_count {
	uint64_t connection;
	uint32_t inputs; /* begins anew after 2^32 - 1 */
};

/* Only while it is not full. */
void input_counts_add(struct msg_inputs *inputs, const struct input_count *count);
bool input_counts_full(const struct msg_inputs *inputs);

/* at: 0 for the first one, and then left alone. Returns 1 with the next, 0 after the last, -EPROTO for a part of one. */
int input_counts_next(const struct msg_inputs *inputs, uint32_t *at, struct input_count *ret_count);

#endif
