/* greeter/screen.c and what it is made of: a form that is typed into and clicked on. After warming up, everything here
 * runs under a filter that ends the process when it opens a file or starts a thread, as the greeter's sandbox does.
 *
 * screen_test CATALOGUE
 */
#include "base/lock_down_parts.h"
#include "greeter/screen_private.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <seccomp.h>
#include <xkbcommon/xkbcommon-keysyms.h>

#include "scenes.h"

#define TILES 16384

static struct {
	struct msg_answer answer;
	size_t count;
} got;

static void
note_answer(void *owner, const struct msg_answer *answer)
{
	(void)owner;
	got.answer = *answer;
	got.count++;
}

static struct screen *
new_screen(uint16_t width, uint16_t height, uint16_t scale, const char *language)
{
	const struct screen_setup setup = {.width = width,
		.height = height,
		.scale_percent = scale,
		.facility = "関所総合病院",
		.language = language,
		.now_ms = scene_clock,
		.answered = note_answer};
	struct screen *screen = NULL;

	memset(&got, 0, sizeof(got));
	assert_int_equal(screen_new(&setup, &screen), 0);
	return screen;
}

static void
show_page(struct screen *screen, enum greeter_screen page)
{
	struct msg_show show = {.serial = 7, .screen = (uint8_t)page};

	assert_int_equal(screen_show(screen, &show), 0);
}

static void
press(struct screen *screen, uint32_t keysym, uint32_t modifiers)
{
	screen_key(screen, keysym, 0, modifiers);
}

static void
click(struct screen *screen, int x, int y)
{
	screen_pointer(screen, x, y, SCREEN_BUTTON_LEFT, 0);
	screen_pointer(screen, x, y, 0, 0);
}

static void
click_part(struct screen *screen, enum part part)
{
	const struct box *box = &screen->parts[part];

	click(screen, box->x + box->width / 2, box->y + box->height / 2);
}

static size_t
draw(struct screen *screen)
{
	static struct screen_rectangle tiles[TILES];

	return screen_draw(screen, tiles, TILES);
}

/* Forms */

static void
account_and_password_are_answered_once(void **state)
{
	struct screen *screen = new_screen(1024, 768, 100, "en");

	(void)state;
	show_page(screen, SCREEN_SIGN_IN);
	scene_type(screen, " 998-sato ");
	press(screen, XKB_KEY_Return, 0);
	assert_int_equal(got.count, 0); /* goes on to the password */
	scene_type(screen, "pass word ");
	press(screen, XKB_KEY_KP_Enter, 0);
	assert_int_equal(got.count, 1);
	assert_int_equal(got.answer.serial, 7);
	assert_int_equal(got.answer.action, SCREEN_SUBMIT);
	assert_string_equal(got.answer.account, "998-sato");
	assert_int_equal(got.answer.secret_len, 10);
	assert_memory_equal(got.answer.secret, "pass word ", 10);
	press(screen, XKB_KEY_Return, 0);
	click_part(screen, PART_SUBMIT);
	scene_type(screen, "more");
	assert_int_equal(got.count, 1);
	assert_string_equal(screen->secret.text, "0000000000");
	screen_free(screen);
}

static void
nothing_is_sent_before_all_is_typed(void **state)
{
	struct screen *screen = new_screen(1024, 768, 100, "en");

	(void)state;
	show_page(screen, SCREEN_SIGN_IN);
	press(screen, XKB_KEY_Return, 0);
	click_part(screen, PART_SUBMIT);
	press(screen, XKB_KEY_Escape, 0); /* SIGN_IN has no way back */
	show_page(screen, SCREEN_NUMBER);
	scene_type(screen, "1234-567");
	press(screen, XKB_KEY_Return, 0);
	assert_int_equal(got.count, 0);
	scene_type(screen, "8");
	press(screen, XKB_KEY_Return, 0);
	assert_int_equal(got.count, 1);
	assert_memory_equal(got.answer.secret, "12345678", 9);
	/* Without a number somebody at the hospital is asked. */
	show_page(screen, SCREEN_NUMBER);
	press(screen, XKB_KEY_Return, 0);
	assert_int_equal(got.count, 2);
	assert_int_equal(got.answer.secret_len, 0);
	screen_free(screen);
}

