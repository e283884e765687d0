/* The line that shows how far something has come. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "admin-cli/progress.h"

static void
expect(int64_t done, int64_t of, const char *line)
{
	json_t *parameters = json_pack(
		"{s:s, s:I, s:I}", "what", "rows", "done", (json_int_t)done, "of", (json_int_t)of);
	char text[256];

	progress_line(parameters, text, sizeof(text));
	assert_string_equal(text, line);
	json_decref(parameters);
}

static void
the_line_shows_the_share(void **state)
{
	(void)state;
	expect(0, 100, "rows [..............................]   0 %");
	expect(50, 100, "rows [###############...............]  50 %");
	expect(100, 100, "rows [##############################] 100 %");
}

static void
numbers_that_cannot_be_are_shown_as_nothing_or_all(void **state)
{
	(void)state;
	expect(7, 0, "rows [..............................]   0 %");
	expect(-1, 10, "rows [..............................]   0 %");
	expect(11, 10, "rows [##############################] 100 %");
	expect(INT64_MAX, INT64_MAX, "rows [##############################] 100 %");
}

static void
parts_that_are_missing_are_no_fault(void **state)
{
	char text[256];

	(void)state;
	progress_line(NULL, text, sizeof(text));
	assert_string_equal(text, " [..............................]   0 %");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_line_shows_the_share),
		cmocka_unit_test(numbers_that_cannot_be_are_shown_as_nothing_or_all),
		cmocka_unit_test(parts_that_are_missing_are_no_fault),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
