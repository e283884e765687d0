/* The client's half of GCC: read, and re-encoded for a back end; see gcc.h. The bytes come from
 * clients before anybody knows who they are. */
#include "rdp/gcc.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "rdp/gcc_blocks.h"
#include "rdp/per.h"
#include "rdp/utf16.h"

/* Offsets in CS_CORE, 2.2.1.3.2. The optional fields begin at POST_BETA2_COLOR_DEPTH. */
enum {
	CORE_VERSION = 4,
	CORE_WIDTH = 8,
	CORE_HEIGHT = 10,
	CORE_COLOR_DEPTH = 12,
	CORE_KEYBOARD_LAYOUT = 16,
	CORE_CLIENT_BUILD = 20,
	CORE_CLIENT_NAME = 24,
	CORE_CLIENT_NAME_LEN = 32,
	CORE_POST_BETA2_COLOR_DEPTH = 132,
	CORE_LEN_MIN = 132,
	CORE_HIGH_COLOR_DEPTH = 140,
	CORE_EARLY_FLAGS = 144,
	CORE_CONNECTION_TYPE = 210,
	CORE_SERVER_SELECTED_PROTOCOL = 212,
	COLOR_4BPP = 0xca00,
};

/* Offsets in the other blocks. */
enum {
	SECURITY_METHODS = 4,
	SECURITY_LEN_MIN = 12,
	NET_COUNT = 4,
	NET_CHANNELS = 8,
	NET_CHANNEL_LEN = 12,
	CLUSTER_FLAGS = 4,
	CLUSTER_SESSION_ID = 8,
	CLUSTER_LEN = 12,
	MONITOR_COUNT = 8,
	MONITOR_MONITORS = 12,
	MONITOR_LEN = 20,
	MONITOR_EX_LEN_MIN = 16,
	FLAGS_LEN_MIN = 8, /* of the blocks that are one field of flags */
};

/* T.124 8.7, PER: ConnectData with the object identifier 0.0.20.124.0.1, then its length, then
 * ConferenceCreateRequest with the conference name "1" and one set of user data under the key
 * "Duca", then that one's length. All clients write exactly this. */
static const uint8_t connect_data[] = {0x00, 0x05, 0x00, 0x14, 0x7c, 0x00, 0x01};
static const uint8_t create_request[] = {
	0x00, 0x08, 0x00, 0x10, 0x00, 0x01, 0xc0, 0x00, 'D', 'u', 'c', 'a'};

static enum parse_result
bad(const char **ret_why, const char *why)
{
	if (ret_why != NULL)
		*ret_why = why;
	return PARSE_BAD;
}

static bool
read_constant(struct bytes_reader *reader, const uint8_t *expected, size_t len)
{
	const uint8_t *bytes = bytes_read(reader, len);

	return bytes != NULL && memcmp(bytes, expected, len) == 0;
}

/* A length that must be all that is left. */
static bool
read_whole_length(struct bytes_reader *reader)
{
	size_t len = per_read_length(reader);

	return !reader->failed && len == bytes_left(reader);
}

static enum parse_result
open_create_request(
	const struct pdu_bytes *user_data, struct gcc_blocks *ret_blocks, const char **ret_why)
{
	struct bytes_reader reader;

	bytes_reader_init(&reader, user_data->at, user_data->len);
	if (!read_constant(&reader, connect_data, sizeof(connect_data)) ||
		!read_whole_length(&reader) ||
		!read_constant(&reader, create_request, sizeof(create_request)) ||
		!read_whole_length(&reader))
		return bad(ret_why, "not a GCC Conference Create Request, or a wrong length in it");
	return gcc_blocks_parse(reader.at, bytes_left(&reader), ret_blocks, ret_why);
}

/* RNS_UD_COLOR_4BPP and its followers as bits. */
static uint16_t
named_color_depth(uint16_t name)
{
	static const uint16_t bits[] = {4, 8, 15, 16, 24};

	return name >= COLOR_4BPP && name < COLOR_4BPP + 5 ? bits[name - COLOR_4BPP] : 8;
}

static uint16_t
color_depth(const struct gcc_block *block)
{
	uint16_t high = gcc_block_u16(block, CORE_HIGH_COLOR_DEPTH);

	if (high != 0 && (gcc_block_u16(block, CORE_EARLY_FLAGS) & GCC_CLIENT_WANT_32BPP) != 0)
		return 32;
	if (high >= 4 && high <= 24)
		return high;
	if (block->bytes.len >= CORE_POST_BETA2_COLOR_DEPTH + 2)
		return named_color_depth(gcc_block_u16(block, CORE_POST_BETA2_COLOR_DEPTH));
	return named_color_depth(gcc_block_u16(block, CORE_COLOR_DEPTH));
}

