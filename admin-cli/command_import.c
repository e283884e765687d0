/* account import (A15): a CSV goes to the gateway in batches, and before the next one is sent, what became of each
 * row, and the initial passwords, is on this machine's disk. Cut off at any moment, the same file can be imported
 * again: rows that are done change nothing, passwords that were never kept are made anew.
 */
#include "admin-cli/command.h"
#include "admin-cli/import_run.h"
#include "admin-cli/new_file.h"
#include "admin-cli/period.h"
#include "admin-cli/text.h"
#include "admin-cli/values.h"
#include "base/cleanup.h"
#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RESULT_NAMES_MOST 1000

static enum admin_exit
open_file(const struct admin *admin, struct import_file **ret_file)
{
	const char *path = argument_text(admin->arguments, "FILE");
	char why[512];

	if (import_file_open(path, ret_file, why, sizeof(why)) < 0)
		return admin_refuse(admin, ADMIN_REFUSED, "%s: %s", text_shown(path), why);
	return ADMIN_DONE;
}

static const char *
number_text(size_t number, char ret_text[24])
{
	snprintf(ret_text, 24, "%zu", number);
	return ret_text;
}

/* What the import would do, for somebody at a terminal who has not said --yes. */
static enum admin_exit
confirm(struct admin *admin, struct importing *real, const char *result_path)
{
	struct importing trial = {.admin = admin,
		.prefix = real->prefix,
		.since = real->since,
		.dry_run = true,
		.quiet = true};
	char numbers[ROW_REFUSED + 1][24];
	enum admin_exit exit_code;

	if (argument_flag(admin->arguments, "yes") || isatty(STDIN_FILENO) == 0)
		return admin_confirm(admin, NULL, 0, NULL, "");
	exit_code = open_file(admin, &trial.file);
	if (exit_code == ADMIN_DONE)
		exit_code = import_run(&trial);
	import_file_close(trial.file);
	json_decref(trial.told);
	if (exit_code != ADMIN_DONE)
		return exit_code;
	if (import_is_interrupted())
		return admin_refuse(admin, ADMIN_REFUSED, _("not confirmed; nothing was changed"));
	for (int i = 0; i <= ROW_REFUSED; i++)
		(void)number_text(trial.counts[i], numbers[i]);
	{
		const struct fact facts[] = {
			{_("File"), text_shown(argument_text(admin->arguments, "FILE"))},
			{_("New accounts"), numbers[ROW_ADDED]},
			{_("Changed accounts"), numbers[ROW_CHANGED]},
			{_("Unchanged"), numbers[ROW_UNCHANGED]},
			{_("Rows with errors"), numbers[ROW_REFUSED]},
			{_("Result file"), text_shown(result_path)},
		};

		return admin_confirm(admin, facts, ARRAY_SIZE(facts),
			_("--dry-run shows it row by row."), _("Import these accounts?"));
	}
}

/* "engineers.csv" gives "engineers-result.csv", or the first number that is free. */
static char *
result_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *dot = strrchr(slash != NULL ? slash : path, '.');
	int stem = dot != NULL ? (int)(dot - path) : (int)strlen(path);
	struct stat status;
	char *name = NULL;

	for (int i = 1; i < RESULT_NAMES_MOST; i++) {
		char number[16] = "";

		if (i > 1)
			snprintf(number, sizeof(number), "-%d", i);
		if (asprintf(&name, "%.*s-result%s.csv", stem, path, number) < 0)
			return NULL;
		if (lstat(name, &status) < 0)
			return name;
		free(name);
	}
	return NULL;
}

/* RFC 3339, or a day and time of the facility's. */
static enum admin_exit
read_since(const struct admin *admin, char **ret_since)
{
	const char *text = argument_text(admin->arguments, "unless-changed-since");
	struct period period;
	char why[200], instant[CLOCK_TEXT_SIZE];

	if (text == NULL)
		return ADMIN_DONE;
	if (text[0] != '\0' && text[strlen(text) - 1] == 'Z') {
		*ret_since = strdup(text);
		return ADMIN_DONE;
	}
	if (period_read(text, NULL, NULL, clock_now() / 1000000, &period, why, sizeof(why)) < 0)
		return admin_refuse(admin, ADMIN_USAGE, "--unless-changed-since: %s", why);
	clock_format_utc(period.from_s * 1000000, instant);
	*ret_since = strdup(instant);
	return ADMIN_DONE;
}

