/* See rdpdr.h. */
#include "rdp/rdpdr.h"

#include "rdp/utf16.h"

#define ACCESS_DENIED UINT32_C(0xc0000022)
#define COMPONENT_CORE 0x4472

/* DesiredAccess, MS-SMB2 2.2.13.1: write and append data, attributes of both kinds, delete a child, DELETE, WRITE_DAC, WRITE_OWNER, generic
 * write and all. MAXIMUM_ALLOWED asks for what there is, and may have it: what is written then is refused. */
#define ACCESS_WRITES UINT32_C(0x500d0156)
#define DISPOSITION_OPEN 1
#define OPTION_DELETE_ON_CLOSE 0x1000

static enum parse_result
bad(const char *why, const char **ret_why)
{
	if (ret_why != NULL)
		*ret_why = why;
	return PARSE_BAD;
}

uint32_t
rdpdr_kind_of(const uint8_t *pdu, size_t have)
{
	if (have < RDPDR_HEAD_LEN)
		return 0;
	return (uint32_t)bytes_get_u16le(pdu) << 16 | bytes_get_u16le(pdu + 2);
}

void
rdpdr_list_begin(struct rdpdr_list *list, const uint8_t *pdu, size_t len)
{
	bytes_reader_init(&list->reader, pdu + RDPDR_HEAD_LEN, len - RDPDR_HEAD_LEN);
	list->left = bytes_read_u32le(&list->reader);
}

bool
rdpdr_list_next(struct rdpdr_list *list, struct rdpdr_device *ret_device)
{
	struct bytes_reader *reader = &list->reader;
	const uint8_t *entry = reader->at, *name;

	if (list->left == 0 || reader->failed)
		return false;
	list->left--;
	*ret_device = (struct rdpdr_device){.type = bytes_read_u32le(reader)};
	ret_device->id = bytes_read_u32le(reader);
	name = bytes_read(reader, sizeof(ret_device->name) - 1);
	(void)bytes_read(reader, bytes_read_u32le(reader));
	if (reader->failed)
		return false;
	for (size_t i = 0; i < sizeof(ret_device->name) - 1 && name[i] != 0; i++)
		ret_device->name[i] = (char)(name[i] > ' ' && name[i] <= '~' ? name[i] : '?');
	ret_device->entry = (struct pdu_bytes){.at = entry, .len = (size_t)(reader->at - entry)};
	return true;
}

void
rdpdr_removed_begin(struct rdpdr_list *list, const uint8_t *pdu, size_t len)
{
	rdpdr_list_begin(list, pdu, len);
}

bool
rdpdr_removed_next(struct rdpdr_list *list, uint32_t *ret_id)
{
	if (list->left == 0 || list->reader.failed)
		return false;
	list->left--;
	*ret_id = bytes_read_u32le(&list->reader);
	return !list->reader.failed;
}

enum parse_result
rdpdr_request_parse(
	const uint8_t *pdu, size_t have, struct rdpdr_request *ret_request, const char **ret_why)
{
	struct bytes_reader reader;

	bytes_reader_init(&reader, pdu, have);
	(void)bytes_read_u32le(&reader);
	ret_request->device = bytes_read_u32le(&reader);
	ret_request->file = bytes_read_u32le(&reader);
	ret_request->completion = bytes_read_u32le(&reader);
	ret_request->function = bytes_read_u32le(&reader);
	(void)bytes_read_u32le(&reader);
	ret_request->value = bytes_left(&reader) >= 4 ? bytes_read_u32le(&reader) : 0;
	return reader.failed ? bad("a request to a device that is cut off", ret_why) : PARSE_OK;
}

enum parse_result
rdpdr_create_parse(
	const uint8_t *pdu, size_t len, struct rdpdr_create *ret_create, const char **ret_why)
{
	uint32_t access, disposition, options, path_len;
	struct bytes_reader reader, path;

	bytes_reader_init(&reader, pdu, len);
	(void)bytes_read(&reader, RDPDR_REQUEST_LEN);
	access = bytes_read_u32le(&reader);
	(void)bytes_read(&reader, 8 + 4 + 4); /* AllocationSize, FileAttributes, SharedAccess */
	disposition = bytes_read_u32le(&reader);
	options = bytes_read_u32le(&reader);
	path_len = bytes_read_u32le(&reader);
	path = bytes_read_part(&reader, path_len);
	if (reader.failed)
		return bad("a file of a drive is opened without its name", ret_why);
	utf16_to_utf8(path.at, path_len, ret_create->path, sizeof(ret_create->path));
	ret_create->writes = (access & ACCESS_WRITES) != 0 || disposition != DISPOSITION_OPEN ||
			     (options & OPTION_DELETE_ON_CLOSE) != 0;
	return PARSE_OK;
}

enum parse_result
rdpdr_completion_parse(const uint8_t *pdu, size_t have, struct rdpdr_completion *ret_completion,
	const char **ret_why)
{
	struct bytes_reader reader;

	bytes_reader_init(&reader, pdu, have);
	(void)bytes_read_u32le(&reader);
	ret_completion->device = bytes_read_u32le(&reader);
	ret_completion->completion = bytes_read_u32le(&reader);
	ret_completion->status = bytes_read_u32le(&reader);
	ret_completion->value = bytes_left(&reader) >= 4 ? bytes_read_u32le(&reader) : 0;
	return reader.failed ? bad("an answer of a device that is cut off", ret_why) : PARSE_OK;
}

void
rdpdr_denied_write(struct bytes_writer *writer, const struct rdpdr_request *request)
{
	bytes_write_u16le(writer, COMPONENT_CORE);
	bytes_write_u16le(writer, RDPDR_IO_COMPLETION & 0xffff);
	bytes_write_u32le(writer, request->device);
	bytes_write_u32le(writer, request->completion);
	bytes_write_u32le(writer, ACCESS_DENIED);
	bytes_write_zeros(writer, RDPDR_DENIED_LEN - RDPDR_COMPLETION_LEN);
}