static void
tab_goes_round_and_back(void **state)
{
	static const enum part order[] = {
		PART_SECRET, PART_SUBMIT, PART_LANGUAGE, PART_ACCOUNT, PART_SECRET};
	struct screen *screen = new_screen(1024, 768, 100, "en");

	(void)state;
	show_page(screen, SCREEN_SIGN_IN);
	assert_int_equal(screen->focus, PART_ACCOUNT);
	for (size_t i = 0; i < 5; i++) {
		press(screen, XKB_KEY_Tab, 0);
		assert_int_equal(screen->focus, order[i]);
	}
	press(screen, XKB_KEY_ISO_Left_Tab, SCREEN_SHIFT);
	press(screen, XKB_KEY_Tab, SCREEN_SHIFT);
	assert_int_equal(screen->focus, PART_LANGUAGE);
	show_page(screen, SCREEN_WAITING);
	assert_int_equal(screen->focus, PART_NONE);
	press(screen, XKB_KEY_Return, 0);
	assert_int_equal(got.count, 0);
	press(screen, XKB_KEY_Tab, 0);
	assert_int_equal(screen->focus, PART_CANCEL);
	press(screen, XKB_KEY_space, 0);
	assert_int_equal(got.answer.action, SCREEN_CANCEL);
	screen_free(screen);
}

static void
what_was_typed_is_gone_with_its_page(void **state)
{
	static const struct field empty;
	struct screen *screen = new_screen(1024, 768, 100, "en");

	(void)state;
	show_page(screen, SCREEN_SIGN_IN);
	scene_type(screen, "998-sato");
	press(screen, XKB_KEY_Tab, 0);
	scene_type(screen, "secret");
	show_page(screen, SCREEN_PROMPT);
	assert_memory_equal(screen->account.text, empty.text, sizeof(empty.text));
	assert_memory_equal(screen->secret.text, empty.text, sizeof(empty.text));
	press(screen, XKB_KEY_Return, 0);
	assert_int_equal(got.answer.secret_len, 0);
	assert_string_equal(got.answer.account, "");
	screen_free(screen);
}

static void
a_page_begins_where_something_is_missing(void **state)
{
	struct msg_show show = {.serial = 3, .screen = SCREEN_SIGN_IN, .field = 1};
	struct screen *screen = new_screen(1024, 768, 100, "en");

	(void)state;
	memcpy(show.account, "998-sato", 9);
	assert_int_equal(screen_show(screen, &show), 0);
	assert_int_equal(screen_serial(screen), 3);
	scene_type(screen, "x");
	press(screen, XKB_KEY_Return, 0);
	assert_string_equal(got.answer.account, "998-sato");
	assert_memory_equal(got.answer.secret, "x", 2);
	screen_free(screen);
}

static void
pasted_text_and_keys_of_every_keyboard_are_taken(void **state)
{
	struct screen *screen = new_screen(1024, 768, 100, "en");

	(void)state;
	show_page(screen, SCREEN_SIGN_IN);
	screen_text(screen, "998\r\n-\xff佐藤\t");
	assert_string_equal(screen->account.text, "998-佐藤");
	press(screen, XKB_KEY_a, SCREEN_CONTROL);
	screen_key(screen, XKB_KEY_at, '@', SCREEN_CONTROL | SCREEN_ALT); /* AltGr */
	assert_string_equal(screen->account.text, "@");
	screen_key(screen, XKB_KEY_v, 'v', SCREEN_CONTROL);
	screen_key(screen, XKB_KEY_x, 'x', SCREEN_ALT);
	screen_key(screen, XKB_KEY_x, 0x18, SCREEN_CONTROL);
	screen_key(screen, UINT32_MAX, UINT32_MAX, UINT32_MAX);
	assert_string_equal(screen->account.text, "@");
	screen_free(screen);
}

