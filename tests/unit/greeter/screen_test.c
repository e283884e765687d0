/* greeter/screen.c and what it is made of: forms and lists that are typed into and clicked on, and what goes by time. */
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
	press(screen, XKB_KEY_ISO_Left_Tab, DESK_SHIFT);
	press(screen, XKB_KEY_Tab, DESK_SHIFT);
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
	press(screen, XKB_KEY_a, DESK_CONTROL);
	screen_key(screen, XKB_KEY_at, '@', DESK_CONTROL | DESK_ALT); /* AltGr */
	assert_string_equal(screen->account.text, "@");
	screen_key(screen, XKB_KEY_v, 'v', DESK_CONTROL);
	screen_key(screen, XKB_KEY_x, 'x', DESK_ALT);
	screen_key(screen, XKB_KEY_x, 0x18, DESK_CONTROL);
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
	press(screen, XKB_KEY_Left, DESK_SHIFT);
	press(screen, XKB_KEY_Left, DESK_SHIFT);
	scene_type(screen, "i");
	assert_string_equal(screen->account.text, "998-sato tai");
	box = &screen->parts[PART_ACCOUNT];
	screen_pointer(screen, box->x + 1, box->y + 5, DESK_BUTTON_LEFT, 0);
	screen_pointer(screen, box->x + box->width - 1, box->y + 5, DESK_BUTTON_LEFT, 0);
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
the_last_seconds_are_told(void **state)
{
	struct msg_show show = {.serial = 1, .screen = SCREEN_NOTICE, .seconds = 90};
	struct screen *screen = new_screen(1024, 768, 100, "en");

	(void)state;
	assert_int_equal(screen_show(screen, &show), 0);
	(void)draw(screen);
	/* Nothing moves until then. */
	assert_int_equal(screen_tick(screen), 60000);
	assert_int_equal(draw(screen), 0);
	scene_now_ms += 60000;
	assert_int_equal(screen_tick(screen), 1000);
	assert_int_equal(screen->seconds, 30);
	assert_true(draw(screen) > 0);
	scene_now_ms += 1000;
	assert_int_equal(screen_tick(screen), 1000);
	assert_true(draw(screen) > 0);
	scene_now_ms += 29000;
	assert_int_equal(screen_tick(screen), -1);
	screen_free(screen);
}

/* Of either page that there is nothing to do on but wait. */
static void
run_down(enum greeter_screen page)
{
	struct msg_show show = {.serial = 1, .screen = (uint8_t)page, .seconds = 90};
	struct screen *screen = new_screen(1024, 768, 100, "ja");

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

static void
seconds_run_down_and_the_caret_blinks(void **state)
{
	(void)state;
	run_down(SCREEN_WAITING);
	run_down(SCREEN_PLACE);
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
	screen_key(screen, XKB_KEY_F2, 0, DESK_CAPS_LOCK);
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
		cmocka_unit_test(the_last_seconds_are_told),
		cmocka_unit_test(seconds_run_down_and_the_caret_blinks),
		cmocka_unit_test(the_caret_is_all_that_blinks),
		cmocka_unit_test(busy_is_still),
	};

	if (!warm_up(argc, argv))
		return 1;
	return cmocka_run_group_tests(tests, close_sandbox, NULL);
}
