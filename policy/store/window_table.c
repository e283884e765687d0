/* See window_table.h. */
#include "policy/store/window_table.h"

#include "policy/store/database.h"
#include "policy/store/sql.h"
#include "policy/store/store.h"

#include <errno.h>
#include <stdlib.h>

#define KEPT_US (INT64_C(31) * 86400 * 1000000)
#define COLUMNS                                                                                  \
	"number, terminal, kind, days, from_minute, until_minute, begins, ends, text, created, " \
	"created_by"

int
window_insert(struct store_db *db, struct window *window)
{
	int r;

	window->created_us = store_db_now(db);
	r = sql_number(db, &window->number,
		"INSERT INTO terminal_window (terminal, kind, days, from_minute, until_minute, "
		"begins, ends, text, created, created_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
		"RETURNING number",
		"ntiiiiitit", window->terminal, window_kind_name(window->kind),
		(int64_t)window->days, (int64_t)window->from, (int64_t)window->until,
		window->begins_us, window->ends_us, window->text, window->created_us,
		window->created_by);
	return r < 0 ? r : 0;
}

int
window_delete(struct store_db *db, int64_t number)
{
	return sql_run(db, "DELETE FROM terminal_window WHERE number = ?", "i", number);
}

static int
read_row(sqlite3_stmt *row, struct window *window)
{
	struct field_error unused;
	char kind[16];

	*window = (struct window){
		.number = sql_column_number(row, 0),
		.terminal = sql_column_number(row, 1),
		.days = (uint8_t)sql_column_number(row, 3),
		.from = (uint16_t)sql_column_number(row, 4),
		.until = (uint16_t)sql_column_number(row, 5),
		.begins_us = sql_column_number(row, 6),
		.ends_us = sql_column_number(row, 7),
		.created_us = sql_column_number(row, 9),
	};
	sql_column_text(row, 2, kind, sizeof(kind));
	sql_column_text(row, 8, window->text, sizeof(window->text));
	sql_column_text(row, 10, window->created_by, sizeof(window->created_by));
	return window_kind_parse(kind, &window->kind, &unused) < 0 ? -EUCLEAN : 0;
}

int
window_find(struct store_db *db, int64_t number, struct window *ret_window)
{
	sqlite3_stmt *row;
	int r;

	r = sql_ask(
		db, &row, "SELECT " COLUMNS " FROM terminal_window WHERE number = ?", "i", number);
	if (r < 0)
		return r;
	r = sql_next(row);
	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	r = read_row(row, ret_window);
	sql_end(row);
	return r;
}

/* Takes the rows of a question. */
static int
take_rows(sqlite3_stmt *row, struct window **ret_windows, size_t *ret_count)
{
	struct window *windows = NULL, *grown;
	size_t count = 0;
	int r = 0;

	while (r == 0 && (r = sql_next(row)) > 0) {
		grown = reallocarray(windows, count + 1, sizeof(*grown));
		if (grown != NULL)
			windows = grown;
		r = grown != NULL ? read_row(row, &windows[count++]) : -ENOMEM;
		if (r < 0)
			sql_end(row);
	}
	if (r < 0) {
		free(windows);
		return r;
	}
	*ret_windows = windows;
	*ret_count = count;
	return 0;
}

int
windows_load(struct store_db *db, int64_t terminal, struct window **ret_windows, size_t *ret_count)
{
	sqlite3_stmt *row;
	int r;

	r = sql_ask(db, &row,
		"SELECT " COLUMNS " FROM terminal_window WHERE (terminal IS NULL OR terminal = ?) "
		"AND (days <> 0 OR ends > ?) ORDER BY number",
		"ii", terminal, store_db_now(db));
	return r < 0 ? r : take_rows(row, ret_windows, ret_count);
}

int
windows_load_all(struct store_db *db, struct window **ret_windows, size_t *ret_count)
{
	sqlite3_stmt *row;
	int r;

	r = sql_ask(db, &row, "SELECT " COLUMNS " FROM terminal_window ORDER BY number", "");
	return r < 0 ? r : take_rows(row, ret_windows, ret_count);
}

int
window_count(struct store_db *db, int64_t terminal, int64_t *ret_count)
{
	int r = sql_number(db, ret_count,
		"SELECT count(*) FROM terminal_window WHERE coalesce(terminal, 0) = ?", "i",
		terminal);

	return r < 0 ? r : 0;
}

int
window_prune(struct store_db *db)
{
	return sql_run(db, "DELETE FROM terminal_window WHERE days = 0 AND ends < ?", "i",
		store_db_now(db) - KEPT_US);
}
