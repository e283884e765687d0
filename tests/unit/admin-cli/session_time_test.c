/* admin-cli/session_time.c */
#include "admin-cli/session_time.h"

#include "base/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void
seconds_minutes_and_hours_are_read(void **state)
{
	static const struct {
		const char *text;
		uint32_t ms;
	} rows[] = {{"0", 0}, {"90", 90000}, {"1:30", 90000}, {"90:00", 5400000},
		{"1:02:03", 3723000}, {"0:00:09", 9000}, {"01:59:59", 7199000}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint32_t ms = 1;

		assert_true(session_time_read(rows[i].text, &ms));
		assert_int_equal(ms, rows[i].ms);
	}
}

static void
what_is_no_time_is_refused_and_writes_nothing(void **state)
{
	static const char *const texts[] = {"", ":", "1:", ":30", "1:60", "1:02:60", "1:60:00",
		"1:2:3:4", "-1", "+1", "1.5", "1 30", "90s", "1234567", "999999:00:00",
		"\xef\xbc\x91"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		uint32_t ms = 77;

		assert_false(session_time_read(texts[i], &ms));
		assert_int_equal(ms, 77);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(seconds_minutes_and_hours_are_read),
		cmocka_unit_test(what_is_no_time_is_refused_and_writes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
