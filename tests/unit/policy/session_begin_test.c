/* policy/session_begin.c: from a ticket to a session. */
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
ticket_opens_one_session_with_everything_the_worker_needs(void **state)
{
	struct issue issue = issue_ticket();
	struct begin begin = begin_request(&issue, 1);

	(void)state;
	assert_int_equal(issue.answer.handle[0], '+');
	assert_int_equal(strlen(issue.answer.secret), TICKET_SECRET_SIZE - 1);
	assert_int_equal(issue.answer.expires_us, NOON_US + 60 * SECOND_US);
	assert_string_equal(issue.answer.account_full, "998-taro@example.jp");
	assert_int_equal(fixture_write(&fixture, do_begin, &begin), 0);
	assert_int_equal(begin.grant.reason, CLOSE_NONE);
	assert_false(begin.grant.continued);
	assert_string_equal(begin.grant.account, "taro");
	assert_string_equal(begin.grant.account_name, "山田 太郎");
	assert_string_equal(begin.grant.terminal.name, "pacs-01");
	assert_string_equal(begin.grant.terminal.address, "192.168.10.21");
	assert_int_equal(begin.grant.terminal.port, 3389);
	assert_int_equal(begin.grant.terminal.trust, TERMINAL_TRUST_PIN);
	assert_int_equal(begin.grant.terminal.pin[31], 31);
	assert_int_equal(begin.grant.terminal.rights, issue.answer.rights);
	assert_int_equal(events_of("session.start"), 1);
	session_grant_done(&begin.grant);
}

