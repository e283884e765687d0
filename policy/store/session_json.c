/* Rows of the connection history as people and programs see them; see session_table.h.
 *
 * The same text is what the event log keeps of a session: verify compares the two.
 */
#include "policy/store/session_table.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "policy/store/sql.h"

#include <errno.h>

#define COLUMNS                                                                                 \
	"number, last_event, id, started, ended, account_id, account_full, account_name, "      \
	"terminal_name, state, reason, end_code, ended_by, because, source, device, evidence, " \
	"allowlist_off, bytes_from_client, bytes_to_client, connections, ticket"

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

static json_t *
row_to_json(sqlite3_stmt *row)
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

int
session_json(struct store_db *db, const uint8_t *id, json_t **ret_row)
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
	*ret_row = row_to_json(row);
	sql_end(row);
	return 0;
}

/* One more than wanted is asked for: whether it comes tells whether there is another page. */
int
session_page(struct store_db *db, const struct session_filter *filter, json_t **ret_rows,
	int64_t *ret_next)
{
	json_t *rows = json_array();
	int64_t last = 0;
	sqlite3_stmt *row;
	int r;

	*ret_next = 0;
	r = sql_ask(db, &row,
		"SELECT " COLUMNS
		" FROM session WHERE number > ?1 AND started >= ?2 AND started < ?3 "
		"AND (?4 IS NULL OR lower(account_id) = lower(?4)) "
		"AND (?5 IS NULL OR lower(terminal_name) = lower(?5)) "
		"AND (?6 IS NULL OR state = ?6) ORDER BY number LIMIT ?7",
		"iiittti", filter->after, filter->from_us, filter->until_us, filter->account,
		filter->terminal, filter->state, filter->most + 1);
	while (r == 0 && (r = sql_next(row)) > 0) {
		r = 0;
		if ((int64_t)json_array_size(rows) == filter->most) {
			*ret_next = last;
			sql_end(row);
			break;
		}
		last = sql_column_number(row, NUMBER);
		(void)json_array_append_new(rows, row_to_json(row));
	}
	if (r < 0) {
		json_decref(rows);
		return r;
	}
	*ret_rows = rows;
	return 0;
}

int
session_each(struct store_db *db,
	int (*visit)(struct store_db *db, json_t *row, int64_t event, void *argument),
	void *argument)
{
	sqlite3_stmt *row;
	int r;

	r = sql_ask(db, &row, "SELECT " COLUMNS " FROM session ORDER BY number", "");
	while (r == 0 && (r = sql_next(row)) > 0) {
		json_t *object = row_to_json(row);

		r = visit(db, object, sql_column_number(row, LAST_EVENT), argument);
		json_decref(object);
		if (r < 0)
			sql_end(row);
	}
	return r;
}
