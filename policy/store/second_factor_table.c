/* Second factors in the database; see second_factor_table.h. */
#include "policy/store/second_factor_table.h"

#include "policy/sign_in.h"
#include "policy/store/sql.h"
#include "policy/store/store.h"

#include <errno.h>

int
second_factor_unbind(struct store_db *db, int64_t account)
{
	int r;

	r = sql_run(db, "DELETE FROM second_factor WHERE account = ?", "i", account);
	if (r < 0)
		return r;
	return sql_changed(db) > 0 ? 0 : -ENOENT;
}

int
second_factor_bind(struct store_db *db, int64_t account, const uint8_t *sealed, size_t sealed_len,
	uint64_t step)
{
	int r;

	r = sql_run(db,
		"INSERT INTO second_factor (account, kind, sealed, last_step, bound) VALUES "
		"(?, 'totp', ?, ?, ?) ON CONFLICT (account) DO NOTHING",
		"ibii", account, sealed, sealed_len, (int64_t)step, store_db_now(db));
	if (r < 0)
		return r;
	return sql_changed(db) > 0 ? 0 : -EEXIST;
}

int
second_factor_use(struct store_db *db, int64_t account, uint64_t step)
{
	int r;

	if (step > INT64_MAX)
		return -EEXIST;
	r = sql_run(db,
		"UPDATE second_factor SET last_step = ?1 WHERE account = ?2 AND last_step < ?1",
		"ii", (int64_t)step, account);
	if (r < 0)
		return r;
	return sql_changed(db) > 0 ? 0 : -EEXIST;
}

int
second_factor_use_up(struct store_db *db)
{
	/* A telephone may be a step ahead, and its code was good. */
	int64_t step = store_db_now(db) / 1000000 / TOTP_STEP_S + 1;

	return sql_run(
		db, "UPDATE second_factor SET last_step = ?1 WHERE last_step < ?1", "i", step);
}

int
second_factor_since(struct store_db *db, int64_t account, int64_t *ret_bound_us)
{
	int r;

	*ret_bound_us = 0;
	r = sql_number(db, ret_bound_us, "SELECT bound FROM second_factor WHERE account = ?", "i",
		account);
	return r < 0 ? r : 0;
}
