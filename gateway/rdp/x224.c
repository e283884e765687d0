/* X.224 in TPKT frames; see x224.h. The bytes come from clients nobody knows yet, and from jump
 * hosts. */
#include "rdp/x224.h"

#include <string.h>

enum {
	TPDU_REQUEST = 0xe0,
	TPDU_CONFIRM = 0xd0,
	TPDU_DATA = 0xf0,
	TPDU_DATA_END = 0x80, /* EOT: RDP never splits a PDU over TPDUs */
	TPDU_FIXED_LEN = 7,   /* length indicator, code, two references, class */
	NEGOTIATION_REQUEST = 1,
	NEGOTIATION_RESPONSE = 2,
	NEGOTIATION_FAILURE = 3,
	NEGOTIATION_LEN = 8,
	CORRELATION_INFO = 6, /* type, and flags of 0 */
	CORRELATION_LEN = 36,
};

static const char cookie_user[] = "Cookie: mstshash=";
static const char cookie_routing[] = "Cookie: msts=";

static enum parse_result
bad(const char **ret_why, const char *why)
{
	if (ret_why != NULL)
		*ret_why = why;
	return PARSE_BAD;
}

/* Delimits a Connection Request or Confirm: on PARSE_OK the reader stands behind the fixed part. */
static enum parse_result
open_tpdu(const uint8_t *bytes, size_t have, uint8_t code, struct bytes_reader *ret_reader,
	size_t *ret_len, const char **ret_why)
{
	struct frame frame;
	enum parse_result result = frame_parse(bytes, have, &frame);

	if (have > 0 && bytes[0] != 3)
		return bad(ret_why, "not a TPKT header");
	if (result != PARSE_OK)
		return result == PARSE_BAD ? bad(ret_why, "TPKT length is too short") : result;
	if (frame.len > X224_REQUEST_MAX)
		return bad(ret_why, "longer than X.224 allows (routing token too long)");
	if (have < frame.len)
		return PARSE_NEED_MORE;
	if (frame.len < TPKT_HEADER_LEN + TPDU_FIXED_LEN || bytes[4] != frame.len - 5)
		return bad(ret_why, "X.224 length indicator does not fit the TPKT length");
	if (bytes[5] != code || bytes[10] != 0)
		return bad(ret_why, "not the X.224 connection TPDU of class 0");
	bytes_reader_init(ret_reader, bytes + TPKT_HEADER_LEN + TPDU_FIXED_LEN,
		frame.len - TPKT_HEADER_LEN - TPDU_FIXED_LEN);
	*ret_len = frame.len;
	return PARSE_OK;
}

static bool
starts_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

static void
name_token(struct x224_request *request)
{
	request->token_kind = X224_TOKEN_ROUTING;
	request->value_at = 0;
	if (starts_with(request->token, cookie_user)) {
		request->token_kind = X224_TOKEN_USER;
		request->value_at = sizeof(cookie_user) - 1;
	} else if (starts_with(request->token, cookie_routing)) {
		request->value_at = sizeof(cookie_routing) - 1;
	}
}

/* A line of text ending in CRLF. */
static enum parse_result
read_token(struct bytes_reader *reader, struct x224_request *request, const char **ret_why)
{
	const uint8_t *line = reader->at;
	const uint8_t *end = memchr(line, '\r', bytes_left(reader));
	size_t len;

	if (end == NULL || reader->end - end < 2 || end[1] != '\n')
		return bad(ret_why, "cookie or routing token without its CRLF");
	len = (size_t)(end - line);
	if (memchr(line, '\0', len) != NULL || memchr(line, '\n', len) != NULL)
		return bad(ret_why, "control characters in the cookie or routing token");
	if (len > X224_TOKEN_MAX)
		return bad(ret_why, "longer than X.224 allows (routing token too long)");
	memcpy(request->token, line, len);
	request->token[len] = '\0';
	name_token(request);
	(void)bytes_read(reader, len + 2);
	return PARSE_OK;
}

/* RDP_NEG_REQ, and the correlation info that may follow it (2.2.1.1.1, 2.2.1.1.2). */
static enum parse_result
read_negotiation(struct bytes_reader *reader, struct x224_request *request, const char **ret_why)
{
	uint8_t type = bytes_read_u8(reader);

	request->flags = bytes_read_u8(reader);
	if (bytes_read_u16le(reader) != NEGOTIATION_LEN || type != NEGOTIATION_REQUEST)
		return bad(ret_why, "not an RDP negotiation request");
	request->protocols = bytes_read_u32le(reader);
	request->has_negotiation = true;
	if ((request->flags & RDP_REQUEST_CORRELATION_INFO) != 0 && bytes_left(reader) > 0) {
		struct bytes_reader info = bytes_read_part(reader, CORRELATION_LEN);

		if (bytes_read_u16le(&info) != CORRELATION_INFO ||
			bytes_read_u16le(&info) != CORRELATION_LEN)
			return bad(ret_why, "not a correlation info");
	}
	return reader->failed ? bad(ret_why, "RDP negotiation request is cut") : PARSE_OK;
}

static bool
at_negotiation(const struct bytes_reader *reader)
{
	return bytes_left(reader) > 0 && reader->at[0] == NEGOTIATION_REQUEST;
}

