/* Reading the cells of the accounts' CSV; see account_columns.h.
 *
 * Cells are read as forgivingly as can be without guessing, and end in the forms of control_methods.def; what
 * those may be (how long, whether the terminal exists …) is checked where every other way in is checked.
 */
#include "policy/csv/account_columns.h"

#include "base/cleanup.h"
#include "base/sentence.h"
#include "base/utf_8.h"
#include "policy/civil.h"
#include "policy/csv/account_words.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PRIORITY_MAX 9

int
cell_error_set(struct cell_error *error, enum account_column column, const char *value,
	const char *rule, const char *example)
{
	const char *texts[] = {value, example};
	char *rooms[] = {error->value, error->example};

	error->column = column;
	error->rule = rule;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		size_t len = texts[i] == NULL ? 0 : strlen(texts[i]);

		if (len >= CELL_ERROR_TEXT_SIZE) {
			len = CELL_ERROR_TEXT_SIZE - 1;
			while (len > 0 && ((unsigned char)texts[i][len] & 0xc0) == 0x80)
				len--;
		}
		if (len > 0)
			memcpy(rooms[i], texts[i], len);
		rooms[i][len] = '\0';
	}
	return -EINVAL;
}

/* Blanks, also the wide one and line breaks, at both ends. */
static size_t
blank_length(const char *text, size_t len)
{
	if (len >= 1 && (text[0] == ' ' || (text[0] >= '\t' && text[0] <= '\r')))
		return 1;
	return len >= 3 && memcmp(text, "\u3000", 3) == 0 ? 3 : 0;
}

static const char *
trim(const char *text, size_t *len)
{
	size_t step;

	while ((step = blank_length(text, *len)) > 0) {
		text += step;
		*len -= step;
	}
	for (;;) {
		if (*len >= 1 && blank_length(text + *len - 1, 1) == 1)
			*len -= 1;
		else if (*len >= 3 && blank_length(text + *len - 3, 3) == 3)
			*len -= 3;
		else
			return text;
	}
}

/* Everything that a read function may look at. */
struct cell {
	const json_t *cells; /* the row's, by key */
	enum account_column column;
	char *text; /* trimmed */
	json_t *fields;
	struct cell_error *error;
};

static int
refuse(const struct cell *cell, const char *rule, const char *example)
{
	return cell_error_set(cell->error, cell->column, cell->text, rule, example);
}

/* Takes the value. */
static int
set(const struct cell *cell, json_t *value)
{
	const char *field = account_column_row(cell->column)->field;

	return json_object_set_new(cell->fields, field, value) < 0 ? -ENOMEM : 0;
}

static int
read_text(const struct cell *cell)
{
	return set(cell, json_string(cell->text));
}

static int
read_text_or_null(const struct cell *cell)
{
	return set(cell, cell->text[0] == '\0' ? json_null() : json_string(cell->text));
}

/* A number of fewest to most digits and nothing else; -1 for what is none. Moves on behind it. */
static int
take_number(const char **at, size_t fewest, size_t most)
{
	int number = 0;
	size_t digits = 0;

	for (; digits < most && (*at)[0] >= '0' && (*at)[0] <= '9'; (*at)++, digits++)
		number = number * 10 + ((*at)[0] - '0');
	return digits < fewest ? -1 : number;
}

static bool
take_character(const char **at, char c)
{
	if ((*at)[0] != c)
		return false;
	(*at)++;
	return true;
}

/* YYYY/M/D as spreadsheets have it, YYYY-MM-DD as programs do. */
static int
read_date(const struct cell *cell)
{
	static const char rule[] = N_("a date YYYY/M/D or YYYY-MM-DD");
	char separator = strchr(cell->text, '-') != NULL ? '-' : '/';
	size_t fewest = separator == '-' ? 2 : 1;
	const char *at = cell->text;
	struct civil_date unused;
	char date[32];
	int year, month, day;

	year = take_number(&at, 4, 4);
	if (year < 0 || !take_character(&at, separator))
		return refuse(cell, rule, "2026/4/1");
	month = take_number(&at, fewest, 2);
	if (month < 0 || !take_character(&at, separator))
		return refuse(cell, rule, "2026/4/1");
	day = take_number(&at, fewest, 2);
	if (day < 0 || at[0] != '\0')
		return refuse(cell, rule, "2026/4/1");
	snprintf(date, sizeof(date), "%04d-%02d-%02d", year, month, day);
	/* Checked elsewhere, too; but here the cell is still as it stands in the file. */
	if (civil_date_parse(date, &unused) < 0)
		return refuse(
			cell, N_("a day of the calendar, YYYY/M/D or YYYY-MM-DD"), "2026/4/1");
	return set(cell, json_string(date));
}

