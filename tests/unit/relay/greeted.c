/* See greeted.h. */
#include "greeted.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rdp/mcs.h"
#include "relay/introduction.h"

void
greeted_legs(bool greeter, bool host)
{
	static max_align_t leg; /* only whether there is one is looked at */

	fakes.conn.legs[SIDE_CLIENT] = (struct leg *)&leg;
	fakes.conn.legs[SIDE_GREETER] = greeter ? (struct leg *)&leg : NULL;
	fakes.conn.legs[SIDE_HOST] = host ? (struct leg *)&leg : NULL;
}

void
greeted_start(enum phase phase, const struct phase_ops *ops)
{
	struct bridge *bridge;

	fakes_reset(phase, ops);
	greeted_legs(true, false);
	for (enum phase each = 0; each < PHASE_COUNT; each++)
		fakes.worker.limit_ms[each] = 1000u * (each + 1);
	bridge = fakes.conn.bridge = bridge_new(SIDE_GREETER);
	assert_non_null(bridge);
	bridge->user[SIDE_CLIENT] = GREETED_USER;
	bridge->user[SIDE_HOST] = GREETER_USER;
	bridge->io[SIDE_CLIENT] = bridge->io[SIDE_HOST] = MCS_IO_CHANNEL;
	bridge->stage = BRIDGE_ACTIVE;
	bridge->licensed = true;
	bridge->share_id = GREETED_SHARE_ID;
	fakes.conn.introduction = calloc(1, sizeof(*fakes.conn.introduction));
	assert_non_null(fakes.conn.introduction);
	fakes.conn.introduction->client.desktop_width = 1024;
	fakes.conn.introduction->client.desktop_height = 768;
	fakes.conn.introduction->client.color_depth = 16;
}

void
greeted_update(uint8_t *bytes, unsigned int place)
{
	memset(bytes, 0xa5, GREETED_UPDATE);
	bytes[0] = 0;
	bytes_put_u16be(bytes + 1, GREETED_UPDATE | 0x8000);
	bytes[3] = (uint8_t)(place << 4 | 1);
}

size_t
greeted_share(uint8_t *room, size_t size, enum side to, enum share_type type, uint8_t data_type,
	size_t body)
{
	uint16_t user = to == SIDE_CLIENT ? INTRODUCTION_SERVER_USER : GREETED_USER;
	struct bytes_writer writer;
	size_t frame, share;

	bytes_writer_init(&writer, room, size);
	frame = mcs_send_data_begin(&writer,
		to == SIDE_CLIENT ? MCS_SEND_DATA_INDICATION : MCS_SEND_DATA_REQUEST, user,
		MCS_IO_CHANNEL);
	share = share_begin(&writer, type, user, GREETED_SHARE_ID + 1, data_type);
	bytes_write_zeros(&writer, body);
	share_end(&writer, share);
	mcs_send_data_end(&writer, frame);
	assert_false(writer.failed);
	return writer.len;
}

size_t
greeted_give(enum side from, const uint8_t *bytes, size_t len)
{
	static uint8_t copy[65536];

	assert_true(len <= sizeof(copy));
	memcpy(copy, bytes, len);
	return fakes.conn.ops->on_bytes(&fakes.conn, from, copy, len);
}

size_t
greeted_sent(size_t at, struct share_pdu *pdu, const uint8_t **ret_payload)
{
	const uint8_t *frame = fakes.sent[SIDE_CLIENT] + at;
	size_t len = fakes.sent_len[SIDE_CLIENT] - at;
	struct mcs_send_data data;
	struct frame head = {0};

	assert_int_equal(frame_parse(frame, len, &head), PARSE_OK);
	assert_int_equal(head.kind, FRAME_TPKT);
	assert_true(head.len <= len);
	assert_int_equal(mcs_send_data_parse(frame, head.len, head.len, &data, NULL), PARSE_OK);
	assert_int_equal(data.kind, MCS_SEND_DATA_INDICATION);
	assert_int_equal(data.channel, MCS_IO_CHANNEL);
	*ret_payload = frame + data.payload_at;
	assert_int_equal(
		share_parse(*ret_payload, data.payload_len, data.payload_len, pdu, NULL), PARSE_OK);
	return at + head.len;
}
