/* policy/store/index_check.c: an index that does not hold what the rows say, or not where it is looked for, is found.
 *
 * Indexes are altered as only somebody with the file in their hands can: hidden from the schema while the rows change, or
 * with cells of a page exchanged.
 */
#include "policy/store/index_check.h"

#include "../session_fixture.h"
#include "base/cleanup.h"
#include "policy/store/database.h"

#include <fcntl.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* Some that go on, some that were killed, some that ended: each index has entries. */
static int
setup(void **state)
{
	int r = session_setup(state);

	for (uint64_t i = 1; i <= 12; i++) {
		struct issue issue = issue_ticket();
		struct session_grant grant = begin_session(&issue, i);

		if (i % 4 != 0)
			json_decref(end_session(
				&grant, i, i % 4 == 1 ? CLOSE_ADMIN_KILLED : CLOSE_CLIENT_LEFT));
	}
	return r;
}

/* What was altered is not to be found good once more. */
static int
teardown(void **state)
{
	(void)state;
	fixture_done(&fixture);
	return 0;
}

static int
do_check(struct store_db *db, void *argument)
{
	return index_check_sessions(db, argument);
}

static void
expect_damage(const char *index)
{
	struct audit_report report;

	report = fixture_verify(&fixture);
	for (size_t i = 0; i < report.found && i < AUDIT_FINDINGS_MOST; i++)
		if (strcmp(report.findings[i].why, "the database file is damaged") == 0)
			return;
	fail_msg("%s: %zu other findings", index, report.found);
}

static void
expect_whole(const char *index)
{
	bool good = false;

	assert_int_equal(fixture_walk(&fixture, do_check, &good), 0);
	if (!good)
		fail_msg("%s", index);
	assert_int_equal(fixture_verify(&fixture).found, 0);
}

/* A connection of its own for each change, so that it reads the schema as it then is. */
static void
tamper(const char *format, ...)
{
	char sql[1000];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(sql, sizeof(sql), format, arguments);
	va_end(arguments);
	fixture_sql(&fixture, sql);
}

/* The store's connections have read the schema of before. */
static void
begin_anew(void)
{
	fixture_close(&fixture);
	fixture_start(&fixture);
}

static void
hide(const char *index)
{
	tamper("CREATE TABLE hidden AS SELECT * FROM sqlite_master WHERE name = '%s'; "
	       "PRAGMA writable_schema = ON; DELETE FROM sqlite_master WHERE name = '%s'; "
	       "PRAGMA writable_schema = RESET",
		index, index);
}

static void
show(void)
{
	tamper("PRAGMA writable_schema = ON; INSERT INTO sqlite_master SELECT * FROM hidden; "
	       "PRAGMA writable_schema = RESET; DROP TABLE hidden");
}

/* Each index but the one that SQLite does not let go, and a column of it. */
static const struct {
	const char *index, *table, *column, *other;
} indexes[] = {
	{"session_active", "session", "account", "99"},
	{"session_started", "session", "started", "started + 1"},
	{"session_on_terminal", "session", "terminal", "99"},
	{"session_account", "session", "account_id", "'other'"},
	{"session_terminal", "session", "terminal_name", "'other'"},
	{"session_state", "session", "started", "started - 1"},
	{"session_reason", "session", "reason", "'OTHER'"},
	{"session_ended_by", "session", "ended_by", "'unix:other'"},
	{"session_source", "session", "source", "'10.9.9.9'"},
	{"session_device", "session", "device", "'02:00:00:00:00:99'"},
	{"session_ended", "session", "ended", "ended + 1"},
	{"event_kind", "event", "time", "time + 1"},
};

static void
untouched_history_is_whole(void **state)
{
	(void)state;
	expect_whole("");
}

