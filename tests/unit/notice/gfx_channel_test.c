/* notice/gfx_channel.c between a host's drdynvc and a client that puts together and decompresses what it gets as libfreerdp does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "notice/gfx_channel.h"
#include "rdp/channel_chunk.h"
#include "rdp/drdynvc.h"

#include <errno.h>
#include <freerdp/codec/zgfx.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
	WHOLE = CHUNK_FIRST | CHUNK_LAST,
	ID = 7,
	MESSAGE = 65536,
	WIDTH = 200,
	HEIGHT = 60,
	SEGMENT = 65535,
	SEGMENTS = 1025, /* more than GFX_CHANNEL_MESSAGE_MOST */
};

struct client {
	struct gfx_channel *channel;
	ZGFX_CONTEXT *zgfx;
	uint8_t last[65536]; /* the last PDU that was sent instead of the host's */
	size_t last_len;
	size_t sent; /* so many of them */
	uint8_t message[MESSAGE];
	size_t have, total;
	bool refuses; /* the connection is over */

	/* What it drew. */
	uint16_t commands[64];
	uint32_t frames[64];
	size_t count;
};

static void
draw(struct client *client)
{
	BYTE *graphics = NULL;
	UINT32 len = 0;
	struct gfx_pdu pdu;

	assert_true(zgfx_decompress(client->zgfx, client->message, (UINT32)client->have, &graphics,
			    &len, 0) >= 0);
	for (size_t at = 0; at < len; at += pdu.len) {
		assert_int_equal(gfx_parse(graphics + at, len - at, &pdu, NULL), PARSE_OK);
		assert_true(client->count < 64);
		client->frames[client->count] = pdu.frame;
		client->commands[client->count++] = pdu.command;
	}
	free(graphics);
	client->have = client->total = 0;
}

/* A PDU of drdynvc, as a client takes it (MS-RDPEDYC 3.1.5.1). */
static void
take(struct client *client, const uint8_t *pdu, size_t len)
{
	struct drdynvc_head head;
	size_t at;

	assert_int_equal(drdynvc_head_parse(pdu, len, &head, NULL), PARSE_OK);
	at = head.len;
	if (head.command != DRDYNVC_DATA_FIRST && head.command != DRDYNVC_DATA)
		return;
	assert_int_equal(head.channel, ID);
	if (head.command == DRDYNVC_DATA_FIRST) {
		uint8_t code = pdu[0] >> 2 & 3;

		assert_int_equal(client->total, 0);
		client->total = code == 0   ? pdu[at]
				: code == 1 ? bytes_get_u16le(pdu + at)
					    : bytes_get_u32le(pdu + at);
		at += (size_t)1 << code;
	} else if (client->total == 0) {
		client->total = len - at;
	}
	assert_true(client->total <= sizeof(client->message));
	assert_true(client->have + len - at <= client->total);
	memcpy(client->message + client->have, pdu + at, len - at);
	client->have += len - at;
	if (client->have == client->total)
		draw(client);
}

static bool
hear(void *owner, const uint8_t *pdu, size_t len)
{
	struct client *client = owner;

	if (client->refuses)
		return false;
	assert_true(len <= sizeof(client->last));
	memcpy(client->last, pdu, len);
	client->last_len = len;
	client->sent++;
	take(client, pdu, len);
	return true;
}

/* One PDU of the host's in one chunk. */
static int
host(struct client *client, const void *pdu, size_t len)
{
	int r = gfx_channel_from_host(client->channel, WHOLE, pdu, len);

	if (r == 1)
		take(client, pdu, len);
	return r;
}

static int
host_graphics(struct client *client, const struct bytes_writer *graphics)
{
	uint8_t pdu[CHUNK_DATA_MAX] = {DRDYNVC_DATA << 4, ID, 0xe0, 0x04};

	memcpy(pdu + 4, graphics->start, graphics->len);
	return host(client, pdu, 4 + graphics->len);
}

static int
host_frame(struct client *client, uint32_t frame)
{
	uint8_t room[64];
	struct bytes_writer writer;

	bytes_writer_init(&writer, room, sizeof(room));
	gfx_start_frame_write(&writer, frame);
	gfx_end_frame_write(&writer, frame);
	return host_graphics(client, &writer);
}

