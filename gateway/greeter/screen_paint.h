/* Brushes shared by the files that paint: colours, boxes, one line of text. */
#ifndef GREETER_SCREEN_PAINT_H
#define GREETER_SCREEN_PAINT_H

#include "greeter/screen_private.h"

enum colour {
	COLOUR_BACKGROUND = 0xe8eef2,
	COLOUR_HEADER = 0x14364a,
	COLOUR_HEADER_EDGE = 0x2f8f83,
	COLOUR_HEADER_BUTTON = 0x24506a,
	COLOUR_HEADER_HOVER = 0x2f6582,
	COLOUR_CARD = 0xffffff,
	COLOUR_EDGE = 0xc4d0d8,
	COLOUR_EDGE_HOVER = 0x7f98a8,
	COLOUR_INK = 0x172a36,
	COLOUR_QUIET = 0x566874,
	COLOUR_FAINT = 0x8a9aa5,
	COLOUR_ACCENT = 0x1b6e8c,
	COLOUR_ACCENT_HOVER = 0x155a74,
	COLOUR_ACCENT_PRESSED = 0x10485d,
	COLOUR_OFF = 0xd5dee4,
	COLOUR_SELECTED = 0xd9ecf3,
	COLOUR_MARKED = 0xb5dcea, /* selected text */
	COLOUR_ROW_HOVER = 0xf1f6f9,
	COLOUR_ERROR = 0x9c1f1a,
	COLOUR_ERROR_EDGE = 0xd9534f,
	COLOUR_ERROR_BOX = 0xfdeceb,
	COLOUR_HINT = 0x6f4e00,
	COLOUR_HINT_BOX = 0xffefc2,
	COLOUR_FREE = 0x2b9a68,
	COLOUR_WHITE = 0xffffff,
};

enum align {
	ALIGN_LEFT,
	ALIGN_CENTRE,
	ALIGN_RIGHT,
};

/* One line in the middle of a box's height, cut with an ellipsis. Returns its width. */
int paint_line(struct screen *screen, cairo_t *cairo, enum type type, uint32_t colour,
	enum align align, const struct box *box, const char *text);

/* A thumb at the right edge of a box of which `seen` of `whole` is shown from `from` on. */
void paint_scroll_bar(struct screen *screen, cairo_t *cairo, const struct box *box, int from,
	int seen, int whole);

#define PART(NAME, name, what) \
	void paint_##name(struct screen *screen, cairo_t *cairo, const struct box *box);
#include "greeter/screen_parts.def"
#undef PART

#endif
