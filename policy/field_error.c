/* What is wrong with a value; see field_error.h. */
#include "policy/field_error.h"

#include <errno.h>
#include <string.h>

int
field_error_set(struct field_error *error, const char *field, const char *value, const char *rule,
	const char *example)
{
	size_t len = value == NULL ? 0 : sentence_cut(value, sizeof(error->value) - 1);

	error->field = field;
	error->rule = rule;
	error->example = example;
	if (len > 0)
		memcpy(error->value, value, len);
	error->value[len] = '\0';
	return -EINVAL;
}
