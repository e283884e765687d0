/* What single pages show: text, fields, list, key, time. */
#include "greeter/screen_paint.h"

#include "base/secret.h"

#include <math.h>
#include <stdio.h>

void
paint_title(struct screen *screen, cairo_t *cairo, const struct box *box)
{
	const char *title = screen->show.screen == SCREEN_PROMPT
				    ? words_prompt_title(screen->show.prompt)
				    : NULL;

	paint_line(screen, cairo, TYPE_TITLE, COLOUR_INK, ALIGN_LEFT, box,
		screen_words(screen, title != NULL ? title : screen->row->title));
}

void
paint_error(struct screen *screen, cairo_t *cairo, const struct box *box)
{
	int inside = screen_units(screen, 10), sign = screen_units(screen, 20);
	const struct box bar = {box->x, box->y, screen_units(screen, 4), box->height};
	const struct box mark = {box->x + screen_units(screen, 14),
		box->y + inside + screen_units(screen, 1), sign, sign};
	PangoLayout *layout = screen_error_layout(screen, box->width - screen_units(screen, 56));

	paint_box(cairo, box, screen_units(screen, 4), COLOUR_ERROR_BOX);
	paint_box(cairo, &bar, 0, COLOUR_ERROR_EDGE);
	paint_box(cairo, &mark, sign / 2.0, COLOUR_ERROR_EDGE);
	paint_line(screen, cairo, TYPE_BUTTON, COLOUR_WHITE, ALIGN_CENTRE, &mark, "!");
	paint_colour(cairo, COLOUR_ERROR);
	type_draw(cairo, layout, screen->scale, box->x + screen_units(screen, 44), box->y + inside);
	g_object_unref(layout);
}

void
paint_text(struct screen *screen, cairo_t *cairo, const struct box *box)
{
	PangoLayout *layout = screen_text_layout(screen, box->width - screen_units(screen, 14));

	cairo_save(cairo);
	cairo_rectangle(cairo, box->x, box->y, box->width, box->height);
	cairo_clip(cairo);
	paint_colour(cairo, COLOUR_INK);
	type_draw(cairo, layout, screen->scale, box->x, box->y - screen->text_scroll);
	cairo_restore(cairo);
	g_object_unref(layout);
	paint_scroll_bar(screen, cairo, box, screen->text_scroll, box->height, screen->text_height);
}

/* Fields */

void
paint_account_label(struct screen *screen, cairo_t *cairo, const struct box *box)
{
	paint_line(screen, cairo, TYPE_LABEL, COLOUR_QUIET, ALIGN_LEFT, box,
		screen_words(screen, N_("Account")));
}

/* Where dots hide it, a wrong case is not noticed. */
static void
paint_caps_lock(struct screen *screen, cairo_t *cairo, const struct box *box)
{
	int width = screen_units(screen, 150), height = screen_units(screen, 22);
	const struct box hint = {
		box->x + box->width - width, box->y + box->height - height, width, height};

	if (screen->secret.kind != FIELD_HIDDEN || screen->answered ||
		(screen->modifiers & DESK_CAPS_LOCK) == 0)
		return;
	paint_box(cairo, &hint, height / 2.0, COLOUR_HINT_BOX);
	paint_line(screen, cairo, TYPE_SMALL, COLOUR_HINT, ALIGN_CENTRE, &hint,
		screen_words(screen, N_("Caps Lock is on")));
}

void
paint_secret_label(struct screen *screen, cairo_t *cairo, const struct box *box)
{
	char prompt[sizeof(screen->show.prompt)] = "";
	const char *text = N_("Password");

	if (screen->show.screen == SCREEN_ENROL)
		text = N_("Code that the telephone shows");
	if (screen->show.screen == SCREEN_NUMBER)
		text = N_("Number of 8 digits");
	if ((screen->row->fields & SCREEN_HAS_PROMPT) != 0)
		words_prompt(screen_catalogue(screen), screen->show.prompt, prompt, sizeof(prompt));
	paint_line(screen, cairo, TYPE_LABEL, COLOUR_QUIET, ALIGN_LEFT, box,
		prompt[0] != '\0' ? prompt : screen_words(screen, text));
	paint_caps_lock(screen, cairo, box);
}

