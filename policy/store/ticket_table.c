/* Tickets in the database; see ticket_table.h. */
#include "policy/store/ticket_table.h"

#include "base/clock.h"
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

static int
set_redirect(struct store_db *db, const struct ticket *ticket)
{
	const struct attendance *attendance = &ticket->attendance;
	char device[MAC_TEXT_SIZE];

	mac_format(&ticket->device.mac, device);
	if (!attendance->given)
		return sql_run(db,
			"UPDATE ticket SET kind = 'redirect', device = ? WHERE handle = ?", "tt",
			ticket->device.known ? device : NULL, ticket->handle);
	return sql_run(db,
		"UPDATE ticket SET kind = 'redirect', device = ?, let_in_by = ?, let_in_control = "
		"?, let_in_files = ?, let_in_number = ? WHERE handle = ?",
		"ttiint", ticket->device.known ? device : NULL, attendance->by,
		(int64_t)attendance->control, (int64_t)attendance->files, attendance->number,
		ticket->handle);
}

int
ticket_insert(struct store_db *db, const struct ticket *ticket, const char *issued_by)
{
	int r;

	r = sql_run(db,
		"INSERT INTO ticket (handle, secret_hash, account, terminal, source, mac, issued, "
		"issued_by, boot, dead_at_boottime) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		"tbiittitti", ticket->handle, ticket->secret_hash, sizeof(ticket->secret_hash),
		ticket->account, ticket->terminal, text_or_null(ticket->source),
		text_or_null(ticket->mac), store_db_now(db), issued_by, db->boot_id,
		ticket->dead_at_ms);
	return r < 0 || !ticket->redirect ? r : set_redirect(db, ticket);
}

static void
read_redirect(sqlite3_stmt *row, int first, struct ticket *ticket)
{
	struct field_error unused;
	char kind[16], device[MAC_TEXT_SIZE];

	sql_column_text(row, first, kind, sizeof(kind));
	ticket->redirect = strcmp(kind, "redirect") == 0;
	ticket->device.known = sql_column_text(row, first + 1, device, sizeof(device)) &&
			       mac_parse(device, &ticket->device.mac, &unused) == 0;
	ticket->wrong = sql_column_number(row, first + 2);
	ticket->attendance.given = sql_column_text(
		row, first + 3, ticket->attendance.by, sizeof(ticket->attendance.by));
	ticket->attendance.control = sql_column_number(row, first + 4) != 0;
	ticket->attendance.files = sql_column_number(row, first + 5) != 0;
	ticket->attendance.number = sql_column_number(row, first + 6);
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
		"refusals, used, session, kind, device, wrong, let_in_by, let_in_control, "
		"let_in_files, let_in_number FROM ticket WHERE handle = ?",
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
	read_redirect(row, 11, &ticket);
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
ticket_burn_unused(struct store_db *db, const char *handle, bool *ret_burnt)
{
	int r = sql_run(db, "UPDATE ticket SET used = ? WHERE handle = ? AND used IS NULL", "it",
		store_db_now(db), handle);

	*ret_burnt = r == 0 && sql_changed(db) > 0;
	return r;
}

int
ticket_list_unreturned(
	struct store_db *db, struct ticket_unreturned *ret_list, size_t most, size_t *ret_count)
{
	sqlite3_stmt *row;
	size_t count = 0;
	int r;

	r = sql_ask(db, &row,
		"SELECT handle, source, issued_by FROM ticket WHERE kind = 'redirect' AND used IS "
		"NULL "
		"AND (boot <> ? OR dead_at_boottime <= ?) ORDER BY issued LIMIT ?",
		"tii", db->boot_id, clock_boottime_ms(), (int64_t)most);
	while (r == 0 && (r = sql_next(row)) > 0) {
		struct ticket_unreturned *ticket = &ret_list[count++];

		sql_column_text(row, 0, ticket->handle, sizeof(ticket->handle));
		sql_column_text(row, 1, ticket->source, sizeof(ticket->source));
		sql_column_text(row, 2, ticket->issued_by, sizeof(ticket->issued_by));
		r = 0;
	}
	*ret_count = count;
	return r;
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
ticket_count_wrong(struct store_db *db, const char *handle)
{
	return sql_run(db, "UPDATE ticket SET wrong = wrong + 1 WHERE handle = ?", "t", handle);
}

int
ticket_forget_old(struct store_db *db)
{
	return sql_run(db,
		"DELETE FROM ticket WHERE issued < ? AND (used IS NOT NULL OR kind <> 'redirect') "
		"AND (session IS NULL OR session NOT IN "
		"(SELECT id FROM session WHERE state IN ('active', 'lost') AND "
		"(ended IS NULL OR ended > ?)))",
		"ii", store_db_now(db) - DAY_US, store_db_now(db) - DAY_US);
}
