/* Characters as a person sees them; see characters.h. */
#include "admin-cli/characters.h"

#include "base/cleanup.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#define JOINER 0x200d      /* the next emoji becomes part of this one */
#define EMOJI_STYLE 0xfe0f /* a sign is shown as an emoji, two columns wide */

struct point {
	wchar_t code;
	size_t len; /* 0: the text is over */
	size_t width;
};

static const struct {
	wchar_t first, last;
} ambiguous[] = {
#define AMBIGUOUS(first, last) {first, last},
#include "admin-cli/ambiguous.def"
#undef AMBIGUOUS
};

static bool
is_ambiguous(wchar_t code)
{
	size_t low = 0, high = ARRAY_SIZE(ambiguous);

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (code > ambiguous[middle].last)
			low = middle + 1;
		else
			high = middle;
	}
	return low < ARRAY_SIZE(ambiguous) && code >= ambiguous[low].first;
}

/* No program can ask a terminal: the person says so whose terminal shows them wide. */
static bool
ambiguous_is_wide(void)
{
	const char *width = getenv("SEKISHO_AMBIGUOUS_WIDTH");

	return width != NULL && strcmp(width, "2") == 0;
}

static struct point
read_point(const char *text)
{
	mbstate_t state = {0};
	struct point point = {.width = 1};
	int width;

	if (*text == '\0')
		return point;
	point.len = mbrtowc(&point.code, text, strlen(text), &state);
	if (point.len == (size_t)-1 || point.len == (size_t)-2 || point.len == 0)
		return (struct point){.code = L'?', .len = 1, .width = 1};
	width = wcwidth(point.code);
	point.width = width < 0 ? 1 : (size_t)width;
	if (point.width == 1 && point.code > 0xa0 && is_ambiguous(point.code) &&
		ambiguous_is_wide())
		point.width = 2;
	return point;
}

static bool
is_skin_tone(wchar_t code)
{
	return code >= 0x1f3fb && code <= 0x1f3ff;
}

/* Two of these letters are a flag. */
static bool
is_flag_letter(wchar_t code)
{
	return code >= 0x1f1e6 && code <= 0x1f1ff;
}

/* Whether `next` belongs to the character that `before` is the last point of so far. */
static bool
goes_on(const struct point *base, const struct point *before, const struct point *next)
{
	if (next->len == 0)
		return false;
	if (next->width == 0 || before->code == JOINER)
		return true;
	if (is_skin_tone(next->code))
		return base->width == 2;
	return is_flag_letter(next->code) && before == base && is_flag_letter(base->code);
}

size_t
character_next(const char *text, size_t *ret_width)
{
	struct point base = read_point(text);
	struct point before = base, next;
	const struct point *last = &base;
	size_t len = base.len;

	*ret_width = base.width;
	if (base.len == 0)
		return 0;
	for (;;) {
		next = read_point(text + len);
		if (!goes_on(&base, last, &next))
			return len;
		if (next.code == EMOJI_STYLE || is_flag_letter(next.code))
			*ret_width = 2;
		len += next.len;
		before = next;
		last = &before;
	}
}

size_t
character_next_point(const char *text, size_t *ret_width)
{
	struct point point = read_point(text);

	*ret_width = point.width;
	return point.len;
}
