/* policy/session_news.c: what the event log knows of sessions, and their rows do not, is found among many that are well. */
#include "policy/session_news.h"

#include "policy/audit.h"
#include "policy/record.h"
#include "policy/sessions.h"
#include "policy/store/session_table.h"
#include "store_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define SESSIONS 30
#define TARO 10 /* the session that is meddled with */

static void
name_session(int number, uint8_t *id)
{
	memset(id, number, SESSION_ID_BYTES);
}

static int
begin(struct store_db *db, int number)
{
	struct session_record record = {.account = 1, .terminal = 1, .connection = 1};
	int r;

	name_session(number, record.id);
	strcpy(record.ticket, "+0000000000000000");
	strcpy(record.account_id, "taro");
	strcpy(record.terminal_name, "pacs-01");
	strcpy(record.source, "10.0.0.5");
	strcpy(record.device.kind, "none");
	r = session_insert(db, &record);
	return r < 0 ? r : record_session(db, EVENT_KIND_SESSION_START, record.id);
}

static int
end(struct store_db *db, int number)
{
	struct session_ending ending = {
		.connection = 1, .reason = CLOSE_HOST_LEFT, .phase = PHASE_BRIDGE};

	name_session(number, ending.session);
	return session_end(db, &ending, NULL);
}

/* Events 1, 3, 5 … begin sessions 1, 2, 3 …, the event behind each ends it. */
static int
do_sessions(struct store_db *db, void *argument)
{
	int r = 0;

	(void)argument;
	for (int number = 1; number <= SESSIONS && r == 0; number++) {
		r = begin(db, number);
		if (r == 0)
			r = end(db, number);
	}
	return r;
}

static int
do_begin(struct store_db *db, void *argument)
{
	return begin(db, *(const int *)argument);
}

static int
do_end(struct store_db *db, void *argument)
{
	return end(db, *(const int *)argument);
}

static int
setup(void **state)
{
	(void)fixture_setup(state);
	assert_int_equal(fixture_write(&fixture, do_sessions, NULL), 0);
	assert_true(fixture_checkpoint(&fixture));
	fixture_expect_log_whole(&fixture);
	return 0;
}

static void
row_that_is_gone_is_found_among_its_neighbours(void **state)
{
	(void)state;
	fixture_sql(&fixture, "DELETE FROM session WHERE number = 10");
	fixture_expect_only(&fixture, 2 * TARO, "missing from the connection history");
}

/* Nothing tells where its neighbours would be. */
static void
first_row_that_is_gone_is_found(void **state)
{
	(void)state;
	fixture_sql(&fixture, "DELETE FROM session WHERE number = 1");
	fixture_expect_only(&fixture, 2, "missing from the connection history");
}

static void
every_row_that_is_gone_is_found(void **state)
{
	(void)state;
	fixture_sql(&fixture, "DELETE FROM session");
	assert_int_equal(fixture_verify(&fixture).found, SESSIONS);
}

static void
row_that_lies_elsewhere_is_known_all_the_same(void **state)
{
	(void)state;
	fixture_sql(&fixture, "UPDATE session SET number = 1000 + number WHERE number IN (1, 10)");
	fixture_expect_log_whole(&fixture);
}

/* As it was before its end, to the letter. */
static void
older_state_is_found_among_its_neighbours(void **state)
{
	int number = SESSIONS + 1;

	(void)state;
	assert_int_equal(fixture_write(&fixture, do_begin, &number), 0);
	fixture_sql(&fixture, "CREATE TABLE kept AS SELECT * FROM session WHERE number = 31");
	assert_int_equal(fixture_write(&fixture, do_end, &number), 0);
	fixture_expect_log_whole(&fixture);
	fixture_sql(&fixture, "DELETE FROM session WHERE number = 31; "
			      "INSERT INTO session SELECT * FROM kept");
	fixture_expect_only(&fixture, 2 * SESSIONS + 2, "what was before it");
}

/* It began among others, and ended where none begins. */
static void
older_state_is_found_where_a_session_goes_over_an_edge(void **state)
{
	int number = SESSIONS + 1;

	(void)state;
	assert_int_equal(fixture_write(&fixture, do_begin, &number), 0);
	fixture_add_changes(&fixture, SESSION_NEWS_MOST);
	fixture_sql(&fixture, "CREATE TABLE kept AS SELECT * FROM session WHERE number = 31");
	assert_int_equal(fixture_write(&fixture, do_end, &number), 0);
	fixture_expect_log_whole(&fixture);
	fixture_sql(&fixture, "DELETE FROM session WHERE number = 31; "
			      "INSERT INTO session SELECT * FROM kept");
	fixture_expect_only(&fixture, 2 * SESSIONS + 2 + SESSION_NEWS_MOST, "what was before it");
}

/* A row is known by its own event alone. */
static void
row_with_the_event_of_its_neighbour_is_found(void **state)
{
	struct audit_report report;

	(void)state;
	fixture_sql(&fixture, "UPDATE session SET last_event = 18 WHERE number = 10");
	report = fixture_verify(&fixture);
	assert_int_equal(report.found, 2);
}

#define IN_OUT(test) cmocka_unit_test_setup_teardown(test, setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_OUT(row_that_is_gone_is_found_among_its_neighbours),
		IN_OUT(first_row_that_is_gone_is_found),
		IN_OUT(every_row_that_is_gone_is_found),
		IN_OUT(row_that_lies_elsewhere_is_known_all_the_same),
		IN_OUT(older_state_is_found_among_its_neighbours),
		IN_OUT(older_state_is_found_where_a_session_goes_over_an_edge),
		IN_OUT(row_with_the_event_of_its_neighbour_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