/* The rows say what they did: the index alone keeps something else. */
static void
entry_of_another_value_is_found_in_each_index(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(indexes); i++) {
		const char *index = indexes[i].index, *table = indexes[i].table,
			   *column = indexes[i].column;

		tamper("CREATE TABLE kept AS SELECT rowid AS number, %s AS value FROM %s; "
		       "UPDATE %s SET %s = %s WHERE %s IS NOT NULL",
			column, table, table, column, indexes[i].other, column);
		hide(index);
		tamper("UPDATE %s SET %s = value FROM kept WHERE %s.rowid = kept.number; "
		       "DROP TABLE kept",
			table, column, table);
		show();
		begin_anew();
		expect_damage(index);
		tamper("REINDEX %s", index);
		begin_anew();
		expect_whole(index);
	}
}

static void
entry_without_a_row_is_found_in_each_index(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(indexes) - 1; i++) {
		tamper("CREATE TABLE kept AS SELECT * FROM session; "
		       "INSERT INTO session SELECT number + 100, randomblob(16), ticket, account, "
		       "account_id, account_full, account_name, terminal, terminal_name, state, "
		       "started, ended, reason, end_code, ended_by, because, source, device, "
		       "evidence, allowlist_off, connection, connections, bytes_from_client, "
		       "bytes_to_client, boot, lost_at_boottime, last_event, let_in_by, "
		       "let_in_control, let_in_files FROM kept");
		hide(indexes[i].index);
		tamper("DELETE FROM session WHERE number > 100; DROP TABLE kept");
		show();
		begin_anew();
		expect_damage(indexes[i].index);
		tamper("REINDEX %s", indexes[i].index);
		begin_anew();
		expect_whole(indexes[i].index);
	}
}

