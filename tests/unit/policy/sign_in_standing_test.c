/* policy/sign_in_standing.c: whoever guesses waits, and nobody else does. */
#include "policy/sign_in_standing.h"

#include "sign_in_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define HOUR 3600
#define DAY (24 * HOUR)
#define QUARTER_MS (15 * 60 * 1000)

static uint32_t
wait_of(const char *typed, const char *source)
{
	return load_from(typed, source).wait_ms;
}

static void
fail_often(const char *typed, const char *source, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		(void)report(SIGN_IN_PASSWORD_WRONG, typed, source);
}

static void
waiting_doubles_up_to_a_quarter_of_an_hour(void **state)
{
	static const uint32_t expected[] = {0, 0, 0, 0, 2000, 4000, 8000, 16000, 32000, 64000,
		128000, 256000, 512000, QUARTER_MS, QUARTER_MS};

	(void)state;
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		assert_int_equal(sign_in_wait_after((int64_t)i), expected[i]);
	assert_int_equal(sign_in_wait_after(INT64_MAX), QUARTER_MS);
}

static void
a_pair_waits_and_is_forgotten_after_a_day(void **state)
{
	(void)state;
	at_second(0);
	fail_often("taro", OWN_SOURCE, 3);
	assert_int_equal(wait_of("taro", OWN_SOURCE), 0);
	fail_often("taro", OWN_SOURCE, 1);
	assert_int_equal(wait_of("taro", OWN_SOURCE), 2000);
	assert_int_equal(wait_of("998-TARO@example.jp", OWN_SOURCE), 2000);
	at_second(1);
	assert_int_equal(wait_of("taro", OWN_SOURCE), 1000);
	at_second(2);
	assert_int_equal(wait_of("taro", OWN_SOURCE), 0);
	fail_often("taro", OWN_SOURCE, 1);
	assert_int_equal(wait_of("taro", OWN_SOURCE), 4000);
	at_second(2 + DAY);
	fail_often("taro", OWN_SOURCE, 3);
	assert_int_equal(wait_of("taro", OWN_SOURCE), 0);
}

static void
another_source_and_another_name_do_not_wait(void **state)
{
	(void)state;
	at_second(0);
	fail_often("taro", OWN_SOURCE, 8);
	assert_int_not_equal(wait_of("taro", OWN_SOURCE), 0);
	assert_int_equal(wait_of("taro", "10.0.0.6"), 0);
	assert_int_equal(wait_of("jiro", OWN_SOURCE), 0);
}

/* 64 bits of IPv6 are one source: a guesser would have as many addresses as there are. */
static void
an_ipv6_network_is_one_source(void **state)
{
	char source[64];

	(void)state;
	at_second(0);
	for (unsigned i = 0; i < 8; i++) {
		snprintf(source, sizeof(source), "2001:db8::%x", i + 1);
		fail_often("taro", source, 1);
	}
	assert_int_not_equal(wait_of("taro", "2001:db8::ffff"), 0);
	assert_int_equal(wait_of("taro", "2001:db8:0:1::1"), 0);
}

static void
a_clock_that_was_set_back_makes_nobody_wait(void **state)
{
	(void)state;
	at_second(DAY);
	fail_often("taro", OWN_SOURCE, 12);
	guess("taro", SIGN_IN_PASSWORD_WRONG, 0, SIGN_IN_GUESSES_AN_HOUR + 1);
	at_second(0);
	assert_int_equal(wait_of("taro", OWN_SOURCE), 0);
}

