/* What a watcher sees: the session's picture, the bar, and what is to be said. See player.h. */
#include "player/player_private.h"

#include "base/cleanup.h"
#include "picture/words.h"

#include <stdio.h>
#include <string.h>

enum colour {
	COLOUR_AROUND = 0x20282e, /* letterbox */
	COLOUR_BAR = 0x14364a,
	COLOUR_BAR_EDGE = 0x2f8f83,
	COLOUR_BUTTON = 0x24506a,
	COLOUR_TRACK = 0x0c2432,
	COLOUR_PLAYED = 0x2f8f83,
	COLOUR_KNOB = 0xffffff,
	COLOUR_MISSING = 0xd08a2a,
	COLOUR_INK = 0xffffff,
	COLOUR_QUIET = 0xa9c0cc,
	COLOUR_LIVE = 0xc0392b,
	COLOUR_BEHIND = 0x55707f, /* LIVE, while something else is shown */
	COLOUR_SORRY = 0x9c1f1a,
	COLOUR_SORRY_BOX = 0xfdeceb,
	COLOUR_STRIP = 0x6f4e00,
	COLOUR_STRIP_BOX = 0xffefc2,
};

#define NOTE_MS 6000
#define GAP_MS 4000 /* a gap without length is told for so long */

/* Once for the process; read by every player. */
static const struct catalogue *japanese;

int
player_warm_words(const char *catalogue)
{
	return japanese != NULL ? 0 : words_open_japanese(catalogue, &japanese);
}

static const struct catalogue *
catalogue_of(const struct player *player)
{
	return words_language(player->language) == LANGUAGE_JAPANESE ? japanese : NULL;
}

static const char *
translate(const struct player *player, const char *english)
{
	return words_translate(catalogue_of(player), english);
}

/* Where things are */

static int
units(const struct player *player, int length)
{
	return (int)(((uint32_t)length * player->scale + 50) / 100);
}

void
player_lay_out(struct player *player)
{
	bar_lay_out(&player->bar, player->tiles.width, player->tiles.height, player->scale);
	player->view.area_width = player->tiles.width;
	player->view.area_height = player->bar_hidden ? player->tiles.height : player->bar.whole.y;
	tiles_damage_all(&player->tiles);
}

/* What is said above the bar. */
static struct box
strip_box(const struct player *player)
{
	int tall = units(player, 28);

	return (struct box){0, player->view.area_height - tall, player->tiles.width, tall};
}

void
player_damage_bar(struct player *player)
{
	struct box strip;

	if (!player->drawable)
		return;
	strip = strip_box(player);
	if (!player->bar_hidden)
		tiles_damage(&player->tiles, &player->bar.whole);
	tiles_damage(&player->tiles, &strip);
}

void
player_damage_picture(struct player *player, const struct picture_rectangle *part)
{
	const struct box box = view_box(&player->view, part);

	tiles_damage(&player->tiles, &box);
}

/* Letters */

static int
write_line(struct player *player, cairo_t *cairo, enum type type, uint32_t colour, double align,
	const struct box *box, const char *text)
{
	PangoLayout *layout = type_layout(player->letters, type, player->scale, text, -1);
	int width, height;

	type_set_width(layout, player->scale, box->width);
	pango_layout_set_ellipsize(layout, PANGO_ELLIPSIZE_END);
	type_extents(layout, player->scale, &width, &height);
	paint_colour(cairo, colour);
	type_draw_line(cairo, layout, type, player->scale,
		box->x + (int)(align * (box->width - width)), box->y, box->height);
	g_object_unref(layout);
	return width;
}

