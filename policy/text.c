/* UTF-8 text; see text.h. */
#include "policy/text.h"

#include "base/utf_8.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

int
text_count(const char *text, size_t len, enum text_kind kind)
{
	int count = 0;

	for (size_t at = 0; at < len; count++) {
		uint32_t character;
		size_t step = utf_8_read(text + at, len - at, &character);
		bool breaks = character == '\n' || character == '\r' || character == '\t';

		if (step == 0)
			return -EINVAL;
		if (utf_8_is_unprintable(character) && !(kind == TEXT_LINES && breaks))
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
