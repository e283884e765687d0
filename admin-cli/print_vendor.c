/* Vendors, for people. */
#include "admin-cli/command.h"
#include "admin-cli/list.h"
#include "admin-cli/print.h"
#include "admin-cli/text.h"
#include "admin-cli/values.h"
#include "base/cleanup.h"

#include <string.h>

void
print_vendors(const struct admin *admin, const json_t *result)
{
	static const struct list_column columns[] = {
		{N_("Vendor"), 40, "name", VALUE_TEXT},
		{N_("Kind"), 0, "kind", VALUE_WORD},
		{N_("State"), 0, "state", VALUE_WORD},
		{N_("Accounts"), 0, "accounts", VALUE_TEXT},
		{N_("Created"), 0, "created", VALUE_TIME},
		{N_("Updated"), 0, "updated", VALUE_TIME},
		{N_("Note"), 40, "note", VALUE_TEXT},
	};
	size_t count = list_print(value_rows(result, "vendors"), columns, ARRAY_SIZE(columns));

	(void)admin;
	fprintf(stderr, ngettext("%zu vendor\n", "%zu vendors\n", count), count);
}

void
print_vendor(const struct admin *admin, const json_t *result)
{
	static const struct value_row rows[] = {
		{"name", VALUE_TEXT},
		{"kind", VALUE_WORD},
		{"state", VALUE_WORD},
		{"note", VALUE_TEXT},
		{"created", VALUE_TIME},
		{"updated", VALUE_TIME},
		{"changed_by", VALUE_TEXT},
		{"version", VALUE_TEXT},
	};

	(void)admin;
	values_print(result, rows, ARRAY_SIZE(rows));
	printf(ngettext("\n%s account belongs to it.\n", "\n%s accounts belong to it.\n",
		       (unsigned long)json_integer_value(json_object_get(result, "accounts"))),
		value_text(result, "accounts"));
	if (strcmp(value_text(result, "state"), "suspended") == 0)
		puts(_("It is suspended: none of its engineers can connect."));
}

void
print_vendor_added(const struct admin *admin, const json_t *result)
{
	(void)admin;
	printf(_("Vendor %s has been added.\n"), text_shown(value_text(result, "name")));
}

void
print_vendor_changed(const struct admin *admin, const json_t *result)
{
	const char *name = text_shown(value_text(result, "name"));
	bool suspended = strcmp(value_text(result, "state"), "suspended") == 0;

	if (argument_text(admin->arguments, "state") != NULL && suspended)
		printf(_("Vendor %s is suspended; the sessions of its engineers are being "
			 "ended.\n"),
			name);
	else
		printf(_("Vendor %s has been changed.\n"), name);
}

void
print_vendor_deleted(const struct admin *admin, const json_t *result)
{
	const char *to = argument_text(admin->arguments, "move-to");
	unsigned long moved = (unsigned long)json_integer_value(json_object_get(result, "moved"));

	printf(_("Vendor %s has been deleted.\n"), text_shown(value_text(result, "name")));
	if (moved > 0)
		printf(ngettext("%lu account belongs to %s now.\n",
			       "%lu accounts belong to %s now.\n", moved),
			moved, text_shown(to));
}