static void
print_summary(const struct importing *importing, const char *result_path, bool complete)
{
	const size_t *counts = importing->counts;

	if (importing->admin->arguments->json) {
		json_t *summary =
			json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:b, s:s?, s:O}",
				"rows", (json_int_t)importing->file->rows, "done",
				(json_int_t)importing->done, "added", (json_int_t)counts[ROW_ADDED],
				"changed", (json_int_t)counts[ROW_CHANGED], "unchanged",
				(json_int_t)counts[ROW_UNCHANGED], "refused",
				(json_int_t)counts[ROW_REFUSED], "failed",
				(json_int_t)counts[ROW_FAILED], "complete", complete, "dry_run",
				importing->dry_run, "result", result_path, "told", importing->told);

		admin_print(importing->admin, summary);
		json_decref(summary);
		return;
	}
	printf(importing->dry_run
			? _("Nothing was changed. Of %zu rows, %zu would be new accounts, %zu "
			    "changes, %zu no change, %zu errors.\n")
			: _("Of %zu rows, %zu were new accounts, %zu changes, %zu no change, %zu "
			    "errors.\n"),
		importing->done, counts[ROW_ADDED], counts[ROW_CHANGED], counts[ROW_UNCHANGED],
		counts[ROW_REFUSED] + counts[ROW_FAILED]);
	if (result_path != NULL)
		printf(_("The result file is %s. It holds the initial passwords: hand them over, "
			 "then delete it.\n"),
			text_shown(result_path));
}

/* How far it got, and that nothing is lost. */
static void
print_cut_off(const struct importing *importing)
{
	if (importing->admin->arguments->json)
		return;
	fprintf(stderr,
		_("The import was cut off after %zu of %zu rows. Import the same file again: rows "
		  "that are done change nothing,\nand initial passwords that are not in a result "
		  "file are made anew.\n"),
		importing->done, importing->file->rows);
}

static enum admin_exit
import(struct importing *importing, const char *result_path)
{
	enum admin_exit exit_code;
	bool complete;

	import_watch_interrupts();
	exit_code = import_run(importing);
	complete = exit_code == ADMIN_DONE && importing->done == importing->file->rows &&
		   importing->counts[ROW_FAILED] == 0;
	print_summary(importing, result_path, complete);
	json_decref(importing->told);
	if (!complete)
		print_cut_off(importing);
	return complete && importing->counts[ROW_REFUSED] == 0 ? ADMIN_DONE : ADMIN_REFUSED;
}

/* With a result file, unless it is a dry run that nobody wanted one of. */
static enum admin_exit
import_with_result(struct importing *importing, const char *path)
{
	struct admin *admin = importing->admin;
	enum admin_exit exit_code;
	int r;

	if (path == NULL)
		return import(importing, NULL);
	r = import_result_create(path, importing->file, &importing->result);
	if (r < 0)
		return new_file_refuse(admin, path, r);
	exit_code = import(importing, path);
	import_result_close(importing->result);
	return exit_code;
}

enum admin_exit
command_account_import(struct admin *admin)
{
	const char *path = argument_text(admin->arguments, "FILE");
	const char *given = argument_text(admin->arguments, "result");
	struct importing importing = {
		.admin = admin, .dry_run = argument_flag(admin->arguments, "dry-run")};
	auto_free char *since = NULL;
	auto_free char *name = NULL;
	json_t *status = NULL;
	enum admin_exit exit_code;

	exit_code = open_file(admin, &importing.file);
	if (exit_code == ADMIN_DONE)
		exit_code = admin_ask(admin, "gateway.status", NULL, &status);
	importing.prefix = value_text(status, "prefix");
	if (exit_code == ADMIN_DONE)
		exit_code = read_since(admin, &since);
	importing.since = since;
	name = given != NULL ? strdup(given) : importing.dry_run ? NULL : result_name(path);
	if (exit_code == ADMIN_DONE && name == NULL && !importing.dry_run)
		exit_code = admin_refuse(
			admin, ADMIN_REFUSED, "%s", _("there is no name left for a result file"));
	if (exit_code == ADMIN_DONE && !importing.dry_run)
		exit_code = confirm(admin, &importing, name);
	if (exit_code == ADMIN_DONE)
		exit_code = import_with_result(&importing, name);
	import_file_close(importing.file);
	json_decref(status);
	return exit_code;
}
