/* policy/session_end.c: the end of sessions, and the rules that end them. */
#include "session_fixture.h"

#include "base/clock.h"
#include "slow_vfs.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void
row_tells_the_whole_story(void **state)
{
	struct issue issue = issue_ticket();
	struct session_grant grant = begin_session(&issue, 1);
	json_t *row;

	(void)state;
	clock_hold(NOON_US + 90 * SECOND_US, 1090000);
	row = end_session(&grant, 1, CLOSE_ADMIN_KILLED);
	expect_text(row, "account", "taro");
	expect_text(row, "full_id", "998-taro@example.jp");
	expect_text(row, "name", "山田 太郎");
	expect_text(row, "terminal", "pacs-01");
	expect_text(row, "state", "killed");
	expect_text(row, "reason", "ADMIN_KILLED");
	expect_text(row, "reason_code", "AB");
	expect_text(row, "by", "unix:sato");
	expect_text(row, "because", "fire drill");
	expect_text(row, "source", "10.0.0.5");
	expect_text(row, "device", "02:00:00:00:00:01");
	expect_text(row, "evidence", "neighbour");
	expect_text(row, "start", "2026-11-20T03:00:00.000000Z");
	expect_text(row, "end", "2026-11-20T03:01:30.000000Z");
	assert_int_equal(json_integer_value(json_object_get(row, "duration_seconds")), 90);
	assert_int_equal(json_integer_value(json_object_get(row, "bytes_from_client")), 100);
	assert_int_equal(json_integer_value(json_object_get(row, "bytes_to_client")), 2000);
	assert_int_equal(events_of("session.end"), 1);
	json_decref(row);
}

static void
ending_twice_changes_nothing(void **state)
{
	struct issue issue = issue_ticket();
	struct session_grant grant = begin_session(&issue, 1);
	json_t *row;

	(void)state;
	json_decref(end_session(&grant, 1, CLOSE_HOST_LEFT));
	row = end_session(&grant, 1, CLOSE_ADMIN_KILLED);
	expect_text(row, "reason", "HOST_LEFT");
	assert_int_equal(json_integer_value(json_object_get(row, "bytes_from_client")), 100);
	assert_int_equal(events_of("session.end"), 1);
	json_decref(row);
}

struct alive {
	size_t count;
	json_t *rows;
};

static int
do_alive(struct store_db *db, void *argument)
{
	static const uint8_t low[SESSION_ID_BYTES];
	uint8_t high[SESSION_ID_BYTES];
	struct alive *alive = argument;
	int r;

	memset(high, 0xff, sizeof(high));
	r = session_json_going_on(db, low, high, 9, &alive->rows);
	if (r == 0) {
		alive->count = json_array_size(alive->rows);
		json_decref(alive->rows);
	}
	return r;
}

static size_t
going_on(void)
{
	struct alive alive = {0};

	assert_int_equal(fixture_read(&fixture, do_alive, &alive), 0);
	return alive.count;
}

static int
do_end_lost(struct store_db *db, void *argument)
{
	struct end *end = argument;

	json_decref(end->row);
	end->row = NULL;
	return session_end_lost(db, &end->ending, &end->row);
}

