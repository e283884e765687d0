/* account list: page by page, as a table or as JSON; the columns are those of section I, ours behind them. */
#include "admin-cli/account_pages.h"
#include "admin-cli/table.h"
#include "admin-cli/text.h"
#include "admin-cli/values.h"
#include "base/cleanup.h"

#include <string.h>

struct account_output {
	bool json;
	struct table *table;
	size_t accounts;
};

static const char *
expired(const json_t *account, const char *key)
{
	return json_is_true(json_object_get(account, key)) ? _("expired") : "";
}

/* An account whatever device may use is marked in every list (A4). */
static const char *
devices(const json_t *account, const char *key)
{
	if (strcmp(value_text(account, "allowlist"), "off") == 0)
		return _("ANY DEVICE");
	return value_list(account, key);
}

static const char *
person(const json_t *account, const char *key)
{
	(void)key;
	return value_person(account);
}

static const char *
hours_from(const json_t *account, const char *key)
{
	(void)key;
	return value_hours_from(account);
}

static const char *
hours_until(const json_t *account, const char *key)
{
	(void)key;
	return value_hours_until(account);
}

static const char *protected(const json_t *account, const char *key)
{
	return json_is_string(json_object_get(account, key)) ? _("protected") : "";
}

static const struct {
	const char *heading;
	const char *key;
	const char *(*value)(const json_t *account, const char *key);
	size_t most;
} columns[] = {
	{N_("Expired"), "expired", expired, 0},
	{N_("Account"), "id", value_text, 40},
	{N_("User name"), NULL, person, 30},
	{N_("E-mail"), "email", value_text, 40},
	{N_("Valid from"), "valid_from", value_text, 0},
	{N_("Valid until"), "valid_until", value_text, 0},
	{N_("MAC addresses"), "macs", devices, 36},
	{N_("Terminals"), "terminals", value_list, 40},
	{N_("From"), NULL, hours_from, 0},
	{N_("Until"), NULL, hours_until, 0},
	{N_("File sharing"), "file_sharing", value_word, 0},
	{N_("Linked services"), "services", value_list, 24},
	{N_("State"), "state", value_word, 0},
	{N_("Kind"), "kind", value_word, 0},
	{N_("Vendor"), "vendor", value_text, 30},
	{N_("Protection"), "protected", protected, 0},
};

static struct table_column table_columns[ARRAY_SIZE(columns)];

static struct table *
start_table(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
		table_columns[i] = (struct table_column){_(columns[i].heading), columns[i].most};
	return table_new(table_columns, ARRAY_SIZE(columns));
}

static void
write_json(struct account_output *output, const json_t *account)
{
	fputs(output->accounts > 0 ? ",\n  " : "\n  ", stdout);
	(void)json_dumpf(account, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER);
}

static void
write_row(struct account_output *output, const json_t *account)
{
	for (size_t i = 0; i < ARRAY_SIZE(columns) && output->table != NULL; i++)
		table_cell(output->table, columns[i].value(account, columns[i].key));
}

/* Not before the first page is here: a refusal is the whole answer then. */
static void
start(struct account_output *output)
{
	if (output->json && output->accounts == 0)
		fputs("{\"accounts\": [", stdout);
	if (!output->json && output->table == NULL)
		output->table = start_table();
}

static void
write_page(const json_t *accounts, void *argument)
{
	struct account_output *output = argument;
	json_t *account;
	size_t i;

	start(output);
	json_array_foreach (accounts, i, account) {
		if (output->json)
			write_json(output, account);
		else
			write_row(output, account);
		output->accounts++;
	}
	if (output->table != NULL)
		table_print(output->table, stdout);
	(void)fflush(stdout);
}

enum admin_exit
command_account_list(struct admin *admin)
{
	struct account_output output = {.json = admin->arguments->json};
	enum admin_exit exit_code;

	exit_code =
		account_pages(admin, arguments_parameters(admin->arguments), write_page, &output);
	if (exit_code == ADMIN_DONE && output.json)
		printf("%s], \"next\": null}\n", output.accounts > 0 ? "\n" : "");
	if (exit_code == ADMIN_DONE && !output.json)
		fprintf(stderr, ngettext("%zu account\n", "%zu accounts\n", output.accounts),
			output.accounts);
	table_free(output.table);
	return exit_code;
}
