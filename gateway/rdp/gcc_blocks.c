/* The list of user data blocks; see gcc_blocks.h. */
#include "rdp/gcc_blocks.h"

static enum parse_result
bad(const char **ret_why, const char *why)
{
	if (ret_why != NULL)
		*ret_why = why;
	return PARSE_BAD;
}

enum parse_result
gcc_blocks_parse(
	const uint8_t *bytes, size_t len, struct gcc_blocks *ret_blocks, const char **ret_why)
{
	struct bytes_reader reader;

	ret_blocks->count = 0;
	bytes_reader_init(&reader, bytes, len);
	while (bytes_left(&reader) > 0) {
		struct gcc_block block = {.bytes.at = reader.at};

		block.type = bytes_read_u16le(&reader);
		block.bytes.len = bytes_read_u16le(&reader);
		if (reader.failed || block.bytes.len < GCC_BLOCK_HEADER_LEN ||
			bytes_read(&reader, block.bytes.len - GCC_BLOCK_HEADER_LEN) == NULL)
			return bad(ret_why, "GCC block length does not fit");
		if (gcc_blocks_find(ret_blocks, block.type) != NULL)
			return bad(ret_why, "GCC block of one type twice");
		if (ret_blocks->count == GCC_BLOCKS_MAX)
			return bad(ret_why, "too many GCC blocks");
		ret_blocks->blocks[ret_blocks->count++] = block;
	}
	return ret_blocks->count == 0 ? bad(ret_why, "no GCC blocks") : PARSE_OK;
}

const struct gcc_block *
gcc_blocks_find(const struct gcc_blocks *blocks, uint16_t type)
{
	for (size_t i = 0; i < blocks->count; i++) {
		if (blocks->blocks[i].type == type)
			return &blocks->blocks[i];
	}
	return NULL;
}

uint16_t
gcc_block_u16(const struct gcc_block *block, size_t at)
{
	return block->bytes.len >= at + 2 ? bytes_get_u16le(block->bytes.at + at) : 0;
}

uint32_t
gcc_block_u32(const struct gcc_block *block, size_t at)
{
	return block->bytes.len >= at + 4 ? bytes_get_u32le(block->bytes.at + at) : 0;
}
