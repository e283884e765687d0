/* explain: the decision, rule by rule, as a table; then what comes of it. */
#include "admin-cli/command.h"
#include "admin-cli/list.h"
#include "admin-cli/print.h"
#include "admin-cli/said.h"
#include "admin-cli/text.h"
#include "admin-cli/values.h"
#include "base/cleanup.h"

enum admin_exit
command_explain(struct admin *admin)
{
	json_t *result = NULL;
	enum admin_exit exit_code;

	exit_code = admin_ask(admin, admin->arguments->command->method,
		arguments_parameters(admin->arguments), &result);
	if (exit_code != ADMIN_DONE)
		return exit_code;
	admin_print(admin, result);
	if (!json_is_true(json_object_get(result, "allowed")))
		exit_code = ADMIN_REFUSED;
	json_decref(result);
	return exit_code;
}

static const char *
shown_answer(const json_t *rule)
{
	const json_t *answer = json_object_get(rule, "allows");

	if (json_is_boolean(answer))
		return json_is_true(answer) ? _("allows") : _("REFUSES");
	return _("not asked");
}

static void
print_rules(const json_t *result)
{
	static const struct list_column columns[] = {
		{N_("Rule"), 0, "rule", VALUE_TEXT},
		{N_("Answer"), 0, .shown = shown_answer},
		{N_("What it found"), 0, .shown = said_sentence},
		{N_("Changes"), 0, "changes", VALUE_TIME},
	};

	(void)list_print(json_object_get(result, "rules"), columns, ARRAY_SIZE(columns));
}

static void
print_change(const json_t *result, bool allowed)
{
	const char *changes = value_time(result, "changes");

	if (changes[0] == '\0')
		puts(allowed ? _("Time alone will not change that.")
			     : _("Time alone will not change that: something has to be changed."));
	else if (allowed)
		printf(_("That ends at %s, unless something is changed before.\n"), changes);
	else
		printf(_("That changes at %s, if nothing else is changed before.\n"), changes);
}

/* A session that runs is asked by fewer rules: past the hours' end it may go on. */
static void
print_running(const json_t *result, bool allowed)
{
	const json_t *running = json_object_get(result, "running");

	if (!allowed && json_is_true(json_object_get(running, "allowed")))
		puts(_("A session that runs already may go on."));
}

/* Who is refused one terminal sees that on the sign-in screen, once the password was right. */
static void
print_signing_in(const json_t *result, bool allowed)
{
	const json_t *sign_in = json_object_get(result, "sign_in");

	if (!allowed && json_is_true(json_object_get(sign_in, "allowed")))
		puts(_("The account can sign in; it is this terminal that it cannot use."));
}

static const char *
granted(const json_t *right, const char *side)
{
	return json_is_true(json_object_get(right, side)) ? _("yes") : _("no");
}

static const char *
shown_right(const json_t *right)
{
	return value_word(right, "right");
}

static const char *
shown_terminal(const json_t *right)
{
	return granted(right, "terminal");
}

static const char *
shown_account(const json_t *right)
{
	return granted(right, "account");
}

static const char *
shown_passes(const json_t *right)
{
	return json_is_true(json_object_get(right, "passes")) ? _("passes") : _("is closed");
}

/* B8: of terminal and account the narrower wins. */
static void
print_rights(const json_t *result)
{
	static const struct list_column columns[] = {
		{N_("What may pass"), 0, .shown = shown_right},
		{N_("Terminal"), 0, .shown = shown_terminal},
		{N_("Account"), 0, .shown = shown_account},
		{N_("In a session"), 0, .shown = shown_passes},
	};

	if (json_object_get(result, "rights") == NULL)
		return;
	putchar('\n');
	(void)list_print(json_object_get(result, "rights"), columns, ARRAY_SIZE(columns));
	puts(_("Display and input always pass. Somebody of the hospital who lets the engineer in "
	       "may close more."));
}

void
print_explanation(const struct admin *admin, const json_t *result)
{
	static const struct value_row rows[] = {
		{"account", VALUE_TEXT},
		{"person", VALUE_PERSON},
		{"terminal", VALUE_TEXT},
		{"at", VALUE_TIME},
	};
	bool allowed = json_is_true(json_object_get(result, "allowed"));

	(void)admin;
	values_print(result, rows, ARRAY_SIZE(rows));
	putchar('\n');
	print_rules(result);
	putchar('\n');
	if (allowed)
		puts(_("A new connection is allowed."));
	else
		printf(_("A new connection is refused: %s.\n"), value_word(result, "reason"));
	print_change(result, allowed);
	print_signing_in(result, allowed);
	print_running(result, allowed);
	print_rights(result);
}
