/* The sign-in screen's life: pages come, answers go; see screen.h. */
#include "greeter/screen_private.h"

#include "base/catalogue.h"
#include "base/cleanup.h"
#include "base/secret.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SIZE_LEAST 200
#define SIZE_MOST 8192
#define ACCOUNT_MOST 256
#define CARET_MS 530
#define CARET_BLINKS_MS 20000 /* then it stands still: a forgotten screen costs nothing */
/* What pages are made for; on less room everything is drawn smaller. */
#define ROOM_WIDTH 560
#define ROOM_HEIGHT 450

/* Once for the process; read by every screen. */
static const struct catalogue *japanese;

static const char *const language_names[LANGUAGE_COUNT] = {"en", "ja"};

int
screen_warm_up(const char *catalogue, const char **ret_why)
{
	struct qr qr = {0};
	int r;

	*ret_why = "the Japanese messages";
	r = japanese != NULL ? 0 : words_open_japanese(catalogue, &japanese);
	if (r < 0)
		return r;
	*ret_why = "fonts with Japanese and other letters";
	r = type_warm_up(TYPES_ALL);
	qr_set(&qr, "otpauth://totp/warm?secret=AAAA");
	qr_wipe(&qr);
	return r;
}

static uint32_t
fitting_scale(const struct screen_setup *setup)
{
	uint32_t scale = setup->scale_percent;

	if (scale > setup->width * 100u / ROOM_WIDTH)
		scale = setup->width * 100u / ROOM_WIDTH;
	if (scale > setup->height * 100u / ROOM_HEIGHT)
		scale = setup->height * 100u / ROOM_HEIGHT;
	return scale;
}

static bool
is_size(uint16_t size)
{
	return size >= SIZE_LEAST && size <= SIZE_MOST;
}

int
screen_new(const struct screen_setup *setup, struct screen **ret_screen)
{
	struct screen *screen;

	if (!is_size(setup->width) || !is_size(setup->height) || setup->scale_percent < 100 ||
		setup->scale_percent > 500)
		return -EINVAL;
	screen = calloc(1, sizeof(*screen));
	if (screen == NULL)
		return -ENOMEM;
	screen->setup = *setup;
	words_sentence(NULL, setup->facility, NULL, 0, screen->facility, sizeof(screen->facility));
	screen->setup.facility = screen->facility;
	screen->language = words_language(setup->language);
	screen->setup.language = NULL;
	screen->scale = fitting_scale(setup);
	screen->focus = screen->hover = screen->pressed = PART_NONE;
	screen->list.hover = SIZE_MAX;
	screen->context = type_context(screen->scale);
	if (screen->context == NULL ||
		tiles_init(&screen->tiles, setup->width, setup->height) < 0) {
		screen_free(screen);
		return -ENOMEM;
	}
	screen_lay_out(screen);
	*ret_screen = screen;
	return 0;
}

void
screen_free(struct screen *screen)
{
	if (screen == NULL)
		return;
	if (screen->context != NULL)
		g_object_unref(screen->context);
	choices_free(&screen->incoming);
	list_done(&screen->list);
	qr_wipe(&screen->qr);
	tiles_done(&screen->tiles);
	secret_free(screen);
}

int
screen_units(const struct screen *screen, int length)
{
	return (int)(((uint32_t)length * screen->scale + 50) / 100);
}

const char *
screen_words(const struct screen *screen, const char *english)
{
	return words_translate(screen->language == LANGUAGE_JAPANESE ? japanese : NULL, english);
}

const struct catalogue *
screen_catalogue(const struct screen *screen)
{
	return screen->language == LANGUAGE_JAPANESE ? japanese : NULL;
}

uint32_t
screen_serial(const struct screen *screen)
{
	return screen->row != NULL ? screen->show.serial : 0;
}

const char *
screen_language(const struct screen *screen)
{
	return language_names[screen->language];
}

/* Pages */

int
screen_add_choice(struct screen *screen, const struct msg_choice *choice)
{
	return choices_add(&screen->incoming, choice);
}

static void
wipe_page(struct screen *screen)
{
	field_wipe(&screen->account);
	field_wipe(&screen->secret);
	qr_wipe(&screen->qr);
	list_done(&screen->list);
	secret_wipe(&screen->show, sizeof(screen->show));
	screen->focus = screen->hover = screen->pressed = PART_NONE;
	screen->pressed_before = PART_NONE;
	screen->text_scroll = 0;
	screen->answered = false;
}

