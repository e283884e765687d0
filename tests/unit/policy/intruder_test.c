/* log verify against somebody who writes to the database with SQL, or to its file (F6): what is written so that the
 * hashes still fit, but the logs would show something else. */
#include "policy/audit.h"

#include "base/clock.h"
#include "policy/logins.h"
#include "policy/store/event_table.h"
#include "policy/store/log_table.h"
#include "session_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static int
do_login(struct store_db *db, void *argument)
{
	const struct login login = {.application = "RDP",
		.account = argument,
		.name = "山田 太郎",
		.source = "10.0.0.5",
		.reason = "TICKET_SECRET"};

	return login_record(db, &login);
}

/* A session that is over, a refused login of "hanako", all signed. */
static int
setup(void **state)
{
	struct issue issue;
	struct session_grant grant;

	if (session_setup(state) < 0)
		return -1;
	issue = issue_ticket();
	grant = begin_session(&issue, 1);
	json_decref(end_session(&grant, 1, CLOSE_CLIENT_LEFT));
	assert_int_equal(fixture_write(&fixture, do_login, "hanako"), 0);
	assert_true(fixture_checkpoint(&fixture));
	assert_int_equal(fixture_verify(&fixture).found, 0);
	return 0;
}

static void
expect_found(const char *words)
{
	struct audit_report report = fixture_verify(&fixture);

	for (size_t i = 0; i < report.found && i < AUDIT_FINDINGS_MOST; i++)
		if (strstr(report.findings[i].why, words) != NULL)
			return;
	fail_msg("%zu found, first: %s", report.found,
		report.found > 0 ? report.findings[0].why : "nothing");
}

struct count {
	enum log_name log;
	size_t rows;
};

static int
do_count(struct store_db *db, void *argument)
{
	struct count *count = argument;
	const struct log_filter filter = {
		.log = count->log, .from_us = INT64_MIN, .until_us = INT64_MAX};
	struct log_cursor after = {0}, next;
	json_t *rows;
	int r = log_page(db, &filter, &after, 100, &rows, &next);

	if (r < 0)
		return r;
	count->rows = json_array_size(rows);
	json_decref(rows);
	return 0;
}

static size_t
rows_of(enum log_name log)
{
	struct count count = {.log = log};

	assert_int_equal(fixture_read(&fixture, do_count, &count), 0);
	return count.rows;
}

static void
kind_that_goes_on_behind_a_nul_is_found(void **state)
{
	size_t before = rows_of(LOG_LOGINS);

	(void)state;
	fixture_sql(&fixture, "UPDATE event SET kind = 'login' || char(0) || 'x' WHERE id = "
			      "(SELECT max(id) FROM event)");
	assert_int_equal(rows_of(LOG_LOGINS), before - 1);
	expect_found("kind or hash was changed");
}

static void
content_that_goes_on_behind_a_nul_is_found(void **state)
{
	(void)state;
	fixture_sql(&fixture,
		"UPDATE event SET payload = payload || char(0) || 'x' WHERE kind = 'login'");
	expect_found("content was changed");
}

static void
history_that_goes_on_behind_a_nul_is_found(void **state)
{
	(void)state;
	fixture_sql(&fixture, "UPDATE session SET account_id = account_id || char(0) || 'x'");
	expect_found("history says something else");
}

static void
record_before_the_first_is_found(void **state)
{
	size_t before = rows_of(LOG_LOGINS);

	(void)state;
	fixture_sql(&fixture,
		"INSERT INTO event SELECT -7, time, kind, replace(payload, 'hanako', 'jiro'), "
		"salt, payload_hash, prev, hash FROM event WHERE kind = 'login' LIMIT 1");
	assert_int_equal(rows_of(LOG_LOGINS), before + 1);
	expect_found("inserted");
}

static void
history_row_before_the_first_is_found(void **state)
{
	(void)state;
	fixture_sql(&fixture,
		"CREATE TABLE copy AS SELECT * FROM session; "
		"UPDATE copy SET number = -7, id = randomblob(16), account_id = 'jiro'; "
		"INSERT INTO session SELECT * FROM copy; DROP TABLE copy");
	assert_int_equal(rows_of(LOG_CONNECTIONS), 2);
	expect_found("history says something else");
}

