/* Input that pauses while nobody watches (relay/input_gate.h, relay/bridge_gate.c), with a hostile client. An input is steps: 0x80 closes
 * the gate, 0x81 opens it, any other byte n is followed by up to n bytes that the client sends.
 *
 * The jump host at the other end is played by a decoder of its own (MS-RDPBCGR 2.2.8.1.1.3, 2.2.8.1.2): it never gets an event that presses
 * something and began while the gate was closed, and between two PDUs it has nothing held while it is.
 */
#include "fuzz.h"

#include <string.h>

#include "rdp/mcs.h"
#include "rdp/share.h"
#include "relay/bridge.h"

enum {
	INPUT_MAX = 4096,
	OUT_MAX = 64 * 1024,
	HOST_USER = 1044,
};

/* What has come out and is not decoded yet; whether the gate was closed at that moment. */
struct host {
	uint8_t bytes[OUT_MAX];
	bool closed[OUT_MAX];
	size_t len;
	bool keys[1024];
	unsigned int buttons; /* 1-3, and 4-5 the other two */
};

static struct host host;

static void
key(uint16_t code, bool down, bool while_closed)
{
	fuzz_expect(!down || !while_closed);
	host.keys[code % 1024] = down;
}

static void
mouse(const uint8_t *data, unsigned int first, unsigned int mask, unsigned int shift,
	bool while_closed)
{
	unsigned int flags = bytes_get_u16le(data);
	unsigned int buttons = (flags >> shift & mask) << first;
	bool down = (flags & 0x8000) != 0;

	fuzz_expect(!down || buttons == 0 || !while_closed);
	if (down)
		host.buttons |= buttons;
	else
		host.buttons &= ~buttons;
}

static void
decode_fast(const struct frame *frame)
{
	static const uint8_t lengths[8] = {2, 7, 7, 1, 3, 7, 5, 0};
	unsigned int count = host.bytes[0] >> 2 & 0x0f;
	size_t at = frame->header_len;

	if (count == 0 && at < frame->len)
		count = host.bytes[at++];
	for (; count > 0 && at < frame->len; count--) {
		const uint8_t *event = host.bytes + at;
		bool closed = host.closed[at];
		unsigned int code = event[0] >> 5;

		fuzz_expect(lengths[code] != 0);
		if (at + lengths[code] > frame->len)
			break;
		if (code == 0)
			key((uint16_t)(event[1] | (event[0] & 6) << 7), (event[0] & 1) == 0,
				closed);
		else if (code == 4)
			fuzz_expect((event[0] & 1) != 0 || !closed);
		else if (code == 1 || code == 5)
			mouse(event + 1, 0, 7, 12, closed);
		else if (code == 2)
			mouse(event + 1, 3, 3, 0, closed);
		at += lengths[code];
	}
}

static void
decode_slow(size_t at, size_t end)
{
	unsigned int count;

	if (at + 4 > end)
		return;
	count = bytes_get_u16le(host.bytes + at);
	for (at += 4; count > 0 && at + 12 <= end; count--, at += 12) {
		const uint8_t *data = host.bytes + at + 6;
		unsigned int type = bytes_get_u16le(host.bytes + at + 4);
		unsigned int flags = bytes_get_u16le(data);
		bool closed = host.closed[at];

		if (type == 4)
			key((uint16_t)(data[2] | (flags & 0x300)), (flags & 0x8000) == 0, closed);
		else if (type == 0x8001)
			mouse(data, 0, 7, 12, closed);
		else if (type == 0x8002)
			mouse(data, 3, 3, 0, closed);
	}
}

/* Each share PDU with input in the frame. */
static void
decode_tpkt(const struct frame *frame)
{
	struct mcs_send_data data;
	struct share_pdu share;
	size_t at;

	if (mcs_send_data_parse(host.bytes, frame->len, frame->len, &data, NULL) != PARSE_OK)
		return;
	for (at = data.payload_at; at < frame->len; at += share.total_len) {
		size_t left = frame->len - at;

		if (share_parse(host.bytes + at, left, left, &share, NULL) != PARSE_OK)
			return;
		if (share.type == SHARE_DATA && share.data_type == SHARE_DATA_INPUT)
			decode_slow(at + SHARE_DATA_LEN, at + share.total_len);
	}
}

static void
decode(void)
{
	struct frame frame;

	while (host.len > 0 && frame_parse(host.bytes, host.len, &frame) == PARSE_OK &&
		frame.len <= host.len) {
		if (frame.kind == FRAME_FAST_PATH)
			decode_fast(&frame);
		else
			decode_tpkt(&frame);
		host.len -= frame.len;
		memmove(host.bytes, host.bytes + frame.len, host.len);
		memmove(host.closed, host.closed + frame.len, host.len);
	}
}

static void
come_out(const uint8_t *bytes, size_t len, bool closed)
{
	fuzz_expect(host.len + len <= OUT_MAX);
	memcpy(host.bytes + host.len, bytes, len);
	memset(host.closed + host.len, closed, len);
	host.len += len;
}

