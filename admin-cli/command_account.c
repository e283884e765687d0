/* account add, edit, delete and the resets: what needs more than one question to the gateway. */
#include "admin-cli/command.h"
#include "admin-cli/handover.h"
#include "admin-cli/text.h"
#include "admin-cli/values.h"

#include <string.h>
#include <strings.h>

static enum admin_exit
show_account(struct admin *admin, json_t **ret_account)
{
	return admin_ask(admin, "account.show",
		json_pack("{s:s}", "id", argument_text(admin->arguments, "ACCOUNT")), ret_account);
}

/* MAC addresses are written in several forms, names in either case: only letters and digits count for MACs. */
static bool
same_item(const char *one, const char *other, bool is_mac)
{
	if (!is_mac)
		return strcasecmp(one, other) == 0;
	for (;;) {
		one += strcspn(one, "0123456789abcdefABCDEF");
		other += strcspn(other, "0123456789abcdefABCDEF");
		if (*one == '\0' || *other == '\0')
			return *one == *other;
		if (strncasecmp(one++, other++, 1) != 0)
			return false;
	}
}

static size_t
find_item(const json_t *list, const char *wanted, bool is_mac)
{
	size_t i;
	json_t *item;

	json_array_foreach (list, i, item) {
		if (same_item(json_string_value(item), wanted, is_mac))
			return i;
	}
	return json_array_size(list);
}

/* Adds and removes in a copy of what the account has; the gateway takes whole lists. */
static enum admin_exit
change_list(struct admin *admin, const json_t *account, const char *key, const char *option,
	json_t *changes)
{
	bool is_mac = strcmp(key, "macs") == 0;
	json_t *list = json_deep_copy(json_object_get(account, key));
	json_t *add;
	json_t *take;
	char name[32];
	size_t i;
	json_t *item;

	snprintf(name, sizeof(name), "add-%s", option);
	add = argument_list(admin->arguments, name);
	snprintf(name, sizeof(name), "remove-%s", option);
	take = argument_list(admin->arguments, name);
	json_array_foreach (take, i, item) {
		size_t at = find_item(list, json_string_value(item), is_mac);

		if (at == json_array_size(list)) {
			enum admin_exit exit_code = admin_refuse(admin, ADMIN_REFUSED,
				_("the account does not have `%s`; it has: %s"),
				text_shown(json_string_value(item)),
				text_shown(value_list(account, key)));

			json_decref(list);
			json_decref(add);
			json_decref(take);
			return exit_code;
		}
		(void)json_array_remove(list, at);
	}
	json_array_foreach (add, i, item) {
		if (find_item(list, json_string_value(item), is_mac) == json_array_size(list))
			(void)json_array_append(list, item);
	}
	if (add != NULL || take != NULL)
		(void)json_object_set(changes, key, list);
	json_decref(list);
	json_decref(add);
	json_decref(take);
	return ADMIN_DONE;
}

static bool
changes_lists(const struct arguments *arguments)
{
	return argument_flag(arguments, "add-mac") || argument_flag(arguments, "remove-mac") ||
	       argument_flag(arguments, "add-terminal") ||
	       argument_flag(arguments, "remove-terminal");
}

static enum admin_exit
change_lists(struct admin *admin, json_t *changes)
{
	json_t *account = NULL;
	enum admin_exit exit_code;

	if ((json_object_get(changes, "macs") != NULL &&
		    (argument_flag(admin->arguments, "add-mac") ||
			    argument_flag(admin->arguments, "remove-mac"))) ||
		(json_object_get(changes, "terminals") != NULL &&
			(argument_flag(admin->arguments, "add-terminal") ||
				argument_flag(admin->arguments, "remove-terminal"))))
		return admin_refuse(admin, ADMIN_USAGE,
			_("--mac and --terminal name the whole list: leave out what adds to it or "
			  "takes from it"));
	exit_code = show_account(admin, &account);
	if (exit_code != ADMIN_DONE)
		return exit_code;
	exit_code = change_list(admin, account, "macs", "mac", changes);
	if (exit_code == ADMIN_DONE)
		exit_code = change_list(admin, account, "terminals", "terminal", changes);
	json_decref(account);
	return exit_code;
}

enum admin_exit
command_account_edit(struct admin *admin)
{
	json_t *parameters = arguments_parameters(admin->arguments);
	json_t *changes = json_object_get(parameters, "changes");
	enum admin_exit exit_code = ADMIN_DONE;

	if (changes == NULL) {
		changes = json_object();
		(void)json_object_set_new(parameters, "changes", changes);
	}
	if (changes_lists(admin->arguments))
		exit_code = change_lists(admin, changes);
	else if (json_object_size(changes) == 0)
		exit_code = admin_refuse(
			admin, ADMIN_USAGE, _("say what is to be changed: see --help"));
	if (exit_code != ADMIN_DONE) {
		json_decref(parameters);
		return exit_code;
	}
	return admin_ask_and_print(admin, parameters);
}

enum admin_exit
command_account_delete(struct admin *admin)
{
	json_t *account = NULL;
	enum admin_exit exit_code;

	exit_code = show_account(admin, &account);
	if (exit_code != ADMIN_DONE)
		return exit_code;
	{
		const struct fact facts[] = {
			{value_label("account"), value_text(account, "id")},
			{value_label("person"), value_person(account)},
			{value_label("email"), value_text(account, "email")},
		};

		exit_code = admin_confirm(admin, facts, 3,
			_("This cannot be undone. Its running sessions end; history and logs keep "
			  "the name."),
			_("Delete this account?"));
	}
	json_decref(account);
	if (exit_code != ADMIN_DONE)
		return exit_code;
	return admin_ask_and_print(admin, arguments_parameters(admin->arguments));
}

enum admin_exit
command_account_add(struct admin *admin)
{
	return handover_ask(admin, arguments_parameters(admin->arguments));
}

/* Of the wrong person it would be a nuisance: it is shown whose it is. */
enum admin_exit
command_account_reset(struct admin *admin)
{
	json_t *account = NULL;
	enum admin_exit exit_code;

	exit_code = show_account(admin, &account);
	if (exit_code != ADMIN_DONE)
		return exit_code;
	{
		const struct fact facts[] = {
			{value_label("account"), value_text(account, "id")},
			{value_label("person"), value_person(account)},
			{value_label("email"), value_text(account, "email")},
		};

		exit_code = admin_confirm(admin, facts, 3,
			_("What is there now stops working. Running sessions go on: `account lock` "
			  "ends them."),
			_("Reset it for this account?"));
	}
	json_decref(account);
	if (exit_code != ADMIN_DONE)
		return exit_code;
	return handover_ask(admin, arguments_parameters(admin->arguments));
}
