/* Pages of the four logs; see log_table.h.
 *
 * One condition is SQL's, so that an index finds the rows in the order of the page; all others are asked of the
 * rows that come. Without any, the rows of the period are gone through. */
#include "policy/store/log_table.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "policy/store/session_json.h"
#include "policy/store/sql.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* ?1 and ?2: the period; ?3: behind this row of the instant ?1; ?4: the value. lower() knows every script: what it finds
 * too much (wide letters as narrow ones) log_filter_matches() leaves out. */
#define SESSIONS(condition)                                                 \
	"SELECT " SESSION_JSON_COLUMNS " FROM session WHERE " condition     \
	"started >= ?1 AND started < ?2 AND (started > ?1 OR number > ?3) " \
	"ORDER BY started, number"

static const char all_sessions[] = SESSIONS("");

static const struct {
	const char *key;
	const char *sql;
} session_questions[] = {
	{"account", SESSIONS("lower(account_id) = lower(?4) AND ")},
	{"terminal", SESSIONS("lower(terminal_name) = lower(?4) AND ")},
	{"state", SESSIONS("state = ?4 AND ")},
	{"reason", SESSIONS("reason IS NOT NULL AND lower(reason) = lower(?4) AND ")},
	{"by", SESSIONS("ended_by IS NOT NULL AND lower(ended_by) = lower(?4) AND ")},
	{"source", SESSIONS("lower(source) = lower(?4) AND ")},
	{"device", SESSIONS("device IS NOT NULL AND lower(device) = lower(?4) AND ")},
};

static const char all_events[] =
	"SELECT id, time, payload FROM event WHERE kind = ?4 AND payload IS NOT NULL "
	"AND time >= ?1 AND time < ?2 AND (time > ?1 OR id > ?3) ORDER BY time, id";

static const char events_by_field[] =
	"SELECT e.id, e.time, e.payload FROM event_field f JOIN event e ON e.id = f.event "
	"WHERE f.field = ?4 AND f.value = ?5 AND f.time >= ?1 AND f.time < ?2 "
	"AND (f.time > ?1 OR f.event > ?3) ORDER BY f.time, f.event";

#define FIELD_NAME_SIZE 64

static void
field_name(const char *kind, const char *key, char ret_name[FIELD_NAME_SIZE])
{
	snprintf(ret_name, FIELD_NAME_SIZE, "%s.%s", kind, key);
}

/* What a page has come to. */
struct page {
	const struct log_filter *filter;
	int64_t from_us;
	struct log_cursor after;
	sqlite3_stmt *row;
};

static int
ask_sessions(struct store_db *db, struct page *page, const struct log_wanted *by)
{
	char value[LOG_FIELD_VALUE_SIZE];

	for (size_t i = 0; by != NULL && i < ARRAY_SIZE(session_questions); i++) {
		if (strcmp(session_questions[i].key, by->column->key) != 0)
			continue;
		log_field_value(by->text, value);
		return sql_ask(db, &page->row, session_questions[i].sql, "iiit", page->from_us,
			page->filter->until_us, page->after.id, value);
	}
	return sql_ask(db, &page->row, all_sessions, "iii", page->from_us, page->filter->until_us,
		page->after.id);
}

static int
ask_events(struct store_db *db, struct page *page, const struct log_wanted *by)
{
	const char *kind = log_event_kind(page->filter->log);
	char value[LOG_FIELD_VALUE_SIZE], name[FIELD_NAME_SIZE];

	if (by == NULL)
		return sql_ask(db, &page->row, all_events, "iiit", page->from_us,
			page->filter->until_us, page->after.id, kind);
	field_name(kind, by->column->key, name);
	log_field_value(by->text, value);
	return sql_ask(db, &page->row, events_by_field, "iiitt", page->from_us,
		page->filter->until_us, page->after.id, name, value);
}

json_t *
log_event_row(int64_t event, int64_t time_us, json_t *payload)
{
	char text[CLOCK_TEXT_SIZE];

	clock_format_utc(time_us, text);
	(void)json_object_set_new(payload, "event", json_integer(event));
	(void)json_object_set_new(payload, "time", json_string(text));
	return payload;
}

/* The row that the question stands on; what is no JSON any more shows nothing but its place. */
static json_t *
read_row(const struct page *page, struct log_cursor *ret_at)
{
	json_t *payload;

	if (page->filter->log == LOG_CONNECTIONS) {
		*ret_at = (struct log_cursor){
			sql_column_number(page->row, 3), sql_column_number(page->row, 0)};
		return session_json_row(page->row);
	}
	*ret_at = (struct log_cursor){
		sql_column_number(page->row, 1), sql_column_number(page->row, 0)};
	payload = json_loads((const char *)sqlite3_column_text(page->row, 2), 0, NULL);
	if (!json_is_object(payload)) {
		json_decref(payload);
		payload = json_object();
	}
	return log_event_row(ret_at->id, ret_at->time_us, payload);
}

/* About what it takes to hold and to send it. */
static int64_t
row_bytes(sqlite3_stmt *row)
{
	int64_t bytes = 400;

	for (int column = 0; column < sqlite3_column_count(row); column++)
		if (sqlite3_column_type(row, column) == SQLITE_TEXT)
			bytes += sqlite3_column_bytes(row, column);
	return bytes;
}

