/* See pictures.h. In the greeter; nothing here comes from a client but the colour depth. MS-RDPBCGR 2.2.9.1.1.3.1.2. */
#include "greeter/pictures.h"

#include "base/cleanup.h"
#include "greeter/interleaved.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <freerdp/codec/planar.h>
#include <freerdp/update.h>

#define TILE 64
#define TILE_ROW (TILE * 4)
#define TILE_BYTES (TILE * TILE_ROW)
#define ROOM_BYTES (TILE_BYTES + 256) /* what does not compress becomes longer by its headers */
#define UPDATE_TILES 32
/* What a client without multifragment updates may be sent in one: 16256, less the headers of an update's tiles. */
#define UPDATE_BYTES (16256 - 64 - UPDATE_TILES * 26)

struct pictures {
	BITMAP_PLANAR_CONTEXT *planar,
		*plain; /* with run lengths; without, for what is longer by them */
	BITMAP_DATA bitmaps[UPDATE_TILES];
	uint32_t filled, bytes;
	uint8_t tile[TILE_BYTES]; /* one, copied out of the picture */
	uint8_t room[UPDATE_TILES][ROOM_BYTES];
};

struct pictures *
pictures_new(bool skip_alpha)
{
	uint32_t flags = skip_alpha ? PLANAR_FORMAT_HEADER_NA : 0;
	struct pictures *pictures = calloc(1, sizeof(*pictures));

	if (pictures == NULL)
		return NULL;
	pictures->planar =
		freerdp_bitmap_planar_context_new(flags | PLANAR_FORMAT_HEADER_RLE, TILE, TILE);
	pictures->plain = freerdp_bitmap_planar_context_new(flags, TILE, TILE);
	if (pictures->planar == NULL || pictures->plain == NULL) {
		pictures_free(pictures);
		return NULL;
	}
	return pictures;
}

void
pictures_free(struct pictures *pictures)
{
	if (pictures == NULL)
		return;
	freerdp_bitmap_planar_context_free(pictures->planar);
	freerdp_bitmap_planar_context_free(pictures->plain);
	free(pictures);
}

/* The rectangle's pixels in rows of TILE, the last column repeated up to a multiple of four. Returns that width. */
static uint32_t
copy_out(struct pictures *pictures, const struct picture *picture,
	const struct screen_rectangle *rectangle)
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

/* Both return the length, 0 if it cannot be done. */
static uint32_t
compress_planar(struct pictures *pictures, BITMAP_PLANAR_CONTEXT *planar, uint32_t width,
	uint32_t height, uint8_t *ret_bytes)
{
	uint32_t len = ROOM_BYTES;

	return freerdp_bitmap_compress_planar(planar, pictures->tile, PIXEL_FORMAT_BGRX32, width,
		       height, TILE_ROW, ret_bytes, &len) != NULL
		       ? len
		       : 0;
}

static uint32_t
compress(struct pictures *pictures, uint32_t width, uint32_t height, uint32_t depth,
	uint8_t *ret_bytes)
{
	uint32_t len;

	if (depth == 15 || depth == 16 || depth == 24)
		return (uint32_t)interleaved_encode(
			pictures->tile, TILE_ROW, width, height, depth, ret_bytes);
	if (depth != 32)
		return 0;
	len = compress_planar(pictures, pictures->planar, width, height, ret_bytes);
	return len > 0 ? len : compress_planar(pictures, pictures->plain, width, height, ret_bytes);
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
	const struct screen_rectangle *rectangle)
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
	const struct screen_rectangle *rectangles, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		assert(rectangles[i].width > 0 && rectangles[i].width <= TILE);
		assert(rectangles[i].height > 0 && rectangles[i].height <= TILE);
		if (!add(pictures, context, picture, &rectangles[i]))
			return false;
	}
	return flush(pictures, context);
}
