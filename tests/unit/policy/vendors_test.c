/* policy/vendors.c */
#include "policy/vendors.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const good_names[] = {
	"関所メディカル株式会社", "Foo Co., Ltd.", "O'Reilly PACS", "  trimmed  ",
	("あああああああああああああああああああああああああああああああああ"
	 "あああああああああああああああああああああああああああああああ"), /* 64 characters */
};

static const char *const bad_names[] = {
	"", "   ", "a\nb", "\xff", "say \"A\"", "=1+1", "+81", "-x", "@home", "\xe3\x80\x80",
	("ああああああああああああああああああああああああああああああああああ"
	 "あああああああああああああああああああああああああああああああ"), /* 65 characters */
};

static void
names_are_short_printable_and_no_formulas(void **state)
{
	char name[VENDOR_NAME_SIZE];
	struct field_error error;

	(void)state;
	for (size_t i = 0; i < sizeof(good_names) / sizeof(good_names[0]); i++)
		if (vendor_name_parse(good_names[i], name, &error) < 0)
			fail_msg("'%s' is refused: %s", good_names[i], error.rule);
	assert_int_equal(vendor_name_parse("  trimmed  ", name, &error), 0);
	assert_string_equal(name, "trimmed");
	for (size_t i = 0; i < sizeof(bad_names) / sizeof(bad_names[0]); i++) {
		if (vendor_name_parse(bad_names[i], name, &error) != -EINVAL)
			fail_msg("'%s' is accepted", bad_names[i]);
		assert_string_equal(error.field, "name");
	}
}

static void
kinds_and_states_go_there_and_back(void **state)
{
	struct field_error error;
	enum vendor_kind kind;
	enum vendor_state vendor_state;

	(void)state;
	for (int i = 0; i < VENDOR_KIND_COUNT; i++) {
		assert_int_equal(
			vendor_kind_parse(vendor_kind_name((enum vendor_kind)i), &kind, &error), 0);
		assert_int_equal(kind, i);
	}
	for (int i = 0; i < VENDOR_STATE_COUNT; i++) {
		assert_int_equal(vendor_state_parse(vendor_state_name((enum vendor_state)i),
					 &vendor_state, &error),
			0);
		assert_int_equal(vendor_state, i);
	}
	assert_int_equal(vendor_kind_parse("Server", &kind, &error), -EINVAL);
	assert_string_equal(error.field, "kind");
	assert_int_equal(vendor_state_parse("", &vendor_state, &error), -EINVAL);
	assert_string_equal(error.field, "state");
}

static void
a_note_has_lines_and_an_end(void **state)
{
	char note[VENDOR_NOTE_SIZE], text[VENDOR_NOTE_MAX + 2];
	struct field_error error;

	(void)state;
	assert_int_equal(vendor_note_parse("", note, &error), 0);
	assert_int_equal(vendor_note_parse("夜間 03-0000-0000\n担当 佐藤", note, &error), 0);
	memset(text, 'a', sizeof(text));
	text[VENDOR_NOTE_MAX + 1] = '\0';
	assert_int_equal(vendor_note_parse(text, note, &error), -EINVAL);
	text[VENDOR_NOTE_MAX] = '\0';
	assert_int_equal(vendor_note_parse(text, note, &error), 0);
	assert_int_equal(vendor_note_parse("a\x1b[2J", note, &error), -EINVAL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_short_printable_and_no_formulas),
		cmocka_unit_test(kinds_and_states_go_there_and_back),
		cmocka_unit_test(a_note_has_lines_and_an_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
