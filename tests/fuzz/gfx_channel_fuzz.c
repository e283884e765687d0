/* A jump host's drdynvc under a notice: notice/gfx_channel.h. Steps of one byte (bits 0-1: from the host, from the client, show, hide;
 * bits 2-3: flags of the chunk, both if neither), then two bytes of length and so much of a PDU.
 */
#include "fuzz.h"

#include <errno.h>
#include <string.h>

#include "notice/gfx_channel.h"
#include "rdp/channel_chunk.h"
#include "rdp/drdynvc.h"

enum { HOST, CLIENT, SHOW, HIDE };

struct heard {
	bool is_shown_ever; /* something of ours may be on its way */
	size_t in, out;     /* bytes from the host, and to the client */
};

static bool
hear(void *owner, const uint8_t *pdu, size_t len)
{
	struct heard *heard = owner;
	struct drdynvc_head head;

	fuzz_expect(len > 0 && len <= 65536);
	fuzz_expect(drdynvc_head_parse(pdu, len, &head, NULL) == PARSE_OK);
	heard->out += len;
	return true;
}

static void
from_host(struct gfx_channel *channel, struct heard *heard, uint32_t flags, const uint8_t *bytes,
	size_t len)
{
	int r = gfx_channel_from_host(channel, flags, bytes, len);

	fuzz_expect(r == 0 || r == 1 || r == -EPROTO);
	heard->in += len;
	if (r == 1)
		heard->out += len;
	/* As long as nothing was to be laid over the picture, the client gets nothing that the host has not sent. */
	fuzz_expect(heard->is_shown_ever || heard->out <= heard->in);
}

static void
step(struct gfx_channel *channel, struct heard *heard, uint8_t what, uint8_t *bytes, size_t len)
{
	static const uint8_t pixels[70 * 20 * 4];
	uint32_t flags = what >> 2 & 3;
	size_t left = len;
	int r = 0;

	if (flags == 0)
		flags = CHUNK_FIRST | CHUNK_LAST;
	switch (what & 3) {
	case HOST:
		from_host(channel, heard, flags, bytes, len);
		break;
	case CLIENT:
		r = gfx_channel_from_client(channel, flags, bytes, &left);
		fuzz_expect((r == 0 || r == 1) && left <= len);
		break;
	case SHOW:
		heard->is_shown_ever = true;
		r = gfx_channel_show(channel, pixels, 70, 20, what, 10);
		fuzz_expect(r == 0);
		break;
	case HIDE:
		r = gfx_channel_hide(channel);
		fuzz_expect(r == 0);
		break;
	}
	fuzz_expect(!gfx_channel_is_shown(channel) || heard->is_shown_ever);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct heard heard = {.in = 0};
	struct gfx_channel *channel;
	struct gfx_desktop desktop;
	size_t at = 0;

	(void)setenv("WLOG_LEVEL", "OFF", 1); /* what libfreerdp would say of each */
	channel = gfx_channel_new(hear, &heard);
	fuzz_expect(channel != NULL);
	while (len - at >= 3) {
		size_t pdu = bytes_get_u16le(bytes + at + 1);
		uint8_t *copy;

		if (pdu > len - at - 3)
			pdu = len - at - 3;
		copy = malloc(pdu > 0 ? pdu : 1);
		fuzz_expect(copy != NULL);
		memcpy(copy, bytes + at + 3, pdu);
		step(channel, &heard, bytes[at], copy, pdu);
		free(copy);
		at += 3 + pdu;
	}
	gfx_channel_desktop(channel, &desktop);
	fuzz_expect(desktop.monitor_count <= GFX_MONITORS_MOST);
	gfx_channel_free(channel);
	return 0;
}

struct seed {
	uint8_t bytes[2048];
	size_t len;
};

static void
add(struct seed *seed, uint8_t what, const void *pdu, size_t len)
{
	seed->bytes[seed->len] = what;
	bytes_put_u16le(seed->bytes + seed->len + 1, (uint16_t)len);
	memcpy(seed->bytes + seed->len + 3, pdu, len);
	seed->len += 3 + len;
}

