/* gateway/desk/allowance.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "desk/allowance.h"

#define SECOND INT64_C(1000000)

static void
who_works_little_never_waits(void **state)
{
	struct allowance allowance;
	int64_t now = 77 * SECOND, spent = SECOND;

	(void)state;
	allowance_begin(&allowance, now, spent);
	for (int i = 0; i < 10000; i++) {
		now += SECOND / 10;
		spent += SECOND / 40; /* all of its share */
		assert_int_equal(allowance_wait_ms(&allowance, now, spent), 0);
	}
}

static void
what_was_saved_may_be_spent_at_once_and_no_more(void **state)
{
	struct allowance allowance;
	int64_t now = 3600 * SECOND;

	(void)state;
	allowance_begin(&allowance, 0, 0);
	/* An hour without work saves no more than the most. */
	assert_int_equal(allowance_wait_ms(&allowance, now, 0), 0);
	assert_int_equal(allowance_wait_ms(&allowance, now, ALLOWANCE_MOST_US), 0);
	assert_int_equal(allowance_wait_ms(&allowance, now, ALLOWANCE_MOST_US + 10000),
		10 * ALLOWANCE_SHARE);
}

/* It waits as long as it is told, works, waits: in the end it has had its share. */
static void
who_works_without_end_gets_the_share(void **state)
{
	struct allowance allowance;
	int64_t now = 0, spent = 0;

	(void)state;
	allowance_begin(&allowance, now, spent);
	while (now < 1000 * SECOND) {
		now += INT64_C(1000) * allowance_wait_ms(&allowance, now, spent);
		assert_int_equal(allowance_wait_ms(&allowance, now, spent), 0);
		now += 4321;
		spent += 4321;
	}
	assert_in_range(
		spent, now / ALLOWANCE_SHARE, now / ALLOWANCE_SHARE + ALLOWANCE_MOST_US + 4321);
}

/* Turns that are shorter than the share's grain earn, too. */
static void
short_turns_lose_nothing(void **state)
{
	struct allowance allowance;

	(void)state;
	allowance_begin(&allowance, 0, 0);
	assert_true(allowance_wait_ms(&allowance, 0, 2 * ALLOWANCE_MOST_US) > 0);
	for (int64_t now = 1; now < ALLOWANCE_MOST_US * ALLOWANCE_SHARE; now++)
		(void)allowance_wait_ms(&allowance, now, 2 * ALLOWANCE_MOST_US);
	assert_int_equal(allowance_wait_ms(&allowance, ALLOWANCE_MOST_US * ALLOWANCE_SHARE,
				 2 * ALLOWANCE_MOST_US),
		0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_works_little_never_waits),
		cmocka_unit_test(what_was_saved_may_be_spent_at_once_and_no_more),
		cmocka_unit_test(who_works_without_end_gets_the_share),
		cmocka_unit_test(short_turns_lose_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
