/* See input_gate.h. */
#include "relay/input_gate.h"

#include <string.h>

/* eventCode and eventFlags of fast path, 2.2.8.1.2.2; messageType of slow path, 2.2.8.1.1.3.1.1. */
enum {
	FAST_SCANCODE = 0,
	FAST_MOUSE = 1,
	FAST_MOUSE_X = 2,
	FAST_SYNC = 3,
	FAST_UNICODE = 4,
	FAST_MOUSE_RELATIVE = 5,
	FAST_QOE = 6,
	FAST_RELEASE = 0x01,
	SLOW_SYNC = 0,
	SLOW_UNUSED = 2,
	SLOW_SCANCODE = 4,
	SLOW_MOUSE = 0x8001,
	SLOW_MOUSE_X = 0x8002,
	SLOW_EXTENDED = 0x0100,
	SLOW_EXTENDED_1 = 0x0200,
	SLOW_RELEASE = 0x8000,
};

#define SLOW_EVENT_LEN 12
#define SLOW_TYPE_AT 4 /* behind eventTime */
#define SLOW_DATA_AT 6

/* pointerFlags, 2.2.8.1.1.3.1.1.3 and .4 */
#define POINTER_DOWN 0x8000u
#define POINTER_BUTTONS 0x7000u
#define POINTER_BUTTON_SHIFT 12
#define POINTER_X_BUTTONS 0x0003u
#define X_BUTTONS_SHIFT 3
#define X_BUTTONS_HELD 0x18u

#define KEY_NUM_LOCK 0x45
#define KEY_CAPS_LOCK 0x3a
#define KEY_SCROLL_LOCK 0x46
#define LOCK_SCROLL 0x01u
#define LOCK_NUM 0x02u
#define LOCK_CAPS 0x04u

/* Of an event with this eventCode, its header included; 0: unknown. */
static const uint8_t fast_lengths[8] = {
	[FAST_SCANCODE] = 2,
	[FAST_MOUSE] = 7,
	[FAST_MOUSE_X] = 7,
	[FAST_SYNC] = 1,
	[FAST_UNICODE] = 3,
	[FAST_MOUSE_RELATIVE] = 7,
	[FAST_QOE] = 5,
};

static bool
bit(const uint8_t *set, uint16_t at)
{
	return (set[at / 8] & 1u << at % 8) != 0;
}

static void
put_bit(uint8_t *set, uint16_t at, bool on)
{
	if (on)
		set[at / 8] |= (uint8_t)(1u << at % 8);
	else
		set[at / 8] &= (uint8_t) ~(1u << at % 8);
}

/* A key that is held says so again and again: only the first time turns its lock. */
static void
follow_lock(struct input_gate *gate, uint16_t key)
{
	if (key == KEY_NUM_LOCK)
		gate->locks ^= LOCK_NUM;
	else if (key == KEY_CAPS_LOCK)
		gate->locks ^= LOCK_CAPS;
	else if (key == KEY_SCROLL_LOCK)
		gate->locks ^= LOCK_SCROLL;
}

static void
follow_key(struct input_gate *gate, uint16_t key, bool down)
{
	key %= INPUT_KEYS;
	if (down && !bit(gate->client, key))
		follow_lock(gate, key);
	put_bit(gate->client, key, down);
	if (gate->passes)
		put_bit(gate->held, key, down);
}

static void
follow_buttons(struct input_gate *gate, uint8_t buttons, bool down)
{
	if (down)
		gate->buttons |= buttons;
	else
		gate->buttons &= (uint8_t)~buttons;
}

static void
follow_mouse(struct input_gate *gate, const uint8_t *data, bool other_buttons)
{
	uint16_t flags = bytes_get_u16le(data);
	uint16_t buttons = other_buttons ? (flags & POINTER_X_BUTTONS) << X_BUTTONS_SHIFT
					 : (flags & POINTER_BUTTONS) >> POINTER_BUTTON_SHIFT;

	if (!gate->passes)
		return;
	follow_buttons(gate, (uint8_t)buttons, (flags & POINTER_DOWN) != 0);
	gate->x = bytes_get_u16le(data + 2);
	gate->y = bytes_get_u16le(data + 4);
}