enum parse_result
x224_request_parse(const uint8_t *bytes, size_t have, struct x224_request *ret_request,
	size_t *ret_len, const char **ret_why)
{
	struct bytes_reader reader;
	enum parse_result result = open_tpdu(bytes, have, TPDU_REQUEST, &reader, ret_len, ret_why);

	*ret_request = (struct x224_request){.token_kind = X224_TOKEN_NONE};
	if (result == PARSE_OK && bytes_left(&reader) > 0 && !at_negotiation(&reader))
		result = read_token(&reader, ret_request, ret_why);
	if (result == PARSE_OK && bytes_left(&reader) > 0)
		result = read_negotiation(&reader, ret_request, ret_why);
	if (result == PARSE_OK && bytes_left(&reader) > 0)
		return bad(ret_why, "bytes behind the RDP negotiation request");
	return result;
}

static void
write_fixed(struct bytes_writer *writer, uint8_t code, uint8_t variable_len)
{
	bytes_write_u8(writer, 3);
	bytes_write_u8(writer, 0);
	bytes_write_u16be(writer, TPKT_HEADER_LEN + TPDU_FIXED_LEN + variable_len);
	bytes_write_u8(writer, TPDU_FIXED_LEN - 1 + variable_len);
	bytes_write_u8(writer, code);
	bytes_write_u16be(writer, 0);
	/* The source reference of a confirm must not be zero (X.224 13.4.2); Windows sends
	 * 0x1234. */
	bytes_write_u16be(writer, code == TPDU_CONFIRM ? 0x1234 : 0);
	bytes_write_u8(writer, 0);
}

static void
write_negotiation(struct bytes_writer *writer, uint8_t type, uint8_t flags, uint32_t value)
{
	bytes_write_u8(writer, type);
	bytes_write_u8(writer, flags);
	bytes_write_u16le(writer, NEGOTIATION_LEN);
	bytes_write_u32le(writer, value);
}

void
x224_request_write(struct bytes_writer *writer, uint32_t protocols)
{
	write_fixed(writer, TPDU_REQUEST, NEGOTIATION_LEN);
	write_negotiation(writer, NEGOTIATION_REQUEST, 0, protocols);
}

enum parse_result
x224_confirm_parse(const uint8_t *bytes, size_t have, struct x224_confirm *ret_confirm,
	size_t *ret_len, const char **ret_why)
{
	struct bytes_reader reader;
	enum parse_result result = open_tpdu(bytes, have, TPDU_CONFIRM, &reader, ret_len, ret_why);
	uint8_t type;
	uint32_t value;

	*ret_confirm = (struct x224_confirm){.kind = X224_CONFIRM_PLAIN};
	if (result != PARSE_OK || bytes_left(&reader) == 0)
		return result;
	type = bytes_read_u8(&reader);
	ret_confirm->flags = bytes_read_u8(&reader);
	if (bytes_read_u16le(&reader) != NEGOTIATION_LEN || bytes_left(&reader) != 4)
		return bad(ret_why, "RDP negotiation response has a wrong length");
	value = bytes_read_u32le(&reader);
	if (type != NEGOTIATION_RESPONSE && type != NEGOTIATION_FAILURE)
		return bad(ret_why, "neither RDP negotiation response nor failure");
	ret_confirm->kind =
		type == NEGOTIATION_RESPONSE ? X224_CONFIRM_RESPONSE : X224_CONFIRM_FAILURE;
	*(type == NEGOTIATION_RESPONSE ? &ret_confirm->protocol : &ret_confirm->failure) = value;
	return PARSE_OK;
}

void
x224_confirm_write(struct bytes_writer *writer, const struct x224_confirm *confirm)
{
	switch (confirm->kind) {
	case X224_CONFIRM_PLAIN:
		write_fixed(writer, TPDU_CONFIRM, 0);
		return;
	case X224_CONFIRM_RESPONSE:
		write_fixed(writer, TPDU_CONFIRM, NEGOTIATION_LEN);
		write_negotiation(writer, NEGOTIATION_RESPONSE, confirm->flags, confirm->protocol);
		return;
	case X224_CONFIRM_FAILURE:
		write_fixed(writer, TPDU_CONFIRM, NEGOTIATION_LEN);
		write_negotiation(writer, NEGOTIATION_FAILURE, 0, confirm->failure);
		return;
	}
}

bool
x224_is_data(const uint8_t *frame, size_t have)
{
	return have >= X224_DATA_LEN && frame[0] == 3 && frame[4] == 2 && frame[5] == TPDU_DATA &&
	       frame[6] == TPDU_DATA_END;
}

bool
x224_data_open(const uint8_t *frame, size_t len, struct bytes_reader *ret_payload)
{
	if (!x224_is_data(frame, len) || bytes_get_u16be(frame + 2) != len)
		return false;
	bytes_reader_init(ret_payload, frame + X224_DATA_LEN, len - X224_DATA_LEN);
	return true;
}

size_t
x224_data_begin(struct bytes_writer *writer)
{
	static const uint8_t header[] = {3, 0, 0, 0, 2, TPDU_DATA, TPDU_DATA_END};
	size_t begin = writer->len;

	bytes_write(writer, header, sizeof(header));
	return begin;
}

void
x224_data_end(struct bytes_writer *writer, size_t begin)
{
	if (writer->len - begin > FRAME_LEN_MAX)
		writer->failed = true;
	if (!writer->failed)
		bytes_put_u16be(writer->start + begin + 2, (uint16_t)(writer->len - begin));
}
