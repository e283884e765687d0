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

enum column {
	NUMBER,
	LAST_EVENT,
	ID,
	STARTED,
	ENDED,
	ACCOUNT,
	FULL_ID,
	NAME,
	TERMINAL,
	STATE,
	REASON,
	END_CODE,
	BY,
	BECAUSE,
	SOURCE,
	DEVICE,
	EVIDENCE,
	ALLOWLIST_OFF,
	BYTES_FROM_CLIENT,
	BYTES_TO_CLIENT,
	CONNECTIONS,
	TICKET,
	/* What the gateway keeps for itself. */
	ACCOUNT_NUMBER,
	TERMINAL_NUMBER,
	CONNECTION,
	BOOT,
	LOST_AT,
};

static const struct {
	const char *name;
	enum column column;
} texts[] = {
	{"account", ACCOUNT},
	{"full_id", FULL_ID},
	{"name", NAME},
	{"terminal", TERMINAL},
	{"state", STATE},
	{"reason", REASON},
	{"reason_code", END_CODE},
	{"by", BY},
	{"because", BECAUSE},
	{"source", SOURCE},
	{"device", DEVICE},
	{"evidence", EVIDENCE},
	{"ticket", TICKET},
};

static const struct {
	const char *name;
	enum column column;
} numbers[] = {
	{"bytes_from_client", BYTES_FROM_CLIENT},
	{"bytes_to_client", BYTES_TO_CLIENT},
	{"connections", CONNECTIONS},
};

static json_t *
instant(sqlite3_stmt *row, enum column column)
{
	char text[CLOCK_TEXT_SIZE];

	if (sql_column_is_null(row, column))
		return json_null();
	clock_format_utc(sql_column_number(row, column), text);
	return json_string(text);
}

static json_t *
text_or_null(sqlite3_stmt *row, enum column column)
{
	const char *text = (const char *)sqlite3_column_text(row, column);

	return text == NULL ? json_null() : json_string(text);
}

static json_t *
duration(sqlite3_stmt *row)
{
	if (sql_column_is_null(row, ENDED))
		return json_null();
	return json_integer(
		(sql_column_number(row, ENDED) - sql_column_number(row, STARTED)) / 1000000);
}

json_t *
session_json_row(sqlite3_stmt *row)
{
	json_t *object = json_object();
	uint8_t id[SESSION_ID_BYTES];
	char hex[2 * SESSION_ID_BYTES + 1];

	sql_column_bytes(row, ID, id, sizeof(id));
	bytes_to_hex(id, sizeof(id), hex);
	(void)json_object_set_new(object, "session", json_string(hex));
	(void)json_object_set_new(object, "start", instant(row, STARTED));
	(void)json_object_set_new(object, "end", instant(row, ENDED));
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		(void)json_object_set_new(
			object, texts[i].name, text_or_null(row, texts[i].column));
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		(void)json_object_set_new(object, numbers[i].name,
			json_integer(sql_column_number(row, numbers[i].column)));
	(void)json_object_set_new(object, "allowlist",
		json_string(sql_column_number(row, ALLOWLIST_OFF) != 0 ? "off" : "enforced"));
	(void)json_object_set_new(object, "duration_seconds", duration(row));
	return object;
}

/* The event that says the same as the row says all of it: what is not in the event can be changed unnoticed. */
static json_t *
row_for_event(sqlite3_stmt *row)
{
	json_t *object = session_json_row(row);

	(void)json_object_set_new(
		object, "account_number", json_integer(sql_column_number(row, ACCOUNT_NUMBER)));
	(void)json_object_set_new(
		object, "terminal_number", json_integer(sql_column_number(row, TERMINAL_NUMBER)));
	(void)json_object_set_new(
		object, "connection", json_integer(sql_column_number(row, CONNECTION)));
	(void)json_object_set_new(object, "boot", text_or_null(row, BOOT));
	(void)json_object_set_new(object, "lost_at",
		sql_column_is_null(row, LOST_AT) ? json_null()
						 : json_integer(sql_column_number(row, LOST_AT)));
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

static int
load_json(struct store_db *db, const uint8_t *id, json_t *(*form)(sqlite3_stmt *row),
	json_t **ret_row)
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
	*ret_row = form(row);
	sql_end(row);
	return 0;
}

int
session_json(struct store_db *db, const uint8_t *id, json_t **ret_row)
{
	return load_json(db, id, session_json_row, ret_row);
}

int
session_event_json(struct store_db *db, const uint8_t *id, json_t **ret_row)
{
	return load_json(db, id, row_for_event, ret_row);
}

int
session_each(struct store_db *db, int64_t after, int64_t most,
	int (*visit)(struct store_db *db, const struct session_check *row, void *argument),
	void *argument)
{
	struct session_check check = {0};
	sqlite3_stmt *row;
	int r;

	r = sql_ask(db, &row,
		"SELECT " COLUMNS " FROM session WHERE number > ? ORDER BY number LIMIT ?", "ii",
		after, most);
	while (r == 0 && (r = sql_next(row)) > 0) {
		check.number = sql_column_number(row, NUMBER);
		check.event = sql_column_number(row, LAST_EVENT);
		check.row = row_for_event(row);
		r = visit(db, &check, argument);
		json_decref(check.row);
		if (r < 0)
			sql_end(row);
	}
	return r;
}