static void
a_name_under_attack_is_open_to_its_owner_alone(void **state)
{
	(void)state;
	at_second(0);
	assert_true(report(SIGN_IN_RIGHT, "taro", OWN_SOURCE));
	guess("taro", SIGN_IN_PASSWORD_WRONG, 0, SIGN_IN_GUESSES_AN_HOUR);
	assert_int_equal(wait_of("taro", "192.168.1.1"), 0);
	guess("taro", SIGN_IN_PASSWORD_WRONG, 60, 1);
	assert_int_equal(wait_of("taro", "192.168.1.1"), QUARTER_MS);
	assert_false(report(SIGN_IN_PASSWORD_RIGHT, "taro", "192.168.1.1"));
	/* Where he was before, and beside it: a VPN gives another address each day. */
	assert_int_equal(wait_of("taro", OWN_SOURCE), 0);
	assert_int_equal(wait_of("taro", "10.0.0.77"), 0);
	assert_true(report(SIGN_IN_RIGHT, "taro", "10.0.0.77"));
	/* His success does not open it to others. */
	assert_int_equal(wait_of("taro", "192.168.1.1"), QUARTER_MS);
	at_second(2 * HOUR);
	assert_int_equal(wait_of("taro", "192.168.1.1"), 0);
}

static void
a_known_network_is_forgotten_after_90_days(void **state)
{
	(void)state;
	at_second(0);
	assert_true(report(SIGN_IN_RIGHT, "taro", OWN_SOURCE));
	at_second(90 * DAY - HOUR);
	guess("taro", SIGN_IN_PASSWORD_WRONG, 0, SIGN_IN_GUESSES_AN_HOUR + 1);
	assert_int_equal(wait_of("taro", OWN_SOURCE), 0);
	at_second(90 * DAY);
	guess("taro", SIGN_IN_PASSWORD_WRONG, 0, SIGN_IN_GUESSES_AN_HOUR + 1);
	assert_int_equal(wait_of("taro", OWN_SOURCE), QUARTER_MS);
}

static void
failures_of_a_known_network_close_nothing(void **state)
{
	char source[32];

	(void)state;
	at_second(0);
	assert_true(report(SIGN_IN_RIGHT, "taro", OWN_SOURCE));
	for (unsigned i = 0; i < SIGN_IN_GUESSES_AN_HOUR + 10; i++) {
		snprintf(source, sizeof(source), "10.0.0.%u", 100 + i);
		fail_often("taro", source, 1);
	}
	assert_int_equal(wait_of("taro", "192.168.1.1"), 0);
}

/* Who gets as far as the code has the password. */
static void
wrong_codes_weigh_more(void **state)
{
	(void)state;
	at_second(0);
	guess("taro", SIGN_IN_CODE_WRONG, 0, SIGN_IN_GUESSES_AN_HOUR / SIGN_IN_CODE_WEIGHT);
	assert_int_equal(wait_of("taro", "192.168.1.1"), 0);
	guess("taro", SIGN_IN_CODE_WRONG, 100, 1);
	assert_int_equal(wait_of("taro", "192.168.1.1"), QUARTER_MS);
}

static void
the_hour_slides(void **state)
{
	const int64_t hour = INT64_C(3600000000);
	const struct sign_in_guesses guesses = {.hour = 100, .guesses = 10, .guesses_before = 40};

	(void)state;
	assert_int_equal(sign_in_guesses_now(&guesses, 100 * hour), 50);
	assert_int_equal(sign_in_guesses_now(&guesses, 100 * hour + hour / 2), 30);
	assert_int_equal(sign_in_guesses_now(&guesses, 101 * hour), 10);
	assert_int_equal(sign_in_guesses_now(&guesses, 101 * hour + hour / 2), 5);
	assert_int_equal(sign_in_guesses_now(&guesses, 102 * hour), 0);
	assert_int_equal(sign_in_guesses_now(&guesses, 99 * hour), 0);
}

/* From the waiting nobody learns who exists. */
static void
a_name_that_nobody_has_waits_the_same(void **state)
{
	(void)state;
	at_second(0);
	for (unsigned i = 0; i < 14; i++) {
		assert_int_equal(wait_of("taro", OWN_SOURCE), wait_of("nobody", OWN_SOURCE));
		fail_often("taro", OWN_SOURCE, 1);
		fail_often("nobody", OWN_SOURCE, 1);
	}
	guess("taro", SIGN_IN_PASSWORD_WRONG, 0, SIGN_IN_GUESSES_AN_HOUR + 1);
	guess("nobody", SIGN_IN_PASSWORD_WRONG, 0, SIGN_IN_GUESSES_AN_HOUR + 1);
	assert_int_equal(wait_of("taro", "192.168.1.1"), QUARTER_MS);
	assert_int_equal(wait_of("nobody", "192.168.1.1"), QUARTER_MS);
}

