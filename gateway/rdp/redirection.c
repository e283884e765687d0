/* Writing a Server Redirection; see redirection.h. */
#include "rdp/redirection.h"

#include "rdp/share.h"

#include <string.h>

#define TOKEN_BEGIN "Cookie: msts="
#define TOKEN_END "\r\n"

enum {
	LB_LOAD_BALANCE_INFO = 0x00000002, /* RedirFlags */
	PACKET_HEAD_LEN = 12,              /* Flags to RedirFlags */
	MONITOR_PRIMARY = 0x00000001,
};

void
redirection_write(
	struct bytes_writer *writer, uint16_t source, const char *token, uint32_t session_id)
{
	size_t token_len = strlen(TOKEN_BEGIN) + strlen(token) + strlen(TOKEN_END);
	size_t begin = share_begin(writer, SHARE_REDIRECTION, source, 0, 0);

	if (token_len > REDIRECTION_TOKEN_MAX)
		writer->failed = true;
	bytes_write_u16le(writer, 0); /* pad2Octets */
	bytes_write_u16le(writer, SEC_REDIRECTION_PKT);
	bytes_write_u16le(writer, (uint16_t)(PACKET_HEAD_LEN + 4 + token_len));
	bytes_write_u32le(writer, session_id);
	bytes_write_u32le(writer, LB_LOAD_BALANCE_INFO);
	bytes_write_u32le(writer, (uint32_t)token_len);
	bytes_write(writer, TOKEN_BEGIN, strlen(TOKEN_BEGIN));
	bytes_write(writer, token, strlen(token));
	bytes_write(writer, TOKEN_END, strlen(TOKEN_END));
	bytes_write_u8(writer, 0); /* pad1Octet */
	share_end(writer, begin);
}

void
monitor_layout_write(struct bytes_writer *writer, uint32_t share_id, uint16_t source,
	uint16_t width, uint16_t height)
{
	size_t begin = share_begin(writer, SHARE_DATA, source, share_id, SHARE_DATA_MONITOR_LAYOUT);

	bytes_write_u32le(writer, 1);
	bytes_write_u32le(writer, 0);
	bytes_write_u32le(writer, 0);
	bytes_write_u32le(writer, width > 0 ? width - 1u : 0); /* inclusive */
	bytes_write_u32le(writer, height > 0 ? height - 1u : 0);
	bytes_write_u32le(writer, MONITOR_PRIMARY);
	share_end(writer, begin);
}
