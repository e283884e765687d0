/* See planar.h. A row is what it differs from the row below it (rows go from the bottom to the top), the first one is as it is. */
#include "picture/planar.h"

#include <assert.h>
#include <string.h>

/* formatHeader, 2.2.2.5.1 */
#define HEADER_RUNS 0x10
#define HEADER_NO_ALPHA 0x20

#define RAW_MOST 15u
#define RUN_LEAST 3u /* 1 and 2 in the lower half of a segment's head mean long runs */
#define RUN_MOST 47u

enum plane { PLANE_BLUE, PLANE_GREEN, PLANE_RED, PLANE_ALPHA, PLANE_COUNT };

struct planar {
	const uint8_t *pixels;
	size_t stride;
	uint32_t width, height;
	uint64_t alike; /* a bit for each row: it is as the one before */
	uint8_t *bytes;
	size_t len;
};

static void
put(struct planar *planar, uint32_t byte)
{
	planar->bytes[planar->len++] = (uint8_t)byte;
}

/* What is left for the next segment is no run, or one that is long enough to be one. */
static uint32_t
part_of_run(uint32_t run, uint32_t most)
{
	uint32_t part = run < most ? run : most;

	return run > part && run - part < RUN_LEAST ? part - RUN_LEAST : part;
}

static void
put_runs(struct planar *planar, uint32_t run)
{
	while (run > 0) {
		uint32_t part = part_of_run(run, RUN_MOST);

		if (part >= 32)
			put(planar, (part - 32) << 4 | 2);
		else if (part >= 16)
			put(planar, (part - 16) << 4 | 1);
		else
			put(planar, part);
		run -= part;
	}
}

/* Values as they are, and behind them `run` times the last one: of the row, or 0 where it has none yet. */
static void
put_segments(struct planar *planar, const uint8_t *values, uint32_t count, uint32_t run)
{
	while (count > 0) {
		uint32_t raw = count < RAW_MOST ? count : RAW_MOST;
		uint32_t part = raw == count && run > 0 ? part_of_run(run, 15) : 0;

		put(planar, raw << 4 | part);
		memcpy(planar->bytes + planar->len, values, raw);
		planar->len += raw;
		values += raw;
		count -= raw;
		run -= part;
	}
	put_runs(planar, run);
}

static void
put_row(struct planar *planar, const uint8_t *values)
{
	uint32_t raw = 0, at = 0; /* values that are in no run begin at `raw` */

	while (at < planar->width) {
		uint8_t last = at > 0 ? values[at - 1] : 0;
		uint32_t end = at;

		while (end < planar->width && values[end] == last)
			end++;
		if (end - at < RUN_LEAST) {
			at++;
			continue;
		}
		put_segments(planar, values + raw, at - raw, end - at);
		raw = at = end;
	}
	put_segments(planar, values + raw, at - raw, 0);
}

static const uint8_t *
row_of(const struct planar *planar, uint32_t from_below)
{
	return planar->pixels + (planar->height - 1 - from_below) * planar->stride;
}

/* Signs in the lowest bit, so that small differences are small numbers. */
static uint8_t
difference(uint8_t one, uint8_t other)
{
	uint8_t by = (uint8_t)(one - other);

	return (uint8_t)(by < 0x80 ? by << 1 : (uint8_t)~by << 1 | 1);
}

/* Most rows of a screen, seen once for all planes. */
static void
find_rows_alike(struct planar *planar)
{
	for (uint32_t row = 1; row < planar->height; row++)
		if (memcmp(row_of(planar, row), row_of(planar, row - 1), planar->width * 4u) == 0)
			planar->alike |= UINT64_C(1) << row;
}

static void
put_row_alike(struct planar *planar)
{
	static const uint8_t nothing[RUN_LEAST];

	if (planar->width < RUN_LEAST)
		put_segments(planar, nothing, planar->width, 0);
	else
		put_runs(planar, planar->width);
}

static void
put_plane(struct planar *planar, enum plane plane)
{
	uint8_t values[PLANAR_SIDE_MOST];

	for (uint32_t row = 0; row < planar->height; row++) {
		const uint8_t *from = row_of(planar, row) + plane;
		const uint8_t *before = row > 0 ? row_of(planar, row - 1) + plane : NULL;

		if ((planar->alike >> row & 1) != 0) {
			put_row_alike(planar);
			continue;
		}
		for (uint32_t i = 0; i < planar->width; i++)
			values[i] = before != NULL ? difference(from[4 * i], before[4 * i])
						   : from[4 * i];
		put_row(planar, values);
	}
}

static void
put_alpha(struct planar *planar, bool runs)
{
	uint8_t values[PLANAR_SIDE_MOST];

	for (uint32_t row = 0; row < planar->height; row++) {
		memset(values, runs && row > 0 ? 0 : 0xff, planar->width);
		if (runs) {
			put_row(planar, values);
		} else {
			memcpy(planar->bytes + planar->len, values, planar->width);
			planar->len += planar->width;
		}
	}
}

static void
put_plain_plane(struct planar *planar, enum plane plane)
{
	for (uint32_t row = 0; row < planar->height; row++) {
		const uint8_t *from = row_of(planar, row) + plane;

		for (uint32_t i = 0; i < planar->width; i++)
			put(planar, from[4 * i]);
	}
}

/* What runs would make longer. Behind it, and only there, is a byte of padding. */
static void
encode_plain(struct planar *planar, bool alpha)
{
	planar->len = 0;
	put(planar, alpha ? 0 : HEADER_NO_ALPHA);
	if (alpha)
		put_alpha(planar, false);
	for (enum plane plane = PLANE_ALPHA; plane-- > 0;)
		put_plain_plane(planar, plane);
	put(planar, 0);
}

size_t
planar_encode(const uint8_t *pixels, size_t stride, uint32_t width, uint32_t height, bool alpha,
	uint8_t *ret_bytes)
{
	struct planar planar = {.pixels = pixels,
		.stride = stride,
		.width = width,
		.height = height,
		.bytes = ret_bytes};

	assert(width > 0 && width <= PLANAR_SIDE_MOST && height > 0 && height <= PLANAR_SIDE_MOST);
	find_rows_alike(&planar);
	put(&planar, HEADER_RUNS | (alpha ? 0 : HEADER_NO_ALPHA));
	if (alpha)
		put_alpha(&planar, true);
	for (enum plane plane = PLANE_ALPHA; plane-- > 0;)
		put_plane(&planar, plane);
	if (planar.len > 2 + (size_t)width * height * (alpha ? 4 : 3))
		encode_plain(&planar, alpha);
	assert(planar.len <= PLANAR_BYTES_MOST);
	return planar.len;
}
