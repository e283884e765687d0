/* gateway/base/log.c */
#include "base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void
quote_keeps_names_and_drops_what_could_forge_a_line(void **state)
{
	(void)state;
	assert_string_equal(log_quote("佐藤 太郎"), "佐藤 太郎");
	assert_string_equal(log_quote("a\nSK1001 b"), "a?SK1001 b");
	assert_string_equal(log_quote("it's"), "it?s");
	assert_string_equal(log_quote("\xff\xc0\x80z"), "???z");
	assert_string_equal(log_quote("\xed\xa0\x80"), "???");
	assert_string_equal(log_quote("\xc2\x85"), "??");
	assert_string_equal(log_quote(NULL), "-");
}

static void
quote_is_bounded(void **state)
{
	char longer[1000];

	(void)state;
	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(strlen(log_quote(longer)), 128);
}

static void
every_event_has_an_id_of_its_own_and_both_languages(void **state)
{
	(void)state;
	for (int i = 0; i < EVENT_COUNT; i++) {
		struct event_row row = *event_row((enum event)i);

		assert_int_equal(strlen(row.id), 6);
		assert_memory_equal(row.id, "SK", 2);
		if (row.text_ja == NULL || row.meaning_ja == NULL)
			fail_msg("%s has no row in events.ja.def", row.name);
		for (int k = 0; k < i; k++) {
			if (strcmp(event_row((enum event)k)->id, row.id) == 0)
				fail_msg("%s: id %s is used twice", row.name, row.id);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quote_keeps_names_and_drops_what_could_forge_a_line),
		cmocka_unit_test(quote_is_bounded),
		cmocka_unit_test(every_event_has_an_id_of_its_own_and_both_languages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
