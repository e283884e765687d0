/* The connection history in the database; see session_table.h. Rows as JSON: session_json.c. */
#include "policy/store/session_table.h"

#include "base/clock.h"
#include "policy/store/database.h"
#include "policy/store/sql.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define COLUMNS                                                                                  \
	"id, ticket, account, account_id, account_full, account_name, terminal, terminal_name, " \
	"state, started, source, device, evidence, allowlist_off, connection, boot, "            \
	"lost_at_boottime, let_in_by, let_in_control, let_in_files"

static void
read_record(struct store_db *db, sqlite3_stmt *row, struct session_record *session)
{
	struct field_error unused;
	char device[MAC_TEXT_SIZE], boot[64];

	*session = (struct session_record){.account = sql_column_number(row, 2)};
	sql_column_bytes(row, 0, session->id, sizeof(session->id));
	sql_column_text(row, 1, session->ticket, sizeof(session->ticket));
	sql_column_text(row, 3, session->account_id, sizeof(session->account_id));
	sql_column_text(row, 4, session->account_full, sizeof(session->account_full));
	sql_column_text(row, 5, session->account_name, sizeof(session->account_name));
	session->terminal = sql_column_number(row, 6);
	sql_column_text(row, 7, session->terminal_name, sizeof(session->terminal_name));
	sql_column_text(row, 8, session->state, sizeof(session->state));
	session->started_us = sql_column_number(row, 9);
	sql_column_text(row, 10, session->source, sizeof(session->source));
	session->device.known = sql_column_text(row, 11, device, sizeof(device)) &&
				mac_parse(device, &session->device.mac, &unused) == 0;
	sql_column_text(row, 12, session->device.kind, sizeof(session->device.kind));
	session->allowlist_off = sql_column_number(row, 13) != 0;
	session->connection = sql_column_number(row, 14);
	sql_column_text(row, 15, boot, sizeof(boot));
	session->this_boot = strcmp(boot, db->boot_id) == 0;
	session->lost_at_ms = sql_column_number(row, 16);
	session->attendance.given =
		sql_column_text(row, 17, session->attendance.by, sizeof(session->attendance.by));
	session->attendance.control = sql_column_number(row, 18) != 0;
	session->attendance.files = sql_column_number(row, 19) != 0;
}

/* NULL, or the MAC address as text. */
static const char *
device_text(const struct device_evidence *device, char *room)
{
	if (!device->known)
		return NULL;
	mac_format(&device->mac, room);
	return room;
}

static int
set_attendance(struct store_db *db, const struct session_record *session)
{
	return sql_run(db,
		"UPDATE session SET let_in_by = ?, let_in_control = ?, let_in_files = ? WHERE id = "
		"?",
		"tiib", session->attendance.by, (int64_t)session->attendance.control,
		(int64_t)session->attendance.files, session->id, sizeof(session->id));
}

int
session_insert(struct store_db *db, struct session_record *session)
{
	char device[MAC_TEXT_SIZE];
	int r;

	session->started_us = store_db_now(db);
	r = sql_run(db,
		"INSERT INTO session (id, ticket, account, account_id, account_full, account_name, "
		"terminal, terminal_name, state, started, source, device, evidence, allowlist_off, "
		"connection, boot) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'active', ?, ?, ?, ?, ?, ?, ?)",
		"btitttititttiit", session->id, sizeof(session->id), session->ticket,
		session->account, session->account_id, session->account_full, session->account_name,
		session->terminal, session->terminal_name, session->started_us, session->source,
		device_text(&session->device, device), session->device.kind,
		(int64_t)session->allowlist_off, session->connection, db->boot_id);
	return r < 0 || !session->attendance.given ? r : set_attendance(db, session);
}

int
session_load(struct store_db *db, const uint8_t *id, struct session_record *ret_session)
{
	sqlite3_stmt *row;
	int r;

	r = sql_ask(db, &row, "SELECT " COLUMNS " FROM session WHERE id = ?", "b", id,
		(size_t)SESSION_ID_BYTES);
	if (r < 0)
		return r;
	r = sql_next(row);
	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	read_record(db, row, ret_session);
	sql_end(row);
	return 0;
}

int
session_carry_on(struct store_db *db, const uint8_t *id, uint64_t connection,
	const struct device_evidence *device)
{
	char text[MAC_TEXT_SIZE];

	return sql_run(db,
		"UPDATE session SET state = 'active', ended = NULL, reason = NULL, end_code = "
		"NULL, "
		"ended_by = NULL, because = NULL, lost_at_boottime = NULL, boot = ?, connection = "
		"?, "
		"connections = connections + 1, device = ?, evidence = ? WHERE id = ?",
		"tittb", db->boot_id, (int64_t)connection, device_text(device, text), device->kind,
		id, (size_t)SESSION_ID_BYTES);
}

int
session_add_bytes(struct store_db *db, const uint8_t *id, uint64_t from_client, uint64_t to_client)
{
	return sql_run(db,
		"UPDATE session SET bytes_from_client = bytes_from_client + ?, "
		"bytes_to_client = bytes_to_client + ? WHERE id = ?",
		"iib", (int64_t)from_client, (int64_t)to_client, id, (size_t)SESSION_ID_BYTES);
}

int
session_set_ended(struct store_db *db, const uint8_t *id, const char *state, const char *reason,
	const char *end_code, const char *by, const char *because)
{
	return sql_run(db,
		"UPDATE session SET state = ?, ended = ?, reason = ?, end_code = ?, ended_by = ?, "
		"because = ?, boot = ?, lost_at_boottime = ? WHERE id = ?",
		"titttttib", state, store_db_now(db), reason, end_code, by[0] != '\0' ? by : NULL,
		because[0] != '\0' ? because : NULL, db->boot_id, clock_boottime_ms(), id,
		(size_t)SESSION_ID_BYTES);
}

