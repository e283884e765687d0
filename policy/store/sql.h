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

/* The first column of the one row as a number. 1 found, 0 none, negative errno. */
int sql_number(struct store_db *db, int64_t *ret_number, const char *sql, const char *binds, ...);

/* Columns. Text is copied, cut to the room; null gives "" and false. */
int64_t sql_column_number(sqlite3_stmt *row, int column);
bool sql_column_text(sqlite3_stmt *row, int column, char *ret_text, size_t size);
bool sql_column_bytes(sqlite3_stmt *row, int column, void *ret_bytes, size_t size);
bool sql_column_is_null(sqlite3_stmt *row, int column);

/* Number of rows that the last sql_run changed. */
int64_t sql_changed(struct store_db *db);

/* Negative errno of an SQLite return code; 0 for OK, ROW and DONE. */
int sql_error(int rc);

#endif
