/* See banner.h. The process is warmed up once, as the greeter is; what is drawn afterwards opens nothing. */
#include "notice/banner.h"

#include "base/utf_8.h"
#include "picture/brush.h"
#include "picture/type.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH_MOST 860 /* of the box at 100 %: longer lines are hard to read */
#define MARGIN 10      /* to the edges of the monitor */
#define PADDING 14
#define GAP 6
#define TEXT_SIZE (BANNER_TEXT_MOST * 4 + 1)
#define SCALE_HEIGHT 1080 /* of a monitor at 100 % */
#define SCALE_MOST 300

enum banner_colour {
	COLOUR_BOX = 0x14364a,
	COLOUR_EDGE = 0xffffff,
	COLOUR_RIM = 0x0b1d28, /* around the edge, so that it is seen on white */
	COLOUR_TEXT = 0xffffff,
	COLOUR_TITLE = 0xffd479,
	COLOUR_HINT = 0xb5dcea,
};

/* Once for the process. */
static const struct catalogue *japanese;

int
banner_warm_up(const char *catalogue, const char **ret_why)
{
	int r = japanese != NULL ? 0 : words_open_japanese(catalogue, &japanese);

	*ret_why = "the Japanese messages";
	if (r < 0)
		return r;
	*ret_why = "fonts with Japanese and other letters";
	return type_warm_up(TYPE_BIT(TYPE_LABEL) | TYPE_BIT(TYPE_FIELD) | TYPE_BIT(TYPE_SMALL));
}

/* What is drawn, from top to bottom. */
struct lines {
	PangoContext *context;
	PangoLayout *title, *text, *hint;
	uint32_t scale;
	int inner; /* width for all of them */
	int title_height, text_height, hint_height;
};

static int
units(const struct lines *lines, int length)
{
	return (int)(((uint32_t)length * lines->scale + 50) / 100);
}

/* At a character's end. */
static void
cut_text(char *text)
{
	size_t at = 0, left = strlen(text), count = 0;
	uint32_t character;

	while (left > 0 && count < BANNER_TEXT_MOST) {
		size_t step = utf_8_read(text + at, left, &character);

		step = step > 0 ? step : 1;
		at += step;
		left -= step;
		count++;
	}
	text[at] = '\0';
}

static const char *
say(const struct banner_setup *setup, const char *english)
{
	return words_translate(setup->language == LANGUAGE_JAPANESE ? japanese : NULL, english);
}

static PangoLayout *
lay_out(struct lines *lines, enum type type, const char *text, int most_height, int *ret_height)
{
	PangoLayout *layout = type_layout(lines->context, type, lines->scale, text, lines->inner);
	int width;

	/* In the layout's own units, which are those of 100 %. */
	pango_layout_set_height(
		layout, (int)((int64_t)most_height * 100 * PANGO_SCALE / lines->scale));
	pango_layout_set_ellipsize(layout, PANGO_ELLIPSIZE_END);
	type_extents(layout, lines->scale, &width, ret_height);
	return layout;
}

static void
lay_out_all(struct lines *lines, const struct banner_setup *setup, int most_height)
{
	const struct catalogue *catalogue = setup->language == LANGUAGE_JAPANESE ? japanese : NULL;
	char text[TEXT_SIZE + 512];
	int rest;

	words_sentence(
		catalogue, setup->text, setup->values, setup->values_len, text, sizeof(text));
	cut_text(text);
	lines->title = lay_out(lines, TYPE_LABEL,
		say(setup, setup->by_person ? N_("Message from the hospital")
					    : N_("Message from the gateway")),
		most_height, &lines->title_height);
	lines->hint = lay_out(lines, TYPE_SMALL,
		say(setup, setup->acknowledge
				   ? N_("Click here when you have read this: it stays until then.")
				   : N_("Click here to close this.")),
		most_height, &lines->hint_height);
	rest = most_height - lines->title_height - lines->hint_height -
	       2 * units(lines, PADDING + GAP);
	lines->text = lay_out(lines, TYPE_FIELD, text,
		rest > units(lines, 24) ? rest : units(lines, 24), &lines->text_height);
}

