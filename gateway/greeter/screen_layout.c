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
#define WIDEST 660
#define QR_SIZE 260 /* at most, of the code with its margin */
#define LIST_ROWS_LEAST 4
#define ROOMY_HEIGHT 560 /* from here on: larger gaps */

/* Going down a column. */
struct pen {
	struct screen *screen;
	int x, y, width;
};

/* From roomy to tight: the first one that a page fits in is taken. */
struct fit {
	int inside, title, part, buttons; /* room between parts */
	bool wide;                        /* as wide as the widest page, if that saves lines */
	int error_lines;                  /* at most */
};

static const struct fit fits[] = {
	{32, 14, 18, 26, false, 6},
	{20, 8, 11, 16, false, 6},
	{20, 8, 11, 16, true, 6},
	{14, 4, 7, 11, true, 3},
};
#define FITS (sizeof(fits) / sizeof(fits[0]))

struct gaps {
	int inside, title, part, buttons;
};

static struct gaps
gaps_of(const struct screen *screen)
{
	const struct fit *fit = &fits[screen->fit];

	return (struct gaps){
		.inside = screen_units(screen, fit->inside),
		.title = screen_units(screen, fit->title),
		.part = screen_units(screen, fit->part),
		.buttons = screen_units(screen, fit->buttons),
	};
}

int
screen_error_lines(const struct screen *screen)
{
	return fits[screen->fit].error_lines;
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
	case SCREEN_PLACE:
	case SCREEN_WATCHED:
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
		[SCREEN_ENROL] = WIDEST,
		[SCREEN_TERMINALS] = WIDEST,
		[SCREEN_NOTICE] = 580,
		[SCREEN_QUESTION] = 500,
		[SCREEN_SORRY] = 500,
		[SCREEN_WAITING] = 480,
		[SCREEN_PLACE] = 480,
		[SCREEN_RECORDED] = 580,
		[SCREEN_WATCHED] = 480,
	};
	int width = widths[screen->show.screen] > 0 ? widths[screen->show.screen] : 430;
	int most = screen->setup.width - 2 * screen_units(screen, AROUND);

	width = screen_units(screen, fits[screen->fit].wide ? WIDEST : width);
	return width < most ? width : most;
}

static int
whole_text_height(const struct screen *screen)
{
	int inside = card_width(screen) - 2 * gaps_of(screen).inside;

	return text_height(screen, screen->show.screen == SCREEN_ENROL
					   ? enrolment_text_width(screen, inside)
					   : inside);
}

/* Rows at first; the list gets what is left for it later. */
static int
least_list_height(const struct screen *screen)
{
	return screen->show.screen == SCREEN_TERMINALS ? list_row_height(screen) * LIST_ROWS_LEAST
						       : 0;
}

static int
text_least(const struct screen *screen)
{
	return 2 * type_size(TYPE_BODY, screen->scale);
}

/* Long notices are to be scrolled, everything else should be seen at once. */
static bool
fits_in(struct screen *screen, int room)
{
	int text = whole_text_height(screen);

	if (screen->show.screen == SCREEN_NOTICE && text > text_least(screen))
		text = text_least(screen);
	return put_card(screen, 0, 0, card_width(screen), text, least_list_height(screen)) <= room;
}

static int
list_height(struct screen *screen, int width, int text, int room)
{
	int row = list_row_height(screen), height = least_list_height(screen), left;

	if (height == 0)
		return 0;
	if (screen->list.choices.count > LIST_ROWS_LEAST)
		height = row * (int)screen->list.choices.count;
	left = room - put_card(screen, 0, 0, width, text, 0);
	if (height > left)
		height = left / row * row;
	return height < row * 2 ? row * 2 : height;
}

/* Room that is left goes to the list first, which has the shorter text beside it. */
static void
lay_out_card(struct screen *screen)
{
	int top = screen_units(screen, HEADER + AROUND);
	int room = screen->setup.height - top - screen_units(screen, FOOTER + AROUND);
	int width, x, text, list, fixed, height;

	screen->fit = screen->setup.height >= screen_units(screen, ROOMY_HEIGHT) ? 0 : 1;
	while (screen->fit + 1 < FITS && !fits_in(screen, room))
		screen->fit++;
	width = card_width(screen);
	x = (screen->setup.width - width) / 2;
	text = screen->text_height = whole_text_height(screen);
	list = list_height(screen, width, text, room);
	fixed = put_card(screen, x, top, width, text, list);
	if (fixed > room && text > 0) {
		text -= fixed - room;
		if (text < text_least(screen))
			text = text_least(screen);
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
	tiles_damage_all(&screen->tiles);
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