/* What a page does not use is not kept, whatever the message holds. */
static void
keep_fields(struct screen *screen, const struct msg_show *show)
{
	uint32_t fields = screen->row->fields;

	screen->show = *show;
	if ((fields & SCREEN_HAS_TEXT) == 0)
		screen->show.text[0] = '\0';
	if ((fields & SCREEN_HAS_ERROR) == 0)
		screen->show.error[0] = '\0';
	qr_set(&screen->qr, (fields & SCREEN_HAS_OTPAUTH) != 0 ? (const char *)show->otpauth : "");
	secret_wipe(screen->show.otpauth, sizeof(screen->show.otpauth));
	if ((fields & SCREEN_HAS_SECONDS) == 0)
		screen->show.seconds = 0;
	screen->ends_ms = screen->setup.now_ms() + (int64_t)screen->show.seconds * 1000;
	field_begin(&screen->account, FIELD_PLAIN, ACCOUNT_MOST,
		(fields & SCREEN_HAS_ACCOUNT) != 0 ? show->account : "");
	field_begin(&screen->secret,
		show->screen == SCREEN_NUMBER                          ? FIELD_NUMBER
		: (fields & SCREEN_HAS_PROMPT) != 0 && show->echo != 0 ? FIELD_PLAIN
								       : FIELD_HIDDEN,
		FIELD_MOST, "");
}

static enum part
first_focus(const struct screen *screen)
{
	switch ((enum greeter_screen)screen->show.screen) {
	case SCREEN_SIGN_IN:
		return screen->show.field == 1 ? PART_SECRET : PART_ACCOUNT;
	case SCREEN_PROMPT:
	case SCREEN_ENROL:
	case SCREEN_NUMBER:
		return PART_SECRET;
	case SCREEN_TERMINALS:
		return PART_LIST;
	case SCREEN_NOTICE:
	case SCREEN_QUESTION:
	case SCREEN_RECORDED:
	case SCREEN_SORRY:
		return PART_SUBMIT;
	case SCREEN_WAITING: /* Enter must not end it by accident */
	case SCREEN_PLACE:
	case SCREEN_WATCHED:
	case SCREEN_BUSY:
	case SCREEN_COUNT:
		break;
	}
	return PART_NONE;
}

int
screen_show(struct screen *screen, const struct msg_show *show)
{
	const struct screen_row *row = screen_row(show->screen);
	int r;

	if (row == NULL)
		return -EPROTO;
	wipe_page(screen);
	if (screen->incoming.serial != show->serial || (row->fields & SCREEN_HAS_CHOICES) == 0)
		choices_free(&screen->incoming);
	screen->row = row;
	keep_fields(screen, show);
	r = list_begin(&screen->list, &screen->incoming);
	if (r < 0)
		return r;
	screen->focus = first_focus(screen);
	screen_lay_out(screen);
	if (screen->list.match_count > 0)
		list_select(screen, screen->list.selected);
	screen_wake_caret(screen);
	(void)screen_tick(screen);
	return 0;
}

PangoLayout *
screen_text_layout(const struct screen *screen, int width)
{
	char text[sizeof(screen->show.text) + sizeof(screen->show.values)];

	words_sentence(screen_catalogue(screen), screen->show.text, screen->show.values,
		screen->show.values_len, text, sizeof(text));
	return type_layout(screen->context, TYPE_BODY, screen->scale, text, width);
}

PangoLayout *
screen_error_layout(const struct screen *screen, int width)
{
	char text[sizeof(screen->show.error) + sizeof(screen->show.error_values)];
	PangoLayout *layout;

	words_sentence(screen_catalogue(screen), screen->show.error, screen->show.error_values,
		screen->show.error_values_len, text, sizeof(text));
	layout = type_layout(screen->context, TYPE_BODY, screen->scale, text, width);
	pango_layout_set_height(layout, -screen_error_lines(screen));
	pango_layout_set_ellipsize(layout, PANGO_ELLIPSIZE_END);
	return layout;
}

/* On one line, or in halves: four letters alone on a second line are easily overlooked. */
PangoLayout *
screen_key_layout(const struct screen *screen, int width)
{
	char key[sizeof(screen->qr.key)];
	PangoLayout *layout =
		type_layout(screen->context, TYPE_CODE, screen->scale, screen->qr.key, width);
	size_t half = (strlen(screen->qr.key) + 5) / 10 * 5;

	if (pango_layout_get_line_count(layout) > 1 && half > 0) {
		memcpy(key, screen->qr.key, sizeof(key));
		key[half - 1] = '\n';
		pango_layout_set_text(layout, key, -1);
		secret_wipe(key, sizeof(key));
	}
	return layout;
}

bool
screen_waits(const struct screen *screen)
{
	return screen->row != NULL && screen->row->answers == SCREEN_CANCEL;
}

bool
screen_is_busy(const struct screen *screen)
{
	return screen->row == NULL || screen->answered || screen->show.screen == SCREEN_BUSY;
}

/* Answers */

