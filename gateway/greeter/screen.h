/* The sign-in screen as a picture and a form: what is shown, where the caret stands, what keys and clicks do, which
 * pixels have changed. Drawn with cairo and pango. It knows nothing of RDP: peer.c brings keys and clicks and
 * takes pixels away; tests draw it into PNG files. In the greeter, whose user is not known yet: all input is
 * hostile and bounded here.
 */
#ifndef GREETER_SCREEN_H
#define GREETER_SCREEN_H

#include "desk/input.h"
#include "greeter/screens.h"
#include "messages/messages.h"
#include "picture/rectangle.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct screen;

struct screen_setup {
	uint16_t width, height;  /* pixels, 200-8192 each, as the client said */
	uint16_t scale_percent;  /* 100-500: how large the client's user has things drawn */
	const char *facility;    /* its name, copied */
	const char *language;    /* "en" or "ja" at first; the user may switch */
	int64_t (*now_ms)(void); /* monotonic, for the caret and for SECONDS */

	/* The user has done something; called from screen_key, screen_text and screen_pointer. The answer is wiped
	 * after it returns. Until the next screen_show the form is busy: later input is dropped. */
	void (*answered)(void *owner, const struct msg_answer *answer);
	void *owner;
};

/* Fonts and catalogues are found once in the life of the process, before the sandbox closes: afterwards nothing here opens
 * a file or starts a thread. (Pango's own thread, where it keeps one, is started here.) Returns 0 or a negative errno;
 * *ret_why is then a fixed text. catalogue: path of the Japanese .mo file; NULL: the project's own. */
int screen_warm_up(const char *catalogue, const char **ret_why);

/* Returns 0 or -ENOMEM, -EINVAL (a size out of range). Blank until the first screen_show. */
int screen_new(const struct screen_setup *setup, struct screen **ret_screen);
void screen_free(struct screen *screen); /* wipes what was typed; accepts NULL */

/* One row of the list that the next screen_show of the same serial shows. -E2BIG behind SCREEN_CHOICES_MAX. */
int screen_add_choice(struct screen *screen, const struct msg_choice *choice);

/* Another page. -EPROTO for a screen that is none. What was typed on the page before is wiped. */
int screen_show(struct screen *screen, const struct msg_show *show);

/* A key went down: keysym is xkbcommon's, character the Unicode character it types (0: none). */
void screen_key(struct screen *screen, uint32_t keysym, uint32_t character, uint32_t modifiers);

/* Lock keys have changed without a key (the client's Synchronize). */
void screen_modifiers(struct screen *screen, uint32_t modifiers);

/* Text as a whole: a Unicode keyboard event, a paste. Control characters are dropped, line ends too. */
void screen_text(struct screen *screen, const char *text);

/* The pointer is at x, y with these buttons down; wheel: notches, up is positive. */
void screen_pointer(struct screen *screen, int x, int y, uint32_t buttons, int wheel);

/* Time has passed: the caret blinks, seconds run. Returns ms until it wants to be called again; -1: nothing moves. */
int screen_tick(struct screen *screen);

/* Draws what has changed since the last call and says where: whole tiles of 64 x 64 within the screen, at most `most`
 * of them (the rest come with the next call). Returns how many; 0: nothing has changed. */
size_t screen_draw(struct screen *screen, struct picture_rectangle *ret_tiles, size_t most);

/* All of it is to be drawn again: the client has forgotten it. */
void screen_redraw(struct screen *screen);

/* The picture, 32 bits a pixel (B, G, R, unused in memory), stride in bytes. Borrowed; valid until screen_free. */
const uint8_t *screen_pixels(const struct screen *screen, size_t *ret_stride);

/* The serial of the SHOW that is on the picture; 0 before the first. */
uint32_t screen_serial(const struct screen *screen);

/* "en" or "ja": what the user reads now. */
const char *screen_language(const struct screen *screen);

#endif
