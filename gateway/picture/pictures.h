/* Pictures for a client of libfreerdp: rectangles of at most 64 x 64 pixels, compressed (planar at 32 bits a pixel, interleaved at 15,
 * 16 and 24), several in one bitmap update.
 */
#ifndef PICTURE_PICTURES_H
#define PICTURE_PICTURES_H

#include "picture/rectangle.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <freerdp/freerdp.h>

/* Of a rectangle in a bitmap update, before its bytes: TS_BITMAP_DATA's nine numbers, and TS_CD_HEADER (MS-RDPBCGR 2.2.9.1.1.3.1.2.2). */
#define PICTURES_HEADERS_MOST 26

struct pictures;

/* skip_alpha: the client does without that plane (DRAW_ALLOW_SKIP_ALPHA). NULL without memory. */
struct pictures *pictures_new(bool skip_alpha);
void pictures_free(struct pictures *pictures); /* accepts NULL */

struct picture {
	const uint8_t *pixels; /* B, G, R, unused */
	size_t stride;
	uint32_t left, top; /* where it lies on the client's desktop */
};

/* Sends these rectangles of a picture at the colour depth that was agreed on. False: it is over. */
bool pictures_send(struct pictures *pictures, rdpContext *context, const struct picture *picture,
	const struct picture_rectangle *rectangles, size_t count);

#endif
