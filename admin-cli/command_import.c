/* account import (A15): a CSV goes to the gateway in batches, and before the next one is sent, what became of each
 * row, and the initial passwords, is on this machine's disk. Cut off at any moment, the same file can be imported
 * again: rows that are done change nothing, passwords that were never kept are made anew.
 */
#include "admin-cli/command.h"
#include "admin-cli/import_file.h"
#include "admin-cli/import_result.h"
#include "admin-cli/new_file.h"
#include "admin-cli/period.h"
#include "admin-cli/progress.h"
#include "admin-cli/text.h"
#include "admin-cli/values.h"
#include "base/cleanup.h"
#include "base/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* As many as the gateway commits at once; and as JSON, with every byte escaped, within the line that it reads. */
#define BATCH_ROWS 250
#define BATCH_BYTES ((size_t)450 * 1024)
#define SHOWN_ERRORS 20
#define RESULT_NAMES_MOST 1000

static volatile sig_atomic_t interrupted;

enum row_end {
	ROW_ADDED,
	ROW_CHANGED,
	ROW_UNCHANGED,
	ROW_REFUSED,
	ROW_FAILED, /* the gateway's store could not take it */
	ROW_END_COUNT,
};

static const char *const ends[ROW_END_COUNT] = {
	[ROW_ADDED] = "added",
	[ROW_CHANGED] = "changed",
	[ROW_UNCHANGED] = "unchanged",
	[ROW_REFUSED] = "refused",
	[ROW_FAILED] = "failed",
};

/* Which line names an account first: its typed part, small, as a number. */
struct seen {
	uint64_t key; /* 0: none */
	size_t line;
};

struct importing {
	struct admin *admin;
	struct import_file *file;
	struct import_result *result; /* NULL: none is kept */
	const char *prefix;           /* of the facility's accounts; "" if there is none */
	char *since;                  /* an instant, or NULL */
	bool dry_run;
	bool quiet; /* only counts */

	/* the batch */
	json_t *texts;    /* of every row in it */
	json_t *outcomes; /* the same rows: what is known without asking, or null */
	json_t *rows;     /* those that are sent */
	size_t bytes;
	json_t *delivered; /* accounts whose passwords the result file has had since the last batch */

	struct seen *seen;
	size_t seen_size;
	size_t counts[ROW_END_COUNT];
	size_t done;
	size_t last_line;
	size_t shown;
	json_t *told; /* rows that are not unchanged, for programs */
};

static void
on_interrupt(int number)
{
	(void)number;
	interrupted = 1;
}

/* Once: whoever presses it again means it. */
static void
watch_interrupts(void)
{
	const struct sigaction action = {.sa_handler = on_interrupt, .sa_flags = (int)SA_RESETHAND};

	(void)sigaction(SIGINT, &action, NULL);
	(void)sigaction(SIGTERM, &action, NULL);
}

/* FNV-1a over the typed part in lower case: behind the facility's prefix, before an @. */
static uint64_t
account_key(const char *prefix, const char *text)
{
	uint64_t key = UINT64_C(14695981039346656037);

	text += strspn(text, " ");
	if (strncmp(text, prefix, strlen(prefix)) == 0)
		text += strlen(prefix);
	for (; *text != '\0' && *text != '@'; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == ' ')
			continue;
		key = (key ^ (c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c)) * UINT64_C(1099511628211);
	}
	return key | 1;
}

/* The line where the account was before, or 0; it is remembered. The table has twice the room of the rows. */
static size_t
seen_before(struct importing *importing, const char *account, size_t line)
{
	uint64_t key = account_key(importing->prefix, account);
	size_t at = (size_t)(key >> 1) % importing->seen_size;

	while (importing->seen[at].key != 0 && importing->seen[at].key != key)
		at = (at + 1) % importing->seen_size;
	if (importing->seen[at].key != 0)
		return importing->seen[at].line;
	importing->seen[at] = (struct seen){key, line};
	return 0;
}

static json_t *
refusal(size_t line, enum account_column column, const char *message)
{
	return json_pack("{s:I, s:s, s:{s:s?, s:s}}", "line", (json_int_t)line, "what",
		ends[ROW_REFUSED], "error", "column",
		column == ACCOUNT_COLUMN_COUNT ? NULL : account_column_row(column)->key, "message",
		message);
}

/* What is wrong with a row as a row, whatever its cells say; NULL: nothing. */
static json_t *
check_row(struct importing *importing, const struct import_record *record, const char *account)
{
	const struct account_header *header = &importing->file->header;
	char message[200];
	size_t before;

	for (size_t i = 0; i < json_array_size(record->texts); i++) {
		const char *text = json_string_value(json_array_get(record->texts, i));

		if (text[0] == '\0' ||
			(i < header->count && header->columns[i] != ACCOUNT_COLUMN_NONE))
			continue;
		snprintf(message, sizeof(message),
			_("the row has a cell `%s` where the first line names no column"),
			text_shown(text));
		return refusal(record->line, ACCOUNT_COLUMN_COUNT, message);
	}
	before = account[0] == '\0' ? 0 : seen_before(importing, account, record->line);
	if (before == 0)
		return NULL;
	snprintf(message, sizeof(message), _("the account stands in line %zu already"), before);
	return refusal(record->line, ACCOUNT_COLUMN_ACCOUNT, message);
}

