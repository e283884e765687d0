/* Where the parts of a page stand: one card in the middle, its parts below one another. What is long (a text, a list)
 * gets what the others leave, and scrolls. Lengths are in pixels of a screen at 100 %.
 */
#include "greeter/screen_private.h"

#include <string.h>

#define HEADER 56
#define FOOTER 30
#define AROUND 14 /* least room between card and edges */
#define FIELD_HEIGHT 42
#define LABEL_HEIGHT 20
#define LABEL_GAP 5
#define BUTTON_HEIGHT 42
#define QR_SIZE 260 /* at most, of the code with its margin */
#define ERROR_LINES 6
#define LIST_ROWS_LEAST 4
#define ROOMY_HEIGHT 560 /* from here on: larger gaps */

/* Going down a column. */
struct pen {
	struct screen *screen;
	int x, y, width;
};

struct gaps {
	int inside, title, part, buttons;
};

static struct gaps
gaps_of(const struct screen *screen)
{
	bool roomy = screen->setup.height >= screen_units(screen, ROOMY_HEIGHT);

	return (struct gaps){
		.inside = screen_units(screen, roomy ? 32 : 20),
		.title = screen_units(screen, roomy ? 14 : 8),
		.part = screen_units(screen, roomy ? 18 : 11),
		.buttons = screen_units(screen, roomy ? 26 : 16),
	};
}

static void
put(struct pen *pen, enum part part, int height)
{
	pen->screen->parts[part] = (struct box){pen->x, pen->y, pen->width, height};
	pen->y += height;
}

static void
put_field(struct pen *pen, enum part label, enum part part, int height)
{
	put(pen, label, screen_units(pen->screen, LABEL_HEIGHT));
	pen->y += screen_units(pen->screen, LABEL_GAP);
	put(pen, part, screen_units(pen->screen, height));
}

static int
height_of(const struct screen *screen, PangoLayout *layout)
{
	int width, height;

	type_extents(layout, screen->scale, &width, &height);
	g_object_unref(layout);
	return height;
}

static int
text_height(const struct screen *screen, int width)
{
	if (screen->show.text[0] == '\0')
		return 0;
	return height_of(screen, screen_text_layout(screen, width - screen_units(screen, 14)));
}

static int
error_height(const struct screen *screen, int width)
{
	PangoLayout *layout;

	if (screen->show.error[0] == '\0')
		return 0;
	layout = screen_error_layout(screen, width - screen_units(screen, 56));
	pango_layout_set_height(layout, -ERROR_LINES);
	pango_layout_set_ellipsize(layout, PANGO_ELLIPSIZE_END);
	return height_of(screen, layout) + screen_units(screen, 20);
}

static void
put_text(struct pen *pen, int height, int gap)
{
	if (height <= 0)
		return;
	put(pen, PART_TEXT, height);
	pen->y += gap;
}

static void
put_buttons(struct pen *pen)
{
	struct screen *screen = pen->screen;
	int gap = screen_units(screen, 12), height = screen_units(screen, BUTTON_HEIGHT);
	uint32_t answers = screen->row->answers;
	int half = (pen->width - gap) / 2;

	if (answers == (SCREEN_SUBMIT | SCREEN_CANCEL)) {
		screen->parts[PART_CANCEL] = (struct box){pen->x, pen->y, half, height};
		screen->parts[PART_SUBMIT] =
			(struct box){pen->x + pen->width - half, pen->y, half, height};
	} else if (answers == SCREEN_SUBMIT) {
		screen->parts[PART_SUBMIT] = (struct box){pen->x, pen->y, pen->width, height};
	} else if (answers == SCREEN_CANCEL) {
		screen->parts[PART_CANCEL] = (struct box){pen->x, pen->y, pen->width, height};
	}
	pen->y += height;
}

/* Whole pixels for every module, and no more than that needs. */
static int
qr_size(const struct screen *screen)
{
	int most = screen_units(screen, QR_SIZE);
	int room = screen->setup.height - screen_units(screen, HEADER + FOOTER + 200);

	return qr_fitting(&screen->qr, most < room ? most : room);
}

/* The code on the left, everything else beside it. */
static void
put_enrolment(struct pen *pen, int text)
{
	struct screen *screen = pen->screen;
	const struct gaps gaps = gaps_of(screen);
	int size = qr_size(screen), top = pen->y, bottom;
	struct pen right = *pen;

	if (size > 0) {
		screen->parts[PART_QR] = (struct box){pen->x, pen->y, size, size};
		right.x += size + gaps.inside;
		right.width -= size + gaps.inside;
	}
	put_text(&right, text, gaps.part);
	if (screen->qr.key[0] != '\0') {
		put(&right, PART_KEY,
			screen_units(screen, 23) +
				height_of(screen, screen_key_layout(screen, right.width)));
		right.y += gaps.part;
	}
	put_field(&right, PART_SECRET_LABEL, PART_SECRET, FIELD_HEIGHT);
	bottom = top + size;
	pen->y = right.y > bottom ? right.y : bottom;
}

static int
enrolment_text_width(const struct screen *screen, int width)
{
	return screen->qr.width > 0 ? width - screen_units(screen, QR_SIZE) - gaps_of(screen).inside
				    : width;
}

static void
put_list(struct pen *pen, int height)
{
	put(pen, PART_FILTER, screen_units(pen->screen, 38));
	pen->y += screen_units(pen->screen, 8);
	put(pen, PART_LIST, height);
}