static void
trigger_in_the_database_swallows_nothing(void **state)
{
	size_t before = rows_of(LOG_LOGINS);

	(void)state;
	fixture_close(&fixture);
	fixture_sql(&fixture,
		"CREATE TRIGGER hush BEFORE INSERT ON event WHEN new.payload LIKE '%jiro%' "
		"BEGIN SELECT RAISE(IGNORE); END");
	fixture_start(&fixture);
	assert_int_equal(fixture_write(&fixture, do_login, "jiro"), 0);
	assert_int_equal(rows_of(LOG_LOGINS), before + 1);
	assert_int_equal(fixture_verify(&fixture).found, 0);
}

static void
swapped_contents_are_found(void **state)
{
	(void)state;
	assert_int_equal(fixture_write(&fixture, do_login, "jiro"), 0);
	fixture_sql(&fixture,
		"CREATE TABLE copy AS SELECT id, payload, salt FROM event; "
		"UPDATE event SET (payload, salt) = (SELECT payload, salt FROM copy WHERE id = "
		"event.id - 1) WHERE id = (SELECT max(id) FROM event); "
		"UPDATE event SET (payload, salt) = (SELECT payload, salt FROM copy WHERE id = "
		"event.id + 1) WHERE id = (SELECT max(id) - 1 FROM event); DROP TABLE copy");
	expect_found("content was changed");
}

static void
removed_history_row_is_found(void **state)
{
	(void)state;
	fixture_sql(&fixture, "DELETE FROM session");
	expect_found("missing from the connection history");
}

/* A number in the leaf of a table's tree that is smaller than the one before it: asking for what comes behind the
 * last row seen must not go round and round. */
static void
rows_out_of_order_do_not_make_it_walk_for_ever(void **state)
{
	static uint8_t page[65536];
	sqlite3 *handle;
	sqlite3_stmt *row;
	int size, at, fd;
	off_t begins;

	(void)state;
	for (int i = 0; i < 140; i++)
		assert_int_equal(fixture_write(&fixture, do_login, "jiro"), 0);
	fixture_close(&fixture);
	assert_int_equal(sqlite3_open(fixture.path, &handle), SQLITE_OK);
	assert_int_equal(sqlite3_exec(handle,
				 "PRAGMA journal_mode = DELETE; "
				 "CREATE TABLE probe (v)",
				 NULL, NULL, NULL),
		SQLITE_OK);
	/* The leaf with the newest events. */
	assert_int_equal(sqlite3_prepare_v2(handle,
				 "SELECT pgoffset, pgsize FROM dbstat WHERE name = 'event' AND "
				 "pagetype = 'leaf' ORDER BY path DESC LIMIT 1",
				 -1, &row, NULL),
		SQLITE_OK);
	assert_int_equal(sqlite3_step(row), SQLITE_ROW);
	begins = (off_t)sqlite3_column_int64(row, 0);
	size = sqlite3_column_int(row, 1);
	(void)sqlite3_finalize(row);
	(void)sqlite3_close(handle);
	fd = open(fixture.path, O_RDWR);
	assert_true(fd >= 0);
	assert_int_equal(pread(fd, page, (size_t)size, begins), size);
	/* Cell of the last row: length of its content, two bytes; its number, two bytes as it is over 127. */
	at = 8 + 2 * ((page[3] << 8 | page[4]) - 1);
	at = page[at] << 8 | page[at + 1];
	assert_true((page[at] & 0x80) != 0 && (page[at + 1] & 0x80) == 0);
	assert_true((page[at + 2] & 0x80) != 0 && (page[at + 3] & 0x80) == 0);
	page[at + 2] = 0x80; /* 0 */
	page[at + 3] = 0x00;
	assert_int_equal(pwrite(fd, page, (size_t)size, begins), size);
	(void)close(fd);
	fixture_start(&fixture);
	expect_found("damaged");
}

/* What nobody can find in the database alone: the hashes take no key, and the gateway signs the newest of them. */

static void
copy_file(const char *from, const char *to)
{
	static uint8_t bytes[1 << 20];
	int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	ssize_t got;

	assert_true(in >= 0 && out >= 0);
	while ((got = read(in, bytes, sizeof(bytes))) > 0)
		assert_int_equal(write(out, bytes, (size_t)got), got);
	(void)close(in);
	(void)close(out);
}

