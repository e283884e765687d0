/* Keys by their layout; see keyboard.h. In the greeter and in the player; the scancodes come from whoever is connected. */
#include "desk/keyboard.h"

#include "base/cleanup.h"
#include "base/utf_8.h"
#include "desk/input.h"

#include <errno.h>
#include <linux/input-event-codes.h>
#include <stdlib.h>
#include <string.h>
#include <xkbcommon/xkbcommon.h>

#define EVDEV_OFFSET 8 /* xkb's key codes begin so much higher than evdev's */
#define SAME_UP_TO 0x58
#define LEVEL_3 "Mod5" /* AltGr, where the layout has one */

struct dead_key {
	uint32_t keysym;
	const char *alone, *pairs;
};

struct keyboard {
	struct xkb_context *context;
	struct xkb_keymap *keymap;
	struct xkb_state *state;
	const struct dead_key *dead; /* pressed, and waits for its letter */
	bool down[KEY_MAX + 1];
};

static const struct layout {
	uint32_t identifier;
	const char *name, *variant, *reads;
} layouts[] = {
#define LAYOUT(identifier, name, variant, reads) {identifier, name, variant, reads},
#include "desk/layouts.def"
#undef LAYOUT
};

static const uint16_t plain_codes[UINT8_MAX + 1] = {
#define PLAIN(code, key) [code] = (key),
#define EXTENDED(code, key)
#include "desk/scancodes.def"
#undef PLAIN
#undef EXTENDED
};

static const uint16_t extended_codes[UINT8_MAX + 1] = {
#define PLAIN(code, key)
#define EXTENDED(code, key) [code] = (key),
#include "desk/scancodes.def"
#undef PLAIN
#undef EXTENDED
};

static const struct dead_key dead_keys[] = {
#define DEAD(keysym, alone, pairs) {XKB_KEY_##keysym, alone, pairs},
#include "desk/dead_keys.def"
#undef DEAD
};

static const struct layout *
layout_with(uint32_t identifier)
{
	for (size_t i = 0; i < ARRAY_SIZE(layouts); i++)
		if (layouts[i].identifier == identifier)
			return &layouts[i];
	return NULL;
}

static const struct layout *
find_layout(uint32_t identifier)
{
	const struct layout *found = layout_with(identifier);

	return found != NULL ? found : layout_with(identifier & 0xffff);
}

const char *
keyboard_language(uint32_t layout)
{
	const struct layout *found = find_layout(layout);

	return found != NULL ? found->reads : "en";
}

static struct xkb_keymap *
make_keymap(struct xkb_context *context, const struct layout *layout)
{
	const struct xkb_rule_names names = {
		.rules = "evdev",
		.model = layout != NULL && strcmp(layout->name, "jp") == 0 ? "jp106" : "pc105",
		.layout = layout != NULL ? layout->name : "us",
		.variant = layout != NULL ? layout->variant : "",
		.options = "",
	};

	return xkb_keymap_new_from_names(context, &names, XKB_KEYMAP_COMPILE_NO_FLAGS);
}

int
keyboard_new(uint32_t layout, struct keyboard **ret_keyboard)
{
	struct keyboard *keyboard = calloc(1, sizeof(*keyboard));

	if (keyboard == NULL)
		return -ENOMEM;
	/* Nothing of the environment. */
	keyboard->context = xkb_context_new(XKB_CONTEXT_NO_ENVIRONMENT_NAMES);
	if (keyboard->context != NULL)
		keyboard->keymap = make_keymap(keyboard->context, find_layout(layout));
	if (keyboard->context != NULL && keyboard->keymap == NULL)
		keyboard->keymap = make_keymap(keyboard->context, NULL);
	if (keyboard->keymap != NULL)
		keyboard->state = xkb_state_new(keyboard->keymap);
	if (keyboard->state == NULL) {
		int r = keyboard->context != NULL && keyboard->keymap == NULL ? -ENOENT : -ENOMEM;

		keyboard_free(keyboard);
		return r;
	}
	*ret_keyboard = keyboard;
	return 0;
}

void
keyboard_free(struct keyboard *keyboard)
{
	if (keyboard == NULL)
		return;
	xkb_state_unref(keyboard->state);
	xkb_keymap_unref(keyboard->keymap);
	xkb_context_unref(keyboard->context);
	free(keyboard);
}

static bool
is_active(const struct keyboard *keyboard, const char *modifier)
{
	return xkb_state_mod_name_is_active(keyboard->state, modifier, XKB_STATE_MODS_EFFECTIVE) >
	       0;
}

static uint32_t
modifiers(const struct keyboard *keyboard)
{
	static const struct {
		const char *name;
		uint32_t bit;
	} names[] = {
		{XKB_MOD_NAME_SHIFT, DESK_SHIFT},
		{XKB_MOD_NAME_CTRL, DESK_CONTROL},
		{XKB_MOD_NAME_ALT, DESK_ALT},
		{XKB_MOD_NAME_CAPS, DESK_CAPS_LOCK},
	};
	uint32_t bits = 0;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (is_active(keyboard, names[i].name))
			bits |= names[i].bit;
	/* Windows says AltGr as Control and AltGr; neither is meant to command anything. */
	return is_active(keyboard, LEVEL_3) ? bits & ~(uint32_t)(DESK_CONTROL | DESK_ALT) : bits;
}