static enum type
field_type(const struct screen *screen, enum part part)
{
	static const enum type types[] = {[FIELD_PLAIN] = TYPE_FIELD,
		[FIELD_HIDDEN] = TYPE_SMALL,
		[FIELD_NUMBER] = TYPE_DIGITS};

	return part == PART_SECRET ? types[screen->secret.kind] : TYPE_FIELD;
}

/* Where the text of a field stands. */
static struct box
inside_field(const struct screen *screen, enum part part)
{
	struct box box = box_inside(&screen->parts[part], screen_units(screen, 12), 0);

	if (part == PART_FILTER) { /* behind its sign */
		box.x += screen_units(screen, 22);
		box.width -= screen_units(screen, 22);
	}
	return box;
}

static PangoLayout *
field_layout(const struct screen *screen, enum part part, const char *text)
{
	return type_layout(screen->context, field_type(screen, part), screen->scale, text, -1);
}

/* The caret is always to be seen; no more is scrolled away than that needs. */
static void
scroll_field(struct field *field, int caret, int width, int room)
{
	if (field->scroll > width - room)
		field->scroll = width > room ? width - room : 0;
	if (caret - field->scroll > room)
		field->scroll = caret - room;
	if (caret < field->scroll)
		field->scroll = caret;
}

static void
paint_selection(struct screen *screen, cairo_t *cairo, const struct box *box, int from, int to)
{
	int height = screen_units(screen, 26);
	const struct box mark = {
		box->x + from, box->y + (box->height - height) / 2, to - from, height};

	if (to > from)
		paint_box(cairo, &mark, 0, COLOUR_MARKED);
}

static void
paint_caret(
	struct screen *screen, cairo_t *cairo, enum part part, const struct box *box, int column)
{
	bool digits = part == PART_SECRET && screen->secret.kind == FIELD_NUMBER;
	int height = type_size(digits ? TYPE_DIGITS : TYPE_FIELD, screen->scale) * 4 / 3;
	const struct box caret = {box->x + column, box->y + (box->height - height) / 2,
		screen_units(screen, 1) > 0 ? screen_units(screen, 1) : 1, height};

	paint_box(cairo, &caret, 0, COLOUR_INK);
}

/* Text, selection and caret, in what is seen of them. */
static void
paint_field_text(struct screen *screen, cairo_t *cairo, enum part part, bool focused)
{
	struct field *field = screen_field_of(screen, part);
	const struct box box = inside_field(screen, part);
	struct field_shown shown;
	PangoLayout *layout;
	int width, height, caret;

	field_show(field, &shown);
	layout = field_layout(screen, part, shown.text);
	type_extents(layout, screen->scale, &width, &height);
	caret = type_column(layout, screen->scale, shown.caret);
	scroll_field(field, caret, width, box.width - screen_units(screen, 2));
	cairo_save(cairo);
	cairo_rectangle(cairo, box.x, box.y, box.width, box.height);
	cairo_clip(cairo);
	if (focused)
		paint_selection(screen, cairo, &box,
			type_column(layout, screen->scale, shown.from) - field->scroll,
			type_column(layout, screen->scale, shown.to) - field->scroll);
	paint_colour(cairo, screen->answered ? COLOUR_FAINT : COLOUR_INK);
	type_draw_line(cairo, layout, field_type(screen, part), screen->scale,
		box.x - field->scroll, box.y, box.height);
	if (focused && screen->caret_seen)
		paint_caret(screen, cairo, part, &box, caret - field->scroll);
	cairo_restore(cairo);
	g_object_unref(layout);
	secret_wipe(&shown, sizeof(shown));
}

static void
paint_field(struct screen *screen, cairo_t *cairo, enum part part, bool focused)
{
	const struct box *box = &screen->parts[part];
	double radius = screen_units(screen, 6);
	const struct box glow = box_inside(box, -screen_units(screen, 3), -screen_units(screen, 3));

	if (focused)
		paint_box(cairo, &glow, radius + screen_units(screen, 3), COLOUR_SELECTED);
	paint_box(cairo, box, radius, screen->answered ? COLOUR_ROW_HOVER : COLOUR_WHITE);
	paint_edge(cairo, box, radius, screen_units(screen, focused ? 2 : 1),
		focused                 ? COLOUR_ACCENT
		: screen->hover == part ? COLOUR_EDGE_HOVER
					: COLOUR_EDGE);
	paint_field_text(screen, cairo, part, focused);
}

