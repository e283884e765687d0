/* policy/text_fold.c: what is searched for is found however it was typed. */
#include "policy/text_fold.h"

#include "base/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct {
	const char *text, *folded;
} cases[] = {
	{"", ""},
	{"Taro.YAMADA_1", "taro.yamada_1"},
	{"ＴＡＲＯ＠ｅｘ．ｊｐ", "taro@ex.jp"},
	{"山田　太郎", "山田 太郎"},
	{"MÜLLER Ömer Ñ Ł", "müller ömer ñ ł"},
	{"ΑΒΓ ДЖ", "αβγ дж"},
	{"ﾔﾏﾀﾞ ﾀﾛｳ", "ヤマダ タロウ"},
	{"ﾊﾟﾋﾟﾌﾟﾍﾟﾎﾟ ﾊﾞﾎﾞ ｶﾞｺﾞ ﾂﾞﾃﾞ ｳﾞ", "パピプペポ バボ ガゴ ヅデ ヴ"},
	{"ﾅﾞ ﾞ ﾟ", "ナﾞ ﾞ ﾟ"},
	{"ｯﾞ", "ッﾞ"},
	{"a\xff\xc0z", "a\xff\xc0z"},
	{"\xe3\x82", "\xe3\x82"},
};

static void
letters_are_alike_in_case_and_width(void **state)
{
	locale_t locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	char folded[256];

	(void)state;
	assert_true(locale != (locale_t)0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		size_t len = text_fold(cases[i].text, strlen(cases[i].text), locale, folded);

		assert_string_equal(folded, cases[i].folded);
		assert_int_equal(len, strlen(folded));
		/* Folding twice is folding once. */
		(void)text_fold(cases[i].folded, strlen(cases[i].folded), locale, folded);
		assert_string_equal(folded, cases[i].folded);
	}
	freelocale(locale);
}

static void
without_a_locale_ascii_is_folded(void **state)
{
	char folded[64];

	(void)state;
	(void)text_fold("TARO Ü", strlen("TARO Ü"), (locale_t)0, folded);
	assert_string_equal(folded, "taro Ü");
}

/* No character becomes more than twice as long. */
static void
every_character_fits_into_its_room(void **state)
{
	locale_t locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	char text[5], folded[16];

	(void)state;
	for (uint32_t c = 0x80; c < 0x10000; c++) {
		size_t len = c < 0x800 ? 2 : 3;

		if (len == 2) {
			text[0] = (char)(0xc0 | c >> 6);
			text[1] = (char)(0x80 | (c & 0x3f));
		} else {
			text[0] = (char)(0xe0 | c >> 12);
			text[1] = (char)(0x80 | (c >> 6 & 0x3f));
			text[2] = (char)(0x80 | (c & 0x3f));
		}
		assert_true(text_fold(text, len, locale, folded) < TEXT_FOLD_SIZE(len));
	}
	freelocale(locale);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(letters_are_alike_in_case_and_width),
		cmocka_unit_test(without_a_locale_ascii_is_folded),
		cmocka_unit_test(every_character_fits_into_its_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
