/* The structure of tables; see integrity.h. */
#include "policy/store/integrity.h"

#include "base/cleanup.h"
#include "policy/store/database.h"
#include "policy/store/sql.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

/* PRAGMAs take no parameters. */
static const struct {
	const char *table;
	const char *check;
} logs[] = {
	[INTEGRITY_EVENT] = {"event", "PRAGMA integrity_check(event)"},
	[INTEGRITY_EVENT_FIELD] = {"event_field", "PRAGMA integrity_check(event_field)"},
	[INTEGRITY_SESSION] = {"session", "PRAGMA integrity_check(session)"},
	[INTEGRITY_CHECKPOINT] = {"checkpoint", "PRAGMA integrity_check(checkpoint)"},
};

static int
check_one(struct store_db *db, const char *sql, int (*found)(const char *what, void *argument),
	void *argument)
{
	sqlite3_stmt *row;
	int r;

	r = sql_ask(db, &row, sql, "");
	while (r == 0 && (r = sql_next(row)) > 0) {
		const char *what = (const char *)sqlite3_column_text(row, 0);

		r = what == NULL ? -ENOMEM : strcmp(what, "ok") == 0 ? 0 : found(what, argument);
		if (r < 0)
			sql_end(row);
	}
	return r;
}

static int
count_one(const char *what, void *argument)
{
	(void)what;
	++*(size_t *)argument;
	return 0;
}

int
integrity_check(struct store_db *db, enum integrity_table table,
	int (*found)(const char *what, void *argument), void *argument)
{
	size_t wrong = 0;
	int r;

	/* SQLite says the same if it ran out of memory on the way: nobody must be sent to a backup for that. What is
	 * damaged is so the second time, too. */
	r = check_one(db, logs[table].check, count_one, &wrong);
	if (r == -EUCLEAN || (r == 0 && wrong > 0))
		r = check_one(db, logs[table].check, found, argument);
	return r == -EUCLEAN ? found(sqlite3_errstr(SQLITE_CORRUPT), argument) : r;
}

static bool
is_of_a_log(const char *table)
{
	for (size_t i = 0; i < ARRAY_SIZE(logs); i++)
		if (strcmp(logs[i].table, table) == 0)
			return true;
	return false;
}

static int
ask_quickly(struct store_db *db, const char *sql)
{
	sqlite3_stmt *statement = NULL;
	int rc = sqlite3_prepare_v2(db->handle, sql, -1, &statement, NULL);
	int r = sql_error(rc);

	if (r == 0) {
		rc = sqlite3_step(statement);
		r = sql_error(rc);
	}
	if (r == 0 && rc == SQLITE_ROW) {
		const char *answer = (const char *)sqlite3_column_text(statement, 0);

		r = answer == NULL ? -ENOMEM : strcmp(answer, "ok") == 0 ? 0 : -EUCLEAN;
	}
	(void)sqlite3_finalize(statement);
	return r;
}

static int
check_quickly(struct store_db *db, const char *table)
{
	char *sql = sqlite3_mprintf("PRAGMA quick_check(%Q)", table);
	int r = sql == NULL ? -ENOMEM : ask_quickly(db, sql);

	/* As above. */
	if (r == -EUCLEAN)
		r = ask_quickly(db, sql);
	sqlite3_free(sql);
	return r;
}

int
integrity_check_others(struct store_db *db)
{
	sqlite3_stmt *row;
	int r;

	r = sql_ask(
		db, &row, "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name", "");
	while (r == 0 && (r = sql_next(row)) > 0) {
		const char *table = (const char *)sqlite3_column_text(row, 0);

		r = table == NULL ? -ENOMEM : is_of_a_log(table) ? 0 : check_quickly(db, table);
		if (r < 0)
			sql_end(row);
	}
	return r;
}

/* Without the schema's CHECKs, which are slow: whoever goes through the rows sees what they would. */
int
integrity_check_quickly(struct store_db *db, enum integrity_table table)
{
	int r = database_run(db, "PRAGMA ignore_check_constraints = ON");

	if (r < 0)
		return r;
	r = check_quickly(db, logs[table].table);
	(void)database_run(db, "PRAGMA ignore_check_constraints = OFF");
	return r;
}

int
integrity_events_most(struct store_db *db, int64_t *ret_most)
{
	int r = sql_number(db, ret_most,
		"SELECT page_count * page_size / 96 FROM pragma_page_count, pragma_page_size", "");

	return r < 0 ? r : 0;
}
