/* A jump host's graphics under a notice: notice/gfx_overlay.h. Steps of one byte (bits 0-1: from the host, from the client, show,
 * hide; bit 2: a turn follows), then two bytes of length and so much of a message.
 */
#include "fuzz.h"

#include <string.h>

#include "notice/gfx_overlay.h"

enum { HOST, CLIENT, SHOW, HIDE };

/* The host's own bytes are all in what goes out, in order, and nothing but PDUs is put between them. */
static void
expect_all(const uint8_t *in, size_t in_len, const struct gfx_bytes *out)
{
	size_t at = 0, used = 0;
	struct gfx_pdu pdu;

	while (at < out->len && gfx_parse(out->bytes + at, out->len - at, &pdu, NULL) == PARSE_OK) {
		if (pdu.len <= in_len - used && memcmp(out->bytes + at, in + used, pdu.len) == 0)
			used += pdu.len;
		at += pdu.len;
	}
	fuzz_expect(out->len - at == in_len - used);
	fuzz_expect(in_len == used || memcmp(out->bytes + at, in + used, in_len - used) == 0);
}

static void
step(struct gfx_overlay *overlay, uint8_t what, uint8_t *bytes, size_t len)
{
	static const uint8_t pixels[70 * 20 * 4];
	struct gfx_bytes out = {0};

	switch (what & 3) {
	case HOST:
		fuzz_expect(gfx_overlay_from_host(overlay, bytes, len, &out) == 0);
		expect_all(bytes, len, &out);
		break;
	case CLIENT:
		fuzz_expect(gfx_overlay_from_client(overlay, bytes, len) <= len);
		break;
	case SHOW:
		fuzz_expect(gfx_overlay_show(overlay, pixels, 70, 20, what, 10) == 0);
		break;
	case HIDE:
		gfx_overlay_hide(overlay);
		break;
	}
	out.len = 0;
	if ((what & 4) != 0)
		fuzz_expect(gfx_overlay_turn(overlay, &out) == 0);
	expect_all(NULL, 0, &out);
	free(out.bytes);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct gfx_overlay *overlay = gfx_overlay_new();
	size_t at = 0;

	fuzz_expect(overlay != NULL);
	while (len - at >= 3) {
		size_t message = bytes_get_u16le(bytes + at + 1);
		uint8_t *copy;

		if (message > len - at - 3)
			message = len - at - 3;
		copy = malloc(message > 0 ? message : 1);
		fuzz_expect(copy != NULL);
		memcpy(copy, bytes + at + 3, message);
		step(overlay, bytes[at], copy, message);
		free(copy);
		at += 3 + message;
	}
	gfx_overlay_free(overlay);
	return 0;
}

struct seed {
	uint8_t bytes[2048];
	size_t len;
};

static void
add(struct seed *seed, uint8_t what, const struct bytes_writer *message)
{
	seed->bytes[seed->len] = what;
	bytes_put_u16le(seed->bytes + seed->len + 1, (uint16_t)message->len);
	memcpy(seed->bytes + seed->len + 3, message->start, message->len);
	seed->len += 3 + message->len;
}

void
fuzz_give_seeds(struct fuzz_seeds *seeds)
{
	static const struct gfx_rectangle rectangle = {0, 0, 64, 64};
	static const uint8_t reset[340] = {0x0e, 0, 0, 0, 0x54, 1, 0, 0, 0, 4, 0, 0, 0, 3, 0, 0, 1};
	struct seed seed = {.len = 0};
	uint8_t room[1024];
	struct bytes_writer writer;

	bytes_writer_init(&writer, room, sizeof(room));
	bytes_write(&writer, reset, sizeof(reset));
	gfx_create_surface_write(&writer, 1, 640, 480);
	gfx_map_to_output_write(&writer, 1, 0, 0);
	gfx_start_frame_write(&writer, 1);
	gfx_copy_write(&writer, 1, &rectangle);
	gfx_planar_write(&writer, 1, &rectangle, (const uint8_t *)"planar", 6);
	gfx_end_frame_write(&writer, 1);
	add(&seed, HOST | 4, &writer);
	writer.len = 0;
	add(&seed, SHOW | 4, &writer);
	gfx_start_frame_write(&writer, 2);
	gfx_end_frame_write(&writer, 2);
	add(&seed, HOST | 4, &writer);
	writer.len = 0;
	gfx_acknowledge_write(&writer, 0, GFX_OVERLAY_FRAME, 2);
	gfx_acknowledge_write(&writer, 0, 2, 3);
	add(&seed, CLIENT, &writer);
	writer.len = 0;
	gfx_create_surface_write(&writer, GFX_OVERLAY_SURFACE, 640, 480);
	gfx_delete_surface_write(&writer, 1);
	add(&seed, HOST | 4, &writer);
	writer.len = 0;
	add(&seed, HIDE | 4, &writer);
	fuzz_seed(seeds, seed.bytes, seed.len);
}
