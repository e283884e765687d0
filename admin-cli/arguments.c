/* What a person has typed. Options may stand anywhere; "--" ends them. */
#include "admin-cli/arguments.h"

#include "admin-cli/text.h"
#include "base/cleanup.h"
#include "base/near_miss.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct parsing {
	struct arguments *arguments;
	int argc;
	char **argv;
	int at;
	bool options_over;
	char *why;
	size_t why_size;
};

static int refuse(struct parsing *parsing, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static int
refuse(struct parsing *parsing, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(parsing->why, parsing->why_size, format, arguments);
	va_end(arguments);
	return -EINVAL;
}

/* The row of "--name", global ones included; `len` bytes of name count. */
static const struct command_row *
find_option(const struct arguments *arguments, const char *name, size_t len)
{
	const struct command_row *part = NULL;

	for (size_t i = 0; command_rows[i].type == COMMAND_TYPE_GLOBAL; i++) {
		if (strlen(command_rows[i].name) == len &&
			strncmp(command_rows[i].name, name, len) == 0)
			return &command_rows[i];
	}
	while (arguments->command != NULL &&
		(part = command_next_part(arguments->command, part)) != NULL) {
		if (part->type == COMMAND_TYPE_OPTION && strlen(part->name) == len &&
			strncmp(part->name, name, len) == 0)
			return part;
	}
	return NULL;
}

static int
refuse_option(struct parsing *parsing, const char *name, size_t len)
{
	const struct command_row *command = parsing->arguments->command;
	const struct command_row *part = NULL;
	struct near_miss miss;
	char typed[64];

	snprintf(typed, sizeof(typed), "%.*s", (int)len, name);
	near_miss_init(&miss, typed);
	for (size_t i = 0; command_rows[i].type == COMMAND_TYPE_GLOBAL; i++)
		near_miss_try(&miss, command_rows[i].name);
	while (command != NULL && (part = command_next_part(command, part)) != NULL) {
		if (part->type == COMMAND_TYPE_OPTION)
			near_miss_try(&miss, part->name);
	}
	if (miss.best != NULL)
		return refuse(parsing, _("unknown option --%s; did you mean --%s?"),
			text_shown(typed), miss.best);
	return refuse(parsing, _("unknown option --%s"), text_shown(typed));
}

static const char *
shown_name(const struct command_row *row)
{
	static char name[64];

	snprintf(name, sizeof(name), "%s%s", row->type == COMMAND_TYPE_ARGUMENT ? "" : "--",
		row->name);
	return name;
}

static int
refuse_choice(struct parsing *parsing, const struct command_row *row, const char *word)
{
	char list[CHOICES_SIZE];
	struct near_miss miss;
	auto_free char *copy = strdup(row->choices);
	char *rest = copy;
	char *choice;

	near_miss_init(&miss, word);
	text_join_choices(row->choices, list, sizeof(list));
	while (copy != NULL && (choice = strsep(&rest, "|")) != NULL)
		near_miss_try(&miss, choice);
	if (miss.best != NULL)
		return refuse(parsing, _("%s: found `%s`; allowed are %s; did you mean `%s`?"),
			shown_name(row), text_shown(word), list, miss.best);
	return refuse(parsing, _("%s: found `%s`; allowed are %s"), shown_name(row),
		text_shown(word), list);
}

static bool
is_number(const char *text)
{
	return text[0] != '\0' && strlen(text) < 10 && strspn(text, "0123456789") == strlen(text);
}

/* Words of a list are checked one by one. */
static int
check_list_choices(struct parsing *parsing, const struct command_row *row, const char *text)
{
	auto_free char *copy = strdup(text);
	char *rest = copy;
	char *word;

	if (copy == NULL)
		return -ENOMEM;
	while ((word = strsep(&rest, ",")) != NULL) {
		word = text_trim(word);
		if (word[0] != '\0' && !command_choice_is(row->choices, word))
			return refuse_choice(parsing, row, word);
	}
	return 0;
}

static int
check_value(struct parsing *parsing, const struct command_row *row, const char *text)
{
	if (!text_is_utf8(text))
		return refuse(parsing, _("%s: the text is not UTF-8"), shown_name(row));
	if (row->kind == ARGUMENT_NUMBER && !is_number(text))
		return refuse(parsing, _("%s: found `%s`; allowed is a number"), shown_name(row),
			text_shown(text));
	if (row->choices == NULL)
		return 0;
	if (row->kind == ARGUMENT_LIST)
		return check_list_choices(parsing, row, text);
	if (!command_choice_is(row->choices, text))
		return refuse_choice(parsing, row, text);
	return 0;
}

static int
take(struct parsing *parsing, const struct command_row *row, const char *text)
{
	struct arguments *arguments = parsing->arguments;
	int r;

	r = check_value(parsing, row, text);
	if (r < 0)
		return r;
	for (size_t i = 0; i < arguments->count; i++) {
		if (arguments->given[i].row == row && row->kind != ARGUMENT_LIST)
			return refuse(parsing, _("%s stands here twice"), shown_name(row));
	}
	if (arguments->count == ARGUMENTS_MOST)
		return refuse(parsing, _("too many options"));
	arguments->given[arguments->count].row = row;
	arguments->given[arguments->count++].text = text;
	return 0;
}

static int
take_global(struct parsing *parsing, const struct command_row *row, const char *text)
{
	struct arguments *arguments = parsing->arguments;

	if (strcmp(row->name, "socket") == 0)
		arguments->socket = text;
	else if (strcmp(row->name, "json") == 0)
		arguments->json = true;
	else if (strcmp(row->name, "help") == 0)
		arguments->help = true;
	else
		arguments->version = true;
	return 0;
}

/* "--name value", "--name=value", "--flag". */
static int
parse_option(struct parsing *parsing, const char *word)
{
	const char *name = word + 2;
	size_t len = strcspn(name, "=");
	const struct command_row *row = find_option(parsing->arguments, name, len);
	const char *text = name[len] == '=' ? name + len + 1 : NULL;

	if (row == NULL) {
		/* Its help is what a person needs who has come this far. */
		if (parsing->arguments->command == NULL)
			return refuse(parsing,
				_("option --%.*s stands before the verb that it belongs to, or is "
				  "unknown"),
				(int)(len < 40 ? len : 40), name);
		return refuse_option(parsing, name, len);
	}
	if (row->kind == ARGUMENT_FLAG) {
		if (text != NULL)
			return refuse(parsing, _("%s takes no value"), shown_name(row));
		text = "";
	} else if (text == NULL) {
		if (parsing->at + 1 >= parsing->argc)
			return refuse(parsing, _("%s needs a value: %s %s"), shown_name(row),
				shown_name(row), row->value);
		text = parsing->argv[++parsing->at];
		/* A forgotten value swallows the next option, which no value looks like. */
		if (strncmp(text, "--", 2) == 0)
			return refuse(parsing,
				_("%s needs a value, but %s follows; write %s=… if this is it"),
				shown_name(row), text_shown(text), shown_name(row));
	}
	if (row->type == COMMAND_TYPE_GLOBAL)
		return take_global(parsing, row, text);
	return take(parsing, row, text);
}

static int
parse_group_or_verb(struct parsing *parsing, const char *word)
{
	struct arguments *arguments = parsing->arguments;
	const char *meant;

	if (strcmp(word, "help") == 0) {
		arguments->help = true;
		return 0;
	}
	if (arguments->group == NULL) {
		arguments->group = command_find(word, NULL);
		/* Of a group that is itself a command, the verb is "". */
		arguments->command = command_find(word, "");
		if (arguments->group != NULL)
			return 0;
		meant = command_guess(NULL, word);
		if (meant != NULL)
			return refuse(parsing, _("unknown group `%s`; did you mean `%s`?"),
				text_shown(word), meant);
		return refuse(parsing, _("unknown group `%s`"), text_shown(word));
	}
	arguments->command = command_find(arguments->group->name, word);
	if (arguments->command != NULL)
		return 0;
	meant = command_guess(arguments->group->name, word);
	if (meant != NULL)
		return refuse(parsing, _("`%s` has no verb `%s`; did you mean `%s`?"),
			arguments->group->name, text_shown(word), meant);
	return refuse(
		parsing, _("`%s` has no verb `%s`"), arguments->group->name, text_shown(word));
}

static int
parse_argument(struct parsing *parsing, const char *word)
{
	struct arguments *arguments = parsing->arguments;
	const struct command_row *part = NULL;

	while ((part = command_next_part(arguments->command, part)) != NULL) {
		bool given = false;

		for (size_t i = 0; i < arguments->count; i++)
			given |= arguments->given[i].row == part;
		if (part->type == COMMAND_TYPE_ARGUMENT && (!given || part->kind == ARGUMENT_LIST))
			return take(parsing, part, word);
	}
	return refuse(parsing, _("`%s` is one word too many; put names with blanks in quotes"),
		text_shown(word));
}

static int
parse_word(struct parsing *parsing, const char *word)
{
	if (!parsing->options_over && strcmp(word, "--") == 0) {
		parsing->options_over = true;
		return 0;
	}
	if (!parsing->options_over && strcmp(word, "-h") == 0) {
		parsing->arguments->help = true;
		return 0;
	}
	if (!parsing->options_over && strncmp(word, "--", 2) == 0)
		return parse_option(parsing, word);
	if (!parsing->options_over && word[0] == '-' && word[1] != '\0')
		return refuse(parsing, _("unknown option %s; options begin with two hyphens"),
			text_shown(word));
	if (parsing->arguments->command == NULL)
		return parse_group_or_verb(parsing, word);
	return parse_argument(parsing, word);
}

static int
check_complete(struct parsing *parsing)
{
	const struct arguments *arguments = parsing->arguments;
	const struct command_row *part = NULL;
	char missing[256];
	int used = 0;

	if (arguments->group == NULL)
		return refuse(parsing, _("say what to do: a group and a verb"));
	if (arguments->command == NULL)
		return refuse(parsing, _("say what to do with `%s`: a verb is missing"),
			arguments->group->name);
	while ((part = command_next_part(arguments->command, part)) != NULL) {
		if (!part->required || argument_text(arguments, part->name) != NULL)
			continue;
		used += snprintf(missing + used, sizeof(missing) - (size_t)used, "%s%s%s%s%s",
			used > 0 ? ", " : "", part->type == COMMAND_TYPE_ARGUMENT ? "" : "--",
			part->name, part->value != NULL ? " " : "",
			part->value != NULL ? part->value : "");
		if (used >= (int)sizeof(missing))
			break;
	}
	if (used > 0)
		return refuse(parsing, _("missing: %s"), missing);
	return 0;
}

int
arguments_parse(int argc, char **argv, struct arguments *ret_arguments, char *ret_why, size_t size)
{
	struct arguments arguments = {0};
	struct parsing parsing = {.arguments = &arguments,
		.argc = argc,
		.argv = argv,
		.at = 1,
		.why = ret_why,
		.why_size = size};
	int result = 0;

	/* All words are read after a mistake too: --help may stand behind it, and --json says how to tell. */
	for (; parsing.at < argc; parsing.at++) {
		int r;

		if (result < 0) {
			arguments.help |= strcmp(argv[parsing.at], "--help") == 0 ||
					  strcmp(argv[parsing.at], "-h") == 0;
			arguments.json |= strcmp(argv[parsing.at], "--json") == 0;
			continue;
		}
		r = parse_word(&parsing, argv[parsing.at]);
		if (r < 0)
			result = r;
	}
	if (result == 0 && !arguments.help && !arguments.version)
		result = check_complete(&parsing);
	*ret_arguments = arguments;
	return arguments.help ? 0 : result;
}

const char *
argument_text(const struct arguments *arguments, const char *name)
{
	for (size_t i = 0; i < arguments->count; i++) {
		if (strcmp(arguments->given[i].row->name, name) == 0)
			return arguments->given[i].text;
	}
	return NULL;
}

bool
argument_flag(const struct arguments *arguments, const char *name)
{
	return argument_text(arguments, name) != NULL;
}

static void
append_items(json_t *list, const char *text)
{
	auto_free char *copy = strdup(text);
	char *rest = copy;
	char *word;

	while (copy != NULL && (word = strsep(&rest, ",")) != NULL) {
		word = text_trim(word);
		if (word[0] != '\0')
			(void)json_array_append_new(list, json_string(word));
	}
}

json_t *
argument_list(const struct arguments *arguments, const char *name)
{
	json_t *list = NULL;

	for (size_t i = 0; i < arguments->count; i++) {
		if (strcmp(arguments->given[i].row->name, name) != 0)
			continue;
		if (list == NULL)
			list = json_array();
		append_items(list, arguments->given[i].text);
	}
	return list;
}

static json_t *
value_of(const struct arguments *arguments, const struct command_row *row, const char *text)
{
	switch (row->kind) {
	case ARGUMENT_NUMBER:
		return json_integer(strtol(text, NULL, 10));
	case ARGUMENT_LIST:
		return argument_list(arguments, row->name);
	case ARGUMENT_FLAG:
		return json_true();
	case ARGUMENT_TEXT:
		break;
	}
	return json_string(text);
}

json_t *
arguments_parameters(const struct arguments *arguments)
{
	json_t *parameters = json_object();

	for (size_t i = 0; i < arguments->count; i++) {
		const struct command_row *row = arguments->given[i].row;
		json_t *object = parameters;
		const char *name = row->parameter;

		if (name == NULL)
			continue;
		if (strncmp(name, "changes.", 8) == 0) {
			name += 8;
			if (json_object_get(parameters, "changes") == NULL)
				(void)json_object_set_new(parameters, "changes", json_object());
			object = json_object_get(parameters, "changes");
		}
		(void)json_object_set_new(
			object, name, value_of(arguments, row, arguments->given[i].text));
	}
	return parameters;
}