static void
selection_by_keys_and_by_pointer(void **state)
{
	struct screen *screen = new_screen(1024, 768, 100, "en");
	const struct box *box;

	(void)state;
	show_page(screen, SCREEN_SIGN_IN);
	scene_type(screen, "998-sato taro");
	press(screen, XKB_KEY_Left, SCREEN_SHIFT);
	press(screen, XKB_KEY_Left, SCREEN_SHIFT);
	scene_type(screen, "i");
	assert_string_equal(screen->account.text, "998-sato tai");
	box = &screen->parts[PART_ACCOUNT];
	screen_pointer(screen, box->x + 1, box->y + 5, SCREEN_BUTTON_LEFT, 0);
	screen_pointer(screen, box->x + box->width - 1, box->y + 5, SCREEN_BUTTON_LEFT, 0);
	screen_pointer(screen, box->x + box->width - 1, box->y + 5, 0, 0);
	assert_int_equal(screen->account.anchor, 0);
	assert_int_equal(screen->account.caret, 12);
	scene_now_ms += 1000;
	click(screen, box->x + 20, box->y + 5);
	click(screen, box->x + 20, box->y + 5);
	press(screen, XKB_KEY_Delete, 0);
	assert_string_equal(screen->account.text, " tai");
	screen_free(screen);
}

/* Lists */

static struct screen *
new_list(size_t count)
{
	struct screen *screen = new_screen(1024, 768, 100, "en");

	for (size_t i = 0; i < count; i++)
		scene_add_choice(screen, 7, (uint16_t)i);
	show_page(screen, SCREEN_TERMINALS);
	return screen;
}

static void
a_terminal_is_chosen_by_keys(void **state)
{
	struct screen *screen = new_list(24);

	(void)state;
	press(screen, XKB_KEY_Down, 0);
	press(screen, XKB_KEY_Down, 0);
	press(screen, XKB_KEY_Return, 0); /* the third is shown and cannot be chosen */
	assert_int_equal(got.count, 0);
	press(screen, XKB_KEY_End, 0);
	assert_int_equal(list_chosen(&screen->list)->index, 23);
	assert_int_equal(screen->list.top, 24 - list_rows_seen(screen));
	press(screen, XKB_KEY_Page_Up, 0);
	press(screen, XKB_KEY_Home, 0);
	press(screen, XKB_KEY_Down, 0);
	press(screen, XKB_KEY_Return, 0);
	assert_int_equal(got.answer.choice, 1);
	assert_int_equal(got.answer.action, SCREEN_SUBMIT);
	assert_int_equal(got.answer.secret_len, 0);
	screen_free(screen);
}

static void
typing_finds_a_terminal(void **state)
{
	struct screen *screen = new_list(24);

	(void)state;
	screen_text(screen, "ｐａｃｓ1");
	assert_int_equal(screen->list.match_count, 3); /* 11, 14, 17 */
	assert_int_equal(list_chosen(&screen->list)->index, 10);
	screen_text(screen, "nowhere");
	assert_int_equal(screen->list.match_count, 0);
	press(screen, XKB_KEY_Return, 0);
	press(screen, XKB_KEY_Escape, 0);
	assert_int_equal(screen->list.match_count, 24);
	assert_int_equal(got.count, 0);
	press(screen, XKB_KEY_Escape, 0);
	assert_int_equal(got.answer.action, SCREEN_CANCEL);
	screen_free(screen);
}

static void
a_terminal_is_chosen_by_pointer(void **state)
{
	struct screen *screen = new_list(24);
	const struct box *box = &screen->parts[PART_LIST];
	int y = box->y + list_row_height(screen) + 3;

	(void)state;
	screen_pointer(screen, box->x + 9, y, 0, -1);
	assert_int_equal(screen->list.top, 3);
	click(screen, box->x + 9, y);
	assert_int_equal(list_chosen(&screen->list)->index, 4);
	assert_int_equal(got.count, 0);
	click(screen, box->x + 9, y);
	assert_int_equal(got.answer.choice, 4);
	screen_free(screen);
}

