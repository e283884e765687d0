/* Accounts, for people. */
#include "admin-cli/command.h"
#include "admin-cli/print.h"
#include "admin-cli/text.h"
#include "admin-cli/values.h"
#include "base/cleanup.h"

#include <string.h>

/* "pacs-01 5, mri-02 9": of the assignments that have one. */
static void
print_priorities(const json_t *account)
{
	char text[400] = "";
	size_t len = 0;
	const char *terminal;
	json_t *priority;

	json_object_foreach (json_object_get(account, "priorities"), terminal, priority)
		if (len < sizeof(text))
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s %d",
				len > 0 ? ", " : "", text_shown(terminal),
				(int)json_integer_value(priority));
	if (len > 0)
		printf(_("Priorities: %s\n"), text);
}

/* Of `account show` alone. */
static void
print_sign_in(const json_t *sign_in)
{
	static const struct value_row rows[] = {
		{"password", VALUE_WORD},
		{"password_set", VALUE_TIME},
		{"must_change", VALUE_YES},
		{"second_factor", VALUE_WORD},
		{"second_factor_since", VALUE_TIME},
		{"failures", VALUE_TEXT},
		{"last_failure", VALUE_TIME},
	};

	if (sign_in == NULL)
		return;
	putchar('\n');
	values_print(sign_in, rows, ARRAY_SIZE(rows));
	if (json_is_true(json_object_get(sign_in, "guessed_at")))
		printf("\n%s\n", _("Somebody is guessing this account's password from many places: "
				   "until they stop, it can sign in only from "
				   "networks where it has signed in before, or with a ticket."));
}

void
print_account(const struct admin *admin, const json_t *result)
{
	static const struct value_row rows[] = {
		{"id", VALUE_TEXT},
		{"full_id", VALUE_TEXT},
		{"person", VALUE_PERSON},
		{"email", VALUE_TEXT},
		{"kind", VALUE_WORD},
		{"state", VALUE_WORD},
		{"valid_from", VALUE_TEXT},
		{"valid_until", VALUE_TEXT},
		{"hours", VALUE_HOURS},
		{"allowlist", VALUE_WORD},
		{"macs", VALUE_LIST},
		{"terminals", VALUE_LIST},
		{"file_sharing", VALUE_WORD},
		{"services", VALUE_LIST},
		{"vendor", VALUE_TEXT},
		{"max_sessions", VALUE_TEXT},
		{"denied", VALUE_WORDS},
		{"protected", VALUE_TEXT},
		{"last_session", VALUE_TIME},
		{"created", VALUE_TIME},
		{"updated", VALUE_TIME},
		{"changed_by", VALUE_TEXT},
		{"version", VALUE_TEXT},
	};

	(void)admin;
	values_print(result, rows, ARRAY_SIZE(rows));
	print_priorities(result);
	print_sign_in(json_object_get(result, "sign_in"));
	if (strcmp(value_text(result, "allowlist"), "off") == 0)
		printf("\n%s\n",
			_("The allowlist is off: this account can connect from any device."));
	else if (json_is_array(json_object_get(result, "macs")) &&
		 json_array_size(json_object_get(result, "macs")) == 0)
		printf("\n%s\n", _("No device is registered, so no device can connect: account "
				   "edit --add-mac."));
}

void
print_account_added(const struct admin *admin, const json_t *result)
{
	printf(_("Account %s has been added.\n\n"), admin_subject(admin, result, "id"));
	print_account(admin, result);
}

void
print_account_changed(const struct admin *admin, const json_t *result)
{
	const char *verb = admin->arguments->command->name;
	const char *id = admin_subject(admin, result, "id");

	if (strcmp(verb, "lock") == 0)
		printf(_("Account %s is locked; its sessions are being ended.\n"), id);
	else if (strcmp(verb, "unlock") == 0)
		printf(_("Account %s is unlocked.\n"), id);
	else if (json_is_false(json_object_get(result, "changed")))
		printf(_("Nothing has changed: account %s was like that already.\n"), id);
	else
		printf(_("Account %s has been changed.\n"), id);
	if (json_is_true(json_object_get(result, "failures_forgotten")))
		puts(_("Its failed sign-ins are forgotten: it can be tried again at once."));
}

void
print_account_reset(const struct admin *admin, const json_t *result)
{
	const char *id = admin_subject(admin, result, "id");

	if (strcmp(admin->arguments->command->name, "reset-password") == 0)
		printf(_("Account %s has a new initial password.\n"), id);
	else if (strcmp(admin->arguments->command->name, "reset-second-password") == 0)
		printf(_("Account %s has a new initial second password.\n"), id);
	else
		printf(_("The telephone of account %s is no longer bound; another one can be bound "
			 "at the "
			 "next sign-in.\n"),
			id);
}

void
print_account_deleted(const struct admin *admin, const json_t *result)
{
	printf(_("Account %s has been deleted.\n"), admin_subject(admin, result, "id"));
}
