/* policy/civil.c */
#include "policy/civil.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

static int64_t
instant(const char *text)
{
	int64_t us;

	assert_int_equal(instant_parse(text, &us), 0);
	return us;
}

static void
expect_civil(const char *zone, const char *utc, const char *date, int minute)
{
	struct civil_time time;
	char text[CIVIL_DATE_SIZE];

	setenv("TZ", zone, 1);
	tzset();
	civil_from_instant(instant(utc), &time);
	civil_date_format(time.date, text);
	assert_string_equal(text, date);
	assert_int_equal(time.minute, minute);
}

static void
instants_show_as_the_wall_clock_does(void **state)
{
	(void)state;
	expect_civil("Asia/Tokyo", "2026-11-20T14:59:59.999999Z", "2026-11-20", 23 * 60 + 59);
	expect_civil("Asia/Tokyo", "2026-11-20T15:00:00Z", "2026-11-21", 0);
	expect_civil("UTC", "2026-11-20T15:00:00Z", "2026-11-20", 15 * 60);
}

static void
daylight_saving_jumps_with_the_wall_clock(void **state)
{
	(void)state;
	/* Oslo, spring: 01:59 is followed by 03:00. */
	expect_civil("Europe/Oslo", "2026-03-29T00:59:59Z", "2026-03-29", 1 * 60 + 59);
	expect_civil("Europe/Oslo", "2026-03-29T01:00:00Z", "2026-03-29", 3 * 60);
	/* Autumn: 02:30 comes twice. */
	expect_civil("Europe/Oslo", "2026-10-25T00:30:00Z", "2026-10-25", 2 * 60 + 30);
	expect_civil("Europe/Oslo", "2026-10-25T01:30:00Z", "2026-10-25", 2 * 60 + 30);
	/* Lord Howe moves by half an hour. */
	expect_civil("Australia/Lord_Howe", "2026-10-03T15:30:00Z", "2026-10-04", 2 * 60 + 30);
}

static struct civil_date
date(const char *text)
{
	struct civil_date parsed;

	assert_int_equal(civil_date_parse(text, &parsed), 0);
	return parsed;
}

static void
expect_date(struct civil_date got, const char *expected)
{
	char text[CIVIL_DATE_SIZE];

	civil_date_format(got, text);
	assert_string_equal(text, expected);
}

static void
two_years_from_29_february_is_28(void **state)
{
	(void)state;
	expect_date(civil_date_add_years(date("2024-02-29"), 2), "2026-02-28");
	expect_date(civil_date_add_years(date("2024-02-29"), 4), "2028-02-29");
	expect_date(civil_date_add_years(date("2026-02-28"), 2), "2028-02-28");
	expect_date(civil_date_add_years(date("2098-02-28"), 2), "2100-02-28");
	expect_date(civil_date_add_years(date("2026-12-31"), 2), "2028-12-31");
}

static void
days_step_over_months_and_years(void **state)
{
	(void)state;
	expect_date(civil_date_add_days(date("2028-03-01"), -1), "2028-02-29");
	expect_date(civil_date_add_days(date("2027-03-01"), -1), "2027-02-28");
	expect_date(civil_date_add_days(date("2027-01-01"), -1), "2026-12-31");
	expect_date(civil_date_add_days(date("2026-12-31"), 1), "2027-01-01");
	expect_date(civil_date_add_days(date("2028-02-28"), 2), "2028-03-01");
}

static void
dates_that_are_none_are_refused(void **state)
{
	static const char *const bad[] = {"2026-02-29", "2100-02-29", "2026-13-01", "2026-00-10",
		"2026-04-31", "2026-4-1", "2026/04/01", "20260401", "2026-04-01 ", "", "1899-12-31",
		"２026-04-1"};
	struct civil_date parsed;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(civil_date_parse(bad[i], &parsed), -EINVAL);
	assert_int_equal(civil_date_parse("2000-02-29", &parsed), 0);
	assert_int_equal(civil_date_parse(NULL, &parsed), -EINVAL);
}

static void
instants_are_read_with_offset_and_fraction(void **state)
{
	static const char *const bad[] = {"2026-11-20", "2026-11-20T08:30:00",
		"2026-11-20T24:00:00Z", "2026-02-30T08:30:00Z", "2026-11-20T08:30:00+0900",
		"2026-11-20T08:30:00Zx", "2026-11-20T08:60:00Z", "xxxxxxxxxxxxxxxxxxxxxx"};
	int64_t us;

	(void)state;
	assert_int_equal(instant("1970-01-01T00:00:01Z"), 1000000);
	assert_int_equal(instant("1970-01-01T09:00:00+09:00"), 0);
	assert_int_equal(instant("1969-12-31T19:00:00.25-05:00"), 250000);
	assert_int_equal(instant("1970-01-01T00:00:00.123456789Z"), 123456);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(instant_parse(bad[i], &us), -EINVAL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(instants_show_as_the_wall_clock_does),
		cmocka_unit_test(daylight_saving_jumps_with_the_wall_clock),
		cmocka_unit_test(two_years_from_29_february_is_28),
		cmocka_unit_test(days_step_over_months_and_years),
		cmocka_unit_test(dates_that_are_none_are_refused),
		cmocka_unit_test(instants_are_read_with_offset_and_fraction),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