static void
clock_text(uint32_t ms, char *room, size_t size)
{
	uint32_t seconds = ms / 1000;

	snprintf(room, size, "%u:%02u:%02u", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

/* The picture */

static void
paint_picture(struct player *player, cairo_t *cairo)
{
	const struct box place = view_place(&player->view);
	struct decoder_picture picture;
	cairo_surface_t *surface;

	paint_colour(cairo, COLOUR_AROUND);
	cairo_paint(cairo);
	if (player->reel.playback == NULL || place.width == 0 ||
		!playback_look(player->reel.playback, &picture) ||
		picture.width != player->view.picture_width ||
		picture.height != player->view.picture_height)
		return;
	/* Cairo has no surfaces that are only read; nothing is drawn on this one. */
	surface = cairo_image_surface_create_for_data((unsigned char *)(uintptr_t)picture.pixels,
		CAIRO_FORMAT_RGB24, picture.width, picture.height, (int)picture.stride);
	cairo_save(cairo);
	cairo_rectangle(cairo, 0, 0, player->view.area_width, player->view.area_height);
	cairo_clip(cairo);
	cairo_translate(cairo, place.x, place.y);
	if (view_is_scaled(&player->view))
		cairo_scale(cairo, (double)place.width / picture.width,
			(double)place.height / picture.height);
	cairo_set_source_surface(cairo, surface, 0, 0);
	cairo_pattern_set_filter(cairo_get_source(cairo),
		view_is_scaled(&player->view) ? CAIRO_FILTER_BILINEAR : CAIRO_FILTER_NEAREST);
	cairo_rectangle(cairo, 0, 0, picture.width, picture.height);
	cairo_fill(cairo);
	cairo_restore(cairo);
	cairo_surface_destroy(surface);
}

/* The bar */

static void
paint_slider(struct player *player, cairo_t *cairo, uint32_t at_ms)
{
	const struct box *track = &player->bar.parts[BAR_SLIDER];
	const struct playback_gap *gaps = NULL;
	size_t count =
		player->reel.playback != NULL ? playback_gaps(player->reel.playback, &gaps) : 0;
	uint32_t shown_ms = player->dragging_slider ? player->drag_ms : at_ms;
	int x = bar_x_of(&player->bar, shown_ms, player->length_ms);
	int knob = units(player, 16);
	struct box box = *track;

	paint_box(cairo, track, track->height / 2.0, COLOUR_TRACK);
	box.width = x - track->x;
	if (box.width > track->height)
		paint_box(cairo, &box, track->height / 2.0, COLOUR_PLAYED);
	for (size_t i = 0; i < count; i++) {
		box.x = bar_x_of(&player->bar, gaps[i].from_ms, player->length_ms);
		box.width = bar_x_of(&player->bar, gaps[i].to_ms, player->length_ms) - box.x;
		box.width = box.width > units(player, 3) ? box.width : units(player, 3);
		paint_box(cairo, &box, 0, COLOUR_MISSING);
	}
	box = (struct box){x - knob / 2, track->y + (track->height - knob) / 2, knob, knob};
	paint_box(cairo, &box, knob / 2.0, COLOUR_KNOB);
}

static void
paint_play(struct player *player, cairo_t *cairo, const struct box *box)
{
	bool stands = player->state == PLAY_PAUSED || player->state == PLAY_ENDED ||
		      (player->state == PLAY_SEEKING && player->held);
	double unit = units(player, 100) / 100.0, x = box->x + box->width / 2.0,
	       y = box->y + box->height / 2.0;

	paint_box(cairo, box, 5 * unit, COLOUR_BUTTON);
	paint_colour(cairo, COLOUR_INK);
	if (stands) {
		cairo_move_to(cairo, x - 5 * unit, y - 7 * unit);
		cairo_line_to(cairo, x + 8 * unit, y);
		cairo_line_to(cairo, x - 5 * unit, y + 7 * unit);
		cairo_close_path(cairo);
	} else {
		cairo_rectangle(cairo, x - 6 * unit, y - 7 * unit, 4 * unit, 14 * unit);
		cairo_rectangle(cairo, x + 2 * unit, y - 7 * unit, 4 * unit, 14 * unit);
	}
	cairo_fill(cairo);
}

static void
paint_sign(struct player *player, cairo_t *cairo, const struct box *box, bool plus)
{
	double unit = units(player, 100) / 100.0, x = box->x + box->width / 2.0,
	       y = box->y + box->height / 2.0;

	paint_box(cairo, box, 5 * unit, COLOUR_BUTTON);
	paint_colour(cairo, COLOUR_INK);
	cairo_rectangle(cairo, x - 6 * unit, y - unit, 12 * unit, 2 * unit);
	if (plus)
		cairo_rectangle(cairo, x - unit, y - 6 * unit, 2 * unit, 12 * unit);
	cairo_fill(cairo);
}

static void
paint_time(struct player *player, cairo_t *cairo, const struct box *box, uint32_t at_ms)
{
	char at[24], length[24], text[64];

	clock_text(player->dragging_slider ? player->drag_ms : at_ms, at, sizeof(at));
	clock_text(player->length_ms, length, sizeof(length));
	snprintf(text, sizeof(text), "%s / %s", at, length);
	(void)write_line(player, cairo, TYPE_LABEL, COLOUR_INK, 0.5, box, text);
}

static void
paint_speed(struct player *player, cairo_t *cairo, const struct box *box)
{
	unsigned int percent = tempo_percent(&player->tempo);
	char text[16];

	if (percent % 100 == 0)
		snprintf(text, sizeof(text), "%u\u00d7", percent / 100);
	else
		snprintf(text, sizeof(text), "%u.%u\u00d7", percent / 100, percent / 10 % 10);
	(void)write_line(player, cairo, TYPE_LABEL, COLOUR_INK, 0.5, box, text);
}

static void
paint_mark(struct player *player, cairo_t *cairo, const struct box *box)
{
	struct box mark = box_inside(box, 0, units(player, 4));

	if (!player->live)
		return;
	paint_box(cairo, &mark, units(player, 4),
		player->state == PLAY_LIVE ? COLOUR_LIVE : COLOUR_BEHIND);
	(void)write_line(
		player, cairo, TYPE_LABEL, COLOUR_INK, 0.5, &mark, translate(player, N_("LIVE")));
}

static const char *
state_words(const struct player *player)
{
	static const char *const words[PLAY_STATE_COUNT] = {
		[PLAY_WAITING] = N_("Nothing has been recorded yet"),
		[PLAY_PAUSED] = N_("Paused"),
		[PLAY_ENDED] = N_("End of the recording"),
		[PLAY_BROKEN] = N_("Cannot be read any further"),
	};

	return words[player->state];
}

static void
progress_text(const struct player *player, char *room, size_t size)
{
	uint32_t to = player->seek_to > 0 ? player->seek_to : 1;
	uint64_t percent = (uint64_t)playback_now_ms(player->reel.playback) * 100 / to;
	char number[8];
	const char *const values[] = {number};

	snprintf(number, sizeof(number), "%u", percent > 100 ? 100u : (unsigned int)percent);
	sentence_fill(translate(player, player->seek_to_end && player->live
						? N_("Catching up: %s %%")
						: N_("Looking for it: %s %%")),
		values, 1, room, size);
}

static void
paint_state(struct player *player, cairo_t *cairo, const struct box *box)
{
	const char *words = state_words(player);
	char text[128] = "";

	if (player->state == PLAY_SEEKING)
		progress_text(player, text, sizeof(text));
	else if (words != NULL)
		snprintf(text, sizeof(text), "%s", translate(player, words));
	else if (player->shortens && player->state == PLAY_PLAYING)
		snprintf(text, sizeof(text), "%s",
			translate(player, N_("Long pauses are shortened")));
	(void)write_line(player, cairo, TYPE_LABEL, COLOUR_INK, 0, box, text);
}

static void
paint_bar(struct player *player, cairo_t *cairo)
{
	const struct box *parts = player->bar.parts;
	const struct box edge = {0, player->bar.whole.y, player->bar.whole.width, units(player, 2)};
	uint32_t at_ms = player_at_ms(player);

	paint_box(cairo, &player->bar.whole, 0, COLOUR_BAR);
	paint_box(cairo, &edge, 0, COLOUR_BAR_EDGE);
	paint_slider(player, cairo, at_ms < player->length_ms ? at_ms : player->length_ms);
	if (parts[BAR_PLAY].width > 0)
		paint_play(player, cairo, &parts[BAR_PLAY]);
	if (parts[BAR_TIME].width > 0)
		paint_time(player, cairo, &parts[BAR_TIME], at_ms);
	if (parts[BAR_SLOWER].width > 0)
		paint_sign(player, cairo, &parts[BAR_SLOWER], false);
	if (parts[BAR_SPEED].width > 0)
		paint_speed(player, cairo, &parts[BAR_SPEED]);
	if (parts[BAR_FASTER].width > 0)
		paint_sign(player, cairo, &parts[BAR_FASTER], true);
	if (parts[BAR_MARK].width > 0)
		paint_mark(player, cairo, &parts[BAR_MARK]);
	if (parts[BAR_WORDS].width > 0)
		paint_state(player, cairo, &parts[BAR_WORDS]);
	if (parts[BAR_TITLE].width > 0)
		(void)write_line(player, cairo, TYPE_LABEL, COLOUR_QUIET, 1, &parts[BAR_TITLE],
			player->title);
}

/* What is to be said */

static const struct playback_gap *
gap_at(const struct player *player, uint32_t at_ms)
{
	const struct playback_gap *gaps;
	size_t count = playback_gaps(player->reel.playback, &gaps);

	for (size_t i = 0; i < count; i++)
		if (at_ms >= gaps[i].from_ms &&
			(at_ms <= gaps[i].to_ms || at_ms - gaps[i].from_ms < GAP_MS))
			return &gaps[i];
	return NULL;
}

/* A session that shows nothing new makes its recording no longer, and time goes on all the same. */
static uint32_t
in_session_ms(const struct player *player, uint32_t at_ms)
{
	if (player->state != PLAY_LIVE)
		return at_ms;
	return at_ms + (uint32_t)((player_now_us() - player->length_us) / 1000);
}

static void
write_note(
	const struct player *player, const struct recording_note *note, char *ret_text, size_t size)
{
	/* Who watches is noted by name alone. */
	static const char *const sentences[] = {
		[RECORDING_NOTE_WATCHER_CAME] = N_("Auditor %s watches this session."),
		[RECORDING_NOTE_WATCHER_WENT] =
			N_("Auditor %s does not watch this session any more."),
	};
	const char *sentence = note->about < ARRAY_SIZE(sentences) ? sentences[note->about] : NULL;

	if (sentence != NULL)
		words_sentence(catalogue_of(player), sentence, (const uint8_t *)note->text,
			strlen(note->text) + 1, ret_text, size);
	else
		words_sentence(catalogue_of(player), note->text, NULL, 0, ret_text, size);
}

static void
paint_strip(struct player *player, cairo_t *cairo)
{
	const struct playback_gap *gap;
	const struct box strip = strip_box(player);
	const struct box inner = box_inside(&strip, units(player, 14), 0);
	const struct recording_note *note;
	uint32_t note_ms = 0;
	char text[RECORDING_TEXT_MOST + 1];

	if (player->reel.playback == NULL || player->state == PLAY_BROKEN)
		return;
	gap = gap_at(player, in_session_ms(player, playback_now_ms(player->reel.playback)));
	note = playback_note(player->reel.playback, &note_ms);
	if (gap != NULL) {
		const char *const values[] = {translate(player, gap->why)};

		sentence_fill(translate(player, N_("Something is missing here: %s.")), values, 1,
			text, sizeof(text));
	} else if (note != NULL &&
		   in_session_ms(player, player_at_ms(player)) - note_ms < NOTE_MS) {
		write_note(player, note, text, sizeof(text));
	} else {
		return;
	}
	paint_box(cairo, &strip, 0, COLOUR_STRIP_BOX);
	(void)write_line(player, cairo, TYPE_LABEL, COLOUR_STRIP, 0, &inner, text);
}

static void
paint_sorry(struct player *player, cairo_t *cairo)
{
	int width = player->view.area_width - units(player, 48);
	struct box box, line;
	char at[24];
	const char *const values[] = {at};
	char where[128];

	if (player->state != PLAY_BROKEN)
		return;
	width = width > units(player, 720) ? units(player, 720) : width;
	box = (struct box){(player->view.area_width - width) / 2,
		player->view.area_height / 2 - units(player, 56), width, units(player, 112)};
	paint_box(cairo, &box, units(player, 8), COLOUR_SORRY_BOX);
	paint_edge(cairo, &box, units(player, 8), units(player, 1), COLOUR_SORRY);
	line = (struct box){box.x + units(player, 18), box.y + units(player, 12),
		box.width - units(player, 36), units(player, 30)};
	(void)write_line(player, cairo, TYPE_FACILITY, COLOUR_SORRY, 0, &line,
		translate(player, N_("This recording cannot be read any further.")));
	clock_text(player->reel.playback != NULL ? playback_now_ms(player->reel.playback) : 0, at,
		sizeof(at));
	sentence_fill(translate(player, N_("Shown is what there was up to %s. What is wrong:")),
		values, 1, where, sizeof(where));
	line.y += units(player, 32);
	(void)write_line(player, cairo, TYPE_LABEL, COLOUR_SORRY, 0, &line, where);
	line.y += units(player, 26);
	(void)write_line(
		player, cairo, TYPE_LABEL, COLOUR_SORRY, 0, &line, translate(player, player->why));
}

void
player_paint(void *owner, cairo_t *cairo)
{
	struct player *player = owner;

	paint_picture(player, cairo);
	paint_strip(player, cairo);
	paint_sorry(player, cairo);
	if (!player->bar_hidden)
		paint_bar(player, cairo);
}
