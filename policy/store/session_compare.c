/* Whether rows of the connection history say what their events say; see session_table.h.
 *
 * A hospital has millions of them. The text that an event should have is written straight from the row; what that
 * cannot do (escapes, events of older versions), and what it finds to differ, is looked at once more by way of JSON.
 */
#include "policy/store/session_json.h"
#include "policy/store/session_table.h"

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "policy/record.h"
#include "policy/store/sql.h"

#include <string.h>

enum form {
	TEXT,
	NUMBER,
	NUMBER_OR_NULL,
	TIME,
	ID,
	ALLOWLIST,
	FLAG,
	DURATION,
};

/* As record_text() sorts them. */
static const struct {
	const char *key;
	enum session_column column;
	enum form form;
} members[] = {
	{"{\"account\":", SESSION_ACCOUNT, TEXT},
	{",\"account_number\":", SESSION_ACCOUNT_NUMBER, NUMBER},
	{",\"allowlist\":", SESSION_ALLOWLIST_OFF, ALLOWLIST},
	{",\"because\":", SESSION_BECAUSE, TEXT},
	{",\"boot\":", SESSION_BOOT, TEXT},
	{",\"by\":", SESSION_BY, TEXT},
	{",\"bytes_from_client\":", SESSION_BYTES_FROM_CLIENT, NUMBER},
	{",\"bytes_to_client\":", SESSION_BYTES_TO_CLIENT, NUMBER},
	{",\"connection\":", SESSION_CONNECTION, NUMBER},
	{",\"connections\":", SESSION_CONNECTIONS, NUMBER},
	{",\"device\":", SESSION_DEVICE, TEXT},
	{",\"duration_seconds\":", SESSION_ENDED, DURATION},
	{",\"end\":", SESSION_ENDED, TIME},
	{",\"evidence\":", SESSION_EVIDENCE, TEXT},
	{",\"full_id\":", SESSION_FULL_ID, TEXT},
	{",\"let_in_by\":", SESSION_LET_IN_BY, TEXT},
	{",\"let_in_control\":", SESSION_LET_IN_CONTROL, FLAG},
	{",\"let_in_files\":", SESSION_LET_IN_FILES, FLAG},
	{",\"lost_at\":", SESSION_LOST_AT, NUMBER_OR_NULL},
	{",\"name\":", SESSION_NAME, TEXT},
	{",\"reason\":", SESSION_REASON, TEXT},
	{",\"reason_code\":", SESSION_END_CODE, TEXT},
	{",\"session\":", SESSION_ID, ID},
	{",\"source\":", SESSION_SOURCE, TEXT},
	{",\"start\":", SESSION_STARTED, TIME},
	{",\"state\":", SESSION_STATE, TEXT},
	{",\"terminal\":", SESSION_TERMINAL, TEXT},
	{",\"terminal_number\":", SESSION_TERMINAL_NUMBER, NUMBER},
	{",\"ticket\":", SESSION_TICKET, TEXT},
};

/* What is left of the payload that the row should be. */
struct comparison {
	const char *at;
	bool differs;
};

static void
expect(struct comparison *comparison, const char *text, size_t len)
{
	comparison->differs = comparison->differs || strncmp(comparison->at, text, len) != 0;
	if (!comparison->differs)
		comparison->at += len;
}

static void
expect_text(struct comparison *comparison, sqlite3_stmt *row, enum session_column column)
{
	const char *text = (const char *)sqlite3_column_text(row, column);
	size_t len = (size_t)sqlite3_column_bytes(row, column);

	expect(comparison, "\"", 1);
	comparison->differs = comparison->differs || text == NULL;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < 0x20 || text[i] == '"' || text[i] == '\\')
			comparison->differs = true;
	if (len > 0)
		expect(comparison, text, len);
	expect(comparison, "\"", 1);
}

/* By hand: snprintf would take a third of the time of a row. */
static void
expect_number(struct comparison *comparison, int64_t value)
{
	char text[24];
	size_t at = sizeof(text);
	uint64_t left = value < 0 ? -(uint64_t)value : (uint64_t)value;

	do
		text[--at] = (char)('0' + left % 10);
	while ((left /= 10) > 0);
	if (value < 0)
		text[--at] = '-';
	expect(comparison, text + at, sizeof(text) - at);
}

