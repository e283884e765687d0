/* What keys and buttons are called where a client's input is taken. */
#ifndef DESK_INPUT_H
#define DESK_INPUT_H

enum desk_modifier {
	DESK_SHIFT = 1,
	DESK_CONTROL = 2,
	DESK_ALT = 4,
	DESK_CAPS_LOCK = 8,
};

enum desk_button {
	DESK_BUTTON_LEFT = 1,
	DESK_BUTTON_RIGHT = 2,
};

#endif