/* Its place is not told: a button is let go where the mouse was last said to be. */
static void
follow_relative(struct input_gate *gate, const uint8_t *data)
{
	uint16_t flags = bytes_get_u16le(data);

	if (gate->passes)
		follow_buttons(gate, (uint8_t)((flags & POINTER_BUTTONS) >> POINTER_BUTTON_SHIFT),
			(flags & POINTER_DOWN) != 0);
}

static void
follow_sync(struct input_gate *gate, uint8_t locks)
{
	gate->locks = locks;
	gate->locks_known = true;
	/* All keys are up then, and those that are not follow (2.2.8.1.1.3.1.1.5); hosts that do not hold with that keep them: so
	 * does this table. */
	memset(gate->client, 0, sizeof(gate->client));
}

static void
follow_fast(struct input_gate *gate)
{
	uint8_t flags = gate->event[0] & 0x1f;

	switch (gate->event[0] >> 5) {
	case FAST_SCANCODE:
		follow_key(gate, (uint16_t)(gate->event[1] | (flags & 0x06) << 7),
			(flags & FAST_RELEASE) == 0);
		break;
	case FAST_MOUSE:
	case FAST_MOUSE_X:
		follow_mouse(gate, gate->event + 1, gate->event[0] >> 5 == FAST_MOUSE_X);
		break;
	case FAST_MOUSE_RELATIVE:
		follow_relative(gate, gate->event + 1);
		break;
	case FAST_SYNC:
		follow_sync(gate, flags);
		break;
	default: /* characters are typed, not held */
		break;
	}
}

static void
follow_slow(struct input_gate *gate)
{
	const uint8_t *data = gate->event + SLOW_DATA_AT;
	uint16_t flags = bytes_get_u16le(data);

	switch (bytes_get_u16le(gate->event + SLOW_TYPE_AT)) {
	case SLOW_SCANCODE:
		follow_key(gate,
			(uint16_t)((data[2] & 0xff) | (flags & (SLOW_EXTENDED | SLOW_EXTENDED_1))),
			(flags & SLOW_RELEASE) == 0);
		break;
	case SLOW_MOUSE:
		follow_mouse(gate, data, false);
		break;
	case SLOW_MOUSE_X:
		follow_mouse(gate, data, true);
		break;
	case SLOW_SYNC:
		follow_sync(gate, (uint8_t)(bytes_get_u32le(data + 2) & 0x1f));
		break;
	default:
		break;
	}
}

void
input_gate_begin(
	struct input_gate *gate, enum input_form form, uint32_t skip, uint16_t events, bool passes)
{
	gate->form = form;
	gate->passes = passes;
	gate->mutes = false;
	gate->skip = skip;
	gate->events = events;
	gate->counting = events == 0;
	gate->have = 0;
	gate->want = gate->counting && form == INPUT_SLOW ? 4 : 1;
}

/* What has been collected is as long as was wanted. Returns whether it is known. */
static bool
take(struct input_gate *gate)
{
	uint8_t first = gate->event[0];

	if (gate->counting) {
		gate->events = gate->form == INPUT_SLOW ? bytes_get_u16le(gate->event) : first;
		gate->counting = false;
		gate->have = 0;
		gate->want = gate->form == INPUT_SLOW ? SLOW_EVENT_LEN : 1;
		return true;
	}
	if (gate->form == INPUT_FAST && gate->have == 1 && fast_lengths[first >> 5] != 1) {
		gate->want = fast_lengths[first >> 5];
		return gate->want != 0;
	}
	if (gate->form == INPUT_SLOW)
		follow_slow(gate);
	else
		follow_fast(gate);
	gate->events--;
	gate->have = 0;
	gate->want = gate->form == INPUT_SLOW ? SLOW_EVENT_LEN : 1;
	return true;
}

/* Byte `at` of an event that does nothing: by fast path a key or character that is let go and is none, or a mouse that neither moves
 * nor has buttons; how the locks stand may go on. */
