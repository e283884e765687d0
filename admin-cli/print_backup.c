/* Backups, for people. */
#include "admin-cli/command.h"
#include "admin-cli/list.h"
#include "admin-cli/print.h"
#include "admin-cli/said.h"
#include "admin-cli/text.h"
#include "admin-cli/values.h"
#include "base/cleanup.h"

#include <string.h>

static const char *
note_or_why(const json_t *backup)
{
	const char *why = value_text(backup, "why");

	return why[0] != '\0' ? said_translate(why) : value_text(backup, "note");
}

void
print_backups(const struct admin *admin, const json_t *result)
{
	static const struct list_column columns[] = {
		{N_("Backup"), 0, "id", VALUE_TEXT},
		{N_("Created"), 0, "created", VALUE_TIME},
		{N_("State"), 0, "state", VALUE_WORD},
		{N_("Size"), 0, "bytes", VALUE_BYTES},
		{N_("By"), 24, "by", VALUE_TEXT},
		{N_("Note"), 80, .shown = note_or_why},
	};
	size_t count = list_print(value_rows(result, "backups"), columns, ARRAY_SIZE(columns));

	(void)admin;
	fprintf(stderr, ngettext("%zu backup (at most %s)\n", "%zu backups (at most %s)\n", count),
		count, value_text(result, "most"));
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
		printf(_("Backup %s of %s has been restored. Accounts: %s, terminals: %s, vendors: "
			 "%s.\n"),
			value_text(backup, "id"), created, value_text(then, "accounts"),
			value_text(then, "terminals"), value_text(then, "vendors"));
}
