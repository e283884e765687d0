/* Which pixels have changed: a page is painted only where something was damaged, and of that only tiles that look
 * different from what was last reported are reported.
 */
#include "greeter/screen_private.h"

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
tiles_new(struct screen *screen)
{
	size_t count;

	screen->stride = screen->setup.width * 4u;
	screen->tile_columns = (screen->setup.width + TILE - 1u) / TILE;
	screen->tile_rows = (screen->setup.height + TILE - 1u) / TILE;
	count = screen->tile_columns * screen->tile_rows;
	screen->pixels = calloc(screen->setup.height, screen->stride);
	screen->tiles = calloc(count, sizeof(*screen->tiles));
	screen->sums = calloc(count, sizeof(*screen->sums));
	if (screen->pixels == NULL || screen->tiles == NULL || screen->sums == NULL)
		return -ENOMEM;
	memset(screen->tiles, TILE_UNKNOWN, count);
	tiles_damage_all(screen);
	return 0;
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
tiles_damage(struct screen *screen, const struct box *box)
{
	size_t left, right, top, bottom;

	if (box->width <= 0 || box->height <= 0)
		return;
	span(box->x, box->width, screen->tile_columns, &left, &right);
	span(box->y, box->height, screen->tile_rows, &top, &bottom);
	for (size_t row = top; row < bottom; row++) {
		for (size_t column = left; column < right; column++)
			screen->tiles[row * screen->tile_columns + column] |= TILE_DAMAGED;
	}
	screen->damaged = true;
}

void
tiles_damage_part(struct screen *screen, enum part part)
{
	int ring = screen_units(screen, 4);
	struct box box;

	if (part >= PART_COUNT || screen->parts[part].width == 0)
		return;
	box = screen->parts[part];
	box = (struct box){box.x - ring, box.y - ring, box.width + 2 * ring, box.height + 2 * ring};
	tiles_damage(screen, &box);
}

void
tiles_damage_all(struct screen *screen)
{
	const struct box all = {0, 0, screen->setup.width, screen->setup.height};

	tiles_damage(screen, &all);
}

bool
tiles_touch(const struct screen *screen, const struct box *box)
{
	size_t left, right, top, bottom;

	if (box->width <= 0 || box->height <= 0)
		return false;
	span(box->x, box->width, screen->tile_columns, &left, &right);
	span(box->y, box->height, screen->tile_rows, &top, &bottom);
	for (size_t row = top; row < bottom; row++) {
		for (size_t column = left; column < right; column++) {
			if ((screen->tiles[row * screen->tile_columns + column] & TILE_DAMAGED) !=
				0)
				return true;
		}
	}
	return false;
}

static struct screen_rectangle
rectangle_of(const struct screen *screen, size_t index)
{
	uint16_t x = (uint16_t)(index % screen->tile_columns * TILE);
	uint16_t y = (uint16_t)(index / screen->tile_columns * TILE);
	uint16_t right = (uint16_t)(screen->setup.width - x);
	uint16_t below = (uint16_t)(screen->setup.height - y);

	return (struct screen_rectangle){
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
sum_of(const struct screen *screen, const struct screen_rectangle *tile)
{
	uint64_t sums[4] = {0x9e3779b97f4a7c15, 0xbf58476d1ce4e5b9, 0x94d049bb133111eb, 1};
	size_t bytes = tile->width * 4u;

	for (uint32_t row = 0; row < tile->height; row++) {
		const uint8_t *at =
			screen->pixels + (tile->y + row) * screen->stride + tile->x * 4u;
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
paint_damage(struct screen *screen)
{
	size_t count = screen->tile_columns * screen->tile_rows;
	cairo_surface_t *surface = cairo_image_surface_create_for_data(screen->pixels,
		CAIRO_FORMAT_RGB24, screen->setup.width, screen->setup.height, (int)screen->stride);
	cairo_t *cairo = cairo_create(surface);

	for (size_t i = 0; i < count; i++) {
		if ((screen->tiles[i] & TILE_DAMAGED) != 0) {
			const struct screen_rectangle tile = rectangle_of(screen, i);

			cairo_rectangle(cairo, tile.x, tile.y, tile.width, tile.height);
		}
	}
	cairo_clip(cairo);
	paint_parts(screen, cairo);
	cairo_destroy(cairo);
	cairo_surface_flush(surface);
	cairo_surface_destroy(surface);
	screen->damaged = false;
}

/* Damaged tiles that look different are to be reported. */
static void
compare_damage(struct screen *screen)
{
	size_t count = screen->tile_columns * screen->tile_rows;

	for (size_t i = 0; i < count; i++) {
		const struct screen_rectangle tile = rectangle_of(screen, i);
		uint64_t sum;

		if ((screen->tiles[i] & TILE_DAMAGED) == 0)
			continue;
		sum = sum_of(screen, &tile);
		if (sum != screen->sums[i] || (screen->tiles[i] & TILE_UNKNOWN) != 0)
			screen->tiles[i] |= TILE_REPORT;
		screen->tiles[i] &= TILE_REPORT;
		screen->sums[i] = sum;
	}
	screen->rest = true;
}

size_t
screen_draw(struct screen *screen, struct screen_rectangle *ret_tiles, size_t most)
{
	size_t count = screen->tile_columns * screen->tile_rows, found = 0;

	if (screen->damaged) {
		paint_damage(screen);
		compare_damage(screen);
	}
	if (!screen->rest)
		return 0;
	for (size_t i = 0; i < count && found < most; i++) {
		if ((screen->tiles[i] & TILE_REPORT) == 0)
			continue;
		screen->tiles[i] = 0;
		ret_tiles[found++] = rectangle_of(screen, i);
	}
	screen->rest = found == most;
	return found;
}

/* What is on the picture is right; the other end has lost it. */
void
screen_redraw(struct screen *screen)
{
	size_t count = screen->tile_columns * screen->tile_rows;

	for (size_t i = 0; i < count; i++)
		screen->tiles[i] |= TILE_REPORT;
	screen->rest = true;
}

const uint8_t *
screen_pixels(const struct screen *screen, size_t *ret_stride)
{
	*ret_stride = screen->stride;
	return screen->pixels;
}