static void
the_first_allowed_terminal_is_offered(void **state)
{
	struct screen *screen = new_screen(1024, 768, 100, "en");

	(void)state;
	scene_add_choice(screen, 6, 0); /* of a page that never came */
	scene_add_choice(screen, 7, 2);
	scene_add_choice(screen, 7, 3);
	show_page(screen, SCREEN_TERMINALS);
	assert_int_equal(screen->list.match_count, 2);
	assert_int_equal(list_chosen(&screen->list)->index, 3);
	show_page(screen, SCREEN_TERMINALS);
	assert_int_equal(screen->list.match_count, 0);
	press(screen, XKB_KEY_Return, 0);
	press(screen, XKB_KEY_Page_Down, 0);
	assert_int_equal(got.count, 0);
	screen_free(screen);
}

static void
a_list_has_a_bound(void **state)
{
	struct screen *screen = new_list(0);
	const struct msg_choice choice = {.serial = 9, .name = "x"};

	(void)state;
	for (size_t i = 0; i < SCREEN_CHOICES_MAX; i++)
		assert_int_equal(screen_add_choice(screen, &choice), 0);
	assert_int_equal(screen_add_choice(screen, &choice), -E2BIG);
	screen_free(screen);
}

/* Time */

static void
seconds_run_down_and_the_caret_blinks(void **state)
{
	struct msg_show show = {.serial = 1, .screen = SCREEN_WAITING, .seconds = 90};
	struct screen *screen = new_screen(1024, 768, 100, "ja");

	(void)state;
	assert_int_equal(screen_show(screen, &show), 0);
	(void)draw(screen);
	assert_int_equal(screen_tick(screen), 1000);
	assert_int_equal(draw(screen), 0);
	scene_now_ms += 400;
	assert_int_equal(screen_tick(screen), 600);
	assert_int_equal(draw(screen), 0);
	scene_now_ms += 600;
	assert_int_equal(screen_tick(screen), 1000);
	assert_true(draw(screen) > 0);
	scene_now_ms += 1000000;
	assert_int_equal(screen_tick(screen), -1);
	assert_int_equal(screen->seconds, 0);
	show_page(screen, SCREEN_SIGN_IN);
	(void)draw(screen);
	scene_now_ms += screen_tick(screen);
	(void)screen_tick(screen);
	assert_in_range(draw(screen), 1, 2);
	scene_now_ms += 60000;
	assert_int_equal(screen_tick(screen), -1);
	screen_free(screen);
}

/* Were it not for the caret, the picture would be the same when it is not seen. */
static void
the_caret_is_all_that_blinks(void **state)
{
	struct screen *screen = new_screen(1024, 768, 100, "en");
	uint32_t *before = malloc(1024 * 768 * 4);
	size_t stride, first = 1024, last = 0;
	const uint32_t *pixels = (const uint32_t *)(const void *)screen_pixels(screen, &stride);

	(void)state;
	for (size_t i = 0; i < scene_count; i++)
		if (strcmp(scenes[i].name, "terminals") == 0)
			scene_show(screen, &scenes[i], 1);
	(void)draw(screen);
	assert_int_equal(stride, 1024 * 4);
	memcpy(before, pixels, 1024 * 768 * 4);
	scene_now_ms += screen_tick(screen);
	(void)screen_tick(screen);
	assert_true(draw(screen) > 0);
	for (size_t i = 0; i < 1024 * 768; i++) {
		if (pixels[i] == before[i])
			continue;
		first = first < i % 1024 ? first : i % 1024;
		last = last > i % 1024 ? last : i % 1024;
	}
	assert_in_range(last - first, 0, 3);
	free(before);
	screen_free(screen);
}

static void
busy_is_still(void **state)
{
	struct screen *screen = new_screen(1024, 768, 100, "en");

	(void)state;
	show_page(screen, SCREEN_BUSY);
	assert_true(draw(screen) > 0);
	screen_key(screen, XKB_KEY_F2, 0, SCREEN_CAPS_LOCK);
	screen_text(screen, "x");
	click_part(screen, PART_LANGUAGE);
	click_part(screen, PART_CARD);
	scene_now_ms += 100000;
	assert_int_equal(screen_tick(screen), -1);
	assert_int_equal(draw(screen), 0);
	assert_int_equal(got.count, 0);
	screen_redraw(screen); /* but for a client that has forgotten it */
	assert_int_equal(draw(screen), 16 * 12);
	screen_free(screen);
}

