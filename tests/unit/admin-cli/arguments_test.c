/* admin-cli/arguments.c */
#include "admin-cli/arguments.h"

#include "admin-cli/text.h"
#include "base/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PARSE(arguments, why, ...) \
	parse((arguments), (why), (char *[]){"sekisho-admin", __VA_ARGS__, NULL})

static int
parse(struct arguments *arguments, char why[512], char **argv)
{
	int argc = 0;

	while (argv[argc] != NULL)
		argc++;
	strcpy(why, "");
	return arguments_parse(argc, argv, arguments, why, 512);
}

static void
expect_parameters(const struct arguments *arguments, const char *expected)
{
	json_t *parameters = arguments_parameters(arguments);
	auto_free char *text = json_dumps(parameters, JSON_COMPACT | JSON_SORT_KEYS);

	assert_string_equal(text, expected);
	json_decref(parameters);
}

static void
words_become_the_methods_parameters(void **state)
{
	struct arguments arguments;
	char why[512];

	(void)state;
	assert_int_equal(PARSE(&arguments, why, "terminal", "add", "998-踏み台端末02(Local)",
				 "--address", "h", "--port=3390", "--allow", "clipboard-in, sound",
				 "--allow", "drives-in"),
		0);
	expect_parameters(&arguments,
		"{\"address\":\"h\",\"name\":\"998-踏み台端末02(Local)\",\"port\":3390,"
		"\"rights\":[\"clipboard-in\",\"sound\",\"drives-in\"]}");
	assert_int_equal(PARSE(&arguments, why, "account", "edit", "taro", "--email", "a@b",
				 "--mac", "", "--because", "moved"),
		0);
	expect_parameters(&arguments, "{\"because\":\"moved\",\"changes\":{\"email\":\"a@b\","
				      "\"macs\":[]},\"id\":\"taro\"}");
}

static void
options_may_stand_anywhere_behind_their_verb(void **state)
{
	struct arguments arguments;
	char why[512];

	(void)state;
	assert_int_equal(PARSE(&arguments, why, "--json", "session", "kill", "--because", "drill",
				 "7f31", "--yes", "--socket", "/s"),
		0);
	assert_true(arguments.json);
	assert_string_equal(arguments.socket, "/s");
	assert_string_equal(argument_text(&arguments, "SESSION"), "7f31");
	assert_string_equal(argument_text(&arguments, "because"), "drill");
	assert_true(argument_flag(&arguments, "yes"));
	/* What stands for the function alone does not go to the gateway. */
	expect_parameters(&arguments, "{\"because\":\"drill\",\"id\":\"7f31\"}");
}

static void
two_hyphens_end_the_options(void **state)
{
	struct arguments arguments;
	char why[512];

	(void)state;
	assert_int_equal(PARSE(&arguments, why, "terminal", "show", "--", "--odd name"), 0);
	assert_string_equal(argument_text(&arguments, "TERMINAL"), "--odd name");
}

static void
help_is_given_even_behind_a_mistake(void **state)
{
	struct arguments arguments;
	char why[512];

	(void)state;
	assert_int_equal(PARSE(&arguments, why, "account", "add", "--bogus", "--help"), 0);
	assert_true(arguments.help);
	assert_string_equal(arguments.command->name, "add");
	assert_int_equal(PARSE(&arguments, why, "help", "account"), 0);
	assert_true(arguments.help);
	assert_string_equal(arguments.group->name, "account");
}

