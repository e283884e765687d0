/* See beneath.h. MS-RDPBCGR 2.2.9.1.1.3.1.2. */
#include "notice/beneath.h"

#include "base/cleanup.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <freerdp/codec/color.h>
#include <freerdp/codec/interleaved.h>
#include <freerdp/codec/planar.h>

#define TILE 64u

struct beneath {
	BITMAP_INTERLEAVED_CONTEXT *interleaved;
	BITMAP_PLANAR_CONTEXT *planar;
};

struct beneath *
beneath_new(void)
{
	struct beneath *beneath = calloc(1, sizeof(*beneath));

	if (beneath == NULL)
		return NULL;
	beneath->interleaved = bitmap_interleaved_context_new(FALSE);
	beneath->planar = freerdp_bitmap_planar_context_new(0, TILE, TILE);
	if (beneath->interleaved == NULL || beneath->planar == NULL) {
		beneath_free(beneath);
		return NULL;
	}
	return beneath;
}

void
beneath_free(struct beneath *beneath)
{
	if (beneath == NULL)
		return;
	bitmap_interleaved_context_free(beneath->interleaved);
	freerdp_bitmap_planar_context_free(beneath->planar);
	free(beneath);
}

/* Behind the last pixel on the desktop. A bitmap may be wider than its place: the rest is padding, which nobody shows. */
struct extent {
	uint32_t left, top, right, bottom;
};

static struct extent
extent_of(const BITMAP_DATA *data)
{
	return (struct extent){.left = data->destLeft,
		.top = data->destTop,
		.right = data->destRight + 1,
		.bottom = data->destBottom + 1};
}

static struct extent
extent_of_banner(const struct banner *banner)
{
	return (struct extent){.left = banner->x,
		.top = banner->y,
		.right = banner->x + banner->width,
		.bottom = banner->y + banner->height};
}

static bool
touch(const struct extent *one, const struct extent *other)
{
	return one->left < other->right && one->right > other->left && one->top < other->bottom &&
	       one->bottom > other->top;
}

static bool
holds(const struct extent *outer, const struct extent *inner)
{
	return inner->left >= outer->left && inner->right <= outer->right &&
	       inner->top >= outer->top && inner->bottom <= outer->bottom;
}

/* Decoding: to the host's own pixels first. What libfreerdp makes of green at 16 bits is not what it was. */

static const uint32_t formats[33] = {[15] = PIXEL_FORMAT_RGB15,
	[16] = PIXEL_FORMAT_RGB16,
	[24] = PIXEL_FORMAT_BGR24,
	[32] = PIXEL_FORMAT_BGRX32};

static size_t
bytes_a_pixel(const BITMAP_DATA *data)
{
	return (data->bitsPerPixel + 7) / 8;
}

static bool
decode(struct beneath *beneath, const BITMAP_DATA *data, uint8_t *native)
{
	uint32_t format = formats[data->bitsPerPixel];
	uint32_t row = (uint32_t)(data->width * bytes_a_pixel(data));

	if (data->bitsPerPixel < 32)
		return interleaved_decompress(beneath->interleaved, data->bitmapDataStream,
			data->bitmapLength, data->width, data->height, data->bitsPerPixel, native,
			format, row, 0, 0, data->width, data->height, NULL);
	return freerdp_bitmap_planar_context_reset(beneath->planar, data->width, data->height) &&
	       planar_decompress(beneath->planar, data->bitmapDataStream, data->bitmapLength,
		       data->width, data->height, native, format, row, 0, 0, data->width,
		       data->height, TRUE);
}

/* Blue, green, red, and interleaved_colour makes the same of it again. */
static void
unfold(uint32_t depth, const uint8_t *from, uint8_t *to)
{
	uint32_t pixel = depth <= 16 ? from[0] | (uint32_t)from[1] << 8 : 0;
	uint32_t green_bits = depth - 10;

	if (depth > 16) {
		memcpy(to, from, 3);
		return;
	}
	to[0] = (uint8_t)((pixel & 0x1f) << 3);
	to[1] = (uint8_t)((pixel >> 5 & ((1u << green_bits) - 1)) << (8 - green_bits));
	to[2] = (uint8_t)((pixel >> (5 + green_bits) & 0x1f) << 3);
}

/* In rows from the top; those of `native` are from the bottom if it was not compressed. */
static void
unfold_all(const BITMAP_DATA *data, const uint8_t *native, uint8_t *pixels)
{
	size_t each = bytes_a_pixel(data);

	for (size_t y = 0; y < data->height; y++) {
		size_t row = data->compressed ? y : data->height - 1 - y;
		const uint8_t *from = native + row * data->width * each;

		for (size_t x = 0; x < data->width; x++, from += each, pixels += 4)
			unfold(data->bitsPerPixel, from, pixels);
	}
}