/* Languages, sizes, pixels */

static void
the_language_changes_under_what_is_typed(void **state)
{
	struct screen *screen = new_screen(1024, 768, 100, "en");

	(void)state;
	show_page(screen, SCREEN_SIGN_IN);
	assert_string_equal(screen_words(screen, "Sign in"), "Sign in");
	scene_type(screen, "998");
	press(screen, XKB_KEY_F2, 0);
	assert_string_equal(screen_language(screen), "ja");
	assert_string_equal(screen_words(screen, "Sign in"), "ログイン");
	scene_type(screen, "-sato");
	assert_string_equal(screen->account.text, "998-sato");
	click_part(screen, PART_LANGUAGE);
	assert_string_equal(screen_language(screen), "en");
	screen_free(screen);
}

static void
sentences_are_filled_and_harmless(void **state)
{
	static const uint8_t values[] = "08:30-17:30\0rest without an end";
	char text[256];

	(void)state;
	words_sentence(NULL, "between %s only, %s", values, 12, text, sizeof(text));
	assert_string_equal(text, "between 08:30-17:30 only,");
	words_sentence(NULL, "100%% of %s %n\n", NULL, 0, text, sizeof(text));
	assert_string_equal(text, "100%% of %s %n");
	words_sentence(NULL, "a\u202eb\tc\nd\u200e", NULL, 0, text, sizeof(text));
	assert_string_equal(text, "abc\nd");
	words_prompt(NULL, "New UNIX password: ", text, sizeof(text));
	assert_string_equal(text, "New password");
}

static void
inside(const struct screen *screen, const struct box *box)
{
	assert_true(box->x >= 0 && box->y >= 0);
	assert_true(box->x + box->width <= screen->setup.width);
	assert_true(box->y + box->height <= screen->setup.height);
}

static void
draw_everything(uint16_t width, uint16_t height, uint16_t scale, const char *language)
{
	struct screen *screen = new_screen(width, height, scale, language);

	for (size_t i = 0; i < scene_count; i++) {
		scene_show(screen, &scenes[i], (uint32_t)i + 1);
		assert_true(draw(screen) > 0);
		for (size_t part = 0; part < PART_COUNT; part++)
			inside(screen, &screen->parts[part]);
		for (size_t part = PART_TITLE; part < PART_LANGUAGE; part++) {
			const struct box *box = &screen->parts[part];
			const struct box *card = &screen->parts[PART_CARD];

			if (box->width == 0)
				continue;
			assert_true(card->y + card->height <= screen->parts[PART_FOOTER].y);
			assert_true(box_holds(card, box->x, box->y));
			assert_true(
				box_holds(card, box->x + box->width - 1, box->y + box->height - 1));
		}
	}
	screen_free(screen);
}

static void
every_page_fits_in_every_size(void **state)
{
	static const uint16_t sizes[][3] = {{640, 480, 100}, {1024, 768, 100}, {1920, 1080, 150},
		{3840, 2160, 200}, {640, 480, 500}, {200, 200, 100}, {201, 1000, 300},
		{1366, 768, 125}, {8192, 200, 500}};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		draw_everything(sizes[i][0], sizes[i][1], sizes[i][2], "en");
		draw_everything(sizes[i][0], sizes[i][1], sizes[i][2], "ja");
	}
}

static void
sizes_out_of_range_are_refused(void **state)
{
	static const uint16_t sizes[][3] = {
		{199, 480, 100}, {640, 8193, 100}, {640, 480, 99}, {640, 480, 501}};
	struct screen *screen;

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		const struct screen_setup setup = {.width = sizes[i][0],
			.height = sizes[i][1],
			.scale_percent = sizes[i][2],
			.facility = "",
			.language = "",
			.now_ms = scene_clock,
			.answered = note_answer};

		assert_int_equal(screen_new(&setup, &screen), -EINVAL);
	}
}

