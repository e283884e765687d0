/* policy/csv/reader.c: what is read, and what is refused where. */
#include "policy/csv/reader.h"

#include "base/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct csv_reader reader;

/* All records of a text, cells parted by | and records by a newline; fed in pieces of `piece` bytes. */
static void
read_all(const char *text, size_t len, size_t piece, char *ret_shown)
{
	enum csv_step step = CSV_MORE;

	csv_reader_init(&reader);
	ret_shown[0] = '\0';
	for (size_t at = 0; at <= len && step != CSV_BAD;) {
		size_t used = 0;

		if (at == len)
			step = csv_reader_end(&reader);
		else
			step = csv_reader_feed(
				&reader, text + at, piece < len - at ? piece : len - at, &used);
		at += at == len ? 1 : used;
		if (step != CSV_RECORD)
			continue;
		for (size_t i = 0; i < reader.count; i++) {
			strcat(ret_shown, i > 0 ? "|" : "");
			strcat(ret_shown, csv_cell(&reader, i, NULL));
		}
		strcat(ret_shown, "\n");
	}
}

static void
expect_records(const char *text, const char *expected)
{
	char shown[400];

	for (size_t piece = 1; piece <= strlen(text) + 1; piece++) {
		read_all(text, strlen(text), piece, shown);
		assert_null(reader.why);
		assert_string_equal(shown, expected);
	}
}

static void
reads_cells_quotes_and_both_line_ends(void **state)
{
	(void)state;
	expect_records("a,b\r\nc,d\r\n", "a|b\nc|d\n");
	expect_records("a,b\nc,d", "a|b\nc|d\n");
	expect_records("a,\"b,c\",\"say \"\"x\"\"\"\n", "a|b,c|say \"x\"\n");
	expect_records("\"one\r\ntwo\nthree\",x\r\n", "one\r\ntwo\nthree|x\n");
	expect_records("a,,\r\n,,\r\n", "a||\n||\n");
	expect_records("\"\"\r\n", "\n");
	expect_records("a\r", "a\n");
	expect_records("アカウント,姓\r\n", "アカウント|姓\n");
}

static void
passes_over_empty_lines(void **state)
{
	(void)state;
	expect_records("", "");
	expect_records("\r\n\n\r\n", "");
	expect_records("a\r\n\r\n\r\nb\r\n\r\n", "a\nb\n");
}

static void
counts_lines_also_within_quotes(void **state)
{
	static const char text[] = "a\n\"x\ny\"\nb\n";
	size_t at = 0, used;
	const size_t lines[] = {1, 2, 4};

	(void)state;
	csv_reader_init(&reader);
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++, at += used) {
		assert_int_equal(
			csv_reader_feed(&reader, text + at, strlen(text + at), &used), CSV_RECORD);
		assert_int_equal(reader.record_line, lines[i]);
	}
}

static void
expect_refused(const char *text, size_t len, size_t line, size_t column, const char *why)
{
	char shown[400];

	for (size_t piece = 1; piece <= len; piece++) {
		read_all(text, len, piece, shown);
		assert_non_null(reader.why);
		assert_non_null(strstr(reader.why, why));
		assert_int_equal(reader.line, line);
		assert_int_equal(reader.count + 1, column);
		/* Nothing is read after it. */
		assert_int_equal(csv_reader_end(&reader), CSV_BAD);
	}
}

static void
refuses_what_is_no_csv_with_its_place(void **state)
{
	(void)state;
	expect_refused("a,b\nc,d\0e\n", 10, 2, 2, "NUL");
	expect_refused("\x7f\x45LF", 5, 1, 1, "control");
	expect_refused("a,\"b\x01\"\n", 7, 1, 2, "control");
	expect_refused("a,b\"c\n", 6, 1, 2, "double it");
	expect_refused("a,\"b\"c\n", 7, 1, 2, "after the closing quote");
	expect_refused("a\rb\n", 4, 1, 1, "CR alone");
	expect_refused("a,b\nc,\"d\ne\nf", 13 - 1, 2, 2, "never closed");
}

static void
feed_many(const char *first, const char *piece, size_t times, size_t *ret_fed)
{
	enum csv_step step = CSV_MORE;
	size_t used;

	csv_reader_init(&reader);
	(void)csv_reader_feed(&reader, first, strlen(first), ret_fed);
	for (size_t i = 0; i < times && step == CSV_MORE; i++) {
		step = csv_reader_feed(&reader, piece, strlen(piece), &used);
		*ret_fed += used;
	}
}

static void
refuses_at_its_bounds_without_reading_on(void **state)
{
	size_t fed;

	(void)state;
	feed_many("", "xxxxxxxxxxxxxxxx", 7 << 20, &fed);
	assert_non_null(strstr(reader.why, "cell is longer than 256 KB"));
	assert_int_equal(fed, CSV_CELL_MAX + 1);
	feed_many("\n\nb,\"x", "xxxxxxxx\n\"\"", 7 << 20, &fed);
	assert_non_null(strstr(reader.why, "never closed?"));
	assert_int_equal(reader.line, 3);
	assert_int_equal(reader.count, 1);
	feed_many("", ",", 1000, &fed);
	assert_non_null(strstr(reader.why, "more than 64 cells"));
	assert_int_equal(fed, CSV_COLUMNS_MAX + 1);
	{
		static char wide[200001];

		memset(wide, 'x', sizeof(wide) - 1);
		wide[sizeof(wide) - 2] = ',';
		feed_many("", wide, 10, &fed);
	}
	assert_non_null(strstr(reader.why, "row is longer than 384 KB"));
	assert_true(fed <= CSV_RECORD_MAX + 1);
}

static void
cells_beyond_the_last_are_empty(void **state)
{
	size_t used, len = 9;

	(void)state;
	csv_reader_init(&reader);
	assert_int_equal(csv_reader_feed(&reader, "a,b\n", 4, &used), CSV_RECORD);
	assert_string_equal(csv_cell(&reader, 2, &len), "");
	assert_int_equal(len, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_cells_quotes_and_both_line_ends),
		cmocka_unit_test(passes_over_empty_lines),
		cmocka_unit_test(counts_lines_also_within_quotes),
		cmocka_unit_test(refuses_what_is_no_csv_with_its_place),
		cmocka_unit_test(refuses_at_its_bounds_without_reading_on),
		cmocka_unit_test(cells_beyond_the_last_are_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
