/* greeter/screen_paint.c and what it is made of: pages in every language and size, and tiles that are all that changes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scenes.h"
#include "screen_fixture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xkbcommon/xkbcommon-keysyms.h>

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
a_changed_password_is_no_sign_in(void **state)
{
	(void)state;
	assert_string_equal(words_prompt_title("New UNIX password: "), "Change your password");
	assert_string_equal(words_prompt_title("Retype the new password"), "Change your password");
	assert_null(words_prompt_title("One-time code: "));
	assert_null(words_prompt_title("New"));
	assert_null(words_prompt_title(""));
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
	struct picture_rectangle tiles[64];
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
		tiles_damage_all(&screen->tiles);
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

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_language_changes_under_what_is_typed),
		cmocka_unit_test(sentences_are_filled_and_harmless),
		cmocka_unit_test(a_changed_password_is_no_sign_in),
		cmocka_unit_test(every_page_fits_in_every_size),
		cmocka_unit_test(sizes_out_of_range_are_refused),
		cmocka_unit_test(tiles_are_all_that_changes),
		cmocka_unit_test(one_letter_changes_few_tiles),
		cmocka_unit_test(a_page_that_is_none_changes_nothing),
		cmocka_unit_test(a_long_notice_scrolls),
		cmocka_unit_test(letters_that_no_font_has_are_boxes),
	};

	if (!warm_up(argc, argv))
		return 1;
	return cmocka_run_group_tests(tests, close_sandbox, NULL);
}
