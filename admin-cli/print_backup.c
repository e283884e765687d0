/* Backups, for people. */
#include "admin-cli/command.h"
#include "admin-cli/print.h"
#include "admin-cli/said.h"
#include "admin-cli/table.h"
#include "admin-cli/text.h"
#include "admin-cli/values.h"
#include "base/cleanup.h"

#include <string.h>

static void
add_row(struct table *table, const json_t *backup)
{
	const char *why = value_text(backup, "why");

	table_cell(table, value_text(backup, "id"));
	table_cell(table, value_time(backup, "created"));
	table_cell(table, value_word(backup, "state"));
	table_cell(table, value_bytes(backup, "bytes"));
	table_cell(table, value_text(backup, "by"));
	table_cell(table, why[0] != '\0' ? said_translate(why) : value_text(backup, "note"));
}

void
print_backups(const struct admin *admin, const json_t *result)
{
	const struct table_column columns[] = {
		{_("Backup"), 0},
		{_("Created"), 0},
		{_("State"), 0},
		{_("Size"), 0},
		{_("By"), 24},
		{_("Note"), 80},
	};
	const json_t *rows = value_rows(result, "backups");
	struct table *table = table_new(columns, ARRAY_SIZE(columns));
	const json_t *backup;
	size_t i;

	(void)admin;
	if (table == NULL)
		return;
	json_array_foreach (rows, i, backup)
		add_row(table, backup);
	table_print(table, stdout);
	table_free(table);
	(void)fflush(stdout);
	fprintf(stderr,
		ngettext("%zu backup; there can be %s\n", "%zu backups; there can be %s\n",
			json_array_size(rows)),
		json_array_size(rows), value_text(result, "most"));
	if (json_is_null(json_object_get(result, "rehearsed")))
		fprintf(stderr, "%s\n", _("A restore has never been rehearsed."));
	else
		fprintf(stderr, _("A restore was last rehearsed on %s.\n"),
			value_time(result, "rehearsed"));
}

void
print_backup_created(const struct admin *admin, const json_t *result)
{
	(void)admin;
	printf(_("Backup %s is done: %s. Copy it to another machine: sekisho-admin backup get %s "
		 "--output FILE\n"),
		value_text(result, "id"), value_bytes(result, "bytes"), value_text(result, "id"));
}

void
print_backup_fetched(const struct admin *admin, const json_t *result)
{
	(void)admin;
	printf(_("Backup %s is in %s. It opens only with this gateway's facility key: keep a copy "
		 "of the key, in another place.\n"),
		value_text(result, "id"), text_shown(value_text(result, "file")));
}

void
print_backup_deleted(const struct admin *admin, const json_t *result)
{
	(void)admin;
	printf(_("Backup %s has been deleted.\n"), value_text(result, "deleted"));
}

void
print_backup_restored(const struct admin *admin, const json_t *result)
{
	const json_t *backup = json_object_get(result, "backup");
	const json_t *then = json_object_get(result, "then");
	const char *created = value_time(backup, "created");

	if (argument_flag(admin->arguments, "rehearse"))
		printf(_("The rehearsal went well: backup %s of %s can be restored. Nothing has "
			 "been "
			 "changed.\n"),
			value_text(backup, "id"), created);
	else
		printf(_("Backup %s of %s has been restored: %s accounts, %s terminals, %s "
			 "vendors.\n"),
			value_text(backup, "id"), created, value_text(then, "accounts"),
			value_text(then, "terminals"), value_text(then, "vendors"));
}