/* H:MM, HH:MM or H:MM:00; minutes of the day, or -1. */
static int
read_time(const char *text)
{
	const char *at = text;
	int hour, minute;

	hour = take_number(&at, 1, 2);
	if (hour < 0 || hour > 23 || !take_character(&at, ':'))
		return -1;
	minute = take_number(&at, 2, 2);
	if (minute != 0 && minute != 30)
		return -1;
	if (take_character(&at, ':') && take_number(&at, 2, 2) != 0)
		return -1;
	return at[0] == '\0' ? hour * 60 + minute : -1;
}

static char *
copy_trimmed(const char *text)
{
	size_t len = strlen(text);

	text = trim(text, &len);
	return strndup(text, len);
}

/* Both times at once. */
static int
read_hours(const struct cell *start)
{
	static const char rule[] = N_("a time H:MM, minutes 00 or 30");
	static const char both[] = N_("both times, or neither: that is always");
	struct cell end = *start;
	auto_free char *text = NULL;
	const char *given = json_string_value(
		json_object_get(start->cells, account_column_row(ACCOUNT_COLUMN_END)->key));
	char hours[32];
	int from, until;

	text = copy_trimmed(given != NULL ? given : "");
	if (text == NULL)
		return -ENOMEM;
	end.column = ACCOUNT_COLUMN_END;
	end.text = text;
	if (start->text[0] == '\0' && end.text[0] == '\0')
		return set(start, json_string("always"));
	if (start->text[0] == '\0')
		return refuse(start, both, "8:30");
	if (end.text[0] == '\0')
		return refuse(&end, both, "17:30");
	from = read_time(start->text);
	if (from < 0)
		return refuse(start, rule, "8:30");
	until = read_time(end.text);
	if (until < 0)
		return refuse(&end, rule, "17:30");
	if (from == until)
		return refuse(&end, N_("not the same time as the start"), "17:30");
	snprintf(hours, sizeof(hours), "%02d:%02d-%02d:%02d", from / 60, from % 60, until / 60,
		until % 60);
	return set(start, json_string(hours));
}

/* The item of a list that begins at *at, trimmed; false behind the last one. Moves on to the next. */
static bool
next_item(const char **at, const char **ret_item, size_t *ret_len)
{
	size_t len;

	if (*at == NULL)
		return false;
	len = strcspn(*at, ",");
	*ret_item = *at;
	*ret_len = len;
	*at = (*at)[len] == ',' ? *at + len + 1 : NULL;
	*ret_item = trim(*ret_item, ret_len);
	return true;
}

static int
read_list(const struct cell *cell)
{
	json_t *list = json_array();
	const char *at = cell->text[0] == '\0' ? NULL : cell->text;
	const char *item;
	size_t len;

	while (next_item(&at, &item, &len)) {
		/* Two commas in a row: somebody has deleted something, or forgotten it. */
		if (len == 0) {
			json_decref(list);
			return refuse(
				cell, N_("items joined by commas, none of them empty"), "a,b");
		}
		if (json_array_append_new(list, json_stringn(item, len)) < 0) {
			json_decref(list);
			return -ENOMEM;
		}
	}
	return set(cell, list);
}

static int
read_file_sharing(const struct cell *cell)
{
	const char *value = account_word_read(ACCOUNT_WORDS_FILE_SHARING, cell->text);

	if (value == NULL)
		return refuse(cell, N_("one of 常に許可, 承認後に許可, 拒否"), "拒否");
	return set(cell, json_string(value));
}

/* Nobody is of no kind: an empty cell leaves it. */
static int
read_kind(const struct cell *cell)
{
	const char *value = account_word_read(ACCOUNT_WORDS_KIND, cell->text);

	if (cell->text[0] == '\0')
		return 0;
	if (value == NULL)
		return refuse(
			cell, N_("one of エンジニア, 管理者, 監査担当者, 立会者"), "エンジニア");
	return set(cell, json_string(value));
}

static int
read_locked(const struct cell *cell)
{
	const char *value = account_word_read(ACCOUNT_WORDS_LOCKED, cell->text);

	if (value == NULL)
		return refuse(cell, N_("ロック中, or empty"), "ロック中");
	return set(cell, json_boolean(strcmp(value, "yes") == 0));
}

