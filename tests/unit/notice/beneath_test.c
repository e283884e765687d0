/* What a host draws beneath a banner, seen by a client: after each bitmap that it is sent the banner is whole. */
#include "notice/beneath.h"

#include "base/cleanup.h"
#include "picture/interleaved.h"
#include "picture/planar.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <freerdp/codec/color.h>
#include <freerdp/codec/interleaved.h>
#include <freerdp/codec/planar.h>
#include <freerdp/primitives.h>

#define WIDTH 400u
#define HEIGHT 300u
#define SENT_MOST 64
#define ROOM (512u * 512u * 4u)

static const uint32_t depths[] = {15, 16, 24, 32};

/* The banner: 150 x 70, not on the lines of the host's tiles, each pixel another one. */
static uint8_t banner_pixels[150 * 70 * 4];
static const struct banner banner = {
	.pixels = banner_pixels, .width = 150, .height = 70, .x = 100, .y = 90};

/* The client */

static struct {
	rdpContext context;
	rdpUpdate update;
	uint32_t depth;
	uint32_t screen[HEIGHT][WIDTH]; /* as the host and the banner have it, at the depth */
	const BITMAP_DATA *passed[SENT_MOST];
	uint32_t passed_count, drawn_count, left; /* how many more updates it takes */
	bool watches;                             /* a hole is a failure */
} client;

static uint32_t
at_depth(uint32_t colour)
{
	return client.depth == 32 ? colour & 0xffffff
				  : interleaved_colour(colour & 0xffffff, client.depth);
}

static uint32_t
banner_colour(uint32_t x, uint32_t y)
{
	uint32_t colour;

	memcpy(&colour, banner_pixels + ((size_t)y * banner.width + x) * 4, 4);
	return at_depth(colour);
}

static bool
is_on_banner(uint32_t x, uint32_t y)
{
	return x >= banner.x && x < banner.x + banner.width && y >= banner.y &&
	       y < banner.y + banner.height;
}

static bool
banner_is_whole(void)
{
	for (uint32_t y = 0; y < banner.height; y++)
		for (uint32_t x = 0; x < banner.width; x++)
			if (client.screen[banner.y + y][banner.x + x] != banner_colour(x, y))
				return false;
	return true;
}

/* To pixels as they are at the depth: of green at 16 bits libfreerdp makes another one. */
static void
decode(const BITMAP_DATA *data, uint8_t *pixels)
{
	static const uint32_t formats[33] = {[15] = PIXEL_FORMAT_RGB15,
		[16] = PIXEL_FORMAT_RGB16,
		[24] = PIXEL_FORMAT_BGR24,
		[32] = PIXEL_FORMAT_BGRX32};
	BITMAP_INTERLEAVED_CONTEXT *interleaved = bitmap_interleaved_context_new(FALSE);
	BITMAP_PLANAR_CONTEXT *planar =
		freerdp_bitmap_planar_context_new(0, data->width, data->height);
	uint32_t row = data->width * ((data->bitsPerPixel + 7) / 8);
	uint32_t format = formats[data->bitsPerPixel];

	assert_int_equal(data->bitsPerPixel, client.depth);
	if (data->bitsPerPixel == 32)
		assert_true(planar_decompress(planar, data->bitmapDataStream, data->bitmapLength,
			data->width, data->height, pixels, format, row, 0, 0, data->width,
			data->height, TRUE));
	else
		assert_true(interleaved_decompress(interleaved, data->bitmapDataStream,
			data->bitmapLength, data->width, data->height, data->bitsPerPixel, pixels,
			format, row, 0, 0, data->width, data->height, NULL));
	freerdp_bitmap_planar_context_free(planar);
	bitmap_interleaved_context_free(interleaved);
}

static void
draw(const BITMAP_DATA *data)
{
	static uint8_t pixels[64 * 64 * 4];
	size_t each = (client.depth + 7) / 8;

	assert_true(data->width <= 64 && data->height <= 64);
	assert_true(data->destRight < WIDTH && data->destBottom < HEIGHT);
	decode(data, pixels);
	for (uint32_t y = data->destTop; y <= data->destBottom; y++)
		for (uint32_t x = data->destLeft; x <= data->destRight; x++) {
			size_t at = (size_t)(y - data->destTop) * data->width + x - data->destLeft;
			uint32_t colour = 0;

			memcpy(&colour, pixels + at * each, each);
			client.screen[y][x] = colour & 0xffffff;
		}
	assert_true(!client.watches || banner_is_whole());
}

