/* policy/attendance.c, attendance_digits.c, attendant.c, methods_attend.c */
#include "policy/attendance.h"

#include "base/clock.h"
#include "method_fixture.h"
#include "policy/attendance_digits.h"
#include "policy/store/account_table.h"
#include "policy/store/terminal_table.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BOOTED_MS 1000000
#define HERE "192.0.2.7"

/* pacs-01 is attended, ct-01 as well, mri-01 is not; taro and jiro may use the first two. */
static int
attended_setup(void **state)
{
	method_setup(state);
	clock_hold(NOON_US, BOOTED_MS);
	change(method_terminal_edit, "{\"name\":\"pacs-01\",\"changes\":{\"attended\":true}}");
	change(method_terminal_add,
		"{\"name\":\"ct-01\",\"address\":\"192.168.10.22\",\"attended\":true}");
	change(method_terminal_add, "{\"name\":\"mri-01\",\"address\":\"192.168.10.23\"}");
	change(method_account_add, NEW_ACCOUNT("taro"));
	change(method_account_add, NEW_ACCOUNT("jiro"));
	change(method_account_add, NEW_ACCOUNT("saburo"));
	change(method_account_edit,
		"{\"id\":\"taro\",\"changes\":{\"terminals\":[\"pacs-01\",\"ct-01\",\"mri-01\"]}}");
	change(method_account_edit,
		"{\"id\":\"jiro\",\"changes\":{\"terminals\":[\"pacs-01\",\"ct-01\"]}}");
	return 0;
}

struct trial {
	const char *account, *terminal, *source, *digits;
	enum attendance_answer answer;
	struct attendance attendance;
};

static int
redeem_work(struct store_db *db, void *argument)
{
	struct trial *trial = argument;
	struct account account;
	struct terminal terminal;
	int r;

	r = account_find(db, trial->account, &account);
	if (r < 0)
		return r;
	r = terminal_find(db, trial->terminal, &terminal);
	if (r < 0)
		return r;
	terminal_done(&terminal);
	return attendance_redeem(db, account.number, terminal.number, trial->source, trial->digits,
		&trial->answer, &trial->attendance);
}

static struct trial
redeem(const char *account, const char *terminal, const char *source, const char *digits)
{
	struct trial trial = {account, terminal, source, digits};

	assert_int_equal(fixture_write(&fixture, redeem_work, &trial), 0);
	assert_int_equal(trial.attendance.given, trial.answer == ATTENDANCE_RIGHT);
	return trial;
}

static void
expect_answer(enum attendance_answer answer, const char *account, const char *terminal,
	const char *source, const char *digits)
{
	assert_int_equal(redeem(account, terminal, source, digits).answer, answer);
}

/* Issues a number; the digits are kept in one of a few buffers in turn. */
static const char *
issue(const char *params)
{
	static char digits[16][ATTENDANCE_DIGITS + 1];
	static unsigned next;
	char *text = digits[next++ % 16];

	expect_ok(method_attend_issue, params);
	snprintf(text, ATTENDANCE_DIGITS + 1, "%s", answer_text("digits"));
	assert_int_equal(strspn(text, "0123456789"), ATTENDANCE_DIGITS);
	return text;
}

/* Digits that are not these. */
static const char *
other_than(const char *digits)
{
	static char other[ATTENDANCE_DIGITS + 1];

	memcpy(other, digits, sizeof(other));
	other[0] = digits[0] == '9' ? '0' : (char)(digits[0] + 1);
	return other;
}

static int64_t
numbers_left(void)
{
	return fixture_number(&fixture, "SELECT count(*) FROM attendance");
}

