/* Keys by their layout; see keyboard.h. In the greeter; the scancodes come from whoever is connected. */
#include "greeter/keyboard.h"

#include "base/cleanup.h"
#include "greeter/screen.h"

#include <errno.h>
#include <linux/input-event-codes.h>
#include <stdlib.h>
#include <string.h>
#include <xkbcommon/xkbcommon.h>

#define EVDEV_OFFSET 8 /* xkb's key codes begin so much higher than evdev's */
#define SAME_UP_TO 0x58

struct keyboard {
	struct xkb_context *context;
	struct xkb_keymap *keymap;
	struct xkb_state *state;
};

static const struct layout {
	uint16_t language;
	const char *name, *variant, *reads;
} layouts[] = {
#define LAYOUT(language, name, variant, reads) {language, name, variant, reads},
#include "greeter/layouts.def"
#undef LAYOUT
};

static const uint16_t plain_codes[UINT8_MAX + 1] = {
#define PLAIN(code, key) [code] = (key),
#define EXTENDED(code, key)
#include "greeter/scancodes.def"
#undef PLAIN
#undef EXTENDED
};

static const uint16_t extended_codes[UINT8_MAX + 1] = {
#define PLAIN(code, key)
#define EXTENDED(code, key) [code] = (key),
#include "greeter/scancodes.def"
#undef PLAIN
#undef EXTENDED
};

static const struct layout *
find_layout(uint32_t layout)
{
	for (size_t i = 0; i < ARRAY_SIZE(layouts); i++)
		if (layouts[i].language == (layout & 0xffff))
			return &layouts[i];
	return NULL;
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
	/* Nothing of the environment or of a home directory. */
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

static uint32_t
modifiers(const struct keyboard *keyboard)
{
	static const struct {
		const char *name;
		uint32_t bit;
	} names[] = {
		{XKB_MOD_NAME_SHIFT, SCREEN_SHIFT},
		{XKB_MOD_NAME_CTRL, SCREEN_CONTROL},
		{XKB_MOD_NAME_ALT, SCREEN_ALT},
		{XKB_MOD_NAME_CAPS, SCREEN_CAPS_LOCK},
	};
	uint32_t bits = 0;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (xkb_state_mod_name_is_active(
			    keyboard->state, names[i].name, XKB_STATE_MODS_EFFECTIVE) > 0)
			bits |= names[i].bit;
	return bits;
}

static uint32_t
key_code(uint8_t code, bool extended)
{
	uint32_t key = extended ? extended_codes[code] : plain_codes[code];

	return key == 0 && !extended && code <= SAME_UP_TO ? code : key;
}

bool
keyboard_scancode(struct keyboard *keyboard, uint8_t code, bool extended, bool down,
	struct key_press *ret_press)
{
	uint32_t key = key_code(code, extended);

	if (key == 0)
		return false;
	key += EVDEV_OFFSET;
	/* By the state before the key, as xkbcommon wants it: Shift does not shift itself. */
	if (down)
		*ret_press = (struct key_press){
			.keysym = xkb_state_key_get_one_sym(keyboard->state, key),
			.character = xkb_state_key_get_utf32(keyboard->state, key),
		};
	xkb_state_update_key(keyboard->state, key, down ? XKB_KEY_DOWN : XKB_KEY_UP);
	if (!down)
		return false;
	ret_press->modifiers = modifiers(keyboard);
	return ret_press->keysym != XKB_KEY_NoSymbol;
}

uint32_t
keyboard_synchronize(struct keyboard *keyboard, bool caps_lock, bool num_lock)
{
	xkb_mod_index_t caps = xkb_keymap_mod_get_index(keyboard->keymap, XKB_MOD_NAME_CAPS);
	xkb_mod_index_t num = xkb_keymap_mod_get_index(keyboard->keymap, XKB_MOD_NAME_NUM);
	xkb_mod_mask_t locked = 0;

	if (caps_lock && caps != XKB_MOD_INVALID)
		locked |= 1u << caps;
	if (num_lock && num != XKB_MOD_INVALID)
		locked |= 1u << num;
	xkb_state_update_mask(keyboard->state, 0, 0, locked, 0, 0, 0);
	return modifiers(keyboard);
}