/* What a client has that follows the tiles. */
static void
follow(struct screen *screen, uint8_t *copy, size_t most)
{
	struct screen_rectangle tiles[64];
	size_t stride, count;
	const uint8_t *pixels = screen_pixels(screen, &stride);

	while ((count = screen_draw(screen, tiles, most)) > 0) {
		assert_true(count <= most);
		for (size_t i = 0; i < count; i++) {
			assert_int_equal(tiles[i].x % 64 + tiles[i].y % 64, 0);
			for (size_t row = 0; row < tiles[i].height; row++) {
				size_t at = (tiles[i].y + row) * stride + tiles[i].x * 4u;

				memcpy(copy + at, pixels + at, tiles[i].width * 4u);
			}
		}
	}
}

/* But for what cairo rounds otherwise where a curve is cut at a tile's edge. */
static void
assert_looks_alike(const uint8_t *one, const uint8_t *other, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (abs(one[i] - other[i]) > 2)
			fail_msg("byte %zu is %u instead of %u", i, one[i], other[i]);
	}
}

/* Whatever happens, who takes the tiles has the same picture as who draws it anew. */
static void
tiles_are_all_that_changes(void **state)
{
	const uint16_t width = 1000, height = 700;
	struct screen *screen = new_screen(width, height, 100, "ja");
	uint8_t *copy = calloc((size_t)width * height, 4);
	uint8_t *anew = calloc((size_t)width * height, 4);
	size_t stride;
	uint32_t random = 1;

	(void)state;
	for (size_t step = 0; step < 400; step++) {
		static const uint32_t keys[] = {XKB_KEY_Tab, XKB_KEY_Left, XKB_KEY_Down,
			XKB_KEY_BackSpace, XKB_KEY_F2, XKB_KEY_Page_Down, XKB_KEY_Home, 'a'};

		random = random * 1664525 + 1013904223;
		if (step % 40 == 0)
			scene_show(screen, &scenes[random >> 16 & 7], (uint32_t)step + 1);
		scene_now_ms += random >> 24;
		(void)screen_tick(screen);
		screen_key(screen, keys[random >> 8 & 7], random >> 20 & 1 ? 'a' : 0,
			random >> 12 & 9);
		screen_pointer(screen, random >> 4 & 1023, random >> 14 & 1023, random >> 30 & 1,
			(int)(random >> 28 & 3) - 1);
		follow(screen, copy, 1 + step % 64);
		assert_memory_equal(
			copy, screen_pixels(screen, &stride), (size_t)width * height * 4);
		memcpy(anew, copy, (size_t)width * height * 4);
		tiles_damage_all(screen);
		follow(screen, anew, 64);
		assert_looks_alike(anew, copy, (size_t)width * height * 4);
		memcpy(copy, anew, (size_t)width * height * 4);
	}
	free(copy);
	free(anew);
	screen_free(screen);
}

static void
one_letter_changes_few_tiles(void **state)
{
	struct screen *screen = new_screen(3840, 2160, 200, "en");

	(void)state;
	show_page(screen, SCREEN_SIGN_IN);
	assert_int_equal(draw(screen), 60 * 34);
	show_page(screen, SCREEN_SIGN_IN);
	assert_int_equal(draw(screen), 0);
	scene_type(screen, "a");
	assert_in_range(draw(screen), 1, 4);
	screen_free(screen);
}

static void
a_page_that_is_none_changes_nothing(void **state)
{
	const struct msg_show show = {.serial = 9, .screen = SCREEN_COUNT};
	struct screen *screen = new_screen(1024, 768, 100, "en");

	(void)state;
	scene_type(screen, "before any page");
	press(screen, XKB_KEY_Return, 0);
	click(screen, 500, 400);
	assert_int_equal(screen_tick(screen), -1);
	assert_int_equal(screen_serial(screen), 0);
	assert_int_equal(screen_show(screen, &show), -EPROTO);
	assert_int_equal(screen_serial(screen), 0);
	assert_int_equal(got.count, 0);
	screen_free(screen);
}

