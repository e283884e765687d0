/* See recording_named.h. */
#include "admin-cli/recording_named.h"

#include <string.h>

#define ELLIPSIS "…"

json_t *
named_parameters(const struct admin *admin, const char *argument)
{
	const char *typed = argument_text(admin->arguments, argument);
	json_t *parameters = arguments_parameters(admin->arguments);
	size_t len = strlen(typed), end = strlen(ELLIPSIS);

	if (len > end && strcmp(typed + len - end, ELLIPSIS) == 0)
		len -= end;
	(void)json_object_set_new(parameters, "id", json_stringn(typed, len));
	return parameters;
}
