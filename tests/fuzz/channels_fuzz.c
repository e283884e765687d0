/* Filtered channels (relay/bridge_channels.h and the filters behind it) with two hostile sides. The first four bytes are the
 * rights; then come chunks: what they are (bit 0: from the host; 1-2: the channel; 3: FIRST; 4: LAST; 5: four bytes say the
 * length of the PDU; 6: compressed), how long their data is (one byte, times four), and the data.
 */
#include "fuzz.h"

#include <string.h>

#include "rdp/cliprdr.h"
#include "rdp/drdynvc.h"
#include "rdp/mcs.h"
#include "rdp/rdpdr.h"
#include "relay/bridge_channels.h"

enum {
	INPUT_MAX = 16384,
	CHUNK_HEAD = 6, /* what, length, and at most so many for the PDU's length */
};

static const struct gcc_channel channels[] = {
	{.name = "cliprdr", .options = GCC_CHANNEL_SHOW_PROTOCOL},
	{.name = "drdynvc"},
	{.name = "rdpdr"},
	{.name = "rdpsnd"},
};
#define CHANNELS (sizeof(channels) / sizeof(channels[0]))

static struct bridge *
start(uint32_t rights)
{
	struct bridge *bridge = bridge_new(SIDE_HOST);

	fuzz_expect(bridge != NULL);
	bridge->stage = BRIDGE_ACTIVE;
	bridge->io[SIDE_CLIENT] = bridge->io[SIDE_HOST] = MCS_IO_CHANNEL;
	bridge->user[SIDE_HOST] = 1044;
	bridge->channel_count = CHANNELS;
	bridge->channel_names = strdup("A_CHANNEL");
	for (uint8_t i = 0; i < CHANNELS; i++) {
		bridge->channels[i].id[SIDE_CLIENT] = (uint16_t)(MCS_FIRST_CHANNEL + i);
		bridge->channels[i].id[SIDE_HOST] = (uint16_t)(1100 + i);
		fuzz_expect(bridge_filter_channel(
				    bridge, i, &channels[i], session_rights_at_host(rights)) == 0);
	}
	bridge_filters_ready(bridge);
	return bridge;
}

/* Whatever leaves is whole frames on the same channels. */
static void
expect_frames(enum side to, const uint8_t *bytes, size_t len)
{
	uint16_t first = to == SIDE_HOST ? 1100 : MCS_FIRST_CHANNEL;

	while (len > 0) {
		struct mcs_send_data data;
		struct frame frame;

		fuzz_expect(frame_parse(bytes, len, &frame) == PARSE_OK && frame.len <= len);
		fuzz_expect(
			mcs_send_data_parse(bytes, frame.len, frame.len, &data, NULL) == PARSE_OK);
		fuzz_expect(data.channel >= first && data.channel < first + CHANNELS);
		bytes += frame.len;
		len -= frame.len;
	}
}

static void
take_queue(struct bridge *bridge, enum side from)
{
	struct bridge_queue *queue = bridge_queued(bridge, from);

	fuzz_expect(bridge->ways[from].queue.len <= BRIDGE_QUEUE_MAX);
	if (queue == NULL)
		return;
	expect_frames(other_side(from), queue->bytes, queue->len);
	bridge_queue_done(queue);
}

/* A file moves only where one may. */
static void
expect_granted(const struct file_news *news, uint32_t rights)
{
	static const uint32_t needed[FILE_BY_COUNT][FILE_MOVE_COUNT] = {
		[FILE_BY_CLIPBOARD] = {SESSION_RIGHT_CLIPBOARD_FILES_IN,
			SESSION_RIGHT_CLIPBOARD_FILES_OUT},
		[FILE_BY_DRIVE] = {SESSION_RIGHT_DRIVES_IN, SESSION_RIGHT_DRIVES_OUT},
	};

	for (size_t i = 0; i < news->count; i++)
		fuzz_expect((needed[news->files[i].way][news->files[i].move] & rights) != 0);
}