bool
screen_can_submit(const struct screen *screen)
{
	const struct choice *chosen = list_chosen(&screen->list);

	if (screen_is_busy(screen) || (screen->row->answers & SCREEN_SUBMIT) == 0)
		return false;
	switch ((enum greeter_screen)screen->show.screen) {
	case SCREEN_SIGN_IN:
		return !field_is_blank(&screen->account) && screen->secret.len > 0;
	case SCREEN_ENROL:
		return screen->secret.len > 0;
	case SCREEN_NUMBER:
		/* Without one somebody at the hospital is asked. */
		return screen->secret.len == 0 || screen->secret.len == FIELD_NUMBER_DIGITS;
	case SCREEN_TERMINALS:
		return chosen != NULL && chosen->allowed;
	default:
		return true;
	}
}

static void
fill_answer(const struct screen *screen, struct msg_answer *answer)
{
	const struct choice *chosen = list_chosen(&screen->list);

	if ((screen->row->fields & SCREEN_HAS_ACCOUNT) != 0)
		field_trimmed(&screen->account, answer->account, sizeof(answer->account));
	if (screen->parts[PART_SECRET].width > 0) {
		memcpy(answer->secret, screen->secret.text, screen->secret.len);
		answer->secret_len = (uint32_t)screen->secret.len;
	}
	if (chosen != NULL)
		answer->choice = chosen->index;
}

void
screen_answer(struct screen *screen, enum greeter_action action)
{
	struct msg_answer answer = {.serial = screen->show.serial, .action = (uint8_t)action};

	if (screen_is_busy(screen) || (screen->row->answers & action) == 0 ||
		(action == SCREEN_SUBMIT && !screen_can_submit(screen)))
		return;
	if (action == SCREEN_SUBMIT)
		fill_answer(screen, &answer);
	field_forget(&screen->secret);
	screen->answered = true;
	screen->focus = screen->hover = screen->pressed = PART_NONE;
	tiles_damage_part(screen, PART_CARD);
	tiles_damage_part(screen, PART_LANGUAGE);
	tiles_damage_part(screen, PART_FOOTER);
	screen->setup.answered(screen->setup.owner, &answer);
	secret_wipe(&answer, sizeof(answer));
}

void
screen_switch_language(struct screen *screen)
{
	screen->language =
		screen->language == LANGUAGE_JAPANESE ? LANGUAGE_ENGLISH : LANGUAGE_JAPANESE;
	screen->text_scroll = 0;
	screen_lay_out(screen);
	if (screen->list.match_count > 0)
		list_select(screen, screen->list.selected);
}

/* Time */

void
screen_wake_caret(struct screen *screen)
{
	screen->typed_ms = screen->setup.now_ms();
	screen->caret_seen = true;
	if (screen_field_of(screen, screen->focus) != NULL)
		tiles_damage_part(screen, screen->focus == PART_LIST ? PART_FILTER : screen->focus);
}

/* Returns ms to the next change. */
static int
blink(struct screen *screen, int64_t now)
{
	int64_t since = now - screen->typed_ms;
	bool seen = since > CARET_BLINKS_MS || since / CARET_MS % 2 == 0;

	if (screen_field_of(screen, screen->focus) == NULL)
		return -1;
	if (seen != screen->caret_seen) {
		screen->caret_seen = seen;
		tiles_damage_part(screen, screen->focus == PART_LIST ? PART_FILTER : screen->focus);
	}
	return since > CARET_BLINKS_MS ? -1 : (int)(CARET_MS - since % CARET_MS);
}

static int
count_down(struct screen *screen, int64_t now)
{
	int64_t left = screen->ends_ms > now ? screen->ends_ms - now : 0;
	int64_t seconds = (left + 999) / 1000;
	bool waits = screen_waits(screen);

	if (screen->show.seconds == 0)
		return -1;
	if (!waits && seconds > SCREEN_LAST_SECONDS) {
		screen->seconds = seconds;
		return (int)(left - SCREEN_LAST_SECONDS * 1000);
	}
	if (seconds != screen->seconds) {
		screen->seconds = seconds;
		tiles_damage_part(screen, waits ? PART_TIME : PART_FOOTER);
	}
	return left > 0 ? (int)(left - (seconds - 1) * 1000) : -1;
}

int
screen_tick(struct screen *screen)
{
	int64_t now = screen->setup.now_ms();
	int caret_ms, count_ms;

	if (screen_is_busy(screen))
		return -1;
	caret_ms = blink(screen, now);
	count_ms = count_down(screen, now);
	if (caret_ms < 0 || count_ms < 0)
		return caret_ms > count_ms ? caret_ms : count_ms;
	return caret_ms < count_ms ? caret_ms : count_ms;
}
