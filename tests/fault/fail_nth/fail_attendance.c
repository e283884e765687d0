/* Memory that runs out while the hospital lets somebody in: a number is told, kept and recorded or there is none, it opens
 * something once or is still there, and a list is whole or an error. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fail_nth.h"
#include "method_fixture.h"
#include "policy/attendance.h"
#include "policy/store/account_table.h"
#include "policy/store/sql.h"
#include "policy/store/terminal_table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HERE "192.0.2.7"
#define NUMBERS "SELECT count(*) FROM attendance"
#define SOURCES "SELECT count(*) FROM attendance_source"

static int
setup(void **state)
{
	method_setup(state);
	change(method_terminal_edit, "{\"name\":\"pacs-01\",\"changes\":{\"attended\":true}}");
	change(method_account_add, NEW_ACCOUNT("taro"));
	change(method_account_edit, "{\"id\":\"taro\",\"changes\":{\"terminals\":[\"pacs-01\"]}}");
	return 0;
}

static int
forget_all(struct store_db *db, void *unused)
{
	int r;

	(void)unused;
	r = sql_run(db, "DELETE FROM attendance", "");
	return r < 0 ? r : sql_run(db, "DELETE FROM attendance_source", "");
}

static void
a_number_is_told_kept_and_recorded_or_there_is_none(void **state)
{
	struct fail_run run;

	(void)state;
	fail_begin(&run);
	while (fail_next(&run)) {
		int64_t before = events();
		struct asking asking;
		int r;

		asking_init(&asking, method_attend_issue,
			"{\"terminal\":\"pacs-01\",\"account\":\"taro\",\"files\":true}");
		fail_arm(&run);
		r = fixture_write(&fixture, ask_work, &asking);
		fail_disarm(&run);
		assert_true(r == 0 || (run.hit && r == -ENOMEM));
		assert_int_equal(fixture_number(&fixture, NUMBERS), r == 0);
		assert_int_equal(events() - before, r == 0);
		if (r == 0) {
			assert_int_equal(json_object_size(asking.call.result), 9);
			assert_int_equal(strlen(json_string_value(
						 json_object_get(asking.call.result, "digits"))),
				ATTENDANCE_DIGITS);
			expect_event("attend.issue", "pacs-01", NULL, NULL);
		}
		asking_done(&asking);
		assert_int_equal(fixture_write(&fixture, forget_all, NULL), 0);
	}
}

static void
a_number_is_cancelled_on_the_record_or_not_at_all(void **state)
{
	struct fail_run run;

	(void)state;
	fail_begin(&run);
	while (fail_next(&run)) {
		struct asking asking;
		char params[60];
		int64_t before;
		int r;

		change(method_attend_issue, "{\"terminal\":\"pacs-01\"}");
		before = events();
		(void)snprintf(params, sizeof(params), "{\"number\":%lld}",
			(long long)fixture_number(&fixture, "SELECT max(number) FROM attendance"));
		asking_init(&asking, method_attend_cancel, params);
		fail_arm(&run);
		r = fixture_write(&fixture, ask_work, &asking);
		fail_disarm(&run);
		assert_true(r == 0 || (run.hit && r == -ENOMEM));
		assert_int_equal(fixture_number(&fixture, NUMBERS), r != 0);
		assert_int_equal(events() - before, r == 0);
		asking_done(&asking);
		assert_int_equal(fixture_write(&fixture, forget_all, NULL), 0);
	}
}

struct trial {
	int64_t account, terminal;
	const char *digits;
	enum attendance_answer answer;
	struct attendance attendance;
};

static int
redeem_work(struct store_db *db, void *argument)
{
	struct trial *trial = argument;

	return attendance_redeem(db, trial->account, trial->terminal, HERE, trial->digits,
		&trial->answer, &trial->attendance);
}

static struct trial
trial_of(const char *digits)
{
	return (struct trial){.digits = digits,
		.account = fixture_number(&fixture, "SELECT number FROM account"),
		.terminal = fixture_number(&fixture, "SELECT number FROM terminal")};
}

static void
a_number_opens_something_once_or_is_still_there(void **state)
{
	struct fail_run run;

	(void)state;
	fail_begin(&run);
	while (fail_next(&run)) {
		struct asking issuing;
		struct trial trial;
		int r;

		asking_init(&issuing, method_attend_issue, "{\"terminal\":\"pacs-01\"}");
		assert_int_equal(fixture_write(&fixture, ask_work, &issuing), 0);
		trial = trial_of(json_string_value(json_object_get(issuing.call.result, "digits")));
		fail_arm(&run);
		r = fixture_write(&fixture, redeem_work, &trial);
		fail_disarm(&run);
		assert_true(r == 0 || (run.hit && r == -ENOMEM));
		assert_int_equal(fixture_number(&fixture, NUMBERS), r != 0);
		if (r == 0)
			assert_int_equal(trial.answer, ATTENDANCE_RIGHT);
		asking_done(&issuing);
		assert_int_equal(fixture_write(&fixture, forget_all, NULL), 0);
	}
}

static void
a_wrong_try_is_counted_and_recorded_or_said_not_to_be(void **state)
{
	struct fail_run run;

	(void)state;
	fail_begin(&run);
	while (fail_next(&run)) {
		int64_t before = events();
		struct trial trial = trial_of("12345678");
		int r;

		fail_arm(&run);
		r = fixture_write(&fixture, redeem_work, &trial);
		fail_disarm(&run);
		assert_true(r == 0 || (run.hit && r == -ENOMEM));
		assert_int_equal(fixture_number(&fixture, SOURCES), r == 0);
		assert_int_equal(events() - before, r == 0);
		assert_false(trial.attendance.given);
		if (r == 0)
			assert_int_equal(trial.answer, ATTENDANCE_WRONG);
		assert_int_equal(fixture_write(&fixture, forget_all, NULL), 0);
	}
}

struct listing {
	struct method_call call;
	json_t *numbers;
};

static int
list_work(struct store_db *db, void *argument)
{
	struct listing *listing = argument;

	json_decref(listing->numbers);
	listing->numbers = json_array();
	if (listing->numbers == NULL)
		return -ENOMEM;
	return attend_numbers_json(db, &listing->call, listing->numbers);
}

static void
unused_numbers_are_all_listed_or_none(void **state)
{
	struct fail_run run;

	(void)state;
	for (int i = 0; i < 3; i++)
		change(method_attend_issue, "{\"terminal\":\"pacs-01\",\"account\":\"taro\"}");
	fail_begin(&run);
	while (fail_next(&run)) {
		struct listing listing = {.numbers = NULL};
		int r;

		fail_arm(&run);
		r = fixture_read(&fixture, list_work, &listing);
		fail_disarm(&run);
		assert_true(r == 0 || (run.hit && r == -ENOMEM));
		if (r == 0)
			assert_int_equal(json_array_size(listing.numbers), 3);
		json_decref(listing.numbers);
	}
}

struct attendant {
	int64_t account;
	int64_t *terminals;
	size_t count;
};

static int
attendant_work(struct store_db *db, void *argument)
{
	struct attendant *attendant = argument;

	free(attendant->terminals);
	attendant->terminals = NULL;
	return attendant_terminals(
		db, "unix:yamada", &attendant->account, &attendant->terminals, &attendant->count);
}

static void
an_attendants_terminals_are_all_known_or_none(void **state)
{
	struct fail_run run;

	(void)state;
	change(method_terminal_add, "{\"name\":\"ct-01\",\"address\":\"192.168.10.22\"}");
	change(method_account_add,
		"{\"id\":\"yamada\",\"family_name\":\"山田\",\"given_name\":\"花子\",\"email\":"
		"\"h@example.jp\",\"kind\":\"attendant\",\"terminals\":[\"pacs-01\",\"ct-01\"]}");
	fail_begin(&run);
	while (fail_next(&run)) {
		struct attendant attendant = {0};
		int r;

		fail_arm(&run);
		r = fixture_read(&fixture, attendant_work, &attendant);
		fail_disarm(&run);
		assert_true(r == 0 || (run.hit && r == -ENOMEM));
		if (r == 0)
			assert_int_equal(attendant.count, 2);
		/* They may have been found before the job failed. */
		free(attendant.terminals);
	}
}

#define IN_OUT(test) cmocka_unit_test_setup_teardown(test, setup, method_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_OUT(a_number_is_told_kept_and_recorded_or_there_is_none),
		IN_OUT(a_number_is_cancelled_on_the_record_or_not_at_all),
		IN_OUT(a_number_opens_something_once_or_is_still_there),
		IN_OUT(a_wrong_try_is_counted_and_recorded_or_said_not_to_be),
		IN_OUT(unused_numbers_are_all_listed_or_none),
		IN_OUT(an_attendants_terminals_are_all_known_or_none),
	};

	fail_catch_libraries();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
