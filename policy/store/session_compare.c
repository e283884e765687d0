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

#include <errno.h>
#include <string.h>

enum form {
	TEXT,
	NUMBER,
	NUMBER_OR_NULL,
	TIME,
	ID,
	ALLOWLIST,
	DURATION,
	TEXT_OR_NOTHING, /* nothing: as events of versions before 3 say NULL */
	FLAG_OR_NOTHING,
};

/* As record_text() sorts them. */
static const struct {
	const char *key;
	size_t key_len;
	enum session_column column;
	enum form form;
} members[] = {
#define MEMBER(key, column, form)                  \
	{                                          \
		key, sizeof(key) - 1, column, form \
	}
	MEMBER("{\"account\":", SESSION_ACCOUNT, TEXT),
	MEMBER(",\"account_number\":", SESSION_ACCOUNT_NUMBER, NUMBER),
	MEMBER(",\"allowlist\":", SESSION_ALLOWLIST_OFF, ALLOWLIST),
	MEMBER(",\"because\":", SESSION_BECAUSE, TEXT),
	MEMBER(",\"boot\":", SESSION_BOOT, TEXT),
	MEMBER(",\"by\":", SESSION_BY, TEXT),
	MEMBER(",\"bytes_from_client\":", SESSION_BYTES_FROM_CLIENT, NUMBER),
	MEMBER(",\"bytes_to_client\":", SESSION_BYTES_TO_CLIENT, NUMBER),
	MEMBER(",\"connection\":", SESSION_CONNECTION, NUMBER),
	MEMBER(",\"connections\":", SESSION_CONNECTIONS, NUMBER),
	MEMBER(",\"device\":", SESSION_DEVICE, TEXT),
	MEMBER(",\"duration_seconds\":", SESSION_ENDED, DURATION),
	MEMBER(",\"end\":", SESSION_ENDED, TIME),
	MEMBER(",\"evidence\":", SESSION_EVIDENCE, TEXT),
	MEMBER(",\"full_id\":", SESSION_FULL_ID, TEXT),
	MEMBER(",\"let_in_by\":", SESSION_LET_IN_BY, TEXT_OR_NOTHING),
	MEMBER(",\"let_in_control\":", SESSION_LET_IN_CONTROL, FLAG_OR_NOTHING),
	MEMBER(",\"let_in_files\":", SESSION_LET_IN_FILES, FLAG_OR_NOTHING),
	MEMBER(",\"lost_at\":", SESSION_LOST_AT, NUMBER_OR_NULL),
	MEMBER(",\"name\":", SESSION_NAME, TEXT),
	MEMBER(",\"reason\":", SESSION_REASON, TEXT),
	MEMBER(",\"reason_code\":", SESSION_END_CODE, TEXT),
	MEMBER(",\"session\":", SESSION_ID, ID),
	MEMBER(",\"source\":", SESSION_SOURCE, TEXT),
	MEMBER(",\"start\":", SESSION_STARTED, TIME),
	MEMBER(",\"state\":", SESSION_STATE, TEXT),
	MEMBER(",\"terminal\":", SESSION_TERMINAL, TEXT),
	MEMBER(",\"terminal_number\":", SESSION_TERMINAL_NUMBER, NUMBER),
	MEMBER(",\"ticket\":", SESSION_TICKET, TEXT),
#undef MEMBER
};

/* What is left of the payload that the row should be. */
struct comparison {
	const char *at;
	size_t left;
	bool differs;
};

static void
expect(struct comparison *comparison, const char *text, size_t len)
{
	comparison->differs = comparison->differs || len > comparison->left ||
			      memcmp(comparison->at, text, len) != 0;
	if (comparison->differs)
		return;
	comparison->at += len;
	comparison->left -= len;
}

