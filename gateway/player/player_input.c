/* What keys and clicks do; see player.h. The watcher is an administrator, his client may be anything: all of it is bounded by what the
 * recording has.
 */
#include "player/player_private.h"

#include "base/cleanup.h"

#include <xkbcommon/xkbcommon.h>

#define WHEEL_UNITS 60

static void
act_toggle(struct player *player, int number)
{
	(void)number;
	player_toggle(player);
}

static void
act_move(struct player *player, int number)
{
	uint32_t from = player->state == PLAY_SEEKING && !player->seek_to_end
				? player->seek_to
				: player_at_ms(player);
	uint32_t to = tempo_moved(from, number, player->length_ms);

	/* Beyond what a running session has shown there is nothing to look for. */
	if (player->live && to == player->length_ms)
		player_seek_end(player);
	else
		player_seek(player, to);
}

static void
act_speed(struct player *player, int number)
{
	player_change_speed(player, number);
}

static void
act_begin(struct player *player, int number)
{
	(void)number;
	player_seek(player, 0);
}

static void
act_end(struct player *player, int number)
{
	(void)number;
	player_seek_end(player);
}

static void
act_hide(struct player *player, int number)
{
	(void)number;
	player->bar_hidden = !player->bar_hidden;
	player_lay_out(player);
}

static void
act_shorten(struct player *player, int number)
{
	(void)number;
	player->shortens = !player->shortens;
	player_damage_bar(player);
}

static void
act_size(struct player *player, int number)
{
	(void)number;
	player->view.own_size = !player->view.own_size;
	player_lay_out(player);
}

static const struct key_row {
	uint32_t keysym;
	bool shift;
	void (*act)(struct player *player, int number);
	int number;
} keys[] = {
#define KEY(keysym, shift, what, number) {keysym, shift, act_##what, number},
#include "player/keys.def"
#undef KEY
};

/* Caps Lock makes no difference: the letters are there in both cases. */
static void
press(struct player *player, uint32_t keysym, bool shift)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		bool letter = keys[i].keysym >= XKB_KEY_A && keys[i].keysym <= XKB_KEY_z;

		if (keys[i].keysym == keysym && (letter || keys[i].shift == shift)) {
			keys[i].act(player, keys[i].number);
			return;
		}
	}
}

void
player_key(void *owner, uint32_t keysym, uint32_t character, uint32_t modifiers)
{
	(void)character;
	if ((modifiers & (DESK_CONTROL | DESK_ALT)) == 0)
		press(owner, keysym, (modifiers & DESK_SHIFT) != 0);
}

/* Telephones and tablets: keysyms of ASCII are its characters. */
void
player_text(void *owner, const char *text)
{
	for (; *text != '\0'; text++)
		if (*text >= ' ' && *text <= '~')
			press(owner, (uint32_t)(unsigned char)*text,
				*text == '+' || (*text >= 'A' && *text <= 'Z'));
}

void
player_modifiers(void *owner, uint32_t modifiers)
{
	(void)owner;
	(void)modifiers;
}

static void
press_part(struct player *player, enum bar_part part)
{
	switch (part) {
	case BAR_PLAY:
		player_toggle(player);
		break;
	case BAR_SLOWER:
		player_change_speed(player, -1);
		break;
	case BAR_FASTER:
		player_change_speed(player, 1);
		break;
	case BAR_MARK:
		if (player->live)
			player_seek_end(player);
		break;
	case BAR_SLIDER:
		player->dragging_slider = true;
		break;
	default:
		break;
	}
}

/* A place is looked for when the slider is let go: on the way it would be looked for a hundred times. */
static void
drag_slider(struct player *player, int x, bool down)
{
	player->drag_ms = bar_ms_at(&player->bar, x, player->length_ms);
	player_damage_bar(player);
	if (down)
		return;
	player->dragging_slider = false;
	if (player->live && player->drag_ms == player->length_ms)
		player_seek_end(player);
	else
		player_seek(player, player->drag_ms);
}

static void
move_picture(struct player *player, int right, int down)
{
	if (view_pan(&player->view, right, down))
		tiles_damage_all(&player->tiles);
}

void
player_pointer(void *owner, int x, int y, uint32_t buttons, int wheel)
{
	struct player *player = owner;
	bool down = (buttons & DESK_BUTTON_LEFT) != 0;
	bool pressed = down && (player->buttons & DESK_BUTTON_LEFT) == 0;
	enum bar_part part = player->bar_hidden ? BAR_NOTHING : bar_hit(&player->bar, x, y);

	if (pressed && (part != BAR_NOTHING || y >= player->view.area_height))
		press_part(player, part);
	else if (pressed)
		player->dragging_picture = true;
	if (player->dragging_slider)
		drag_slider(player, x, down);
	if (player->dragging_picture && !pressed)
		move_picture(player, player->pointer_x - x, player->pointer_y - y);
	if (!down)
		player->dragging_picture = false;
	if (wheel != 0)
		move_picture(player, 0, -wheel * WHEEL_UNITS);
	player->pointer_x = x;
	player->pointer_y = y;
	player->buttons = buttons;
}