int
session_set_event(struct store_db *db, const uint8_t *id, int64_t event)
{
	return sql_run(db, "UPDATE session SET last_event = ? WHERE id = ?", "ib", event, id,
		(size_t)SESSION_ID_BYTES);
}

static int
count_active(struct store_db *db, const char *query, int64_t number, const uint8_t *without,
	int64_t *ret_count)
{
	static const uint8_t nobody[SESSION_ID_BYTES];
	int r;

	r = sql_number(db, ret_count, query, "ib", number, without != NULL ? without : nobody,
		(size_t)SESSION_ID_BYTES);
	return r < 0 ? r : 0;
}

int
session_count_on_terminal(
	struct store_db *db, int64_t terminal, const uint8_t *without, int64_t *ret_count)
{
	return count_active(db,
		"SELECT count(*) FROM session WHERE state = 'active' AND terminal = ? AND id <> ?",
		terminal, without, ret_count);
}

int
session_count_of_account(
	struct store_db *db, int64_t account, const uint8_t *without, int64_t *ret_count)
{
	return count_active(db,
		"SELECT count(*) FROM session WHERE state = 'active' AND account = ? AND id <> ?",
		account, without, ret_count);
}

int
session_below(
	struct store_db *db, int64_t account, int64_t terminal, uint8_t ret_id[SESSION_ID_BYTES])
{
	sqlite3_stmt *row;
	int r;

	r = sql_ask(db, &row,
		"SELECT session.id FROM session LEFT JOIN assignment ON "
		"assignment.account = session.account AND assignment.terminal = session.terminal "
		"WHERE session.state = 'active' AND session.terminal = ? AND session.account <> ? "
		"AND "
		"coalesce(priority, 0) < (SELECT priority FROM assignment WHERE account = ? AND "
		"terminal = ?) ORDER BY coalesce(priority, 0), session.number DESC LIMIT 1",
		"iiii", terminal, account, account, terminal);
	if (r < 0)
		return r;
	r = sql_next(row);
	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	sql_column_bytes(row, 0, ret_id, SESSION_ID_BYTES);
	sql_end(row);
	return 0;
}

int
session_holders(struct store_db *db, int64_t terminal, char *ret_text, size_t size)
{
	char holder[ACCOUNT_FULL_ID_SIZE];
	sqlite3_stmt *row;
	size_t used = 0;
	int r;

	ret_text[0] = '\0';
	r = sql_ask(db, &row,
		"SELECT account_full FROM session WHERE state = 'active' AND terminal = ? "
		"GROUP BY account_full ORDER BY min(number)",
		"i", terminal);
	while (r == 0 && (r = sql_next(row)) > 0) {
		r = 0;
		sql_column_text(row, 0, holder, sizeof(holder));
		if (used + strlen(holder) + sizeof(", ") + sizeof("…") > size)
			continue;
		used += (size_t)snprintf(
			ret_text + used, size - used, "%s%s", used > 0 ? ", " : "", holder);
	}
	return r;
}

int
session_each_active(struct store_db *db, int64_t account, int64_t terminal,
	int (*visit)(struct store_db *db, const struct session_record *session, void *argument),
	void *argument)
{
	struct session_record session;
	sqlite3_stmt *row;
	int r;

	r = sql_ask(db, &row,
		"SELECT " COLUMNS " FROM session WHERE state = 'active' AND "
		"((?1 = 0 AND ?2 = 0) OR account = ?1 OR terminal = ?2) ORDER BY account",
		"ii", account, terminal);
	while (r == 0 && (r = sql_next(row)) > 0) {
		read_record(db, row, &session);
		r = visit(db, &session, argument);
		if (r < 0)
			sql_end(row);
	}
	return r;
}

int
session_last_event(struct store_db *db, const uint8_t *id, int64_t *ret_event)
{
	int r;

	r = sql_number(db, ret_event, "SELECT coalesce(last_event, 0) FROM session WHERE id = ?",
		"b", id, (size_t)SESSION_ID_BYTES);
	return r > 0 ? 0 : r < 0 ? r : -ENOENT;
}

/* Whom the ids and events are for. */
struct each_last_event {
	int (*visit)(const uint8_t *id, int64_t event, void *argument);
	void *argument;
	int64_t left;
};

static int
visit_last_event(void *argument, int count, sqlite3_value **values)
{
	struct each_last_event *each = argument;
	uint8_t id[SESSION_ID_BYTES];
	int r;

	(void)count;
	(void)sql_value_bytes(values[0], id, sizeof(id));
	r = each->visit(id, sqlite3_value_int64(values[1]), each->argument);
	return r < 0 ? r : --each->left <= 0;
}

int
session_each_last_event(struct store_db *db, const uint8_t *from, int64_t most,
	int (*visit)(const uint8_t *id, int64_t event, void *argument), void *argument)
{
	struct each_last_event each = {visit, argument, most};
	int r = sql_visit(db, visit_last_event, &each,
		"SELECT 1 FROM session WHERE number >= (SELECT number FROM session WHERE id = ?) "
		"AND visit(id, last_event) ORDER BY number",
		"b", from, (size_t)SESSION_ID_BYTES);

	return r < 0 ? r : 0;
}

int
session_forget(struct store_db *db, int64_t until_us)
{
	return sql_run(db,
		"DELETE FROM session WHERE state <> 'active' AND ended IS NOT NULL AND ended <= ?",
		"i", until_us);
}
