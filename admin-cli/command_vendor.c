/* vendor edit, vendor delete: what concerns every engineer of a company is shown before it is done. */
#include "admin-cli/command.h"
#include "admin-cli/text.h"
#include "admin-cli/values.h"

#include <string.h>

static enum admin_exit
show_vendor(struct admin *admin, json_t **ret_vendor)
{
	return admin_ask(admin, "vendor.show",
		json_pack("{s:s}", "name", argument_text(admin->arguments, "VENDOR")), ret_vendor);
}

static enum admin_exit
confirm(struct admin *admin, const json_t *vendor, const char *warning, const char *question)
{
	const struct fact facts[] = {
		{value_label("vendor"), value_text(vendor, "name")},
		{value_label("kind"), value_word(vendor, "kind")},
		{value_label("vendor_accounts"), value_text(vendor, "accounts")},
	};

	return admin_confirm(admin, facts, 3, warning, question);
}

static bool
suspends(const json_t *changes, const json_t *vendor)
{
	return strcmp(value_text(changes, "state"), "suspended") == 0 &&
	       strcmp(value_text(vendor, "state"), "suspended") != 0;
}

/* What was shown and confirmed is what is changed: the version that was seen goes along. */
static enum admin_exit
confirm_suspension(struct admin *admin, json_t *parameters)
{
	json_t *vendor = NULL;
	enum admin_exit exit_code;

	exit_code = show_vendor(admin, &vendor);
	if (exit_code != ADMIN_DONE)
		return exit_code;
	if (suspends(json_object_get(parameters, "changes"), vendor)) {
		exit_code = confirm(admin, vendor,
			_("None of its engineers can connect from now on, and their running "
			  "sessions end."),
			_("Suspend this vendor?"));
		if (json_object_get(parameters, "version") == NULL)
			(void)json_object_set(
				parameters, "version", json_object_get(vendor, "version"));
	}
	json_decref(vendor);
	return exit_code;
}

enum admin_exit
command_vendor_edit(struct admin *admin)
{
	json_t *parameters = arguments_parameters(admin->arguments);
	const char *state = argument_text(admin->arguments, "state");
	bool suspend = state != NULL && strcmp(state, "suspended") == 0;

	return admin_edit(
		admin, parameters, suspend ? confirm_suspension(admin, parameters) : ADMIN_DONE);
}

enum admin_exit
command_vendor_delete(struct admin *admin)
{
	json_t *vendor = NULL;
	enum admin_exit exit_code;

	exit_code = show_vendor(admin, &vendor);
	if (exit_code != ADMIN_DONE)
		return exit_code;
	exit_code = confirm(admin, vendor,
		_("This cannot be undone. Its accounts are not deleted: with --move-to they go to "
		  "another vendor."),
		_("Delete this vendor?"));
	json_decref(vendor);
	if (exit_code != ADMIN_DONE)
		return exit_code;
	return admin_ask_and_print(admin, arguments_parameters(admin->arguments));
}