/* One frame, in two reads. Returns whether the session goes on. */
static bool
stream(struct bridge *bridge, enum side from, uint8_t *frame, size_t len, size_t cut)
{
	uint8_t room[INPUT_MAX + 64];
	struct bridge_result result;
	size_t at = 0, have = cut < len ? cut : len;

	for (int i = 0; i < 2; i++, have = len) {
		do {
			memcpy(room, frame + at, have - at);
			bridge_filter(bridge, from, room, have - at, &result);
			fuzz_expect(result.used <= have - at && result.out <= result.used);
			at += result.used;
			take_queue(bridge, from);
			take_queue(bridge, other_side(from));
			if (result.reason != CLOSE_NONE)
				return false;
		} while (result.stopped);
	}
	fuzz_expect(at == len);
	return true;
}

static size_t
make_frame(const uint8_t *chunk, const uint8_t *data, size_t data_len, uint8_t *ret_frame)
{
	enum side from = (chunk[0] & 1) != 0 ? SIDE_HOST : SIDE_CLIENT;
	uint16_t channel = (uint16_t)(chunk[0] >> 1 & 3);
	uint8_t payload[CHUNK_HEADER_LEN + 1024];
	struct bytes_writer writer;

	bytes_put_u32le(
		payload, (chunk[0] & 0x20) != 0 ? bytes_get_u32le(chunk + 2) : (uint32_t)data_len);
	bytes_put_u32le(
		payload + 4, (chunk[0] >> 3 & 3u) | ((chunk[0] & 0x40) != 0 ? 0x00200000u : 0));
	memcpy(payload + CHUNK_HEADER_LEN, data, data_len);
	bytes_writer_init(&writer, ret_frame, INPUT_MAX);
	mcs_send_data_write(&writer,
		from == SIDE_HOST ? MCS_SEND_DATA_INDICATION : MCS_SEND_DATA_REQUEST,
		from == SIDE_HOST ? 1002 : 1007,
		(uint16_t)(channel + (from == SIDE_HOST ? 1100 : MCS_FIRST_CHANNEL)), payload,
		CHUNK_HEADER_LEN + data_len);
	fuzz_expect(!writer.failed);
	return writer.len;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct bridge *bridge;
	bool goes_on = true;
	size_t at = 4;

	if (len < 4 || len > INPUT_MAX)
		return 0;
	bridge = start(bytes_get_u32le(bytes));
	while (goes_on && at + CHUNK_HEAD <= len) {
		const uint8_t *chunk = bytes + at;
		size_t head = (chunk[0] & 0x20) != 0 ? CHUNK_HEAD : 2;
		size_t data_len = chunk[1] * 4u;
		uint8_t frame[INPUT_MAX];

		at += head;
		if (data_len > len - at)
			data_len = len - at;
		goes_on = stream(bridge, (chunk[0] & 1) != 0 ? SIDE_HOST : SIDE_CLIENT, frame,
			make_frame(chunk, bytes + at, data_len, frame), chunk[0]);
		at += data_len;
	}
	bridge_filters_finish(bridge);
	expect_granted(&bridge->news, bytes_get_u32le(bytes));
	bridge_free(bridge);
	return 0;
}

struct seed {
	uint8_t bytes[4096];
	size_t len;
};

static void
add(struct seed *seed, uint8_t what, const void *data, size_t len)
{
	seed->bytes[seed->len++] = what;
	seed->bytes[seed->len++] = (uint8_t)((len + 3) / 4);
	memcpy(seed->bytes + seed->len, data, len);
	seed->len += (len + 3) / 4 * 4;
}

enum {
	WHOLE = 0x18,
	FROM_HOST = 0x01,
	DYNAMIC = 0x02,
	DEVICES = 0x04,
};

static void
clipboard_seed(struct fuzz_seeds *seeds, uint32_t rights)
{
	static const uint8_t caps[] = {
		7, 0, 0, 0, 16, 0, 0, 0, 1, 0, 0, 0, 1, 0, 12, 0, 2, 0, 0, 0, 0x3e, 0, 0, 0};
	static const uint8_t list[] = {2, 0, 0, 0, 24, 0, 0, 0, 13, 0, 0, 0, 0, 0, 8, 0xc0, 0, 0,
		'F', 0, 'i', 0, 'l', 0, 0, 0, 2, 0, 0, 0, 0, 0};
	static const uint8_t ask[] = {4, 0, 0, 0, 4, 0, 0, 0, 13, 0, 0, 0};
	static const uint8_t answer[] = {5, 0, 1, 0, 4, 0, 0, 0, 'a', 0, 0, 0};
	static const uint8_t contents[] = {8, 0, 0, 0, 24, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0,
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0};
	static const uint8_t lock[] = {10, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0};
	static const uint8_t locked[] = {8, 0, 0, 0, 28, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0,
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0};
	struct seed seed = {.len = 4};

	bytes_put_u32le(seed.bytes, rights);
	add(&seed, WHOLE | FROM_HOST, caps, sizeof(caps));
	add(&seed, WHOLE, caps, sizeof(caps));
	add(&seed, WHOLE, list, sizeof(list));
	add(&seed, WHOLE | FROM_HOST, ask, sizeof(ask));
	add(&seed, WHOLE, answer, sizeof(answer));
	add(&seed, WHOLE | FROM_HOST, contents, sizeof(contents));
	add(&seed, WHOLE | FROM_HOST, lock, sizeof(lock));
	add(&seed, WHOLE, list, sizeof(list));
	add(&seed, WHOLE | FROM_HOST, locked, sizeof(locked));
	fuzz_seed(seeds, seed.bytes, seed.len);
}

