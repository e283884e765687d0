/* Keys, characters and clicks of a client, as libfreerdp hands them over, for who is behind the desk. All of it is the
 * client's, who at a greeter has shown nothing yet. MS-RDPBCGR 2.2.8.1.1.3.
 */
#include "desk/desk_private.h"

#include "base/cleanup.h"
#include "desk/keyboard.h"

#include <freerdp/input.h>
#include <xkbcommon/xkbcommon.h>

#define PAUSE_FIRST 0x1d
#define PAUSE_SECOND 0x45

/* Pause comes as E1 1D 45: it is neither Control nor Num Lock. */
static bool
is_of_pause(struct desk *desk, uint16_t flags, uint8_t code)
{
	bool second = desk->after_pause && code == PAUSE_SECOND;

	desk->after_pause = (flags & KBD_FLAGS_EXTENDED1) != 0 && code == PAUSE_FIRST;
	return second || (flags & KBD_FLAGS_EXTENDED1) != 0;
}

static BOOL
on_keyboard(rdpInput *input, UINT16 flags, UINT8 code)
{
	struct desk *desk = desk_of(input->context);
	struct key_press presses[KEY_PRESSES_MOST];
	size_t count;

	if (is_of_pause(desk, flags, code))
		return TRUE;
	count = keyboard_scancode(desk->keyboard, code, (flags & KBD_FLAGS_EXTENDED) != 0,
		(flags & KBD_FLAGS_RELEASE) == 0, presses);
	for (size_t i = 0; i < count && desk->begun; i++)
		desk->user->key(
			desk->owner, presses[i].keysym, presses[i].character, presses[i].modifiers);
	return TRUE;
}

static void
write_utf8(uint32_t character, char *text)
{
	size_t len = character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
	static const uint8_t first[] = {0, 0x00, 0xc0, 0xe0, 0xf0};

	text[len] = '\0';
	for (size_t i = len; i-- > 0; character >>= 6)
		text[i] = (char)(i > 0 ? 0x80 | (character & 0x3f) : first[len] | character);
}

/* Telephones and tablets send these, too, as characters. */
static bool
press_control(struct desk *desk, uint16_t code)
{
	static const struct {
		uint16_t code;
		uint32_t keysym;
	} keys[] = {{'\b', XKB_KEY_BackSpace}, {'\t', XKB_KEY_Tab}, {'\n', XKB_KEY_Return},
		{'\r', XKB_KEY_Return}, {0x1b, XKB_KEY_Escape}, {0x7f, XKB_KEY_Delete}};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		if (keys[i].code != code)
			continue;
		desk->user->key(desk->owner, keys[i].keysym, 0, 0);
		return true;
	}
	return code < 0x20;
}

/* UTF-16 units, one event each. Half a pair without the other is dropped. */
static BOOL
on_unicode(rdpInput *input, UINT16 flags, UINT16 code)
{
	struct desk *desk = desk_of(input->context);
	uint16_t half = desk->half;
	uint32_t character = code;
	char text[5];

	if (!desk->begun || (flags & KBD_FLAGS_RELEASE) != 0)
		return TRUE;
	desk->half = (code & 0xfc00) == 0xd800 ? code : 0;
	if (desk->half != 0 || press_control(desk, code))
		return TRUE;
	if ((code & 0xfc00) == 0xdc00) {
		if (half == 0)
			return TRUE;
		character = 0x10000u + ((half & 0x3ffu) << 10) + (code & 0x3ffu);
	}
	write_utf8(character, text);
	desk->user->text(desk->owner, text);
	return TRUE;
}

static BOOL
on_mouse(rdpInput *input, UINT16 flags, UINT16 x, UINT16 y)
{
	static const struct {
		uint16_t flag;
		uint32_t button;
	} buttons[] = {
		{PTR_FLAGS_BUTTON1, DESK_BUTTON_LEFT}, {PTR_FLAGS_BUTTON2, DESK_BUTTON_RIGHT}};
	struct desk *desk = desk_of(input->context);
	int wheel = 0;

	if (!desk->begun)
		return TRUE;
	for (size_t i = 0; i < ARRAY_SIZE(buttons); i++) {
		if ((flags & buttons[i].flag) == 0 || (flags & PTR_FLAGS_WHEEL) != 0)
			continue;
		if ((flags & PTR_FLAGS_DOWN) != 0)
			desk->buttons |= buttons[i].button;
		else
			desk->buttons &= ~buttons[i].button;
	}
	if ((flags & PTR_FLAGS_WHEEL) != 0)
		wheel = (flags & PTR_FLAGS_WHEEL_NEGATIVE) != 0 ? -1 : 1;
	desk->user->pointer(desk->owner, (int)x - (int)desk->area.left,
		(int)y - (int)desk->area.top, desk->buttons, wheel);
	return TRUE;
}

/* Buttons that mean nothing here. */
static BOOL
on_extended_mouse(rdpInput *input, UINT16 flags, UINT16 x, UINT16 y)
{
	(void)input;
	(void)flags;
	(void)x;
	(void)y;
	return TRUE;
}

static BOOL
on_synchronize(rdpInput *input, UINT32 flags)
{
	struct desk *desk = desk_of(input->context);
	uint32_t modifiers = keyboard_synchronize(desk->keyboard, (flags & KBD_SYNC_CAPS_LOCK) != 0,
		(flags & KBD_SYNC_NUM_LOCK) != 0);

	desk->after_pause = false;
	if (desk->begun)
		desk->user->modifiers(desk->owner, modifiers);
	return TRUE;
}

void
desk_set_input(rdpInput *input)
{
	input->SynchronizeEvent = on_synchronize;
	input->KeyboardEvent = on_keyboard;
	input->UnicodeKeyboardEvent = on_unicode;
	input->MouseEvent = on_mouse;
	input->ExtendedMouseEvent = on_extended_mouse;
}

bool
desk_input_is_set(const rdpInput *input)
{
	return input->SynchronizeEvent == on_synchronize && input->KeyboardEvent == on_keyboard &&
	       input->UnicodeKeyboardEvent == on_unicode && input->MouseEvent == on_mouse &&
	       input->ExtendedMouseEvent == on_extended_mouse;
}