static enum parse_result
read_core(const struct gcc_block *block, struct gcc_client *client, const char **ret_why)
{
	if (block->bytes.len < CORE_LEN_MIN)
		return bad(ret_why, "CS_CORE is too short");
	client->version = gcc_block_u32(block, CORE_VERSION);
	client->desktop_width = gcc_block_u16(block, CORE_WIDTH);
	client->desktop_height = gcc_block_u16(block, CORE_HEIGHT);
	client->keyboard_layout = gcc_block_u32(block, CORE_KEYBOARD_LAYOUT);
	client->client_build = gcc_block_u32(block, CORE_CLIENT_BUILD);
	utf16_to_utf8(block->bytes.at + CORE_CLIENT_NAME, CORE_CLIENT_NAME_LEN, client->client_name,
		sizeof(client->client_name));
	client->color_depth = color_depth(block);
	client->early_flags = gcc_block_u16(block, CORE_EARLY_FLAGS);
	if (block->bytes.len > CORE_CONNECTION_TYPE)
		client->connection_type = block->bytes.at[CORE_CONNECTION_TYPE];
	client->has_server_selected_protocol =
		block->bytes.len >= CORE_SERVER_SELECTED_PROTOCOL + 4;
	client->server_selected_protocol = gcc_block_u32(block, CORE_SERVER_SELECTED_PROTOCOL);
	return PARSE_OK;
}

static enum parse_result
read_security(const struct gcc_block *block, struct gcc_client *client, const char **ret_why)
{
	if (block->bytes.len < SECURITY_LEN_MIN)
		return bad(ret_why, "CS_SECURITY is too short");
	client->encryption_methods = gcc_block_u32(block, SECURITY_METHODS);
	return PARSE_OK;
}

static void
read_channel(const uint8_t *bytes, struct gcc_channel *ret_channel)
{
	memcpy(ret_channel->name, bytes, GCC_CHANNEL_NAME_LEN);
	for (char *at = ret_channel->name; *at != '\0'; at++) {
		if (*at < 0x21 || *at > 0x7e)
			*at = '?';
	}
	ret_channel->options = bytes_get_u32le(bytes + GCC_CHANNEL_NAME_LEN);
}

static enum parse_result
read_net(const struct gcc_block *block, struct gcc_client *client, const char **ret_why)
{
	uint32_t count = gcc_block_u32(block, NET_COUNT);

	if (count > GCC_CHANNELS_MAX)
		return bad(ret_why, "more channels in CS_NET than RDP has");
	if (block->bytes.len != NET_CHANNELS + count * NET_CHANNEL_LEN)
		return bad(ret_why, "CS_NET length does not fit its channels");
	client->channel_count = (uint16_t)count;
	for (uint32_t i = 0; i < count; i++)
		read_channel(
			block->bytes.at + NET_CHANNELS + i * NET_CHANNEL_LEN, &client->channels[i]);
	return PARSE_OK;
}

/* Old clients leave RedirectedSessionID away. */
static enum parse_result
read_cluster(const struct gcc_block *block, struct gcc_client *client, const char **ret_why)
{
	if (block->bytes.len < CLUSTER_SESSION_ID)
		return bad(ret_why, "CS_CLUSTER is too short");
	client->has_cluster = true;
	client->cluster_flags = gcc_block_u32(block, CLUSTER_FLAGS);
	client->redirected_session_id = gcc_block_u32(block, CLUSTER_SESSION_ID);
	if (block->bytes.len < CLUSTER_LEN)
		client->cluster_flags &= ~(uint32_t)GCC_CLUSTER_SESSION_ID_VALID;
	return PARSE_OK;
}

static enum parse_result
read_monitor(const struct gcc_block *block, struct gcc_client *client, const char **ret_why)
{
	uint32_t count = gcc_block_u32(block, MONITOR_COUNT);

	if (count > GCC_MONITORS_MAX || block->bytes.len != MONITOR_MONITORS + count * MONITOR_LEN)
		return bad(ret_why, "CS_MONITOR length does not fit its monitors");
	client->has_monitors = true;
	client->monitor_count = count;
	return PARSE_OK;
}

