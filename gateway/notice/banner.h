/* A notice as a picture: a box at the top of the primary monitor with who says it, what, and how it goes away. */
#ifndef NOTICE_BANNER_H
#define NOTICE_BANNER_H

#include "desk/area.h"
#include "picture/words.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BANNER_TEXT_MOST 500 /* characters; more are cut */

struct banner_setup {
	const char *
		text; /* a sentence's format (base/sentence.h), or with 0 values a text as it is, in UTF-8 */
	const uint8_t *values; /* each ended by NUL */
	size_t values_len;
	enum language language;
	bool by_person;   /* who says it: somebody at the hospital, or the gateway */
	bool acknowledge; /* it stays until it is clicked on */
	uint32_t desktop_width, desktop_height;
	const struct area_monitor *monitors;
	size_t monitor_count;
};

struct banner {
	uint8_t *pixels; /* B, G, R, unused, in rows of 4 * width bytes; NULL: there is none */
	uint16_t width, height;
	uint32_t x, y; /* on the desktop, which holds all of it */
};

/* Fonts and Japanese messages (`catalogue`: their file, NULL: as installed): before the sandbox closes, once. Returns 0, or a negative
 * errno with *ret_why: what could not be opened. */
int banner_warm_up(const char *catalogue, const char **ret_why);

/* Returns 0 or -ENOMEM, -EINVAL for a desktop without room (below AREA_SIZE_LEAST either way). */
int banner_draw(const struct banner_setup *setup, struct banner *ret_banner);
void banner_done(struct banner *banner);

#endif
