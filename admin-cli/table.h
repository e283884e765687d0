/* A table on a terminal: columns as wide as their cells, whatever script these are in. */
#ifndef ADMIN_TABLE_H
#define ADMIN_TABLE_H

#include <stddef.h>
#include <stdio.h>

#define TABLE_COLUMNS_MOST 24

struct table_column {
	const char *heading; /* already translated */
	size_t most;         /* columns of the terminal; 0 = no limit */
};

struct table;

/* Headings are borrowed. NULL without memory. */
struct table *table_new(const struct table_column *columns, size_t count);
void table_free(struct table *table);

/* One cell; after `count` of them a row is complete. The text is copied and made fit to be shown; NULL and
 * "" are shown as "-". */
void table_cell(struct table *table, const char *text);

/* Prints the rows added since the last time, the headings before the first ones. Columns only grow. */
void table_print(struct table *table, FILE *out);

#endif