static const struct {
	char *words[8];
	const char *why;
} mistakes[] = {
	{{NULL}, "say what to do: a group and a verb"},
	{{"account"}, "say what to do with `account`: a verb is missing"},
	{{"acount", "list"}, "unknown group `acount`; did you mean `account`?"},
	{{"zebra", "list"}, "unknown group `zebra`"},
	{{"account", "lsit"}, "`account` has no verb `lsit`; did you mean `list`?"},
	{{"account", "zebra"}, "`account` has no verb `zebra`"},
	{{"account", "add", "taro"},
		"missing: --family-name NAME, --given-name NAME, --email ADDRESS"},
	{{"account", "show"}, "missing: ACCOUNT"},
	{{"account", "show", "a", "b"},
		"`b` is one word too many; put names with blanks in quotes"},
	{{"account", "list", "--stat", "locked"}, "unknown option --stat; did you mean --state?"},
	{{"account", "list", "--zebra"}, "unknown option --zebra"},
	{{"account", "list", "-x"}, "unknown option -x; options begin with two hyphens"},
	{{"account", "--state", "x", "list"},
		"option --state stands before the verb that it belongs to, or is unknown"},
	{{"account", "list", "--state", "lokced"},
		"--state: found `lokced`; allowed are active, not-yet, expired, locked; did you "
		"mean `locked`?"},
	{{"account", "list", "--state", ""},
		"--state: found ``; allowed are active, not-yet, expired, locked"},
	{{"account", "list", "--sort", "zebra"},
		"--sort: found `zebra`; allowed are id, name, email, kind, state, expired, "
		"valid_from, valid_until, hours_from, hours_until, allowlist, macs, terminals, "
		"file_sharing, services, vendor, max_sessions, protected, locked, last_session, "
		"created, updated"},
	{{"account", "list", "--state", "locked", "--state", "active"},
		"--state stands here twice"},
	{{"account", "list", "--state"}, "--state needs a value: --state STATE"},
	{{"session", "kill", "7f", "--because", "--yes"},
		"--because needs a value, but --yes follows; write --because=… if this is it"},
	{{"session", "kill", "7f", "--yes=no"}, "--yes takes no value"},
	{{"terminal", "add", "a", "--address", "h", "--port", "rdp"},
		"--port: found `rdp`; allowed is a number"},
	{{"terminal", "add", "a", "--address", "h", "--port", "-1"},
		"--port: found `-1`; allowed is a number"},
	{{"terminal", "edit", "a", "--allow", "sound,clipbord-in"},
		"--allow: found `clipbord-in`; allowed are clipboard-in, clipboard-out, "
		"clipboard-files-in, clipboard-files-out, drives-in, drives-out, printer, "
		"smartcard, sound, microphone, camera, usb, channels; did you mean "
		"`clipboard-in`?"},
	{{"account", "show", "\xff"}, "ACCOUNT: the text is not UTF-8"},
	{{"account", "list", "\x1b[2J\n", "b"},
		"`b` is one word too many; put names with blanks in quotes"},
	{{"a\x1b[2J"}, "unknown group `a?[2J`"},
};

static void
each_mistake_is_told_with_what_was_meant(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(mistakes); i++) {
		char *argv[10] = {"sekisho-admin"};
		struct arguments arguments;
		char why[512];

		memcpy(argv + 1, mistakes[i].words, sizeof(mistakes[i].words));
		assert_int_not_equal(parse(&arguments, why, argv), 0);
		assert_string_equal(why, mistakes[i].why);
	}
}

/* Parsing looks for a value by the name of its row, so a name may stand only once in a command. */
static void
no_command_has_two_rows_of_one_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < command_row_count; i++) {
		const struct command_row *command = &command_rows[i];
		const struct command_row *part = NULL;

		if (command->type != COMMAND_TYPE_COMMAND)
			continue;
		assert_non_null(command->run);
		while ((part = command_next_part(command, part)) != NULL) {
			const struct command_row *other = part;

			while ((other = command_next_part(command, other)) != NULL)
				assert_string_not_equal(part->name, other->name);
			assert_true(part->kind == ARGUMENT_FLAG ||
				    part->type == COMMAND_TYPE_ARGUMENT || part->value != NULL);
		}
	}
}

/* The methods of the gateway, with the names of their parameters between blanks. */
static const struct {
	const char *name;
	const char *parameters;
} methods[] = {
#define METHOD(name, roles, where, function, parameters) {name, " " parameters},
#include "supervisor/control_methods.def"
#undef METHOD
};

static const char *
parameters_of(const char *method)
{
	for (size_t i = 0; i < ARRAY_SIZE(methods); i++) {
		if (strcmp(methods[i].name, method) == 0)
			return methods[i].parameters;
	}
	fail_msg("the gateway has no method %s", method);
	return NULL;
}

static void
every_parameter_is_one_of_the_gateways_method(void **state)
{
	(void)state;
	for (size_t i = 0; i < command_row_count; i++) {
		const struct command_row *command = &command_rows[i];
		const struct command_row *part = NULL;

		if (command->type != COMMAND_TYPE_COMMAND)
			continue;
		while ((part = command_next_part(command, part)) != NULL) {
			const char *name = part->parameter;
			char wanted[64];

			if (name == NULL)
				continue;
			if (strncmp(name, "changes.", 8) == 0)
				name = "changes";
			snprintf(wanted, sizeof(wanted), " %s:", name);
			if (strstr(parameters_of(command->method), wanted) == NULL)
				fail_msg("%s has no parameter %s", command->method, name);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_become_the_methods_parameters),
		cmocka_unit_test(options_may_stand_anywhere_behind_their_verb),
		cmocka_unit_test(two_hyphens_end_the_options),
		cmocka_unit_test(help_is_given_even_behind_a_mistake),
		cmocka_unit_test(each_mistake_is_told_with_what_was_meant),
		cmocka_unit_test(no_command_has_two_rows_of_one_name),
		cmocka_unit_test(every_parameter_is_one_of_the_gateways_method),
	};

	(void)setenv("LC_ALL", "C.UTF-8", 1);
	text_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