static void
open_channel(struct client *client)
{
	uint8_t create[2 + sizeof(GFX_CHANNEL)] = {DRDYNVC_CREATE << 4, ID};

	memcpy(create + 2, GFX_CHANNEL, sizeof(GFX_CHANNEL));
	assert_int_equal(host(client, create, sizeof(create)), 1);
}

static void
show(struct client *client)
{
	static const uint8_t pixels[WIDTH * HEIGHT * 4];

	assert_int_equal(gfx_channel_show(client->channel, pixels, WIDTH, HEIGHT, 8, 8), 0);
}

static int
set_up(void **state)
{
	struct client *client = calloc(1, sizeof(*client));

	assert_non_null(client);
	client->channel = gfx_channel_new(hear, client);
	client->zgfx = zgfx_context_new(FALSE);
	assert_non_null(client->channel);
	assert_non_null(client->zgfx);
	*state = client;
	return 0;
}

static int
tear_down(void **state)
{
	struct client *client = *state;

	gfx_channel_free(client->channel);
	zgfx_context_free(client->zgfx);
	free(client);
	return 0;
}

static void
as_long_as_nothing_lies_there_the_hosts_pdus_pass(void **state)
{
	static const uint8_t other[] = {DRDYNVC_DATA << 4, ID + 1, 1, 2, 3}, none[] = {0xff};
	struct client *client = *state;

	assert_int_equal(gfx_channel_use(client->channel), GFX_UNUSED);
	assert_int_equal(host_frame(client, 1), 1);
	assert_int_equal(gfx_channel_use(client->channel), GFX_UNUSED);
	open_channel(client);
	assert_int_equal(gfx_channel_use(client->channel), GFX_BEGINS);
	assert_int_equal(host_frame(client, 2), 1);
	assert_int_equal(gfx_channel_use(client->channel), GFX_USED);
	assert_int_equal(gfx_channel_from_host(client->channel, WHOLE, other, sizeof(other)), 1);
	assert_int_equal(gfx_channel_from_host(client->channel, WHOLE, none, sizeof(none)), 1);
	assert_int_equal(gfx_channel_from_host(client->channel, WHOLE, none, 0), 1);
	assert_int_equal(client->sent, 0);
}

static void
a_pdu_in_several_chunks_comes_whole(void **state)
{
	static const uint8_t pdu[] = {
		DRDYNVC_DATA << 4, ID, 0xe0, 0x04, 0x0c, 0, 0, 0, 12, 0, 0, 0, 9, 0, 0, 0};
	struct client *client = *state;
	uint8_t other[sizeof(pdu)];

	open_channel(client);
	assert_int_equal(gfx_channel_from_host(client->channel, CHUNK_FIRST, pdu, 5), 0);
	assert_int_equal(gfx_channel_from_host(client->channel, 0, pdu + 5, 1), 0);
	assert_int_equal(client->sent, 0);
	assert_int_equal(
		gfx_channel_from_host(client->channel, CHUNK_LAST, pdu + 6, sizeof(pdu) - 6), 0);
	assert_int_equal(client->sent, 1);
	assert_int_equal(client->last_len, sizeof(pdu));
	assert_memory_equal(client->last, pdu, sizeof(pdu));

	/* Another channel's chunks pass when they come. */
	memcpy(other, pdu, sizeof(pdu));
	other[1] = ID + 1;
	assert_int_equal(gfx_channel_from_host(client->channel, CHUNK_FIRST, other, 5), 1);
	assert_int_equal(gfx_channel_from_host(client->channel, CHUNK_LAST, other + 5, 4), 1);
	assert_int_equal(client->sent, 1);
}

static void
a_pdu_that_never_ends_is_refused(void **state)
{
	static const uint8_t head[] = {DRDYNVC_DATA << 4, ID}, more[1600];
	struct client *client = *state;
	int r = gfx_channel_from_host(client->channel, CHUNK_FIRST, head, sizeof(head));

	assert_int_equal(r, 1);
	open_channel(client);
	r = gfx_channel_from_host(client->channel, CHUNK_FIRST, head, sizeof(head));
	for (size_t i = 0; i < 65536 / sizeof(more) && r == 0; i++)
		r = gfx_channel_from_host(client->channel, 0, more, sizeof(more));
	assert_int_equal(r, 0);
	assert_int_equal(gfx_channel_from_host(client->channel, 0, more, sizeof(more)), -EPROTO);
}

