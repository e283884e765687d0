/* greeter/screen_field.c: what can be typed, moved over, selected and deleted; and that nothing stays behind. */
#include "greeter/screen_field.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void
assert_field(const struct field *field, const char *text, size_t caret, size_t anchor)
{
	assert_string_equal(field->text, text);
	assert_int_equal(field->len, strlen(text));
	assert_int_equal(field->caret, caret);
	assert_int_equal(field->anchor, anchor);
}

static void
text_goes_where_the_caret_stands(void **state)
{
	struct field field = {0};

	(void)state;
	field_begin(&field, FIELD_PLAIN, 256, "佐藤taro");
	assert_field(&field, "佐藤taro", 10, 10);
	field_go(&field, FIELD_START, false);
	field_go(&field, FIELD_RIGHT, false);
	field_insert(&field, "_");
	assert_field(&field, "佐_藤taro", 4, 4);
	field_delete(&field, FIELD_LEFT);
	field_delete(&field, FIELD_LEFT);
	assert_field(&field, "藤taro", 0, 0);
	field_delete(&field, FIELD_LEFT);
	field_delete(&field, FIELD_RIGHT);
	assert_field(&field, "taro", 0, 0);
	field_wipe(&field);
}

static void
a_selection_is_replaced(void **state)
{
	struct field field = {0};

	(void)state;
	field_begin(&field, FIELD_PLAIN, 256, "one two three");
	field_select_word(&field, 5);
	assert_field(&field, "one two three", 7, 4);
	field_insert(&field, "2");
	assert_field(&field, "one 2 three", 5, 5);
	field_go(&field, FIELD_WORD_LEFT, true);
	assert_field(&field, "one 2 three", 4, 5);
	field_go(&field, FIELD_RIGHT, false);
	assert_field(&field, "one 2 three", 5, 5);
	field_select_all(&field);
	field_delete(&field, FIELD_RIGHT);
	assert_field(&field, "", 0, 0);
}

static void
what_is_no_text_is_dropped(void **state)
{
	struct field field = {0};

	(void)state;
	field_begin(&field, FIELD_PLAIN, 256, "a\tb\r\nc\x7f\xc2\x85\xe2\x80\xa8\xff\xc3");
	assert_string_equal(field.text, "abc");
	field_insert_character(&field, 0);
	field_insert_character(&field, 0xd800);
	field_insert_character(&field, 0x110000);
	assert_string_equal(field.text, "abc");
}

static void
no_character_is_cut_in_two_at_the_bound(void **state)
{
	struct field field = {0};
	char text[2000];

	(void)state;
	for (size_t i = 0; i < 600; i++)
		memcpy(text + 3 * i, "病", 4);
	field_begin(&field, FIELD_PLAIN, 256, text);
	assert_int_equal(field.len, 255);
	field_insert(&field, "x");
	assert_int_equal(field.len, 256);
	field_insert(&field, "x");
	assert_int_equal(field.len, 256);
	field_begin(&field, FIELD_HIDDEN, 9999, text);
	assert_int_equal(field.len, 510);
}

static void
a_number_is_eight_digits_in_two_groups(void **state)
{
	struct field field = {0};
	struct field_shown shown;

	(void)state;
	field_begin(&field, FIELD_NUMBER, 512, "12-34 ５６abc789");
	assert_string_equal(field.text, "12345678");
	field_show(&field, &shown);
	assert_string_equal(shown.text, "\u202d1234 5678");
	assert_int_equal(field_place_of(&field, shown.len), 8);
	assert_int_equal(field_place_of(&field, 3 + 5), 5);
}

static void
dots_tell_nothing_but_their_number(void **state)
{
	struct field field = {0};
	struct field_shown shown;

	(void)state;
	field_begin(&field, FIELD_HIDDEN, 512, "pass 語");
	field_show(&field, &shown);
	assert_string_equal(shown.text, "\u202d●●●●●●");
	field_go(&field, FIELD_WORD_LEFT, false);
	assert_int_equal(field.caret, 0);
	field_select_word(&field, 2);
	assert_field(&field, "pass 語", 8, 0);
}

static void
what_was_sent_is_forgotten(void **state)
{
	static const char zeros[FIELD_MOST];
	struct field field = {0};
	struct field_shown shown;

	(void)state;
	field_begin(&field, FIELD_HIDDEN, 512, "päss");
	field_forget(&field);
	field_show(&field, &shown);
	assert_string_equal(shown.text, "\u202d●●●●");
	assert_string_equal(field.text, "0000");
	assert_memory_equal(field.text + 4, zeros, FIELD_MOST - 4);
	field_begin(&field, FIELD_PLAIN, 512, "secret");
	field_select_all(&field);
	field_delete(&field, FIELD_LEFT);
	assert_memory_equal(field.text, zeros, FIELD_MOST);
}

static void
marks_of_direction_are_seen_and_turn_nothing(void **state)
{
	struct field field = {0};
	struct field_shown shown;

	(void)state;
	field_begin(&field, FIELD_PLAIN, 256, "a\u202eb\u200bc");
	field_show(&field, &shown);
	assert_string_equal(shown.text, "\u202da□b□c");
	assert_int_equal(shown.caret, shown.len);
}

static void
blanks_at_the_ends_are_left_out(void **state)
{
	struct field field = {0};
	char text[FIELD_MOST + 1];

	(void)state;
	field_begin(&field, FIELD_PLAIN, 256, "  998-sato ");
	field_trimmed(&field, text, sizeof(text));
	assert_string_equal(text, "998-sato");
	assert_false(field_is_blank(&field));
	field_begin(&field, FIELD_PLAIN, 256, "   ");
	field_trimmed(&field, text, sizeof(text));
	assert_string_equal(text, "");
	assert_true(field_is_blank(&field));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_goes_where_the_caret_stands),
		cmocka_unit_test(a_selection_is_replaced),
		cmocka_unit_test(what_is_no_text_is_dropped),
		cmocka_unit_test(no_character_is_cut_in_two_at_the_bound),
		cmocka_unit_test(a_number_is_eight_digits_in_two_groups),
		cmocka_unit_test(dots_tell_nothing_but_their_number),
		cmocka_unit_test(what_was_sent_is_forgotten),
		cmocka_unit_test(marks_of_direction_are_seen_and_turn_nothing),
		cmocka_unit_test(blanks_at_the_ends_are_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
