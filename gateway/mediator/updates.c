#include "mediator/updates.h"

#include "base/cleanup.h"
#include "picture/pictures.h"

#define UPDATE_HEADERS sizeof(uint16_t[2]) /* updateType, numberRectangles */

static uint32_t
count_that_fit(const BITMAP_DATA *rectangles, uint32_t count, size_t most)
{
	size_t size = UPDATE_HEADERS;
	uint32_t fit = 0;

	for (; fit < count; fit++) {
		size += PICTURES_HEADERS_MOST + rectangles[fit].bitmapLength;
		if (size > most)
			break;
	}
	return fit;
}

/* 0: it cannot be taken apart. */
static uint32_t
rows_that_fit(const BITMAP_DATA *rectangle, size_t most)
{
	size_t headers = UPDATE_HEADERS + PICTURES_HEADERS_MOST;

	if (rectangle->compressed || rectangle->height == 0 || rectangle->bitmapLength == 0 ||
		rectangle->bitmapLength % rectangle->height != 0 || most < headers)
		return 0;
	return (uint32_t)((most - headers) / (rectangle->bitmapLength / rectangle->height));
}

/* The rows stand from the lowest to the highest (2.2.9.1.1.3.1.2.2); the lowest may be below what is to be shown. */
static BOOL
write_strips(rdpContext *context, const BITMAP_UPDATE *update, size_t most, update_writer writer)
{
	const BITMAP_DATA *whole = update->rectangles;
	uint32_t rows = rows_that_fit(whole, most);
	uint32_t row_size = rows == 0 ? 0 : whole->bitmapLength / whole->height;
	BITMAP_DATA strip = *whole;
	BITMAP_UPDATE part = *update;

	if (rows == 0)
		return writer(context, update);
	part.rectangles = &strip;
	for (uint32_t row = 0; row < whole->height; row += strip.height) {
		uint32_t left = whole->height - row;

		strip.height = left < rows ? left : rows;
		strip.bitmapLength = strip.height * row_size;
		strip.bitmapDataStream =
			whole->bitmapDataStream + (size_t)(left - strip.height) * row_size;
		strip.destTop = whole->destTop + row;
		strip.destBottom = strip.destTop + strip.height - 1;
		if (strip.destBottom > whole->destBottom)
			strip.destBottom = whole->destBottom;
		if (strip.destTop <= strip.destBottom && !writer(context, &part))
			return FALSE;
	}
	return TRUE;
}

BOOL
updates_write(rdpContext *context, const BITMAP_UPDATE *update, size_t most, update_writer writer)
{
	BITMAP_UPDATE part = *update;
	uint32_t left = update->number;

	while (left > 0) {
		uint32_t fit = count_that_fit(part.rectangles, left, most);

		part.number = fit > 0 ? fit : 1;
		if (fit > 0 ? !writer(context, &part) : !write_strips(context, &part, most, writer))
			return FALSE;
		part.rectangles += part.number;
		left -= part.number;
	}
	return TRUE;
}
