/* gateway/base/utf_8.c */
#include "base/utf_8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static ptrdiff_t
count(const char *text)
{
	return utf_8_count(text, strlen(text));
}

static void
characters_are_counted_and_not_bytes(void **state)
{
	(void)state;
	assert_int_equal(count(""), 0);
	assert_int_equal(count("correct horse"), 13);
	assert_int_equal(count("ながいあいことば"), 8);
	assert_int_equal(count("été 病院 😀"), 8);
}

/* Cut, too long, a surrogate, beyond the last, CP932. */
static void
what_is_no_utf_8_has_no_characters(void **state)
{
	static const char *const wrong[] = {"\xe3\x81", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80",
		"\xf4\x90\x80\x80", "\x82\xa0", "good\xff"};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(count(wrong[i]), -1);
		assert_false(utf_8_is_valid(wrong[i], strlen(wrong[i])));
	}
	assert_true(utf_8_is_valid("病院", 6));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(characters_are_counted_and_not_bytes),
		cmocka_unit_test(what_is_no_utf_8_has_no_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
