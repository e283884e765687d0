/* base/sentence.c: values are kept apart, cut at characters, and put into any format without printf. */
#include "base/sentence.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void
format_and_values_are_kept_apart(void **state)
{
	struct sentence sentence;
	char text[200];

	(void)state;
	sentence_set(&sentence, "%s has %zu of %u (100%%), event %" PRId64 ", %.3s, %04x, %c",
		"pacs", (size_t)3, 4u, INT64_C(-5000000000), "abcdef", 0xab, '!');
	assert_int_equal(sentence.count, 7);
	assert_string_equal(sentence_value(&sentence, 0), "pacs");
	assert_string_equal(sentence_value(&sentence, 1), "3");
	assert_string_equal(sentence_value(&sentence, 3), "-5000000000");
	assert_string_equal(sentence_value(&sentence, 4), "abc");
	assert_string_equal(sentence_value(&sentence, 7), "");
	sentence_text(&sentence, text, sizeof(text));
	assert_string_equal(text, "pacs has 3 of 4 (100%), event -5000000000, abc, 00ab, !");
}

static void
a_precision_never_leaves_half_a_character(void **state)
{
	struct sentence sentence;

	(void)state;
	sentence_set(&sentence, "'%.4s' '%.*s' '%.3s'", "踏み台", 5, "踏み台", "踏");
	assert_string_equal(sentence_value(&sentence, 0), "踏");
	assert_string_equal(sentence_value(&sentence, 1), "踏");
	assert_string_equal(sentence_value(&sentence, 2), "踏");
}

static void
values_without_room_are_cut_and_then_empty(void **state)
{
	static char longest[SENTENCE_VALUES_SIZE * 2];
	struct sentence sentence;
	char text[64];

	(void)state;
	for (size_t i = 0; i + 3 < sizeof(longest); i += 3)
		memcpy(longest + i, "山", 3);
	sentence_set(&sentence, "%s|%s|%s", longest, "lost", "lost too");
	assert_int_equal(sentence.count, 3);
	assert_int_equal(strlen(sentence_value(&sentence, 0)) % 3, 0);
	assert_string_equal(sentence_value(&sentence, 2), "");
	sentence_text(&sentence, text, sizeof(text));
	assert_int_equal(strlen(text) % 3, 0);
}

static void
a_translation_may_turn_the_order_round(void **state)
{
	static const char *const values[] = {"10:00", "11:30"};
	static const struct {
		const char *format, *text;
	} cases[] = {
		{"%s, now %s", "10:00, now 11:30"},
		{"現在 %2$s (接続時間 %1$s)", "現在 11:30 (接続時間 10:00)"},
		{"%s %s %s!", "10:00 11:30 !"},
		{"%9$s%1$s", "10:00"},
		{"100%", "100%"},
		{"%n %s", "%n 10:00"},
		{"%%s", "%s"},
		{"", ""},
	};
	char text[100];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		sentence_fill(cases[i].format, values, 2, text, sizeof(text));
		assert_string_equal(text, cases[i].text);
	}
}

static void
nothing_said_is_an_empty_text(void **state)
{
	struct sentence sentence = {0};
	char text[8] = "x";

	(void)state;
	sentence_text(&sentence, text, sizeof(text));
	assert_string_equal(text, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(format_and_values_are_kept_apart),
		cmocka_unit_test(a_precision_never_leaves_half_a_character),
		cmocka_unit_test(values_without_room_are_cut_and_then_empty),
		cmocka_unit_test(a_translation_may_turn_the_order_round),
		cmocka_unit_test(nothing_said_is_an_empty_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
