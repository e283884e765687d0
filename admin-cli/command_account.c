/* account add, edit, delete and the resets: what needs more than one question to the gateway. */
#include "admin-cli/command.h"
#include "admin-cli/handover.h"
#include "admin-cli/text.h"
#include "admin-cli/values.h"
#include "base/cleanup.h"

#include <stdlib.h>
#include <string.h>

/* Shows whose account it is, and asks. */
static enum admin_exit
confirm_account(struct admin *admin, const char *warning, const char *question)
{
	json_t *account = NULL;
	enum admin_exit exit_code;

	exit_code = admin_ask(admin, "account.show",
		json_pack("{s:s}", "id", argument_text(admin->arguments, "ACCOUNT")), &account);
	if (exit_code == ADMIN_DONE) {
		const struct fact facts[] = {
			{value_label("account"), value_text(account, "id")},
			{value_label("person"), value_person(account)},
			{value_label("email"), value_text(account, "email")},
		};

		exit_code = admin_confirm(admin, facts, ARRAY_SIZE(facts), warning, question);
	}
	json_decref(account);
	return exit_code;
}

/* "pacs-01=5": names may hold a '=' themselves. */
static enum admin_exit
add_priorities(struct admin *admin, json_t *changes)
{
	json_t *list = argument_list(admin->arguments, "priority");
	json_t *priorities = list != NULL ? json_object() : NULL;
	enum admin_exit exit_code = ADMIN_DONE;
	json_t *item;
	size_t i;

	json_array_foreach (list, i, item) {
		auto_free char *name = strdup(json_string_value(item));
		char *equals = name != NULL ? strrchr(name, '=') : NULL;

		if (equals == NULL || equals == name || equals[1] < '0' || equals[1] > '9' ||
			equals[2] != '\0') {
			exit_code = admin_refuse(admin, ADMIN_USAGE,
				_("--priority: found `%s`; allowed is TERMINAL=0 to TERMINAL=9"),
				text_shown(json_string_value(item)));
			break;
		}
		*equals = '\0';
		(void)json_object_set_new(priorities, name, json_integer(equals[1] - '0'));
	}
	if (priorities != NULL)
		(void)json_object_set_new(changes, "priorities", priorities);
	json_decref(list);
	return exit_code;
}

/* A whole list beside what adds to it or takes from it: nobody could say which comes first. */
static bool
names_list_twice(const struct arguments *arguments)
{
	static const char *const options[][3] = {
		{"mac", "add-mac", "remove-mac"},
		{"terminal", "add-terminal", "remove-terminal"},
		{"service", "add-service", "remove-service"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		if (argument_flag(arguments, options[i][0]) &&
			(argument_flag(arguments, options[i][1]) ||
				argument_flag(arguments, options[i][2])))
			return true;
	return false;
}

/* What is not as it stands in the parameters yet. */
static enum admin_exit
complete_changes(struct admin *admin, json_t *changes)
{
	const char *vendor = argument_text(admin->arguments, "vendor");

	if (names_list_twice(admin->arguments))
		return admin_refuse(admin, ADMIN_USAGE,
			_("--mac, --terminal and --service name the whole list: leave out what "
			  "adds to "
			  "it or takes from it"));
	if (admin_take_protection(admin, changes) != ADMIN_DONE)
		return ADMIN_USAGE;
	if (vendor != NULL && vendor[0] == '\0')
		(void)json_object_set_new(changes, "vendor", json_null());
	return add_priorities(admin, changes);
}

enum admin_exit
command_account_edit(struct admin *admin)
{
	json_t *parameters = arguments_parameters(admin->arguments);

	return admin_edit(admin, parameters, complete_changes(admin, admin_changes(parameters)));
}

enum admin_exit
command_account_delete(struct admin *admin)
{
	enum admin_exit exit_code;

	exit_code = confirm_account(admin,
		_("This cannot be undone. Its running sessions end; history and logs keep "
		  "the name."),
		_("Delete this account?"));
	if (exit_code != ADMIN_DONE)
		return exit_code;
	return admin_ask_and_print(admin, arguments_parameters(admin->arguments));
}

enum admin_exit
command_account_add(struct admin *admin)
{
	json_t *parameters = arguments_parameters(admin->arguments);
	enum admin_exit exit_code = add_priorities(admin, parameters);

	if (exit_code != ADMIN_DONE) {
		json_decref(parameters);
		return exit_code;
	}
	return handover_ask(admin, parameters);
}

enum admin_exit
command_account_reset(struct admin *admin)
{
	enum admin_exit exit_code;

	exit_code = confirm_account(admin,
		_("What is there now stops working. Running sessions go on: `account lock` "
		  "ends them."),
		_("Reset it for this account?"));
	if (exit_code != ADMIN_DONE)
		return exit_code;
	return handover_ask(admin, arguments_parameters(admin->arguments));
}
