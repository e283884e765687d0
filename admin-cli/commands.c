/* commands.def as a table. */
#include "admin-cli/commands.h"

#include "admin-cli/command.h"
#include "admin-cli/print.h"
#include "base/near_miss.h"

#include <string.h>

#define N_(text) text
#define REQUIRED true
#define OPTIONAL false

#define GLOBAL(name_, value_, help_)                                      \
	{.type = COMMAND_TYPE_GLOBAL,                                     \
		.name = name_,                                            \
		.value = value_,                                          \
		.kind = (value_) != NULL ? ARGUMENT_TEXT : ARGUMENT_FLAG, \
		.help = help_},
#define GROUP(name_, help_) \
	{.type = COMMAND_TYPE_GROUP, .group = name_, .name = name_, .help = help_},
#define COMMAND(group_, verb, function, method_, printer, help_) \
	{.type = COMMAND_TYPE_COMMAND,                           \
		.group = group_,                                 \
		.name = verb,                                    \
		.run = function,                                 \
		.method = method_,                               \
		.print = printer,                                \
		.help = help_},
#define ARGUMENT(name_, parameter_, kind_, need, choices_, help_) \
	{.type = COMMAND_TYPE_ARGUMENT,                           \
		.name = name_,                                    \
		.parameter = parameter_,                          \
		.kind = ARGUMENT_##kind_,                         \
		.required = need,                                 \
		.choices = choices_,                              \
		.help = help_},
#define OPTION(name_, value_, parameter_, kind_, need, choices_, help_) \
	{.type = COMMAND_TYPE_OPTION,                                   \
		.name = name_,                                          \
		.value = value_,                                        \
		.parameter = parameter_,                                \
		.kind = ARGUMENT_##kind_,                               \
		.required = need,                                       \
		.choices = choices_,                                    \
		.help = help_},
const struct command_row command_rows[] = {
#include "admin-cli/commands.def"
};

const size_t command_row_count = sizeof(command_rows) / sizeof(command_rows[0]);

const struct command_row *
command_next_part(const struct command_row *command, const struct command_row *part)
{
	const struct command_row *next = part != NULL ? part + 1 : command + 1;

	if (next == command_rows + command_row_count)
		return NULL;
	return next->type == COMMAND_TYPE_ARGUMENT || next->type == COMMAND_TYPE_OPTION ? next
											: NULL;
}

const struct command_row *
command_find(const char *group, const char *verb)
{
	for (size_t i = 0; i < command_row_count; i++) {
		const struct command_row *row = &command_rows[i];

		if (row->group == NULL || strcmp(row->group, group) != 0)
			continue;
		if (verb == NULL && row->type == COMMAND_TYPE_GROUP)
			return row;
		if (verb != NULL && row->type == COMMAND_TYPE_COMMAND &&
			strcmp(row->name, verb) == 0)
			return row;
	}
	return NULL;
}

bool
command_choice_is(const char *choices, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = choices; at != NULL; at = strchr(at, '|')) {
		if (*at == '|')
			at++;
		if (len > 0 && strncmp(at, word, len) == 0 && (at[len] == '|' || at[len] == '\0'))
			return true;
	}
	return false;
}

const char *
command_guess(const char *group, const char *typed)
{
	struct near_miss miss;

	near_miss_init(&miss, typed);
	for (size_t i = 0; i < command_row_count; i++) {
		const struct command_row *row = &command_rows[i];

		if (group == NULL && row->type == COMMAND_TYPE_GROUP)
			near_miss_try(&miss, row->name);
		if (group != NULL && row->type == COMMAND_TYPE_COMMAND &&
			strcmp(row->group, group) == 0)
			near_miss_try(&miss, row->name);
	}
	return miss.best;
}