size_t
paint_field_place(struct screen *screen, enum part part, int x)
{
	struct field *field = screen_field_of(screen, part);
	const struct box box = inside_field(screen, part);
	struct field_shown shown;
	PangoLayout *layout;
	bool behind;
	size_t place;

	if (x < box.x)
		x = box.x;
	if (x > box.x + box.width)
		x = box.x + box.width;
	field_show(field, &shown);
	layout = field_layout(screen, part, shown.text);
	place = field_place_of(
		field, type_byte_at(layout, screen->scale, x - box.x + field->scroll, &behind));
	if (behind && place < field->len) {
		const char *next = g_utf8_next_char(field->text + place);

		place = (size_t)(next - field->text);
	}
	g_object_unref(layout);
	secret_wipe(&shown, sizeof(shown));
	return place;
}

void
paint_account(struct screen *screen, cairo_t *cairo, const struct box *box)
{
	(void)box;
	paint_field(screen, cairo, PART_ACCOUNT, screen->focus == PART_ACCOUNT);
}

void
paint_secret(struct screen *screen, cairo_t *cairo, const struct box *box)
{
	(void)box;
	paint_field(screen, cairo, PART_SECRET, screen->focus == PART_SECRET);
}

/* Terminals */

void
paint_filter(struct screen *screen, cairo_t *cairo, const struct box *box)
{
	double unit = screen_units(screen, 100) / 100.0;
	const struct box text = inside_field(screen, PART_FILTER);

	paint_field(screen, cairo, PART_FILTER, screen->focus == PART_LIST);
	paint_colour(cairo, COLOUR_FAINT);
	cairo_set_line_width(cairo, 2 * unit);
	/* A text painted before leaves a point from which the circle would be drawn to. */
	cairo_new_path(cairo);
	cairo_arc(cairo, box->x + 19 * unit, box->y + box->height / 2.0 - unit, 5.5 * unit, 0,
		2 * M_PI);
	cairo_stroke(cairo);
	cairo_move_to(cairo, box->x + 23 * unit, box->y + box->height / 2.0 + 3 * unit);
	cairo_line_to(cairo, box->x + 27 * unit, box->y + box->height / 2.0 + 7 * unit);
	cairo_stroke(cairo);
	if (screen->list.filter.len == 0)
		paint_line(screen, cairo, TYPE_FIELD, COLOUR_FAINT, ALIGN_LEFT, &text,
			screen_words(screen, N_("Type a part of the name to find it")));
}

static void
paint_choice(struct screen *screen, cairo_t *cairo, const struct box *row, size_t match)
{
	const struct choice *choice = &screen->list.choices.rows[screen->list.matches[match]];
	int dot = screen_units(screen, 9), side = screen_units(screen, 16);
	int half = row->width * 55 / 100;
	const struct box mark = {row->x + side, row->y + (row->height - dot) / 2, dot, dot};
	const struct box name = {
		row->x + side + 2 * dot, row->y, half - side - 2 * dot, row->height};
	const struct box state = {row->x + half, row->y, row->width - half - side, row->height};
	char text[1024];

	if (match == screen->list.selected) {
		const struct box bar = {row->x, row->y, screen_units(screen, 4), row->height};

		paint_box(cairo, row, 0, COLOUR_SELECTED);
		paint_box(cairo, &bar, 0, COLOUR_ACCENT);
	} else if (match == screen->list.hover) {
		paint_box(cairo, row, 0, COLOUR_ROW_HOVER);
	}
	paint_box(cairo, &mark, dot / 2.0, choice->allowed ? COLOUR_FREE : COLOUR_EDGE);
	paint_line(screen, cairo, TYPE_BODY, choice->allowed ? COLOUR_INK : COLOUR_FAINT,
		ALIGN_LEFT, &name, choice->name);
	words_sentence(screen_catalogue(screen), choice->state, choice->values, choice->values_len,
		text, sizeof(text));
	paint_line(screen, cairo, TYPE_BODY, COLOUR_QUIET, ALIGN_RIGHT, &state, text);
}

