/* Text as it is searched and sorted; see text_fold.h. */
#include "policy/text_fold.h"

#include "base/utf_8.h"

#include <stdint.h>
#include <string.h>
#include <wctype.h>

#define WIDE_BLANK 0x3000
#define WIDE_FIRST 0xff01 /* ！, which is '!' */
#define WIDE_LAST 0xff5e
#define NARROW_KANA_FIRST 0xff66
#define NARROW_KANA_LAST 0xff9d
#define NARROW_VOICED 0xff9e      /* ﾞ */
#define NARROW_HALF_VOICED 0xff9f /* ﾟ */

/* U+FF66 … U+FF9D */
static const uint16_t wide_kana[] = {0x30f2, 0x30a1, 0x30a3, 0x30a5, 0x30a7, 0x30a9, 0x30e3, 0x30e5,
	0x30e7, 0x30c3, 0x30fc, 0x30a2, 0x30a4, 0x30a6, 0x30a8, 0x30aa, 0x30ab, 0x30ad, 0x30af,
	0x30b1, 0x30b3, 0x30b5, 0x30b7, 0x30b9, 0x30bb, 0x30bd, 0x30bf, 0x30c1, 0x30c4, 0x30c6,
	0x30c8, 0x30ca, 0x30cb, 0x30cc, 0x30cd, 0x30ce, 0x30cf, 0x30d2, 0x30d5, 0x30d8, 0x30db,
	0x30de, 0x30df, 0x30e0, 0x30e1, 0x30e2, 0x30e4, 0x30e6, 0x30e8, 0x30e9, 0x30ea, 0x30eb,
	0x30ec, 0x30ed, 0x30ef, 0x30f3};

static size_t
write_character(uint32_t character, char *at)
{
	if (character < 0x80) {
		at[0] = (char)character;
		return 1;
	}
	if (character < 0x800) {
		at[0] = (char)(0xc0 | character >> 6);
		at[1] = (char)(0x80 | (character & 0x3f));
		return 2;
	}
	if (character < 0x10000) {
		at[0] = (char)(0xe0 | character >> 12);
		at[1] = (char)(0x80 | (character >> 6 & 0x3f));
		at[2] = (char)(0x80 | (character & 0x3f));
		return 3;
	}
	at[0] = (char)(0xf0 | character >> 18);
	at[1] = (char)(0x80 | (character >> 12 & 0x3f));
	at[2] = (char)(0x80 | (character >> 6 & 0x3f));
	at[3] = (char)(0x80 | (character & 0x3f));
	return 4;
}

/* カ with ﾞ is ガ, ハ with ﾟ is パ; 0 where the two do not belong together. */
static uint32_t
voiced(uint32_t kana, uint32_t mark)
{
	bool takes_half = kana >= 0x30cf && kana <= 0x30db && (kana - 0x30cf) % 3 == 0;
	bool is_ka_to_to = kana >= 0x30ab && kana <= 0x30c8;

	if (mark == NARROW_HALF_VOICED)
		return takes_half ? kana + 2 : 0;
	if (kana == 0x30a6)
		return 0x30f4; /* ヴ */
	if (is_ka_to_to && kana != 0x30c3)
		return (kana < 0x30c3) == (kana % 2 == 1) ? kana + 1 : 0;
	return takes_half ? kana + 1 : 0;
}

static char
fold_ascii(char character)
{
	return (char)(character >= 'A' && character <= 'Z' ? character + 0x20 : character);
}

static uint32_t
fold(uint32_t character, locale_t locale)
{
	if (character == WIDE_BLANK)
		return ' ';
	if (character >= WIDE_FIRST && character <= WIDE_LAST)
		character -= WIDE_FIRST - '!';
	if (character >= NARROW_KANA_FIRST && character <= NARROW_KANA_LAST)
		return wide_kana[character - NARROW_KANA_FIRST];
	if (character < 0x80)
		return (unsigned char)fold_ascii((char)character);
	if (locale == (locale_t)0)
		return character;
	return (uint32_t)towlower_l((wint_t)character, locale);
}

size_t
text_fold(const char *text, size_t len, locale_t locale, char *ret_folded)
{
	uint32_t kana = 0; /* the one before, which may yet be voiced */
	size_t wrote = 0, last = 0;

	for (size_t at = 0, step; at < len; at += step) {
		uint32_t character = 0, whole;

		/* Most of what is looked for is ASCII, millions of times in log verify. */
		if ((unsigned char)text[at] < 0x80) {
			last = wrote;
			kana = 0;
			step = 1;
			ret_folded[wrote++] = fold_ascii(text[at]);
			continue;
		}
		step = utf_8_read(text + at, len - at, &character);
		if (step == 0) {
			ret_folded[wrote++] = text[at];
			step = 1;
			kana = 0;
			continue;
		}
		whole = character == NARROW_VOICED || character == NARROW_HALF_VOICED
				? voiced(kana, character)
				: 0;
		if (whole != 0)
			wrote = last;
		last = wrote;
		whole = whole != 0 ? whole : fold(character, locale);
		kana = whole;
		wrote += write_character(whole, ret_folded + wrote);
	}
	ret_folded[wrote] = '\0';
	return wrote;
}
