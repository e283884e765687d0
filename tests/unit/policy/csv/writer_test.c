/* policy/csv/writer.c: quotes where they must be, no formula, and the way back. */
#include "policy/csv/writer.h"

#include "base/cleanup.h"
#include "policy/csv/reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char room[2000];

static const char *
written(const char *first, const char *second)
{
	struct csv_writer writer;

	csv_writer_init(&writer, room, sizeof(room) - 1);
	csv_put(&writer, first);
	csv_put(&writer, second);
	csv_end_record(&writer);
	assert_false(writer.full);
	room[writer.len] = '\0';
	return room;
}

static void
quotes_only_what_needs_it(void **state)
{
	(void)state;
	assert_string_equal(written("a", "b c"), "a,b c\r\n");
	assert_string_equal(written("a,b", NULL), "\"a,b\",\r\n");
	assert_string_equal(written("say \"x\"", "l1\nl2"), "\"say \"\"x\"\"\",\"l1\nl2\"\r\n");
	assert_string_equal(written(" a", "b "), "\" a\",\"b \"\r\n");
	assert_string_equal(written("山田", ""), "山田,\r\n");
}

static void
writes_no_formula(void **state)
{
	(void)state;
	assert_string_equal(written("=1+1", "+81"), "'=1+1,'+81\r\n");
	assert_string_equal(written("-a", "@b"), "'-a,'@b\r\n");
	assert_string_equal(written("＝a", "＠b"), "'＝a,'＠b\r\n");
	assert_string_equal(written("=a,b", "'=c"), "\"'=a,b\",''=c\r\n");
	assert_string_equal(written("\t=a", " '@b"), "\"'\t=a\",\"' '@b\"\r\n");
	assert_string_equal(written("a=b", "'quoted'"), "a=b,'quoted'\r\n");
}

static void
every_text_comes_back(void **state)
{
	static const char *const texts[] = {"a", "", "=", "'", "'=", "''=x", "-1,\"x\"", "＋山",
		"'a", "\r\n", "a\"\"b", "\t@", " =", "' =", "'\"-", "O'Neil"};
	static struct csv_reader reader;
	size_t used;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		const char *text = written(texts[i], "x");

		csv_reader_init(&reader);
		assert_int_equal(csv_reader_feed(&reader, text, strlen(text), &used), CSV_RECORD);
		assert_string_equal(csv_plain(csv_cell(&reader, 0, NULL)), texts[i]);
		assert_int_equal(strspn(text + (text[0] == '"'), "=+-@"), 0);
	}
}

static void
says_when_it_is_full(void **state)
{
	struct csv_writer writer;

	(void)state;
	csv_writer_init(&writer, room, 4);
	csv_put(&writer, "abc");
	assert_false(writer.full);
	csv_end_record(&writer);
	assert_true(writer.full);
	assert_true(writer.len <= 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quotes_only_what_needs_it),
		cmocka_unit_test(writes_no_formula),
		cmocka_unit_test(every_text_comes_back),
		cmocka_unit_test(says_when_it_is_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
