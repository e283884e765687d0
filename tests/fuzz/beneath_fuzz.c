/* What a jump host draws beneath a notice: notice/beneath.h. A byte says the depth (bits 0-1), whether it is compressed (bit 2) and four
 * times where it lies; two bytes are width and height; the rest is the bitmap.
 */
#include "fuzz.h"

#include <string.h>

#include <freerdp/settings.h>

#include "notice/beneath.h"
#include "picture/interleaved.h"
#include "picture/planar.h"

static uint32_t updates;

static BOOL
take(rdpContext *context, const BITMAP_UPDATE *update)
{
	uint32_t depth = freerdp_settings_get_uint32(context->settings, FreeRDP_ColorDepth);

	updates++;
	for (uint32_t i = 0; i < update->number; i++)
		fuzz_expect(update->rectangles[i].bitsPerPixel == depth);
	return TRUE;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static const uint32_t depths[] = {15, 16, 24, 32};
	static uint8_t pixels[70 * 20 * 4];
	static rdpUpdate update = {.BitmapUpdate = take};
	static rdpContext context = {.update = &update};
	const struct banner banner = {
		.pixels = pixels, .width = 70, .height = 20, .x = 20, .y = 10};
	struct beneath_way way = {.context = &context, .pass = take};
	struct beneath *beneath;
	BITMAP_DATA data = {0};

	if (len < 3)
		return 0;
	data = (BITMAP_DATA){.destLeft = (bytes[0] >> 3 & 3) * 16u,
		.destTop = (bytes[0] >> 5 & 3) * 8u,
		.width = bytes[1],
		.height = bytes[2],
		.bitsPerPixel = depths[bytes[0] & 3],
		.compressed = (bytes[0] & 4) != 0,
		.bitmapDataStream = (BYTE *)bytes + 3,
		.bitmapLength = (UINT32)(len - 3)};
	data.destRight = data.destLeft + data.width - 1 - (bytes[0] >> 7);
	data.destBottom = data.destTop + data.height - 1;
	if (context.settings == NULL)
		context.settings = freerdp_settings_new(0);
	fuzz_expect(context.settings != NULL);
	fuzz_expect(freerdp_settings_set_uint32(
		context.settings, FreeRDP_ColorDepth, data.bitsPerPixel));
	way.pictures = pictures_new(false);
	beneath = beneath_new();
	fuzz_expect(way.pictures != NULL && beneath != NULL);
	updates = 0;
	fuzz_expect(beneath_send(beneath, &way, &banner,
			    &(BITMAP_UPDATE){.number = 1, .rectangles = &data}) != BENEATH_OVER);
	fuzz_expect(updates > 0);
	pictures_free(way.pictures);
	beneath_free(beneath);
	return 0;
}

static void
give(struct fuzz_seeds *seeds, uint8_t head, uint8_t width, uint8_t height)
{
	static const uint32_t depths[] = {15, 16, 24, 32};
	static uint8_t pixels[64 * 64 * 4], seed[3 + PLANAR_BYTES_MOST + INTERLEAVED_BYTES_MOST];
	uint32_t depth = depths[head & 3];
	size_t len;

	for (size_t i = 0; i < sizeof(pixels); i++)
		pixels[i] = (uint8_t)(i % 61 < 40 ? 0x55 : i * 7);
	memcpy(seed, (uint8_t[]){head, width, height}, 3);
	if ((head & 4) == 0) {
		len = (size_t)width * height * ((depth + 7) / 8);
		memcpy(seed + 3, pixels, len);
	} else if (depth == 32) {
		len = planar_encode(pixels, width * 4u, width, height, false, seed + 3);
	} else {
		len = interleaved_encode(pixels, width * 4u, width, height, depth, seed + 3);
	}
	fuzz_seed(seeds, seed, 3 + len);
}

void
fuzz_give_seeds(struct fuzz_seeds *seeds)
{
	for (uint8_t head = 0; head < 8; head++) {
		give(seeds, head, 64, 32);
		give(seeds, (uint8_t)(head | 0xa8), 20, 9);
	}
	give(seeds, 0x2c, 8, 8); /* wholly beneath */
}