/* Where the first page of cells of an index begins. */
static off_t
first_page(const char *tree)
{
	sqlite3_stmt *row;
	sqlite3 *handle;
	off_t at;

	assert_int_equal(
		sqlite3_open_v2(fixture.path, &handle, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(handle,
				 "SELECT pgoffset FROM dbstat WHERE name = ? AND pagetype = 'leaf'",
				 -1, &row, NULL),
		SQLITE_OK);
	(void)sqlite3_bind_text(row, 1, tree, -1, SQLITE_STATIC);
	assert_int_equal(sqlite3_step(row), SQLITE_ROW);
	at = (off_t)sqlite3_column_int64(row, 0);
	(void)sqlite3_finalize(row);
	(void)sqlite3_close(handle);
	return at;
}

/* The first two cells of a page change places: nothing is missing, and what is looked for is not found. */
static void
exchange_cells(const char *tree)
{
	off_t at = first_page(tree) + 8;
	int fd = open(fixture.path, O_RDWR | O_CLOEXEC);
	uint8_t cells[4], exchanged[4];

	assert_true(fd >= 0);
	assert_int_equal(pread(fd, cells, sizeof(cells), at), sizeof(cells));
	memcpy(exchanged, cells + 2, 2);
	memcpy(exchanged + 2, cells, 2);
	assert_int_equal(pwrite(fd, exchanged, sizeof(exchanged), at), sizeof(exchanged));
	close(fd);
}

static void
entries_out_of_order_are_found_in_each_index(void **state)
{
	static const char *const trees[] = {
#define INDEX(name, first, second, condition, holds, rows) name,
#include "policy/store/session_indexes.def"
#undef INDEX
		"event_kind", "event_field"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(trees); i++) {
		fixture_close(&fixture);
		exchange_cells(trees[i]);
		fixture_start(&fixture);
		expect_damage(trees[i]);
		fixture_close(&fixture);
		exchange_cells(trees[i]);
		fixture_start(&fixture);
		expect_whole(trees[i]);
	}
}

static void
index_that_is_gone_is_found(void **state)
{
	(void)state;
	tamper("DROP INDEX session_reason");
	begin_anew();
	expect_damage("session_reason");
}

static void
index_over_something_else_is_found(void **state)
{
	(void)state;
	tamper("DROP INDEX session_account; "
	       "CREATE INDEX session_account ON session (account_name, started)");
	begin_anew();
	expect_damage("session_account");
}

static void
index_over_fewer_rows_is_found(void **state)
{
	(void)state;
	tamper("DROP INDEX session_source; CREATE INDEX session_source ON session "
	       "(lower(source), started) WHERE started > 5");
	begin_anew();
	expect_damage("session_source");
}

static void
index_that_nobody_knows_is_found(void **state)
{
	(void)state;
	tamper("CREATE INDEX session_more ON session (boot)");
	begin_anew();
	expect_damage("session_more");
}

static void
event_index_over_something_else_is_found(void **state)
{
	(void)state;
	tamper("DROP INDEX event_kind; "
	       "CREATE INDEX event_kind ON event (kind, id) WHERE payload IS NOT NULL");
	begin_anew();
	expect_damage("event_kind");
}

/* Both rows say what their event says, and whoever asks for the session gets one of them. */
static void
second_row_of_a_session_is_found(void **state)
{
	(void)state;
	hide("session_active"); /* any: what matters is that the schema can be written */
	show();
	tamper("PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql = "
	       "replace(sql, 'id BLOB NOT NULL UNIQUE', 'id BLOB NOT NULL') "
	       "WHERE name = 'session'; DELETE FROM sqlite_master WHERE name = "
	       "'sqlite_autoindex_session_1'; PRAGMA writable_schema = RESET");
	tamper("INSERT INTO session SELECT 101, id, ticket, account, account_id, account_full, "
	       "account_name, terminal, terminal_name, state, started, ended, reason, end_code, "
	       "ended_by, because, source, device, evidence, allowlist_off, connection, "
	       "connections, bytes_from_client, bytes_to_client, boot, lost_at_boottime, "
	       "last_event, let_in_by, let_in_control, let_in_files FROM session WHERE number = 1");
	begin_anew();
	expect_damage("sqlite_autoindex_session_1");
}

static int
do_fold(struct store_db *db, void *argument)
{
	return database_run(db, argument);
}

/* Written by the gateway, whose lower() knows more than SQLite's. */
static void
expect_index(const char *sql, bool expected)
{
	bool good = !expected;

	assert_int_equal(fixture_write(&fixture, do_fold, (void *)sql), 0);
	assert_int_equal(fixture_walk(&fixture, do_check, &good), 0);
	if (good != expected)
		fail_msg("%s", sql);
}

static void
values_are_folded_as_the_indexes_have_them(void **state)
{
	(void)state;
	expect_index("UPDATE session SET terminal_name = 'ＰＡＣＳ ﾊﾟｿｺﾝ Ä1'", true);
	expect_index("UPDATE session SET account_id = 'TARO' || x'ff80'", true);
	expect_index("UPDATE session SET source = '', ended_by = 'Unix:ＹＡＭＡＤＡ'", true);
	expect_index("UPDATE session SET reason = NULL, device = 'É'", true);
}

static void
value_longer_than_any_of_ours_is_found(void **state)
{
	(void)state;
	expect_index("UPDATE session SET source = replace(hex(zeroblob(512)), '0', 'A')", true);
	expect_index("UPDATE session SET source = replace(hex(zeroblob(513)), '0', 'A')", false);
	expect_index("UPDATE session SET source = '10.0.0.5'", true);
}

#define IN_OUT(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_OUT(untouched_history_is_whole),
		IN_OUT(entry_of_another_value_is_found_in_each_index),
		IN_OUT(entry_without_a_row_is_found_in_each_index),
		IN_OUT(entries_out_of_order_are_found_in_each_index),
		IN_OUT(index_that_is_gone_is_found),
		IN_OUT(index_over_something_else_is_found),
		IN_OUT(index_over_fewer_rows_is_found),
		IN_OUT(index_that_nobody_knows_is_found),
		IN_OUT(event_index_over_something_else_is_found),
		IN_OUT(values_are_folded_as_the_indexes_have_them),
		IN_OUT(value_longer_than_any_of_ours_is_found),
		IN_OUT(second_row_of_a_session_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
