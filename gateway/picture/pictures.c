/* See pictures.h. In the greeter and in the player; nothing here comes from a client but the colour depth. MS-RDPBCGR 2.2.9.1.1.3.1.2. */
#include "picture/pictures.h"

#include "base/cleanup.h"
#include "picture/interleaved.h"
#include "picture/planar.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <freerdp/update.h>

#define TILE 64
#define TILE_ROW (TILE * 4)
#define TILE_BYTES (TILE * TILE_ROW)
#define ROOM_BYTES \
	(PLANAR_BYTES_MOST > INTERLEAVED_BYTES_MOST ? PLANAR_BYTES_MOST : INTERLEAVED_BYTES_MOST)
#define BITMAP_COMPRESSION 0x0001 /* 2.2.9.1.1.3.1.2.2 */
#define UPDATE_TILES 32
/* What a client without multifragment updates may be sent in one: 16256, less the headers of an update's tiles. */
#define UPDATE_BYTES (16256 - 64 - UPDATE_TILES * PICTURES_HEADERS_MOST)

struct pictures {
	bool skip_alpha;
	BITMAP_DATA bitmaps[UPDATE_TILES];
	uint32_t filled, bytes;
	uint8_t tile[TILE_BYTES]; /* one, copied out of the picture */
	uint8_t room[UPDATE_TILES][ROOM_BYTES];
};

struct pictures *
pictures_new(bool skip_alpha)
{
	struct pictures *pictures = calloc(1, sizeof(*pictures));

	if (pictures != NULL)
		pictures->skip_alpha = skip_alpha;
	return pictures;
}

void
pictures_free(struct pictures *pictures)
{
	free(pictures);
}

/* The rectangle's pixels in rows of TILE, the last column repeated up to a multiple of four. Returns that width. */
static uint32_t
copy_out(struct pictures *pictures, const struct picture *picture,
	const struct picture_rectangle *rectangle)
{
	uint32_t width = (rectangle->width + 3u) & ~3u;

	for (uint32_t row = 0; row < rectangle->height; row++) {
		uint8_t *to = pictures->tile + (size_t)row * TILE_ROW;

		memcpy(to,
			picture->pixels + (rectangle->y + row) * picture->stride +
				rectangle->x * 4u,
			rectangle->width * 4u);
		for (uint32_t column = rectangle->width; column < width; column++)
			memcpy(to + column * 4u, to + (rectangle->width - 1u) * 4u, 4);
	}
	return width;
}

/* Returns the length, 0 at depths that there are no pictures for. */
static uint32_t
compress(struct pictures *pictures, uint32_t width, uint32_t height, uint32_t depth,
	uint8_t *ret_bytes)
{
	if (depth == 32)
		return (uint32_t)planar_encode(
			pictures->tile, TILE_ROW, width, height, !pictures->skip_alpha, ret_bytes);
	if (depth == 15 || depth == 16 || depth == 24)
		return (uint32_t)interleaved_encode(
			pictures->tile, TILE_ROW, width, height, depth, ret_bytes);
	return 0;
}

static bool
flush(struct pictures *pictures, rdpContext *context)
{
	const BITMAP_UPDATE update = {.number = pictures->filled,
		.rectangles = pictures->bitmaps,
		.skipCompression = TRUE};
	bool ok = pictures->filled == 0 || context->update->BitmapUpdate(context, &update);

	pictures->filled = pictures->bytes = 0;
	return ok;
}

static bool
add(struct pictures *pictures, rdpContext *context, const struct picture *picture,
	const struct picture_rectangle *rectangle)
{
	uint32_t depth = freerdp_settings_get_uint32(context->settings, FreeRDP_ColorDepth);
	uint32_t bytes_a_pixel = (depth + 7) / 8;
	uint32_t width = copy_out(pictures, picture, rectangle);
	uint8_t *room = pictures->room[pictures->filled];
	uint32_t len = compress(pictures, width, rectangle->height, depth, room);

	if (len == 0)
		return false;
	/* What is there goes first; this tile is then the first of the next update. */
	if (pictures->bytes + len > UPDATE_BYTES && pictures->filled > 0) {
		if (!flush(pictures, context))
			return false;
		room = memmove(pictures->room[0], room, len);
	}
	pictures->bitmaps[pictures->filled++] = (BITMAP_DATA){
		.destLeft = picture->left + rectangle->x,
		.destTop = picture->top + rectangle->y,
		.destRight = picture->left + rectangle->x + rectangle->width - 1u,
		.destBottom = picture->top + rectangle->y + rectangle->height - 1u,
		.width = width,
		.height = rectangle->height,
		.bitsPerPixel = depth,
		.compressed = TRUE,
		.flags = BITMAP_COMPRESSION,
		.bitmapDataStream = room,
		.bitmapLength = len,
		.cbScanWidth = width * bytes_a_pixel,
		.cbUncompressedSize = width * rectangle->height * bytes_a_pixel,
		.cbCompMainBodySize = len,
	};
	pictures->bytes += len;
	return pictures->filled < UPDATE_TILES || flush(pictures, context);
}

bool
pictures_send(struct pictures *pictures, rdpContext *context, const struct picture *picture,
	const struct picture_rectangle *rectangles, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		assert(rectangles[i].width > 0 && rectangles[i].width <= TILE);
		assert(rectangles[i].height > 0 && rectangles[i].height <= TILE);
		if (!add(pictures, context, picture, &rectangles[i]))
			return false;
	}
	return flush(pictures, context);
}
