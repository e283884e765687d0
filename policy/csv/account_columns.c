/* The columns of the accounts' CSV; see account_columns.h. What cells say: account_cells.c. */
#include "policy/csv/account_columns.h"

#include "base/cleanup.h"

#include <errno.h>
#include <string.h>

#define REQUIRED ACCOUNT_COLUMN_REQUIRED
#define OPTIONAL ACCOUNT_COLUMN_OPTIONAL
#define EXTENDED ACCOUNT_COLUMN_EXTENDED
#define RESULT ACCOUNT_COLUMN_RESULT
#define NARROW true
#define WIDE false
static const struct account_column_row rows[ACCOUNT_COLUMN_COUNT] = {
#define COLUMN(name, key, japanese, others, field, part, example, width, read, write) \
	[ACCOUNT_COLUMN_##name] = {key, japanese, others, field, part, example, width},
#include "policy/csv/account_columns.def"
#undef COLUMN
};

const struct account_column_row *
account_column_row(enum account_column column)
{
	return &rows[column];
}

enum account_column
account_column_by_key(const char *key)
{
	int i = 0;

	while (i < ACCOUNT_COLUMN_COUNT && strcmp(rows[i].key, key) != 0)
		i++;
	return (enum account_column)i;
}

enum account_column
account_column_by_field(const char *field)
{
	int i = 0;

	while (i < ACCOUNT_COLUMN_COUNT &&
		(rows[i].field == NULL || strcmp(rows[i].field, field) != 0))
		i++;
	return (enum account_column)i;
}

/* What does not count in a heading: blanks, the wide one too, hyphens, underlines, and the line breaks of a narrow
 * column. */
static size_t
passed_over(const char *at, const char *end)
{
	if (at < end && strchr(" -_\t\r\n", *at) != NULL)
		return 1;
	return end - at >= 3 && memcmp(at, "\u3000", 3) == 0 ? 3 : 0;
}

/* The next character of a heading that counts, small. */
static char
next_character(const char **at, const char *end)
{
	size_t step;

	while ((step = passed_over(*at, end)) > 0)
		*at += step;
	if (*at == end)
		return '\0';
	(*at)++;
	return (*at)[-1] >= 'A' && (*at)[-1] <= 'Z' ? (char)((*at)[-1] - 'A' + 'a') : (*at)[-1];
}

static bool
same_heading(const char *heading, const char *name, size_t name_len)
{
	const char *heading_end = heading + strlen(heading);
	const char *name_end = name + name_len;
	char c;

	do {
		c = next_character(&heading, heading_end);
		if (c != next_character(&name, name_end))
			return false;
	} while (c != '\0');
	return true;
}

static bool
is_among(const char *heading, const char *names)
{
	while (names[0] != '\0') {
		size_t len = strcspn(names, "|");

		if (same_heading(heading, names, len))
			return true;
		names += len;
		names += names[0] == '|';
	}
	return false;
}

enum account_column
account_column_by_heading(const char *heading)
{
	int i = 0;

	while (i < ACCOUNT_COLUMN_COUNT &&
		!same_heading(heading, rows[i].japanese, strlen(rows[i].japanese)) &&
		!is_among(heading, rows[i].others))
		i++;
	return (enum account_column)i;
}

static int
refuse(struct account_header_error *error, enum account_header_problem problem, size_t place,
	enum account_column column)
{
	*error = (struct account_header_error){problem, place, column};
	return -EINVAL;
}

/* Whether a heading that is none is a column's name, then a separator of other countries' or other programs'. */
static enum account_header_problem
look_for_separator(const char *heading)
{
	static const struct {
		const char *separator;
		enum account_header_problem problem;
	} others[] = {
		{";", ACCOUNT_HEADER_SEMICOLONS},
		{"\t", ACCOUNT_HEADER_TABS},
	};

	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		size_t len = strcspn(heading, others[i].separator);

		for (int j = 0; j < ACCOUNT_COLUMN_COUNT && heading[len] != '\0'; j++)
			if (len == strlen(rows[j].japanese) &&
				memcmp(heading, rows[j].japanese, len) == 0)
				return others[i].problem;
	}
	return ACCOUNT_HEADER_UNKNOWN;
}

static bool
header_has(const struct account_header *header, enum account_column column)
{
	for (size_t i = 0; i < header->count; i++)
		if (header->columns[i] == column)
			return true;
	return false;
}

/* Half of what belongs together cannot be read: one time without the other, numbers without their terminals. */
static int
check_complete(const struct account_header *header, struct account_header_error *error)
{
	static const struct {
		enum account_column one, needs;
	} pairs[] = {
		{ACCOUNT_COLUMN_START, ACCOUNT_COLUMN_END},
		{ACCOUNT_COLUMN_END, ACCOUNT_COLUMN_START},
		{ACCOUNT_COLUMN_PRIORITIES, ACCOUNT_COLUMN_TERMINALS},
	};

	for (int i = 0; i < ACCOUNT_COLUMN_COUNT; i++)
		if (rows[i].part == REQUIRED && !header_has(header, (enum account_column)i))
			return refuse(error, ACCOUNT_HEADER_MISSING, 0, (enum account_column)i);
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++)
		if (header_has(header, pairs[i].one) && !header_has(header, pairs[i].needs))
			return refuse(error, ACCOUNT_HEADER_MISSING, 0, pairs[i].needs);
	return 0;
}

int
account_header_read(const char *const *headings, size_t count, struct account_header *ret_header,
	struct account_header_error *ret_error)
{
	struct account_header header = {0};

	for (size_t i = 0; i < count; i++) {
		const char *heading = csv_plain(headings[i]);
		enum account_column column = account_column_by_heading(heading);

		/* Spreadsheets write columns that somebody has touched and emptied again. */
		if (column == ACCOUNT_COLUMN_COUNT && strspn(heading, " \t\r\n") == strlen(heading))
			column = ACCOUNT_COLUMN_NONE;
		else if (column == ACCOUNT_COLUMN_COUNT)
			return refuse(ret_error, look_for_separator(heading), i + 1, column);
		else if (header_has(&header, column))
			return refuse(ret_error, ACCOUNT_HEADER_TWICE, i + 1, column);
		header.columns[header.count++] = column;
	}
	*ret_header = header;
	return check_complete(&header, ret_error);
}