static void
lines_done(struct lines *lines)
{
	g_clear_object(&lines->title);
	g_clear_object(&lines->text);
	g_clear_object(&lines->hint);
	g_clear_object(&lines->context);
}

static void
draw_line(cairo_t *cairo, const struct lines *lines, PangoLayout *layout, uint32_t colour, int *y,
	int height)
{
	paint_colour(cairo, colour);
	type_draw(cairo, layout, lines->scale, units(lines, PADDING), *y);
	*y += height + units(lines, GAP);
}

static void
draw_all(const struct lines *lines, struct banner *banner)
{
	cairo_surface_t *surface = cairo_image_surface_create_for_data(banner->pixels,
		CAIRO_FORMAT_RGB24, banner->width, banner->height, banner->width * 4);
	cairo_t *cairo = cairo_create(surface);
	const struct box all = {0, 0, banner->width, banner->height};
	const struct box edge = box_inside(&all, units(lines, 2), units(lines, 2));
	const struct box inside = box_inside(&edge, units(lines, 2), units(lines, 2));
	int y = units(lines, PADDING);

	paint_box(cairo, &all, 0, COLOUR_RIM);
	paint_box(cairo, &edge, 0, COLOUR_EDGE);
	paint_box(cairo, &inside, 0, COLOUR_BOX);
	draw_line(cairo, lines, lines->title, COLOUR_TITLE, &y, lines->title_height);
	draw_line(cairo, lines, lines->text, COLOUR_TEXT, &y, lines->text_height);
	draw_line(cairo, lines, lines->hint, COLOUR_HINT, &y, lines->hint_height);
	cairo_destroy(cairo);
	cairo_surface_flush(surface);
	cairo_surface_destroy(surface);
}

static uint32_t
fitting_scale(const struct area *area)
{
	uint32_t scale = area->height * 100u / SCALE_HEIGHT;

	return scale < 100 ? 100 : scale > SCALE_MOST ? SCALE_MOST : scale;
}

static int
lesser(int one, int other)
{
	return one < other ? one : other;
}

/* No wider than what is seen of the monitor, and no higher than half of that. */
int
banner_draw(const struct banner_setup *setup, struct banner *ret_banner)
{
	struct lines lines = {0};
	struct banner banner;
	struct area area;
	int width, height;

	if (setup->desktop_width < AREA_SIZE_LEAST || setup->desktop_height < AREA_SIZE_LEAST ||
		setup->desktop_width > UINT16_MAX || setup->desktop_height > UINT16_MAX)
		return -EINVAL;
	area_choose(setup->desktop_width, setup->desktop_height, setup->monitors,
		setup->monitor_count, &area);
	lines.scale = fitting_scale(&area);
	lines.context = type_context(lines.scale);
	if (lines.context == NULL)
		return -ENOMEM;
	width = lesser(units(&lines, WIDTH_MOST), (int)area.seen_width - 2 * units(&lines, MARGIN));
	lines.inner = width - 2 * units(&lines, PADDING);
	lay_out_all(&lines, setup, (int)area.seen_height / 2);
	height = lesser(lines.title_height + lines.text_height + lines.hint_height +
				2 * units(&lines, PADDING + GAP),
		(int)area.seen_height - units(&lines, MARGIN));
	banner = (struct banner){
		.pixels = calloc((size_t)height, (size_t)width * 4),
		.width = (uint16_t)width,
		.height = (uint16_t)height,
		.x = area.left + (area.seen_width - (uint32_t)width) / 2,
		.y = area.top + (uint32_t)units(&lines, MARGIN),
	};
	if (banner.pixels != NULL)
		draw_all(&lines, &banner);
	lines_done(&lines);
	if (banner.pixels == NULL)
		return -ENOMEM;
	*ret_banner = banner;
	return 0;
}

void
banner_done(struct banner *banner)
{
	free(banner->pixels);
	*banner = (struct banner){0};
}
