/* policy/session_continue.c: back to a session by automatic reconnection. (By its ticket: session_begin_test.c.) */
#include "session_fixture.h"

#include "base/clock.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct resumption {
	struct session_resumption request;
	struct session_grant grant;
};

static int
do_resume(struct store_db *db, void *argument)
{
	struct resumption *resumption = argument;

	return session_resume(db, &resumption->request, &resumption->grant);
}

static struct session_resumption
resumption_of(const struct session_grant *grant, uint64_t connection)
{
	struct session_resumption request = {.connection = connection,
		.account = "",
		.source = "10.0.0.5",
		.device = grant->device};

	memcpy(request.session, grant->session, SESSION_ID_BYTES);
	return request;
}

static struct session_grant
resume_with(const struct session_resumption *request)
{
	struct resumption resumption = {.request = *request};

	assert_int_equal(fixture_write(&fixture, do_resume, &resumption), 0);
	session_grant_done(&resumption.grant);
	return resumption.grant;
}

static struct session_grant
resume(const struct session_grant *grant, uint64_t connection)
{
	const struct session_resumption request = resumption_of(grant, connection);

	return resume_with(&request);
}

static void
a_session_goes_on_whether_its_connection_is_known_to_be_gone_or_not(void **state)
{
	struct issue issue = issue_ticket();
	struct session_grant first = begin_session(&issue, 1), again;
	json_t *row;

	(void)state;
	again = resume(&first, 2);
	assert_int_equal(again.reason, CLOSE_NONE);
	assert_true(again.continued);
	assert_int_equal(again.older_connection, 1);
	assert_memory_equal(again.session, first.session, SESSION_ID_BYTES);
	assert_string_equal(again.account, "taro");
	assert_string_equal(again.terminal.name, "pacs-01");
	json_decref(end_session(&first, 2, CLOSE_CLIENT_LOST));
	assert_int_equal(resume(&first, 3).reason, CLOSE_NONE);
	row = end_session(&first, 3, CLOSE_CLIENT_LOGGED_OFF);
	expect_text(row, "state", "ended");
	assert_int_equal(json_integer_value(json_object_get(row, "connections")), 3);
	json_decref(row);
	assert_int_equal(events_of("session.start"), 1);
	assert_int_equal(events_of("session.continued"), 2);
	assert_int_equal(events_of("session.refused"), 0);
}

static void
what_has_ended_does_not_go_on_and_nobody_is_blamed(void **state)
{
	static const enum close_reason reasons[] = {
		CLOSE_CLIENT_LOGGED_OFF, CLOSE_ADMIN_KILLED, CLOSE_ACCOUNT_LOCKED, CLOSE_HOST_LEFT};
	struct issue issue = issue_ticket();
	struct session_grant grant = begin_session(&issue, 1), nobody = {0};

	(void)state;
	json_decref(end_session(&grant, 1, CLOSE_CLIENT_LOST));
	clock_hold(NOON_US, 1000000 + 120000);
	assert_int_equal(resume(&grant, 2).reason, CLOSE_TICKET_USED);
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		issue = issue_ticket();
		grant = begin_session(&issue, 1);
		json_decref(end_session(&grant, 1, reasons[i]));
		assert_int_equal(resume(&grant, 2).reason, CLOSE_TICKET_USED);
	}
	assert_int_equal(resume(&nobody, 2).reason, CLOSE_TICKET_USED);
	assert_int_equal(events_of("session.refused"), 0);
}

static void
another_source_is_refused_and_recorded(void **state)
{
	struct issue issue = issue_ticket();
	struct session_grant grant = begin_session(&issue, 1);
	struct session_resumption request = resumption_of(&grant, 2);

	(void)state;
	request.source = "10.0.0.6";
	assert_int_equal(resume_with(&request).reason, CLOSE_RESUME_SOURCE);
	assert_int_equal(events_of("session.refused"), 1);
	/* IPv4 by way of an IPv6 socket is the same one. */
	request.source = "::ffff:10.0.0.5";
	assert_int_equal(resume_with(&request).reason, CLOSE_NONE);
}

static void
who_says_to_be_another_account_is_refused_and_recorded(void **state)
{
	struct issue issue = issue_ticket();
	struct session_grant grant = begin_session(&issue, 1);
	struct session_resumption request = resumption_of(&grant, 2);

	(void)state;
	change(method_account_add,
		"{\"id\":\"jiro\",\"family_name\":\"山田\",\"given_name\":\"次郎\","
		"\"email\":\"jiro@example.jp\"}");
	request.account = "JIRO";
	assert_int_equal(resume_with(&request).reason, CLOSE_RESUME_WRONG);
	request.account = "998-jiro@example.jp";
	assert_int_equal(resume_with(&request).reason, CLOSE_RESUME_WRONG);
	assert_int_equal(events_of("session.refused"), 2);
	/* Nobody's name, or its own. */
	request.account = "Administrator";
	assert_int_equal(resume_with(&request).reason, CLOSE_NONE);
	request.account = "not an account";
	assert_int_equal(resume_with(&request).reason, CLOSE_NONE);
	request.account = "998-taro@example.jp";
	assert_int_equal(resume_with(&request).reason, CLOSE_NONE);
}

static void
rules_and_device_are_asked_anew(void **state)
{
	struct issue issue = issue_ticket();
	struct session_grant grant = begin_session(&issue, 1);
	struct session_resumption request = resumption_of(&grant, 2);

	(void)state;
	change(method_account_edit, "{\"id\":\"taro\",\"changes\":{\"macs\":[\"02:00:00:00:00:01\","
				    "\"02:00:00:00:00:02\"]}}");
	request.device.mac.octets[5] = 2;
	assert_int_equal(resume_with(&request).reason, CLOSE_DEVICE_REFUSED);
	request = resumption_of(&grant, 2);
	request.device.known = false;
	assert_int_equal(resume_with(&request).reason, CLOSE_DEVICE_UNKNOWN);
	change(method_account_lock, "{\"id\":\"taro\",\"because\":\"test\"}");
	request = resumption_of(&grant, 2);
	assert_int_equal(resume_with(&request).reason, CLOSE_ACCOUNT_LOCKED);
	assert_int_equal(events_of("session.refused"), 0);
}

/* As for its ticket: nothing else tells which device it is. */
static void
what_was_vouched_for_is_vouched_for_still_where_the_listener_takes_it(void **state)
{
	struct issue issue = issue_with("02:00:00:00:00:01", NULL);
	struct begin begin = begin_request(&issue, 1);
	struct session_resumption request;
	struct session_grant grant;

	(void)state;
	begin.request.device.known = false;
	begin.request.vouched_accepted = true;
	grant = begin_with(&begin);
	assert_int_equal(grant.reason, CLOSE_NONE);
	request = resumption_of(&grant, 2);
	request.device = (struct device_evidence){0};
	assert_int_equal(resume_with(&request).reason, CLOSE_DEVICE_UNKNOWN);
	request.vouched_accepted = true;
	assert_int_equal(resume_with(&request).reason, CLOSE_NONE);
}

#define IN_OUT(name) cmocka_unit_test_setup_teardown(name, session_setup, session_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_OUT(a_session_goes_on_whether_its_connection_is_known_to_be_gone_or_not),
		IN_OUT(what_has_ended_does_not_go_on_and_nobody_is_blamed),
		IN_OUT(another_source_is_refused_and_recorded),
		IN_OUT(who_says_to_be_another_account_is_refused_and_recorded),
		IN_OUT(rules_and_device_are_asked_anew),
		IN_OUT(what_was_vouched_for_is_vouched_for_still_where_the_listener_takes_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