static void
dynamic_seed(struct fuzz_seeds *seeds, uint32_t rights)
{
	static const char create[] = "\x10\x07"
				     "ECHO\0\0";
	static const char microphone[] = "\x10\x08"
					 "AUDIO_INPUT\0\0\0\0\0";
	static const uint8_t answer[] = {0x10, 7, 0, 0, 0, 0, 0, 0};
	static const uint8_t data[] = {0x30, 7, 1, 2};
	static const uint8_t closed[] = {0x40, 7, 0, 0};
	struct seed seed = {.len = 4};

	bytes_put_u32le(seed.bytes, rights);
	add(&seed, WHOLE | FROM_HOST | DYNAMIC, create, 8);
	add(&seed, WHOLE | DYNAMIC, answer, sizeof(answer));
	add(&seed, WHOLE | FROM_HOST | DYNAMIC, microphone, 16);
	add(&seed, WHOLE | FROM_HOST | DYNAMIC, data, sizeof(data));
	add(&seed, WHOLE | FROM_HOST | DYNAMIC, closed, sizeof(closed));
	fuzz_seed(seeds, seed.bytes, seed.len);
}

static void
device_seed(struct fuzz_seeds *seeds, uint32_t rights)
{
	static const uint8_t devices[] = {0x72, 0x44, 0x41, 0x44, 2, 0, 0, 0, 8, 0, 0, 0, 1, 0, 0,
		0, 'T', 'M', 'P', 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 2, 0, 0, 0, 'P', 'R', 'N',
		'1', 0, 0, 0, 0, 0, 0, 0, 0};
	static const uint8_t removed[] = {0x72, 0x44, 0x4d, 0x44, 1, 0, 0, 0, 1, 0, 0, 0};
	uint8_t request[60] = {0x72, 0x44, 0x52, 0x49, 1};
	uint8_t done[20] = {0x72, 0x44, 0x43, 0x49, 1};
	struct seed seed = {.len = 4};

	bytes_put_u32le(seed.bytes, rights);
	add(&seed, WHOLE | DEVICES, devices, sizeof(devices));
	request[44] = 1; /* FILE_OPEN */
	request[52] = 4;
	request[56] = '\\';
	add(&seed, WHOLE | FROM_HOST | DEVICES, request, sizeof(request));
	done[16] = 5; /* FileId */
	add(&seed, WHOLE | DEVICES, done, sizeof(done));
	request[8] = 5;
	for (uint8_t function = 2; function < 5; function++) {
		request[16] = function == 4 ? 2 : (uint8_t)(function + 1); /* READ, WRITE, CLOSE */
		request[12] = function;
		done[8] = function;
		add(&seed, WHOLE | FROM_HOST | DEVICES, request, 56);
		add(&seed, WHOLE | DEVICES, done, sizeof(done));
	}
	add(&seed, WHOLE | DEVICES, removed, sizeof(removed));
	fuzz_seed(seeds, seed.bytes, seed.len);
}

void
fuzz_give_seeds(struct fuzz_seeds *seeds)
{
	static const uint32_t rights[] = {0, 0x1, 0x15, 0x1fff};

	for (size_t i = 0; i < sizeof(rights) / sizeof(rights[0]); i++) {
		clipboard_seed(seeds, rights[i]);
		dynamic_seed(seeds, rights[i]);
		device_seed(seeds, rights[i]);
	}
}