static void
a_picture_is_laid_over_the_hosts_frames(void **state)
{
	struct client *client = *state;

	open_channel(client);
	assert_int_equal(host_frame(client, 1), 1);
	show(client);
	assert_true(gfx_channel_is_shown(client->channel));
	assert_true(client->sent >= 1);
	assert_int_equal(client->have, 0);
	assert_int_equal(client->commands[2], GFX_CREATE_SURFACE);
	assert_int_equal(client->commands[3], GFX_MAP_SURFACE_TO_OUTPUT);
	assert_int_equal(client->commands[4], GFX_START_FRAME);
	assert_int_equal(client->frames[4], GFX_OVERLAY_FRAME);
	assert_int_equal(client->commands[client->count - 1], GFX_END_FRAME);

	/* The host's next frame comes not compressed, and ours is touched in it. */
	client->count = 0;
	assert_int_equal(host_frame(client, 2), 0);
	assert_int_equal(client->count, 3);
	assert_int_equal(client->commands[0], GFX_START_FRAME);
	assert_int_equal(client->commands[1], GFX_SURFACE_TO_SURFACE);
	assert_int_equal(client->commands[2], GFX_END_FRAME);
	assert_int_equal(client->frames[2], 2);

	client->count = 0;
	assert_int_equal(gfx_channel_hide(client->channel), 0);
	assert_false(gfx_channel_is_shown(client->channel));
	assert_int_equal(client->commands[0], GFX_DELETE_SURFACE);
}

/* Bits, the highest first, as MS-RDPEGFX 3.1.9.1.2 has them. */
struct bits {
	uint8_t bytes[256];
	size_t count;
};

static void
put(struct bits *bits, uint32_t value, size_t count)
{
	while (count-- > 0) {
		if ((value >> count & 1) != 0)
			bits->bytes[bits->count / 8] |= (uint8_t)(0x80 >> bits->count % 8);
		bits->count++;
	}
}

/* A frame whose first three bytes are those `distance` bytes before. */
static int
host_compressed_frame(struct client *client, uint32_t frame, uint32_t distance)
{
	uint8_t room[64], pdu[256] = {DRDYNVC_DATA << 4, ID, 0xe0, 0x24};
	struct bits bits = {.count = 0};
	struct bytes_writer writer;
	size_t len;

	bytes_writer_init(&writer, room, sizeof(room));
	gfx_start_frame_write(&writer, frame);
	gfx_end_frame_write(&writer, frame);
	put(&bits, 0x11, 5);
	put(&bits, distance, 5);
	put(&bits, 0, 1);
	for (size_t i = 3; i < writer.len; i++)
		put(&bits, room[i], 9);
	len = (bits.count + 7) / 8;
	memcpy(pdu + 4, bits.bytes, len);
	pdu[4 + len] = (uint8_t)(len * 8 - bits.count);
	return host(client, pdu, 4 + len + 1);
}

static void
what_the_host_compresses_refers_to_what_it_sent(void **state)
{
	struct client *client = *state;

	open_channel(client);
	assert_int_equal(host_frame(client, 1), 1);
	show(client);
	for (uint32_t frame = 2; frame < 5; frame++) {
		client->count = 0;
		assert_int_equal(host_compressed_frame(client, frame, 28), 0);
		assert_int_equal(client->count, 3);
		assert_int_equal(client->commands[0], GFX_START_FRAME);
		assert_int_equal(client->frames[0], frame);
		assert_int_equal(client->commands[2], GFX_END_FRAME);
	}
	assert_int_equal(gfx_channel_use(client->channel), GFX_USED);
}

static void
a_picture_waits_for_the_end_of_a_message(void **state)
{
	static const uint8_t first[] = {DRDYNVC_DATA_FIRST << 4, ID, 14, 0xe0, 0x04, 0x0c, 0};
	static const uint8_t rest[] = {DRDYNVC_DATA << 4, ID, 0, 0, 12, 0, 0, 0, 9, 0, 0, 0};
	struct client *client = *state;

	open_channel(client);
	assert_int_equal(host(client, first, sizeof(first)), 1);
	show(client);
	assert_int_equal(client->sent, 0);
	assert_int_equal(host(client, rest, sizeof(rest)), 0);
	assert_int_equal(client->commands[0], GFX_END_FRAME);
	assert_int_equal(client->commands[1], GFX_CREATE_SURFACE);
	assert_true(gfx_channel_is_shown(client->channel));
}

