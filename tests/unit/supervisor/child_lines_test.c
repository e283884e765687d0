/* gateway/supervisor/child_lines.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "supervisor/child_lines.h"

#include <string.h>

static void
add(struct child_lines *lines, const char *bytes, size_t len)
{
	size_t room;
	char *at = child_lines_room(lines, &room);

	assert_true(len <= room);
	memcpy(at, bytes, len);
	child_lines_add(lines, len);
}

static void
expect(struct child_lines *lines, bool is_end, const char *wanted)
{
	const char *line;
	size_t len;

	assert_true(child_lines_next(lines, is_end, &line, &len));
	assert_int_equal(len, strlen(wanted));
	assert_memory_equal(line, wanted, len);
}

static void
expect_none(struct child_lines *lines, bool is_end)
{
	const char *line;
	size_t len;

	assert_false(child_lines_next(lines, is_end, &line, &len));
}

static void
lines_come_whole_however_they_were_written(void **state)
{
	struct child_lines lines = {.len = 0};

	(void)state;
	add(&lines, "one\ntw", 6);
	expect(&lines, false, "one");
	expect_none(&lines, false);
	add(&lines, "o\n", 2);
	expect(&lines, false, "two");
	expect_none(&lines, false);
	expect_none(&lines, true);
}

static void
the_end_ends_a_line(void **state)
{
	struct child_lines lines = {.len = 0};

	(void)state;
	add(&lines, "last words", 10);
	expect_none(&lines, false);
	expect(&lines, true, "last words");
	expect_none(&lines, true);
}

static void
empty_lines_are_left_out(void **state)
{
	struct child_lines lines = {.len = 0};

	(void)state;
	add(&lines, "\n\n\na\n\n", 6);
	expect(&lines, false, "a");
	expect_none(&lines, true);
}

static void
a_line_that_does_not_fit_comes_in_pieces(void **state)
{
	struct child_lines lines = {.len = 0};
	char longest[CHILD_LINE_MOST];
	const char *line;
	size_t len, room;

	(void)state;
	memset(longest, 'a', sizeof(longest));
	add(&lines, longest, sizeof(longest));
	(void)child_lines_room(&lines, &room);
	assert_int_equal(room, 0);
	assert_true(child_lines_next(&lines, false, &line, &len));
	assert_int_equal(len, CHILD_LINE_MOST);
	add(&lines, "rest\n", 5);
	expect(&lines, false, "rest");
	expect_none(&lines, true);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_come_whole_however_they_were_written),
		cmocka_unit_test(the_end_ends_a_line),
		cmocka_unit_test(empty_lines_are_left_out),
		cmocka_unit_test(a_line_that_does_not_fit_comes_in_pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
