/* Accounts and terminals, for people. */
#include "admin-cli/command.h"
#include "admin-cli/print.h"
#include "admin-cli/table.h"
#include "admin-cli/text.h"
#include "admin-cli/values.h"
#include "base/cleanup.h"

#include <string.h>

static bool
allowlist_is_off(const json_t *account)
{
	return strcmp(value_text(account, "allowlist"), "off") == 0;
}

/* An account whatever device may use is marked in every list (A4). */
static const char *
devices(const json_t *account)
{
	return allowlist_is_off(account) ? _("ANY DEVICE") : value_count(account, "macs");
}

void
print_accounts(const struct admin *admin, const json_t *result)
{
	const struct table_column columns[] = {
		{_("State"), 0},
		{_("Account"), 40},
		{_("User name"), 30},
		{_("E-mail"), 40},
		{_("Valid from"), 0},
		{_("Valid until"), 0},
		{_("MACs"), 0},
		{_("Terminals"), 40},
		{_("From"), 0},
		{_("Until"), 0},
		{_("File sharing"), 0},
	};
	const json_t *rows = value_rows(result, "accounts");
	struct table *table = table_new(columns, ARRAY_SIZE(columns));
	size_t i;
	json_t *account;

	(void)admin;
	if (table == NULL)
		return;
	json_array_foreach (rows, i, account) {
		table_cell(table, value_word(account, "state"));
		table_cell(table, value_text(account, "id"));
		table_cell(table, value_person(account));
		table_cell(table, value_text(account, "email"));
		table_cell(table, value_text(account, "valid_from"));
		table_cell(table, value_text(account, "valid_until"));
		table_cell(table, devices(account));
		table_cell(table, value_list(account, "terminals"));
		table_cell(table, value_hours_from(account));
		table_cell(table, value_hours_until(account));
		table_cell(table, value_word(account, "file_sharing"));
	}
	table_print(table, stdout);
	table_free(table);
	(void)fflush(stdout);
	fprintf(stderr, ngettext("%zu account\n", "%zu accounts\n", json_array_size(rows)),
		json_array_size(rows));
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
		{"created", VALUE_TIME},
		{"updated", VALUE_TIME},
	};

	(void)admin;
	values_print(result, rows, ARRAY_SIZE(rows));
	if (allowlist_is_off(result))
		printf("\n%s\n",
			_("The allowlist is off: this account can connect from any device."));
	else if (json_is_array(json_object_get(result, "macs")) &&
		 json_array_size(json_object_get(result, "macs")) == 0)
		printf("\n%s\n", _("No device is registered, so no device can connect: account "
				   "edit --add-mac."));
}

/* The id as the gateway wrote it, else as it was typed. */
static const char *
subject(const struct admin *admin, const json_t *result, const char *key, const char *argument)
{
	const char *text = value_text(result, key);

	return text_shown(text[0] != '\0' ? text : argument_text(admin->arguments, argument));
}

void
print_account_added(const struct admin *admin, const json_t *result)
{
	printf(_("Account %s has been added.\n\n"), subject(admin, result, "id", "ACCOUNT"));
	print_account(admin, result);
}

void
print_account_changed(const struct admin *admin, const json_t *result)
{
	const char *verb = admin->arguments->command->name;
	const char *id = subject(admin, result, "id", "ACCOUNT");

	if (strcmp(verb, "lock") == 0)
		printf(_("Account %s is locked; its sessions are being ended.\n"), id);
	else if (strcmp(verb, "unlock") == 0)
		printf(_("Account %s is unlocked.\n"), id);
	else
		printf(_("Account %s has been changed.\n"), id);
}

void
print_account_reset(const struct admin *admin, const json_t *result)
{
	const char *id = subject(admin, result, "id", "ACCOUNT");

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
	printf(_("Account %s has been deleted.\n"), subject(admin, result, "id", "ACCOUNT"));
}