void
paint_list(struct screen *screen, cairo_t *cairo, const struct box *box)
{
	const struct list *list = &screen->list;
	size_t seen = list_rows_seen(screen);
	const struct box bar = box_inside(box, screen_units(screen, 4), screen_units(screen, 4));

	cairo_save(cairo);
	paint_rounded(cairo, box, screen_units(screen, 6));
	cairo_clip(cairo);
	for (size_t i = 0; i < seen && list->top + i < list->match_count; i++) {
		int height = list_row_height(screen);
		const struct box row = {box->x, box->y + (int)i * height, box->width, height};

		if (tiles_touch(&screen->tiles, &row))
			paint_choice(screen, cairo, &row, list->top + i);
	}
	cairo_restore(cairo);
	if (list->match_count == 0)
		paint_line(screen, cairo, TYPE_BODY, COLOUR_QUIET, ALIGN_CENTRE, box,
			screen_words(
				screen, list->choices.count == 0
						? N_("No terminal is assigned to this account.")
						: N_("No terminal of that name.")));
	paint_edge(cairo, box, screen_units(screen, 6), screen_units(screen, 1), COLOUR_EDGE);
	paint_scroll_bar(screen, cairo, &bar, (int)list->top, (int)seen, (int)list->match_count);
}

/* Enrolment */

void
paint_qr(struct screen *screen, cairo_t *cairo, const struct box *box)
{
	qr_paint(&screen->qr, cairo, box->x, box->y, box->width);
	paint_edge(cairo, box, screen_units(screen, 6), screen_units(screen, 1), COLOUR_EDGE);
}

void
paint_key(struct screen *screen, cairo_t *cairo, const struct box *box)
{
	int label = screen_units(screen, 20);
	const struct box upper = {box->x, box->y, box->width, label};
	PangoLayout *layout = screen_key_layout(screen, box->width);

	paint_line(screen, cairo, TYPE_LABEL, COLOUR_QUIET, ALIGN_LEFT, &upper,
		screen_words(screen, N_("The key, to be typed if it cannot be scanned")));
	paint_colour(cairo, COLOUR_INK);
	type_draw(cairo, layout, screen->scale, box->x, box->y + label + screen_units(screen, 3));
	g_object_unref(layout);
}

/* Waiting */

static void
paint_bar(struct screen *screen, cairo_t *cairo, const struct box *box)
{
	int height = screen_units(screen, 6);
	struct box bar = {box->x, box->y, box->width, height};

	paint_box(cairo, &bar, height / 2.0, COLOUR_OFF);
	bar.width = (int)((int64_t)box->width * screen->seconds / screen->show.seconds);
	if (bar.width > height)
		paint_box(cairo, &bar, height / 2.0, COLOUR_ACCENT);
}

/* Three dots that stand still: a picture that moves would be sent to the desktop that replaces it. */
static void
paint_dots(struct screen *screen, cairo_t *cairo, const struct box *box)
{
	int dot = screen_units(screen, 10);

	for (int i = 0; i < 3; i++) {
		const struct box one = {
			box->x + 2 * dot * i, box->y + (box->height - dot) / 2, dot, dot};

		paint_box(cairo, &one, dot / 2.0, i == 0 ? COLOUR_ACCENT : COLOUR_EDGE);
	}
}

void
paint_time(struct screen *screen, cairo_t *cairo, const struct box *box)
{
	const struct box lower = {box->x, box->y + screen_units(screen, 12), box->width,
		box->height - screen_units(screen, 12)};
	char minutes[32], left[128];
	const char *const values[] = {minutes};

	if (!screen_waits(screen) || screen->show.seconds == 0) {
		paint_dots(screen, cairo, box);
		return;
	}
	snprintf(minutes, sizeof(minutes), "%lld:%02lld", (long long)screen->seconds / 60,
		(long long)screen->seconds % 60);
	sentence_fill(screen_words(screen, N_("%s left")), values, 1, left, sizeof(left));
	paint_bar(screen, cairo, box);
	paint_line(screen, cairo, TYPE_LABEL, COLOUR_QUIET, ALIGN_LEFT, &lower, left);
}
