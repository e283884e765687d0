/* Pictures at 32 bits a pixel, decoded by libfreerdp as its clients do. */
#include "picture/planar.h"

#include "base/cleanup.h"
#include "image.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <freerdp/codec/color.h>
#include <freerdp/codec/planar.h>
#include <freerdp/primitives.h>

/* Returns the length. */
static size_t
expect(const struct image *image, bool alpha)
{
	static uint8_t bytes[PLANAR_BYTES_MOST];
	static struct image seen;
	BITMAP_PLANAR_CONTEXT *context = freerdp_bitmap_planar_context_new(0, SIDE, SIDE);
	size_t len = planar_encode(image->pixels, ROW, image->width, image->height, alpha, bytes);

	assert_true(len > 0 && len <= sizeof(bytes));
	assert_true(planar_decompress(context, bytes, (UINT32)len, image->width, image->height,
		seen.pixels, PIXEL_FORMAT_BGRX32, ROW, 0, 0, image->width, image->height, TRUE));
	freerdp_bitmap_planar_context_free(context);
	for (uint32_t y = 0; y < image->height; y++)
		for (uint32_t x = 0; x < image->width; x++)
			assert_int_equal(image_get(&seen, x, y), image_get(image, x, y));
	return len;
}

static void
fill(struct image *image, uint32_t colour)
{
	for (uint32_t y = 0; y < SIDE; y++)
		for (uint32_t x = 0; x < SIDE; x++)
			image_set(image, x, y, colour);
}

/* Two bytes for each row of each plane. */
static void
an_even_area_is_short(void **state)
{
	static struct image image = {.width = SIDE, .height = SIDE};

	(void)state;
	fill(&image, 0xe8edf1);
	assert_true(expect(&image, false) < 3 * SIDE * 2 + 16);
	assert_true(expect(&image, true) < 4 * SIDE * 2 + 16);
}

/* Raw values and runs around the borders of a segment's forms, at every width. */
static void
runs_of_any_length_arrive(void **state)
{
	static struct image image;

	(void)state;
	for (uint32_t width = 1; width <= SIDE; width++) {
		for (uint32_t raw = 0; raw <= width; raw++) {
			image.width = width;
			image.height = 3;
			fill(&image, 0);
			for (uint32_t x = 0; x < width; x++) {
				image_set(&image, x, 1, x < raw ? x * 0x25130b : 0xfefefe);
				image_set(&image, x, 2, x < width - raw ? 0x010203 : x * 0x95130b);
			}
			(void)expect(&image, (raw & 1) != 0);
		}
	}
}

/* No longer than it is without run lengths. */
static void
noise_arrives(void **state)
{
	static struct image image = {.width = SIDE, .height = SIDE};

	(void)state;
	for (uint32_t y = 0; y < SIDE; y++)
		for (uint32_t x = 0; x < SIDE; x++)
			image_set(&image, x, y, (uint32_t)((x + 7u) * (y + 3u) * 0x9e3779b1u) >> 8);
	assert_true(expect(&image, false) <= 2 + 3 * SIDE * SIDE);
	assert_true(expect(&image, true) <= 2 + 4 * SIDE * SIDE);
}

static void
patterns_of_any_size_arrive(void **state)
{
	static struct image image;
	unsigned int chance = 20261121;

	(void)state;
	for (int round = 0; round < 3000; round++) {
		image_draw_pattern(&image, &chance);
		(void)expect(&image, round % 2 == 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_even_area_is_short),
		cmocka_unit_test(runs_of_any_length_arrive),
		cmocka_unit_test(noise_arrives),
		cmocka_unit_test(patterns_of_any_size_arrive),
	};

	primitives_set_hints(PRIMITIVES_ONLY_CPU);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
