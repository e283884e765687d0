/* Versions that never come again; see version_mark.h. */
#include "policy/store/version_mark.h"

#include "policy/store/database.h"
#include "policy/store/log_table.h"
#include "policy/store/sql.h"

#include <errno.h>
#include <stdio.h>

#define MARK_SIZE 32

#define RAISE(table)                                                                           \
	"UPDATE log_mark SET number = (SELECT version FROM " table " WHERE number = ?) WHERE " \
	"name = 'version." table "' AND number < (SELECT version FROM " table " WHERE number = ?)"

static const struct {
	const char *mark;
	const char *raise;
} kinds[] = {
	[VERSION_ACCOUNT] = {"version.account", RAISE("account")},
	[VERSION_TERMINAL] = {"version.terminal", RAISE("terminal")},
	[VERSION_VENDOR] = {"version.vendor", RAISE("vendor")},
};

int
version_first(struct store_db *db, enum version_kind kind, int64_t *ret_version)
{
	int r = log_mark_get(db, kinds[kind].mark, ret_version);

	++*ret_version;
	return r;
}

int
version_name_free(struct store_db *db, enum version_kind kind, int64_t number)
{
	return sql_run(db, kinds[kind].raise, "ii", number, number);
}

static int
highest_of_rows(struct store_db *db, const char *table, int64_t *ret_version)
{
	char *sql = sqlite3_mprintf("SELECT coalesce(max(version), 0) FROM \"%w\"", table);
	sqlite3_stmt *row = NULL;
	int r = sql == NULL ? -ENOMEM
			    : sql_error(sqlite3_prepare_v2(db->handle, sql, -1, &row, NULL));

	if (r == 0) {
		r = sql_error(sqlite3_step(row));
		*ret_version = sqlite3_column_int64(row, 0);
	}
	(void)sqlite3_finalize(row);
	sqlite3_free(sql);
	return r;
}

int
version_highest(struct store_db *db, const char *table, int64_t *ret_version)
{
	char mark[MARK_SIZE];
	int64_t gone = 0;
	int r;

	snprintf(mark, sizeof(mark), "version.%s", table);
	r = highest_of_rows(db, table, ret_version);
	if (r == 0)
		r = log_mark_get(db, mark, &gone);
	if (r == 0 && gone > *ret_version)
		*ret_version = gone;
	return r;
}

int
version_raise(struct store_db *db, const char *table, int64_t version)
{
	char mark[MARK_SIZE];

	snprintf(mark, sizeof(mark), "version.%s", table);
	return sql_run(db, "UPDATE log_mark SET number = ? WHERE name = ? AND number < ?", "iti",
		version, mark, version);
}