/* What is made here is drawn; what passes is noted, and drawn if it can be. */
static BOOL
on_made(rdpContext *context, const BITMAP_UPDATE *update)
{
	assert_ptr_equal(context, &client.context);
	if (client.left-- == 0)
		return FALSE;
	for (uint32_t i = 0; i < update->number; i++)
		draw(&update->rectangles[i]);
	client.drawn_count += update->number;
	return TRUE;
}

static BOOL
on_passed(rdpContext *context, const BITMAP_UPDATE *update)
{
	assert_ptr_equal(context, &client.context);
	assert_true(update->number > 0);
	if (client.left-- == 0)
		return FALSE;
	for (uint32_t i = 0; i < update->number; i++) {
		assert_true(client.passed_count < SENT_MOST);
		client.passed[client.passed_count++] = &update->rectangles[i];
		if (client.watches)
			draw(&update->rectangles[i]);
	}
	return TRUE;
}

static void
client_begin(uint32_t depth)
{
	rdpSettings *settings = client.context.settings;

	if (settings == NULL)
		settings = freerdp_settings_new(0);
	assert_non_null(settings);
	assert_true(freerdp_settings_set_uint32(settings, FreeRDP_ColorDepth, depth));
	memset(&client, 0, sizeof(client));
	client.context.settings = settings;
	client.context.update = &client.update;
	client.update.BitmapUpdate = on_made;
	client.depth = depth;
	client.left = UINT32_MAX;
	client.watches = true;
	for (size_t i = 0; i < sizeof(banner_pixels); i++)
		banner_pixels[i] = (uint8_t)((i * 2654435761u) >> 13);
	for (uint32_t y = 0; y < banner.height; y++)
		for (uint32_t x = 0; x < banner.width; x++)
			client.screen[banner.y + y][banner.x + x] = banner_colour(x, y);
}

static enum beneath_result
send_update(BITMAP_DATA *rectangles, uint32_t count)
{
	const BITMAP_UPDATE update = {.number = count, .rectangles = rectangles};
	struct beneath *beneath = beneath_new();
	struct beneath_way way = {
		.context = &client.context, .pictures = pictures_new(false), .pass = on_passed};
	enum beneath_result result;

	assert_non_null(beneath);
	result = beneath_send(beneath, &way, &banner, &update);
	pictures_free(way.pictures);
	beneath_free(beneath);
	return result;
}

/* The host */

static uint32_t
host_colour(uint32_t x, uint32_t y, uint32_t seed)
{
	uint32_t colour = (x / 3 * 0x9e3779b1u + y / 2 * 0x85ebca6bu + seed * 0xc2b2ae35u) >> 8;

	return (x + y) % 7 < 3 ? colour : 0x336699;
}

static size_t
write_uncompressed(const uint8_t *pixels, uint32_t width, uint32_t height, uint8_t *bytes)
{
	uint32_t each = (client.depth + 7) / 8;
	size_t len = 0;

	for (uint32_t y = height; y-- > 0;)
		for (uint32_t x = 0; x < width; x++, len += each) {
			uint32_t colour;

			memcpy(&colour, pixels + ((size_t)y * width + x) * 4, 4);
			colour = at_depth(colour);
			memcpy(bytes + len, &colour, each);
		}
	return len;
}

/* width x height to be seen; `padding` more columns are not. The caller frees its bytes. */
static BITMAP_DATA
host_draws(uint32_t x, uint32_t y, uint32_t width, uint32_t height, uint32_t padding,
	bool compressed, uint32_t seed)
{
	uint32_t whole = width + padding;
	uint8_t *bytes = malloc(ROOM);
	auto_free uint8_t *pixels = calloc((size_t)whole * height, 4);
	size_t len;

	assert_non_null(bytes);
	assert_non_null(pixels);
	for (uint32_t row = 0; row < height; row++)
		for (uint32_t column = 0; column < whole; column++) {
			uint32_t colour = host_colour(x + column, y + row, seed) & 0xffffff;

			memcpy(pixels + ((size_t)row * whole + column) * 4, &colour, 4);
		}
	if (!compressed)
		len = write_uncompressed(pixels, whole, height, bytes);
	else if (client.depth == 32)
		len = planar_encode(pixels, whole * 4u, whole, height, false, bytes);
	else
		len = interleaved_encode(pixels, whole * 4u, whole, height, client.depth, bytes);
	bytes = realloc(bytes, len); /* nothing behind them */
	assert_non_null(bytes);
	return (BITMAP_DATA){.destLeft = x,
		.destTop = y,
		.destRight = x + width - 1,
		.destBottom = y + height - 1,
		.width = whole,
		.height = height,
		.bitsPerPixel = client.depth,
		.compressed = compressed,
		.bitmapDataStream = bytes,
		.bitmapLength = (uint32_t)len};
}

