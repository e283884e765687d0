/* gateway/supervisor/login_limit.c: one source does not fill the log, nor silence the others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "supervisor/login_limit.h"

#include <stdio.h>
#include <string.h>

static struct login_limit limit;

static int
setup(void **state)
{
	(void)state;
	memset(&limit, 0, sizeof(limit));
	return 0;
}

/* As attempts.c does: asks, then counts. */
static enum login_logging
refuse(const char *source, int64_t now_ms)
{
	enum login_logging answer = login_limit_ask(&limit, source, now_ms);

	login_limit_count(&limit, source, now_ms);
	return answer;
}

/* Refusals of this source that are logged, out of `times`. */
static unsigned int
logged_of(const char *source, unsigned int times, int64_t now_ms)
{
	unsigned int logged = 0;

	for (unsigned int i = 0; i < times; i++)
		logged += refuse(source, now_ms) != LOGIN_UNLOGGED;
	return logged;
}

static void
the_twentieth_of_a_source_says_that_there_are_more(void **state)
{
	(void)state;
	for (int i = 1; i < LOGIN_LIMIT_OF_SOURCE; i++)
		assert_int_equal(refuse("192.0.2.1", 1000 + i), LOGIN_LOGGED);
	assert_int_equal(refuse("192.0.2.1", 2000), LOGIN_LAST);
	assert_int_equal(refuse("192.0.2.1", 2001), LOGIN_UNLOGGED);
	assert_int_equal(refuse("192.0.2.2", 2001), LOGIN_LOGGED);
}

static void
addresses_of_one_ipv6_network_are_one_source(void **state)
{
	char address[32];
	unsigned int logged = 0;

	(void)state;
	for (unsigned int i = 1; i <= 2 * LOGIN_LIMIT_OF_ALL; i++) {
		snprintf(address, sizeof(address), "2001:db8:0:7::%x", i);
		logged += refuse(address, 5) != LOGIN_UNLOGGED;
	}
	assert_int_equal(logged, LOGIN_LIMIT_OF_SOURCE);
	assert_int_equal(refuse("2001:db8:0:8::1", 5), LOGIN_LOGGED);
	assert_int_equal(refuse("192.0.2.1", 5), LOGIN_LOGGED);
}

static void
asking_does_not_count(void **state)
{
	(void)state;
	for (int i = 0; i < 10 * LOGIN_LIMIT_OF_SOURCE; i++)
		assert_int_equal(login_limit_ask(&limit, "192.0.2.1", 5), LOGIN_LOGGED);
}

/* The time counts from the first refusal: whoever goes on knocking is logged again after it all the same. */
static void
a_source_is_logged_again_when_the_time_is_over(void **state)
{
	(void)state;
	assert_int_equal(logged_of("192.0.2.1", 100, 7), LOGIN_LIMIT_OF_SOURCE);
	assert_int_equal(refuse("192.0.2.1", 7 + LOGIN_LIMIT_MS - 1), LOGIN_UNLOGGED);
	assert_int_equal(refuse("192.0.2.1", 7 + LOGIN_LIMIT_MS), LOGIN_LOGGED);
	assert_int_equal(
		logged_of("192.0.2.1", 100, 7 + LOGIN_LIMIT_MS), LOGIN_LIMIT_OF_SOURCE - 1);
}

static void
a_source_that_is_not_logged_takes_nothing_from_the_others(void **state)
{
	(void)state;
	assert_int_equal(logged_of("192.0.2.1", 5 * LOGIN_LIMIT_OF_ALL, 1), LOGIN_LIMIT_OF_SOURCE);
	assert_int_equal(limit.all.count, LOGIN_LIMIT_OF_SOURCE);
	assert_int_equal(refuse("192.0.2.2", 1), LOGIN_LOGGED);
}

static void
a_thousand_sources_are_logged_a_thousand_times_together(void **state)
{
	unsigned int logged = 0, last = 0;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		char source[32];
		enum login_logging answer;

		snprintf(source, sizeof(source), "2001:db8:0:%x::1", i);
		answer = refuse(source, 50);
		logged += answer != LOGIN_UNLOGGED;
		last += answer == LOGIN_LAST;
	}
	assert_int_equal(logged, LOGIN_LIMIT_OF_ALL);
	assert_true(last >= 1);
	assert_int_equal(refuse("203.0.113.9", 51), LOGIN_UNLOGGED);
	assert_int_equal(refuse("203.0.113.9", 50 + LOGIN_LIMIT_MS), LOGIN_LOGGED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_twentieth_of_a_source_says_that_there_are_more, setup),
		cmocka_unit_test_setup(addresses_of_one_ipv6_network_are_one_source, setup),
		cmocka_unit_test_setup(asking_does_not_count, setup),
		cmocka_unit_test_setup(a_source_is_logged_again_when_the_time_is_over, setup),
		cmocka_unit_test_setup(
			a_source_that_is_not_logged_takes_nothing_from_the_others, setup),
		cmocka_unit_test_setup(
			a_thousand_sources_are_logged_a_thousand_times_together, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
