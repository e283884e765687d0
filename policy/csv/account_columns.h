/* The accounts' CSV (A14, A15): which columns there are, and what their cells say. Bytes and quotes are
 * reader.h's and writer.h's; here are texts in, fields out, and back. No I/O.
 */
#ifndef POLICY_CSV_ACCOUNT_COLUMNS_H
#define POLICY_CSV_ACCOUNT_COLUMNS_H

#include "policy/csv/reader.h"
#include "policy/csv/writer.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum account_column {
#define COLUMN(name, key, japanese, others, field, part, example, width, read, write) \
	ACCOUNT_COLUMN_##name,
#include "policy/csv/account_columns.def"
#undef COLUMN
	ACCOUNT_COLUMN_COUNT,
	ACCOUNT_COLUMN_NONE = ACCOUNT_COLUMN_COUNT, /* a column without name and content */
};

enum account_column_part {
	ACCOUNT_COLUMN_REQUIRED,
	ACCOUNT_COLUMN_OPTIONAL,
	ACCOUNT_COLUMN_EXTENDED,
	ACCOUNT_COLUMN_RESULT,
};

struct account_column_row {
	const char *key;
	const char *japanese;
	const char *others; /* "a|b" */
	const char *field;  /* or NULL */
	enum account_column_part part;
	const char *example; /* of a REQUIRED one */
	bool narrow;
};

const struct account_column_row *account_column_row(enum account_column column);

/* ACCOUNT_COLUMN_COUNT if there is none. The field "hours" gives START. */
enum account_column account_column_by_key(const char *key);
enum account_column account_column_by_field(const char *field);
enum account_column account_column_by_heading(const char *heading);

/* Which column stands where in a file. */
struct account_header {
	enum account_column columns[CSV_COLUMNS_MAX];
	size_t count;
};

enum account_header_problem {
	ACCOUNT_HEADER_GOOD,
	ACCOUNT_HEADER_UNKNOWN, /* no column is called that */
	ACCOUNT_HEADER_SEMICOLONS, /* the same, but its parts are: cells are parted by something else than commas */
	ACCOUNT_HEADER_TABS,
	ACCOUNT_HEADER_TWICE,
	ACCOUNT_HEADER_MISSING, /* a required one, or the other one of a pair; `column` says which */
};

struct account_header_error {
	enum account_header_problem problem;
	size_t place;               /* from 1; 0: MISSING */
	enum account_column column; /* of TWICE and MISSING */
};

/* Headings are UTF-8. 0, or -EINVAL with the error. */
int account_header_read(const char *const *headings, size_t count,
	struct account_header *ret_header, struct account_header_error *ret_error);

/* What is wrong with a cell. Texts are UTF-8, cut at a character's end. */
#define CELL_ERROR_TEXT_SIZE 200

struct cell_error {
	enum account_column column;
	char value[CELL_ERROR_TEXT_SIZE];
	const char *rule; /* a literal */
	char example[CELL_ERROR_TEXT_SIZE];
};

/* Reads a row. `cells` is an object of texts by the columns' keys; those that are missing leave their field.
 * Returns 0 with *ret_fields, a new object for account_add and account_change (policy/account_changes.h):
 * what is empty is there as its empty value. Or -EINVAL with the error, or -ENOMEM. */
int account_cells_read(const json_t *cells, json_t **ret_fields, struct cell_error *ret_error);

/* Writes the header, and an account object (control_methods.def) as a row. */
void account_header_write(struct csv_writer *writer, bool extended);
void account_row_write(struct csv_writer *writer, const json_t *account, bool extended);

/* One field of an account object as its cell would be; to be freed, NULL without memory. */
char *account_cell_text(enum account_column column, const json_t *account);

/* Fills in an error; value and example may be NULL. Returns -EINVAL. */
int cell_error_set(struct cell_error *error, enum account_column column, const char *value,
	const char *rule, const char *example);

#endif
