/* Answers to auto-detect requests; see autodetect.h. */
#include "rdp/autodetect.h"

#include "rdp/share.h"

#include <errno.h>

enum {
	TYPE_REQUEST = 0x00,
	TYPE_RESPONSE = 0x01,
	REQUEST_LEN = 6,        /* headerLength without a body, 2.2.14.1.1 */
	PAYLOAD_HEADER_LEN = 8, /* with payloadLength */
	RESULTS_LEN = 14,
	/* requestType, 2.2.14.1 */
	RTT_CONTINUOUS = 0x0001,
	RTT_CONNECT = 0x1001,
	MEASURE_PAYLOAD = 0x0002,
	STOP_CONNECT = 0x002b,
	STOP_TUNNEL = 0x0429,
	STOP_CONTINUOUS = 0x0629,
	/* responseType, 2.2.14.2 */
	RTT_RESPONSE = 0x0000,
	RESULTS_CONNECT = 0x0003,
	RESULTS_CONTINUOUS = 0x000b,
};

static bool
is_start(uint16_t type)
{
	return type == 0x0014 || type == 0x0114 || type == 0x1014;
}

static void
write_head(struct bytes_writer *writer, uint8_t len, uint16_t sequence, uint16_t type)
{
	bytes_write_u16le(writer, SEC_AUTODETECT_RSP);
	bytes_write_u16le(writer, 0);
	bytes_write_u8(writer, len);
	bytes_write_u8(writer, TYPE_RESPONSE);
	bytes_write_u16le(writer, sequence);
	bytes_write_u16le(writer, type);
}

static void
add_bytes(struct autodetect *autodetect, size_t len)
{
	autodetect->bytes = len > UINT32_MAX - autodetect->bytes
				    ? UINT32_MAX
				    : autodetect->bytes + (uint32_t)len;
}

static void
write_results(struct bytes_writer *writer, const struct autodetect *autodetect, uint16_t sequence,
	uint16_t type, int64_t now_ms)
{
	int64_t took_ms = now_ms - autodetect->began_ms;

	write_head(writer, RESULTS_LEN, sequence, type);
	bytes_write_u32le(writer, took_ms < 1            ? 1
				  : took_ms > UINT32_MAX ? UINT32_MAX
							 : (uint32_t)took_ms);
	bytes_write_u32le(writer, autodetect->bytes);
}

int
autodetect_answer(struct autodetect *autodetect, const uint8_t *payload, size_t len, int64_t now_ms,
	struct bytes_writer *writer)
{
	uint16_t sequence, type;

	if (len < 4 + REQUEST_LEN || bytes_get_u16le(payload) != SEC_AUTODETECT_REQ ||
		payload[4] < REQUEST_LEN || payload[4] > len - 4 || payload[5] != TYPE_REQUEST)
		return -EBADMSG;
	sequence = bytes_get_u16le(payload + 6);
	type = bytes_get_u16le(payload + 8);
	if (type == RTT_CONTINUOUS || type == RTT_CONNECT) {
		write_head(writer, REQUEST_LEN, sequence, RTT_RESPONSE);
	} else if (is_start(type)) {
		*autodetect = (struct autodetect){.began_ms = now_ms};
	} else if (type == MEASURE_PAYLOAD) {
		add_bytes(autodetect, len - 4);
	} else if (type == STOP_CONNECT) {
		/* The stop at connect time carries a payload of its own. */
		add_bytes(autodetect, len - 4 > PAYLOAD_HEADER_LEN ? len - 4 : 0);
		write_results(writer, autodetect, sequence, RESULTS_CONNECT, now_ms);
	} else if (type == STOP_CONTINUOUS || type == STOP_TUNNEL) {
		write_results(writer, autodetect, sequence, RESULTS_CONTINUOUS, now_ms);
	}
	/* Network characteristics results (2.2.14.1.5) need no answer. */
	return 0;
}
