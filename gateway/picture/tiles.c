/* See tiles.h. */
#include "picture/tiles.h"

#include "base/cleanup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TILE 64

enum tile {
	TILE_DAMAGED = 1, /* to be painted */
	TILE_REPORT = 2,  /* has changed and nobody knows yet */
	TILE_UNKNOWN = 4, /* is reported whatever it looks like */
};

int
tiles_init(struct tiles *tiles, uint16_t width, uint16_t height)
{
	size_t count;

	*tiles = (struct tiles){.width = width, .height = height, .stride = width * 4u};
	tiles->columns = (width + TILE - 1u) / TILE;
	tiles->rows = (height + TILE - 1u) / TILE;
	count = tiles->columns * tiles->rows;
	tiles->pixels = calloc(height, tiles->stride);
	tiles->marks = calloc(count, sizeof(*tiles->marks));
	tiles->sums = calloc(count, sizeof(*tiles->sums));
	if (tiles->pixels == NULL || tiles->marks == NULL || tiles->sums == NULL)
		return -ENOMEM;
	memset(tiles->marks, TILE_UNKNOWN, count);
	tiles_damage_all(tiles);
	return 0;
}

void
tiles_done(struct tiles *tiles)
{
	free(take_pointer(&tiles->pixels));
	free(take_pointer(&tiles->marks));
	free(take_pointer(&tiles->sums));
}

/* First and one behind the last tile of a span of pixels. */
static void
span(int start, int length, size_t count, size_t *ret_from, size_t *ret_to)
{
	int end = start + length;

	*ret_from = start > 0 ? (size_t)start / TILE : 0;
	*ret_to = end > 0 ? ((size_t)end + TILE - 1) / TILE : 0;
	if (*ret_to > count)
		*ret_to = count;
}

void
tiles_damage(struct tiles *tiles, const struct box *box)
{
	size_t left, right, top, bottom;

	if (box->width <= 0 || box->height <= 0)
		return;
	span(box->x, box->width, tiles->columns, &left, &right);
	span(box->y, box->height, tiles->rows, &top, &bottom);
	for (size_t row = top; row < bottom; row++) {
		for (size_t column = left; column < right; column++)
			tiles->marks[row * tiles->columns + column] |= TILE_DAMAGED;
	}
	tiles->damaged = true;
}

void
tiles_damage_all(struct tiles *tiles)
{
	const struct box all = {0, 0, tiles->width, tiles->height};

	tiles_damage(tiles, &all);
}

bool
tiles_touch(const struct tiles *tiles, const struct box *box)
{
	size_t left, right, top, bottom;

	if (box->width <= 0 || box->height <= 0)
		return false;
	span(box->x, box->width, tiles->columns, &left, &right);
	span(box->y, box->height, tiles->rows, &top, &bottom);
	for (size_t row = top; row < bottom; row++) {
		for (size_t column = left; column < right; column++) {
			if ((tiles->marks[row * tiles->columns + column] & TILE_DAMAGED) != 0)
				return true;
		}
	}
	return false;
}

static struct picture_rectangle
rectangle_of(const struct tiles *tiles, size_t index)
{
	uint16_t x = (uint16_t)(index % tiles->columns * TILE);
	uint16_t y = (uint16_t)(index / tiles->columns * TILE);
	uint16_t right = (uint16_t)(tiles->width - x);
	uint16_t below = (uint16_t)(tiles->height - y);

	return (struct picture_rectangle){
		x, y, right < TILE ? right : TILE, below < TILE ? below : TILE};
}

static uint64_t
mix(uint64_t sum, uint64_t value)
{
	sum ^= value;
	return (sum << 29 | sum >> 35) * 0x9fb21c651e98df25;
}

/* Tells pictures of a tile apart; nothing more hangs on it. Four sums side by side, since each waits for its own last product. */
static uint64_t
sum_of(const struct tiles *tiles, const struct picture_rectangle *tile)
{
	uint64_t sums[4] = {0x9e3779b97f4a7c15, 0xbf58476d1ce4e5b9, 0x94d049bb133111eb, 1};
	size_t bytes = tile->width * 4u;

	for (uint32_t row = 0; row < tile->height; row++) {
		const uint8_t *at = tiles->pixels + (tile->y + row) * tiles->stride + tile->x * 4u;
		uint64_t pixels[4];
		size_t done = 0;

		for (; bytes - done >= sizeof(pixels); done += sizeof(pixels)) {
			memcpy(pixels, at + done, sizeof(pixels));
			for (size_t i = 0; i < 4; i++)
				sums[i] = mix(sums[i], pixels[i]);
		}
		if (done < bytes) {
			memset(pixels, 0, sizeof(pixels));
			memcpy(pixels, at + done, bytes - done);
			for (size_t i = 0; i < 4; i++)
				sums[i] = mix(sums[i], pixels[i]);
		}
	}
	return mix(mix(mix(sums[0], sums[1]), sums[2]), sums[3]);
}

static void
paint_damage(struct tiles *tiles, tiles_painter *paint, void *owner)
{
	size_t count = tiles->columns * tiles->rows;
	cairo_surface_t *surface = cairo_image_surface_create_for_data(
		tiles->pixels, CAIRO_FORMAT_RGB24, tiles->width, tiles->height, (int)tiles->stride);
	cairo_t *cairo = cairo_create(surface);

	for (size_t i = 0; i < count; i++) {
		if ((tiles->marks[i] & TILE_DAMAGED) != 0) {
			const struct picture_rectangle tile = rectangle_of(tiles, i);

			cairo_rectangle(cairo, tile.x, tile.y, tile.width, tile.height);
		}
	}
	cairo_clip(cairo);
	paint(owner, cairo);
	cairo_destroy(cairo);
	cairo_surface_flush(surface);
	cairo_surface_destroy(surface);
	tiles->damaged = false;
}

/* Damaged tiles that look different are to be reported. */
static void
compare_damage(struct tiles *tiles)
{
	size_t count = tiles->columns * tiles->rows;

	for (size_t i = 0; i < count; i++) {
		const struct picture_rectangle tile = rectangle_of(tiles, i);
		uint64_t sum;

		if ((tiles->marks[i] & TILE_DAMAGED) == 0)
			continue;
		sum = sum_of(tiles, &tile);
		if (sum != tiles->sums[i] || (tiles->marks[i] & TILE_UNKNOWN) != 0)
			tiles->marks[i] |= TILE_REPORT;
		tiles->marks[i] &= TILE_REPORT;
		tiles->sums[i] = sum;
	}
	tiles->rest = true;
}

size_t
tiles_draw(struct tiles *tiles, tiles_painter *paint, void *owner,
	struct picture_rectangle *ret_tiles, size_t most)
{
	size_t count = tiles->columns * tiles->rows, found = 0;

	if (tiles->damaged) {
		paint_damage(tiles, paint, owner);
		compare_damage(tiles);
	}
	if (!tiles->rest)
		return 0;
	for (size_t i = 0; i < count && found < most; i++) {
		if ((tiles->marks[i] & TILE_REPORT) == 0)
			continue;
		tiles->marks[i] = 0;
		ret_tiles[found++] = rectangle_of(tiles, i);
	}
	tiles->rest = found == most;
	return found;
}

void
tiles_redraw(struct tiles *tiles)
{
	size_t count = tiles->columns * tiles->rows;

	for (size_t i = 0; i < count; i++)
		tiles->marks[i] |= TILE_REPORT;
	tiles->rest = true;
}
