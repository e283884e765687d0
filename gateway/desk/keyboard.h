/* A client's keyboard: scancodes in, what they mean on its layout out (libxkbcommon). */
#ifndef DESK_KEYBOARD_H
#define DESK_KEYBOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct keyboard;

/* layout: CS_CORE's keyboardLayout; an unknown one types like "us". Reads xkeyboard-config's files: before the sandbox
 * closes. Returns 0, -ENOMEM or -ENOENT (not even "us" is there). */
int keyboard_new(uint32_t layout, struct keyboard **ret_keyboard);
void keyboard_free(struct keyboard *keyboard); /* accepts NULL */

/* "en" or "ja": what a client with this layout is likely to read. */
const char *keyboard_language(uint32_t layout);

struct key_press {
	uint32_t keysym;    /* xkbcommon's */
	uint32_t character; /* Unicode; 0: it types none */
	uint32_t modifiers; /* bits of enum desk_modifier */
};

/* A dead key that does not go with the letter behind it types itself and the letter. */
#define KEY_PRESSES_MOST 2

/* A scancode of set 1 goes down or up. Returns how many presses it comes to: 0 for a key that goes up, a modifier, a dead
 * key, or one that no layout has. A held key presses again whenever the client says so. */
size_t keyboard_scancode(struct keyboard *keyboard, uint8_t code, bool extended, bool down,
	struct key_press ret_presses[KEY_PRESSES_MOST]);

/* The client's lock keys (Synchronize, MS-RDPBCGR 2.2.8.1.1.3.1.1.5); every other key is up now. Returns the modifiers. */
uint32_t keyboard_synchronize(struct keyboard *keyboard, bool caps_lock, bool num_lock);

#endif
