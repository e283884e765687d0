/* What scancodes mean on the layouts of clients: the positions are those of real keyboards, in set 1. */
#include "desk/keyboard.h"

#include "base/cleanup.h"
#include "greeter/screen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <xkbcommon/xkbcommon.h>

#define US 0x0409
#define JAPANESE 0x0411
#define GERMAN 0x0407
#define FRENCH 0x040c
#define BRITISH 0x0809

#define CONTROL 0x1d
#define SHIFT 0x2a
#define ALT 0x38 /* extended: AltGr */
#define CAPS_LOCK 0x3a
#define NUM_LOCK 0x45
#define SPACE 0x39

static struct keyboard *
make(uint32_t layout)
{
	struct keyboard *keyboard = NULL;

	assert_int_equal(keyboard_new(layout, &keyboard), 0);
	return keyboard;
}

static size_t
press(struct keyboard *keyboard, uint8_t code, bool extended, struct key_press *ret_presses)
{
	size_t count = keyboard_scancode(keyboard, code, extended, true, ret_presses);
	struct key_press none[KEY_PRESSES_MOST];

	assert_int_equal(keyboard_scancode(keyboard, code, extended, false, none), 0);
	return count;
}

static void
hold(struct keyboard *keyboard, uint8_t code, bool extended, bool down)
{
	struct key_press none[KEY_PRESSES_MOST];

	assert_int_equal(keyboard_scancode(keyboard, code, extended, down, none), 0);
}

/* The one character that a key types now; 0: none. */
static uint32_t
typed(struct keyboard *keyboard, uint8_t code)
{
	struct key_press presses[KEY_PRESSES_MOST];

	return press(keyboard, code, false, presses) == 1 ? presses[0].character : 0;
}

static uint32_t
typed_with(struct keyboard *keyboard, uint8_t modifier, bool extended, uint8_t code)
{
	uint32_t character;

	hold(keyboard, modifier, extended, true);
	character = typed(keyboard, code);
	hold(keyboard, modifier, extended, false);
	return character;
}

/* Characters that each key of a row types from its first scancode on; a blank is not looked at. */
static void
expect_row(struct keyboard *keyboard, uint8_t first, const char *plain, const char *shifted)
{
	for (size_t i = 0; plain[i] != '\0'; i++) {
		uint8_t code = (uint8_t)(first + i);

		if (plain[i] != ' ')
			assert_int_equal(typed(keyboard, code), plain[i]);
		if (shifted[i] != ' ')
			assert_int_equal(typed_with(keyboard, SHIFT, false, code), shifted[i]);
	}
}

static void
us_keys_type_what_is_on_them(void **state)
{
	struct keyboard *keyboard = make(US);

	(void)state;
	expect_row(keyboard, 0x02, "1234567890-=", "!@#$%^&*()_+");
	expect_row(keyboard, 0x10, "qwertyuiop[]", "QWERTYUIOP{}");
	expect_row(keyboard, 0x1e, "asdfghjkl;'`", "ASDFGHJKL:\"~");
	expect_row(keyboard, 0x2b, "\\zxcvbnm,./", "|ZXCVBNM<>?");
	keyboard_free(keyboard);
}

static void
japanese_106_keys_type_what_is_on_them(void **state)
{
	struct keyboard *keyboard = make(JAPANESE);

	(void)state;
	expect_row(keyboard, 0x02, "1234567890-^", "!\"#$%&'() =~");
	expect_row(keyboard, 0x10, "qwertyuiop@[", "QWERTYUIOP`{");
	expect_row(keyboard, 0x1e, "asdfghjkl;:", "ASDFGHJKL+*");
	expect_row(keyboard, 0x2b, "]zxcvbnm,./", "}ZXCVBNM<>?");
	assert_int_equal(typed(keyboard, 0x73), '\\'); /* ro */
	assert_int_equal(typed_with(keyboard, SHIFT, false, 0x73), '_');
	assert_int_equal(typed(keyboard, 0x7d), '\\'); /* yen */
	assert_int_equal(typed_with(keyboard, SHIFT, false, 0x7d), '|');
	keyboard_free(keyboard);
}

/* Behind one of three modifiers or none, alone or as a dead key with the space bar. */
static bool
types(struct keyboard *keyboard, uint8_t code, uint32_t wanted)
{
	static const struct {
		uint8_t code;
		bool extended;
	} modifiers[] = {{0, false}, {SHIFT, false}, {ALT, true}};

	for (size_t i = 0; i < ARRAY_SIZE(modifiers); i++) {
		(void)keyboard_synchronize(keyboard, false, false); /* no dead key waits */
		if (typed_with(keyboard, modifiers[i].code, modifiers[i].extended, code) ==
				wanted ||
			typed(keyboard, SPACE) == wanted)
			return true;
	}
	return false;
}

