/* Attended access in the database; see attendance_table.h. */
#include "policy/store/attendance_table.h"

#include "base/clock.h"
#include "policy/store/database.h"
#include "policy/store/sql.h"

#include <errno.h>

#define COLUMNS \
	"number, terminal, account, control, files, issued, issued_by, dead_at_boottime, tries"
#define LIVES "boot = ? AND dead_at_boottime > ?"

int
attendance_number_insert(struct store_db *db, struct attendance_number *number,
	const uint8_t digest[ATTENDANCE_DIGEST_BYTES])
{
	int r;

	number->issued_us = store_db_now(db);
	r = sql_number(db, &number->number,
		"INSERT INTO attendance (digest, terminal, account, control, files, issued, "
		"issued_by, boot, dead_at_boottime) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) "
		"RETURNING number",
		"biniiitti", digest, (size_t)ATTENDANCE_DIGEST_BYTES, number->terminal,
		number->account, (int64_t)number->control, (int64_t)number->files,
		number->issued_us, number->issued_by, db->boot_id, number->dead_at_ms);
	return r < 0 ? r : 0;
}

int
attendance_number_prune(struct store_db *db)
{
	return sql_run(db, "DELETE FROM attendance WHERE boot <> ? OR dead_at_boottime <= ?", "ti",
		db->boot_id, clock_boottime_ms());
}

/* The one row of a question. */
static int
take_number(sqlite3_stmt *row, struct attendance_number *ret_number)
{
	int r;

	r = sql_next(row);
	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	*ret_number = (struct attendance_number){
		.number = sql_column_number(row, 0),
		.terminal = sql_column_number(row, 1),
		.account = sql_column_number(row, 2),
		.control = sql_column_number(row, 3) != 0,
		.files = sql_column_number(row, 4) != 0,
		.issued_us = sql_column_number(row, 5),
		.dead_at_ms = sql_column_number(row, 7),
		.tries = sql_column_number(row, 8),
	};
	sql_column_text(row, 6, ret_number->issued_by, sizeof(ret_number->issued_by));
	sql_end(row);
	return 0;
}

int
attendance_number_find(struct store_db *db, const uint8_t digest[ATTENDANCE_DIGEST_BYTES],
	int64_t account, struct attendance_number *ret_number)
{
	sqlite3_stmt *row;
	int r;

	r = sql_ask(db, &row,
		"SELECT " COLUMNS " FROM attendance WHERE digest = ? AND " LIVES
		" AND (account IS NULL OR account = ?)",
		"btii", digest, (size_t)ATTENDANCE_DIGEST_BYTES, db->boot_id, clock_boottime_ms(),
		account);
	return r < 0 ? r : take_number(row, ret_number);
}

int
attendance_number_load(struct store_db *db, int64_t number, struct attendance_number *ret_number)
{
	sqlite3_stmt *row;
	int r;

	r = sql_ask(db, &row, "SELECT " COLUMNS " FROM attendance WHERE number = ? AND " LIVES,
		"iti", number, db->boot_id, clock_boottime_ms());
	return r < 0 ? r : take_number(row, ret_number);
}

int
attendance_number_delete(struct store_db *db, int64_t number)
{
	return sql_run(db, "DELETE FROM attendance WHERE number = ?", "i", number);
}

int
attendance_number_count(struct store_db *db, int64_t terminal, int64_t *ret_count)
{
	int r;

	r = sql_number(db, ret_count,
		"SELECT count(*) FROM attendance WHERE terminal = ? AND " LIVES, "iti", terminal,
		db->boot_id, clock_boottime_ms());
	return r < 0 ? r : 0;
}

int
attendance_number_next(struct store_db *db, int64_t after, struct attendance_number *ret_number)
{
	sqlite3_stmt *row;
	int r;

	r = sql_ask(db, &row,
		"SELECT " COLUMNS " FROM attendance WHERE number > ? AND " LIVES
		" ORDER BY number LIMIT 1",
		"iti", after, db->boot_id, clock_boottime_ms());
	return r < 0 ? r : take_number(row, ret_number);
}

int
attendance_number_miss(struct store_db *db, int64_t terminal, int64_t account, int64_t most)
{
	int r;

	r = sql_run(db,
		"UPDATE attendance SET tries = tries + 1 WHERE terminal = ? AND "
		"(account IS NULL OR account = ?)",
		"ii", terminal, account);
	return r < 0 ? r
		     : sql_run(db, "DELETE FROM attendance WHERE terminal = ? AND tries >= ?", "ii",
			       terminal, most);
}

int
attendance_source_tries(struct store_db *db, const char *source, int64_t *ret_tries)
{
	int r;

	*ret_tries = 0;
	r = sql_number(db, ret_tries,
		"SELECT tries FROM attendance_source WHERE source = ? AND boot = ? AND "
		"forgotten_at_boottime > ?",
		"tti", source, db->boot_id, clock_boottime_ms());
	return r < 0 ? r : 0;
}

int
attendance_source_miss(
	struct store_db *db, const char *source, int64_t forgotten_at_ms, int64_t most)
{
	int r;

	r = sql_run(db,
		"DELETE FROM attendance_source WHERE boot <> ? OR forgotten_at_boottime <= ?", "ti",
		db->boot_id, clock_boottime_ms());
	if (r == 0)
		r = sql_run(db,
			"INSERT INTO attendance_source (source, tries, boot, "
			"forgotten_at_boottime) VALUES (?, 1, ?, ?) ON CONFLICT (source) DO UPDATE "
			"SET tries = attendance_source.tries + 1, "
			"forgotten_at_boottime = excluded.forgotten_at_boottime",
			"tti", source, db->boot_id, forgotten_at_ms);
	if (r == 0)
		r = sql_run(db,
			"DELETE FROM attendance_source WHERE source IN (SELECT source FROM "
			"attendance_source ORDER BY forgotten_at_boottime DESC, source LIMIT "
			"1000000 "
			"OFFSET ?)",
			"i", most);
	return r;
}

int
attendance_source_forget(struct store_db *db, const char *source)
{
	return sql_run(db, "DELETE FROM attendance_source WHERE source = ?", "t", source);
}