static void
expect_beside(uint32_t x, uint32_t y, uint32_t width, uint32_t height, uint32_t seed)
{
	for (uint32_t row = y; row < y + height; row++)
		for (uint32_t column = x; column < x + width; column++)
			if (!is_on_banner(column, row))
				assert_int_equal(client.screen[row][column],
					at_depth(host_colour(column, row, seed)));
}

static void
expect_drawn(
	uint32_t x, uint32_t y, uint32_t width, uint32_t height, uint32_t padding, bool compressed)
{
	BITMAP_DATA data = host_draws(x, y, width, height, padding, compressed, 1);

	assert_int_equal(send_update(&data, 1), BENEATH_SENT);
	assert_int_equal(client.passed_count, 0);
	assert_true(banner_is_whole());
	expect_beside(x, y, width, height, 1);
	free(data.bitmapDataStream);
}

/* Tests */

static void
what_does_not_touch_it_passes_as_it_came(void **state)
{
	(void)state;
	client_begin(16);
	/* The next pixel at each side of it. */
	BITMAP_DATA data[] = {
		host_draws(36, 90, 64, 64, 0, true, 1),
		host_draws(250, 90, 64, 64, 0, true, 2),
		host_draws(120, 26, 64, 64, 0, true, 3),
		host_draws(120, 160, 64, 64, 0, true, 4),
	};

	assert_int_equal(send_update(data, ARRAY_SIZE(data)), BENEATH_SENT);
	assert_int_equal(client.passed_count, ARRAY_SIZE(data));
	assert_int_equal(client.drawn_count, 0);
	for (size_t i = 0; i < ARRAY_SIZE(data); i++) {
		assert_ptr_equal(client.passed[i], &data[i]);
		free(data[i].bitmapDataStream);
	}
}

static void
what_touches_it_has_it_over_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(depths); i++)
		for (uint32_t y = 27; y < 160; y += 12)
			for (uint32_t x = 37; x < 250; x += 21) {
				client_begin(depths[i]);
				expect_drawn(x, y, 64, 64, 0, true);
				client_begin(depths[i]);
				expect_drawn(x, y, 64, 64, 0, false);
			}
}

static void
what_is_larger_than_it_lies_around_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(depths); i++) {
		client_begin(depths[i]);
		expect_drawn(10, 20, 380, 270, 0, false);
	}
}

static void
columns_that_nobody_shows_are_not_drawn(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(depths); i++) {
		client_begin(depths[i]);
		expect_drawn(80, 140, 61, 40, 3, true);
		assert_int_equal(client.screen[170][141], 0);
		client_begin(depths[i]);
		expect_drawn(80, 140, 61, 40, 3, false);
		assert_int_equal(client.screen[170][141], 0);
	}
}

/* A client that has lost its picture and asks for it has the banner again. */
static void
what_lies_beneath_is_the_banner_and_not_read(void **state)
{
	uint8_t nothing = 0;
	BITMAP_DATA data = {.destLeft = 128,
		.destTop = 96,
		.destRight = 191,
		.destBottom = 159,
		.width = 64,
		.height = 64,
		.compressed = TRUE,
		.bitmapDataStream = &nothing};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(depths); i++) {
		client_begin(depths[i]);
		client.watches = false;
		memset(client.screen, 0, sizeof(client.screen));
		data.bitsPerPixel = depths[i];
		assert_int_equal(send_update(&data, 1), BENEATH_SENT);
		assert_int_equal(client.drawn_count, 1);
		assert_int_equal(client.passed_count, 0);
		for (uint32_t y = 96; y < 160; y++)
			for (uint32_t x = 128; x < 192; x++)
				assert_int_equal(client.screen[y][x],
					banner_colour(x - banner.x, y - banner.y));
	}
}

