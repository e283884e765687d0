/* The list of user data blocks inside GCC's Conference Create Request and Response (MS-RDPBCGR
 * 2.2.1.3.1): type and length, little endian, the length counting both. For gcc_client.c and
 * gcc_server.c alone. */
#ifndef RDP_GCC_BLOCKS_H
#define RDP_GCC_BLOCKS_H

#include "rdp/gcc.h"

enum {
	GCC_BLOCK_HEADER_LEN = 4,
};

struct gcc_block {
	uint16_t type;
	struct pdu_bytes
		bytes; /* header included, so that offsets are those of the specification */
};

struct gcc_blocks {
	size_t count;
	struct gcc_block blocks[GCC_BLOCKS_MAX];
};

/* Splits bytes into blocks. Bad: one of less than its header or of more than what is left, two
 * of one type, more than GCC_BLOCKS_MAX, none. */
enum parse_result gcc_blocks_parse(
	const uint8_t *bytes, size_t len, struct gcc_blocks *ret_blocks, const char **ret_why);

/* The block of a type, or NULL. */
const struct gcc_block *gcc_blocks_find(const struct gcc_blocks *blocks, uint16_t type);

/* A little-endian field at its offset in the block; 0 if the block ends before its end. */
uint16_t gcc_block_u16(const struct gcc_block *block, size_t at);
uint32_t gcc_block_u32(const struct gcc_block *block, size_t at);

#endif
