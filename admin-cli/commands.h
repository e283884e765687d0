/* commands.def as a table. */
#ifndef ADMIN_COMMANDS_H
#define ADMIN_COMMANDS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* What a call ends with (design 5): done, refused with the reason, or not understood. */
enum admin_exit {
	ADMIN_DONE = 0,
	ADMIN_REFUSED = 1,
	ADMIN_USAGE = 2,
};

struct admin;

typedef enum admin_exit command_function(struct admin *admin);
typedef void command_printer(const struct admin *admin, const json_t *result);

enum command_type {
	COMMAND_TYPE_GLOBAL,
	COMMAND_TYPE_GROUP,
	COMMAND_TYPE_COMMAND,
	COMMAND_TYPE_ARGUMENT,
	COMMAND_TYPE_OPTION,
};

enum argument_kind {
	ARGUMENT_TEXT,
	ARGUMENT_NUMBER,
	ARGUMENT_LIST,
	ARGUMENT_FLAG,
};

struct command_row {
	enum command_type type;
	const char *group; /* GROUP and COMMAND */
	const char *name;  /* verb; option without "--"; argument in capitals */
	const char *value; /* of an option, in capitals; NULL for a flag */
	const char *parameter;
	enum argument_kind kind;
	bool required;
	const char *choices; /* "a|b", or NULL */
	const char *help;    /* English; gettext() it */
	const char *method;
	command_function *run;
	command_printer *print;
};

extern const struct command_row command_rows[];
extern const size_t command_row_count;

/* The rows behind a command: its arguments and options. NULL when there are no more. */
const struct command_row *command_next_part(
	const struct command_row *command, const struct command_row *part);

/* NULL if there is none. verb NULL: the group's row. */
const struct command_row *command_find(const char *group, const char *verb);

/* Whether a word is one of the choices "a|b". */
bool command_choice_is(const char *choices, const char *word);

/* What was probably meant, or NULL: a group (group NULL), or a verb of a group. */
const char *command_guess(const char *group, const char *typed);

#endif
