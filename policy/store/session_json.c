/* Rows of the connection history as people and programs see them; see session_table.h.
 *
 * The same text is what the event log keeps of a session: verify compares the two.
 */
#include "policy/store/session_json.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "policy/store/session_table.h"
#include "policy/store/sql.h"

#include <errno.h>

#define COLUMNS SESSION_JSON_COLUMNS

static const struct {
	const char *name;
	enum session_column column;
} texts[] = {
	{"account", SESSION_ACCOUNT},
	{"full_id", SESSION_FULL_ID},
	{"name", SESSION_NAME},
	{"terminal", SESSION_TERMINAL},
	{"state", SESSION_STATE},
	{"reason", SESSION_REASON},
	{"reason_code", SESSION_END_CODE},
	{"by", SESSION_BY},
	{"because", SESSION_BECAUSE},
	{"source", SESSION_SOURCE},
	{"device", SESSION_DEVICE},
	{"evidence", SESSION_EVIDENCE},
	{"ticket", SESSION_TICKET},
	{"let_in_by", SESSION_LET_IN_BY},
};

static const struct {
	const char *name;
	enum session_column column;
} numbers[] = {
	{"bytes_from_client", SESSION_BYTES_FROM_CLIENT},
	{"bytes_to_client", SESSION_BYTES_TO_CLIENT},
	{"connections", SESSION_CONNECTIONS},
};

static json_t *
instant(sqlite3_stmt *row, enum session_column column)
{
	char text[CLOCK_TEXT_SIZE];

	if (sql_column_is_null(row, column))
		return json_null();
	clock_format_utc(sql_column_number(row, column), text);
	return json_string(text);
}

static json_t *
text_or_null(sqlite3_stmt *row, enum session_column column)
{
	const char *text = (const char *)sqlite3_column_text(row, column);

	/* With what stands behind a NUL: we never write that, and nobody shall hide a row from a filter by it. */
	return text == NULL ? json_null()
			    : json_stringn(text, (size_t)sqlite3_column_bytes(row, column));
}

static json_t *
duration(sqlite3_stmt *row)
{
	if (sql_column_is_null(row, SESSION_ENDED))
		return json_null();
	return json_integer(
		(sql_column_number(row, SESSION_ENDED) - sql_column_number(row, SESSION_STARTED)) /
		1000000);
}

static json_t *
flag(sqlite3_stmt *row, enum session_column column)
{
	return sql_column_is_null(row, column) ? json_null()
					       : json_boolean(sql_column_number(row, column) != 0);
}

json_t *
session_json_row(sqlite3_stmt *row)
{
	json_t *object = json_object();
	uint8_t id[SESSION_ID_BYTES];
	char hex[2 * SESSION_ID_BYTES + 1];

	sql_column_bytes(row, SESSION_ID, id, sizeof(id));
	bytes_to_hex(id, sizeof(id), hex);
	(void)json_object_set_new(object, "session", json_string(hex));
	(void)json_object_set_new(object, "start", instant(row, SESSION_STARTED));
	(void)json_object_set_new(object, "end", instant(row, SESSION_ENDED));
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		(void)json_object_set_new(
			object, texts[i].name, text_or_null(row, texts[i].column));
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		(void)json_object_set_new(object, numbers[i].name,
			json_integer(sql_column_number(row, numbers[i].column)));
	(void)json_object_set_new(object, "allowlist",
		json_string(
			sql_column_number(row, SESSION_ALLOWLIST_OFF) != 0 ? "off" : "enforced"));
	(void)json_object_set_new(object, "duration_seconds", duration(row));
	(void)json_object_set_new(object, "let_in_control", flag(row, SESSION_LET_IN_CONTROL));
	(void)json_object_set_new(object, "let_in_files", flag(row, SESSION_LET_IN_FILES));
	return object;
}

/* The event that says the same as the row says all of it: what is not in the event can be changed unnoticed. */
json_t *
session_json_row_for_event(sqlite3_stmt *row)
{
	json_t *object = session_json_row(row);

	(void)json_object_set_new(object, "account_number",
		json_integer(sql_column_number(row, SESSION_ACCOUNT_NUMBER)));
	(void)json_object_set_new(object, "terminal_number",
		json_integer(sql_column_number(row, SESSION_TERMINAL_NUMBER)));
	(void)json_object_set_new(
		object, "connection", json_integer(sql_column_number(row, SESSION_CONNECTION)));
	(void)json_object_set_new(object, "boot", text_or_null(row, SESSION_BOOT));
	(void)json_object_set_new(object, "lost_at",
		sql_column_is_null(row, SESSION_LOST_AT)
			? json_null()
			: json_integer(sql_column_number(row, SESSION_LOST_AT)));
	return object;
}

void
session_json_for_people(json_t *event)
{
	static const char *const own[] = {
		"account_number", "terminal_number", "connection", "boot", "lost_at"};

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		(void)json_object_del(event, own[i]);
}

/* Of the row that was asked for. */
static int
read_json(sqlite3_stmt *row, json_t *(*form)(sqlite3_stmt *row), json_t **ret_row)
{
	int r = sql_next(row);

	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	*ret_row = form(row);
	sql_end(row);
	return 0;
}

static int
load_json(struct store_db *db, const uint8_t *id, json_t *(*form)(sqlite3_stmt *row),
	json_t **ret_row)
{
	sqlite3_stmt *row;
	int r = sql_ask(db, &row, "SELECT " COLUMNS " FROM session WHERE id = ?", "b", id,
		(size_t)SESSION_ID_BYTES);

	return r < 0 ? r : read_json(row, form, ret_row);
}

int
session_json_numbered(struct store_db *db, int64_t number, json_t **ret_row)
{
	sqlite3_stmt *row;
	int r = sql_ask(db, &row, "SELECT " COLUMNS " FROM session WHERE number = ?", "i", number);

	return r < 0 ? r : read_json(row, session_json_row_for_event, ret_row);
}

int
session_json(struct store_db *db, const uint8_t *id, json_t **ret_row)
{
	return load_json(db, id, session_json_row, ret_row);
}

int
session_event_json(struct store_db *db, const uint8_t *id, json_t **ret_row)
{
	return load_json(db, id, session_json_row_for_event, ret_row);
}

int
session_json_between(struct store_db *db, const uint8_t *low, const uint8_t *high, int64_t most,
	json_t **ret_rows)
{
	json_t *rows = json_array();
	sqlite3_stmt *row;
	int r;

	r = sql_ask(db, &row,
		"SELECT " COLUMNS " FROM session WHERE id >= ? AND id <= ? ORDER BY id LIMIT ?",
		"bbi", low, (size_t)SESSION_ID_BYTES, high, (size_t)SESSION_ID_BYTES, most);
	while (r == 0 && (r = sql_next(row)) > 0) {
		r = json_array_append_new(rows, session_json_row_for_event(row)) < 0 ? -ENOMEM : 0;
		if (r < 0)
			sql_end(row);
	}
	if (r < 0)
		json_decref(rows);
	else
		*ret_rows = rows;
	return r;
}

int
session_each_ended(struct store_db *db, int64_t since_us, int (*visit)(json_t *row, void *argument),
	void *argument)
{
	sqlite3_stmt *row;
	int r;

	r = sql_ask(db, &row,
		"SELECT " COLUMNS " FROM session WHERE started >= ? AND state <> 'active' "
		"ORDER BY started DESC, number DESC",
		"i", since_us);
	while (r == 0 && (r = sql_next(row)) > 0) {
		r = visit(session_json_row_for_event(row), argument);
		if (r < 0)
			sql_end(row);
	}
	return r;
}