/* As the journal has it, of the newest event. */
static int
do_sign(struct store_db *db, void *argument)
{
	bool made;
	int r = audit_checkpoint(db, argument, &made);

	return r < 0 ? r : made ? 0 : -EAGAIN;
}

struct hash_of {
	int64_t event;
	uint8_t hash[CHAIN_HASH_BYTES];
};

static int
take_hash(struct store_db *db, const struct chain_event *event, void *argument)
{
	struct hash_of *wanted = argument;

	(void)db;
	if (event->id == wanted->event)
		memcpy(wanted->hash, event->hash, sizeof(wanted->hash));
	return 0;
}

static int
do_find_hash(struct store_db *db, void *argument)
{
	const struct hash_of *wanted = argument;

	return event_each(db, wanted->event - 1, wanted->event, 1, take_hash, argument);
}

/* Whether the database has this event as the journal says. */
static bool
journal_agrees(const struct chain_checkpoint *journal)
{
	struct hash_of found = {.event = journal->event_id};

	assert_int_equal(fixture_read(&fixture, do_find_hash, &found), 0);
	return memcmp(found.hash, journal->hash, sizeof(found.hash)) == 0;
}

static void
older_database_put_back_is_told_by_the_journal_alone(void **state)
{
	struct chain_checkpoint journal;
	char copy[200];

	(void)state;
	snprintf(copy, sizeof(copy), "%s.copy", fixture.path);
	fixture_close(&fixture);
	fixture_sql(&fixture, "PRAGMA wal_checkpoint(TRUNCATE)");
	copy_file(fixture.path, copy);
	fixture_start(&fixture);
	assert_int_equal(fixture_write(&fixture, do_login, "jiro"), 0);
	assert_int_equal(fixture_write(&fixture, do_sign, &journal), 0);
	assert_true(journal_agrees(&journal));
	fixture_close(&fixture);
	copy_file(copy, fixture.path);
	(void)unlink(copy);
	fixture_start(&fixture);
	assert_int_equal(fixture_verify(&fixture).found, 0);
	assert_false(journal_agrees(&journal));
	/* Nor when the log has grown beyond it again. */
	assert_int_equal(fixture_write(&fixture, do_login, "saburo"), 0);
	assert_int_equal(fixture_verify(&fixture).found, 0);
	assert_false(journal_agrees(&journal));
}

static void
end_cut_off_with_its_signatures_is_told_by_the_journal_alone(void **state)
{
	struct chain_checkpoint journal;

	(void)state;
	assert_int_equal(fixture_write(&fixture, do_login, "jiro"), 0);
	assert_int_equal(fixture_write(&fixture, do_sign, &journal), 0);
	assert_true(journal_agrees(&journal));
	fixture_sql(&fixture, "DELETE FROM checkpoint; "
			      "DELETE FROM event_field WHERE event = (SELECT max(id) FROM event); "
			      "DELETE FROM event WHERE id = (SELECT max(id) FROM event)");
	assert_true(fixture_checkpoint(&fixture)); /* by the gateway itself, a minute later */
	assert_int_equal(fixture_verify(&fixture).found, 0);
	assert_false(journal_agrees(&journal));
}

/* Not session_teardown(): here the log is not whole. */
#define IN_OUT(test) cmocka_unit_test_setup_teardown(test, setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_OUT(kind_that_goes_on_behind_a_nul_is_found),
		IN_OUT(content_that_goes_on_behind_a_nul_is_found),
		IN_OUT(history_that_goes_on_behind_a_nul_is_found),
		IN_OUT(record_before_the_first_is_found),
		IN_OUT(history_row_before_the_first_is_found),
		IN_OUT(trigger_in_the_database_swallows_nothing),
		IN_OUT(swapped_contents_are_found),
		IN_OUT(removed_history_row_is_found),
		IN_OUT(older_database_put_back_is_told_by_the_journal_alone),
		IN_OUT(end_cut_off_with_its_signatures_is_told_by_the_journal_alone),
		IN_OUT(rows_out_of_order_do_not_make_it_walk_for_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