static int
go_through(struct page *page, int64_t most, json_t *rows, struct log_cursor *ret_next)
{
	struct log_cursor at = {0};
	int64_t looks = 0, bytes = 0;
	int r;

	while ((r = sql_next(page->row)) > 0) {
		json_t *row;

		/* That there is another row tells that there is another page. */
		if ((int64_t)json_array_size(rows) == most || looks == LOG_PAGE_LOOKS ||
			bytes >= LOG_PAGE_BYTES) {
			*ret_next = at;
			sql_end(page->row);
			return 0;
		}
		row = read_row(page, &at);
		looks++;
		if (!log_filter_matches(page->filter, row)) {
			json_decref(row);
			continue;
		}
		bytes += row_bytes(page->row);
		(void)json_array_append_new(rows, row);
	}
	return r;
}

/* An index finds one value. A name of which there was no session is meant with the prefix. */
static int
choose_terminal(struct store_db *db, struct log_filter *filter)
{
	for (size_t i = 0; i < filter->count; i++) {
		struct log_wanted *wanted = &filter->wanted[i];
		int64_t found;
		int r;

		if (wanted->also == NULL)
			continue;
		r = sql_number(db, &found,
			"SELECT 1 FROM session WHERE lower(terminal_name) = lower(?) LIMIT 1", "t",
			wanted->text);
		if (r < 0)
			return r;
		if (r == 0)
			wanted->text = wanted->also;
		wanted->also = NULL;
	}
	return 0;
}

int
log_page(struct store_db *db, const struct log_filter *filter, const struct log_cursor *after,
	int64_t most, json_t **ret_rows, struct log_cursor *ret_next)
{
	struct log_filter chosen;
	struct page page = {.filter = &chosen, .from_us = filter->from_us, .after = *after};
	json_t *rows = json_array();
	int r;

	*ret_next = (struct log_cursor){0};
	if (after->id != 0)
		page.from_us = after->time_us;
	log_filter_copy(filter, &chosen);
	r = choose_terminal(db, &chosen);
	if (r == 0)
		r = filter->log == LOG_CONNECTIONS
			    ? ask_sessions(db, &page, log_filter_index(&chosen))
			    : ask_events(db, &page, log_filter_index(&chosen));
	if (r == 0)
		r = go_through(&page, most, rows, ret_next);
	if (r < 0) {
		json_decref(rows);
		return r;
	}
	*ret_rows = rows;
	return 0;
}

/* Calls `each` for every INDEX column that the payload has a text for. Returns how many, or a negative errno. */
static int
fields_each(struct store_db *db, const char *kind, const json_t *payload, int64_t event,
	int64_t time_us,
	int (*each)(struct store_db *db, const char *name, const char *value, int64_t time_us,
		int64_t event))
{
	enum log_name log = log_of_event_kind(kind);
	const struct log_column *column = NULL;
	int count = 0, r = 0;

	if (log == LOG_COUNT || log == LOG_CONNECTIONS)
		return 0;
	while (r == 0 && (column = log_next_column(log, column)) != NULL) {
		const char *text = json_string_value(json_object_get(payload, column->key));
		char value[LOG_FIELD_VALUE_SIZE], name[FIELD_NAME_SIZE];

		if (column->filter != LOG_FILTER_INDEX || text == NULL)
			continue;
		field_name(kind, column->key, name);
		log_field_value(text, value);
		r = each(db, name, value, time_us, event);
		count++;
	}
	return r < 0 ? r : count;
}

static int
insert_field(
	struct store_db *db, const char *name, const char *value, int64_t time_us, int64_t event)
{
	return sql_run(db,
		"INSERT INTO event_field (field, value, time, event) VALUES (?, ?, ?, ?)", "ttii",
		name, value, time_us, event);
}

static int
delete_field(
	struct store_db *db, const char *name, const char *value, int64_t time_us, int64_t event)
{
	return sql_run(db,
		"DELETE FROM event_field WHERE field = ? AND value = ? AND time = ? AND event = ?",
		"ttii", name, value, time_us, event);
}

static int
find_field(struct store_db *db, const char *name, const char *value, int64_t time_us, int64_t event)
{
	int64_t found;
	int r;

	r = sql_number(db, &found,
		"SELECT 1 FROM event_field WHERE field = ? AND value = ? AND time = ? AND event = "
		"?",
		"ttii", name, value, time_us, event);
	return r > 0 ? 0 : r < 0 ? r : -ENOENT;
}

int
log_fields_insert(struct store_db *db, const char *kind, const json_t *payload, int64_t event,
	int64_t time_us)
{
	int r = fields_each(db, kind, payload, event, time_us, insert_field);

	return r < 0 ? r : 0;
}

int
log_fields_delete(struct store_db *db, const char *kind, const json_t *payload, int64_t event,
	int64_t time_us)
{
	int r = fields_each(db, kind, payload, event, time_us, delete_field);

	return r < 0 ? r : 0;
}

int
log_fields_check(struct store_db *db, const char *kind, const json_t *payload, int64_t event,
	int64_t time_us)
{
	return fields_each(db, kind, payload, event, time_us, find_field);
}

int
log_fields_count(struct store_db *db, int64_t until, int64_t *ret_count)
{
	int r = sql_number(
		db, ret_count, "SELECT count(*) FROM event_field WHERE event <= ?", "i", until);

	return r < 0 ? r : 0;
}

int
log_mark_get(struct store_db *db, const char *name, int64_t *ret_number)
{
	int r;

	*ret_number = 0;
	r = sql_number(db, ret_number, "SELECT number FROM log_mark WHERE name = ?", "t", name);
	return r < 0 ? r : 0;
}

int
log_mark_set(struct store_db *db, const char *name, int64_t number)
{
	return sql_run(db, "UPDATE log_mark SET number = ? WHERE name = ?", "it", number, name);
}
