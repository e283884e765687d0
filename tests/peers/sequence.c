/* PDUs of the test peers; see sequence.h. */
#include "sequence.h"

#include <string.h>

#include "rdp/per.h"
#include "rdp/utf16.h"
#include "rdp/x224.h"

static void
write_words(struct bytes_writer *writer, const uint16_t *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		bytes_write_u16le(writer, words[i]);
}

#define WRITE_WORDS(writer, ...)                             \
	write_words(writer, (const uint16_t[]){__VA_ARGS__}, \
		sizeof((const uint16_t[]){__VA_ARGS__}) / sizeof(uint16_t))

/* CS_CORE, 2.2.1.3.2. */
static void
write_core(struct bytes_writer *writer, uint32_t selected_protocol)
{
	size_t begin = writer->len;

	WRITE_WORDS(writer, GCC_CS_CORE, 216);
	bytes_write_u32le(writer, 0x00080004);
	WRITE_WORDS(writer, SEQUENCE_WIDTH, SEQUENCE_HEIGHT, 0xca01, 0xaa03);
	bytes_write_u32le(writer, 0x0409);
	bytes_write_u32le(writer, 2600);
	(void)utf16_write(writer, "TEST-PEER");
	bytes_write_zeros(writer, begin + 56 - writer->len);
	bytes_write_u32le(writer, 4);
	bytes_write_u32le(writer, 0);
	bytes_write_u32le(writer, 12);
	bytes_write_zeros(writer, 64);
	WRITE_WORDS(writer, 0xca01, 1, 0, 0, 16, 7, GCC_CLIENT_ERROR_INFO);
	bytes_write_zeros(writer, 64);
	WRITE_WORDS(writer, 0);
	bytes_write_u32le(writer, selected_protocol);
}

static void
write_channels(struct bytes_writer *writer)
{
	static const char names[][GCC_CHANNEL_NAME_LEN] = {"rdpsnd", "cliprdr", "drdynvc"};

	WRITE_WORDS(writer, GCC_CS_NET, 8 + 3 * 12);
	bytes_write_u32le(writer, 3);
	for (size_t i = 0; i < 3; i++) {
		bytes_write(writer, names[i], sizeof(names[i]));
		bytes_write_u32le(writer, GCC_CHANNEL_INITIALIZED);
	}
}

static void
write_client_blocks(
	struct bytes_writer *writer, uint32_t selected_protocol, bool with_message_channel)
{
	write_core(writer, selected_protocol);
	WRITE_WORDS(writer, GCC_CS_CLUSTER, 12, 0x0d, 0, 0, 0);
	WRITE_WORDS(writer, GCC_CS_SECURITY, 12, 0, 0, 0, 0);
	write_channels(writer);
	if (with_message_channel)
		WRITE_WORDS(writer, GCC_CS_MCS_MSGCHANNEL, 8, 0, 0);
}

void
sequence_initial_write(
	struct bytes_writer *writer, uint32_t selected_protocol, bool with_message_channel)
{
	static const uint8_t connect_data[] = {0, 5, 0, 0x14, 0x7c, 0, 1};
	static const uint8_t create_request[] = {0, 8, 0, 0x10, 0, 1, 0xc0, 0, 'D', 'u', 'c', 'a'};
	struct mcs_connect_initial initial = {
		.target = {34, 2, 0, 1, 0, 1, 65535, 2},
		.minimum = {1, 1, 1, 1, 0, 1, 1056, 2},
		.maximum = {65535, 64535, 65535, 1, 0, 1, 65535, 2},
	};
	uint8_t blocks[512], room[600];
	struct bytes_writer inner, outer;

	bytes_writer_init(&inner, blocks, sizeof(blocks));
	write_client_blocks(&inner, selected_protocol, with_message_channel);
	bytes_writer_init(&outer, room, sizeof(room));
	bytes_write(&outer, connect_data, sizeof(connect_data));
	per_write_length(&outer, sizeof(create_request) + 2 + inner.len);
	bytes_write(&outer, create_request, sizeof(create_request));
	per_write_length(&outer, inner.len);
	bytes_write(&outer, blocks, inner.len);
	initial.user_data = (struct pdu_bytes){room, outer.len};
	mcs_connect_initial_write(writer, &initial);
}

/* TS_EXTENDED_INFO_PACKET: address, directory, time zone, performance flags, no cookie. */
static size_t
make_extra(uint8_t *ret_bytes, size_t size)
{
	static const char *const texts[] = {"127.0.0.1", "C:\\"};
	struct bytes_writer writer;

	bytes_writer_init(&writer, ret_bytes, size);
	bytes_write_u16le(&writer, 2);
	for (size_t i = 0; i < 2; i++) {
		bytes_write_u16le(&writer, (uint16_t)(2 * strlen(texts[i]) + 2));
		(void)utf16_write(&writer, texts[i]);
		bytes_write_u16le(&writer, 0);
	}
	bytes_write_zeros(&writer, 172 + 8 + 2);
	return writer.len;
}

