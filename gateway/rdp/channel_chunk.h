/* Chunks of static virtual channels (MS-RDPBCGR 2.2.6.1, 3.1.5.2): what a PDU of a channel is cut into, and
 * whether the chunks that come one after the other add up to it. */
#ifndef RDP_CHANNEL_CHUNK_H
#define RDP_CHANNEL_CHUNK_H

#include <stdbool.h>

#include "rdp/pdu.h"

enum {
	CHUNK_HEADER_LEN = 8,
	CHUNK_DATA_MAX = 1600, /* CHANNEL_CHUNK_LENGTH: what every peer takes */
	CHUNK_FIRST = 0x01,
	CHUNK_LAST = 0x02,
	CHUNK_SHOW_PROTOCOL = 0x10,
};

struct channel_chunk {
	uint32_t total; /* of the whole PDU, without headers */
	bool first;
	bool last;
	uint32_t data_len;
};

/* One direction of a channel, from chunk to chunk. Begins as {0}. */
struct chunk_order {
	uint32_t total; /* of the PDU in transit */
	uint32_t have;
	bool under_way;
};

/* `payload` is what a Send Data PDU on the channel holds: payload_len bytes, of which CHUNK_HEADER_LEN at least must be
 * there if it has so many. Checks it against what came before and goes on. PARSE_BAD: lengths or flags that do not
 * add up, or a compressed chunk, which nobody has been allowed to send. */
enum parse_result chunk_next(struct chunk_order *order, const uint8_t *payload, size_t payload_len,
	struct channel_chunk *ret_chunk, const char **ret_why);

void chunk_header_write(struct bytes_writer *writer, uint32_t total, uint32_t flags);

#endif
