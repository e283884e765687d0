/* UTF-8; see utf_8.h. */
#include "base/utf_8.h"

#include "base/cleanup.h"

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

size_t
utf_8_read(const char *text, size_t left, uint32_t *ret_character)
{
	static const uint8_t first_mask[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	static const uint32_t lowest[] = {0, 0, 0x80, 0x800, 0x10000};
	const uint8_t *at = (const uint8_t *)text;
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

ptrdiff_t
utf_8_count(const char *text, size_t len)
{
	ptrdiff_t count = 0;
	uint32_t character;

	for (size_t at = 0, step; at < len; at += step, count++) {
		step = utf_8_read(text + at, len - at, &character);
		if (step == 0)
			return -1;
	}
	return count;
}

bool
utf_8_is_valid(const char *text, size_t len)
{
	return utf_8_count(text, len) >= 0;
}

bool
utf_8_is_unprintable(uint32_t character)
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
