/* policy/windows.c: what is read, which minutes a window covers, and when that turns, in zones with summer time too. */
#include "policy/windows.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define MINUTE_US INT64_C(60000000)

static void
go_to(const char *zone)
{
	setenv("TZ", zone, 1);
	tzset();
}

static int64_t
at(const char *text)
{
	int64_t instant;

	assert_int_equal(civil_instant_parse(text, &instant), 0);
	return instant;
}

static struct window
weekly(const char *days, const char *from, const char *until)
{
	struct window window = {.kind = WINDOW_RESTART};
	struct field_error error;
	char copy[64], *day, *rest = copy;

	snprintf(copy, sizeof(copy), "%s", days);
	while ((day = strsep(&rest, ",")) != NULL)
		assert_int_equal(window_day_parse(day, &window.days, &error), 0);
	assert_int_equal(window_minutes_parse(from, until, &window, &error), 0);
	return window;
}

static struct window
dated(const char *from, const char *until)
{
	struct window window = {.kind = WINDOW_MAINTENANCE};

	/* Longer than anybody may say, too. */
	assert_int_equal(civil_instant_parse(from, &window.begins_us), 0);
	assert_int_equal(civil_instant_parse(until, &window.ends_us), 0);
	return window;
}

static bool
closed(const struct window *window, const char *text)
{
	return windows_covering(window, 1, at(text)) != NULL;
}

static void
weekly_windows_cover_their_days(void **state)
{
	/* 2026-11-21 is a Saturday. */
	struct window window = weekly("sat,wed", "04:00", "04:30");

	(void)state;
	go_to("Asia/Tokyo");
	assert_false(closed(&window, "2026-11-21 03:59:59"));
	assert_true(closed(&window, "2026-11-21 04:00"));
	assert_true(closed(&window, "2026-11-21 04:29:59"));
	assert_false(closed(&window, "2026-11-21 04:30"));
	assert_false(closed(&window, "2026-11-22 04:10"));
	assert_true(closed(&window, "2026-11-25 04:10"));
	/* 29 February 2028 is a Tuesday, 1 January 2027 a Friday. */
	window = weekly("tue,fri", "00:00", "24:00");
	assert_true(closed(&window, "2028-02-29 23:59"));
	assert_false(closed(&window, "2028-03-01 00:00"));
	assert_true(closed(&window, "2027-01-01 00:00"));
	assert_false(closed(&window, "2026-12-31 23:59"));
}

static void
windows_over_night_begin_on_their_day(void **state)
{
	struct window window = weekly("sun", "23:30", "01:00");

	(void)state;
	go_to("Asia/Tokyo");
	assert_false(closed(&window, "2026-11-22 00:30")); /* of Saturday's night */
	assert_true(closed(&window, "2026-11-22 23:30"));
	assert_true(closed(&window, "2026-11-23 00:59"));
	assert_false(closed(&window, "2026-11-23 01:00"));
	assert_false(closed(&window, "2026-11-23 23:30"));
}

static void
dated_windows_lie_between_two_instants(void **state)
{
	struct window window;

	(void)state;
	go_to("Asia/Tokyo");
	window = dated("2026-11-22 01:00", "2026-11-24 05:00");
	assert_false(closed(&window, "2026-11-22 00:59:59"));
	assert_true(closed(&window, "2026-11-22 01:00"));
	assert_true(closed(&window, "2026-11-23 12:00"));
	assert_false(closed(&window, "2026-11-24 05:00"));
	assert_int_equal(window.begins_us, at("2026-11-21T16:00:00Z"));
}

/* Minute by minute, as slowly as it is sure. */
static int64_t
slow_change(const struct window *windows, size_t count, int64_t at_us, int64_t last_us)
{
	bool now = windows_covering(windows, count, at_us) != NULL;

	for (at_us = (at_us / MINUTE_US + 1) * MINUTE_US; at_us <= last_us; at_us += MINUTE_US)
		if ((windows_covering(windows, count, at_us) != NULL) != now)
			return at_us;
	return WINDOW_NEVER;
}