static void
expect_time(struct comparison *comparison, int64_t value)
{
	char text[CLOCK_TEXT_SIZE];

	clock_format_utc(value, text);
	expect(comparison, "\"", 1);
	expect(comparison, text, strlen(text));
	expect(comparison, "\"", 1);
}

static void
expect_id(struct comparison *comparison, const char *session)
{
	expect(comparison, "\"", 1);
	expect(comparison, session, strlen(session));
	expect(comparison, "\"", 1);
}

static void
expect_value(struct comparison *comparison, sqlite3_stmt *row, enum session_column column,
	enum form form, const char *session)
{
	int64_t number;

	if (form != NUMBER && form != ALLOWLIST && sql_column_is_null(row, column)) {
		expect(comparison, "null", 4);
		return;
	}
	if (form == TEXT) {
		expect_text(comparison, row, column);
		return;
	}
	number = sql_column_number(row, column);
	if (form == TIME)
		expect_time(comparison, number);
	else if (form == ID)
		expect_id(comparison, session);
	else if (form == ALLOWLIST)
		expect_id(comparison, number != 0 ? "off" : "enforced");
	else if (form == FLAG)
		expect(comparison, number != 0 ? "true" : "false", number != 0 ? 4 : 5);
	else if (form == DURATION)
		expect_number(
			comparison, (number - sql_column_number(row, SESSION_STARTED)) / 1000000);
	else
		expect_number(comparison, number);
}

static bool
is_written_as(sqlite3_stmt *row, const char *session, const char *payload)
{
	struct comparison comparison = {.at = payload};

	for (size_t i = 0; i < ARRAY_SIZE(members) && !comparison.differs; i++) {
		expect(&comparison, members[i].key, strlen(members[i].key));
		expect_value(&comparison, row, members[i].column, members[i].form, session);
	}
	return !comparison.differs && strcmp(comparison.at, "}") == 0;
}

/* Nor did those of version 2 say that nobody had to let somebody in; what stands in a row now, they must say. */
static void
drop_let_in(json_t *object)
{
	static const char *const keys[] = {"let_in_by", "let_in_control", "let_in_files"};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (json_is_null(json_object_get(object, keys[i])))
			(void)json_object_del(object, keys[i]);
}

static bool
says_the_same(sqlite3_stmt *row, const char *payload)
{
	json_t *object = session_json_row_for_event(row);
	auto_free char *text = NULL;

	/* Events of version 1 had less of the row. */
	if (strstr(payload, "\"boot\":") == NULL)
		session_json_for_people(object);
	if (strstr(payload, "\"let_in_by\":") == NULL)
		drop_let_in(object);
	text = record_text(object);
	json_decref(object);
	return text != NULL && strcmp(text, payload) == 0;
}

static int
visit_row(struct store_db *db, sqlite3_stmt *row,
	int (*visit)(struct store_db *db, const struct session_check *check, void *argument),
	void *argument)
{
	const char *payload = (const char *)sqlite3_column_text(row, SESSION_COLUMN_COUNT);
	uint8_t id[SESSION_ID_BYTES];
	char session[2 * SESSION_ID_BYTES + 1];
	struct session_check check = {
		.number = sql_column_number(row, SESSION_NUMBER),
		.event = sql_column_number(row, SESSION_LAST_EVENT),
		.session = session,
	};

	sql_column_bytes(row, SESSION_ID, id, sizeof(id));
	bytes_to_hex(id, sizeof(id), session);
	/* Any other number would read as one of the two. */
	check.same = payload != NULL &&
		     (sql_column_number(row, SESSION_ALLOWLIST_OFF) & ~INT64_C(1)) == 0 &&
		     (is_written_as(row, session, payload) || says_the_same(row, payload));
	return visit(db, &check, argument);
}

int
session_each(struct store_db *db, int64_t after, int64_t most,
	int (*visit)(struct store_db *db, const struct session_check *row, void *argument),
	void *argument)
{
	sqlite3_stmt *row;
	int r;

	r = sql_ask(db, &row,
		"SELECT " SESSION_JSON_COLUMNS
		", (SELECT payload FROM event WHERE event.id = last_event) "
		"FROM session WHERE number > ? ORDER BY number LIMIT ?",
		"ii", after, most);
	while (r == 0 && (r = sql_next(row)) > 0) {
		r = visit_row(db, row, visit, argument);
		if (r < 0)
			sql_end(row);
	}
	return r;
}
