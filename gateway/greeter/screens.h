/* The pages of the sign-in screen and what a user can do on them, shared by the greeter, which draws them, and the
 * supervisor, which chooses them. Made from screens.def.
 */
#ifndef GREETER_SCREENS_H
#define GREETER_SCREENS_H

#include <stdint.h>

/* Terminals in one list: more than anybody would scroll through; the supervisor logs what it leaves out. */
#define SCREEN_CHOICES_MAX 1000

/* Who is about to run out of time is told. */
#define SCREEN_LAST_SECONDS 30

enum greeter_screen {
#define SCREEN(name, title, fields, answers) SCREEN_##name,
#include "greeter/screens.def"
#undef SCREEN
	SCREEN_COUNT
};

/* Fields of SHOW. */
enum screen_field {
	SCREEN_HAS_TEXT = 1u << 0,
	SCREEN_HAS_ERROR = 1u << 1,
	SCREEN_HAS_ACCOUNT = 1u << 2,
	SCREEN_HAS_PROMPT = 1u << 3,
	SCREEN_HAS_SECONDS = 1u << 4,
	SCREEN_HAS_OTPAUTH = 1u << 5,
	SCREEN_HAS_CHOICES = 1u << 6,
};

/* ANSWER.action, as bits, because a row may name several. */
enum greeter_action {
	SCREEN_SUBMIT = 1, /* Enter: what was typed or chosen; of SORRY: try again */
	SCREEN_CANCEL = 2, /* Esc: back to SIGN_IN, or the end where there is no way back */
};

struct screen_row {
	const char *name;  /* "SIGN_IN", for the log */
	const char *title; /* English; a message of po/ */
	uint32_t fields;   /* bits of enum screen_field */
	uint32_t answers;  /* bits of enum greeter_action */
};

/* NULL for a number that is none. */
const struct screen_row *screen_row(uint8_t screen);

#endif
