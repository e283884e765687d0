/* What is on every page looks like: brushes, header, card, buttons, footer. */
#include "greeter/screen_paint.h"

#include "base/sentence.h"

#include <math.h>
#include <stdio.h>

/* Brushes */

int
paint_line(struct screen *screen, cairo_t *cairo, enum type type, uint32_t colour, enum align align,
	const struct box *box, const char *text)
{
	PangoLayout *layout = type_layout(screen->context, type, screen->scale, text, -1);
	int width, height, x = box->x;

	type_set_width(layout, screen->scale, box->width);
	pango_layout_set_ellipsize(layout, PANGO_ELLIPSIZE_END);
	type_extents(layout, screen->scale, &width, &height);
	if (align != ALIGN_LEFT)
		x += align == ALIGN_RIGHT ? box->width - width : (box->width - width) / 2;
	paint_colour(cairo, colour);
	type_draw_line(cairo, layout, type, screen->scale, x, box->y, box->height);
	g_object_unref(layout);
	return width;
}

void
paint_scroll_bar(
	struct screen *screen, cairo_t *cairo, const struct box *box, int from, int seen, int whole)
{
	int width = screen_units(screen, 6), least = screen_units(screen, 24);
	int height = whole > 0 ? (int)((int64_t)box->height * seen / whole) : 0;
	int travel;
	struct box thumb;

	if (whole <= seen)
		return;
	height = height > least ? height : least;
	travel = box->height - height;
	thumb = (struct box){box->x + box->width - width,
		box->y + (int)((int64_t)travel * from / (whole - seen)), width, height};
	paint_box(cairo, &thumb, width / 2.0, COLOUR_EDGE);
}

/* The frame of every page */

/* A gate at a road: two posts, two beams. */
static void
paint_gate(cairo_t *cairo, const struct box *box)
{
	double unit = box->height / 24.0;
	static const double bars[][4] = {
		{1, 4, 22, 2.6}, {3.4, 9.4, 17.2, 2}, {5, 6, 2.8, 15}, {16.2, 6, 2.8, 15}};

	paint_colour(cairo, COLOUR_WHITE);
	for (size_t i = 0; i < sizeof(bars) / sizeof(bars[0]); i++)
		cairo_rectangle(cairo, round(box->x + bars[i][0] * unit),
			round(box->y + bars[i][1] * unit), round(bars[i][2] * unit),
			round(bars[i][3] * unit));
	cairo_fill(cairo);
}

void
paint_header(struct screen *screen, cairo_t *cairo, const struct box *box)
{
	int edge = screen_units(screen, 3), mark = screen_units(screen, 26);
	int left = screen_units(screen, 18);
	const struct box line = {box->x, box->y + box->height - edge, box->width, edge};
	const struct box gate = {left, (box->height - edge - mark) / 2, mark, mark};
	const struct box name = {left + mark + screen_units(screen, 12), 0,
		screen->parts[PART_LANGUAGE].x - left - mark - screen_units(screen, 28),
		box->height - edge};

	paint_box(cairo, box, 0, COLOUR_HEADER);
	paint_box(cairo, &line, 0, COLOUR_HEADER_EDGE);
	paint_gate(cairo, &gate);
	paint_line(screen, cairo, TYPE_FACILITY, COLOUR_WHITE, ALIGN_LEFT, &name, screen->facility);
}

void
paint_card(struct screen *screen, cairo_t *cairo, const struct box *box)
{
	double radius = screen_units(screen, 10);

	for (int i = 5; i > 0; i--) {
		int out = screen_units(screen, i);
		const struct box shadow = {box->x - out, box->y - out + screen_units(screen, 2),
			box->width + 2 * out, box->height + 2 * out};

		cairo_set_source_rgba(cairo, 0.08, 0.21, 0.29, 0.018);
		paint_rounded(cairo, &shadow, radius + out);
		cairo_fill(cairo);
	}
	paint_box(cairo, box, radius, COLOUR_CARD);
}

/* Buttons */

struct look {
	uint32_t face, hover, pressed, ink, edge; /* edge 0: none */
};

static void
paint_ring(struct screen *screen, cairo_t *cairo, const struct box *box, uint32_t colour)
{
	int gap = screen_units(screen, 3), thickness = screen_units(screen, 2);
	const struct box ring = box_inside(box, -gap, -gap);

	paint_edge(cairo, &ring, screen_units(screen, 9), thickness, colour);
}

static void
paint_button(struct screen *screen, cairo_t *cairo, enum part part, const struct look *look,
	enum type type, const char *text)
{
	const struct box *box = &screen->parts[part];
	bool under = screen->hover == part;
	uint32_t face = look->face;

	if (under)
		face = screen->pressed == part ? look->pressed : look->hover;
	paint_box(cairo, box, screen_units(screen, 7), face);
	if (look->edge != 0)
		paint_edge(
			cairo, box, screen_units(screen, 7), screen_units(screen, 1), look->edge);
	paint_line(screen, cairo, type, look->ink, ALIGN_CENTRE, box, text);
}

static const struct look look_off = {COLOUR_OFF, COLOUR_OFF, COLOUR_OFF, COLOUR_QUIET, 0};

