/* Pictures at 15, 16 and 24 bits a pixel, decoded twice: by libfreerdp as its clients do, and by a decoder that follows MS-RDPBCGR 3.1.9
 * to the letter for the orders we use, and knows no others.
 */
#include "picture/interleaved.h"

#include "base/cleanup.h"
#include "image.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <freerdp/codec/color.h>
#include <freerdp/codec/interleaved.h>
#include <freerdp/primitives.h>

static const uint32_t depths[] = {15, 16, 24};

/* The decoder of the specification */

struct decoder {
	const uint8_t *bytes;
	size_t left, at;
	uint32_t width, count, depth;
	uint32_t pixels[SIDE * SIDE]; /* rows from the bottom */
	bool after_background;
};

static uint32_t
next_byte(struct decoder *decoder)
{
	assert_true(decoder->left > 0);
	decoder->left--;
	return *decoder->bytes++;
}

static uint32_t
next_pixel(struct decoder *decoder)
{
	uint32_t pixel = 0;

	for (uint32_t bits = 0; bits < decoder->depth; bits += 8)
		pixel |= next_byte(decoder) << bits;
	return pixel;
}

static uint32_t
next_length(struct decoder *decoder, uint32_t head)
{
	uint32_t low;

	if (head >= 0xf0) {
		low = next_byte(decoder);
		return low | next_byte(decoder) << 8;
	}
	return (head & 0x1f) != 0 ? head & 0x1f : next_byte(decoder) + 32;
}

static void
decode_order(struct decoder *decoder)
{
	uint32_t head = next_byte(decoder);
	uint32_t code = head >= 0xf0 ? head & 0xf : head >> 5;
	uint32_t length = next_length(decoder, head);
	uint32_t colour = code == 3 ? next_pixel(decoder) : 0;

	assert_true(code == 0 || code == 3 || code == 4);
	assert_true(length > 0 && length <= decoder->count - decoder->at);
	if (code == 0) {
		assert_true(decoder->at >= decoder->width); /* not in the first row */
		assert_false(decoder->after_background);
	}
	decoder->after_background = code == 0;
	for (uint32_t i = 0; i < length; i++, decoder->at++)
		decoder->pixels[decoder->at] =
			code == 0   ? decoder->pixels[decoder->at - decoder->width]
			: code == 3 ? colour
				    : next_pixel(decoder);
}

static void
expect_by_specification(const struct image *image, uint32_t depth, const uint8_t *bytes, size_t len)
{
	static struct decoder decoder;

	decoder = (struct decoder){.bytes = bytes,
		.left = len,
		.width = image->width,
		.count = image->width * image->height,
		.depth = depth};
	while (decoder.left > 0)
		decode_order(&decoder);
	assert_int_equal(decoder.at, decoder.count);
	for (uint32_t y = 0; y < image->height; y++)
		for (uint32_t x = 0; x < image->width; x++)
			assert_int_equal(decoder.pixels[(image->height - 1 - y) * image->width + x],
				interleaved_colour(image_get(image, x, y), depth));
}

/* libfreerdp's, which turns a colour of few bits into one that is as near as its bits say. */

static bool
is_near(uint32_t seen, uint32_t drawn, uint32_t depth)
{
	for (int bits = 0; bits < 24; bits += 8)
		if (abs((int)(seen >> bits & 0xff) - (int)(drawn >> bits & 0xff)) >
			(depth == 24 ? 0 : 7))
			return false;
	return true;
}

static void
expect_by_libfreerdp(const struct image *image, uint32_t depth, const uint8_t *bytes, size_t len)
{
	BITMAP_INTERLEAVED_CONTEXT *context = bitmap_interleaved_context_new(FALSE);
	static struct image seen;

	assert_true(interleaved_decompress(context, bytes, (UINT32)len, image->width, image->height,
		depth, seen.pixels, PIXEL_FORMAT_BGRX32, ROW, 0, 0, image->width, image->height,
		NULL));
	bitmap_interleaved_context_free(context);
	for (uint32_t y = 0; y < image->height; y++)
		for (uint32_t x = 0; x < image->width; x++)
			assert_true(is_near(image_get(&seen, x, y), image_get(image, x, y), depth));
}

/* Returns the length. */
static size_t
expect(const struct image *image, uint32_t depth)
{
	static uint8_t bytes[INTERLEAVED_BYTES_MOST];
	size_t len =
		interleaved_encode(image->pixels, ROW, image->width, image->height, depth, bytes);

	assert_true(len > 0 && len <= sizeof(bytes));
	expect_by_specification(image, depth, bytes, len);
	expect_by_libfreerdp(image, depth, bytes, len);
	return len;
}

static void
fill(struct image *image, uint32_t colour)
{
	for (uint32_t y = 0; y < SIDE; y++)
		for (uint32_t x = 0; x < SIDE; x++)
			image_set(image, x, y, colour);
}

static void
an_even_area_is_a_few_bytes(void **state)
{
	static struct image image = {.width = SIDE, .height = SIDE};

	(void)state;
	fill(&image, 0xf4f6f9);
	for (size_t i = 0; i < ARRAY_SIZE(depths); i++)
		assert_true(expect(&image, depths[i]) <= 6);
}

/* Lengths around the borders of an order's forms, in the first row and over the ends of rows. */
static void
runs_of_any_length_arrive(void **state)
{
	static struct image image = {.width = SIDE};

	(void)state;
	for (uint32_t length = 1; length <= 400; length++) {
		image.height = SIDE;
		fill(&image, 0xffffff);
		for (uint32_t at = 0; at < length; at++) {
			image_set(&image, (at + length) % SIDE, (at + length) / SIDE, 0x123456);
			image_set(&image, at % SIDE, SIDE - 1 - at / SIDE, at * 0x010203);
		}
		for (size_t i = 0; i < ARRAY_SIZE(depths); i++)
			(void)expect(&image, depths[i]);
	}
}

static void
noise_arrives(void **state)
{
	static struct image image = {.width = SIDE, .height = SIDE};

	(void)state;
	for (uint32_t y = 0; y < SIDE; y++)
		for (uint32_t x = 0; x < SIDE; x++)
			image_set(&image, x, y, (uint32_t)(x * 0x9e3779b1u + y * 0x85ebca6bu) >> 8);
	for (size_t i = 0; i < ARRAY_SIZE(depths); i++)
		(void)expect(&image, depths[i]);
}

static void
patterns_of_any_size_arrive(void **state)
{
	static struct image image;
	unsigned int chance = 20261121;

	(void)state;
	for (int round = 0; round < 3000; round++) {
		image_draw_pattern(&image, &chance);
		(void)expect(&image, depths[round % 3]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_even_area_is_a_few_bytes),
		cmocka_unit_test(runs_of_any_length_arrive),
		cmocka_unit_test(noise_arrives),
		cmocka_unit_test(patterns_of_any_size_arrive),
	};

	primitives_set_hints(PRIMITIVES_ONLY_CPU);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
