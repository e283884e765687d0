/* What all parsers of this folder share, and the framing of RDP's PDUs.
 *
 * Parsers take bytes and fill a struct: no I/O, no allocation, no log. Nothing outside the given
 * bytes is read, whatever lengths they claim. A struct is only meaningful after PARSE_OK. Pointers
 * and offsets in it point into the caller's bytes.
 *
 * ret_why, where there is one, may be NULL; on PARSE_BAD it is set to a constant text for the log
 * (English, no full stop, nothing of the peer's bytes in it).
 *
 * Builders write to a struct bytes_writer; if its room was too small, writer->failed is set.
 */
#ifndef RDP_PDU_H
#define RDP_PDU_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

enum parse_result {
	PARSE_OK,
	PARSE_NEED_MORE, /* a good beginning; ask again with more bytes */
	PARSE_BAD,
};

/* Borrowed bytes. */
struct pdu_bytes {
	const uint8_t *at;
	size_t len;
};

enum frame_kind {
	FRAME_TPKT,      /* T.123 8, RFC 1006: version 3, then a 16-bit big-endian length */
	FRAME_FAST_PATH, /* MS-RDPBCGR 2.2.8.1.2 and 2.2.9.1.2: length of 7 or 15 bits */
};

enum {
	FRAME_HEADER_MAX = 4, /* frame_parse never needs more than these */
	FRAME_LEN_MAX = 65535,
	TPKT_HEADER_LEN = 4,
	TPKT_LEN_MIN = 7,      /* with the X.224 Data header, without payload */
	FAST_PATH_LEN_MIN = 3, /* a header and one input event of one byte */
	/* Enough of a slow-path PDU for everything the bridge looks at: send data header, share
	 * control header, share data header up to compressedType. */
	PDU_HEAD_MAX = 32,
};

struct frame {
	enum frame_kind kind;
	uint8_t header_len; /* 2 or 3 (fast-path), 4 (TPKT) */
	uint16_t len;       /* of the whole PDU, this header included */
};

static inline enum parse_result
frame_finish(enum frame_kind kind, uint8_t header_len, uint16_t len, uint16_t least,
	struct frame *ret_frame)
{
	ret_frame->kind = kind;
	ret_frame->header_len = header_len;
	ret_frame->len = len;
	return len < least ? PARSE_BAD : PARSE_OK;
}

/* Tells from the first bytes of a PDU (any number; 4 always suffice) how long it is. This is the
 * hot path of the bridge. PARSE_BAD: neither form, or shorter than its own header. */
static inline enum parse_result
frame_parse(const uint8_t *bytes, size_t have, struct frame *ret_frame)
{
	if (have < 2)
		return have == 1 && (bytes[0] & 3) != 0 && bytes[0] != 3 ? PARSE_BAD
									 : PARSE_NEED_MORE;
	if ((bytes[0] & 3) == 0) {
		if ((bytes[1] & 0x80) == 0)
			return frame_finish(
				FRAME_FAST_PATH, 2, bytes[1], FAST_PATH_LEN_MIN, ret_frame);
		if (have < 3)
			return PARSE_NEED_MORE;
		return frame_finish(FRAME_FAST_PATH, 3,
			(uint16_t)((bytes[1] & 0x7f) << 8 | bytes[2]), FAST_PATH_LEN_MIN + 1,
			ret_frame);
	}
	if (bytes[0] != 3)
		return PARSE_BAD;
	if (have < TPKT_HEADER_LEN)
		return PARSE_NEED_MORE;
	return frame_finish(FRAME_TPKT, TPKT_HEADER_LEN, (uint16_t)(bytes[2] << 8 | bytes[3]),
		TPKT_LEN_MIN, ret_frame);
}

#endif
