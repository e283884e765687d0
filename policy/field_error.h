/* What is wrong with a value that a person gave: said once, shown by every way in. */
#ifndef POLICY_FIELD_ERROR_H
#define POLICY_FIELD_ERROR_H

#include "base/sentence.h"

#define FIELD_ERROR_VALUE_SIZE 200

struct field_error {
	const char *field; /* "valid_until"; a literal, NULL while nothing is wrong */
	char value[FIELD_ERROR_VALUE_SIZE]; /* what was found, cut at a character's end */
	const char *rule;                   /* what is allowed; a literal, and a message of po/ */
	const char *example;                /* a value that would do; a literal */
};

/* Fills in the error and returns -EINVAL, so that a check can end with it. value may be NULL. */
int field_error_set(struct field_error *error, const char *field, const char *value,
	const char *rule, const char *example);

#endif