static int
read_priority(const char *item, size_t len)
{
	return len == 1 && item[0] >= '0' && item[0] <= '0' + PRIORITY_MAX ? item[0] - '0' : -1;
}

/* As many as the terminals of the row, in their order; none at all: 0 for each. */
static int
read_priorities(const struct cell *cell)
{
	static const char rule[] =
		N_("as many numbers 0 to 9 as the row has terminals, joined by commas");
	const char *terminals = json_string_value(
		json_object_get(cell->cells, account_column_row(ACCOUNT_COLUMN_TERMINALS)->key));
	auto_free char *names = copy_trimmed(terminals != NULL ? terminals : "");
	const char *name_at = names == NULL || names[0] == '\0' ? NULL : names;
	const char *at = cell->text[0] == '\0' ? NULL : cell->text;
	bool given = at != NULL;
	json_t *priorities = json_object();
	const char *name, *item = "0";
	size_t name_len, len = 1;

	while (next_item(&name_at, &name, &name_len)) {
		if ((given && !next_item(&at, &item, &len)) || read_priority(item, len) < 0) {
			json_decref(priorities);
			return refuse(cell, rule, "0,5");
		}
		(void)json_object_setn_new(
			priorities, name, name_len, json_integer(read_priority(item, len)));
	}
	if (at != NULL) {
		json_decref(priorities);
		return refuse(cell, rule, "0,5");
	}
	return set(cell, priorities);
}

/* U+FF01 to U+FF5E are ASCII made wide; a Japanese keyboard types them unless told otherwise. The wide blank
 * has been cut off at the ends. Returns whether there was any. */
static bool
make_narrow(const char *text, char *ret_narrow, size_t size)
{
	size_t len = strlen(text), used = 0;
	bool found = false;

	for (size_t at = 0, step; at < len && used + 4 < size; at += step) {
		uint32_t character;

		step = utf_8_read(text + at, len - at, &character);
		if (step == 0)
			step = 1;
		if (step == 3 && character >= 0xff01 && character <= 0xff5e) {
			ret_narrow[used++] = (char)(character - 0xff01 + '!');
			found = true;
		} else {
			memcpy(ret_narrow + used, text + at, step);
			used += step;
		}
	}
	ret_narrow[used] = '\0';
	return found;
}

typedef int read_function(const struct cell *cell);

static read_function *const readers[ACCOUNT_COLUMN_COUNT] = {
#define COLUMN(name, key, japanese, others, field, part, example, width, read, write) \
	[ACCOUNT_COLUMN_##name] = read,
#include "policy/csv/account_columns.def"
#undef COLUMN
};

static int
check_cell(const struct cell *cell)
{
	const struct account_column_row *row = account_column_row(cell->column);
	char narrow[CELL_ERROR_TEXT_SIZE];

	if (row->part == ACCOUNT_COLUMN_REQUIRED && cell->text[0] == '\0')
		return refuse(cell, N_("required: it may not be empty"), row->example);
	if (row->narrow && make_narrow(cell->text, narrow, sizeof(narrow)))
		return refuse(cell, N_("half-width characters: these are full-width"), narrow);
	return 0;
}

static int
read_cell(const json_t *cells, enum account_column column, json_t *fields, struct cell_error *error)
{
	const struct account_column_row *row = account_column_row(column);
	const char *given = json_string_value(json_object_get(cells, row->key));
	auto_free char *text = given == NULL ? NULL : copy_trimmed(given);
	const struct cell cell = {cells, column, text, fields, error};
	int r;

	if (given == NULL)
		return row->part == ACCOUNT_COLUMN_REQUIRED
			       ? cell_error_set(error, column, NULL,
					 N_("required: it may not be empty"), row->example)
			       : 0;
	if (text == NULL)
		return -ENOMEM;
	r = check_cell(&cell);
	return r < 0 || readers[column] == NULL ? r : readers[column](&cell);
}

int
account_cells_read(const json_t *cells, json_t **ret_fields, struct cell_error *ret_error)
{
	json_t *fields = json_object();
	int r = fields == NULL ? -ENOMEM : 0;

	for (int i = 0; i < ACCOUNT_COLUMN_COUNT && r == 0; i++)
		if (account_column_row((enum account_column)i)->part != ACCOUNT_COLUMN_RESULT)
			r = read_cell(cells, (enum account_column)i, fields, ret_error);
	if (r < 0) {
		json_decref(fields);
		return r;
	}
	*ret_fields = fields;
	return 0;
}
