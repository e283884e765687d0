/* Memory that runs out where sessions are kept out or ended: a window is kept whole or not at all and shown whole or not at all; a session
 * that must end is never said to go on; whose place is taken is the right one; a full terminal stays full. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fail_nth.h"
#include "policy/session_outlook.h"
#include "policy/store/sql.h"
#include "policy/take_over.h"
#include "session_fixture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW_PARAMS                                                                             \
	"{\"terminal\":\"pacs-01\",\"kind\":\"restart\",\"days\":[\"daily\"],\"from\":\"04:00\"," \
	"\"until\":\"04:30\",\"text\":\"毎日の再起動\"}"

static struct session_grant held;

/* taro holds the one place of pacs-01; hanako may take it. */
static int
setup(void **state)
{
	struct issue issue;

	session_setup(state);
	change(method_terminal_edit,
		"{\"name\":\"pacs-01\",\"changes\":{\"capacity\":1,\"take_over\":true,"
		"\"idle\":\"30min\",\"longest\":\"8h\"}}");
	change(method_account_add,
		"{\"id\":\"hanako\",\"family_name\":\"a\",\"given_name\":\"b\",\"email\":\"c@d\","
		"\"macs\":[\"02:00:00:00:00:01\"],\"terminals\":[\"pacs-01\"],"
		"\"priorities\":{\"pacs-01\":5}}");
	issue = issue_ticket();
	held = begin_session(&issue, 1);
	return 0;
}

static int64_t
windows(void)
{
	return fixture_number(&fixture, "SELECT count(*) FROM terminal_window");
}

static int
ask_armed(struct fail_run *run, method_function *method, const char *params, struct asking *asking)
{
	int r;

	asking_init(asking, method, params);
	fail_arm(run);
	r = fixture_write(&fixture, ask_work, asking);
	fail_disarm(run);
	assert_true(r == 0 || (run->hit && r == -ENOMEM));
	return r;
}

static void
expect_daily(const json_t *window)
{
	assert_int_equal(json_array_size(json_object_get(window, "days")), 7);
	assert_string_equal(json_string_value(json_object_get(window, "from")), "04:00");
	assert_string_equal(json_string_value(json_object_get(window, "text")), "毎日の再起動");
}

static void
a_window_is_kept_whole_or_not_at_all(void **state)
{
	struct fail_run run;

	(void)state;
	fail_begin(&run);
	while (fail_next(&run)) {
		int64_t before = events();
		struct asking asking;
		int r = ask_armed(&run, method_window_add, WINDOW_PARAMS, &asking);

		assert_int_equal(windows(), r == 0 ? 1 : 0);
		assert_int_equal(events() - before, r == 0 ? 1 : 0);
		if (r == 0) {
			json_t *event = newest_event();
			char params[40];

			expect_daily(asking.call.result);
			assert_non_null(event);
			expect_daily(json_object_get(event, "after"));
			json_decref(event);
			snprintf(params, sizeof(params), "{\"number\":%lld}",
				(long long)json_integer_value(
					json_object_get(asking.call.result, "number")));
			change(method_window_delete, params);
		}
		asking_done(&asking);
	}
}

static void
windows_are_shown_whole_or_not_at_all(void **state)
{
	static const struct {
		method_function *method;
		const char *params;
	} shows[] = {
		{method_window_list, "{}"},
		{method_terminal_show, "{\"name\":\"pacs-01\"}"},
	};

	(void)state;
	change(method_window_add, WINDOW_PARAMS);
	for (size_t i = 0; i < 2; i++) {
		struct fail_run run;

		fail_begin(&run);
		while (fail_next(&run)) {
			struct asking asking;

			if (ask_armed(&run, shows[i].method, shows[i].params, &asking) == 0) {
				json_t *list = json_object_get(asking.call.result, "windows");

				assert_int_equal(json_array_size(list), 1);
				expect_daily(json_array_get(list, 0));
			}
			asking_done(&asking);
		}
	}
}

struct verdicts {
	struct running_verdict *list;
	size_t count;
};

static int
do_verdicts(struct store_db *db, void *argument)
{
	struct verdicts *verdicts = argument;

	free(verdicts->list); /* of a run before */
	*verdicts = (struct verdicts){0};
	return session_running_verdicts(db, 0, 0, &verdicts->list, &verdicts->count);
}

static void
a_window_that_has_begun_ends_who_is_in(void **state)
{
	struct fail_run run;

	(void)state;
	change(method_window_add, "{\"terminal\":\"pacs-01\",\"from\":\"2026-11-20 11:00\","
				  "\"until\":\"2026-11-20 13:00\"}");
	fail_begin(&run);
	while (fail_next(&run)) {
		struct verdicts verdicts = {0};
		int r;

		fail_arm(&run);
		r = fixture_read(&fixture, do_verdicts, &verdicts);
		fail_disarm(&run);
		assert_true(r == 0 || (run.hit && r == -ENOMEM));
		if (r == 0) {
			assert_int_equal(verdicts.count, 1);
			assert_int_equal(verdicts.list[0].reason, CLOSE_TERMINAL_WINDOW);
		}
		free(verdicts.list);
	}
}

