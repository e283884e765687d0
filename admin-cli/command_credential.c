/* terminal credential: the stored name and password of a terminal. */
#include "admin-cli/command.h"
#include "admin-cli/hidden_line.h"
#include "admin-cli/text.h"
#include "admin-cli/values.h"
#include "base/cleanup.h"

#include <string.h>

/* Takes parameters. */
static enum admin_exit
ask_and_print(struct admin *admin, const char *method, json_t *parameters)
{
	json_t *result = NULL;
	enum admin_exit exit_code = admin_ask(admin, method, parameters, &result);

	if (exit_code == ADMIN_DONE)
		admin_print(admin, result);
	json_decref(result);
	return exit_code;
}

static json_t *
name_parameter(const struct admin *admin)
{
	return json_pack("{s:s}", "name", argument_text(admin->arguments, "TERMINAL"));
}

static enum admin_exit
set(struct admin *admin)
{
	auto_secret struct secret password = {0};
	json_t *parameters, *text;
	enum admin_exit exit_code;

	if (argument_text(admin->arguments, "user") == NULL)
		return admin_refuse(admin, ADMIN_USAGE, _("missing: %s"), "--user USER");
	if (argument_flag(admin->arguments, "protect") &&
		argument_flag(admin->arguments, "unprotect"))
		return admin_refuse(
			admin, ADMIN_USAGE, _("--protect and --unprotect exclude each other"));
	exit_code =
		hidden_line_read(admin, _("Password at the jump host"), _("Once more"), &password);
	if (exit_code != ADMIN_DONE)
		return exit_code;
	text = json_stringn((const char *)password.bytes, password.len);
	if (text == NULL)
		return admin_refuse(admin, ADMIN_REFUSED, _("the password is not UTF-8"));
	parameters = arguments_parameters(admin->arguments);
	(void)json_object_set_new(parameters, "password", text);
	return ask_and_print(admin, "terminal.set_credential", parameters);
}

static enum admin_exit
show(struct admin *admin)
{
	return ask_and_print(admin, "terminal.show_credential", name_parameter(admin));
}

static enum admin_exit
confirm_delete(struct admin *admin, const json_t *stored)
{
	const struct fact facts[] = {
		{value_label("terminal"), value_text(stored, "terminal")},
		{value_label("user"), value_text(stored, "user")},
		{value_label("domain"), value_text(stored, "domain")},
		{value_label("set"), value_time(stored, "set")},
	};

	return admin_confirm(admin, facts, ARRAY_SIZE(facts),
		_("This cannot be undone: the gateway keeps no copy of the password."),
		_("Delete it?"));
}

static enum admin_exit
forget(struct admin *admin)
{
	json_t *stored = NULL, *parameters = name_parameter(admin);
	const char *because = argument_text(admin->arguments, "because");
	enum admin_exit exit_code;

	exit_code = admin_ask(admin, "terminal.show_credential", json_incref(parameters), &stored);
	if (exit_code == ADMIN_DONE)
		exit_code = confirm_delete(admin, stored);
	json_decref(stored);
	if (exit_code != ADMIN_DONE) {
		json_decref(parameters);
		return exit_code;
	}
	if (because != NULL)
		(void)json_object_set_new(parameters, "because", json_string(because));
	if (argument_flag(admin->arguments, "override-protection"))
		(void)json_object_set_new(parameters, "override_protection", json_true());
	return ask_and_print(admin, "terminal.delete_credential", parameters);
}

/* What another action needs is no option of this one. */
static enum admin_exit
refuse_strange(const struct admin *admin, const char *action)
{
	static const char *const of_set[] = {"user", "domain", "protect", "unprotect"};

	for (size_t i = 0; i < ARRAY_SIZE(of_set); i++)
		if (strcmp(action, "set") != 0 &&
			(argument_text(admin->arguments, of_set[i]) != NULL ||
				argument_flag(admin->arguments, of_set[i])))
			return admin_refuse(admin, ADMIN_USAGE,
				_("--%s belongs to `terminal credential set`"), of_set[i]);
	return ADMIN_DONE;
}

enum admin_exit
command_terminal_credential(struct admin *admin)
{
	static const struct {
		const char *action;
		enum admin_exit (*run)(struct admin *admin);
	} actions[] = {{"set", set}, {"show", show}, {"delete", forget}};
	const char *action = argument_text(admin->arguments, "ACTION");
	enum admin_exit exit_code = refuse_strange(admin, action);

	for (size_t i = 0; exit_code == ADMIN_DONE && i < ARRAY_SIZE(actions); i++)
		if (strcmp(actions[i].action, action) == 0)
			return actions[i].run(admin);
	return exit_code;
}
