/* Lists as tables; see list.h. */
#include "admin-cli/list.h"

#include "admin-cli/table.h"
#include "admin-cli/text.h"

#include <assert.h>

void
list_begin(struct list *list, const struct list_column *columns, size_t count)
{
	struct table_column headings[TABLE_COLUMNS_MOST];

	assert(count <= TABLE_COLUMNS_MOST);
	for (size_t i = 0; i < count; i++)
		headings[i] = (struct table_column){_(columns[i].heading), columns[i].most};
	*list = (struct list){columns, count, table_new(headings, count)};
}

void
list_add(const struct list *list, const json_t *row)
{
	for (size_t i = 0; i < list->count && list->table != NULL; i++) {
		const struct list_column *column = &list->columns[i];

		table_cell(list->table, column->shown != NULL
						? column->shown(row)
						: value_in_form(row, column->key, column->form));
	}
}

void
list_print_rows(const struct list *list)
{
	if (list->table != NULL)
		table_print(list->table, stdout);
	(void)fflush(stdout); /* before what goes to stderr */
}

void
list_end(struct list *list)
{
	table_free(list->table);
	list->table = NULL;
}

size_t
list_print(const json_t *rows, const struct list_column *columns, size_t count)
{
	struct list list;
	const json_t *row;
	size_t i;

	list_begin(&list, columns, count);
	json_array_foreach (rows, i, row)
		list_add(&list, row);
	list_print_rows(&list);
	list_end(&list);
	return json_array_size(rows);
}