static uint8_t
mute(enum input_form form, uint8_t at, uint8_t byte)
{
	if (form == INPUT_SLOW)
		return at == SLOW_TYPE_AT ? SLOW_UNUSED : 0;
	if (at > 0)
		return 0;
	return byte >> 5 == FAST_SCANCODE || byte >> 5 == FAST_UNICODE
		       ? (uint8_t)((byte & 0xe0) | FAST_RELEASE)
		       : byte;
}

bool
input_gate_bytes(struct input_gate *gate, uint8_t *bytes, size_t len)
{
	size_t at = gate->skip < len ? gate->skip : len;

	gate->skip -= (uint32_t)at;
	for (; at < len && (gate->counting || gate->events > 0); at++) {
		if (gate->closed && gate->passes && gate->have == 0 && !gate->counting) {
			gate->mutes = true;
			gate->passes = false;
		}
		gate->event[gate->have] = bytes[at];
		if (gate->mutes)
			bytes[at] = mute(gate->form, gate->have, bytes[at]);
		gate->have++;
		if (gate->have == gate->want && !take(gate))
			return false;
	}
	return true;
}

static void
write_slow(struct bytes_writer *writer, uint16_t type, uint16_t one, uint16_t two, uint16_t three)
{
	bytes_write_u32le(writer, 0); /* eventTime: nobody looks at it */
	bytes_write_u16le(writer, type);
	bytes_write_u16le(writer, one);
	bytes_write_u16le(writer, two);
	bytes_write_u16le(writer, three);
}

static void
write_key_up(const struct input_gate *gate, struct bytes_writer *writer, uint16_t key)
{
	if (gate->form == INPUT_SLOW) {
		write_slow(writer, SLOW_SCANCODE, (uint16_t)(SLOW_RELEASE | (key & 0x300)),
			key & 0xff, 0);
		return;
	}
	bytes_write_u8(writer, (uint8_t)(FAST_SCANCODE << 5 | FAST_RELEASE | key >> 7));
	bytes_write_u8(writer, (uint8_t)key);
}

static void
write_button_up(const struct input_gate *gate, struct bytes_writer *writer, unsigned int button)
{
	bool other = (1u << button & X_BUTTONS_HELD) != 0;
	uint16_t flags = other ? (uint16_t)(1u << (button - X_BUTTONS_SHIFT))
			       : (uint16_t)(1u << (button + POINTER_BUTTON_SHIFT));

	if (gate->form == INPUT_SLOW) {
		write_slow(writer, other ? SLOW_MOUSE_X : SLOW_MOUSE, flags, gate->x, gate->y);
		return;
	}
	bytes_write_u8(writer, (uint8_t)((other ? FAST_MOUSE_X : FAST_MOUSE) << 5));
	bytes_write_u16le(writer, flags);
	bytes_write_u16le(writer, gate->x);
	bytes_write_u16le(writer, gate->y);
}

uint16_t
input_gate_release(struct input_gate *gate, struct bytes_writer *writer)
{
	uint16_t count = 0;

	for (uint16_t key = 0; key < INPUT_KEYS && count < INPUT_EVENTS_MOST; key++) {
		if (!bit(gate->held, key))
			continue;
		put_bit(gate->held, key, false);
		write_key_up(gate, writer, key);
		count++;
	}
	for (unsigned int button = 0; button < 5 && count < INPUT_EVENTS_MOST; button++) {
		if ((gate->buttons & 1u << button) == 0)
			continue;
		gate->buttons &= (uint8_t) ~(1u << button);
		write_button_up(gate, writer, button);
		count++;
	}
	return count;
}

uint16_t
input_gate_synchronise(const struct input_gate *gate, struct bytes_writer *writer)
{
	if (!gate->locks_known)
		return 0;
	if (gate->form == INPUT_SLOW)
		write_slow(writer, SLOW_SYNC, 0, gate->locks, 0);
	else
		bytes_write_u8(writer, (uint8_t)(FAST_SYNC << 5 | (gate->locks & 0x1f)));
	return 1;
}