static int
do_now(struct store_db *db, void *argument)
{
	return session_outlooks_now(db, argument, 1);
}

static int
do_ahead(struct store_db *db, void *argument)
{
	return session_outlooks(db, argument, 1);
}

static void
who_is_idle_is_never_said_to_go_on(void **state)
{
	fixture_work *const works[] = {do_now, do_ahead};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct fail_run run;

		fail_begin(&run);
		while (fail_next(&run)) {
			struct session_outlook outlook = {
				.idle_since_us = NOON_US - 31 * 60 * SECOND_US};
			int r;

			memcpy(outlook.session, held.session, SESSION_ID_BYTES);
			fail_arm(&run);
			r = fixture_read(&fixture, works[i], &outlook);
			fail_disarm(&run);
			assert_true(r == 0 || (run.hit && r == -ENOMEM));
			if (r == 0) {
				assert_int_equal(outlook.reason, CLOSE_IDLE);
				assert_string_equal(outlook.rule, "idle");
			}
		}
	}
}

struct asked {
	const char *id;
	struct take_over view;
};

static int
do_look(struct store_db *db, void *argument)
{
	struct asked *asked = argument;
	const struct device_evidence device = {.known = true, .mac = {{2, 0, 0, 0, 0, 1}}};
	int64_t account = 0, terminal = 0;
	int r;

	r = sql_number(db, &account, "SELECT number FROM account WHERE id = ?", "t", asked->id);
	if (r >= 0)
		r = sql_number(
			db, &terminal, "SELECT number FROM terminal WHERE name = 'pacs-01'", "");
	return r < 0 ? r : take_over_look(db, account, terminal, &device, &asked->view);
}

static void
whose_place_is_taken_is_the_right_one(void **state)
{
	static const struct {
		const char *id;
		bool possible;
	} who[] = {{"hanako", true}, {"taro", false}};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct fail_run run;

		fail_begin(&run);
		while (fail_next(&run)) {
			struct asked asked = {.id = who[i].id};
			int r;

			fail_arm(&run);
			r = fixture_read(&fixture, do_look, &asked);
			fail_disarm(&run);
			assert_true(r == 0 || (run.hit && r == -ENOMEM));
			if (r < 0)
				continue;
			assert_int_equal(asked.view.reason, CLOSE_TERMINAL_FULL);
			assert_int_equal(asked.view.possible, who[i].possible);
			if (who[i].possible)
				assert_memory_equal(
					asked.view.session, held.session, SESSION_ID_BYTES);
		}
	}
}

static void
set_capacity(int capacity)
{
	char params[80];

	snprintf(params, sizeof(params), "{\"name\":\"pacs-01\",\"changes\":{\"capacity\":%d}}",
		capacity);
	change(method_terminal_edit, params);
}

/* hanako's ticket, of a time when there was a place. */
static struct issue
issue_before(void)
{
	struct issue issue = {
		.request = {.actor = "unix:yamada", .account = "hanako", .terminal = "pacs-01"}};

	set_capacity(2);
	assert_int_equal(fixture_write(&fixture, do_issue, &issue), 0);
	assert_int_equal(issue.answer.reason, CLOSE_NONE);
	set_capacity(1);
	return issue;
}

static void
a_full_terminal_stays_full(void **state)
{
	struct fail_run run;

	(void)state;
	fail_begin(&run);
	while (fail_next(&run)) {
		struct issue issue = issue_before();
		struct begin begin = begin_request(&issue, 2);
		int r;

		fail_arm(&run);
		r = fixture_write(&fixture, do_begin, &begin);
		fail_disarm(&run);
		assert_true(r == 0 || (run.hit && r == -ENOMEM));
		if (r == 0)
			assert_int_equal(begin.grant.reason, CLOSE_TERMINAL_FULL);
		assert_int_equal(fixture_number(&fixture,
					 "SELECT count(*) FROM session WHERE state = 'active'"),
			1);
		session_grant_done(&begin.grant);
	}
}

#define IN_OUT(test) cmocka_unit_test_setup_teardown(test, setup, session_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_OUT(a_window_is_kept_whole_or_not_at_all),
		IN_OUT(windows_are_shown_whole_or_not_at_all),
		IN_OUT(a_window_that_has_begun_ends_who_is_in),
		IN_OUT(who_is_idle_is_never_said_to_go_on),
		IN_OUT(whose_place_is_taken_is_the_right_one),
		IN_OUT(a_full_terminal_stays_full),
	};

	fail_catch_libraries();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
