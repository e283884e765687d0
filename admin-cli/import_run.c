/* The rows of a CSV on their way to the gateway; see import_run.h. */
#include "admin-cli/import_run.h"

#include "admin-cli/progress.h"
#include "admin-cli/text.h"
#include "admin-cli/values.h"
#include "base/cleanup.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* As many as the gateway commits at once; and as JSON, with every byte escaped, within the line that it reads. */
#define BATCH_ROWS 250
#define BATCH_BYTES ((size_t)450 * 1024)
#define SHOWN_ERRORS 20

static volatile sig_atomic_t interrupted;

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

static void
on_interrupt(int number)
{
	(void)number;
	interrupted = 1;
}

/* Once: whoever presses it again means it. */
void
import_watch_interrupts(void)
{
	const struct sigaction action = {.sa_handler = on_interrupt, .sa_flags = (int)SA_RESETHAND};

	(void)sigaction(SIGINT, &action, NULL);
	(void)sigaction(SIGTERM, &action, NULL);
}

bool
import_is_interrupted(void)
{
	return interrupted != 0;
}

/* What the gateway cuts off both ends of a cell; an id has none within. */
static size_t
blank_length(const char *text)
{
	return strncmp(text, "\u3000", 3) == 0 ? 3 : strspn(text, " \t\v\f\r\n");
}

/* FNV-1a over the typed part in lower case: behind the facility's prefix, before an @. */
static uint64_t
account_key(const char *prefix, const char *text)
{
	uint64_t key = UINT64_C(14695981039346656037);
	size_t blank;

	while ((blank = blank_length(text)) > 0)
		text += blank;
	if (strncmp(text, prefix, strlen(prefix)) == 0)
		text += strlen(prefix);
	for (; *text != '\0' && *text != '@' && blank_length(text) == 0; text++) {
		unsigned char c = (unsigned char)*text;

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
		/* Whole: rule and example stand at its end. */
		text_write(stderr, text, 2);
		fputc('\n', stderr);
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

enum admin_exit
import_run(struct importing *importing)
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