static void
later_ones_lie_over_earlier_ones(void **state)
{
	(void)state;
	client_begin(16);
	BITMAP_DATA data[] = {
		host_draws(0, 0, 64, 64, 0, true, 1),
		host_draws(50, 60, 64, 64, 0, true, 2), /* touches */
		host_draws(40, 60, 32, 64, 0, true, 3),
		host_draws(40, 100, 64, 32, 0, true, 4), /* touches */
		host_draws(40, 110, 50, 10, 0, true, 5),
	};

	assert_int_equal(send_update(data, ARRAY_SIZE(data)), BENEATH_SENT);
	assert_int_equal(client.passed_count, 3);
	expect_beside(0, 0, 64, 60, 1);
	expect_beside(72, 60, 42, 40, 2);
	expect_beside(40, 60, 32, 40, 3);
	expect_beside(40, 100, 64, 10, 4);
	expect_beside(40, 110, 50, 10, 5);
	expect_beside(40, 120, 64, 12, 4);
	for (size_t i = 0; i < ARRAY_SIZE(data); i++)
		free(data[i].bitmapDataStream);
}

static void
what_cannot_be_read_passes_and_the_banner_is_wanted_again(void **state)
{
	uint8_t bytes[16] = {0};
	const BITMAP_DATA well = {.destLeft = 200,
		.destTop = 60,
		.destRight = 263,
		.destBottom = 123,
		.width = 64,
		.height = 64,
		.bitsPerPixel = 16,
		.bitmapDataStream = bytes,
		.bitmapLength = sizeof(bytes)};
	BITMAP_DATA data[7];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(data); i++)
		data[i] = well; /* 0: too short */
	data[1].compressed = TRUE;
	memset(bytes, 0xfb, sizeof(bytes)); /* no order */
	data[2].bitsPerPixel = 32;
	data[2].compressed = TRUE;
	data[3].bitsPerPixel = 8;
	data[4].width = 63; /* less than its place */
	data[5].width = data[5].height = 65535;
	data[5].compressed = TRUE;
	data[6].destRight = 150; /* left of its left side */
	data[6].destLeft = 160;
	for (size_t i = 0; i < ARRAY_SIZE(data); i++) {
		client_begin(16);
		client.watches = false;
		assert_int_equal(send_update(&data[i], 1), BENEATH_AGAIN);
		assert_int_equal(client.passed_count, 1);
		assert_ptr_equal(client.passed[0], &data[i]);
	}
}

static void
a_client_that_is_gone_is_said(void **state)
{
	(void)state;
	for (uint32_t left = 0; left < 4; left++) {
		client_begin(16);
		client.left = left;
		BITMAP_DATA data[] = {
			host_draws(0, 0, 64, 64, 0, true, 1),
			host_draws(50, 60, 64, 64, 0, true, 2),
			host_draws(0, 64, 64, 32, 0, true, 3),
		};

		assert_int_equal(send_update(data, ARRAY_SIZE(data)),
			left < 3 ? BENEATH_OVER : BENEATH_SENT);
		for (size_t i = 0; i < ARRAY_SIZE(data); i++)
			free(data[i].bitmapDataStream);
	}
}

static int
forget(void **state)
{
	(void)state;
	freerdp_settings_free(client.context.settings);
	client.context.settings = NULL;
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_does_not_touch_it_passes_as_it_came),
		cmocka_unit_test(what_touches_it_has_it_over_it),
		cmocka_unit_test(what_is_larger_than_it_lies_around_it),
		cmocka_unit_test(columns_that_nobody_shows_are_not_drawn),
		cmocka_unit_test(what_lies_beneath_is_the_banner_and_not_read),
		cmocka_unit_test(later_ones_lie_over_earlier_ones),
		cmocka_unit_test(what_cannot_be_read_passes_and_the_banner_is_wanted_again),
		cmocka_unit_test(a_client_that_is_gone_is_said),
	};

	primitives_set_hints(PRIMITIVES_ONLY_CPU);
	return cmocka_run_group_tests(tests, NULL, forget);
}
