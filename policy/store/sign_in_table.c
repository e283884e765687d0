/* What is kept of signing in; see sign_in_table.h. */
#include "policy/store/sign_in_table.h"

#include "policy/store/sql.h"
#include "policy/store/store.h"

#include <string.h>

#define DAY_US (24 * 60 * 60 * INT64_C(1000000))

/* Longer than any that we have sealed: as if there were none, and whoever unseals it finds that out. */
static size_t
column_blob(sqlite3_stmt *row, int column, uint8_t *ret_bytes, size_t size)
{
	const void *bytes = sqlite3_column_blob(row, column);
	size_t len = bytes == NULL ? 0 : (size_t)sqlite3_column_bytes(row, column);

	if (len > size)
		len = size;
	if (len > 0)
		memcpy(ret_bytes, bytes, len);
	return len;
}

static void
read_row(sqlite3_stmt *row, struct sign_in_row *ret_row)
{
	ret_row->number = sql_column_number(row, 0);
	sql_column_text(row, 1, ret_row->id, sizeof(ret_row->id));
	sql_column_text(row, 2, ret_row->family_name, sizeof(ret_row->family_name));
	sql_column_text(row, 3, ret_row->given_name, sizeof(ret_row->given_name));
	sql_column_text(row, 4, ret_row->password.hash, sizeof(ret_row->password.hash));
	ret_row->password.must_change = sql_column_number(row, 5) != 0;
	ret_row->password.set_us = sql_column_number(row, 6);
	ret_row->sealed_len = column_blob(row, 7, ret_row->sealed, sizeof(ret_row->sealed));
	ret_row->last_step = (uint64_t)sql_column_number(row, 8);
}

int
sign_in_row_load(struct store_db *db, const char *name, struct sign_in_row *ret_row)
{
	sqlite3_stmt *row;
	int r;

	*ret_row = (struct sign_in_row){0};
	r = sql_ask(db, &row,
		"SELECT account.number, id, family_name, given_name, hash, must_change, set_at, "
		"sealed, last_step FROM account "
		"LEFT JOIN password ON password.account = account.number AND password.kind = "
		"'first' "
		"LEFT JOIN second_factor ON second_factor.account = account.number "
		"WHERE id_key = ?",
		"t", name);
	if (r < 0)
		return r;
	r = sql_next(row);
	if (r <= 0)
		return r;
	read_row(row, ret_row);
	sql_end(row);
	return 0;
}

static int
read_failures(sqlite3_stmt *row, struct sign_in_failures *ret_failures)
{
	int r = sql_next(row);

	if (r <= 0)
		return r;
	ret_failures->failures = sql_column_number(row, 0);
	ret_failures->newest_us = sql_column_number(row, 1);
	sql_end(row);
	return 0;
}

int
sign_in_failures_load(struct store_db *db, const char *name, const char *source,
	struct sign_in_failures *ret_failures)
{
	sqlite3_stmt *row;
	int r;

	*ret_failures = (struct sign_in_failures){0};
	r = sql_ask(db, &row,
		"SELECT failures, newest FROM sign_in_failure WHERE name = ? AND source = ? AND "
		"newest > ?",
		"tti", name, source, store_db_now(db) - DAY_US);
	return r < 0 ? r : read_failures(row, ret_failures);
}

int
sign_in_failures_sum(struct store_db *db, const char *name, struct sign_in_failures *ret_failures)
{
	sqlite3_stmt *row;
	int r;

	*ret_failures = (struct sign_in_failures){0};
	r = sql_ask(db, &row,
		"SELECT coalesce(sum(failures), 0), coalesce(max(newest), 0) FROM sign_in_failure "
		"WHERE name = ? AND newest > ?",
		"ti", name, store_db_now(db) - DAY_US);
	return r < 0 ? r : read_failures(row, ret_failures);
}

