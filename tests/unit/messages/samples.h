/* Bodies of every message for tests: made from messages.def, so that a new row is tested at
 * once. */
#ifndef TESTS_MESSAGES_SAMPLES_H
#define TESTS_MESSAGES_SAMPLES_H

#include "messages/messages.h"

enum sample {
	SAMPLE_EMPTY, /* all zero */
	SAMPLE_SMALL, /* every field different, texts of a few bytes */
	SAMPLE_FULL,  /* every field at its bound */
	SAMPLE_COUNT
};

/* Writes a body of the row's kind; every byte that is not part of it is 0. */
void sample_fill(const struct message_row *row, enum sample sample, union message_body *ret_body);

/* Are all fields the same? */
int sample_equal(const struct message_row *row, const union message_body *one,
	const union message_body *other);

#endif
