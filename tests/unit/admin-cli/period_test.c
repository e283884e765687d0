/* admin-cli/period.c */
#include "admin-cli/period.h"

#include "base/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define NOW 1795219200 /* 2026-11-21T00:00:00Z, nine in the morning in Tokyo */
#define DAY 86400

static void
use_zone(const char *zone)
{
	(void)setenv("TZ", zone, 1);
	tzset();
}

static struct period
read_good(const char *from, const char *until, const char *last)
{
	struct period period;
	char why[512] = "";

	if (period_read(from, until, last, NOW, &period, why, sizeof(why)) < 0)
		fail_msg("%s", why);
	return period;
}

static void
past_seven_days_when_nothing_is_said(void **state)
{
	struct period period = read_good(NULL, NULL, NULL);

	(void)state;
	assert_int_equal(period.from_s, NOW - 7 * DAY);
	assert_true(period.until_s == INT64_MAX);
}

static void
last_is_counted_back_from_now(void **state)
{
	(void)state;
	assert_int_equal(read_good(NULL, NULL, "24h").from_s, NOW - DAY);
	assert_int_equal(read_good(NULL, NULL, "30min").from_s, NOW - 1800);
	assert_int_equal(read_good(NULL, NULL, "4w").from_s, NOW - 28 * DAY);
}

static void
both_days_are_included(void **state)
{
	struct period period;

	(void)state;
	use_zone("Asia/Tokyo");
	period = read_good("2026-11-20", "2026-11-20", NULL);
	assert_int_equal(period.from_s, NOW - 33 * 3600); /* 2026-11-19T15:00Z */
	assert_int_equal(period.until_s - period.from_s, DAY);
	period = read_good("2026/11/01", "2026-11-30", NULL);
	assert_int_equal(period.until_s - period.from_s, 30 * DAY);
	period = read_good("2028-02-29", "2028-02-29", NULL);
	assert_int_equal(period.until_s - period.from_s, DAY);
	/* The last day of a year ends with the year. */
	period = read_good("2026-12-31", "2026-12-31", NULL);
	assert_int_equal(period.until_s - period.from_s, DAY);
}

static void
days_with_a_change_of_clocks_are_longer_or_shorter(void **state)
{
	struct period period;

	(void)state;
	use_zone("Europe/Oslo");
	period = read_good("2026-03-29", "2026-03-29", NULL);
	assert_int_equal(period.until_s - period.from_s, 23 * 3600);
	period = read_good("2026-10-25", "2026-10-25", NULL);
	assert_int_equal(period.until_s - period.from_s, 25 * 3600);
	use_zone("Asia/Tokyo");
}

static void
times_of_day_may_be_given(void **state)
{
	struct period period;

	(void)state;
	use_zone("Asia/Tokyo");
	period = read_good("2026-11-20T08:30", "2026-11-20 17:30", NULL);
	assert_int_equal(period.from_s, NOW - 33 * 3600 + 8 * 3600 + 1800);
	assert_int_equal(period.until_s - period.from_s, 9 * 3600);
}

static void
until_alone_means_the_seven_days_before(void **state)
{
	struct period period = read_good(NULL, "2026-11-10", NULL);

	(void)state;
	assert_int_equal(period.until_s - period.from_s, 7 * DAY);
}

static void
wrong_periods_are_refused(void **state)
{
	static const struct {
		const char *from;
		const char *until;
		const char *last;
	} wrong[] = {
		{"2026-02-29", NULL, NULL},
		{"2026-04-31", NULL, NULL},
		{"2026-13-01", NULL, NULL},
		{"2026-11-20x", NULL, NULL},
		{"2026-11-20T25:00", NULL, NULL},
		{"2026-11-20T10", NULL, NULL},
		{" 2026-11-20", NULL, NULL},
		{"20.11.2026", NULL, NULL},
		{"yesterday", NULL, NULL},
		{"", NULL, NULL},
		{NULL, "x", NULL},
		{"2026-11-21", "2026-11-20", NULL},
		{"2026-11-20", NULL, "7d"},
		{NULL, NULL, "7"},
		{NULL, NULL, "d"},
		{NULL, NULL, "-7d"},
		{NULL, NULL, "0d"},
		{NULL, NULL, "7 d"},
		{NULL, NULL, "99999999999999999999d"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct period period;
		char why[512] = "";

		assert_int_not_equal(period_read(wrong[i].from, wrong[i].until, wrong[i].last, NOW,
					     &period, why, sizeof(why)),
			0);
		assert_true(strlen(why) > 20);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(past_seven_days_when_nothing_is_said),
		cmocka_unit_test(last_is_counted_back_from_now),
		cmocka_unit_test(both_days_are_included),
		cmocka_unit_test(days_with_a_change_of_clocks_are_longer_or_shorter),
		cmocka_unit_test(times_of_day_may_be_given),
		cmocka_unit_test(until_alone_means_the_seven_days_before),
		cmocka_unit_test(wrong_periods_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
