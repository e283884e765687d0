/* policy/terminal_health.c: what a look means beside those before it. */
#include "policy/terminal_health.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define SECOND INT64_C(1000000)
#define MINUTE (60 * SECOND)
#define DAY (24 * 60 * MINUTE)
#define START (20000 * DAY)

static const struct health_limits limits = {
	.away_us = 5 * MINUTE, .certificate_us = 30 * DAY, .restart_us = 2 * DAY};

static struct terminal_health now;
static struct health_change change;
static bool begun;

static struct host_seen
there(uint8_t certificate)
{
	struct host_seen seen = {
		.reachable = true,
		.why = "",
		.has_certificate = true,
		.not_before_us = START - DAY,
		.not_after_us = START + 365 * DAY,
	};

	memset(seen.sha256, certificate, sizeof(seen.sha256));
	return seen;
}

static struct host_seen
away(void)
{
	return (struct host_seen){.why = "connection refused"};
}

static void
look(struct host_seen seen, int64_t at_us)
{
	struct terminal_health next;

	health_next(begun ? &now : NULL, &seen, &limits, at_us, &next, &change);
	now = next;
	begun = true;
}

static int
start(void **state)
{
	(void)state;
	begun = false;
	return 0;
}

static void
a_first_look_is_written_and_no_news(void **state)
{
	(void)state;
	look(there(1), START);
	assert_true(change.write);
	assert_int_equal(change.begun, 0);
	assert_false(change.returned);
	assert_false(change.new_certificate);
	assert_true(now.reachable);
	assert_int_equal(now.since_us, START);
	assert_int_equal(now.last_restart_us, 0);
}

static void
what_stays_the_same_is_written_once_an_hour(void **state)
{
	(void)state;
	look(there(1), START);
	for (int minute = 1; minute < 60; minute++) {
		struct terminal_health before = now;
		struct health_change unused;
		struct host_seen seen = there(1);

		/* As the supervisor does: what was not written is compared with what was. */
		health_next(&before, &seen, &limits, START + minute * MINUTE,
			&(struct terminal_health){0}, &unused);
		assert_false(unused.write);
	}
	look(there(1), START + 60 * MINUTE);
	assert_true(change.write);
	assert_int_equal(now.since_us, START);
}

static void
a_short_absence_is_a_restart_and_no_warning(void **state)
{
	(void)state;
	look(there(1), START);
	look(away(), START + MINUTE);
	assert_true(change.write);
	assert_int_equal(change.begun, 0);
	assert_string_equal(now.why, "connection refused");
	look(there(1), START + 3 * MINUTE);
	assert_true(change.returned);
	assert_int_equal(change.ended, 0);
	assert_int_equal(now.last_restart_us, START + 3 * MINUTE);
	assert_int_equal(now.since_us, START + 3 * MINUTE);
}

static void
who_drops_everybody_and_answers_has_restarted_once(void **state)
{
	struct host_seen seen = there(1);

	(void)state;
	look(there(1), START);
	seen.dropped_us = START + MINUTE;
	look(seen, START + 2 * MINUTE);
	assert_true(change.returned);
	assert_true(change.write);
	assert_int_equal(now.last_restart_us, START + MINUTE);
	assert_int_equal(now.since_us, START); /* it was never seen to be away */
	look(seen, START + 3 * MINUTE);
	assert_false(change.returned);
	/* Away and back tells it, and when, by itself. */
	seen = away();
	seen.dropped_us = START + 10 * MINUTE;
	look(seen, START + 10 * MINUTE);
	assert_int_equal(now.last_restart_us, START + MINUTE);
	look(there(1), START + 11 * MINUTE);
	assert_int_equal(now.last_restart_us, START + 11 * MINUTE);
}

static void
a_long_absence_is_warned_about_once_and_ends(void **state)
{
	(void)state;
	look(there(1), START);
	look(away(), START + MINUTE);
	look(away(), START + 6 * MINUTE);
	assert_int_equal(change.begun, WARNING_BIT(UNREACHABLE));
	assert_int_equal(now.since_us, START + MINUTE);
	look(away(), START + 7 * MINUTE);
	assert_int_equal(change.begun, 0);
	assert_false(change.write);
	look(there(1), START + 8 * MINUTE);
	assert_int_equal(change.ended, WARNING_BIT(UNREACHABLE));
	assert_true(change.returned);
	assert_int_equal(now.warnings, 0);
}

