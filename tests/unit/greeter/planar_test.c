/* Pictures at 32 bits a pixel, decoded by libfreerdp as its clients do. */
#include "greeter/planar.h"

#include "base/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <freerdp/codec/color.h>
#include <freerdp/codec/planar.h>
#include <freerdp/primitives.h>

#define SIDE PLANAR_SIDE_MOST
#define ROW (SIDE * 4)

struct image {
	uint8_t pixels[SIDE * ROW];
	uint32_t width, height;
};

static void
set(struct image *image, uint32_t x, uint32_t y, uint32_t colour)
{
	memcpy(image->pixels + (size_t)y * ROW + x * 4u, &colour, 4);
}

static uint32_t
get(const struct image *image, uint32_t x, uint32_t y)
{
	uint32_t colour;

	memcpy(&colour, image->pixels + (size_t)y * ROW + x * 4u, 4);
	return colour & 0xffffff;
}

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
			assert_int_equal(get(&seen, x, y), get(image, x, y));
	return len;
}

static void
fill(struct image *image, uint32_t colour)
{
	for (uint32_t y = 0; y < SIDE; y++)
		for (uint32_t x = 0; x < SIDE; x++)
			set(image, x, y, colour);
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
				set(&image, x, 1, x < raw ? x * 0x25130b : 0xfefefe);
				set(&image, x, 2, x < width - raw ? 0x010203 : x * 0x95130b);
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
			set(&image, x, y, (uint32_t)((x + 7u) * (y + 3u) * 0x9e3779b1u) >> 8);
	assert_true(expect(&image, false) <= 2 + 3 * SIDE * SIDE);
	assert_true(expect(&image, true) <= 2 + 4 * SIDE * SIDE);
}

/* What screens are made of: few colours, rows alike, letters; drawn by chance, always the same. */
static void
patterns_of_any_size_arrive(void **state)
{
	static struct image image;
	unsigned int chance = 20261121;

	(void)state;
	for (int round = 0; round < 3000; round++) {
		uint32_t colours[4];

		image.width = 1 + (uint32_t)rand_r(&chance) % SIDE;
		image.height = 1 + (uint32_t)rand_r(&chance) % SIDE;
		for (size_t i = 0; i < ARRAY_SIZE(colours); i++)
			colours[i] = (uint32_t)rand_r(&chance) & 0xffffff;
		for (uint32_t y = 0; y < image.height; y++)
			for (uint32_t x = 0; x < image.width; x++)
				set(&image, x, y,
					rand_r(&chance) % 4 == 0 || y == 0
						? colours[(size_t)rand_r(&chance) % 4]
					: rand_r(&chance) % 8 != 0 ? get(&image, x, y - 1)
								   : colours[0]);
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
