/* Asking SQLite, so that a statement costs one line. Used by the files of policy/store alone, inside
 * a job. SQLite's return codes end here: above are 0, 1 and negative errnos.
 *
 * `binds` has one letter per parameter:  i int64_t   t const char * (NULL: null)
 *                                        n int64_t (0: null)
 *                                        b const void *, size_t (NULL: null)
 */
#ifndef POLICY_STORE_SQL_H
#define POLICY_STORE_SQL_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store_db;

/* Runs a statement that gives no rows. `sql` is a literal: prepared once, kept by its address. */
int sql_run(struct store_db *db, const char *sql, const char *binds, ...);

/* Rows of a question. `row` stays valid until sql_end, which must be called unless this failed or
 * sql_next returned 0 or less.
 *
 *	r = sql_ask(db, &row, "SELECT …", "i", number);
 *	while (r == 0 && (r = sql_next(row)) > 0)
 *		…
 *
 * sql_next: 1 a row, 0 no more (ended), negative errno (ended). */
int sql_ask(struct store_db *db, sqlite3_stmt **ret_row, const char *sql, const char *binds, ...);
int sql_next(sqlite3_stmt *row);
void sql_end(sqlite3_stmt *row);

/* Rows that are only looked at: each is visited where it lies, for half of what it costs to hand it out. The condition of
 * `sql` ends with the columns that are wanted: "SELECT 1 FROM … WHERE id > ? AND visit(id, time)". The values are SQLite's
 * until `visit` returns; other questions may be asked meanwhile.
 *
 * Returns 0 after the last row; what `visit` returned if that was not 0: it wanted no more; or a negative errno. */
typedef int sql_visitor(void *argument, int count, sqlite3_value **values);
int sql_visit(struct store_db *db, sql_visitor *visit, void *argument, const char *sql,
	const char *binds, ...);

/* The SQL function of it, for a new connection. */
int sql_add_visit(struct store_db *db);

/* The first column of the one row as a number. 1 found, 0 none, negative errno. */
int sql_number(struct store_db *db, int64_t *ret_number, const char *sql, const char *binds, ...);

/* Columns. Text is copied, cut to the room; null gives "" and false. */
int64_t sql_column_number(sqlite3_stmt *row, int column);
bool sql_column_text(sqlite3_stmt *row, int column, char *ret_text, size_t size);
bool sql_column_bytes(sqlite3_stmt *row, int column, void *ret_bytes, size_t size);
bool sql_column_is_null(sqlite3_stmt *row, int column);

/* The same of visited ones; whole: also what stands behind a NUL, NULL only for null. */
const char *sql_value_text(sqlite3_value *value, size_t *ret_len);
bool sql_value_bytes(sqlite3_value *value, void *ret_bytes, size_t size);

/* Number of rows that the last sql_run changed. */
int64_t sql_changed(struct store_db *db);

/* Negative errno of an SQLite return code; 0 for OK, ROW and DONE. */
int sql_error(int rc);

#endif