static enum parse_result
read_monitor_ex(const struct gcc_block *block, struct gcc_client *client, const char **ret_why)
{
	(void)client;
	return block->bytes.len < MONITOR_EX_LEN_MIN ? bad(ret_why, "CS_MONITOR_EX is too short")
						     : PARSE_OK;
}

static enum parse_result
read_message_channel(const struct gcc_block *block, struct gcc_client *client, const char **ret_why)
{
	client->has_message_channel = true;
	return block->bytes.len < FLAGS_LEN_MIN ? bad(ret_why, "CS_MCS_MSGCHANNEL is too short")
						: PARSE_OK;
}

static enum parse_result
read_multitransport(const struct gcc_block *block, struct gcc_client *client, const char **ret_why)
{
	client->has_multitransport = true;
	return block->bytes.len < FLAGS_LEN_MIN ? bad(ret_why, "CS_MULTITRANSPORT is too short")
						: PARSE_OK;
}

/* What the blocks' copies for a back end are changed to. `at` is the copy, in the writer. */
static void
change_core(uint8_t *at, size_t len, const struct gcc_client_changes *changes)
{
	if (len >= CORE_EARLY_FLAGS + 2)
		bytes_put_u16le(at + CORE_EARLY_FLAGS,
			bytes_get_u16le(at + CORE_EARLY_FLAGS) & ~changes->clear_early_flags);
	if (len >= CORE_SERVER_SELECTED_PROTOCOL + 4)
		bytes_put_u32le(
			at + CORE_SERVER_SELECTED_PROTOCOL, changes->server_selected_protocol);
}

/* A channel that is not granted keeps its place, since clients count on the order of the ids;
 * under a name that no host has a use for. */
static void
rename_channel(uint8_t *at, unsigned number)
{
	char name[GCC_CHANNEL_NAME_LEN + 1];

	(void)snprintf(name, sizeof(name), "skoff%02u", number % 100);
	memcpy(at, name, GCC_CHANNEL_NAME_LEN);
	bytes_put_u32le(at + GCC_CHANNEL_NAME_LEN, 0);
}

static void
change_net(uint8_t *at, size_t len, const struct gcc_client_changes *changes)
{
	size_t count = (len - NET_CHANNELS) / NET_CHANNEL_LEN;

	for (unsigned i = 0; i < count; i++) {
		if ((changes->rename_channels >> i & 1) != 0)
			rename_channel(at + NET_CHANNELS + i * NET_CHANNEL_LEN, i);
	}
}

/* RedirectedSessionID may be half of a ticket: the gateway's business alone. */
static void
change_cluster(uint8_t *at, size_t len, const struct gcc_client_changes *changes)
{
	(void)changes;
	bytes_put_u32le(at + CLUSTER_FLAGS,
		bytes_get_u32le(at + CLUSTER_FLAGS) & ~(uint32_t)GCC_CLUSTER_SESSION_ID_VALID);
	memset(at + CLUSTER_SESSION_ID, 0, len - CLUSTER_SESSION_ID);
}

static bool
drop_monitors(const struct gcc_client_changes *changes)
{
	return changes->drop_monitors;
}

static bool
drop_message_channel(const struct gcc_client_changes *changes)
{
	return changes->drop_message_channel;
}

/* UDP would lead past the gateway. */
static bool
drop_always(const struct gcc_client_changes *changes)
{
	(void)changes;
	return true;
}

/* What is done with each block. Without a row: kept as it is. */
static const struct block_row {
	uint16_t type;
	enum parse_result (*read)(
		const struct gcc_block *block, struct gcc_client *client, const char **ret_why);
	bool (*drop)(const struct gcc_client_changes *changes); /* NULL: never */
	void (*change)(uint8_t *at, size_t len, const struct gcc_client_changes *changes);
} block_rows[] = {
	{GCC_CS_CORE, read_core, NULL, change_core},
	{GCC_CS_SECURITY, read_security, NULL, NULL},
	{GCC_CS_NET, read_net, NULL, change_net},
	{GCC_CS_CLUSTER, read_cluster, NULL, change_cluster},
	{GCC_CS_MONITOR, read_monitor, drop_monitors, NULL},
	{GCC_CS_MONITOR_EX, read_monitor_ex, drop_monitors, NULL},
	{GCC_CS_MCS_MSGCHANNEL, read_message_channel, drop_message_channel, NULL},
	{GCC_CS_MULTITRANSPORT, read_multitransport, drop_always, NULL},
};

