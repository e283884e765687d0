/* A table on a terminal. */
#include "admin-cli/table.h"

#include "admin-cli/text.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct table {
	struct table_column columns[TABLE_COLUMNS_MOST];
	size_t count;
	size_t widths[TABLE_COLUMNS_MOST];
	char **cells;
	size_t cell_count;
	bool headed;
};

struct table *
table_new(const struct table_column *columns, size_t count)
{
	struct table *table = calloc(1, sizeof(*table));

	assert(count > 0 && count <= TABLE_COLUMNS_MOST);
	if (table == NULL)
		return NULL;
	memcpy(table->columns, columns, count * sizeof(columns[0]));
	table->count = count;
	for (size_t i = 0; i < count; i++)
		table->widths[i] = text_width(columns[i].heading);
	return table;
}

static void
forget_cells(struct table *table)
{
	for (size_t i = 0; i < table->cell_count; i++)
		free(table->cells[i]);
	table->cell_count = 0;
}

void
table_free(struct table *table)
{
	if (table == NULL)
		return;
	forget_cells(table);
	free(table->cells);
	free(table);
}

void
table_cell(struct table *table, const char *text)
{
	size_t column = table->cell_count % table->count;
	size_t most = table->columns[column].most;
	char **cells = reallocarray(table->cells, table->cell_count + 1, sizeof(*cells));
	size_t width;

	if (cells == NULL)
		return;
	table->cells = cells;
	cells[table->cell_count] =
		strdup(text_shown(text != NULL && text[0] != '\0' ? text : NULL));
	if (cells[table->cell_count] == NULL)
		return;
	width = text_width(cells[table->cell_count++]);
	if (most > 0 && width > most)
		width = most;
	if (width > table->widths[column])
		table->widths[column] = width;
}

static void
print_cell(const struct table *table, size_t column, const char *text, FILE *out)
{
	size_t width = table->widths[column];
	bool last = column + 1 == table->count;

	/* Nothing behind the last one: trailing blanks wrap on a narrow terminal. */
	text_put(out, text, last ? 0 : width, width);
	fputs(last ? "\n" : "  ", out);
}

void
table_print(struct table *table, FILE *out)
{
	if (!table->headed) {
		for (size_t i = 0; i < table->count; i++)
			print_cell(table, i, table->columns[i].heading, out);
		table->headed = true;
	}
	for (size_t i = 0; i < table->cell_count; i++)
		print_cell(table, i % table->count, table->cells[i], out);
	forget_cells(table);
}