/* Of many that fail side by side, those that come right afterwards are worth no more. */
static void
tries_side_by_side_do_not_get_around_the_waiting(void **state)
{
	(void)state;
	at_second(0);
	assert_int_equal(wait_of("taro", OWN_SOURCE), 0);
	fail_often("taro", OWN_SOURCE, 4);
	assert_false(report(SIGN_IN_PASSWORD_RIGHT, "taro", OWN_SOURCE));
	assert_false(report(SIGN_IN_RIGHT, "taro", OWN_SOURCE));
	at_second(2);
	assert_true(report(SIGN_IN_PASSWORD_RIGHT, "taro", OWN_SOURCE));
}

static void
a_session_with_a_ticket_makes_its_network_known(void **state)
{
	struct issue issue;

	(void)state;
	at_second(0);
	guess("taro", SIGN_IN_PASSWORD_WRONG, 0, SIGN_IN_GUESSES_AN_HOUR + 1);
	assert_int_equal(wait_of("taro", OWN_SOURCE), QUARTER_MS);
	issue = issue_ticket();
	assert_int_equal(begin_session(&issue, 1).reason, CLOSE_NONE);
	assert_int_equal(wait_of("taro", OWN_SOURCE), 0);
}

/* Old rows go, and so do all but the newest. */
static void
the_tables_are_bounded(void **state)
{
	(void)state;
	at_second(0);
	fixture_sql(&fixture,
		"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100010) "
		"INSERT INTO sign_in_failure SELECT 'n' || i, '10.0.0.1', 1, 1795143600000000, i "
		"FROM n; "
		"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100010) "
		"INSERT INTO sign_in_guess SELECT 'n' || i, 1795143600000000 / 3600000000, 1, 0, i "
		"FROM n");
	fail_often("taro", "192.168.1.1", 1);
	assert_int_equal(fixture_number(&fixture, "SELECT count(*) FROM sign_in_failure"),
		SIGN_IN_ROWS_MOST);
	assert_int_equal(
		fixture_number(&fixture, "SELECT count(*) FROM sign_in_guess"), SIGN_IN_ROWS_MOST);
	assert_int_equal(fixture_number(&fixture,
				 "SELECT count(*) FROM sign_in_failure WHERE name = 'taro'"),
		1);
	at_second(DAY);
	fail_often("taro", "192.168.1.1", 1);
	assert_int_equal(fixture_number(&fixture, "SELECT count(*) FROM sign_in_failure"), 1);
	assert_int_equal(fixture_number(&fixture, "SELECT count(*) FROM sign_in_guess"), 1);
}

#define IN_OUT(test) cmocka_unit_test_setup_teardown(test, session_setup, session_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(waiting_doubles_up_to_a_quarter_of_an_hour),
		cmocka_unit_test(the_hour_slides),
		IN_OUT(a_pair_waits_and_is_forgotten_after_a_day),
		IN_OUT(another_source_and_another_name_do_not_wait),
		IN_OUT(an_ipv6_network_is_one_source),
		IN_OUT(a_clock_that_was_set_back_makes_nobody_wait),
		IN_OUT(a_name_under_attack_is_open_to_its_owner_alone),
		IN_OUT(a_known_network_is_forgotten_after_90_days),
		IN_OUT(failures_of_a_known_network_close_nothing),
		IN_OUT(wrong_codes_weigh_more),
		IN_OUT(a_name_that_nobody_has_waits_the_same),
		IN_OUT(tries_side_by_side_do_not_get_around_the_waiting),
		IN_OUT(a_session_with_a_ticket_makes_its_network_known),
		IN_OUT(the_tables_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