/* The row as account.import wants it. What a spreadsheet left out at the end of a row is empty. */
static json_t *
row_cells(const struct importing *importing, const struct import_record *record, size_t *bytes)
{
	const struct account_header *header = &importing->file->header;
	json_t *cells = json_object();

	for (size_t i = 0; i < header->count; i++) {
		json_t *text = json_array_get(record->texts, i);
		enum account_column column = header->columns[i];

		if (column == ACCOUNT_COLUMN_NONE ||
			account_column_row(column)->part == ACCOUNT_COLUMN_RESULT)
			continue;
		(void)json_object_set_new(cells, account_column_row(column)->key,
			text != NULL ? json_incref(text) : json_string(""));
		*bytes += json_string_length(text) + 32;
	}
	return cells;
}

static void
clear_batch(struct importing *importing)
{
	(void)json_array_clear(importing->texts);
	(void)json_array_clear(importing->outcomes);
	json_decref(importing->rows);
	importing->rows = json_array();
	importing->bytes = 0;
}

/* Takes the record. */
static void
add_to_batch(struct importing *importing, const struct import_record *record, json_t *cells,
	size_t bytes, json_t *outcome)
{
	(void)json_array_append_new(importing->texts, record->texts);
	(void)json_array_append_new(importing->outcomes, outcome != NULL ? outcome : json_null());
	if (outcome == NULL)
		(void)json_array_append_new(importing->rows,
			json_pack("{s:I, s:O}", "line", (json_int_t)record->line, "cells", cells));
	json_decref(cells);
	importing->bytes += bytes;
	importing->last_line = record->line;
}

/* One line for people about a row that is not as it was. */
static void
show_row(struct importing *importing, const json_t *row, enum row_end end)
{
	bool wrong = end == ROW_REFUSED || end == ROW_FAILED;
	auto_free char *text = NULL;

	if (importing->quiet || end == ROW_UNCHANGED || (!wrong && !importing->dry_run))
		return;
	if (importing->admin->arguments->json) {
		(void)json_array_append(importing->told, (json_t *)row);
		return;
	}
	if (wrong && importing->shown++ == SHOWN_ERRORS && importing->result != NULL)
		fprintf(stderr, "%s\n", _("more rows were refused: see the result file"));
	if (wrong && importing->shown > SHOWN_ERRORS && importing->result != NULL)
		return;
	progress_clear();
	if (wrong) {
		text = import_error_text(importing->file, row);
		fprintf(stderr, "%s\n", text_shown(text));
		return;
	}
	text = import_changes_text(row);
	printf(_("line %s: %s: %s"), value_text(row, "line"), value_text(row, "id"),
		end == ROW_ADDED ? _("new account")
		: text != NULL   ? text
				 : "");
	putchar('\n');
}

static enum row_end
end_of(const json_t *row)
{
	int end = 0;

	while (end < ROW_FAILED && strcmp(ends[end], value_text(row, "what")) != 0)
		end++;
	return (enum row_end)end;
}

/* One row is over: counted, shown, put into the result. */
static int
finish_row(struct importing *importing, const json_t *texts, const json_t *row)
{
	enum row_end end = end_of(row);

	importing->counts[end]++;
	importing->done++;
	show_row(importing, row, end);
	if (importing->result == NULL)
		return 0;
	if (json_is_string(json_object_get(row, "initial_password")))
		(void)json_array_append(importing->delivered, json_object_get(row, "id"));
	return import_result_add(importing->result, texts, row);
}

static void
show_progress(const struct importing *importing)
{
	json_t *progress;
	size_t step = importing->file->rows / 10 + 1;
	size_t before = importing->done - json_array_size(importing->texts);

	if (importing->admin->arguments->json)
		return;
	if (isatty(STDERR_FILENO) == 0) {
		if (!importing->quiet && importing->file->rows > BATCH_ROWS &&
			importing->done / step > before / step)
			fprintf(stderr, _("%zu of %zu rows\n"), importing->done,
				importing->file->rows);
		return;
	}
	progress = json_pack("{s:s, s:I, s:I}", "what", importing->dry_run ? "checking" : "rows",
		"done", (json_int_t)importing->done, "of", (json_int_t)importing->file->rows);
	progress_show(progress);
	json_decref(progress);
}

