/* The table of screens.def; see screens.h. */
#include "greeter/screens.h"

#include "base/sentence.h"

#include <stddef.h>

enum {
	TEXT = SCREEN_HAS_TEXT,
	ERROR = SCREEN_HAS_ERROR,
	ACCOUNT = SCREEN_HAS_ACCOUNT,
	PROMPT = SCREEN_HAS_PROMPT,
	SECONDS = SCREEN_HAS_SECONDS,
	OTPAUTH = SCREEN_HAS_OTPAUTH,
	CHOICES = SCREEN_HAS_CHOICES,
	SUBMIT = SCREEN_SUBMIT,
	CANCEL = SCREEN_CANCEL,
};

static const struct screen_row rows[SCREEN_COUNT] = {
#define SCREEN(name, title, fields, answers) [SCREEN_##name] = {#name, title, fields, answers},
#include "greeter/screens.def"
#undef SCREEN
};

const struct screen_row *
screen_row(uint8_t screen)
{
	return screen < SCREEN_COUNT ? &rows[screen] : NULL;
}
