/* Password hashes in the database; see password_table.h. */
#include "policy/store/password_table.h"

#include "policy/store/sql.h"
#include "policy/store/store.h"

#include <errno.h>

static const char *const kind_names[PASSWORD_KIND_COUNT] = {
	[PASSWORD_FIRST] = "first",
	[PASSWORD_SECOND] = "second",
};

int
password_set(struct store_db *db, int64_t account, enum password_kind kind,
	const struct stored_password *password)
{
	return sql_run(db,
		"INSERT INTO password (account, kind, hash, must_change, delivered, set_at) "
		"VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (account, kind) DO UPDATE SET "
		"hash = excluded.hash, must_change = excluded.must_change, "
		"delivered = excluded.delivered, set_at = excluded.set_at",
		"ittiii", account, kind_names[kind], password->hash, (int64_t)password->must_change,
		(int64_t)password->delivered, store_db_now(db));
}

int
password_load(struct store_db *db, int64_t account, enum password_kind kind,
	struct stored_password *ret_password)
{
	sqlite3_stmt *row;
	int r;

	r = sql_ask(db, &row,
		"SELECT hash, must_change, delivered, set_at FROM password "
		"WHERE account = ? AND kind = ?",
		"it", account, kind_names[kind]);
	if (r < 0)
		return r;
	r = sql_next(row);
	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	*ret_password = (struct stored_password){
		.must_change = sql_column_number(row, 1) != 0,
		.delivered = sql_column_number(row, 2) != 0,
		.set_us = sql_column_number(row, 3),
	};
	sql_column_text(row, 0, ret_password->hash, sizeof(ret_password->hash));
	sql_end(row);
	return 0;
}

int
password_delivered(struct store_db *db, int64_t account)
{
	return sql_run(db, "UPDATE password SET delivered = 1 WHERE account = ?", "i", account);
}

int
password_earlier_load(struct store_db *db, int64_t account, size_t most,
	char ret_hashes[][PASSWORD_HASH_SIZE], size_t *ret_count)
{
	sqlite3_stmt *row;
	int r;

	*ret_count = 0;
	r = sql_ask(db, &row,
		"SELECT hash FROM password_earlier WHERE account = ? AND kind = 'first' "
		"ORDER BY number DESC LIMIT ?",
		"ii", account, (int64_t)most);
	while (r == 0 && (r = sql_next(row)) > 0) {
		sql_column_text(row, 0, ret_hashes[(*ret_count)++], PASSWORD_HASH_SIZE);
		r = 0;
	}
	return r;
}

static int
remember(struct store_db *db, int64_t account, enum password_kind kind)
{
	int64_t most = store_db_settings(db)->sign_in.earlier_passwords;
	const char *name = kind_names[kind];
	int r;

	r = sql_run(db,
		"INSERT INTO password_earlier (account, kind, number, hash) "
		"SELECT account, kind, (SELECT coalesce(max(number), 0) + 1 FROM password_earlier "
		"AS other WHERE other.account = password.account AND other.kind = password.kind), "
		"hash "
		"FROM password WHERE account = ? AND kind = ?",
		"it", account, name);
	return r < 0 ? r
		     : sql_run(db,
			       "DELETE FROM password_earlier WHERE account = ?1 AND kind = ?2 AND "
			       "number <= (SELECT max(number) FROM password_earlier AS other "
			       "WHERE other.account = ?1 AND other.kind = ?2) - ?3",
			       "iti", account, name, most);
}

int
password_replace(struct store_db *db, int64_t account, enum password_kind kind,
	const struct stored_password *password)
{
	int r = remember(db, account, kind);

	return r < 0 ? r : password_set(db, account, kind, password);
}