/* What only this page has. */
static void
put_page(struct pen *pen, int text, int list)
{
	const struct gaps gaps = gaps_of(pen->screen);

	if (pen->screen->show.screen != SCREEN_ENROL)
		put_text(pen, text, gaps.part);
	switch ((enum greeter_screen)pen->screen->show.screen) {
	case SCREEN_SIGN_IN:
		put_field(pen, PART_ACCOUNT_LABEL, PART_ACCOUNT, FIELD_HEIGHT);
		pen->y += gaps.part;
		put_field(pen, PART_SECRET_LABEL, PART_SECRET, FIELD_HEIGHT);
		break;
	case SCREEN_PROMPT:
		put_field(pen, PART_SECRET_LABEL, PART_SECRET, FIELD_HEIGHT);
		break;
	case SCREEN_NUMBER:
		put_field(pen, PART_SECRET_LABEL, PART_SECRET, 60);
		break;
	case SCREEN_ENROL:
		put_enrolment(pen, text);
		break;
	case SCREEN_TERMINALS:
		put_list(pen, list);
		break;
	case SCREEN_WAITING:
	case SCREEN_BUSY:
		put(pen, PART_TIME,
			screen_units(pen->screen, pen->screen->show.seconds > 0 ? 44 : 20));
		break;
	default:
		break;
	}
}

/* Everything in the card from its upper edge. Returns its height. */
static int
put_card(struct screen *screen, int x, int y, int width, int text, int list)
{
	const struct gaps gaps = gaps_of(screen);
	struct pen pen = {screen, x + gaps.inside, y + gaps.inside, width - 2 * gaps.inside};
	int error = error_height(screen, pen.width);

	put(&pen, PART_TITLE, screen_units(screen, 32));
	pen.y += gaps.title;
	if (error > 0) {
		put(&pen, PART_ERROR, error);
		pen.y += gaps.part;
	}
	put_page(&pen, text, list);
	if (screen->row->answers != 0) {
		pen.y += gaps.buttons;
		put_buttons(&pen);
	}
	return pen.y + gaps.inside - y;
}

static int
card_width(const struct screen *screen)
{
	static const int widths[SCREEN_COUNT] = {
		[SCREEN_ENROL] = 660,
		[SCREEN_TERMINALS] = 660,
		[SCREEN_NOTICE] = 580,
		[SCREEN_SORRY] = 500,
		[SCREEN_WAITING] = 480,
	};
	int width = widths[screen->show.screen] > 0 ? widths[screen->show.screen] : 430;
	int most = screen->setup.width - 2 * screen_units(screen, AROUND);

	width = screen_units(screen, width);
	return width < most ? width : most;
}

/* Room that is left goes to the list first, which has the shorter text beside it. */
static void
lay_out_card(struct screen *screen)
{
	int width = card_width(screen), inside = width - 2 * gaps_of(screen).inside;
	int top = screen_units(screen, HEADER + AROUND);
	int room = screen->setup.height - top - screen_units(screen, FOOTER + AROUND);
	int x = (screen->setup.width - width) / 2;
	int text, list = 0, fixed, left, height;

	text = text_height(screen, screen->show.screen == SCREEN_ENROL
					   ? enrolment_text_width(screen, inside)
					   : inside);
	screen->text_height = text;
	if (screen->show.screen == SCREEN_TERMINALS) {
		size_t rows = screen->list.choices.count;

		list = list_row_height(screen) * LIST_ROWS_LEAST;
		if (rows > LIST_ROWS_LEAST)
			list = list_row_height(screen) * (int)rows;
		left = room - put_card(screen, x, top, width, text, 0);
		if (list > left)
			list = left / list_row_height(screen) * list_row_height(screen);
		if (list < list_row_height(screen) * 2)
			list = list_row_height(screen) * 2;
	}
	fixed = put_card(screen, x, top, width, text, list);
	if (fixed > room && text > 0) {
		text -= fixed - room;
		if (text < 2 * type_size(TYPE_BODY, screen->scale))
			text = 2 * type_size(TYPE_BODY, screen->scale);
	}
	height = put_card(screen, x, top, width, text, list);
	if (height < room)
		top += (room - height) * 2 / 5;
	memset(screen->parts, 0, sizeof(screen->parts));
	(void)put_card(screen, x, top, width, text, list);
	screen->parts[PART_CARD] = (struct box){x, top, width, height};
}

static void
lay_out_frame(struct screen *screen)
{
	int header = screen_units(screen, HEADER), footer = screen_units(screen, FOOTER);
	int button = screen_units(screen, 128), high = screen_units(screen, 34);

	screen->parts[PART_HEADER] = (struct box){0, 0, screen->setup.width, header};
	screen->parts[PART_FOOTER] =
		(struct box){0, screen->setup.height - footer, screen->setup.width, footer};
	screen->parts[PART_LANGUAGE] =
		(struct box){screen->setup.width - button - screen_units(screen, AROUND),
			(header - high) / 2, button, high};
}

void
screen_lay_out(struct screen *screen)
{
	memset(screen->parts, 0, sizeof(screen->parts));
	if (screen->row != NULL)
		lay_out_card(screen);
	lay_out_frame(screen);
	tiles_damage_all(screen);
}

int
screen_text_scroll_most(const struct screen *screen)
{
	int hidden = screen->text_height - screen->parts[PART_TEXT].height;

	return screen->parts[PART_TEXT].width > 0 && hidden > 0 ? hidden : 0;
}

void
screen_scroll_text(struct screen *screen, int pixels)
{
	int most = screen_text_scroll_most(screen);
	int to = screen->text_scroll + pixels;

	screen->text_scroll = to < 0 ? 0 : to > most ? most : to;
	tiles_damage_part(screen, PART_TEXT);
}
