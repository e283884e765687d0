/* Tickets in the database; see ticket_table.h. */
#include "policy/store/ticket_table.h"

#include "policy/store/database.h"
#include "policy/store/sql.h"

#include <errno.h>
#include <string.h>

#define DAY_US (24 * 60 * 60 * INT64_C(1000000))

static const char *
text_or_null(const char *text)
{
	return text[0] != '\0' ? text : NULL;
}

int
ticket_insert(struct store_db *db, const struct ticket *ticket, const char *issued_by)
{
	return sql_run(db,
		"INSERT INTO ticket (handle, secret_hash, account, terminal, source, mac, issued, "
		"issued_by, boot, dead_at_boottime) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		"tbiittitti", ticket->handle, ticket->secret_hash, sizeof(ticket->secret_hash),
		ticket->account, ticket->terminal, text_or_null(ticket->source),
		text_or_null(ticket->mac), store_db_now(db), issued_by, db->boot_id,
		ticket->dead_at_ms);
}

int
ticket_find(struct store_db *db, const char *handle, struct ticket *ret_ticket)
{
	struct ticket ticket = {0};
	char boot[64];
	sqlite3_stmt *row;
	int r;

	r = sql_ask(db, &row,
		"SELECT handle, secret_hash, account, terminal, source, mac, boot, "
		"dead_at_boottime, "
		"refusals, used, session FROM ticket WHERE handle = ?",
		"t", handle);
	if (r < 0)
		return r;
	r = sql_next(row);
	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	sql_column_text(row, 0, ticket.handle, sizeof(ticket.handle));
	sql_column_bytes(row, 1, ticket.secret_hash, sizeof(ticket.secret_hash));
	ticket.account = sql_column_number(row, 2);
	ticket.terminal = sql_column_number(row, 3);
	sql_column_text(row, 4, ticket.source, sizeof(ticket.source));
	sql_column_text(row, 5, ticket.mac, sizeof(ticket.mac));
	sql_column_text(row, 6, boot, sizeof(boot));
	ticket.this_boot = strcmp(boot, db->boot_id) == 0;
	ticket.dead_at_ms = sql_column_number(row, 7);
	ticket.refusals = sql_column_number(row, 8);
	ticket.used = !sql_column_is_null(row, 9);
	ticket.has_session = sql_column_bytes(row, 10, ticket.session, sizeof(ticket.session));
	sql_end(row);
	*ret_ticket = ticket;
	return 0;
}

int
ticket_burn(struct store_db *db, const char *handle)
{
	return sql_run(
		db, "UPDATE ticket SET used = ? WHERE handle = ?", "it", store_db_now(db), handle);
}

int
ticket_set_session(struct store_db *db, const char *handle, const uint8_t *session)
{
	return sql_run(db, "UPDATE ticket SET session = ? WHERE handle = ?", "bt", session,
		(size_t)SESSION_ID_BYTES, handle);
}

int
ticket_count_refusal(struct store_db *db, const char *handle)
{
	return sql_run(
		db, "UPDATE ticket SET refusals = refusals + 1 WHERE handle = ?", "t", handle);
}

int
ticket_forget_old(struct store_db *db)
{
	return sql_run(db,
		"DELETE FROM ticket WHERE issued < ? AND (session IS NULL OR session NOT IN "
		"(SELECT id FROM session WHERE state IN ('active', 'lost') AND "
		"(ended IS NULL OR ended > ?)))",
		"ii", store_db_now(db) - DAY_US, store_db_now(db) - DAY_US);
}