static void
take_queue(struct bridge *bridge, bool closed)
{
	struct bridge_queue *queue = bridge_queued(bridge, SIDE_CLIENT);

	if (queue != NULL) {
		come_out(queue->bytes, queue->len, closed);
		bridge_queue_done(queue);
	}
	decode();
	if (!closed || bridge_to_boundary(bridge, SIDE_CLIENT) != 0 ||
		bridge->stage != BRIDGE_ACTIVE)
		return;
	fuzz_expect(host.len == 0);
	fuzz_expect(host.buttons == 0);
	for (size_t i = 0; i < 1024; i++)
		fuzz_expect(!host.keys[i]);
}

/* What was not dealt with waits in front of what comes. Returns whether the session goes on. */
static bool
send(struct bridge *bridge, uint8_t *room, size_t *have, bool closed)
{
	struct bridge_result result;

	do {
		uint8_t turn[INPUT_MAX];

		memcpy(turn, room, *have);
		bridge_filter(bridge, SIDE_CLIENT, turn, *have, &result);
		fuzz_expect(result.used <= *have && result.out <= result.used);
		come_out(turn, result.out, closed);
		*have -= result.used;
		memmove(room, room + result.used, *have);
		if (result.reason != CLOSE_NONE)
			return false;
		take_queue(bridge, closed);
	} while (result.stopped);
	return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct bridge *bridge = bridge_new(SIDE_HOST);
	uint8_t room[INPUT_MAX];
	size_t at = 0, have = 0;
	bool closed = false, goes_on = true;

	fuzz_expect(bridge != NULL);
	memset(&host, 0, sizeof(host));
	bridge->stage = BRIDGE_ACTIVE;
	bridge->io[SIDE_CLIENT] = bridge->io[SIDE_HOST] = MCS_IO_CHANNEL;
	bridge->user[SIDE_HOST] = HOST_USER;
	fuzz_expect(bridge_gate(bridge, true) == 0);
	while (at < len && len <= INPUT_MAX && goes_on) {
		uint8_t step = bytes[at++];
		size_t count = step < len - at ? step : len - at;

		if (step == 0x80 || step == 0x81) {
			closed = step == 0x80;
			fuzz_expect(bridge_gate(bridge, !closed) == 0);
			take_queue(bridge, closed);
			continue;
		}
		memcpy(room + have, bytes + at, count);
		have += count;
		at += count;
		goes_on = send(bridge, room, &have, closed);
	}
	bridge_free(bridge);
	return 0;
}

static size_t
write_slow(uint8_t *room, size_t size)
{
	uint8_t payload[128];
	struct bytes_writer inner, writer;
	size_t begin;

	bytes_writer_init(&inner, payload, sizeof(payload));
	begin = share_begin(&inner, SHARE_DATA, HOST_USER, 0x103ea, SHARE_DATA_INPUT);
	bytes_write_u32le(&inner, 2);
	bytes_write_u32le(&inner, 0);
	bytes_write_u16le(&inner, 4);
	bytes_write_u16le(&inner, 0x4100);
	bytes_write_u32le(&inner, 0x1d);
	bytes_write_u32le(&inner, 0);
	bytes_write_u16le(&inner, 0x8001);
	bytes_write_u16le(&inner, 0xa000);
	bytes_write_u32le(&inner, 0x00100010);
	share_end(&inner, begin);
	bytes_writer_init(&writer, room, size);
	mcs_send_data_write(
		&writer, MCS_SEND_DATA_REQUEST, 1008, MCS_IO_CHANNEL, payload, inner.len);
	return writer.len;
}

void
fuzz_give_seeds(struct fuzz_seeds *seeds)
{
	static const uint8_t held[] = {4, 0x04, 4, 0x00, 0x1d, 0x80, 4, 0x04, 4, 0x00, 0x1e, 0x81};
	static const uint8_t in_transit[] = {
		4, 0x0c, 8, 0x00, 0x1d, 0x80, 4, 0x00, 0x1e, 0x80, 0x41};
	static const uint8_t many[] = {
		14, 0x00, 13, 3, 0x20, 0x00, 0x90, 1, 0, 2, 0, 0x62, 0x02, 0x1d, 0x80, 0x81, 0x80};
	static const uint8_t others[] = {20, 0x10, 20, 0x40, 0x01, 0x80, 1, 0, 2, 0, 0xa0, 0x00,
		0x90, 1, 0, 1, 0, 0x80, 0x41, 0x00, 0x60, 0x80};
	uint8_t slow[128], whole[160] = {0};
	size_t len = write_slow(slow, sizeof(slow));

	fuzz_seed(seeds, held, sizeof(held));
	fuzz_seed(seeds, in_transit, sizeof(in_transit));
	fuzz_seed(seeds, many, sizeof(many));
	fuzz_seed(seeds, others, sizeof(others));
	whole[0] = (uint8_t)len;
	memcpy(whole + 1, slow, len);
	whole[len + 1] = 0x80;
	fuzz_seed(seeds, whole, len + 2);
	/* … closed in the middle of it */
	whole[0] = (uint8_t)(len - 14);
	memcpy(whole + 1, slow, len - 14);
	whole[len - 13] = 0x80;
	whole[len - 12] = 14;
	memcpy(whole + len - 11, slow + len - 14, 14);
	fuzz_seed(seeds, whole, len + 3);
}
