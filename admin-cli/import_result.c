/* The result of an import; see import_result.h. */
#include "admin-cli/import_result.h"

#include "admin-cli/new_file.h"
#include "admin-cli/said.h"
#include "admin-cli/text.h"
#include "admin-cli/values.h"
#include "base/cleanup.h"
#include "base/secret.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIRST_BYTES ((size_t)1 << 20)

struct import_result {
	const struct import_file *file;
	int fd;
	off_t kept; /* bytes that are safe */
	struct csv_writer csv;
};

/* Wipes what is left behind: there are passwords in it. */
static int
grow(struct csv_writer *csv)
{
	char *bytes = malloc(csv->size * 2);

	if (bytes == NULL)
		return -ENOMEM;
	memcpy(bytes, csv->bytes, csv->len);
	secret_wipe(csv->bytes, csv->size);
	free(csv->bytes);
	csv->bytes = bytes;
	csv->size *= 2;
	csv->full = false;
	return 0;
}

static bool
is_result_column(const struct import_file *file, size_t place)
{
	enum account_column column = file->header.columns[place];

	return column != ACCOUNT_COLUMN_NONE &&
	       account_column_row(column)->part == ACCOUNT_COLUMN_RESULT;
}

/* The row's own cells, without those of an earlier result. */
static void
put_texts(struct csv_writer *csv, const struct import_file *file, const json_t *texts)
{
	for (size_t i = 0; i < file->header.count; i++)
		if (!is_result_column(file, i))
			csv_put(csv, json_string_value(json_array_get(texts, i)));
}

/* One row; again with more room until it fits. */
static int
put_row(struct import_result *result, const json_t *texts, const char *const *more, size_t count)
{
	struct csv_writer *csv = &result->csv;
	size_t start = csv->len;

	for (;;) {
		put_texts(csv, result->file, texts);
		for (size_t i = 0; i < count; i++)
			csv_put(csv, more[i]);
		csv_end_record(csv);
		if (!csv->full)
			return 0;
		csv->len = start;
		if (grow(csv) < 0)
			return -ENOMEM;
	}
}

static int
put_header(struct import_result *result)
{
	const char *more[] = {account_column_row(ACCOUNT_COLUMN_FIRST_PASSWORD)->japanese,
		account_column_row(ACCOUNT_COLUMN_SECOND_PASSWORD)->japanese,
		account_column_row(ACCOUNT_COLUMN_CHANGES)->japanese,
		account_column_row(ACCOUNT_COLUMN_ERRORS)->japanese};

	memcpy(result->csv.bytes, CSV_BOM, strlen(CSV_BOM));
	result->csv.len = strlen(CSV_BOM);
	return put_row(result, result->file->names, more, ARRAY_SIZE(more));
}

int
import_result_create(
	const char *path, const struct import_file *file, struct import_result **ret_result)
{
	struct import_result *result = calloc(1, sizeof(*result));
	char *bytes = malloc(FIRST_BYTES);
	int r = 0;

	if (result == NULL || bytes == NULL) {
		free(result);
		free(bytes);
		return -ENOMEM;
	}
	csv_writer_init(&result->csv, bytes, FIRST_BYTES);
	result->file = file;
	result->fd = new_file_create(path);
	if (result->fd < 0)
		r = result->fd;
	if (r == 0)
		r = put_header(result);
	if (r == 0) {
		r = import_result_keep(result);
		if (r < 0)
			(void)unlink(path);
	}
	if (r < 0)
		import_result_close(result);
	else
		*ret_result = result;
	return r;
}

void
import_result_close(struct import_result *result)
{
	if (result == NULL)
		return;
	if (result->fd >= 0)
		(void)close(result->fd);
	secret_wipe(result->csv.bytes, result->csv.size);
	free(result->csv.bytes);
	free(result);
}

int
import_result_keep(struct import_result *result)
{
	int r;

	r = new_file_write(result->fd, result->csv.bytes, result->csv.len);
	if (r == 0)
		result->kept += (off_t)result->csv.len;
	else if (ftruncate(result->fd, result->kept) == 0)
		(void)lseek(result->fd, result->kept, SEEK_SET);
	secret_wipe(result->csv.bytes, result->csv.len);
	result->csv.len = 0;
	return r;
}

int
import_result_add(struct import_result *result, const json_t *texts, const json_t *row)
{
	auto_free char *changes = import_changes_text(row);
	auto_free char *error = import_error_text(result->file, row);
	const char *more[] = {value_text(row, "initial_password"),
		value_text(row, "initial_second_password"), changes, error};

	if (changes == NULL || error == NULL)
		return -ENOMEM;
	return put_row(result, texts, more, ARRAY_SIZE(more));
}

char *
import_changes_text(const json_t *row)
{
	const json_t *changes = json_object_get(row, "changes");
	char *text = NULL;
	size_t size, i;
	FILE *out = open_memstream(&text, &size);
	const json_t *change;

	if (out == NULL)
		return NULL;
	json_array_foreach (changes, i, change) {
		enum account_column column = account_column_by_key(value_text(change, "column"));
		const char *before = value_text(change, "before");
		const char *after = value_text(change, "after");

		fprintf(out, "%s%s: %s → %s", i > 0 ? "; " : "",
			column == ACCOUNT_COLUMN_COUNT ? "?" : account_column_row(column)->japanese,
			before[0] != '\0' ? before : _("(empty)"),
			after[0] != '\0' ? after : _("(empty)"));
	}
	if (json_is_true(json_object_get(row, "reissued")))
		fprintf(out, "%s%s", json_array_size(changes) > 0 ? "; " : "",
			_("new initial passwords: those of an earlier import were never kept"));
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

/* "line 12, column G (MACアドレス): "; a column that the file has not (--vendor) by its name alone. */
static void
write_place(
	FILE *out, const struct import_file *file, const json_t *row, enum account_column column)
{
	char name[8];

	for (size_t i = 0; i < file->header.count; i++) {
		if (file->header.columns[i] != column || column == ACCOUNT_COLUMN_NONE)
			continue;
		import_column_name(i, name);
		fprintf(out, _("line %s, column %s (%s): "), value_text(row, "line"), name,
			account_column_row(column)->japanese);
		return;
	}
	if (column == ACCOUNT_COLUMN_NONE)
		fprintf(out, _("line %s: "), value_text(row, "line"));
	else
		fprintf(out, _("line %s, %s: "), value_text(row, "line"),
			account_column_row(column)->japanese);
}

char *
import_error_text(const struct import_file *file, const json_t *row)
{
	const json_t *error = json_object_get(row, "error");
	const json_t *data = json_object_get(error, "data");
	const char *rule = value_text(data, "rule");
	const char *example = value_text(data, "example");
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (out == NULL)
		return NULL;
	if (error != NULL)
		write_place(out, file, row, account_column_by_key(value_text(error, "column")));
	if (rule[0] != '\0') {
		fprintf(out, _("found `%s`; allowed: %s"), text_shown(value_text(data, "value")),
			said_translate(rule));
		if (example[0] != '\0')
			fprintf(out, _("; for example %s"), text_shown(example));
	} else if (error != NULL) {
		fputs(said_error(error), out);
	}
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}
