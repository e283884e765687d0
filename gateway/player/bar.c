/* See bar.h. */
#include "player/bar.h"

/* At 100 %. */
#define HEIGHT 58
#define EDGE 14
#define SLIDER_TOP 9
#define SLIDER_HEIGHT 10
#define ROW_TOP 25
#define ROW_HEIGHT 28
#define GAP 8
#define WORDS_LEAST 170 /* "Catching up: 100 %" */
#define TITLE_LEAST 120

static const int widths[] = {
#define BAR(NAME, units) [BAR_##NAME] = units,
#include "player/bar_parts.def"
#undef BAR
};

static int
units(int length, uint32_t scale)
{
	return (int)(((uint32_t)length * scale + 50) / 100);
}

static struct box
row_box(const struct bar *bar, int x, int width, uint32_t scale)
{
	return (struct box){
		x, bar->whole.y + units(ROW_TOP, scale), width, units(ROW_HEIGHT, scale)};
}

/* Parts of fixed width from the left as long as they fit; the words and the title share what is left. Whose session it is, the
 * watcher knows: on a small desktop the words, which change, have it all. */
static void
lay_out_row(struct bar *bar, uint32_t scale)
{
	int x = bar->whole.x + units(EDGE, scale);
	int right = bar->whole.x + bar->whole.width - units(EDGE, scale);
	int rest, words;

	for (int part = 0; part < BAR_WORDS; part++) {
		int width = units(widths[part], scale);

		if (x + width > right)
			return;
		bar->parts[part] = row_box(bar, x, width, scale);
		x += width + units(GAP, scale);
	}
	rest = right - x - units(GAP, scale);
	if (rest < units(60, scale))
		return;
	words = rest * 2 / 5 > units(WORDS_LEAST, scale) ? rest * 2 / 5 : units(WORDS_LEAST, scale);
	if (rest - words < units(TITLE_LEAST, scale)) {
		bar->parts[BAR_WORDS] = row_box(bar, x, right - x, scale);
		return;
	}
	bar->parts[BAR_WORDS] = row_box(bar, x, words, scale);
	x += words + units(GAP, scale);
	bar->parts[BAR_TITLE] = row_box(bar, x, right - x, scale);
}

void
bar_lay_out(struct bar *bar, int width, int height, uint32_t scale)
{
	int tall = units(HEIGHT, scale);

	*bar = (struct bar){.whole = {0, height - tall, width, tall}};
	bar->parts[BAR_SLIDER] =
		(struct box){units(EDGE, scale), bar->whole.y + units(SLIDER_TOP, scale),
			width - 2 * units(EDGE, scale), units(SLIDER_HEIGHT, scale)};
	lay_out_row(bar, scale);
}

enum bar_part
bar_hit(const struct bar *bar, int x, int y)
{
	struct box slider = bar->parts[BAR_SLIDER];

	if (!box_holds(&bar->whole, x, y))
		return BAR_NOTHING;
	slider = (struct box){0, bar->whole.y, bar->whole.width,
		slider.y - bar->whole.y + slider.height + slider.height / 2};
	if (box_holds(&slider, x, y))
		return BAR_SLIDER;
	for (int part = 0; part < BAR_SLIDER; part++)
		if (box_holds(&bar->parts[part], x, y))
			return (enum bar_part)part;
	return BAR_NOTHING;
}

uint32_t
bar_ms_at(const struct bar *bar, int x, uint32_t length_ms)
{
	const struct box *slider = &bar->parts[BAR_SLIDER];
	int at = x - slider->x;

	if (at <= 0 || slider->width <= 1)
		return 0;
	if (at >= slider->width - 1)
		return length_ms;
	return (uint32_t)((uint64_t)length_ms * (unsigned int)at /
			  (unsigned int)(slider->width - 1));
}

int
bar_x_of(const struct bar *bar, uint32_t ms, uint32_t length_ms)
{
	const struct box *slider = &bar->parts[BAR_SLIDER];

	if (length_ms == 0 || slider->width <= 1)
		return slider->x;
	if (ms > length_ms)
		ms = length_ms;
	return slider->x + (int)((uint64_t)ms * (unsigned int)(slider->width - 1) / length_ms);
}
