/* See channel_chunk.h. */
#include "rdp/channel_chunk.h"

#define COMPRESSION_FLAGS 0x00ff0000 /* CHANNEL_PACKET_COMPRESSED and what belongs to it */

static enum parse_result
bad(const char *why, const char **ret_why)
{
	if (ret_why != NULL)
		*ret_why = why;
	return PARSE_BAD;
}

enum parse_result
chunk_next(struct chunk_order *order, const uint8_t *payload, size_t payload_len,
	struct channel_chunk *ret_chunk, const char **ret_why)
{
	struct channel_chunk *chunk = ret_chunk;
	uint32_t flags, have;

	if (payload_len < CHUNK_HEADER_LEN)
		return bad("a channel's chunk without header", ret_why);
	flags = bytes_get_u32le(payload + 4);
	chunk->total = bytes_get_u32le(payload);
	chunk->first = (flags & CHUNK_FIRST) != 0;
	chunk->last = (flags & CHUNK_LAST) != 0;
	chunk->data_len = (uint32_t)payload_len - CHUNK_HEADER_LEN;
	if ((flags & COMPRESSION_FLAGS) != 0)
		return bad("a compressed chunk on a channel that is filtered", ret_why);
	if (chunk->first == order->under_way)
		return bad("a channel's chunk out of its order", ret_why);
	if (!chunk->first && chunk->total != order->total)
		return bad("a channel's PDU changes its length", ret_why);
	have = chunk->first ? 0 : order->have;
	if (chunk->data_len > chunk->total - have)
		return bad("a channel's chunks are longer than their PDU", ret_why);
	have += chunk->data_len;
	if (chunk->last != (have == chunk->total))
		return bad("a channel's chunks do not add up to their PDU", ret_why);
	if (chunk->data_len == 0 && !chunk->last)
		return bad("an empty chunk in the middle of a channel's PDU", ret_why);
	*order = (struct chunk_order){
		.total = chunk->total, .have = have, .under_way = !chunk->last};
	return PARSE_OK;
}

void
chunk_header_write(struct bytes_writer *writer, uint32_t total, uint32_t flags)
{
	bytes_write_u32le(writer, total);
	bytes_write_u32le(writer, flags);
}