static bool
is_readable(const BITMAP_DATA *data, const struct extent *place)
{
	uint32_t depth = data->bitsPerPixel;

	return (depth == 15 || depth == 16 || depth == 24 || depth == 32) &&
	       place->right > place->left && place->bottom > place->top &&
	       data->width >= place->right - place->left &&
	       data->height >= place->bottom - place->top &&
	       (uint64_t)data->width * data->height <= BENEATH_PIXELS_MOST;
}

/* All zero first: what a decoder leaves out shows nothing else of this process. NULL: it cannot be read. */
static uint8_t *
pixels_of(struct beneath *beneath, const BITMAP_DATA *data, const struct extent *place)
{
	auto_free uint8_t *native = NULL, *pixels = NULL;
	size_t count = (size_t)data->width * data->height;

	if (!is_readable(data, place))
		return NULL;
	if (!data->compressed && data->bitmapLength < count * bytes_a_pixel(data))
		return NULL;
	pixels = calloc(count, 4);
	if (pixels == NULL)
		return NULL;
	if (data->compressed) {
		native = calloc(count, bytes_a_pixel(data));
		if (native == NULL || !decode(beneath, data, native))
			return NULL;
	}
	unfold_all(data, native != NULL ? native : data->bitmapDataStream, pixels);
	return take_pointer(&pixels);
}

/* Sending */

static uint32_t
larger(uint32_t one, uint32_t other)
{
	return one > other ? one : other;
}

static uint32_t
smaller(uint32_t one, uint32_t other)
{
	return one < other ? one : other;
}

static void
lay_over(const struct banner *banner, const struct extent *place, uint8_t *pixels, size_t stride)
{
	struct extent over = extent_of_banner(banner);
	uint32_t left = larger(over.left, place->left), right = smaller(over.right, place->right);
	uint32_t top = larger(over.top, place->top), bottom = smaller(over.bottom, place->bottom);

	for (uint32_t y = top; y < bottom; y++)
		memcpy(pixels + (y - place->top) * stride + (left - place->left) * 4u,
			banner->pixels +
				((y - over.top) * (size_t)banner->width + left - over.left) * 4u,
			(right - left) * 4u);
}

/* `pixels` are those at the place's upper left corner. */
static bool
send_place(const struct beneath_way *way, const struct extent *place, const uint8_t *pixels,
	size_t stride)
{
	for (uint32_t y = place->top; y < place->bottom; y += TILE)
		for (uint32_t x = place->left; x < place->right; x += TILE) {
			const struct picture picture = {
				.pixels =
					pixels + (y - place->top) * stride + (x - place->left) * 4u,
				.stride = stride,
				.left = x,
				.top = y};
			const struct picture_rectangle tile = {
				.width = (uint16_t)smaller(TILE, place->right - x),
				.height = (uint16_t)smaller(TILE, place->bottom - y)};

			if (!pictures_send(way->pictures, way->context, &picture, &tile, 1))
				return false;
		}
	return true;
}

static enum beneath_result
send_one(struct beneath *beneath, const struct beneath_way *way, const struct banner *banner,
	const BITMAP_DATA *data)
{
	const struct extent place = extent_of(data), over = extent_of_banner(banner);
	size_t stride = banner->width * 4u;
	auto_free uint8_t *pixels = NULL;
	bool sent;

	if (place.right > place.left && place.bottom > place.top && holds(&over, &place))
		return send_place(way, &place,
			       banner->pixels + (place.top - over.top) * stride +
				       (place.left - over.left) * 4u,
			       stride)
			       ? BENEATH_SENT
			       : BENEATH_OVER;
	pixels = pixels_of(beneath, data, &place);
	if (pixels == NULL)
		return BENEATH_AGAIN;
	stride = data->width * 4u;
	lay_over(banner, &place, pixels, stride);
	sent = send_place(way, &place, pixels, stride);
	return sent ? BENEATH_SENT : BENEATH_OVER;
}

/* Those from `from` to before `until`, as they came. */
static bool
pass(const struct beneath_way *way, const BITMAP_UPDATE *update, uint32_t from, uint32_t until)
{
	BITMAP_UPDATE part = *update;

	if (from == until)
		return true;
	part.rectangles = update->rectangles + from;
	part.number = until - from;
	return way->pass(way->context, &part);
}

enum beneath_result
beneath_send(struct beneath *beneath, const struct beneath_way *way, const struct banner *banner,
	const BITMAP_UPDATE *update)
{
	const struct extent over = extent_of_banner(banner);
	enum beneath_result result = BENEATH_SENT, one;
	uint32_t passed = 0;

	for (uint32_t i = 0; i < update->number; i++) {
		const struct extent place = extent_of(&update->rectangles[i]);

		if (!touch(&place, &over))
			continue;
		if (!pass(way, update, passed, i))
			return BENEATH_OVER;
		one = send_one(beneath, way, banner, &update->rectangles[i]);
		if (one == BENEATH_OVER)
			return BENEATH_OVER;
		/* It goes with those behind it. */
		passed = one == BENEATH_AGAIN ? i : i + 1;
		result = one == BENEATH_AGAIN ? one : result;
	}
	return pass(way, update, passed, update->number) ? result : BENEATH_OVER;
}
