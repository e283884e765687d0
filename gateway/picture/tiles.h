/* A picture that is painted only where something was damaged, and of that only tiles of 64 x 64 that look different from what
 * was last reported are reported. It knows nothing of what is on it.
 */
#ifndef PICTURE_TILES_H
#define PICTURE_TILES_H

#include "picture/brush.h"
#include "picture/rectangle.h"

#include <stddef.h>
#include <stdint.h>

struct tiles {
	uint16_t width, height;
	uint8_t *pixels; /* B, G, R, unused */
	size_t stride;
	size_t columns, rows;
	uint8_t *marks;     /* bits of enum tile */
	uint64_t *sums;     /* of the pixels that were last reported */
	bool damaged, rest; /* tiles are to be painted; to be reported */
};

/* All of it is damaged and unknown. Returns 0 or -ENOMEM; tiles_done is the caller's in either case. */
int tiles_init(struct tiles *tiles, uint16_t width, uint16_t height);
void tiles_done(struct tiles *tiles);

void tiles_damage(struct tiles *tiles, const struct box *box);
void tiles_damage_all(struct tiles *tiles);
bool tiles_touch(const struct tiles *tiles, const struct box *box); /* is any of it damaged? */

/* Paints what is damaged, on a surface that is clipped to it. */
typedef void tiles_painter(void *owner, cairo_t *cairo);

/* Has what is damaged painted and says what has changed since the last call: whole tiles within the picture, at most `most` of them
 * (the rest come with the next call). Returns how many; 0: nothing has changed. */
size_t tiles_draw(struct tiles *tiles, tiles_painter *paint, void *owner,
	struct picture_rectangle *ret_tiles, size_t most);

/* All of it is to be reported again: the other end has lost it. What is on the picture is right. */
void tiles_redraw(struct tiles *tiles);

#endif