/* Who pulls the plug has the grace time to come back in, and can be ended in it. */
static void
a_lost_session_is_ended_for_good_while_it_may_come_back(void **state)
{
	struct issue issue = issue_ticket();
	struct session_grant grant = begin_session(&issue, 1);
	struct end end = {.ending = {.reason = CLOSE_ADMIN_KILLED,
				  .phase = PHASE_CLOSED,
				  .by = "unix:sato",
				  .because = "stolen"}};

	(void)state;
	memcpy(end.ending.session, grant.session, sizeof(grant.session));
	assert_int_equal(going_on(), 1);
	assert_int_equal(fixture_write(&fixture, do_end_lost, &end), -ENOENT); /* it runs */
	json_decref(end_session(&grant, 1, CLOSE_CLIENT_LOST));
	assert_int_equal(going_on(), 1);
	assert_int_equal(fixture_write(&fixture, do_end_lost, &end), 0);
	expect_text(end.row, "state", "killed");
	expect_text(end.row, "reason", "ADMIN_KILLED");
	expect_text(end.row, "by", "unix:sato");
	expect_text(end.row, "because", "stolen");
	assert_int_equal(json_integer_value(json_object_get(end.row, "bytes_to_client")), 2000);
	assert_int_equal(going_on(), 0);
	assert_int_equal(begin_session(&issue, 2).reason, CLOSE_TICKET_USED);
	assert_int_equal(fixture_write(&fixture, do_end_lost, &end), -ENOENT);
	/* Beyond the grace time there is nothing to be ended. */
	issue = issue_ticket();
	grant = begin_session(&issue, 3);
	memcpy(end.ending.session, grant.session, sizeof(grant.session));
	json_decref(end_session(&grant, 3, CLOSE_CLIENT_LOST));
	clock_hold(NOON_US, 1000000 + 120000);
	assert_int_equal(going_on(), 0);
	assert_int_equal(fixture_write(&fixture, do_end_lost, &end), -ENOENT);
	json_decref(end.row);
}

struct running_query {
	int64_t account;
	int64_t terminal;
	struct running_verdict *verdicts;
	size_t count;
};

static int
do_running(struct store_db *db, void *argument)
{
	struct running_query *query = argument;

	return session_running_verdicts(
		db, query->account, query->terminal, &query->verdicts, &query->count);
}

static void
expect_running(const struct session_grant *grant, enum close_reason reason)
{
	struct running_query query = {0};

	assert_int_equal(fixture_read(&fixture, do_running, &query), 0);
	assert_int_equal(query.count, reason == CLOSE_NONE ? 0 : 1);
	if (reason != CLOSE_NONE) {
		assert_int_equal(query.verdicts[0].reason, reason);
		assert_memory_equal(query.verdicts[0].session, grant->session, SESSION_ID_BYTES);
	}
	free(query.verdicts);
}

/* Whoever is being cut off must not stay by coming back before it is done. */
static void
kill_of_the_older_connection_ends_the_session(void **state)
{
	struct issue issue = issue_ticket();
	struct session_grant grant = begin_session(&issue, 1);
	int64_t acts = events_of("admin");
	json_t *row;

	(void)state;
	assert_int_equal(begin_session(&issue, 2).reason, CLOSE_NONE);
	row = end_session(&grant, 1, CLOSE_ADMIN_KILLED);
	/* The act itself is written down by the method, at once. */
	assert_int_equal(events_of("admin"), acts);
	expect_text(row, "state", "killed");
	expect_text(row, "by", "unix:sato");
	json_decref(row);
	assert_int_equal(begin_session(&issue, 3).reason, CLOSE_TICKET_USED);
	assert_int_equal(events_of("session.end"), 1);
}

static void
running_rules_end_what_has_lost_its_ground(void **state)
{
	struct issue issue = issue_ticket();
	struct session_grant grant = begin_session(&issue, 1);

	(void)state;
	expect_running(&grant, CLOSE_NONE);
	change(method_account_lock, "{\"id\":\"taro\"}");
	expect_running(&grant, CLOSE_ACCOUNT_LOCKED);
	change(method_account_unlock, "{\"id\":\"taro\"}");
	change(method_terminal_edit,
		"{\"name\":\"pacs-01\",\"changes\":{\"remove_accounts\":[\"taro\"]}}");
	expect_running(&grant, CLOSE_TERMINAL_NOT_ASSIGNED);
	change(method_terminal_edit,
		"{\"name\":\"pacs-01\",\"changes\":{\"add_accounts\":[\"taro\"]}}");
	change(method_account_edit, "{\"id\":\"taro\",\"changes\":{\"macs\":[]}}");
	expect_running(&grant, CLOSE_DEVICE_REFUSED);
	change(method_account_edit,
		"{\"id\":\"taro\",\"changes\":{\"macs\":[\"02:00:00:00:00:01\"]}}");
	change(method_account_edit, "{\"id\":\"taro\",\"changes\":{\"hours\":\"13:00-14:00\"}}");
	expect_running(&grant, CLOSE_NONE);
	change(method_account_edit,
		"{\"id\":\"taro\",\"changes\":{\"valid_until\":\"2026-11-20\"}}");
	expect_running(&grant, CLOSE_NONE);
	clock_hold(NOON_US + 12 * 3600 * SECOND_US, 2000000);
	expect_running(&grant, CLOSE_ACCOUNT_EXPIRED);
	change(method_terminal_delete, "{\"name\":\"pacs-01\"}");
	change(method_account_delete, "{\"id\":\"taro\"}");
	expect_running(&grant, CLOSE_ACCOUNT_UNKNOWN);
}

