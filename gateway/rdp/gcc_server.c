/* The server's half of GCC: ours written, a jump host's read; see gcc.h. The bytes read come
 * from jump hosts, which may be anything. */
#include "rdp/gcc.h"

#include <string.h>

#include "rdp/gcc_blocks.h"
#include "rdp/per.h"

/* Offsets and lengths, 2.2.1.4.2 to 2.2.1.4.5. */
enum {
	CORE_VERSION = 4,
	CORE_REQUESTED_PROTOCOLS = 8,
	CORE_EARLY_FLAGS = 12,
	CORE_LEN_MIN = 8,
	CORE_LEN = 16,
	SECURITY_METHOD = 4,
	SECURITY_LEVEL = 8,
	SECURITY_LEN = 12,
	NET_IO_CHANNEL = 4,
	NET_COUNT = 6,
	NET_CHANNELS = 8,
	MESSAGE_CHANNEL = 4,
	MESSAGE_CHANNEL_LEN = 6,
};

/* T.124 8.7, PER: ConnectData with the object identifier 0.0.20.124.0.1. */
static const uint8_t connect_data[] = {0x00, 0x05, 0x00, 0x14, 0x7c, 0x00, 0x01};
/* The length of connectPDU that every server sends, right or wrong; rdesktop steps over a fixed 21
 * bytes, so it must be of one octet. */
static const uint8_t connect_pdu_len = 0x2a;
/* ConferenceCreateResponse: node id 31219, tag 1, result success, one set of user data with the key
 * "McDn". */
static const uint8_t create_response[] = {
	0x14, 0x76, 0x0a, 0x01, 0x01, 0x00, 0x01, 0xc0, 0x00, 'M', 'c', 'D', 'n'};

static enum parse_result
bad(const char **ret_why, const char *why)
{
	if (ret_why != NULL)
		*ret_why = why;
	return PARSE_BAD;
}

static void
write_block_header(struct bytes_writer *writer, uint16_t type, size_t len)
{
	bytes_write_u16le(writer, type);
	bytes_write_u16le(writer, (uint16_t)len);
}

static void
write_net(struct bytes_writer *writer, const struct gcc_server *server)
{
	size_t padded = server->channel_count + (server->channel_count & 1u);

	write_block_header(writer, GCC_SC_NET, NET_CHANNELS + 2 * padded);
	bytes_write_u16le(writer, server->io_channel);
	bytes_write_u16le(writer, server->channel_count);
	for (size_t i = 0; i < padded; i++)
		bytes_write_u16le(writer, i < server->channel_count ? server->channels[i] : 0);
}

static void
write_blocks(struct bytes_writer *writer, const struct gcc_server *server)
{
	write_block_header(writer, GCC_SC_CORE, CORE_LEN);
	bytes_write_u32le(writer, server->version);
	bytes_write_u32le(writer, server->requested_protocols);
	bytes_write_u32le(writer, server->early_flags);
	write_net(writer, server);
	write_block_header(writer, GCC_SC_SECURITY, SECURITY_LEN);
	bytes_write_u32le(writer, server->encryption_method);
	bytes_write_u32le(writer, server->encryption_level);
	if (server->message_channel == 0)
		return;
	write_block_header(writer, GCC_SC_MCS_MSGCHANNEL, MESSAGE_CHANNEL_LEN);
	bytes_write_u16le(writer, server->message_channel);
}

void
gcc_connect_response_write(struct bytes_writer *writer, const struct gcc_server *server)
{
	uint8_t room[GCC_CONNECT_RESPONSE_MAX];
	struct bytes_writer user_data;
	struct mcs_connect_response response = {.parameters = mcs_usual_parameters};
	size_t blocks;

	bytes_writer_init(&user_data, room, sizeof(room));
	bytes_write(&user_data, connect_data, sizeof(connect_data));
	bytes_write_u8(&user_data, connect_pdu_len);
	bytes_write(&user_data, create_response, sizeof(create_response));
	per_write_length(&user_data, 0);
	blocks = user_data.len;
	write_blocks(&user_data, server);
	if (user_data.failed || server->channel_count > GCC_CHANNELS_MAX) {
		writer->failed = true;
		return;
	}
	per_put_length(room + blocks - 2, user_data.len - blocks);
	response.user_data = (struct pdu_bytes){room, user_data.len};
	mcs_connect_response_write(writer, &response);
}

/* Windows and others differ in node id and tag, and in how they count connectPDU. */
static bool
open_create_response(struct bytes_reader *reader)
{
	const uint8_t *bytes = bytes_read(reader, sizeof(connect_data));
	struct bytes_reader tag;

	if (bytes == NULL || memcmp(bytes, connect_data, sizeof(connect_data)) != 0)
		return false;
	(void)per_read_length(reader);
	if (bytes_read_u8(reader) != create_response[0])
		return false;
	(void)bytes_read_u16be(reader); /* node id */
	tag = bytes_read_part(reader, per_read_length(reader));
	if (tag.failed || bytes_left(&tag) > 4)
		return false;
	bytes = bytes_read(reader, 8);
	if (bytes == NULL || memcmp(bytes, create_response + 5, 8) != 0)
		return false;
	return per_read_length(reader) == bytes_left(reader) && !reader->failed;
}