static void
handle_without_its_secret_redeems_and_burns_nothing(void **state)
{
	struct issue issue = issue_ticket();
	struct begin begin = begin_request(&issue, 1);
	static const char *const secrets[] = {
		NULL, "", "x", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"};

	(void)state;
	for (size_t i = 0; i < 8; i++) {
		begin.request.secret = secrets[i % 4];
		assert_int_equal(begin_with(&begin).reason, CLOSE_TICKET_SECRET);
	}
	/* Guessing fills no log. */
	assert_int_equal(events_of("session.refused"), 5);
	assert_int_equal(begin_session(&issue, 2).reason, CLOSE_NONE);
}

static void
unknown_handles_are_refused_without_a_trace_in_the_log(void **state)
{
	struct issue issue = issue_ticket();
	struct begin begin = begin_request(&issue, 1);
	static const char *const handles[] = {
		NULL, "", "+", "+0000000000000000", "'; DROP TABLE ticket; --"};

	(void)state;
	for (size_t i = 0; i < sizeof(handles) / sizeof(handles[0]); i++) {
		begin.request.handle = handles[i];
		assert_int_equal(begin_with(&begin).reason, CLOSE_NO_TICKET);
	}
	assert_int_equal(events_of("session.refused"), 0);
}

static void
ticket_dies_after_60_seconds_of_boot_time(void **state)
{
	struct issue first = issue_ticket(), second = issue_ticket();

	(void)state;
	/* The wall clock may say what it likes. */
	clock_hold(NOON_US - 3600 * SECOND_US, 1000000 + 59999);
	assert_int_equal(begin_session(&first, 1).reason, CLOSE_NONE);
	clock_hold(NOON_US, 1000000 + 60000);
	assert_int_equal(begin_session(&second, 2).reason, CLOSE_TICKET_EXPIRED);
}

static void
ticket_does_not_survive_a_restart_of_the_machine(void **state)
{
	struct issue issue = issue_ticket();

	(void)state;
	fixture_close(&fixture);
	fixture.boot_id = "boot-2";
	clock_hold(NOON_US + SECOND_US, 1000000);
	fixture_start(&fixture);
	assert_int_equal(begin_session(&issue, 1).reason, CLOSE_TICKET_EXPIRED);
}

static void
ticket_bound_to_a_source_opens_from_there_only(void **state)
{
	struct issue issue = issue_with(NULL, "::ffff:10.0.0.5");
	struct issue stolen = issue_with(NULL, "10.0.0.6");
	struct begin begin = begin_request(&stolen, 3);

	(void)state;
	assert_int_equal(begin_session(&issue, 1).reason, CLOSE_NONE);
	assert_int_equal(begin_session(&stolen, 2).reason, CLOSE_TICKET_SOURCE);
	begin.request.source = "10.0.0.6";
	assert_int_equal(begin_with(&begin).reason, CLOSE_NONE);
}

static void
expect_refused_at_redemption(method_function *method, const char *params, enum close_reason reason)
{
	struct issue issue = issue_ticket();

	change(method, params);
	assert_int_equal(begin_session(&issue, 1).reason, reason);
	/* Burnt, whatever the verdict was. */
	assert_int_equal(begin_session(&issue, 1).reason, CLOSE_TICKET_USED);
}

static void
policy_is_asked_again_when_it_is_redeemed(void **state)
{
	(void)state;
	expect_refused_at_redemption(method_account_edit,
		"{\"id\":\"taro\",\"changes\":{\"hours\":\"13:00-14:00\"}}", CLOSE_OUTSIDE_HOURS);
	change(method_account_edit, "{\"id\":\"taro\",\"changes\":{\"hours\":\"always\"}}");
	expect_refused_at_redemption(method_terminal_edit,
		"{\"name\":\"pacs-01\",\"changes\":{\"in_service\":false}}",
		CLOSE_TERMINAL_OUT_OF_SERVICE);
	change(method_terminal_edit, "{\"name\":\"pacs-01\",\"changes\":{\"in_service\":true}}");
	/* There is no auditor's key. */
	expect_refused_at_redemption(method_terminal_edit,
		"{\"name\":\"pacs-01\",\"changes\":{\"recording\":\"required\"}}",
		CLOSE_RECORDING_NO_KEYS);
	change(method_terminal_edit,
		"{\"name\":\"pacs-01\",\"changes\":{\"recording\":\"best-effort\"}}");
	expect_refused_at_redemption(method_terminal_edit,
		"{\"name\":\"pacs-01\",\"changes\":{\"four_eyes\":true}}", CLOSE_RECORDING_NO_KEYS);
	change(method_terminal_edit, "{\"name\":\"pacs-01\",\"changes\":{\"recording\":\"off\"}}");
	expect_refused_at_redemption(method_account_edit,
		"{\"id\":\"taro\",\"changes\":{\"terminals\":[]}}", CLOSE_TERMINAL_NOT_ASSIGNED);
	change(method_account_edit, "{\"id\":\"taro\",\"changes\":{\"terminals\":[\"pacs-01\"]}}");
	expect_refused_at_redemption(
		method_account_delete, "{\"id\":\"taro\"}", CLOSE_ACCOUNT_UNKNOWN);
	assert_int_equal(events_of("session.refused"), 12);
	assert_int_equal(events_of("session.start"), 0);
}

static void
namesake_of_a_deleted_account_does_not_inherit_its_ticket(void **state)
{
	struct issue issue = issue_ticket();

	(void)state;
	change(method_account_delete, "{\"id\":\"taro\"}");
	change(method_account_add, "{\"id\":\"taro\",\"family_name\":\"別\",\"given_name\":\"人\","
				   "\"email\":\"x@example.jp\","
				   "\"macs\":[\"02:00:00:00:00:01\"],\"terminals\":[\"pacs-01\"]}");
	assert_int_equal(begin_session(&issue, 1).reason, CLOSE_ACCOUNT_UNKNOWN);
}

static void
device_needs_evidence_and_a_place_on_the_list(void **state)
{
	struct issue issue = issue_ticket();
	struct begin begin = begin_request(&issue, 1);

	(void)state;
	begin.request.device.known = false;
	assert_int_equal(begin_with(&begin).reason, CLOSE_DEVICE_UNKNOWN);
	issue = issue_ticket();
	begin = begin_request(&issue, 2);
	begin.request.device.mac.octets[5] = 9;
	assert_int_equal(begin_with(&begin).reason, CLOSE_DEVICE_REFUSED);
}

static void
vouched_address_counts_only_where_the_listener_takes_it(void **state)
{
	struct issue issue = issue_with("02:00:00:00:00:01", NULL);
	struct begin begin = begin_request(&issue, 1);
	struct session_grant grant;

	(void)state;
	begin.request.device.known = false;
	assert_int_equal(begin_with(&begin).reason, CLOSE_DEVICE_UNKNOWN);
	issue = issue_with("02:00:00:00:00:01", NULL);
	begin = begin_request(&issue, 1);
	begin.request.device.known = false;
	begin.request.vouched_accepted = true;
	grant = begin_with(&begin);
	assert_int_equal(grant.reason, CLOSE_NONE);
	assert_string_equal(grant.device.kind, "vouched");
}

static void
allowlist_off_is_marked_in_the_log(void **state)
{
	struct issue issue;
	struct begin begin;
	struct session_grant grant;
	json_t *row;

	(void)state;
	change(method_account_edit,
		"{\"id\":\"taro\",\"changes\":{\"allowlist\":\"off\"},\"because\":\"new laptop\"}");
	issue = issue_ticket();
	begin = begin_request(&issue, 1);
	begin.request.device.known = false;
	grant = begin_with(&begin);
	assert_int_equal(grant.reason, CLOSE_NONE);
	assert_true(grant.allowlist_off);
	row = end_session(&grant, 1, CLOSE_HOST_LEFT);
	expect_text(row, "allowlist", "off");
	expect_text(row, "device", NULL);
	expect_text(row, "evidence", "none");
	json_decref(row);
}

static void
active_session_is_continued_by_its_own_ticket(void **state)
{
	struct issue issue = issue_ticket();
	struct session_grant first = begin_session(&issue, 1), second;
	json_t *row;

	(void)state;
	clock_hold(NOON_US + 3600 * SECOND_US, 1000000 + 3600000);
	second = begin_session(&issue, 2);
	assert_int_equal(second.reason, CLOSE_NONE);
	assert_true(second.continued);
	assert_int_equal(second.older_connection, 1);
	assert_memory_equal(second.session, first.session, SESSION_ID_BYTES);
	/* The older connection ends as it will: the session goes on. */
	row = end_session(&first, 1, CLOSE_CLIENT_LOST);
	expect_text(row, "state", "active");
	json_decref(row);
	row = end_session(&first, 2, CLOSE_CLIENT_LOGGED_OFF);
	expect_text(row, "state", "ended");
	assert_int_equal(json_integer_value(json_object_get(row, "bytes_to_client")), 4000);
	assert_int_equal(json_integer_value(json_object_get(row, "connections")), 2);
	json_decref(row);
	assert_int_equal(events_of("session.start"), 1);
	assert_int_equal(events_of("session.continued"), 1);
	assert_int_equal(events_of("session.end"), 1);
}

static void
lost_session_is_continued_within_the_grace_time_only(void **state)
{
	struct issue issue = issue_ticket();
	struct session_grant grant = begin_session(&issue, 1);

	(void)state;
	json_decref(end_session(&grant, 1, CLOSE_CLIENT_LOST));
	clock_hold(NOON_US, 1000000 + 119999);
	assert_int_equal(begin_session(&issue, 2).reason, CLOSE_NONE);
	json_decref(end_session(&grant, 2, CLOSE_CLIENT_LOST));
	clock_hold(NOON_US, 1000000 + 119999 + 120000);
	assert_int_equal(begin_session(&issue, 3).reason, CLOSE_TICKET_USED);
}

static void
ended_and_killed_sessions_are_not_continued(void **state)
{
	static const enum close_reason reasons[] = {
		CLOSE_CLIENT_LOGGED_OFF, CLOSE_ADMIN_KILLED, CLOSE_ACCOUNT_LOCKED, CLOSE_HOST_LEFT};

	(void)state;
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		struct issue issue = issue_ticket();
		struct session_grant grant = begin_session(&issue, 1);

		json_decref(end_session(&grant, 1, reasons[i]));
		assert_int_equal(begin_session(&issue, 2).reason, CLOSE_TICKET_USED);
	}
}