/* Nothing of ours comes between the chunks of another channel's PDU. */
static void
a_picture_waits_for_the_end_of_a_pdu_that_passes(void **state)
{
	static const uint8_t other[] = {DRDYNVC_DATA << 4, ID + 1, 1, 2, 3};
	struct client *client = *state;

	open_channel(client);
	assert_int_equal(host_frame(client, 1), 1);
	assert_int_equal(gfx_channel_from_host(client->channel, CHUNK_FIRST, other, 3), 1);
	show(client);
	assert_int_equal(client->sent, 0);
	assert_int_equal(gfx_channel_from_host(client->channel, CHUNK_LAST, other + 3, 2), 1);
	assert_int_equal(client->sent, 0);
	assert_int_equal(gfx_channel_from_host(client->channel, WHOLE, other, sizeof(other)), 1);
	assert_true(client->sent > 0);
	assert_true(gfx_channel_is_shown(client->channel));
}

static void
what_cannot_be_followed_passes_before_ours_and_ends_it_after(void **state)
{
	static const uint8_t compressed[] = {DRDYNVC_DATA_COMPRESSED << 4, ID, 0xe0, 0x24, 0};
	struct client *client = *state;

	open_channel(client);
	assert_int_equal(host(client, compressed, sizeof(compressed)), 1);
	assert_int_equal(gfx_channel_use(client->channel), GFX_UNFOLLOWED);
	show(client);
	assert_int_equal(client->sent, 0);
	assert_false(gfx_channel_is_shown(client->channel));

	open_channel(client);
	assert_int_equal(host_frame(client, 1), 0);
	assert_true(gfx_channel_is_shown(client->channel));
	assert_int_equal(host(client, compressed, sizeof(compressed)), -EPROTO);
}

/* What was held of a message comes before what follows it. */
static void
what_was_held_is_sent_when_it_cannot_be_followed(void **state)
{
	static const uint8_t first[] = {DRDYNVC_DATA_FIRST << 4, ID, 14, 0xe0, 0x04, 0x0c};
	static const uint8_t compressed[] = {DRDYNVC_DATA_COMPRESSED << 4, ID, 0xe0, 0x24, 0};
	struct client *client = *state;

	open_channel(client);
	show(client);
	assert_int_equal(host(client, first, sizeof(first)), 0);
	assert_int_equal(client->sent, 0);
	assert_int_equal(host(client, compressed, sizeof(compressed)), 1);
	assert_int_equal(client->sent, 1);
	assert_int_equal(client->last_len, sizeof(first));
	assert_memory_equal(client->last, first, sizeof(first));
}

/* Bytes, then the last of them so often that it is a whole segment. */
static size_t
write_segment(uint8_t *to, const uint8_t *bytes, size_t len)
{
	struct bits bits = {.count = 0};
	size_t segment;

	for (size_t i = 0; i < len; i++)
		put(&bits, bytes[i], 9);
	put(&bits, 0x11, 5);
	put(&bits, 1, 5);
	put(&bits, 0x7ffe, 15); /* 32768 and so many as 15 bits say */
	put(&bits, (uint32_t)(SEGMENT - len - 32768), 15);
	segment = (bits.count + 7) / 8;
	bytes_put_u32le(to, (uint32_t)segment + 2);
	to[4] = 0x24;
	memcpy(to + 5, bits.bytes, segment);
	to[5 + segment] = (uint8_t)(segment * 8 - bits.count);
	return 4 + segment + 2;
}

/* Some thousand bytes that are one PDU of 64 MB and more, of a kind that nobody knows. */
static void
what_is_too_large_is_not_decompressed(void **state)
{
	static uint8_t message[SEGMENTS * 32];
	uint8_t head[9] = {0xff, 0xff},
		pdu[CHUNK_DATA_MAX] = {DRDYNVC_DATA_FIRST << 4 | 1 << 2, ID};
	struct client *client = *state;
	size_t len = 7, part;

	message[0] = 0xe1;
	bytes_put_u16le(message + 1, SEGMENTS);
	bytes_put_u32le(message + 3, SEGMENTS * SEGMENT);
	bytes_put_u32le(head + 4, SEGMENTS * SEGMENT);
	for (size_t i = 0; i < SEGMENTS; i++)
		len += i == 0 ? write_segment(message + len, head, sizeof(head))
			      : write_segment(message + len, head + 8, 1);
	assert_in_range(len, CHUNK_DATA_MAX, UINT16_MAX);
	assert_true(SEGMENTS * SEGMENT > GFX_CHANNEL_MESSAGE_MOST);
	open_channel(client);
	bytes_put_u16le(pdu + 2, (uint16_t)len);
	for (size_t at = 0; at < len; at += part) {
		size_t before = at == 0 ? 4 : 2;

		part = len - at < 1500 ? len - at : 1500;
		pdu[0] = at == 0 ? pdu[0] : DRDYNVC_DATA << 4;
		memcpy(pdu + before, message + at, part);
		assert_int_equal(gfx_channel_use(client->channel), GFX_BEGINS);
		assert_int_equal(
			gfx_channel_from_host(client->channel, WHOLE, pdu, before + part), 1);
	}
	assert_int_equal(gfx_channel_use(client->channel), GFX_UNFOLLOWED);
}