static const struct block_row *
find_row(uint16_t type)
{
	for (size_t i = 0; i < sizeof(block_rows) / sizeof(block_rows[0]); i++) {
		if (block_rows[i].type == type)
			return &block_rows[i];
	}
	return NULL;
}

static enum parse_result
read_blocks(const struct gcc_blocks *blocks, struct gcc_client *ret_client, const char **ret_why)
{
	*ret_client = (struct gcc_client){.version = 0};
	if (gcc_blocks_find(blocks, GCC_CS_CORE) == NULL)
		return bad(ret_why, "CS_CORE is missing");
	for (size_t i = 0; i < blocks->count; i++) {
		const struct block_row *row = find_row(blocks->blocks[i].type);

		if (row != NULL && row->read(&blocks->blocks[i], ret_client, ret_why) != PARSE_OK)
			return PARSE_BAD;
	}
	return PARSE_OK;
}

/* All of a Connect-Initial; the blocks point into the frame. */
static enum parse_result
parse_initial(const uint8_t *frame, size_t len, struct mcs_connect_initial *ret_initial,
	struct gcc_blocks *ret_blocks, struct gcc_client *ret_client, const char **ret_why)
{
	enum parse_result result = mcs_connect_initial_parse(frame, len, ret_initial, ret_why);

	if (result == PARSE_OK)
		result = open_create_request(&ret_initial->user_data, ret_blocks, ret_why);
	if (result == PARSE_OK)
		result = read_blocks(ret_blocks, ret_client, ret_why);
	return result;
}

enum parse_result
gcc_connect_initial_parse(
	const uint8_t *frame, size_t len, struct gcc_client *ret_client, const char **ret_why)
{
	struct mcs_connect_initial initial;
	struct gcc_blocks blocks;

	return parse_initial(frame, len, &initial, &blocks, ret_client, ret_why);
}

static void
write_block(struct bytes_writer *writer, const struct gcc_block *block,
	const struct gcc_client_changes *changes)
{
	const struct block_row *row = find_row(block->type);
	size_t begin = writer->len;

	if (row != NULL && row->drop != NULL && row->drop(changes))
		return;
	bytes_write(writer, block->bytes.at, block->bytes.len);
	if (row != NULL && row->change != NULL && !writer->failed)
		row->change(writer->start + begin, block->bytes.len, changes);
}

/* The GCC request with changed blocks; lengths last. */
static void
write_create_request(struct bytes_writer *writer, const struct gcc_blocks *blocks,
	const struct gcc_client_changes *changes)
{
	size_t outer, inner;

	bytes_write(writer, connect_data, sizeof(connect_data));
	per_write_length(writer, 0);
	outer = writer->len;
	bytes_write(writer, create_request, sizeof(create_request));
	per_write_length(writer, 0);
	inner = writer->len;
	for (size_t i = 0; i < blocks->count; i++)
		write_block(writer, &blocks->blocks[i], changes);
	if (writer->failed)
		return;
	per_put_length(writer->start + outer - 2, writer->len - outer);
	per_put_length(writer->start + inner - 2, writer->len - inner);
}

int
gcc_connect_initial_rewrite(const uint8_t *frame, size_t len,
	const struct gcc_client_changes *changes, struct bytes_writer *writer)
{
	uint8_t room[MCS_CONNECT_MAX];
	struct mcs_connect_initial initial;
	struct gcc_blocks blocks;
	struct gcc_client client;
	struct bytes_writer user_data;

	if (parse_initial(frame, len, &initial, &blocks, &client, NULL) != PARSE_OK)
		return -EBADMSG;
	bytes_writer_init(&user_data, room, sizeof(room));
	write_create_request(&user_data, &blocks, changes);
	initial.user_data = (struct pdu_bytes){room, user_data.len};
	mcs_connect_initial_write(writer, &initial);
	return user_data.failed || writer->failed ? -ENOSPC : 0;
}

/* rdesktop says that it follows version 4, and then loses the token or crashes. It takes itself for the mstsc of Windows XP,
 * which does not know version 4 either. */
#define RDESKTOP_BUILD 2600

bool
gcc_client_follows_redirection(const struct gcc_client *client)
{
	uint32_t version = client->cluster_flags >> GCC_CLUSTER_VERSION_SHIFT & 0xf;

	return client->has_cluster && version >= 3 && client->client_build != RDESKTOP_BUILD &&
	       (client->cluster_flags & GCC_CLUSTER_REDIRECTION_SUPPORTED) != 0;
}