static void
only_the_same_source_and_device_continue(void **state)
{
	struct issue issue = issue_ticket();
	struct begin begin = begin_request(&issue, 2);

	(void)state;
	change(method_account_edit, "{\"id\":\"taro\",\"changes\":{\"macs\":[\"02:00:00:00:00:01\","
				    "\"02:00:00:00:00:02\"]}}");
	(void)begin_session(&issue, 1);
	begin.request.source = "10.0.0.6";
	assert_int_equal(begin_with(&begin).reason, CLOSE_TICKET_SOURCE);
	begin = begin_request(&issue, 2);
	begin.request.device.mac.octets[5] = 2;
	assert_int_equal(begin_with(&begin).reason, CLOSE_DEVICE_REFUSED);
	begin = begin_request(&issue, 2);
	begin.request.device.known = false;
	assert_int_equal(begin_with(&begin).reason, CLOSE_DEVICE_UNKNOWN);
	begin = begin_request(&issue, 2);
	assert_int_equal(begin_with(&begin).reason, CLOSE_NONE);
}

static void
terminal_takes_as_many_sessions_as_it_may(void **state)
{
	struct issue first = issue_ticket(), second = issue_ticket(), third;
	struct session_grant grant;

	(void)state;
	change(method_terminal_edit, "{\"name\":\"pacs-01\",\"changes\":{\"capacity\":1}}");
	grant = begin_session(&first, 1);
	assert_int_equal(grant.reason, CLOSE_NONE);
	assert_int_equal(begin_session(&second, 2).reason, CLOSE_TERMINAL_FULL);
	/* Whoever is in may come back. */
	assert_int_equal(begin_session(&first, 3).reason, CLOSE_NONE);
	json_decref(end_session(&grant, 3, CLOSE_CLIENT_LOGGED_OFF));
	third = issue_ticket();
	grant = begin_session(&third, 4);
	assert_int_equal(grant.reason, CLOSE_NONE);
	/* Whoever was lost may find the place taken. */
	json_decref(end_session(&grant, 4, CLOSE_CLIENT_LOST));
	second = issue_ticket();
	grant = begin_session(&second, 5);
	assert_int_equal(grant.reason, CLOSE_NONE);
	assert_int_equal(begin_session(&third, 6).reason, CLOSE_TERMINAL_FULL);
	json_decref(end_session(&grant, 5, CLOSE_CLIENT_LOGGED_OFF));
	assert_int_equal(begin_session(&third, 7).reason, CLOSE_NONE);
}

