/* See drdynvc.h. */
#include "rdp/drdynvc.h"

#include <string.h>

#define ID_LEN_MASK 0x03 /* cbId: 1, 2 or 4 bytes */
#define COMMAND_SHIFT 4

static enum parse_result
bad(const char *why, const char **ret_why)
{
	if (ret_why != NULL)
		*ret_why = why;
	return PARSE_BAD;
}

static uint32_t
read_id(struct bytes_reader *reader, uint8_t length_code)
{
	switch (length_code) {
	case 0:
		return bytes_read_u8(reader);
	case 1:
		return bytes_read_u16le(reader);
	case 2:
		return bytes_read_u32le(reader);
	}
	reader->failed = true;
	return 0;
}

enum parse_result
drdynvc_head_parse(
	const uint8_t *pdu, size_t have, struct drdynvc_head *ret_head, const char **ret_why)
{
	struct bytes_reader reader;
	uint8_t first;

	bytes_reader_init(&reader, pdu, have);
	first = bytes_read_u8(&reader);
	*ret_head = (struct drdynvc_head){.command = first >> COMMAND_SHIFT, .len = 1};
	switch (ret_head->command) {
	case DRDYNVC_CREATE:
	case DRDYNVC_DATA_FIRST:
	case DRDYNVC_DATA:
	case DRDYNVC_CLOSE:
	case DRDYNVC_DATA_FIRST_COMPRESSED:
	case DRDYNVC_DATA_COMPRESSED:
		ret_head->channel = read_id(&reader, first & ID_LEN_MASK);
		ret_head->len = (uint8_t)(have - bytes_left(&reader));
		break;
	case DRDYNVC_CAPABILITY:
	case DRDYNVC_SOFT_SYNC_REQUEST:
	case DRDYNVC_SOFT_SYNC_RESPONSE:
		break;
	default:
		return bad("an unknown command on drdynvc", ret_why);
	}
	return reader.failed ? bad("a PDU of drdynvc without its channel", ret_why) : PARSE_OK;
}

enum parse_result
drdynvc_create_parse(const uint8_t *pdu, size_t len, const struct drdynvc_head *head,
	const char **ret_name, const char **ret_why)
{
	const char *name = (const char *)pdu + head->len;
	size_t room = len - head->len;

	if (room == 0 || memchr(name, '\0', room) == NULL)
		return bad("a dynamic channel without the end of its name", ret_why);
	*ret_name = name;
	return PARSE_OK;
}

enum parse_result
drdynvc_status_parse(const uint8_t *pdu, size_t len, const struct drdynvc_head *head,
	uint32_t *ret_status, const char **ret_why)
{
	struct bytes_reader reader;

	bytes_reader_init(&reader, pdu + head->len, len - head->len);
	*ret_status = bytes_read_u32le(&reader);
	return reader.failed ? bad("an answer to a dynamic channel without status", ret_why)
			     : PARSE_OK;
}

void
drdynvc_create_response_write(struct bytes_writer *writer, uint32_t channel, uint32_t status)
{
	uint8_t code = channel <= 0xff ? 0 : channel <= 0xffff ? 1 : 2;

	bytes_write_u8(writer, (uint8_t)(DRDYNVC_CREATE << COMMAND_SHIFT | code));
	if (code == 0)
		bytes_write_u8(writer, (uint8_t)channel);
	else if (code == 1)
		bytes_write_u16le(writer, (uint16_t)channel);
	else
		bytes_write_u32le(writer, channel);
	bytes_write_u32le(writer, status);
}