static uint32_t
character_of(uint32_t keysym, uint32_t modifiers_now)
{
	uint32_t character = xkb_keysym_to_utf32(keysym);

	return character < 0x20 || character == 0x7f || (modifiers_now & DESK_CONTROL) != 0
		       ? 0
		       : character;
}

static uint32_t
key_code(uint8_t code, bool extended)
{
	uint32_t key = extended ? extended_codes[code] : plain_codes[code];

	return key == 0 && !extended && code <= SAME_UP_TO ? code : key;
}

static const struct dead_key *
find_dead(uint32_t keysym)
{
	for (size_t i = 0; i < ARRAY_SIZE(dead_keys); i++)
		if (dead_keys[i].keysym == keysym)
			return &dead_keys[i];
	return NULL;
}

static uint32_t
first_character(const char *text, size_t *ret_len)
{
	uint32_t character = 0;

	*ret_len = utf_8_read(text, strlen(text), &character);
	return character;
}

/* The letter with its accent; 0: this accent does not go with it. */
static uint32_t
accented(const struct dead_key *dead, uint32_t letter)
{
	size_t len = 0;

	if (letter == ' ')
		return first_character(dead->alone, &len);
	for (const char *pair = dead->pairs; *pair != '\0'; pair += 1 + len) {
		uint32_t character = first_character(pair + 1, &len);

		if ((uint8_t)*pair == letter)
			return character;
	}
	return 0;
}

static void
type_character(struct key_press *press, uint32_t character)
{
	press->character = character;
	press->keysym = xkb_utf32_to_keysym(character);
}

/* `presses[0]` is the key that went down. As Windows does it: what a dead key does not go with comes behind it. */
static size_t
after_dead(struct keyboard *keyboard, struct key_press presses[KEY_PRESSES_MOST])
{
	const struct dead_key *dead = keyboard->dead, *now = find_dead(presses[0].keysym);
	size_t len = 0;
	uint32_t character;

	if (presses[0].character == 0 && now == NULL)
		return 1; /* no letter: an arrow, a function key; the dead key still waits */
	keyboard->dead = NULL;
	character = now == dead ? first_character(dead->alone, &len)
				: accented(dead, presses[0].character);
	if (character != 0) {
		type_character(&presses[0], character);
		return 1;
	}
	presses[1] = presses[0];
	type_character(&presses[0], first_character(dead->alone, &len));
	if (now == NULL)
		return 2;
	keyboard->dead = now;
	return 1;
}

static bool
is_modifier(uint32_t keysym)
{
	return (keysym >= XKB_KEY_Shift_L && keysym <= XKB_KEY_Hyper_R) ||
	       (keysym >= XKB_KEY_ISO_Lock && keysym <= XKB_KEY_ISO_Last_Group_Lock) ||
	       keysym == XKB_KEY_Num_Lock || keysym == XKB_KEY_Mode_switch;
}

/* A held key goes down again and again, and up once: libxkbcommon wants to hear of the first alone. */
static void
update_state(struct keyboard *keyboard, uint32_t key, bool down)
{
	if (keyboard->down[key] == down)
		return;
	keyboard->down[key] = down;
	xkb_state_update_key(keyboard->state, key + EVDEV_OFFSET, down ? XKB_KEY_DOWN : XKB_KEY_UP);
}

size_t
keyboard_scancode(struct keyboard *keyboard, uint8_t code, bool extended, bool down,
	struct key_press ret_presses[KEY_PRESSES_MOST])
{
	uint32_t key = key_code(code, extended);
	struct key_press *press = &ret_presses[0];

	if (key == 0)
		return 0;
	/* By the state before the key, as xkbcommon wants it: Shift does not shift itself. */
	press->keysym = xkb_state_key_get_one_sym(keyboard->state, key + EVDEV_OFFSET);
	press->character = character_of(press->keysym, modifiers(keyboard));
	update_state(keyboard, key, down);
	press->modifiers = modifiers(keyboard);
	if (!down || press->keysym == XKB_KEY_NoSymbol || is_modifier(press->keysym))
		return 0;
	if (keyboard->dead != NULL)
		return after_dead(keyboard, ret_presses);
	keyboard->dead = find_dead(press->keysym);
	return keyboard->dead != NULL ? 0 : 1;
}

uint32_t
keyboard_synchronize(struct keyboard *keyboard, bool caps_lock, bool num_lock)
{
	xkb_mod_index_t caps = xkb_keymap_mod_get_index(keyboard->keymap, XKB_MOD_NAME_CAPS);
	xkb_mod_index_t num = xkb_keymap_mod_get_index(keyboard->keymap, XKB_MOD_NAME_NUM);
	struct xkb_state *fresh = xkb_state_new(keyboard->keymap);
	xkb_mod_mask_t locked = 0;

	/* A new one, since it counts how often each modifier went down. */
	if (fresh != NULL) {
		xkb_state_unref(keyboard->state);
		keyboard->state = fresh;
		memset(keyboard->down, 0, sizeof(keyboard->down));
	}
	keyboard->dead = NULL;
	if (caps_lock && caps != XKB_MOD_INVALID)
		locked |= 1u << caps;
	if (num_lock && num != XKB_MOD_INVALID)
		locked |= 1u << num;
	xkb_state_update_mask(keyboard->state, 0, 0, locked, 0, 0, 0);
	return modifiers(keyboard);
}
