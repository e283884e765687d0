/* UTF-8 text; see text.h. RFC 3629. */
#include "policy/text.h"

#include "base/cleanup.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

/* Length of the sequence that a first byte announces, 0 for a byte that is none. */
static size_t
sequence_length(uint8_t first)
{
	if (first < 0x80)
		return 1;
	if (first >= 0xc2 && first <= 0xdf)
		return 2;
	if (first >= 0xe0 && first <= 0xef)
		return 3;
	if (first >= 0xf0 && first <= 0xf4)
		return 4;
	return 0;
}

/* Reads one character. Returns its length, 0 if it is not UTF-8. */
static size_t
read_character(const uint8_t *at, size_t left, uint32_t *ret_character)
{
	static const uint8_t first_mask[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	static const uint32_t lowest[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t len = left > 0 ? sequence_length(at[0]) : 0;
	uint32_t character;

	if (len == 0 || len > left)
		return 0;
	character = at[0] & first_mask[len];
	for (size_t i = 1; i < len; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		character = character << 6 | (at[i] & 0x3f);
	}
	if (character < lowest[len] || character > 0x10ffff ||
		(character >= 0xd800 && character <= 0xdfff))
		return 0;
	*ret_character = character;
	return len;
}

/* Characters that show nothing, or make a line read otherwise than it is stored: two names that look
 * alike, or a list turned around, would lead an administrator to the wrong row. */
static bool
is_unprintable(uint32_t character)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {
		{0x00, 0x1f},
		{0x7f, 0x9f},
		{0xad, 0xad},
		{0x061c, 0x061c},
		{0x180e, 0x180e},
		{0x200b, 0x200f},
		{0x2028, 0x202e},
		{0x2060, 0x206f},
		{0xfdd0, 0xfdef},
		{0xfeff, 0xfeff},
		{0xfff0, 0xfffb},
		{0xfffe, 0xffff},
		{0xe0000, 0xe0fff},
	};

	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++)
		if (character >= ranges[i].first && character <= ranges[i].last)
			return true;
	return (character & 0xfffe) == 0xfffe;
}

int
text_count(const char *text, size_t len, enum text_kind kind)
{
	int count = 0;

	for (size_t at = 0; at < len; count++) {
		uint32_t character;
		size_t step = read_character((const uint8_t *)text + at, len - at, &character);
		bool breaks = character == '\n' || character == '\r' || character == '\t';

		if (step == 0)
			return -EINVAL;
		if (is_unprintable(character) && !(kind == TEXT_LINES && breaks))
			return -EINVAL;
		at += step;
	}
	return count;
}

static size_t
blank_at_start(const char *text, size_t len)
{
	if (len >= 1 && strchr(" \t\r\n", text[0]) != NULL && text[0] != '\0')
		return 1;
	return len >= 3 && memcmp(text, "\u3000", 3) == 0 ? 3 : 0;
}

static size_t
blank_at_end(const char *text, size_t len)
{
	if (len >= 1 && blank_at_start(text + len - 1, 1) == 1)
		return 1;
	return len >= 3 && memcmp(text + len - 3, "\u3000", 3) == 0 ? 3 : 0;
}

const char *
text_trim(const char *text, size_t *ret_len)
{
	size_t len = strlen(text);
	size_t step;

	while ((step = blank_at_start(text, len)) > 0) {
		text += step;
		len -= step;
	}
	while ((step = blank_at_end(text, len)) > 0)
		len -= step;
	*ret_len = len;
	return text;
}

void
text_to_lower(const char *text, char *ret_lower)
{
	for (; *text != '\0'; text++)
		*ret_lower++ = *text >= 'A' && *text <= 'Z' ? (char)(*text - 'A' + 'a') : *text;
	*ret_lower = '\0';
}