static void
digits_are_read_as_people_type_them(void **state)
{
	static const char *const right[] = {"12345678", "1234 5678", " 1234-5678 ",
		"1 2 3 4 5 6 7 8", "１２３４　５６７８", "1234－5678", "1234ー5678", "1234–5678"};
	static const char *const wrong[] = {"", "1234567", "123456789", "1234567a", "1234/5678",
		"1234567\xef", "1234567\xef\xbc", "１２３４５６７ａ", "+12345678", "--------",
		"1234567８９"};
	char digits[ATTENDANCE_DIGITS + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
		assert_true(attendance_digits_read(right[i], digits));
		assert_string_equal(digits, "12345678");
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(attendance_digits_read(wrong[i], digits));
}

static void
a_number_lets_one_engineer_in_once(void **state)
{
	const char *digits;
	struct trial trial;

	(void)state;
	digits = issue("{\"terminal\":\"pacs-01\",\"files\":true}");
	assert_true(json_is_null(json_object_get(call.result, "account")));
	assert_string_equal(answer_text("expires"), "2026-11-20T03:15:00.000000Z");
	assert_string_equal(answer_text("issued_by"), "unix:yamada");
	trial = redeem("taro", "pacs-01", HERE, digits);
	assert_int_equal(trial.answer, ATTENDANCE_RIGHT);
	assert_string_equal(trial.attendance.by, "unix:yamada");
	assert_true(trial.attendance.control);
	assert_true(trial.attendance.files);
	assert_true(trial.attendance.number > 0);
	assert_int_equal(numbers_left(), 0);
	expect_answer(ATTENDANCE_WRONG, "taro", "pacs-01", HERE, digits);
}

static void
consent_is_control_without_files_unless_said(void **state)
{
	struct trial trial;

	(void)state;
	trial = redeem("taro", "pacs-01", HERE, issue("{\"terminal\":\"pacs-01\"}"));
	assert_true(trial.attendance.control);
	assert_false(trial.attendance.files);
	trial = redeem(
		"taro", "pacs-01", HERE, issue("{\"terminal\":\"pacs-01\",\"control\":false}"));
	assert_int_equal(trial.answer, ATTENDANCE_RIGHT);
	assert_false(trial.attendance.control);
}

static void
the_log_says_who_issued_and_never_the_digits(void **state)
{
	const char *digits;
	json_t *event;
	char *text;

	(void)state;
	digits = issue("{\"terminal\":\"pacs-01\",\"account\":\"taro\"}");
	expect_event("attend.issue", "pacs-01", "null",
		"{\"account\":\"998-taro@example.jp\",\"control\":true,\"files\":false,\"number\":"
		"1}");
	event = newest_event();
	text = json_dumps(event, JSON_COMPACT);
	assert_null(strstr(text, digits));
	free(text);
	json_decref(event);
}

static void
a_number_is_of_its_terminal_and_its_account(void **state)
{
	const char *digits;

	(void)state;
	digits = issue("{\"terminal\":\"pacs-01\",\"account\":\"taro\"}");
	expect_answer(ATTENDANCE_WRONG, "taro", "ct-01", HERE, digits);
	expect_answer(ATTENDANCE_WRONG, "jiro", "pacs-01", HERE, digits);
	expect_answer(ATTENDANCE_RIGHT, "taro", "pacs-01", HERE, digits);
}

static void
what_nobody_could_use_is_not_issued(void **state)
{
	(void)state;
	expect_refused(method_attend_issue, "{\"terminal\":\"mri-01\"}", METHOD_REFUSED, NULL,
		"--attended on");
	expect_refused(
		method_attend_issue, "{\"terminal\":\"x\"}", METHOD_NOT_FOUND, NULL, "no terminal");
	expect_refused(method_attend_issue, "{\"terminal\":\"pacs-01\",\"account\":\"saburo\"}",
		METHOD_REFUSED, NULL, "may not use");
	expect_refused(method_attend_issue, "{\"terminal\":\"pacs-01\",\"account\":\"x\"}",
		METHOD_NOT_FOUND, NULL, "no account");
	for (int i = 0; i < ATTENDANCE_NUMBERS_MOST; i++)
		(void)issue("{\"terminal\":\"pacs-01\"}");
	expect_refused(method_attend_issue, "{\"terminal\":\"pacs-01\"}", METHOD_REFUSED, NULL,
		"cancel one first");
	(void)issue("{\"terminal\":\"ct-01\"}");
}

static void
it_dies_after_fifteen_minutes_whatever_the_wall_clock_says(void **state)
{
	const char *digits;

	(void)state;
	digits = issue("{\"terminal\":\"pacs-01\"}");
	clock_hold(NOON_US + DAY_US, BOOTED_MS + ATTENDANCE_LIFE_MS - 1);
	expect_answer(ATTENDANCE_RIGHT, "taro", "pacs-01", HERE, digits);
	clock_hold(NOON_US, BOOTED_MS);
	digits = issue("{\"terminal\":\"pacs-01\"}");
	clock_hold(NOON_US, BOOTED_MS + ATTENDANCE_LIFE_MS);
	expect_answer(ATTENDANCE_WRONG, "taro", "pacs-01", HERE, digits);
	/* The next one clears it away. */
	(void)issue("{\"terminal\":\"pacs-01\"}");
	assert_int_equal(numbers_left(), 1);
}

static void
it_does_not_outlive_the_machine(void **state)
{
	const char *digits;

	(void)state;
	digits = issue("{\"terminal\":\"pacs-01\"}");
	fixture_close(&fixture);
	fixture.boot_id = "another boot";
	fixture_start(&fixture);
	expect_answer(ATTENDANCE_WRONG, "taro", "pacs-01", HERE, digits);
}

/* From elsewhere each time: the sources are not what stops them. */
static void
five_wrong_tries_kill_what_could_have_been_guessed(void **state)
{
	const char *any, *jiros, *elsewhere;
	char source[32];

	(void)state;
	any = issue("{\"terminal\":\"pacs-01\"}");
	jiros = issue("{\"terminal\":\"pacs-01\",\"account\":\"jiro\"}");
	elsewhere = issue("{\"terminal\":\"ct-01\"}");
	for (int i = 0; i < ATTENDANCE_TRIES; i++) {
		assert_int_equal(numbers_left(), 3);
		snprintf(source, sizeof(source), "192.0.2.%d", i + 100);
		expect_answer(ATTENDANCE_WRONG, "taro", "pacs-01", source, other_than(any));
	}
	assert_int_equal(numbers_left(), 2);
	expect_answer(ATTENDANCE_WRONG, "taro", "pacs-01", HERE, any);
	expect_answer(ATTENDANCE_RIGHT, "jiro", "pacs-01", HERE, jiros);
	expect_answer(ATTENDANCE_RIGHT, "taro", "ct-01", HERE, elsewhere);
}

static void
a_source_waits_after_five_wrong_tries(void **state)
{
	const char *digits;

	(void)state;
	for (int i = 0; i < ATTENDANCE_TRIES; i++)
		expect_answer(ATTENDANCE_WRONG, "taro", "pacs-01", HERE, "00000000");
	digits = issue("{\"terminal\":\"pacs-01\"}");
	expect_answer(ATTENDANCE_TOO_OFTEN, "taro", "pacs-01", HERE, digits);
	expect_answer(ATTENDANCE_TOO_OFTEN, "jiro", "pacs-01", "::ffff:" HERE, digits);
	assert_int_equal(numbers_left(), 1);
	clock_hold(NOON_US, BOOTED_MS + ATTENDANCE_LIFE_MS - 1);
	expect_answer(ATTENDANCE_TOO_OFTEN, "taro", "pacs-01", HERE, digits);
	clock_hold(NOON_US, BOOTED_MS + ATTENDANCE_LIFE_MS);
	expect_answer(
		ATTENDANCE_RIGHT, "taro", "pacs-01", HERE, issue("{\"terminal\":\"pacs-01\"}"));
}

static void
a_network_of_ipv6_is_one_source(void **state)
{
	char source[64];

	(void)state;
	for (int i = 0; i < ATTENDANCE_TRIES; i++) {
		snprintf(source, sizeof(source), "2001:db8:0:1::%d", i + 1);
		expect_answer(ATTENDANCE_WRONG, "taro", "pacs-01", source, "00000000");
	}
	expect_answer(ATTENDANCE_TOO_OFTEN, "taro", "pacs-01", "2001:db8:0:1:ffff::1", "00000000");
	expect_answer(ATTENDANCE_WRONG, "taro", "pacs-01", "2001:db8:0:2::1", "00000000");
}

static void
a_right_number_forgets_the_wrong_ones(void **state)
{
	(void)state;
	for (int round = 0; round < 3; round++) {
		const char *digits = issue("{\"terminal\":\"pacs-01\"}");

		for (int i = 1; i < ATTENDANCE_TRIES; i++)
			expect_answer(
				ATTENDANCE_WRONG, "taro", "pacs-01", HERE, other_than(digits));
		expect_answer(ATTENDANCE_RIGHT, "taro", "pacs-01", HERE, digits);
	}
}

static void
wrong_numbers_are_in_the_login_log(void **state)
{
	json_t *event;

	(void)state;
	expect_answer(ATTENDANCE_WRONG, "taro", "pacs-01", HERE, "no number");
	event = newest_event();
	assert_string_equal(json_string_value(json_object_get(event, "account")), "taro");
	assert_string_equal(json_string_value(json_object_get(event, "source")), HERE);
	assert_string_equal(
		json_string_value(json_object_get(event, "reason")), "ATTENDANCE_WRONG");
	assert_string_equal(json_string_value(json_object_get(event, "result")), "refused");
	json_decref(event);
}

static void
what_is_stored_does_not_say_the_digits(void **state)
{
	const char *digits;
	char sql[200];

	(void)state;
	digits = issue("{\"terminal\":\"pacs-01\"}");
	snprintf(sql, sizeof(sql), "DELETE FROM attendance WHERE instr(digest, '%s') > 0", digits);
	fixture_sql(&fixture, sql);
	assert_int_equal(numbers_left(), 1);
	/* The same digits for another terminal have another digest: moved by an intruder, they open nothing there. */
	fixture_sql(&fixture, "UPDATE attendance SET terminal = 2");
	expect_answer(ATTENDANCE_WRONG, "taro", "ct-01", HERE, digits);
}

static void
a_number_is_cancelled(void **state)
{
	const char *digits;

	(void)state;
	digits = issue("{\"terminal\":\"pacs-01\"}");
	expect_refused(
		method_attend_cancel, "{\"number\":7}", METHOD_NOT_FOUND, NULL, "no number 7");
	expect_ok(method_attend_cancel, "{\"number\":1,\"because\":\"wrong terminal\"}");
	expect_event("attend.cancel", "pacs-01",
		"{\"account\":null,\"control\":true,\"files\":false,\"number\":1}", "null");
	expect_answer(ATTENDANCE_WRONG, "taro", "pacs-01", HERE, digits);
	expect_refused(
		method_attend_cancel, "{\"number\":1}", METHOD_NOT_FOUND, NULL, "no number 1");
}

/* The same as above, asked by an attendant. */

static int
limited_work(struct store_db *db, void *argument)
{
	struct asking *asking = argument;
	int r;

	method_call_reset(&asking->call);
	r = method_scope_load(db, &asking->call);
	return r < 0 ? r : asking->method(db, &asking->call);
}

static int
ask_as_attendant(
	method_function *method, const char *actor, const char *params, json_t **ret_result)
{
	struct asking asking;
	int r;

	asking_init(&asking, method, params);
	asking.call.actor = actor;
	asking.call.scope.limited = true;
	r = fixture_write(&fixture, limited_work, &asking);
	if (ret_result != NULL)
		*ret_result = json_incref(asking.call.result);
	method_scope_done(&asking.call.scope);
	asking_done(&asking);
	return r;
}

static int
list_numbers(struct store_db *db, struct method_call *caller)
{
	json_t *numbers = json_array();

	caller->result = json_pack("{s:o}", "numbers", numbers);
	return attend_numbers_json(db, caller, numbers);
}

static void
expect_numbers(const char *actor, size_t count)
{
	json_t *result;

	assert_int_equal(ask_as_attendant(list_numbers, actor, "{}", &result), 0);
	assert_int_equal(json_array_size(json_object_get(result, "numbers")), count);
	json_decref(result);
}

static void
an_attendant_acts_for_the_terminals_given_to_them(void **state)
{
	json_t *result;

	(void)state;
	change(method_account_add,
		"{\"id\":\"Hanako\",\"family_name\":\"佐藤\",\"given_name\":\"花子\",\"email\":"
		"\"h@example.jp\",\"kind\":\"attendant\",\"terminals\":[\"ct-01\"]}");
	(void)issue("{\"terminal\":\"pacs-01\"}");
	assert_int_equal(ask_as_attendant(method_attend_issue, "unix:hanako",
				 "{\"terminal\":\"pacs-01\"}", NULL),
		-ENOENT);
	assert_int_equal(
		ask_as_attendant(method_attend_cancel, "unix:hanako", "{\"number\":1}", NULL),
		-ENOENT);
	assert_int_equal(ask_as_attendant(method_terminal_show, "unix:hanako",
				 "{\"name\":\"pacs-01\"}", NULL),
		-ENOENT);
	expect_numbers("unix:hanako", 0);
	assert_int_equal(ask_as_attendant(method_attend_issue, "unix:hanako",
				 "{\"terminal\":\"ct-01\"}", NULL),
		0);
	expect_numbers("unix:hanako", 1);
	assert_int_equal(ask_as_attendant(method_terminal_list, "unix:hanako", "{}", &result), 0);
	assert_int_equal(json_integer_value(json_object_get(result, "total")), 1);
	json_decref(result);
	assert_int_equal(
		ask_as_attendant(method_attend_cancel, "unix:hanako", "{\"number\":2}", NULL), 0);
}

static void
nobody_else_is_an_attendant(void **state)
{
	json_t *result;

	(void)state;
	change(method_account_add,
		"{\"id\":\"hanako\",\"family_name\":\"佐藤\",\"given_name\":\"花子\",\"email\":"
		"\"h@example.jp\",\"kind\":\"attendant\",\"terminals\":[\"pacs-01\"]}");
	(void)issue("{\"terminal\":\"pacs-01\"}");
	expect_numbers("unix:hanako", 1);
	expect_numbers("unix:HANAKO", 0); /* Unix has two such users */
	expect_numbers("unix:taro", 0);   /* an engineer's terminals are another matter */
	expect_numbers("unix:nobody", 0);
	assert_int_equal(ask_as_attendant(method_terminal_list, "unix:nobody", "{}", &result), 0);
	assert_int_equal(json_integer_value(json_object_get(result, "total")), 0);
	json_decref(result);
	change(method_account_lock, "{\"id\":\"hanako\"}");
	expect_numbers("unix:hanako", 0);
	change(method_account_unlock, "{\"id\":\"hanako\"}");
	expect_numbers("unix:hanako", 1);
	change(method_account_edit, "{\"id\":\"hanako\",\"changes\":{\"valid_from\":\"2026-11-01\","
				    "\"valid_until\":\"2026-11-19\"}}");
	expect_numbers("unix:hanako", 0);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, attended_setup, method_teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digits_are_read_as_people_type_them),
		TEST(a_number_lets_one_engineer_in_once),
		TEST(consent_is_control_without_files_unless_said),
		TEST(the_log_says_who_issued_and_never_the_digits),
		TEST(a_number_is_of_its_terminal_and_its_account),
		TEST(what_nobody_could_use_is_not_issued),
		TEST(it_dies_after_fifteen_minutes_whatever_the_wall_clock_says),
		TEST(it_does_not_outlive_the_machine),
		TEST(five_wrong_tries_kill_what_could_have_been_guessed),
		TEST(a_source_waits_after_five_wrong_tries),
		TEST(a_network_of_ipv6_is_one_source),
		TEST(a_right_number_forgets_the_wrong_ones),
		TEST(wrong_numbers_are_in_the_login_log),
		TEST(what_is_stored_does_not_say_the_digits),
		TEST(a_number_is_cancelled),
		TEST(an_attendant_acts_for_the_terminals_given_to_them),
		TEST(nobody_else_is_an_attendant),
	};
#undef TEST
	return cmocka_run_group_tests(tests, NULL, NULL);
}
