/* See filtered.h. */
#include "filtered.h"

#include "rdp/mcs.h"

#include <stdlib.h>
#include <string.h>

struct filtered filtered;

static enum side said_by;
static uint8_t said[8192];
static size_t said_len;

void
filtered_begin_with(const char *channel, uint32_t rights, uint32_t options)
{
	struct gcc_channel asked = {.options = options};
	struct bridge *bridge = bridge_new(SIDE_HOST);

	assert_non_null(bridge);
	strcpy(asked.name, channel);
	filtered = (struct filtered){.bridge = bridge};
	bridge->stage = BRIDGE_ACTIVE;
	bridge->io[SIDE_CLIENT] = bridge->io[SIDE_HOST] = MCS_IO_CHANNEL;
	bridge->user[SIDE_HOST] = FILTERED_USER;
	bridge->channel_count = 1;
	bridge->channel_names = strdup("HOSPITAL_SCANNER");
	bridge->channels[0].id[SIDE_CLIENT] = FILTERED_CLIENT;
	bridge->channels[0].id[SIDE_HOST] = FILTERED_HOST;
	assert_int_equal(
		bridge_filter_channel(bridge, 0, &asked, session_rights_at_host(rights)), 0);
	bridge_filters_ready(bridge);
}

void
filtered_begin(const char *channel, uint32_t rights)
{
	filtered_begin_with(channel, rights, 0);
}

static void
forget(void)
{
	for (size_t side = 0; side < BRIDGE_SIDES; side++) {
		for (size_t i = 0; i < FILTERED_GOT_MOST; i++)
			free(filtered.got[side][i].bytes);
		memset(filtered.got[side], 0, sizeof(filtered.got[side]));
		filtered.count[side] = 0;
	}
}

int
filtered_end(void **state)
{
	(void)state;
	forget();
	bridge_free(filtered.bridge);
	filtered.bridge = NULL;
	return 0;
}

/* A chunk arrives: it must go on where the last one ended. */
static void
arrive(enum side to, const uint8_t *chunk, size_t len)
{
	uint32_t total = bytes_get_u32le(chunk), flags = bytes_get_u32le(chunk + 4);
	size_t at = filtered.count[to];
	struct filtered_pdu *pdu;

	filtered.heard[to] += len;
	if (filtered.deaf)
		return;
	if ((flags & CHUNK_FIRST) == 0)
		at--;
	assert_true(at < FILTERED_GOT_MOST);
	filtered.count[to] = at + 1;
	pdu = &filtered.got[to][at];
	if ((flags & CHUNK_FIRST) != 0) {
		assert_null(pdu->bytes);
		pdu->flags = flags;
	}
	pdu->bytes = realloc(pdu->bytes, pdu->len + len);
	assert_non_null(pdu->bytes);
	memcpy(pdu->bytes + pdu->len, chunk + CHUNK_HEADER_LEN, len - CHUNK_HEADER_LEN);
	pdu->len += len - CHUNK_HEADER_LEN;
	assert_true(pdu->len <= total);
	assert_int_equal((flags & CHUNK_LAST) != 0, pdu->len == total);
}

static void
arrive_frames(enum side to, const uint8_t *bytes, size_t len)
{
	struct mcs_send_data data;
	struct frame frame = {0};

	for (; len > 0; bytes += frame.len, len -= frame.len) {
		assert_int_equal(frame_parse(bytes, len, &frame), PARSE_OK);
		assert_int_equal(
			mcs_send_data_parse(bytes, frame.len, frame.len, &data, NULL), PARSE_OK);
		assert_int_equal(data.channel, to == SIDE_HOST ? FILTERED_HOST : FILTERED_CLIENT);
		arrive(to, bytes + data.payload_at, data.payload_len);
	}
}

static void
take_queue(enum side from)
{
	struct bridge_queue *queue = bridge_queued(filtered.bridge, from);

	if (queue == NULL)
		return;
	arrive_frames(other_side(from), queue->bytes, queue->len);
	bridge_queue_done(queue);
}

void
filtered_say_chunk(enum side from, const void *bytes, size_t len, uint32_t total, uint32_t flags)
{
	uint8_t frame[8192 + 32], payload[8192 + CHUNK_HEADER_LEN];
	struct bridge_result result;
	struct bytes_writer writer;
	size_t at = 0;

	bytes_put_u32le(payload, total);
	bytes_put_u32le(payload + 4, flags);
	memcpy(payload + CHUNK_HEADER_LEN, bytes, len);
	bytes_writer_init(&writer, frame, sizeof(frame));
	mcs_send_data_write(&writer,
		from == SIDE_HOST ? MCS_SEND_DATA_INDICATION : MCS_SEND_DATA_REQUEST, 1002,
		from == SIDE_HOST ? FILTERED_HOST : FILTERED_CLIENT, payload,
		CHUNK_HEADER_LEN + len);
	assert_false(writer.failed);
	do {
		bridge_filter(filtered.bridge, from, frame + at, writer.len - at, &result);
		arrive_frames(other_side(from), frame + at, result.out);
		at += result.used;
		take_queue(from);
		take_queue(other_side(from));
		filtered.reason = result.reason;
	} while (result.stopped && result.reason == CLOSE_NONE);
}

void
filtered_say_in_pieces(enum side from, const void *bytes, size_t len, size_t piece)
{
	forget();
	assert_true(len <= sizeof(said));
	memcpy(said, bytes, len);
	said_len = len;
	said_by = from;
	for (size_t at = 0; at < len; at += piece) {
		size_t take = piece < len - at ? piece : len - at;

		filtered_say_chunk(from, (const uint8_t *)bytes + at, take, (uint32_t)len,
			(at == 0 ? CHUNK_FIRST : 0u) | (at + take == len ? CHUNK_LAST : 0u));
		if (filtered.reason != CLOSE_NONE)
			break;
	}
}

void
filtered_say(enum side from, const void *bytes, size_t len)
{
	filtered_say_in_pieces(from, bytes, len, len);
}

void
filtered_expect_passed(void)
{
	const struct filtered_pdu *got = &filtered.got[other_side(said_by)][0];

	assert_int_equal(filtered.reason, CLOSE_NONE);
	assert_int_equal(filtered.count[said_by], 0);
	assert_int_equal(filtered.count[other_side(said_by)], 1);
	assert_int_equal(got->len, said_len);
	assert_memory_equal(got->bytes, said, said_len);
}

void
filtered_expect_dropped(void)
{
	assert_int_equal(filtered.reason, CLOSE_NONE);
	assert_int_equal(filtered.count[SIDE_CLIENT] + filtered.count[SIDE_HOST], 0);
}

const struct filtered_pdu *
filtered_expect_answer(void)
{
	assert_int_equal(filtered.reason, CLOSE_NONE);
	assert_int_equal(filtered.count[other_side(said_by)], 0);
	assert_int_equal(filtered.count[said_by], 1);
	return &filtered.got[said_by][0];
}
