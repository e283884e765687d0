/* The structure of the logs' tables; see integrity.h. */
#include "policy/store/integrity.h"

#include "base/cleanup.h"
#include "policy/store/sql.h"

#include <errno.h>
#include <string.h>

/* PRAGMAs take no parameters. */
static const char *const checks[] = {
	[INTEGRITY_EVENT] = "PRAGMA integrity_check(event)",
	[INTEGRITY_EVENT_FIELD] = "PRAGMA integrity_check(event_field)",
	[INTEGRITY_SESSION] = "PRAGMA integrity_check(session)",
	[INTEGRITY_CHECKPOINT] = "PRAGMA integrity_check(checkpoint)",
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
	r = check_one(db, checks[table], count_one, &wrong);
	if (r == -EUCLEAN || (r == 0 && wrong > 0))
		r = check_one(db, checks[table], found, argument);
	return r == -EUCLEAN ? found(sqlite3_errstr(SQLITE_CORRUPT), argument) : r;
}