static void
running_rules_can_be_asked_for_one_account_or_terminal(void **state)
{
	struct issue issue = issue_ticket();
	struct session_grant grant = begin_session(&issue, 1);
	struct running_query query = {.account = grant.account_number};

	(void)state;
	change(method_account_lock, "{\"id\":\"taro\"}");
	assert_int_equal(fixture_read(&fixture, do_running, &query), 0);
	assert_int_equal(query.count, 1);
	free(query.verdicts);
	query = (struct running_query){.terminal = grant.terminal_number};
	assert_int_equal(fixture_read(&fixture, do_running, &query), 0);
	assert_int_equal(query.count, 1);
	free(query.verdicts);
	query = (struct running_query){.account = grant.account_number + 99};
	assert_int_equal(fixture_read(&fixture, do_running, &query), 0);
	assert_int_equal(query.count, 0);
	free(query.verdicts);
}

static int
do_close_left_open(struct store_db *db, void *argument)
{
	return sessions_close_left_open(db, argument);
}

struct row_query {
	const struct session_grant *grant;
	json_t *row;
};

static int
do_row(struct store_db *db, void *argument)
{
	struct row_query *query = argument;

	return session_row(db, query->grant->session, &query->row);
}

static void
what_a_crash_left_open_ends_as_lost(void **state)
{
	struct issue issue = issue_ticket();
	struct session_grant grant = begin_session(&issue, 1);
	struct row_query query = {.grant = &grant};
	json_t *ended = NULL;

	(void)state;
	fixture_close(&fixture);
	clock_hold(NOON_US + 60 * SECOND_US, 1060000);
	fixture_start(&fixture);
	assert_int_equal(fixture_write(&fixture, do_close_left_open, &ended), 0);
	assert_int_equal(json_array_size(ended), 1);
	expect_text(json_array_get(ended, 0), "state", "lost");
	json_decref(ended);
	assert_int_equal(fixture_read(&fixture, do_row, &query), 0);
	expect_text(query.row, "state", "lost");
	expect_text(query.row, "reason", "GATEWAY_DIED");
	expect_text(query.row, "reason_code", "GX");
	expect_text(query.row, "end", "2026-11-20T03:01:00.000000Z");
	json_decref(query.row);
	assert_int_equal(fixture_write(&fixture, do_close_left_open, &ended), 0);
	assert_int_equal(json_array_size(ended), 0);
	json_decref(ended);
}

static void
session_taken_out_of_the_history_is_missed(void **state)
{
	struct issue issue = issue_ticket();

	(void)state;
	(void)begin_session(&issue, 1);
	fixture_sql(&fixture, "CREATE TABLE kept AS SELECT * FROM session; DELETE FROM session");
	assert_non_null(strstr(
		fixture_verify(&fixture).findings[0].why, "missing from the connection history"));
	fixture_sql(&fixture, "INSERT INTO session SELECT * FROM kept; DROP TABLE kept");
}

#define IN_OUT(test) cmocka_unit_test_setup_teardown(test, session_setup, session_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_OUT(row_tells_the_whole_story),
		IN_OUT(ending_twice_changes_nothing),
		IN_OUT(a_lost_session_is_ended_for_good_while_it_may_come_back),
		IN_OUT(kill_of_the_older_connection_ends_the_session),
		IN_OUT(running_rules_end_what_has_lost_its_ground),
		IN_OUT(running_rules_can_be_asked_for_one_account_or_terminal),
		IN_OUT(what_a_crash_left_open_ends_as_lost),
		IN_OUT(session_taken_out_of_the_history_is_missed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