void
paint_submit(struct screen *screen, cairo_t *cairo, const struct box *box)
{
	static const struct look on = {
		COLOUR_ACCENT, COLOUR_ACCENT_HOVER, COLOUR_ACCENT_PRESSED, COLOUR_WHITE, 0};
	static const char *const texts[SCREEN_COUNT] = {
		[SCREEN_SIGN_IN] = N_("Sign in"),
		[SCREEN_PROMPT] = N_("Continue"),
		[SCREEN_ENROL] = N_("Register"),
		[SCREEN_TERMINALS] = N_("Connect"),
		[SCREEN_NUMBER] = N_("Continue"),
		[SCREEN_NOTICE] = N_("I have read this"),
		[SCREEN_QUESTION] = N_("Connect"),
		[SCREEN_RECORDED] = N_("Connect"),
		[SCREEN_SORRY] = N_("Try again"),
	};
	const char *text = texts[screen->show.screen];

	if (screen->answered)
		text = N_("Please wait");
	paint_button(screen, cairo, PART_SUBMIT, screen_can_submit(screen) ? &on : &look_off,
		TYPE_BUTTON, screen_words(screen, text != NULL ? text : ""));
	if (screen->focus == PART_SUBMIT)
		paint_ring(screen, cairo, box, COLOUR_ACCENT);
}

void
paint_cancel(struct screen *screen, cairo_t *cairo, const struct box *box)
{
	static const struct look on = {
		COLOUR_WHITE, COLOUR_ROW_HOVER, COLOUR_SELECTED, COLOUR_ACCENT, COLOUR_EDGE};
	const char *text = screen->show.screen == SCREEN_SORRY      ? N_("End the connection")
			   : screen->show.screen == SCREEN_RECORDED ? N_("Back")
								    : N_("Cancel");

	paint_button(screen, cairo, PART_CANCEL, screen->answered ? &look_off : &on, TYPE_BUTTON,
		screen_words(screen, text));
	if (screen->focus == PART_CANCEL)
		paint_ring(screen, cairo, box, COLOUR_ACCENT);
}

/* The other language's own name: who cannot read this one can read that. */
void
paint_language(struct screen *screen, cairo_t *cairo, const struct box *box)
{
	static const struct look on = {
		COLOUR_HEADER_BUTTON, COLOUR_HEADER_HOVER, COLOUR_HEADER_EDGE, COLOUR_WHITE, 0};
	bool japanese = screen->language == LANGUAGE_JAPANESE;

	paint_button(screen, cairo, PART_LANGUAGE, &on, TYPE_LABEL,
		japanese ? "English  [F2]" : "日本語  [F2]");
	if (screen->focus == PART_LANGUAGE)
		paint_ring(screen, cairo, box, COLOUR_WHITE);
}

/* Returns how wide it is. */
static int
paint_footer_left(struct screen *screen, cairo_t *cairo, const struct box *box)
{
	char number[32], left[128];
	const char *const values[] = {number};

	if (screen_waits(screen) || screen->show.seconds == 0 ||
		screen->seconds > SCREEN_LAST_SECONDS || screen_is_busy(screen))
		return paint_line(screen, cairo, TYPE_SMALL, COLOUR_QUIET, ALIGN_LEFT, box,
			screen_words(screen, N_("Every connection is logged.")));
	snprintf(number, sizeof(number), "%lld", (long long)screen->seconds);
	sentence_fill(screen_words(screen, N_("%s seconds left")), values, 1, left, sizeof(left));
	return paint_line(screen, cairo, TYPE_SMALL, COLOUR_ERROR, ALIGN_LEFT, box, left);
}

void
paint_footer(struct screen *screen, cairo_t *cairo, const struct box *box)
{
	const struct box inner = box_inside(box, screen_units(screen, 18), 0);
	struct box right = inner;
	const char *keys = "";
	int used;

	used = paint_footer_left(screen, cairo, &inner);
	if (screen_is_busy(screen))
		return;
	if (screen->show.screen == SCREEN_SORRY)
		keys = N_("Enter: try again   Esc: end the connection");
	else if (screen->row->answers == (SCREEN_SUBMIT | SCREEN_CANCEL))
		keys = N_("Tab: next   Enter: continue   Esc: cancel");
	else if (screen->row->answers == SCREEN_SUBMIT)
		keys = N_("Tab: next   Enter: continue");
	else if (screen->row->answers == SCREEN_CANCEL)
		keys = N_("Esc: cancel");
	right.x += used + screen_units(screen, 16);
	right.width -= used + screen_units(screen, 16);
	if (right.width > 0)
		paint_line(screen, cairo, TYPE_SMALL, COLOUR_QUIET, ALIGN_RIGHT, &right,
			screen_words(screen, keys));
}

void
paint_parts(struct screen *screen, cairo_t *cairo)
{
	static void (*const painters[PART_COUNT])(
		struct screen * screen, cairo_t * cairo, const struct box *box) = {
#define PART(NAME, name, what) paint_##name,
#include "greeter/screen_parts.def"
#undef PART
	};
	int out = screen_units(screen, 8); /* shadow and focus ring */

	paint_colour(cairo, COLOUR_BACKGROUND);
	cairo_paint(cairo);
	for (size_t i = 0; i < PART_COUNT; i++) {
		const struct box around = box_inside(&screen->parts[i], -out, -out);

		if (screen->parts[i].width > 0 && tiles_touch(&screen->tiles, &around))
			painters[i](screen, cairo, &screen->parts[i]);
	}
}
