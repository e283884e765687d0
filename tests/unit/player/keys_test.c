/* gateway/player/player_input.c: each row of keys.def, and what is no key of ours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "player/player_private.h"

#include <xkbcommon/xkbcommon.h>

/* A player without a recording: whatever is pressed, there is nothing to play. */
static struct player *
make(void)
{
	struct player *player = NULL;

	assert_int_equal(desk_warm_up(), 0);
	assert_int_equal(player_new(&player), 0);
	assert_int_equal(tiles_init(&player->tiles, 800, 600), 0);
	player->scale = 100;
	player->drawable = true;
	player_lay_out(player);
	tempo_begin(&player->tempo, player_now_us());
	return player;
}

static void
speeds_and_views_have_keys(void **state)
{
	struct player *player = make();

	(void)state;
	player_key(player, XKB_KEY_plus, '+', DESK_SHIFT);
	assert_int_equal(tempo_percent(&player->tempo), 200);
	player_key(player, XKB_KEY_KP_Add, '+', 0);
	assert_int_equal(tempo_percent(&player->tempo), 400);
	player_key(player, XKB_KEY_minus, '-', 0);
	assert_int_equal(tempo_percent(&player->tempo), 200);
	player_key(player, XKB_KEY_h, 'h', 0);
	assert_true(player->bar_hidden);
	assert_int_equal(player->view.area_height, 600);
	player_key(player, XKB_KEY_H, 'H', DESK_CAPS_LOCK); /* without Shift */
	assert_false(player->bar_hidden);
	assert_int_equal(player->view.area_height, player->bar.whole.y);
	player_key(player, XKB_KEY_s, 's', 0);
	assert_true(player->shortens);
	player_key(player, XKB_KEY_Z, 'Z', DESK_SHIFT);
	assert_true(player->view.own_size);
	player_free(player);
}

static void
a_telephone_types_them(void **state)
{
	struct player *player = make();

	(void)state;
	player_text(player, "+");
	assert_int_equal(tempo_percent(&player->tempo), 200);
	player_text(player, "-h\xe3\x81\x82\x01");
	assert_int_equal(tempo_percent(&player->tempo), 100);
	assert_true(player->bar_hidden);
	player_free(player);
}

static void
others_do_nothing(void **state)
{
	struct player *player = make();

	(void)state;
	player_key(player, XKB_KEY_plus, '+', DESK_SHIFT | DESK_CONTROL);
	player_key(player, XKB_KEY_h, 'h', DESK_ALT);
	player_key(player, XKB_KEY_a, 'a', 0);
	player_key(player, 0xffffffff, 0, 0);
	assert_int_equal(tempo_percent(&player->tempo), 100);
	assert_false(player->bar_hidden);
	player_free(player);
}

/* Nothing is open: no key and no click finds anything to do. */
static void
without_a_recording_nothing_is_played(void **state)
{
	static const uint32_t keys[] = {XKB_KEY_space, XKB_KEY_Left, XKB_KEY_Right, XKB_KEY_Home,
		XKB_KEY_End, XKB_KEY_KP_Home, XKB_KEY_KP_End};
	struct player *player = make();

	(void)state;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		player_key(player, keys[i], 0, 0);
		player_key(player, keys[i], 0, DESK_SHIFT);
	}
	for (int part = 0; part < BAR_PART_COUNT; part++) {
		const struct box *box = &player->bar.parts[part];

		player_pointer(player, box->x + 3, box->y + 3, DESK_BUTTON_LEFT, 0);
		player_pointer(player, box->x + 9, box->y + 3, DESK_BUTTON_LEFT, 1);
		player_pointer(player, -9, -9, 0, -1);
	}
	assert_int_equal(player->state, PLAY_WAITING);
	assert_false(player->dragging_slider);
	assert_false(player->dragging_picture);
	player_free(player);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(speeds_and_views_have_keys),
		cmocka_unit_test(a_telephone_types_them),
		cmocka_unit_test(others_do_nothing),
		cmocka_unit_test(without_a_recording_nothing_is_played),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