static bool
can_type(struct keyboard *keyboard, uint32_t wanted)
{
	static const uint8_t no_keys[] = {
		CONTROL, SHIFT, 0x36, ALT, CAPS_LOCK, NUM_LOCK, 0x46, SPACE};

	if (wanted == ' ')
		return typed(keyboard, SPACE) == ' ';
	for (unsigned int code = 1; code < 0x80; code++)
		if (memchr(no_keys, (int)code, sizeof(no_keys)) == NULL &&
			types(keyboard, (uint8_t)code, wanted))
			return true;
	return false;
}

static const uint32_t identifiers[] = {
#define LAYOUT(identifier, name, variant, reads) identifier,
#include "desk/layouts.def"
#undef LAYOUT
};

/* No password is out of reach. */
static void
every_layout_reaches_every_printable_ascii_character(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(identifiers); i++) {
		struct keyboard *keyboard = make(identifiers[i]);

		for (uint32_t character = ' '; character <= '~'; character++)
			if (!can_type(keyboard, character))
				fail_msg("layout %#x has no way to type '%c'", identifiers[i],
					(char)character);
		keyboard_free(keyboard);
	}
}

static void
layouts_differ_where_they_do(void **state)
{
	struct keyboard *keyboard = make(GERMAN);

	(void)state;
	assert_int_equal(typed(keyboard, 0x15), 'z');
	assert_int_equal(typed(keyboard, 0x1a), 0xfc);
	assert_int_equal(typed_with(keyboard, ALT, true, 0x10), '@');
	keyboard_free(keyboard);
	keyboard = make(FRENCH);
	assert_int_equal(typed(keyboard, 0x10), 'a');
	assert_int_equal(typed_with(keyboard, SHIFT, false, 0x02), '1');
	keyboard_free(keyboard);
	keyboard = make(BRITISH);
	assert_int_equal(typed_with(keyboard, SHIFT, false, 0x04), 0xa3);
	keyboard_free(keyboard);
	/* Unknown ones type like "us"; a variant of a known language like that. */
	keyboard = make(0x0bad);
	assert_int_equal(typed(keyboard, 0x10), 'q');
	keyboard_free(keyboard);
	keyboard = make(0xe0010411);
	assert_int_equal(typed(keyboard, 0x1a), '@');
	keyboard_free(keyboard);
	assert_string_equal(keyboard_language(0xe0010411), "ja");
	assert_string_equal(keyboard_language(0x0bad), "en");
}

/* mstsc says AltGr as Control and AltGr. */
static void
altgr_is_no_command(void **state)
{
	struct keyboard *keyboard = make(GERMAN);
	struct key_press presses[KEY_PRESSES_MOST];

	(void)state;
	hold(keyboard, CONTROL, false, true);
	hold(keyboard, ALT, true, true);
	assert_int_equal(press(keyboard, 0x10, false, presses), 1);
	assert_int_equal(presses[0].character, '@');
	assert_int_equal(presses[0].modifiers & (DESK_CONTROL | DESK_ALT), 0);
	keyboard_free(keyboard);
}

static void
control_commands_and_types_nothing(void **state)
{
	struct keyboard *keyboard = make(US);
	struct key_press presses[KEY_PRESSES_MOST];

	(void)state;
	hold(keyboard, CONTROL, false, true);
	assert_int_equal(press(keyboard, 0x2f, false, presses), 1);
	assert_int_equal(presses[0].keysym, XKB_KEY_v);
	assert_int_equal(presses[0].character, 0);
	assert_int_equal(presses[0].modifiers, DESK_CONTROL);
	hold(keyboard, CONTROL, false, false);
	assert_int_equal(typed(keyboard, 0x2f), 'v');
	keyboard_free(keyboard);
}

static void
caps_lock_holds_until_it_is_pressed_again(void **state)
{
	struct keyboard *keyboard = make(US);
	struct key_press presses[KEY_PRESSES_MOST];

	(void)state;
	assert_int_equal(press(keyboard, CAPS_LOCK, false, presses), 0);
	assert_int_equal(press(keyboard, 0x1e, false, presses), 1);
	assert_int_equal(presses[0].character, 'A');
	assert_int_equal(presses[0].modifiers, DESK_CAPS_LOCK);
	assert_int_equal(typed(keyboard, 0x02), '1');
	assert_int_equal(press(keyboard, CAPS_LOCK, false, presses), 0);
	assert_int_equal(typed(keyboard, 0x1e), 'a');
	keyboard_free(keyboard);
}