static void
expect_text(struct comparison *comparison, sqlite3_value *value)
{
	size_t len;
	const char *text = sql_value_text(value, &len);
	bool escapes = false;

	expect(comparison, "\"", 1);
	for (size_t i = 0; i < len; i++)
		escapes |= (unsigned char)text[i] < 0x20 || text[i] == '"' || text[i] == '\\';
	comparison->differs = comparison->differs || text == NULL || escapes;
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
expect_word(struct comparison *comparison, const char *word)
{
	expect(comparison, "\"", 1);
	expect(comparison, word, strlen(word));
	expect(comparison, "\"", 1);
}

static void
expect_value(struct comparison *comparison, sqlite3_value **row, enum session_column column,
	enum form form, const char *session)
{
	int64_t number;

	if (form != NUMBER && form != ALLOWLIST && sqlite3_value_type(row[column]) == SQLITE_NULL) {
		expect(comparison, "null", 4);
		return;
	}
	if (form == TEXT || form == TEXT_OR_NOTHING) {
		expect_text(comparison, row[column]);
		return;
	}
	number = sqlite3_value_int64(row[column]);
	if (form == TIME)
		expect_time(comparison, number);
	else if (form == ID)
		expect_word(comparison, session);
	else if (form == ALLOWLIST)
		expect_word(comparison, number != 0 ? "off" : "enforced");
	else if (form == FLAG_OR_NOTHING)
		expect(comparison, number != 0 ? "true" : "false", number != 0 ? 4 : 5);
	else if (form == DURATION)
		expect_number(
			comparison, (number - sqlite3_value_int64(row[SESSION_STARTED])) / 1000000);
	else
		expect_number(comparison, number);
}

static bool
is_left_out(const struct comparison *comparison, sqlite3_value **row, size_t member)
{
	return (members[member].form == TEXT_OR_NOTHING ||
		       members[member].form == FLAG_OR_NOTHING) &&
	       sqlite3_value_type(row[members[member].column]) == SQLITE_NULL &&
	       (comparison->left < members[member].key_len ||
		       memcmp(comparison->at, members[member].key, members[member].key_len) != 0);
}

static bool
is_written_as(sqlite3_value **row, const char *session, const char *payload, size_t payload_len)
{
	struct comparison comparison = {.at = payload, .left = payload_len};

	for (size_t i = 0; i < ARRAY_SIZE(members) && !comparison.differs; i++) {
		if (is_left_out(&comparison, row, i))
			continue;
		expect(&comparison, members[i].key, members[i].key_len);
		expect_value(&comparison, row, members[i].column, members[i].form, session);
	}
	expect(&comparison, "}", 1);
	return !comparison.differs && comparison.left == 0;
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

static int
says_the_same(struct store_db *db, int64_t number, const char *payload, bool *ret_same)
{
	json_t *object = NULL;
	auto_free char *text = NULL;
	int r = session_json_numbered(db, number, &object);

	*ret_same = false;
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	/* Events of version 1 had less of the row. */
	if (strstr(payload, "\"boot\":") == NULL)
		session_json_for_people(object);
	if (strstr(payload, "\"let_in_by\":") == NULL)
		drop_let_in(object);
	text = record_text(object);
	json_decref(object);
	*ret_same = text != NULL && strcmp(text, payload) == 0;
	return 0;
}

/* Rows on their way to whoever wants them. */
struct reading {
	struct store_db *db;
	int (*visit)(struct store_db *db, const struct session_check *check, void *argument);
	void *argument;
	int64_t left; /* rows that are still wanted */
};

static int
visit_row(void *argument, int count, sqlite3_value **row)
{
	struct reading *reading = argument;
	size_t payload_len;
	const char *payload = sql_value_text(row[SESSION_COLUMN_COUNT], &payload_len);
	uint8_t id[SESSION_ID_BYTES];
	char session[2 * SESSION_ID_BYTES + 1];
	struct session_check check = {
		.number = sqlite3_value_int64(row[SESSION_NUMBER]),
		.event = sqlite3_value_int64(row[SESSION_LAST_EVENT]),
		.session = session,
	};
	int r = 0;

	(void)count;
	(void)sql_value_bytes(row[SESSION_ID], id, sizeof(id));
	bytes_to_hex(id, sizeof(id), session);
	check.same = payload != NULL && is_written_as(row, session, payload, payload_len);
	if (payload != NULL && !check.same)
		r = says_the_same(reading->db, check.number, payload, &check.same);
	/* Any other number would read as one of the two. */
	if ((sqlite3_value_int64(row[SESSION_ALLOWLIST_OFF]) & ~INT64_C(1)) != 0)
		check.same = false;
	if (r == 0)
		r = reading->visit(reading->db, &check, reading->argument);
	return r < 0 ? r : --reading->left <= 0;
}

int
session_each(struct store_db *db, int64_t after, int64_t most,
	int (*visit)(struct store_db *db, const struct session_check *row, void *argument),
	void *argument)
{
	struct reading reading = {db, visit, argument, most};
	int r = sql_visit(db, visit_row, &reading,
		"SELECT 1 FROM session WHERE number > ? AND visit(" SESSION_JSON_COLUMNS
		", (SELECT payload FROM event WHERE event.id = last_event)) ORDER BY number",
		"i", after);

	return r < 0 ? r : 0;
}
