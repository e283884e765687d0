/* policy/tickets.c: what a ticket is given out for. */
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
wrong_parameters_of_a_ticket_are_named(void **state)
{
	struct issue issue = {
		.request = {.actor = "unix:yamada", .account = "taro", .terminal = "pacs-01"}};

	(void)state;
	issue.request.mac = "02:00:00:00:00";
	assert_int_equal(fixture_write(&fixture, do_issue, &issue), -EINVAL);
	assert_string_equal(issue.answer.error.field, "mac");
	issue.request.mac = NULL;
	issue.request.source = "hospital";
	assert_int_equal(fixture_write(&fixture, do_issue, &issue), -EINVAL);
	assert_string_equal(issue.answer.error.field, "source");
	issue.request.source = NULL;
	issue.request.account = "ta ro";
	assert_int_equal(fixture_write(&fixture, do_issue, &issue), -EINVAL);
	assert_string_equal(issue.answer.error.field, "id");
}

static void
policy_is_asked_when_a_ticket_is_issued(void **state)
{
	struct issue issue;

	(void)state;
	change(method_account_lock, "{\"id\":\"taro\"}");
	issue = issue_with(NULL, NULL);
	assert_int_equal(issue.answer.reason, CLOSE_ACCOUNT_LOCKED);
	assert_string_equal(issue.answer.rule, "account-locked");
	assert_string_equal(issue.answer.handle, "");
	change(method_account_unlock, "{\"id\":\"taro\"}");
	issue = issue_with("02:00:00:00:00:09", NULL);
	assert_int_equal(issue.answer.reason, CLOSE_DEVICE_REFUSED);
	issue = (struct issue){
		.request = {.actor = "a", .account = "nobody", .terminal = "pacs-01"}};
	assert_int_equal(fixture_write(&fixture, do_issue, &issue), 0);
	assert_int_equal(issue.answer.reason, CLOSE_ACCOUNT_UNKNOWN);
	issue = (struct issue){.request = {.actor = "a", .account = "taro", .terminal = "none"}};
	assert_int_equal(fixture_write(&fixture, do_issue, &issue), 0);
	assert_int_equal(issue.answer.reason, CLOSE_TERMINAL_UNKNOWN);
}

#define IN_OUT(test) cmocka_unit_test_setup_teardown(test, session_setup, session_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_OUT(wrong_parameters_of_a_ticket_are_named),
		IN_OUT(policy_is_asked_when_a_ticket_is_issued),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