static void
a_message_of_nothing_is_not_passed_on_as_no_segment(void **state)
{
	static const uint8_t nothing[] = {DRDYNVC_DATA << 4, ID, 0xe1, 0, 0, 0, 0, 0, 0};
	struct client *client = *state;
	size_t sent;

	open_channel(client);
	assert_int_equal(host_frame(client, 1), 1);
	show(client);
	sent = client->sent;
	assert_int_equal(host(client, nothing, sizeof(nothing)), 0);
	assert_int_equal(client->sent, sent);
	assert_int_equal(gfx_channel_use(client->channel), GFX_USED);
}

static void
acknowledgements_of_ours_are_not_the_hosts(void **state)
{
	struct client *client = *state;
	uint8_t room[64] = {DRDYNVC_DATA << 4, ID};
	struct bytes_writer writer;
	size_t len;

	open_channel(client);
	assert_int_equal(host_frame(client, 1), 1);
	bytes_writer_init(&writer, room + 2, sizeof(room) - 2);
	gfx_acknowledge_write(&writer, 0, GFX_OVERLAY_FRAME, 2);
	len = 2 + writer.len;
	assert_int_equal(gfx_channel_from_client(client->channel, WHOLE, room, &len), 1);
	assert_int_equal(len, 2 + writer.len);
	show(client);
	assert_int_equal(gfx_channel_from_client(client->channel, WHOLE, room, &len), 0);
	len = 2 + writer.len;
	assert_int_equal(gfx_channel_from_client(client->channel, CHUNK_FIRST, room, &len), 1);
}

static void
a_channel_that_is_opened_anew_gets_the_picture_again(void **state)
{
	static const uint8_t close[] = {DRDYNVC_CLOSE << 4, ID};
	struct client *client = *state;

	open_channel(client);
	assert_int_equal(host_frame(client, 1), 1);
	show(client);
	assert_int_equal(host(client, close, sizeof(close)), 1);
	assert_int_equal(gfx_channel_use(client->channel), GFX_UNUSED);
	assert_false(gfx_channel_is_shown(client->channel));
	open_channel(client);
	assert_false(gfx_channel_is_shown(client->channel));
	assert_int_equal(host_frame(client, 1), 0);
	assert_true(gfx_channel_is_shown(client->channel));
}

static void
a_client_that_is_gone_ends_it(void **state)
{
	struct client *client = *state;
	static const uint8_t pixels[4];

	open_channel(client);
	assert_int_equal(host_frame(client, 1), 1);
	client->refuses = true;
	assert_int_equal(gfx_channel_show(client->channel, pixels, 1, 1, 0, 0), -ECONNRESET);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(as_long_as_nothing_lies_there_the_hosts_pdus_pass),
		TEST(a_pdu_in_several_chunks_comes_whole),
		TEST(a_pdu_that_never_ends_is_refused),
		TEST(a_picture_is_laid_over_the_hosts_frames),
		TEST(what_the_host_compresses_refers_to_what_it_sent),
		TEST(a_picture_waits_for_the_end_of_a_message),
		TEST(a_picture_waits_for_the_end_of_a_pdu_that_passes),
		TEST(what_cannot_be_followed_passes_before_ours_and_ends_it_after),
		TEST(what_was_held_is_sent_when_it_cannot_be_followed),
		TEST(what_is_too_large_is_not_decompressed),
		TEST(a_message_of_nothing_is_not_passed_on_as_no_segment),
		TEST(acknowledgements_of_ours_are_not_the_hosts),
		TEST(a_channel_that_is_opened_anew_gets_the_picture_again),
		TEST(a_client_that_is_gone_ends_it),
	};

	(void)setenv("WLOG_LEVEL", "OFF", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