/* Around every kind of change of the clock: an hour, half an hour, at midnight, and none. */
static void
what_turns_next_is_found_in_every_zone(void **state)
{
	static const struct {
		const char *zone, *from;
	} places[] = {
		{"Asia/Tokyo", "2026-11-19 12:00"},
		{"Europe/Berlin", "2026-03-27 12:00"},
		{"Europe/Berlin", "2026-10-23 12:00"},
		{"America/New_York", "2026-03-06 12:00"},
		{"America/New_York", "2026-10-30 12:00"},
		{"Australia/Lord_Howe", "2026-04-03 12:00"},
		{"Australia/Lord_Howe", "2026-10-02 12:00"},
		{"Asia/Beirut", "2026-03-27 12:00"},
		{"Asia/Kathmandu", "2026-11-19 12:00"},
	};
	const struct window windows[] = {
		weekly("daily", "02:10", "02:20"),
		weekly("sat,sun", "23:40", "00:05"),
		weekly("sun", "01:30", "03:17"),
		weekly("weekdays", "04:00", "03:59"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		int64_t from, until;

		go_to(places[i].zone);
		from = at(places[i].from);
		until = from + 5 * INT64_C(86400) * 1000000;
		for (size_t first = 0; first < 4; first++) {
			for (int64_t now = from; now < until; now += 37 * MINUTE_US) {
				int64_t slow = slow_change(windows + first, 4 - first, now, until);

				if (slow != WINDOW_NEVER)
					assert_int_equal(
						windows_change(windows + first, 4 - first, now),
						slow);
			}
		}
	}
}

static void
what_the_clock_leaves_out_is_left_out(void **state)
{
	struct window window = weekly("daily", "02:10", "02:20");

	(void)state;
	/* On 29 March 2026 02:00 is 03:00 in Berlin; on 25 October 02:10 comes twice. */
	go_to("Europe/Berlin");
	assert_int_equal(
		windows_change(&window, 1, at("2026-03-28 12:00")), at("2026-03-30 02:10"));
	assert_int_equal(
		windows_change(&window, 1, at("2026-10-24 12:00")), at("2026-10-25T00:10:00Z"));
	assert_int_equal(
		windows_change(&window, 1, at("2026-10-25T00:20:00Z")), at("2026-10-25T01:10:00Z"));
}

static void
windows_that_touch_are_one(void **state)
{
	struct window windows[3];

	(void)state;
	go_to("Asia/Tokyo");
	windows[0] = weekly("daily", "04:00", "04:30");
	windows[1] = dated("2026-11-22 04:15", "2026-11-22 06:00");
	windows[2] = weekly("sun", "06:00", "06:30");
	assert_int_equal(
		windows_change(windows, 3, at("2026-11-22 04:00")), at("2026-11-22 06:30"));
	assert_int_equal(
		windows_change(windows, 3, at("2026-11-22 06:30")), at("2026-11-23 04:00"));
	assert_ptr_equal(windows_next(windows, 3, at("2026-11-22 05:00")), &windows[1]);
	assert_ptr_equal(windows_next(windows, 3, at("2026-11-22 06:30")), &windows[0]);
}

static void
what_never_turns_is_said_to(void **state)
{
	struct window always[2];
	struct window far;

	(void)state;
	go_to("Asia/Tokyo");
	assert_null(windows_next(NULL, 0, at("2026-11-22 04:00")));
	assert_int_equal(windows_change(NULL, 0, at("2026-11-22 04:00")), WINDOW_NEVER);
	always[0] = weekly("daily", "00:00", "24:00");
	assert_int_equal(windows_change(always, 1, at("2026-11-22 04:00")), WINDOW_NEVER);
	/* A dated one within changes nothing. */
	always[1] = dated("2027-11-22 01:00", "2027-11-24 05:00");
	assert_int_equal(windows_change(always, 2, at("2026-11-22 04:00")), WINDOW_NEVER);
	far = dated("2029-01-01 00:00", "2029-06-01 00:00");
	assert_int_equal(windows_change(&far, 1, at("2026-11-22 04:00")), far.begins_us);
	assert_int_equal(windows_change(&far, 1, far.begins_us), far.ends_us);
	assert_int_equal(windows_change(&far, 1, far.ends_us), WINDOW_NEVER);
	/* A weekly one behind a dated one that is longer than anybody looks ahead. */
	always[0] = weekly("mon", "04:00", "04:30");
	always[1] = dated("2026-11-22 00:00", "2027-02-01 04:10");
	assert_true(windows_change(always, 2, at("2026-11-22 04:00")) >= always[1].ends_us);
}

static void
what_is_no_window_is_refused(void **state)
{
	static const struct {
		const char *from, *until, *field;
	} times[] = {
		{"4:00", "04:30", "from"},
		{"24:00", "04:30", "from"},
		{"04:60", "05:00", "from"},
		{"04:00", "24:01", "until"},
		{"04:00", "", "until"},
		{"04:00", "04:00", "until"},
	};
	struct window window = {0};
	struct field_error error;
	char text[WINDOW_TEXT_SIZE];

	(void)state;
	go_to("Asia/Tokyo");
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		assert_int_equal(
			window_minutes_parse(times[i].from, times[i].until, &window, &error),
			-EINVAL);
		assert_string_equal(error.field, times[i].field);
	}
	assert_int_equal(window_day_parse("Monday", &window.days, &error), -EINVAL);
	assert_int_equal(window_kind_parse("holiday", &window.kind, &error), -EINVAL);
	assert_int_equal(window_text_parse("a\nb", text, &error), -EINVAL);
	assert_int_equal(window_text_parse(" 毎日の再起動 ", text, &error), 0);
	assert_string_equal(text, "毎日の再起動");
	assert_int_equal(
		window_dates_parse("2026-11-22 05:00", "2026-11-22 05:00", 0, &window, &error),
		-EINVAL);
	assert_int_equal(window_dates_parse("2026-11-22 05:00", "2026-11-22 06:00",
				 at("2026-11-22 06:00"), &window, &error),
		-EINVAL);
	assert_string_equal(error.field, "until");
}

static void
times_are_short_on_the_same_day(void **state)
{
	char text[WINDOW_TIME_SIZE];

	(void)state;
	go_to("Asia/Tokyo");
	window_time_format(at("2026-11-22 04:30"), at("2026-11-22 00:00"), text);
	assert_string_equal(text, "04:30");
	window_time_format(at("2026-11-22 04:30"), at("2026-11-21 23:59"), text);
	assert_string_equal(text, "2026-11-22 04:30");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(weekly_windows_cover_their_days),
		cmocka_unit_test(windows_over_night_begin_on_their_day),
		cmocka_unit_test(dated_windows_lie_between_two_instants),
		cmocka_unit_test(what_turns_next_is_found_in_every_zone),
		cmocka_unit_test(what_the_clock_leaves_out_is_left_out),
		cmocka_unit_test(windows_that_touch_are_one),
		cmocka_unit_test(what_never_turns_is_said_to),
		cmocka_unit_test(what_is_no_window_is_refused),
		cmocka_unit_test(times_are_short_on_the_same_day),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
