/* account list: page by page, as a table or as JSON; the columns are those of section I, ours behind them. */
#include "admin-cli/account_pages.h"
#include "admin-cli/json_text.h"
#include "admin-cli/list.h"
#include "admin-cli/text.h"
#include "admin-cli/values.h"
#include "base/cleanup.h"

#include <string.h>

struct account_output {
	FILE *json; /* kept until all are here: a page that fails leaves no half of an object behind */
	struct list list; /* from the first page on */
	size_t accounts;
};

static const char *
expired(const json_t *account)
{
	return json_is_true(json_object_get(account, "expired")) ? _("expired") : "";
}

/* An account whatever device may use is marked in every list (A4). */
static const char *
devices(const json_t *account)
{
	if (strcmp(value_text(account, "allowlist"), "off") == 0)
		return _("ANY DEVICE");
	return value_list(account, "macs");
}

static const char *
protection(const json_t *account)
{
	return json_is_string(json_object_get(account, "protected")) ? _("protected") : "";
}

static const struct list_column columns[] = {
	{N_("Expired"), 0, .shown = expired},
	{N_("Account"), 40, "id", VALUE_TEXT},
	{N_("User name"), 30, NULL, VALUE_PERSON},
	{N_("E-mail"), 40, "email", VALUE_TEXT},
	{N_("Valid from"), 0, "valid_from", VALUE_TEXT},
	{N_("Valid until"), 0, "valid_until", VALUE_TEXT},
	{N_("MAC addresses"), 36, .shown = devices},
	{N_("Terminals"), 40, "terminals", VALUE_LIST},
	{N_("From"), 0, .shown = value_hours_from},
	{N_("Until"), 0, .shown = value_hours_until},
	{N_("File sharing"), 0, "file_sharing", VALUE_WORD},
	{N_("Linked services"), 24, "services", VALUE_LIST},
	{N_("State"), 0, "state", VALUE_WORD},
	{N_("Kind"), 0, "kind", VALUE_WORD},
	{N_("Vendor"), 30, "vendor", VALUE_TEXT},
	{N_("Protection"), 0, .shown = protection},
};

static void
write_json(struct account_output *output, const json_t *account)
{
	fputs(output->accounts > 0 ? ",\n  " : "\n  ", output->json);
	json_text_write(output->json, account, JSON_COMPACT | JSON_PRESERVE_ORDER);
}

static void
write_page(const json_t *accounts, void *argument)
{
	struct account_output *output = argument;
	json_t *account;
	size_t i;

	/* Not before the first page is here: a refusal is the whole answer then. */
	if (output->json == NULL && output->list.table == NULL)
		list_begin(&output->list, columns, ARRAY_SIZE(columns));
	json_array_foreach (accounts, i, account) {
		if (output->json != NULL)
			write_json(output, account);
		else
			list_add(&output->list, account);
		output->accounts++;
	}
	list_print_rows(&output->list);
}

static enum admin_exit
list_as_json(struct admin *admin)
{
	auto_free char *text = NULL;
	size_t len = 0;
	struct account_output output = {.json = open_memstream(&text, &len)};
	enum admin_exit exit_code;
	bool whole;

	if (output.json == NULL)
		return admin_refuse(admin, ADMIN_REFUSED, _("out of memory"));
	exit_code =
		account_pages(admin, arguments_parameters(admin->arguments), write_page, &output);
	whole = ferror(output.json) == 0;
	whole = fclose(output.json) == 0 && whole;
	if (exit_code == ADMIN_DONE && !whole)
		return admin_refuse(admin, ADMIN_REFUSED, _("out of memory"));
	if (exit_code == ADMIN_DONE)
		printf("{\"accounts\": [%s%s], \"next\": null}\n", text,
			output.accounts > 0 ? "\n" : "");
	return exit_code;
}

enum admin_exit
command_account_list(struct admin *admin)
{
	struct account_output output = {0};
	enum admin_exit exit_code;

	if (admin->arguments->json)
		return list_as_json(admin);
	exit_code =
		account_pages(admin, arguments_parameters(admin->arguments), write_page, &output);
	if (exit_code == ADMIN_DONE)
		fprintf(stderr, ngettext("%zu account\n", "%zu accounts\n", output.accounts),
			output.accounts);
	list_end(&output.list);
	return exit_code;
}
