/* attend list, attend allow, attend refuse (C7): who waits for the hospital's permission. */
#include "admin-cli/command.h"
#include "admin-cli/json_text.h"
#include "admin-cli/print.h"
#include "admin-cli/text.h"
#include "admin-cli/values.h"
#include "base/cleanup.h"

#include <string.h>
#include <unistd.h>

static json_t *
list_parameters(const struct admin *admin)
{
	const char *terminal = argument_text(admin->arguments, "terminal");

	return terminal == NULL ? json_object() : json_pack("{s:s}", "terminal", terminal);
}

/* Those who have come since the last time; ids only grow. */
static json_t *
take_new(const json_t *result, json_int_t *newest)
{
	json_t *rows = json_array(), *row;
	size_t i;

	json_array_foreach (json_object_get(result, "waiting"), i, row) {
		json_int_t id = json_integer_value(json_object_get(row, "id"));

		if (id <= *newest)
			continue;
		*newest = id;
		(void)json_array_append(rows, row);
	}
	return rows;
}

/* Somebody is to look at the screen: hence the bell. */
static void
show_new(const struct admin *admin, json_t *rows)
{
	json_t *row;
	size_t i;

	if (json_array_size(rows) > 0 && admin->arguments->json) {
		json_array_foreach (rows, i, row) {
			json_text_write(stdout, row, JSON_COMPACT | JSON_PRESERVE_ORDER);
			putchar('\n');
		}
	} else if (json_array_size(rows) > 0) {
		print_waiting(rows);
		if (isatty(STDOUT_FILENO) == 1)
			putchar('\a');
	}
	(void)fflush(stdout);
	json_decref(rows);
}

static enum admin_exit
follow(struct admin *admin, json_int_t newest)
{
	json_t *result;
	enum admin_exit exit_code;
	char why[512];

	for (;;) {
		result = NULL;
		if (rpc_next(admin->rpc, &result, why, sizeof(why)) < 0)
			return admin_refuse(admin, ADMIN_REFUSED, "%s", why);
		json_decref(result);
		exit_code = admin_ask(admin, "attend.list", list_parameters(admin), &result);
		if (exit_code != ADMIN_DONE)
			return exit_code;
		show_new(admin, take_new(result, &newest));
		json_decref(result);
		if (ferror(stdout) != 0)
			return ADMIN_DONE;
	}
}

/* Listening begins before reading, so that nobody comes in between unseen. */
enum admin_exit
command_attend_list(struct admin *admin)
{
	bool following = argument_flag(admin->arguments, "follow");
	json_int_t newest = 0;
	json_t *result = NULL;
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
	if (following && admin->arguments->json) {
		show_new(admin, take_new(result, &newest));
	} else {
		json_decref(take_new(result, &newest));
		admin_print(admin, result);
		(void)fflush(stdout);
	}
	json_decref(result);
	return following ? follow(admin, newest) : ADMIN_DONE;
}

/* --look-only is the consent to control that is not given. */
static enum admin_exit
ask_with_consent(struct admin *admin)
{
	json_t *parameters = arguments_parameters(admin->arguments);

	if (argument_flag(admin->arguments, "look-only"))
		(void)json_object_set_new(parameters, "control", json_false());
	return admin_ask_and_print(admin, parameters);
}

enum admin_exit
command_attend_issue(struct admin *admin)
{
	return ask_with_consent(admin);
}

static json_t *
find_waiting(const json_t *result, const char *id)
{
	json_t *row;
	size_t i;

	json_array_foreach (json_object_get(result, "waiting"), i, row) {
		if (strcmp(value_text(row, "id"), id) == 0)
			return row;
	}
	return NULL;
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
		{value_label("since"), value_time(waiting, "since")},
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
	json_t *result = NULL, *waiting;
	enum admin_exit exit_code;

	exit_code = admin_ask(admin, "attend.list", NULL, &result);
	if (exit_code != ADMIN_DONE)
		return exit_code;
	waiting = find_waiting(result, id);
	exit_code = waiting != NULL ? confirm(admin, waiting)
				    : admin_refuse(admin, ADMIN_REFUSED,
					      _("nobody waits under %s: see attend list"), id);
	json_decref(result);
	return exit_code == ADMIN_DONE ? ask_with_consent(admin) : exit_code;
}
