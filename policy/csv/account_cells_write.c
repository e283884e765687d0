/* Writing the cells of the accounts' CSV; see account_columns.h. */
#include "policy/csv/account_columns.h"

#include "base/cleanup.h"
#include "policy/csv/account_words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Each returns a text to be freed, NULL without memory. */

static const char *
text_of(const json_t *account, const char *key)
{
	const char *text = json_string_value(json_object_get(account, key));

	return text != NULL ? text : "";
}

static char *
write_text(const json_t *account, const char *field)
{
	return strdup(text_of(account, field));
}

static char *
write_full_id(const json_t *account, const char *field)
{
	const char *full = text_of(account, "full_id");

	return strdup(full[0] != '\0' ? full : text_of(account, field));
}

/* "2026-04-01" as "2026/4/1". */
static char *
write_date(const json_t *account, const char *field)
{
	char text[40] = "";
	int year, month, day;

	if (sscanf(text_of(account, field), "%4d-%2d-%2d", &year, &month, &day) == 3)
		snprintf(text, sizeof(text), "%d/%d/%d", year, month, day);
	return strdup(text);
}

/* Start and end of "08:30-17:30" as "8:30"; "always" is nothing. */
static char *
write_time(const char *hours, bool end)
{
	char text[40] = "";
	int times[4];

	if (sscanf(hours, "%2d:%2d-%2d:%2d", &times[0], &times[1], &times[2], &times[3]) == 4)
		snprintf(text, sizeof(text), "%d:%02d", times[end ? 2 : 0], times[end ? 3 : 1]);
	return strdup(text);
}

static char *
write_hours_start(const json_t *account, const char *field)
{
	return write_time(text_of(account, field), false);
}

static char *
write_hours_end(const json_t *account, const char *field)
{
	return write_time(text_of(account, field), true);
}

static char *
write_list(const json_t *account, const char *field)
{
	const json_t *list = json_object_get(account, field);
	size_t size = 1, used = 0, i;
	const json_t *item;
	char *text;

	json_array_foreach (list, i, item)
		size += json_string_length(item) + 1;
	text = malloc(size);
	if (text == NULL)
		return NULL;
	text[0] = '\0';
	json_array_foreach (list, i, item)
		used += (size_t)snprintf(text + used, size - used, "%s%s", i > 0 ? "," : "",
			json_string_value(item));
	return text;
}

static char *
write_file_sharing(const json_t *account, const char *field)
{
	return strdup(account_word_write(ACCOUNT_WORDS_FILE_SHARING, text_of(account, field)));
}

static char *
write_kind(const json_t *account, const char *field)
{
	return strdup(account_word_write(ACCOUNT_WORDS_KIND, text_of(account, field)));
}

static char *
write_locked(const json_t *account, const char *field)
{
	return strdup(account_word_write(ACCOUNT_WORDS_LOCKED,
		json_is_true(json_object_get(account, field)) ? "yes" : "no"));
}

/* Parallel to the terminals; nothing if all are 0. */
static char *
write_priorities(const json_t *account, const char *field)
{
	const json_t *priorities = json_object_get(account, field);
	const json_t *terminals = json_object_get(account, "terminals");
	size_t count = json_array_size(terminals), used = 0, i;
	bool any = false;
	const json_t *name;
	char *text = malloc(2 * count + 1);

	if (text == NULL)
		return NULL;
	json_array_foreach (terminals, i, name) {
		json_int_t priority =
			json_integer_value(json_object_get(priorities, json_string_value(name)));

		any = any || priority != 0;
		if (i > 0)
			text[used++] = ',';
		text[used++] = (char)('0' + priority % 10);
	}
	text[any ? used : 0] = '\0';
	return text;
}

static char *(*const writers[ACCOUNT_COLUMN_COUNT])(const json_t *account, const char *field) = {
#define COLUMN(name, key, japanese, others, field, part, example, width, read, write) \
	[ACCOUNT_COLUMN_##name] = write,
#include "policy/csv/account_columns.def"
#undef COLUMN
};

char *
account_cell_text(enum account_column column, const json_t *account)
{
	return writers[column] == NULL
		       ? strdup("")
		       : writers[column](account, account_column_row(column)->field);
}

static bool
is_written(enum account_column column, bool extended)
{
	enum account_column_part part = account_column_row(column)->part;

	return part == ACCOUNT_COLUMN_REQUIRED || part == ACCOUNT_COLUMN_OPTIONAL ||
	       (part == ACCOUNT_COLUMN_EXTENDED && extended);
}

void
account_header_write(struct csv_writer *writer, bool extended)
{
	for (int i = 0; i < ACCOUNT_COLUMN_COUNT; i++)
		if (is_written((enum account_column)i, extended))
			csv_put(writer, account_column_row((enum account_column)i)->japanese);
	csv_end_record(writer);
}

void
account_row_write(struct csv_writer *writer, const json_t *account, bool extended)
{
	for (int i = 0; i < ACCOUNT_COLUMN_COUNT; i++) {
		auto_free char *text = NULL;

		if (!is_written((enum account_column)i, extended))
			continue;
		text = account_cell_text((enum account_column)i, account);
		/* A cell that is missing would move all those behind it. */
		writer->full = writer->full || text == NULL;
		csv_put(writer, text);
	}
	csv_end_record(writer);
}