int
sign_in_failures_set(struct store_db *db, const char *name, const char *source, int64_t failures)
{
	int r;

	r = sql_run(db,
		"INSERT INTO sign_in_failure (name, source, failures, newest, serial) VALUES "
		"(?, ?, ?, ?, (SELECT coalesce(max(serial), 0) + 1 FROM sign_in_failure)) "
		"ON CONFLICT (name, source) DO UPDATE SET failures = excluded.failures, "
		"newest = excluded.newest, serial = excluded.serial",
		"ttii", name, source, failures, store_db_now(db));
	if (r == 0)
		r = sql_run(db, "DELETE FROM sign_in_failure WHERE newest <= ?", "i",
			store_db_now(db) - DAY_US);
	if (r == 0)
		r = sql_run(db,
			"DELETE FROM sign_in_failure WHERE serial <= "
			"(SELECT max(serial) FROM sign_in_failure) - ?",
			"i", (int64_t)SIGN_IN_ROWS_MOST);
	return r;
}

int
sign_in_failures_forget(
	struct store_db *db, const char *name, const char *source, int64_t *ret_count)
{
	int r;

	r = sql_run(db,
		"DELETE FROM sign_in_failure WHERE name = ?1 AND source = coalesce(?2, source)",
		"tt", name, source);
	if (r == 0 && ret_count != NULL)
		*ret_count = sql_changed(db);
	return r;
}

int
sign_in_guesses_load(struct store_db *db, const char *name, struct sign_in_guesses *ret_guesses)
{
	sqlite3_stmt *row;
	int r;

	*ret_guesses = (struct sign_in_guesses){0};
	r = sql_ask(db, &row,
		"SELECT hour, guesses, guesses_before FROM sign_in_guess WHERE name = ?", "t",
		name);
	if (r < 0)
		return r;
	r = sql_next(row);
	if (r <= 0)
		return r;
	ret_guesses->hour = sql_column_number(row, 0);
	ret_guesses->guesses = sql_column_number(row, 1);
	ret_guesses->guesses_before = sql_column_number(row, 2);
	sql_end(row);
	return 0;
}

int
sign_in_guesses_set(struct store_db *db, const char *name, const struct sign_in_guesses *guesses)
{
	int r;

	r = sql_run(db,
		"INSERT INTO sign_in_guess (name, hour, guesses, guesses_before, serial) VALUES "
		"(?, ?, ?, ?, (SELECT coalesce(max(serial), 0) + 1 FROM sign_in_guess)) "
		"ON CONFLICT (name) DO UPDATE SET hour = excluded.hour, guesses = "
		"excluded.guesses, "
		"guesses_before = excluded.guesses_before, serial = excluded.serial",
		"tiii", name, guesses->hour, guesses->guesses, guesses->guesses_before);
	if (r == 0)
		r = sql_run(db, "DELETE FROM sign_in_guess WHERE hour < ?", "i", guesses->hour - 1);
	if (r == 0)
		r = sql_run(db,
			"DELETE FROM sign_in_guess WHERE serial <= "
			"(SELECT max(serial) FROM sign_in_guess) - ?",
			"i", (int64_t)SIGN_IN_ROWS_MOST);
	return r;
}

int
sign_in_guesses_forget(struct store_db *db, const char *name)
{
	return sql_run(db, "DELETE FROM sign_in_guess WHERE name = ?", "t", name);
}

int
sign_in_network_load(
	struct store_db *db, int64_t account, const char *network, int64_t *ret_newest_us)
{
	int r;

	*ret_newest_us = 0;
	r = sql_number(db, ret_newest_us,
		"SELECT newest FROM sign_in_network WHERE account = ? AND network = ?", "it",
		account, network);
	return r < 0 ? r : 0;
}

int
sign_in_network_set(struct store_db *db, int64_t account, const char *network, int64_t oldest_us)
{
	int r;

	r = sql_run(db,
		"INSERT INTO sign_in_network (account, network, newest) VALUES (?, ?, ?) "
		"ON CONFLICT (account, network) DO UPDATE SET newest = excluded.newest",
		"iti", account, network, store_db_now(db));
	return r < 0 ? r
		     : sql_run(db, "DELETE FROM sign_in_network WHERE account = ? AND newest < ?",
			       "ii", account, oldest_us);
}