static void
another_certificate_is_news_each_time(void **state)
{
	struct host_seen other = there(2), third = there(3);

	(void)state;
	other.another = third.another = true;
	look(there(1), START);
	look(other, START + MINUTE);
	assert_int_equal(change.begun, WARNING_BIT(CERTIFICATE_CHANGED));
	assert_false(change.new_certificate);
	look(other, START + 2 * MINUTE);
	assert_int_equal(change.begun, 0);
	look(third, START + 3 * MINUTE);
	assert_int_equal(change.begun, WARNING_BIT(CERTIFICATE_CHANGED));
	assert_true(change.write);
	/* Away: nothing is known of its certificate, so the warning stays. */
	look(away(), START + 4 * MINUTE);
	assert_int_equal(change.ended, 0);
	/* Trusted from now on: the same one is the right one. */
	look(there(3), START + 5 * MINUTE);
	assert_int_equal(change.ended, WARNING_BIT(CERTIFICATE_CHANGED));
	assert_false(change.new_certificate);
}

static void
a_renewed_certificate_is_told_without_a_warning(void **state)
{
	(void)state;
	look(there(1), START);
	look(there(2), START + MINUTE);
	assert_true(change.new_certificate);
	assert_int_equal(change.begun, 0);
	assert_true(change.write);
}

static void
the_end_of_a_certificate_comes_in_two_steps(void **state)
{
	const int64_t end = START + 365 * DAY;

	(void)state;
	look(there(1), START);
	look(away(), end - 31 * DAY - MINUTE); /* a restart, not to mix in that warning */
	look(there(1), end - 31 * DAY);
	assert_int_equal(now.warnings, 0);
	look(away(), end - 29 * DAY - MINUTE);
	look(there(1), end - 29 * DAY);
	assert_int_equal(change.begun, WARNING_BIT(CERTIFICATE_EXPIRES));
	look(away(), end - MINUTE);
	look(there(1), end);
	assert_int_equal(change.begun, WARNING_BIT(CERTIFICATE_EXPIRED));
	assert_int_equal(change.ended, WARNING_BIT(CERTIFICATE_EXPIRES));
}

static void
a_certificate_of_tomorrow_is_warned_about(void **state)
{
	struct host_seen seen = there(1);

	(void)state;
	seen.not_before_us = START + DAY;
	look(seen, START);
	assert_int_equal(change.begun, WARNING_BIT(CERTIFICATE_NOT_YET_VALID));
}

static void
days_without_a_restart_are_counted_from_the_last_one_seen(void **state)
{
	(void)state;
	look(there(1), START);
	look(there(1), START + 2 * DAY - SECOND);
	assert_int_equal(now.warnings, 0);
	look(there(1), START + 2 * DAY);
	assert_int_equal(change.begun, WARNING_BIT(NO_RESTART));
	look(away(), START + 2 * DAY + MINUTE);
	look(there(1), START + 2 * DAY + 2 * MINUTE);
	assert_int_equal(now.warnings, 0);
	look(there(1), START + 4 * DAY + 2 * MINUTE);
	assert_int_equal(change.begun, WARNING_BIT(NO_RESTART));
}

static void
words_of_warnings_come_back(void **state)
{
	char text[HEALTH_WARNINGS_SIZE];

	(void)state;
	for (uint32_t bits = 0; bits < 1u << TERMINAL_WARNING_COUNT; bits++) {
		terminal_warnings_format(bits, text);
		assert_int_equal(terminal_warnings_parse(text), bits);
	}
	assert_int_equal(
		terminal_warnings_parse("of-tomorrow,unreachable,"), WARNING_BIT(UNREACHABLE));
	assert_int_equal(terminal_warnings_parse("unreach"), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_first_look_is_written_and_no_news, start),
		cmocka_unit_test_setup(what_stays_the_same_is_written_once_an_hour, start),
		cmocka_unit_test_setup(a_short_absence_is_a_restart_and_no_warning, start),
		cmocka_unit_test_setup(who_drops_everybody_and_answers_has_restarted_once, start),
		cmocka_unit_test_setup(a_long_absence_is_warned_about_once_and_ends, start),
		cmocka_unit_test_setup(another_certificate_is_news_each_time, start),
		cmocka_unit_test_setup(a_renewed_certificate_is_told_without_a_warning, start),
		cmocka_unit_test_setup(the_end_of_a_certificate_comes_in_two_steps, start),
		cmocka_unit_test_setup(a_certificate_of_tomorrow_is_warned_about, start),
		cmocka_unit_test_setup(
			days_without_a_restart_are_counted_from_the_last_one_seen, start),
		cmocka_unit_test(words_of_warnings_come_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