int
sequence_info_write(struct bytes_writer *writer, const struct sequence_address *address,
	const char *user, const char *password)
{
	uint8_t extra[256], payload[CLIENT_INFO_MAX];
	struct client_info info = {
		.flags = INFO_ALWAYS | INFO_LOGON_NOTIFY,
		.extra = {extra, make_extra(extra, sizeof(extra))},
	};
	struct client_info_changes changes = {
		.user = user, .password = password, .autologon = true};
	struct bytes_writer inner;
	int r;

	bytes_writer_init(&inner, payload, sizeof(payload));
	r = client_info_write(&inner, &info, &changes);
	if (r == 0)
		mcs_send_data_write(
			writer, address->kind, address->user, address->channel, payload, inner.len);
	return r;
}

/* The sets that FreeRDP and xrdp want from either side, 2.2.7. */
static void
write_capabilities(struct bytes_writer *writer)
{
	WRITE_WORDS(writer, 10, 0); /* numberCapabilities, pad */
	/* General: Windows NT; fast-path output, long credentials, no bitmap compression header */
	WRITE_WORDS(writer, 1, 24, 1, 3, 0x200, 0, 0, 0x0405, 0, 0, 0, 0x0101);
	/* Bitmap: 16 bits, desktop may be resized */
	WRITE_WORDS(writer, 2, 28, 16, 1, 1, 1, SEQUENCE_WIDTH, SEQUENCE_HEIGHT, 0, 1, 1, 0, 1, 0);
	/* Order: none but those every peer must name */
	WRITE_WORDS(writer, 3, 88);
	bytes_write_zeros(writer, 20);
	WRITE_WORDS(writer, 1, 20, 0, 1, 0, 0x0022);
	bytes_write_zeros(writer, 88 - 4 - 20 - 12);
	/* Pointer: colour, 20 in the cache */
	WRITE_WORDS(writer, 8, 10, 1, 20, 20);
	/* Input: scancodes, mouse with more buttons, fast-path, Unicode */
	WRITE_WORDS(writer, 13, 88, 0x003d, 0, 0x0409, 0, 4, 0, 0, 0, 12, 0);
	bytes_write_zeros(writer, 64);
	/* Share, font, virtual channels without compression, large pointers, fragments up to 64
	 * KB */
	WRITE_WORDS(writer, 9, 8, 0, 0);
	WRITE_WORDS(writer, 14, 8, 1, 0);
	WRITE_WORDS(writer, 20, 12, 0, 0, 1600, 0);
	WRITE_WORDS(writer, 27, 6, 1);
	WRITE_WORDS(writer, 26, 8, 0xffff, 0);
}

static void
write_share_frame(struct bytes_writer *writer, const struct sequence_address *address,
	enum share_type type, uint8_t data_type, const struct bytes_writer *body)
{
	size_t frame = mcs_send_data_begin(writer, address->kind, address->user, address->channel);
	size_t share = share_begin(writer, type, address->user, address->share_id, data_type);

	bytes_write(writer, body->start, body->len);
	share_end(writer, share);
	mcs_send_data_end(writer, frame);
}

/* Demand and Confirm Active are alike but for originatorId and sessionId, 2.2.1.13. */
static void
write_active(struct bytes_writer *writer, const struct sequence_address *address, bool is_demand)
{
	uint8_t capabilities[512], room[600];
	struct bytes_writer inner, body;

	bytes_writer_init(&inner, capabilities, sizeof(capabilities));
	write_capabilities(&inner);
	bytes_writer_init(&body, room, sizeof(room));
	if (!is_demand)
		bytes_write_u16le(&body, 1002);
	WRITE_WORDS(&body, 4, (uint16_t)inner.len);
	bytes_write(&body, "RDP", 4);
	bytes_write(&body, capabilities, inner.len);
	if (is_demand)
		bytes_write_u32le(&body, 0);
	write_share_frame(
		writer, address, is_demand ? SHARE_DEMAND_ACTIVE : SHARE_CONFIRM_ACTIVE, 0, &body);
}

void
sequence_demand_active_write(struct bytes_writer *writer, const struct sequence_address *address)
{
	write_active(writer, address, true);
}

void
sequence_confirm_active_write(struct bytes_writer *writer, const struct sequence_address *address)
{
	write_active(writer, address, false);
}

static void
write_data(struct bytes_writer *writer, const struct sequence_address *address, uint8_t data_type,
	const uint16_t *words, size_t count)
{
	uint8_t room[16];
	struct bytes_writer body;

	bytes_writer_init(&body, room, sizeof(room));
	write_words(&body, words, count);
	write_share_frame(writer, address, SHARE_DATA, data_type, &body);
}

void
sequence_synchronize_write(struct bytes_writer *writer, const struct sequence_address *address)
{
	const uint16_t words[] = {1, address->user};

	write_data(writer, address, SHARE_DATA_SYNCHRONIZE, words, 2);
}