static void
account_has_as_many_sessions_as_it_may(void **state)
{
	struct issue first = issue_ticket(), second = issue_ticket(), third;
	struct session_grant grant;

	(void)state;
	change(method_account_edit, "{\"id\":\"taro\",\"changes\":{\"max_sessions\":1}}");
	grant = begin_session(&first, 1);
	assert_int_equal(grant.reason, CLOSE_NONE);
	assert_int_equal(begin_session(&second, 2).reason, CLOSE_ACCOUNT_FULL);
	/* Whoever is in may come back, and does not count twice. */
	assert_int_equal(begin_session(&first, 3).reason, CLOSE_NONE);
	json_decref(end_session(&grant, 3, CLOSE_CLIENT_LOST));
	third = issue_ticket();
	grant = begin_session(&third, 4);
	assert_int_equal(grant.reason, CLOSE_NONE);
	assert_int_equal(begin_session(&first, 5).reason, CLOSE_ACCOUNT_FULL);
	json_decref(end_session(&grant, 4, CLOSE_CLIENT_LOGGED_OFF));
	assert_int_equal(begin_session(&first, 6).reason, CLOSE_NONE);
}

static int
begin_then_fail(struct store_db *db, void *argument)
{
	struct begin *begin = argument;
	int r = session_begin(db, &begin->request, &begin->grant);

	session_grant_done(&begin->grant);
	return r < 0 ? r : -EPERM;
}

static void
verdict_ticket_and_start_are_kept_together_or_not_at_all(void **state)
{
	struct issue issue = issue_ticket();
	struct begin begin = begin_request(&issue, 1);

	(void)state;
	assert_int_equal(fixture_write(&fixture, begin_then_fail, &begin), -EPERM);
	assert_int_equal(events_of("session.start"), 0);
	assert_int_equal(begin_session(&issue, 2).reason, CLOSE_NONE);
}

static void
full_disk_begins_no_session(void **state)
{
	struct issue issue = issue_ticket();
	struct begin begin = begin_request(&issue, 1);
	int r;

	(void)state;
	for (int at = 0; at < 3; at++) {
		slow_vfs.writes_left = at;
		r = fixture_write(&fixture, do_begin, &begin);
		slow_vfs.writes_left = -1;
		session_grant_done(&begin.grant);
		assert_int_equal(r, -ENOSPC);
		assert_int_equal(events_of("session.start"), 0);
	}
	assert_int_equal(begin_session(&issue, 2).reason, CLOSE_NONE);
}

#define IN_OUT(test) cmocka_unit_test_setup_teardown(test, session_setup, session_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_OUT(ticket_opens_one_session_with_everything_the_worker_needs),
		IN_OUT(handle_without_its_secret_redeems_and_burns_nothing),
		IN_OUT(unknown_handles_are_refused_without_a_trace_in_the_log),
		IN_OUT(ticket_dies_after_60_seconds_of_boot_time),
		IN_OUT(ticket_does_not_survive_a_restart_of_the_machine),
		IN_OUT(ticket_bound_to_a_source_opens_from_there_only),
		IN_OUT(policy_is_asked_again_when_it_is_redeemed),
		IN_OUT(namesake_of_a_deleted_account_does_not_inherit_its_ticket),
		IN_OUT(device_needs_evidence_and_a_place_on_the_list),
		IN_OUT(vouched_address_counts_only_where_the_listener_takes_it),
		IN_OUT(allowlist_off_is_marked_in_the_log),
		IN_OUT(active_session_is_continued_by_its_own_ticket),
		IN_OUT(lost_session_is_continued_within_the_grace_time_only),
		IN_OUT(ended_and_killed_sessions_are_not_continued),
		IN_OUT(only_the_same_source_and_device_continue),
		IN_OUT(terminal_takes_as_many_sessions_as_it_may),
		IN_OUT(account_has_as_many_sessions_as_it_may),
		IN_OUT(verdict_ticket_and_start_are_kept_together_or_not_at_all),
		IN_OUT(full_disk_begins_no_session),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