static enum parse_result
read_core(const struct gcc_block *block, struct gcc_server *server, const char **ret_why)
{
	if (block->bytes.len < CORE_LEN_MIN)
		return bad(ret_why, "SC_CORE is too short");
	server->version = gcc_block_u32(block, CORE_VERSION);
	server->has_requested_protocols = block->bytes.len >= CORE_REQUESTED_PROTOCOLS + 4;
	server->requested_protocols = gcc_block_u32(block, CORE_REQUESTED_PROTOCOLS);
	server->early_flags = gcc_block_u32(block, CORE_EARLY_FLAGS);
	return PARSE_OK;
}

static enum parse_result
read_security(const struct gcc_block *block, struct gcc_server *server, const char **ret_why)
{
	if (block->bytes.len < SECURITY_LEN)
		return bad(ret_why, "SC_SECURITY is too short");
	server->encryption_method = gcc_block_u32(block, SECURITY_METHOD);
	server->encryption_level = gcc_block_u32(block, SECURITY_LEVEL);
	return PARSE_OK;
}

/* Each id may name one channel only, or one channel's rights would be another's. */
static bool
is_taken(const struct gcc_server *server, uint16_t count, uint16_t id)
{
	bool taken = id == server->io_channel;

	for (uint16_t i = 0; i < count; i++)
		taken = taken || server->channels[i] == id;
	return id != 0 && taken;
}

static enum parse_result
read_net(const struct gcc_block *block, struct gcc_server *server, const char **ret_why)
{
	uint16_t count = gcc_block_u16(block, NET_COUNT);
	size_t needed = NET_CHANNELS + 2u * count;

	if (count > GCC_CHANNELS_MAX)
		return bad(ret_why, "more channels in SC_NET than RDP has");
	if (block->bytes.len != needed && block->bytes.len != needed + 2)
		return bad(ret_why, "SC_NET length does not fit its channels");
	server->io_channel = gcc_block_u16(block, NET_IO_CHANNEL);
	if (server->io_channel == 0)
		return bad(ret_why, "SC_NET names no I/O channel");
	server->channel_count = count;
	for (uint16_t i = 0; i < count; i++) {
		server->channels[i] = gcc_block_u16(block, NET_CHANNELS + 2u * i);
		if (is_taken(server, i, server->channels[i]))
			return bad(ret_why, "SC_NET names one channel id twice");
	}
	return PARSE_OK;
}

static enum parse_result
read_message_channel(const struct gcc_block *block, struct gcc_server *server, const char **ret_why)
{
	if (block->bytes.len < MESSAGE_CHANNEL_LEN)
		return bad(ret_why, "SC_MCS_MSGCHANNEL is too short");
	server->message_channel = gcc_block_u16(block, MESSAGE_CHANNEL);
	return PARSE_OK;
}

static enum parse_result
read_multitransport(const struct gcc_block *block, struct gcc_server *server, const char **ret_why)
{
	(void)block;
	(void)ret_why;
	server->has_multitransport = true;
	return PARSE_OK;
}

static const struct {
	uint16_t type;
	bool required;
	enum parse_result (*read)(
		const struct gcc_block *block, struct gcc_server *server, const char **ret_why);
} block_rows[] = {
	{GCC_SC_CORE, true, read_core},
	{GCC_SC_SECURITY, true, read_security},
	{GCC_SC_NET, true, read_net},
	{GCC_SC_MCS_MSGCHANNEL, false, read_message_channel},
	{GCC_SC_MULTITRANSPORT, false, read_multitransport},
};

static enum parse_result
read_blocks(const struct gcc_blocks *blocks, struct gcc_server *server, const char **ret_why)
{
	for (size_t i = 0; i < sizeof(block_rows) / sizeof(block_rows[0]); i++) {
		const struct gcc_block *block = gcc_blocks_find(blocks, block_rows[i].type);

		if (block == NULL && block_rows[i].required)
			return bad(ret_why, "SC_CORE, SC_SECURITY or SC_NET is missing");
		if (block != NULL && block_rows[i].read(block, server, ret_why) != PARSE_OK)
			return PARSE_BAD;
	}
	if (is_taken(server, server->channel_count, server->message_channel))
		return bad(ret_why, "the message channel's id is another channel's");
	return PARSE_OK;
}

enum parse_result
gcc_connect_response_parse(
	const uint8_t *frame, size_t len, struct gcc_server *ret_server, const char **ret_why)
{
	struct mcs_connect_response response;
	struct bytes_reader reader;
	struct gcc_blocks blocks;

	*ret_server = (struct gcc_server){.version = 0};
	if (mcs_connect_response_parse(frame, len, &response, ret_why) != PARSE_OK)
		return PARSE_BAD;
	if (response.result != 0)
		return bad(ret_why, "MCS connection refused");
	bytes_reader_init(&reader, response.user_data.at, response.user_data.len);
	if (!open_create_response(&reader))
		return bad(
			ret_why, "not a GCC Conference Create Response, or a wrong length in it");
	if (gcc_blocks_parse(reader.at, bytes_left(&reader), &blocks, ret_why) != PARSE_OK)
		return PARSE_BAD;
	return read_blocks(&blocks, ret_server, ret_why);
}
