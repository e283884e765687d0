/* Stored credentials in the database; see credential_table.h. */
#include "policy/store/credential_table.h"

#include "policy/store/sql.h"

#include <errno.h>

/* One whose seal has another length does not open either: it stays zeros. */
static void
read_row(sqlite3_stmt *row, struct stored_credential *stored)
{
	*stored = (struct stored_credential){.terminal = sql_column_number(row, 0)};
	sql_column_text(row, 1, stored->user, sizeof(stored->user));
	sql_column_text(row, 2, stored->domain, sizeof(stored->domain));
	stored->set_us = sql_column_number(row, 4);
	sql_column_text(row, 5, stored->set_by, sizeof(stored->set_by));
	sql_column_text(row, 6, stored->protected_note, sizeof(stored->protected_note));
	sql_column_text(row, 7, stored->host, sizeof(stored->host));
	(void)sql_column_bytes(row, 3, stored->sealed, sizeof(stored->sealed));
}

int
credential_load(struct store_db *db, int64_t terminal, struct stored_credential *ret_stored)
{
	sqlite3_stmt *row;
	int r;

	r = sql_ask(db, &row,
		"SELECT terminal, user_name, domain, sealed, set_at, set_by, protected_note, host "
		"FROM terminal_credential WHERE terminal = ?",
		"i", terminal);
	if (r == 0)
		r = sql_next(row);
	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	read_row(row, ret_stored);
	sql_end(row);
	return 0;
}

int
credential_save(struct store_db *db, const struct stored_credential *stored)
{
	return sql_run(db,
		"INSERT INTO terminal_credential (terminal, user_name, domain, sealed, set_at, "
		"set_by, protected_note, host) VALUES (?, ?, ?, ?, ?, ?, nullif(?, ''), ?) "
		"ON CONFLICT (terminal) DO UPDATE SET user_name = excluded.user_name, "
		"domain = excluded.domain, sealed = excluded.sealed, set_at = excluded.set_at, "
		"set_by = excluded.set_by, protected_note = excluded.protected_note, "
		"host = excluded.host",
		"ittbittt", stored->terminal, stored->user, stored->domain, stored->sealed,
		sizeof(stored->sealed), stored->set_us, stored->set_by, stored->protected_note,
		stored->host);
}

int
credential_delete(struct store_db *db, int64_t terminal)
{
	int r;

	r = sql_run(db, "DELETE FROM terminal_credential WHERE terminal = ?", "i", terminal);
	if (r < 0)
		return r;
	return sql_changed(db) > 0 ? 0 : -ENOENT;
}
