/* The schema's versions: each migration is a numbered file, run once, in a transaction of its own. */
#include "policy/store/database.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "policy/store/sql.h"

#include <errno.h>

struct migration {
	int64_t version;
	const char *name;
	const char *sql;
};

static const struct migration migrations[] = {
#define MIGRATION(version_, name_, sql_) {version_, name_, sql_},
#include "policy/store/migrations.def"
#undef MIGRATION
};

/* 0 for a database that is still empty. */
static int
find_version(struct store_db *db, int64_t *ret_version, const char **ret_why)
{
	int64_t tables = 0, ours = 0;
	int r;

	*ret_version = 0;
	r = sql_number(db, &tables, "SELECT count(*) FROM sqlite_master", "");
	if (r < 0 || tables == 0)
		return r < 0 ? r : 0;
	r = sql_number(
		db, &ours, "SELECT count(*) FROM sqlite_master WHERE name = 'schema_version'", "");
	if (r < 0)
		return r;
	if (ours == 0) {
		*ret_why = "this is a database, but not one of Sekisho's";
		return -EUCLEAN;
	}
	r = sql_number(db, ret_version, "SELECT coalesce(max(version), 0) FROM schema_version", "");
	return r < 0 ? r : 0;
}

static int
run_migration(struct store_db *db, const struct migration *migration)
{
	int r;

	r = database_run(db, "BEGIN IMMEDIATE");
	if (r < 0)
		return r;
	r = database_run(db, "CREATE TABLE IF NOT EXISTS schema_version ("
			     "version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied INTEGER NOT "
			     "NULL) STRICT");
	if (r == 0)
		r = database_run(db, migration->sql);
	if (r == 0)
		r = sql_run(db,
			"INSERT INTO schema_version (version, name, applied) VALUES (?, ?, ?)",
			"iti", migration->version, migration->name, clock_now());
	if (r == 0)
		r = database_run(db, "COMMIT");
	if (r < 0)
		(void)database_run(db, "ROLLBACK");
	return r;
}

int
database_migrate(struct store_db *db, const char **ret_why)
{
	int64_t version;
	int r;

	r = find_version(db, &version, ret_why);
	if (r < 0)
		return r;
	if (version > migrations[ARRAY_SIZE(migrations) - 1].version)
		return -EPROTO;
	for (size_t i = 0; i < ARRAY_SIZE(migrations); i++) {
		if (migrations[i].version <= version)
			continue;
		r = run_migration(db, &migrations[i]);
		if (r < 0)
			return r;
	}
	return 0;
}

int64_t
database_schema(void)
{
	return migrations[ARRAY_SIZE(migrations) - 1].version;
}
