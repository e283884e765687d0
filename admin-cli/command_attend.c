/* attend list, attend allow, attend refuse (C7): who waits for the hospital's permission. */
#include "admin-cli/command.h"
#include "admin-cli/json_text.h"
#include "admin-cli/print.h"
#include "admin-cli/text.h"
#include "admin-cli/values.h"
#include "base/cleanup.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static json_t *
list_parameters(const struct admin *admin)
{
	const char *terminal = argument_text(admin->arguments, "terminal");

	return terminal == NULL ? json_object() : json_pack("{s:s}", "terminal", terminal);
}

static const json_t *
find_waiting(const json_t *rows, json_int_t id)
{
	const json_t *row;
	size_t i;

	json_array_foreach (rows, i, row) {
		if (json_integer_value(json_object_get(row, "id")) == id)
			return row;
	}
	return NULL;
}

/* Rows that the other list does not have. */
static json_t *
rows_without(const json_t *rows, const json_t *others)
{
	json_t *some = json_array(), *row;
	size_t i;

	json_array_foreach (rows, i, row) {
		if (find_waiting(others, json_integer_value(json_object_get(row, "id"))) == NULL)
			(void)json_array_append(some, row);
	}
	return some;
}

static void
write_rows(const json_t *rows, bool waits)
{
	json_t *row, *shown;
	size_t i;

	json_array_foreach (rows, i, row) {
		shown = json_copy(row);
		(void)json_object_set_new(shown, "waits", json_boolean(waits));
		json_text_write(stdout, shown, JSON_COMPACT | JSON_PRESERVE_ORDER);
		putchar('\n');
		json_decref(shown);
	}
}

/* Somebody is to look at the screen: hence the bell. */
static void
print_rows(const json_t *come, const json_t *gone)
{
	const json_t *row;
	size_t i;

	json_array_foreach (gone, i, row) {
		print_waits_no_longer(row);
	}
	if (json_array_size(come) == 0)
		return;
	print_waiting(come);
	if (isatty(STDOUT_FILENO) == 1)
		putchar('\a');
}

/* Who has come since the last time, and who waits no longer: let in, refused, or gone. */
static void
show_changes(const struct admin *admin, const json_t *before, const json_t *now)
{
	json_t *come = rows_without(now, before);
	json_t *gone = rows_without(before, now);

	if (admin->arguments->json) {
		write_rows(gone, false);
		write_rows(come, true);
	} else {
		print_rows(come, gone);
	}
	(void)fflush(stdout);
	json_decref(come);
	json_decref(gone);
}

/* Takes the rows that have been shown. */
static enum admin_exit
follow(struct admin *admin, json_t *shown)
{
	json_t *result, *rows;
	enum admin_exit exit_code = ADMIN_DONE;
	char why[512];

	while (exit_code == ADMIN_DONE && ferror(stdout) == 0) {
		result = NULL;
		if (rpc_next(admin->rpc, &result, why, sizeof(why)) < 0) {
			exit_code = admin_refuse(admin, ADMIN_REFUSED, "%s", why);
			break;
		}
		json_decref(result);
		result = NULL;
		exit_code = admin_ask(admin, "attend.list", list_parameters(admin), &result);
		if (exit_code == ADMIN_DONE) {
			rows = json_incref(json_object_get(result, "waiting"));
			show_changes(admin, shown, rows);
			json_decref(shown);
			shown = rows;
		}
		json_decref(result);
	}
	json_decref(shown);
	return exit_code;
}

/* Listening begins before reading, so that nobody comes in between unseen. */
enum admin_exit
command_attend_list(struct admin *admin)
{
	bool following = argument_flag(admin->arguments, "follow");
	json_t *result = NULL, *rows;
	enum admin_exit exit_code = ADMIN_DONE;

	if (following) {
		exit_code = admin_ask(admin, "attend.follow", NULL, &result);
		json_decref(result);
		result = NULL;
	}
	if (exit_code == ADMIN_DONE)
		exit_code = admin_ask(admin, "attend.list", list_parameters(admin), &result);
	if (exit_code != ADMIN_DONE)
		return exit_code;
	rows = json_incref(json_object_get(result, "waiting"));
	if (following && admin->arguments->json)
		write_rows(rows, true);
	else
		admin_print(admin, result);
	(void)fflush(stdout);
	json_decref(result);
	if (following)
		return follow(admin, rows);
	json_decref(rows);
	return ADMIN_DONE;
}

/* --look-only is the consent to control that is not given. account: whom a decision is about, or NULL. */
static enum admin_exit
ask_with_consent(struct admin *admin, const char *account)
{
	json_t *parameters = arguments_parameters(admin->arguments);

	if (account != NULL)
		(void)json_object_set_new(parameters, "account", json_string(account));
	if (argument_flag(admin->arguments, "look-only"))
		(void)json_object_set_new(parameters, "control", json_false());
	return admin_ask_and_print(admin, parameters);
}

enum admin_exit
command_attend_issue(struct admin *admin)
{
	return ask_with_consent(admin, NULL);
}

static enum admin_exit
confirm(struct admin *admin, const json_t *waiting)
{
	bool allow = strcmp(admin->arguments->command->name, "allow") == 0;
	const char *files = argument_flag(admin->arguments, "files") ? _("yes") : _("no");
	const char *control = argument_flag(admin->arguments, "look-only") ? _("no") : _("yes");
	const struct fact facts[] = {
		{value_label("account"), value_text(waiting, "account")},
		{value_label("person"), value_text(waiting, "name")},
		{value_label("terminal"), value_text(waiting, "terminal")},
		{value_label("source"), value_text(waiting, "source")},
		{_("Waits since"), value_time(waiting, "since")},
		{value_label("control"), control},
		{value_label("files"), files},
	};

	if (allow)
		return admin_confirm(admin, facts, ARRAY_SIZE(facts),
			_("The engineer sees the terminal's screen. Make sure by telephone who it "
			  "is."),
			_("Let this engineer in?"));
	return admin_confirm(admin, facts, ARRAY_SIZE(facts) - 2, NULL, _("Refuse this engineer?"));
}

enum admin_exit
command_attend_decide(struct admin *admin)
{
	const char *id = argument_text(admin->arguments, "ID");
	json_t *result = NULL;
	const json_t *waiting;
	enum admin_exit exit_code;

	exit_code = admin_ask(admin, "attend.list", NULL, &result);
	if (exit_code != ADMIN_DONE)
		return exit_code;
	waiting = find_waiting(json_object_get(result, "waiting"), strtoll(id, NULL, 10));
	exit_code = waiting != NULL ? confirm(admin, waiting)
				    : admin_refuse(admin, ADMIN_REFUSED,
					      _("nobody waits under %s: see attend list"), id);
	if (exit_code == ADMIN_DONE)
		exit_code = ask_with_consent(
			admin, json_string_value(json_object_get(waiting, "account")));
	json_decref(result);
	return exit_code;
}