static void
the_keypad_follows_num_lock(void **state)
{
	struct keyboard *keyboard = make(US);
	struct key_press presses[KEY_PRESSES_MOST];

	(void)state;
	assert_int_equal(keyboard_synchronize(keyboard, false, true), 0);
	assert_int_equal(typed(keyboard, 0x47), '7');
	(void)keyboard_synchronize(keyboard, false, false);
	assert_int_equal(press(keyboard, 0x47, false, presses), 1);
	assert_int_equal(presses[0].keysym, XKB_KEY_KP_Home);
	assert_int_equal(press(keyboard, 0x47, true, presses), 1);
	assert_int_equal(presses[0].keysym, XKB_KEY_Home);
	assert_int_equal(press(keyboard, 0x1c, true, presses), 1);
	assert_int_equal(presses[0].keysym, XKB_KEY_KP_Enter);
	keyboard_free(keyboard);
}

/* Clients repeat a held key's going down and let it go once. */
static void
a_held_shift_is_let_go_once(void **state)
{
	struct keyboard *keyboard = make(US);

	(void)state;
	for (int i = 0; i < 50; i++)
		hold(keyboard, SHIFT, false, true);
	assert_int_equal(typed(keyboard, 0x1e), 'A');
	hold(keyboard, SHIFT, false, false);
	assert_int_equal(typed(keyboard, 0x1e), 'a');
	keyboard_free(keyboard);
}

/* The window lost the keyboard while Shift was down; its going up went elsewhere. */
static void
synchronize_lets_everything_go(void **state)
{
	struct keyboard *keyboard = make(US);

	(void)state;
	hold(keyboard, SHIFT, false, true);
	assert_int_equal(keyboard_synchronize(keyboard, true, false), DESK_CAPS_LOCK);
	assert_int_equal(typed(keyboard, 0x1e), 'A');
	assert_int_equal(typed(keyboard, 0x02), '1');
	assert_int_equal(keyboard_synchronize(keyboard, false, false), 0);
	assert_int_equal(typed_with(keyboard, SHIFT, false, 0x1e), 'A');
	assert_int_equal(typed(keyboard, 0x1e), 'a');
	keyboard_free(keyboard);
}

static void
dead_keys_wait_for_their_letter(void **state)
{
	struct keyboard *keyboard = make(FRENCH);
	struct key_press presses[KEY_PRESSES_MOST];

	(void)state;
	assert_int_equal(press(keyboard, 0x1a, false, presses), 0); /* ^ */
	assert_int_equal(typed(keyboard, 0x12), 0xea);              /* e */
	assert_int_equal(press(keyboard, 0x1a, false, presses), 0);
	assert_int_equal(typed(keyboard, 0x1a), '^');
	/* As Windows has it: what it does not go with comes behind it. */
	assert_int_equal(press(keyboard, 0x1a, false, presses), 0);
	assert_int_equal(press(keyboard, 0x2d, false, presses), 2); /* x */
	assert_int_equal(presses[0].character, '^');
	assert_int_equal(presses[1].character, 'x');
	/* Shift between the two is no letter. */
	assert_int_equal(press(keyboard, 0x1a, false, presses), 0);
	assert_int_equal(typed_with(keyboard, SHIFT, false, 0x12), 0xca);
	keyboard_free(keyboard);
}

static void
keys_of_no_layout_are_dropped(void **state)
{
	struct keyboard *keyboard = make(US);
	struct key_press presses[KEY_PRESSES_MOST];

	(void)state;
	for (unsigned int code = 0; code <= UINT8_MAX; code++)
		for (int extended = 0; extended < 2; extended++)
			assert_true(keyboard_scancode(keyboard, (uint8_t)code, extended != 0, true,
					    presses) <= KEY_PRESSES_MOST);
	assert_int_equal(press(keyboard, 0x2a, true, presses), 0); /* Print Screen's false Shift */
	assert_int_equal(press(keyboard, 0xff, true, presses), 0);
	keyboard_free(keyboard);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(us_keys_type_what_is_on_them),
		cmocka_unit_test(japanese_106_keys_type_what_is_on_them),
		cmocka_unit_test(every_layout_reaches_every_printable_ascii_character),
		cmocka_unit_test(layouts_differ_where_they_do),
		cmocka_unit_test(altgr_is_no_command),
		cmocka_unit_test(control_commands_and_types_nothing),
		cmocka_unit_test(caps_lock_holds_until_it_is_pressed_again),
		cmocka_unit_test(the_keypad_follows_num_lock),
		cmocka_unit_test(a_held_shift_is_let_go_once),
		cmocka_unit_test(synchronize_lets_everything_go),
		cmocka_unit_test(dead_keys_wait_for_their_letter),
		cmocka_unit_test(keys_of_no_layout_are_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
