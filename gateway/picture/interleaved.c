/* See interleaved.h. Of the orders there are (MS-RDPBCGR 2.2.9.1.1.3.1.2.4) these are enough for a screen of even areas and letters:
 * a run that repeats the row before, a run of one colour, and pixels as they are. The first row has no row before it; clients do not
 * agree what a background run in it means when it goes on behind it, so it has none.
 */
#include "picture/interleaved.h"

#include <assert.h>
#include <string.h>

/* Two orders cost more than the pixels between them: a run this long is worth its own. */
#define RUN_LEAST 4

/* Regular form: code in the upper three bits, length in the others, and if these are 0 in a byte behind it. MEGA_MEGA form: a code of
 * its own and 16 bits. */
enum order {
	ORDER_BACKGROUND = 0x00,
	ORDER_COLOUR = 0x60,
	ORDER_PIXELS = 0x80,
};

#define REGULAR_MOST 31u
#define REGULAR_LONG_MOST (255u + 32u)

struct encoder {
	uint32_t pixels[INTERLEAVED_PIXELS_MOST]; /* as they are sent: rows from the bottom */
	uint32_t width, count, depth;
	uint8_t *bytes;
	size_t len;
};

uint32_t
interleaved_colour(uint32_t colour, uint32_t depth)
{
	uint32_t red = colour >> 16 & 0xff, green = colour >> 8 & 0xff, blue = colour & 0xff;

	switch (depth) {
	case 15:
		return (red >> 3) << 10 | (green >> 3) << 5 | blue >> 3;
	case 16:
		return (red >> 3) << 11 | (green >> 2) << 5 | blue >> 3;
	default:
		return colour & 0xffffff;
	}
}

static void
read_pixels(struct encoder *encoder, const uint8_t *pixels, size_t stride, uint32_t height)
{
	uint32_t *to = encoder->pixels;

	for (uint32_t row = height; row-- > 0;) {
		const uint8_t *from = pixels + row * stride;

		for (uint32_t column = 0; column < encoder->width; column++, from += 4)
			*to++ = interleaved_colour(
				(uint32_t)from[2] << 16 | (uint32_t)from[1] << 8 | from[0],
				encoder->depth);
	}
	encoder->count = encoder->width * height;
}

static void
put(struct encoder *encoder, uint32_t byte)
{
	encoder->bytes[encoder->len++] = (uint8_t)byte;
}

static void
put_order(struct encoder *encoder, enum order order, uint32_t length)
{
	if (length <= REGULAR_MOST) {
		put(encoder, order | length);
	} else if (length <= REGULAR_LONG_MOST) {
		put(encoder, order);
		put(encoder, length - 32);
	} else {
		put(encoder, 0xf0 | order >> 5);
		put(encoder, length & 0xff);
		put(encoder, length >> 8);
	}
}

static void
put_pixel(struct encoder *encoder, uint32_t pixel)
{
	for (uint32_t bits = 0; bits < encoder->depth; bits += 8)
		put(encoder, pixel >> bits);
}

static void
put_pixels(struct encoder *encoder, uint32_t from, uint32_t to)
{
	if (from == to)
		return;
	put_order(encoder, ORDER_PIXELS, to - from);
	for (uint32_t at = from; at < to; at++)
		put_pixel(encoder, encoder->pixels[at]);
}

/* How many pixels from here on are those of the row before. */
static uint32_t
background_run(const struct encoder *encoder, uint32_t from)
{
	uint32_t at = from;

	if (from < encoder->width)
		return 0;
	while (at < encoder->count && encoder->pixels[at] == encoder->pixels[at - encoder->width])
		at++;
	return at - from;
}

static uint32_t
colour_run(const struct encoder *encoder, uint32_t from)
{
	uint32_t at = from + 1;

	while (at < encoder->count && encoder->pixels[at] == encoder->pixels[from])
		at++;
	return at - from;
}

/* A background run ends where the row differs, so that never one follows another: clients would put a pixel between the two. */
static void
encode(struct encoder *encoder)
{
	uint32_t waiting = 0, at = 0; /* pixels that are in no run begin at `waiting` */

	while (at < encoder->count) {
		uint32_t background = background_run(encoder, at);
		uint32_t colour = background == encoder->count - at ? 0 : colour_run(encoder, at);
		uint32_t run = background >= colour ? background : colour;

		if (run < RUN_LEAST) {
			at++;
			continue;
		}
		put_pixels(encoder, waiting, at);
		if (background >= colour) {
			put_order(encoder, ORDER_BACKGROUND, background);
		} else {
			put_order(encoder, ORDER_COLOUR, colour);
			put_pixel(encoder, encoder->pixels[at]);
		}
		at += run;
		waiting = at;
	}
	put_pixels(encoder, waiting, at);
}

size_t
interleaved_encode(const uint8_t *pixels, size_t stride, uint32_t width, uint32_t height,
	uint32_t depth, uint8_t *ret_bytes)
{
	struct encoder encoder = {.width = width, .depth = depth, .bytes = ret_bytes};

	assert(width > 0 && height > 0 && width <= INTERLEAVED_PIXELS_MOST / height);
	assert(depth == 15 || depth == 16 || depth == 24);
	read_pixels(&encoder, pixels, stride, height);
	encode(&encoder);
	assert(encoder.len <= INTERLEAVED_BYTES_MOST);
	return encoder.len;
}
