/* Pinned certificates in the database; see pin_table.h. */
#include "policy/store/pin_table.h"

#include "policy/store/sql.h"

#include <errno.h>

static void
read_row(sqlite3_stmt *row, struct pinned_certificate *pinned)
{
	*pinned = (struct pinned_certificate){.terminal = sql_column_number(row, 0)};
	(void)sql_column_bytes(row, 1, pinned->sha256, sizeof(pinned->sha256));
	sql_column_text(row, 2, pinned->subject, sizeof(pinned->subject));
	sql_column_text(row, 3, pinned->names, sizeof(pinned->names));
	pinned->not_before_us = sql_column_number(row, 4);
	pinned->not_after_us = sql_column_number(row, 5);
	pinned->since_us = sql_column_number(row, 6);
	sql_column_text(row, 7, pinned->by, sizeof(pinned->by));
}

int
pin_load(struct store_db *db, int64_t terminal, struct pinned_certificate *ret_pinned)
{
	sqlite3_stmt *row;
	int r;

	r = sql_ask(db, &row,
		"SELECT terminal, sha256, subject, names, not_before, not_after, since, pinned_by "
		"FROM terminal_pin WHERE terminal = ?",
		"i", terminal);
	if (r == 0)
		r = sql_next(row);
	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	read_row(row, ret_pinned);
	sql_end(row);
	return 0;
}

int
pin_save(struct store_db *db, const struct pinned_certificate *pinned)
{
	return sql_run(db,
		"INSERT INTO terminal_pin (terminal, sha256, subject, names, not_before, "
		"not_after, "
		"since, pinned_by) VALUES (?, ?, ?, ?, nullif(?, 0), nullif(?, 0), ?, ?) "
		"ON CONFLICT (terminal) DO UPDATE SET sha256 = excluded.sha256, "
		"subject = excluded.subject, names = excluded.names, "
		"not_before = excluded.not_before, not_after = excluded.not_after, "
		"since = excluded.since, pinned_by = excluded.pinned_by",
		"ibttiiit", pinned->terminal, pinned->sha256, sizeof(pinned->sha256),
		pinned->subject, pinned->names, pinned->not_before_us, pinned->not_after_us,
		pinned->since_us, pinned->by);
}
