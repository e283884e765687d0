/* What a person has typed, read by the rows of commands.def. */
#ifndef ADMIN_ARGUMENTS_H
#define ADMIN_ARGUMENTS_H

#include "admin-cli/commands.h"

#define ARGUMENTS_MOST 512

struct arguments {
	const struct command_row *group;   /* NULL: none was named */
	const struct command_row *command; /* NULL: none was named */
	bool help;
	bool version;
	bool json;
	const char *socket; /* NULL: not given */

	/* What stood behind the command, in order; texts are argv's. A flag has the text "". */
	struct {
		const struct command_row *row;
		const char *text;
	} given[ARGUMENTS_MOST];
	size_t count;
};

/* Returns 0; or -EINVAL with a line for people (in their language) in ret_why. With help or version asked
 * for, nothing is missed. */
int arguments_parse(
	int argc, char **argv, struct arguments *ret_arguments, char *ret_why, size_t size);

/* The text of an option ("because") or argument ("ACCOUNT"); NULL if it was not given. */
const char *argument_text(const struct arguments *arguments, const char *name);

bool argument_flag(const struct arguments *arguments, const char *name);

/* All the items of a LIST, new reference; NULL if it was not given. */
json_t *argument_list(const struct arguments *arguments, const char *name);

/* The parameters of the command's method, new reference; NULL without memory. */
json_t *arguments_parameters(const struct arguments *arguments);

#endif