void
sequence_control_write(struct bytes_writer *writer, const struct sequence_address *address,
	uint16_t action, uint16_t grant_id)
{
	const uint16_t words[] = {action, grant_id, action == SHARE_CONTROL_GRANTED ? 1002 : 0, 0};

	write_data(writer, address, SHARE_DATA_CONTROL, words, 4);
}

void
sequence_font_write(
	struct bytes_writer *writer, const struct sequence_address *address, uint8_t data_type)
{
	const uint16_t words[] = {0, 0, 3, data_type == SHARE_DATA_FONT_LIST ? 50 : 4};

	write_data(writer, address, data_type, words, 4);
}

void
sequence_licence_write(struct bytes_writer *writer, const struct sequence_address *address)
{
	size_t frame = mcs_send_data_begin(writer, address->kind, address->user, address->channel);

	share_licence_valid_write(writer);
	mcs_send_data_end(writer, frame);
}

void
sequence_error_info_write(
	struct bytes_writer *writer, const struct sequence_address *address, uint32_t code)
{
	size_t frame = mcs_send_data_begin(writer, address->kind, address->user, address->channel);

	share_error_info_write(writer, address->share_id, address->user, code);
	mcs_send_data_end(writer, frame);
}

/* Fast-path, 2.2.9.1.2: header, length of two octets, update header and size,
 * TS_UPDATE_BITMAP_DATA with one TS_BITMAP_DATA of 64 pixels a row, 16 bits each. */
size_t
sequence_update_write(uint8_t *ret_bytes, size_t size, uint32_t number)
{
	enum {
		HEAD = 3 + 3 + 4 + 18,
		ROW = 128,
	};
	size_t limit = size < FAST_PATH_MAX ? size : FAST_PATH_MAX;
	uint16_t rows = (uint16_t)((limit - HEAD) / ROW);
	size_t len = HEAD + (size_t)rows * ROW;
	uint16_t left = (uint16_t)(number * 64 % (SEQUENCE_WIDTH - 64));
	uint16_t top = (uint16_t)(number * 16 % (SEQUENCE_HEIGHT / 2));
	struct bytes_writer writer;

	bytes_writer_init(&writer, ret_bytes, len);
	bytes_write_u8(&writer, 0);
	bytes_write_u16be(&writer, (uint16_t)(len | 0x8000));
	bytes_write_u8(&writer, 1); /* bitmap, one fragment, not compressed */
	WRITE_WORDS(&writer, (uint16_t)(len - 6), 1, 1);
	WRITE_WORDS(&writer, left, top, (uint16_t)(left + 63), (uint16_t)(top + rows - 1), 64, rows,
		16, 0, (uint16_t)(rows * ROW));
	for (size_t i = 0; i < (size_t)rows * ROW / 2; i++)
		bytes_write_u16le(&writer, (uint16_t)(number * 2654435761u + i * 40503u));
	return len;
}

/* TS_FP_POINTER_EVENT, 2.2.8.1.2.2.3. */
void
sequence_ping_write(struct bytes_writer *writer, uint32_t number)
{
	bytes_write_u8(writer, 1 << 2); /* one event */
	bytes_write_u8(writer, FAST_PATH_PING_LEN);
	bytes_write_u8(writer, 1 << 5);
	WRITE_WORDS(writer, 0x0800, (uint16_t)(number & 0x7fff), (uint16_t)(number >> 15 & 0x7fff));
}

/* libfreerdp, which may be in between, always writes lengths of two octets. */
static bool
number_parse(const uint8_t *frame, size_t len, uint8_t kind, uint32_t *ret_number)
{
	size_t more = len > 1 && (frame[1] & 0x80) != 0 ? 1 : 0;

	if (len != FAST_PATH_PING_LEN + more || frame[2 + more] != kind)
		return false;
	*ret_number = bytes_get_u16le(frame + 5 + more) |
		      (uint32_t)bytes_get_u16le(frame + 7 + more) << 15;
	return true;
}

bool
sequence_ping_parse(const uint8_t *frame, size_t len, uint32_t *ret_number)
{
	return number_parse(frame, len, 1 << 5, ret_number);
}

/* TS_POINTERPOSATTRIBUTE, 2.2.9.1.2.1.5. */
void
sequence_pong_write(struct bytes_writer *writer, uint32_t number)
{
	bytes_write_u8(writer, 0);
	bytes_write_u8(writer, FAST_PATH_PING_LEN);
	bytes_write_u8(writer, 8);
	WRITE_WORDS(writer, 4, (uint16_t)(number & 0x7fff), (uint16_t)(number >> 15 & 0x7fff));
}

bool
sequence_pong_parse(const uint8_t *frame, size_t len, uint32_t *ret_number)
{
	return number_parse(frame, len, 8, ret_number);
}
