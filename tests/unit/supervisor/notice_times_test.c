/* supervisor/notice_times.c: so long before, once each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "supervisor/notice_times.h"

#define MINUTE INT64_C(60000000)

static const int64_t usual[NOTICE_TIMES] = {15 * MINUTE, 5 * MINUTE, MINUTE};

/* From the 30th minute before the end on: told in these minutes. */
static void
expect_told(const int64_t times[NOTICE_TIMES], const int *minutes, size_t count)
{
	struct notice_told told = {0};
	int64_t end = 1000 * MINUTE;
	size_t at = 0;

	for (int left = 30; left >= 0; left--) {
		if (!notice_is_due(&told, times, end, end - left * MINUTE))
			continue;
		assert_true(at < count);
		assert_int_equal(left, minutes[at]);
		at++;
	}
	assert_int_equal(at, count);
}

static void
each_time_is_told_once(void **state)
{
	static const int64_t two[NOTICE_TIMES] = {0, 2 * MINUTE, 20 * MINUTE}, none[NOTICE_TIMES];

	(void)state;
	expect_told(usual, (const int[]){15, 5, 1}, 3);
	expect_told(two, (const int[]){20, 2}, 2);
	expect_told(none, NULL, 0);
}

static void
who_comes_late_is_told_what_is_left_at_once(void **state)
{
	struct notice_told told = {0};

	(void)state;
	assert_true(notice_is_due(&told, usual, 100 * MINUTE, 97 * MINUTE));
	assert_false(notice_is_due(&told, usual, 100 * MINUTE, 98 * MINUTE));
	assert_true(notice_is_due(&told, usual, 100 * MINUTE, 99 * MINUTE));
}

static void
another_end_begins_anew(void **state)
{
	struct notice_told told = {0};

	(void)state;
	assert_true(notice_is_due(&told, usual, 100 * MINUTE, 99 * MINUTE));
	assert_false(notice_is_due(&told, usual, 100 * MINUTE + 20000000, 99 * MINUTE));
	assert_false(notice_is_due(&told, usual, 130 * MINUTE, 99 * MINUTE));
	assert_true(notice_is_due(&told, usual, 130 * MINUTE, 129 * MINUTE));
	assert_true(notice_is_due(&told, usual, 160 * MINUTE, 159 * MINUTE));
	assert_false(notice_is_due(&told, usual, 0, 159 * MINUTE));
	assert_false(notice_is_due(&told, usual, 100 * MINUTE, 159 * MINUTE));
	assert_true(notice_is_due(&told, usual, 160 * MINUTE, 159 * MINUTE));
}

static void
a_timer_may_be_a_little_early(void **state)
{
	struct notice_told told = {0};

	(void)state;
	assert_true(notice_is_due(&told, usual, 100 * MINUTE, 85 * MINUTE - 900000));
	assert_int_equal(notice_minutes(100 * MINUTE, 85 * MINUTE - 900000), 15);
	assert_int_equal(notice_minutes(100 * MINUTE, 85 * MINUTE + 1000000), 15);
	assert_int_equal(notice_minutes(100 * MINUTE, 99 * MINUTE + 30000000), 1);
	assert_int_equal(notice_minutes(100 * MINUTE, 100 * MINUTE), 1);
	assert_int_equal(notice_minutes(100 * MINUTE, 97 * MINUTE + 30000000), 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_time_is_told_once),
		cmocka_unit_test(who_comes_late_is_told_what_is_left_at_once),
		cmocka_unit_test(another_end_begins_anew),
		cmocka_unit_test(a_timer_may_be_a_little_early),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