static void
a_long_notice_scrolls(void **state)
{
	struct screen *screen = new_screen(640, 480, 100, "en");
	struct msg_show show = {.serial = 1, .screen = SCREEN_NOTICE};

	(void)state;
	for (size_t i = 0; i + 8 < sizeof(show.text); i += 7)
		memcpy(show.text + i, "line \nx", 8);
	assert_int_equal(screen_show(screen, &show), 0);
	assert_true(screen_text_scroll_most(screen) > 0);
	press(screen, XKB_KEY_Page_Down, 0);
	assert_true(screen->text_scroll > 0);
	press(screen, XKB_KEY_End, 0);
	screen_pointer(screen, 1, 1, 0, -100000);
	assert_int_equal(screen->text_scroll, screen_text_scroll_most(screen));
	screen_pointer(screen, 1, 1, 0, 100000);
	assert_int_equal(screen->text_scroll, 0);
	press(screen, XKB_KEY_Return, 0);
	assert_int_equal(got.answer.action, SCREEN_SUBMIT);
	screen_free(screen);
}

/* Letters of every kind of writing, in every font size: no file is opened for them. */
static void
letters_that_no_font_has_are_boxes(void **state)
{
	struct screen *screen = new_screen(1024, 768, 137, "ja");
	struct msg_show show = {.serial = 1, .screen = SCREEN_NOTICE};

	(void)state;
	for (uint32_t plane = 0, at = 0x20; plane < 64; plane++) {
		size_t used = 0;

		for (; used + 8 < sizeof(show.text) && at < 0x30000; at += 17)
			used += words_write(words_is_text(at) ? at : ' ', show.text + used);
		show.serial = plane + 1;
		assert_int_equal(screen_show(screen, &show), 0);
		(void)draw(screen);
	}
	screen_free(screen);
}

/* As the greeter's sandbox: whoever opens a file or starts a thread ends here. */
static int
close_sandbox(void **state)
{
	static const int calls[] = {SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(clone),
		SCMP_SYS(clone3), SCMP_SYS(socket), SCMP_SYS(execve)};
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int r = filter != NULL ? 0 : -1;

	(void)state;
	/* The leak check of AddressSanitizer opens files and starts a thread of its own. */
	if (LOCK_DOWN_SANITIZED) {
		seccomp_release(filter);
		return 0;
	}
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]) && r == 0; i++)
		r = seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, calls[i], 0);
	if (r == 0)
		r = seccomp_load(filter);
	seccomp_release(filter);
	return r;
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(account_and_password_are_answered_once),
		cmocka_unit_test(nothing_is_sent_before_all_is_typed),
		cmocka_unit_test(tab_goes_round_and_back),
		cmocka_unit_test(what_was_typed_is_gone_with_its_page),
		cmocka_unit_test(a_page_begins_where_something_is_missing),
		cmocka_unit_test(pasted_text_and_keys_of_every_keyboard_are_taken),
		cmocka_unit_test(selection_by_keys_and_by_pointer),
		cmocka_unit_test(a_terminal_is_chosen_by_keys),
		cmocka_unit_test(typing_finds_a_terminal),
		cmocka_unit_test(a_terminal_is_chosen_by_pointer),
		cmocka_unit_test(the_first_allowed_terminal_is_offered),
		cmocka_unit_test(a_list_has_a_bound),
		cmocka_unit_test(seconds_run_down_and_the_caret_blinks),
		cmocka_unit_test(the_caret_is_all_that_blinks),
		cmocka_unit_test(busy_is_still),
		cmocka_unit_test(the_language_changes_under_what_is_typed),
		cmocka_unit_test(sentences_are_filled_and_harmless),
		cmocka_unit_test(every_page_fits_in_every_size),
		cmocka_unit_test(sizes_out_of_range_are_refused),
		cmocka_unit_test(tiles_are_all_that_changes),
		cmocka_unit_test(one_letter_changes_few_tiles),
		cmocka_unit_test(a_page_that_is_none_changes_nothing),
		cmocka_unit_test(a_long_notice_scrolls),
		cmocka_unit_test(letters_that_no_font_has_are_boxes),
	};
	const char *why = "";

	if (argc != 2 || screen_warm_up(argv[1], &why) < 0) {
		fprintf(stderr, "screen_test: %s\n", why);
		return 1;
	}
	return cmocka_run_group_tests(tests, close_sandbox, NULL);
}