/* Graphics in one PDU, not compressed. */
static void
add_graphics(struct seed *seed, uint8_t what, const struct bytes_writer *graphics)
{
	uint8_t pdu[1024] = {DRDYNVC_DATA << 4, 7, 0xe0, 0x04};

	memcpy(pdu + 4, graphics->start, graphics->len);
	add(seed, what, pdu, 4 + graphics->len);
}

static void
add_opening(struct seed *seed)
{
	uint8_t create[2 + sizeof(GFX_CHANNEL)] = {DRDYNVC_CREATE << 4, 7};

	memcpy(create + 2, GFX_CHANNEL, sizeof(GFX_CHANNEL));
	add(seed, HOST, create, sizeof(create));
}

static void
add_first_frame(struct seed *seed)
{
	uint8_t room[512];
	struct bytes_writer writer;

	bytes_writer_init(&writer, room, sizeof(room));
	gfx_create_surface_write(&writer, 1, 640, 480);
	gfx_map_to_output_write(&writer, 1, 0, 0);
	gfx_start_frame_write(&writer, 1);
	gfx_end_frame_write(&writer, 1);
	add_graphics(seed, HOST, &writer);
}

/* A message in two PDUs, one of them in three chunks, and one in two segments. */
static void
add_parts(struct seed *seed)
{
	static const uint8_t first[] = {DRDYNVC_DATA_FIRST << 4, 7, 14, 0xe0, 0x04, 0x0c};
	static const uint8_t rest[] = {DRDYNVC_DATA << 4, 7, 0, 0, 0, 12, 0, 0, 0, 9, 0, 0, 0};
	static const uint8_t segments[] = {DRDYNVC_DATA << 4, 7, 0xe1, 2, 0, 12, 0, 0, 0, 7, 0, 0,
		0, 0x04, 0x0c, 0, 0, 0, 12, 0, 7, 0, 0, 0, 0x04, 0, 0, 10, 0, 0, 0};

	add(seed, HOST, first, sizeof(first));
	add(seed, HOST | CHUNK_FIRST << 2, rest, 5);
	add(seed, HOST | CHUNK_LAST << 2, rest + 5, sizeof(rest) - 5);
	add(seed, HOST, segments, sizeof(segments));
}

void
fuzz_give_seeds(struct fuzz_seeds *seeds)
{
	/* START_FRAME, with its first bytes from 28 bytes before. */
	static const uint8_t compressed[] = {DRDYNVC_DATA << 4, 7, 0xe0, 0x24, 0x8f, 0x00, 0x00,
		0x00, 0x00, 0x00, 0x00, 0x00, 0x06};
	static const uint8_t close[] = {DRDYNVC_CLOSE << 4, 7};
	static const uint8_t too_compressed[] = {DRDYNVC_DATA_COMPRESSED << 4, 7, 0xe0, 0x24, 0};
	struct seed seed = {.len = 0};
	uint8_t room[64] = {DRDYNVC_DATA << 4, 7};
	struct bytes_writer writer;

	add_opening(&seed);
	add_first_frame(&seed);
	add_parts(&seed);
	add(&seed, SHOW, "", 0);
	add_first_frame(&seed);
	add_parts(&seed);
	add(&seed, HOST, compressed, sizeof(compressed));
	bytes_writer_init(&writer, room + 2, sizeof(room) - 2);
	gfx_acknowledge_write(&writer, 0, GFX_OVERLAY_FRAME, 2);
	gfx_acknowledge_write(&writer, 0, 2, 3);
	add(&seed, CLIENT, room, 2 + writer.len);
	add(&seed, HIDE, "", 0);
	add(&seed, HOST, close, sizeof(close));
	add_opening(&seed);
	fuzz_seed(seeds, seed.bytes, seed.len);

	seed.len = 0;
	add(&seed, SHOW, "", 0);
	add_opening(&seed);
	add_parts(&seed);
	add(&seed, HOST, too_compressed, sizeof(too_compressed));
	add_first_frame(&seed);
	fuzz_seed(seeds, seed.bytes, seed.len);
}
