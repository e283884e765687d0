/* A list of the gateway's answer as a table: a row for each object, a column for each of its values. */
#ifndef ADMIN_LIST_H
#define ADMIN_LIST_H

#include "admin-cli/values.h"

#include <jansson.h>
#include <stddef.h>

struct list_column {
	const char *heading; /* a message of po/ */
	size_t most;         /* columns of the terminal; 0 = no limit */
	const char *key;
	enum value_form form;
	const char *(*shown)(const json_t *row); /* in the place of key and form; or NULL */
};

struct table;

struct list {
	const struct list_column *columns; /* borrowed */
	size_t count;
	struct table *table; /* NULL without memory: then nothing is shown */
};

/* Prints the whole list. Returns how many rows it has. */
size_t list_print(const json_t *rows, const struct list_column *columns, size_t count);

/* The same a page at a time: list_print_rows shows what was added since the last time. */
void list_begin(struct list *list, const struct list_column *columns, size_t count);
void list_add(const struct list *list, const json_t *row);
void list_print_rows(const struct list *list);
void list_end(struct list *list);

#endif