static json_t *
parameters(const struct importing *importing)
{
	const struct arguments *arguments = importing->admin->arguments;
	const char *file = argument_text(arguments, "FILE");
	const char *slash = strrchr(file, '/');

	return json_pack("{s:O, s:s*, s:s, s:s*, s:b, s:b, s:O}", "rows", importing->rows, "vendor",
		argument_text(arguments, "vendor"), "file", slash != NULL ? slash + 1 : file,
		"unless_changed_since", importing->since, "override_protection",
		argument_flag(arguments, "override-protection"), "dry_run", importing->dry_run,
		"delivered", importing->delivered);
}

/* The rows of the answer come in the order of those that were sent. */
static int
take_answer(struct importing *importing, const json_t *answer)
{
	const json_t *rows = json_object_get(answer, "rows");
	size_t next = 0;
	int r = 0;

	for (size_t i = 0; i < json_array_size(importing->outcomes) && r == 0; i++) {
		const json_t *row = json_array_get(importing->outcomes, i);

		if (json_is_null(row))
			row = json_array_get(rows, next++);
		r = row == NULL ? -EPROTO
				: finish_row(importing, json_array_get(importing->texts, i), row);
	}
	return r;
}

static enum admin_exit
refuse_result(const struct importing *importing, int error)
{
	return admin_refuse(importing->admin, ADMIN_REFUSED,
		_("the result file cannot be written: %s"), strerror(-error));
}

/* Sends the batch; what has come of it is kept before this returns. */
static enum admin_exit
send_batch(struct importing *importing)
{
	enum admin_exit exit_code;
	json_t *answer = NULL;
	int r;

	exit_code = admin_ask(importing->admin, "account.import", parameters(importing), &answer);
	if (exit_code != ADMIN_DONE)
		return exit_code;
	json_decref(importing->delivered);
	importing->delivered = json_array();
	r = take_answer(importing, answer);
	if (r == 0 && importing->result != NULL)
		r = import_result_keep(importing->result);
	json_decref(answer);
	if (r < 0) {
		/* Not kept: they are not delivered, and will be made anew. */
		(void)json_array_clear(importing->delivered);
		return refuse_result(importing, r);
	}
	show_progress(importing);
	clear_batch(importing);
	return ADMIN_DONE;
}

/* The last batch's passwords are kept, too. */
static enum admin_exit
acknowledge(struct importing *importing)
{
	if (json_array_size(importing->delivered) == 0)
		return ADMIN_DONE;
	clear_batch(importing);
	return send_batch(importing);
}

/* Rows one after the other into batches. */
static enum admin_exit
send_rows(struct importing *importing)
{
	struct import_record record;
	enum admin_exit exit_code = ADMIN_DONE;
	char why[512];
	int r = 1;

	while (exit_code == ADMIN_DONE && !interrupted && importing->counts[ROW_FAILED] == 0) {
		size_t bytes = 0;
		json_t *cells;

		r = import_file_next(importing->file, &record, why, sizeof(why));
		if (r <= 0)
			break;
		cells = row_cells(importing, &record, &bytes);
		if (importing->bytes + bytes > BATCH_BYTES ||
			json_array_size(importing->texts) >= BATCH_ROWS)
			exit_code = send_batch(importing);
		add_to_batch(importing, &record, cells, bytes,
			check_row(importing, &record, value_text(cells, "account")));
	}
	if (exit_code == ADMIN_DONE && !interrupted && importing->counts[ROW_FAILED] == 0 &&
		json_array_size(importing->texts) > 0)
		exit_code = send_batch(importing);
	if (exit_code == ADMIN_DONE && !importing->dry_run)
		exit_code = acknowledge(importing);
	if (exit_code == ADMIN_DONE && r < 0)
		exit_code = admin_refuse(importing->admin, ADMIN_REFUSED, "%s", why);
	return exit_code;
}

/* The whole file, or as far as it goes. */
static enum admin_exit
run(struct importing *importing)
{
	enum admin_exit exit_code;

	importing->texts = json_array();
	importing->outcomes = json_array();
	importing->rows = json_array();
	importing->delivered = json_array();
	importing->told = json_array();
	importing->seen_size = 2 * importing->file->rows + 1;
	importing->seen = calloc(importing->seen_size, sizeof(*importing->seen));
	if (importing->seen == NULL)
		exit_code = admin_refuse(importing->admin, ADMIN_REFUSED, "%s", _("out of memory"));
	else
		exit_code = send_rows(importing);
	progress_clear();
	free(importing->seen);
	json_decref(importing->texts);
	json_decref(importing->outcomes);
	json_decref(importing->rows);
	json_decref(importing->delivered);
	return exit_code;
}

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
		exit_code = run(&trial);
	import_file_close(trial.file);
	json_decref(trial.told);
	if (exit_code != ADMIN_DONE)
		return exit_code;
	if (interrupted)
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

	watch_interrupts();
	exit_code = run(importing);
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
