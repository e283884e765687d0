/* See cliprdr.h. */
#include "rdp/cliprdr.h"

#include "base/cleanup.h"
#include "rdp/utf16.h"

#include <string.h>
#include <strings.h>

#define RESPONSE_OK 0x0001
#define RESPONSE_FAIL 0x0002
#define ASCII_NAMES 0x0004
#define GENERAL_SET 0x0001
#define SHORT_NAME_LEN 32
#define CONTENTS_REQUEST_LEN 24
#define CONTENTS_RANGE 0x02

/* Standard formats that are text and nothing else: CF_TEXT, CF_OEMTEXT, CF_UNICODETEXT, CF_LOCALE. Rich text and HTML can
 * have whole files in them. */
static const uint32_t text_formats[] = {1, 7, 13, 16};

static enum parse_result
bad(const char *why, const char **ret_why)
{
	if (ret_why != NULL)
		*ret_why = why;
	return PARSE_BAD;
}

enum parse_result
cliprdr_head_parse(const uint8_t *pdu, size_t have, size_t total, struct cliprdr_head *ret_head,
	const char **ret_why)
{
	uint16_t flags;

	if (have < CLIPRDR_HEAD_LEN)
		return bad("a PDU of the clipboard that is too short", ret_why);
	flags = bytes_get_u16le(pdu + 2);
	*ret_head = (struct cliprdr_head){
		.type = bytes_get_u16le(pdu),
		.ok = (flags & RESPONSE_OK) != 0,
		.ascii = (flags & ASCII_NAMES) != 0,
		.len = bytes_get_u32le(pdu + 4),
	};
	if (ret_head->len > total - CLIPRDR_HEAD_LEN)
		return bad("a PDU of the clipboard is shorter than it says", ret_why);
	return PARSE_OK;
}

enum parse_result
cliprdr_caps_parse(uint8_t *pdu, const struct cliprdr_head *head, uint32_t clear,
	uint32_t *ret_flags, const char **ret_why)
{
	struct bytes_reader reader;
	uint16_t count;

	*ret_flags = 0;
	bytes_reader_init(&reader, pdu + CLIPRDR_HEAD_LEN, head->len);
	count = bytes_read_u16le(&reader);
	(void)bytes_read_u16le(&reader);
	for (uint16_t i = 0; i < count && !reader.failed; i++) {
		uint16_t type = bytes_read_u16le(&reader);
		uint16_t len = bytes_read_u16le(&reader);
		struct bytes_reader set = bytes_read_part(&reader, len < 4 ? 0 : len - 4u);
		uint8_t *flags;

		if (type != GENERAL_SET || len < 12 || reader.failed)
			continue;
		flags = pdu + (set.at + 4 - pdu); /* behind its version */
		*ret_flags = bytes_get_u32le(flags) & ~clear;
		bytes_put_u32le(flags, *ret_flags);
	}
	return reader.failed ? bad("capabilities of the clipboard that are cut off", ret_why)
			     : PARSE_OK;
}

void
cliprdr_list_begin(struct cliprdr_list *list, const uint8_t *pdu, const struct cliprdr_head *head,
	bool long_names)
{
	list->long_names = long_names;
	list->ascii = head->ascii;
	bytes_reader_init(&list->reader, pdu + CLIPRDR_HEAD_LEN, head->len);
}

static bool
is_text(uint32_t id)
{
	for (size_t i = 0; i < ARRAY_SIZE(text_formats); i++)
		if (text_formats[i] == id)
			return true;
	return false;
}

/* Windows compares names without case; 16 UTF-16 characters with their NUL have no room for all of it. */
static bool
names_files(const struct cliprdr_list *list, const uint8_t *name, size_t len)
{
	static const char files[] = "FileGroupDescriptorW";
	char text[64];

	if (!list->long_names && list->ascii)
		return strncasecmp((const char *)name, files, sizeof(files)) == 0;
	utf16_to_utf8(name, len, text, sizeof(text));
	return list->long_names ? strcasecmp(text, files) == 0 : strncasecmp(text, files, 15) == 0;
}

/* Steps over a name with its NUL. */
static void
skip_name(struct bytes_reader *reader)
{
	while (!reader->failed && bytes_read_u16le(reader) != 0)
		;
}

bool
cliprdr_list_next(struct cliprdr_list *list, struct cliprdr_format *ret_format)
{
	struct bytes_reader *reader = &list->reader;
	const uint8_t *entry = reader->at;
	uint32_t id;

	if (reader->failed || bytes_left(reader) == 0)
		return false;
	id = bytes_read_u32le(reader);
	if (list->long_names)
		skip_name(reader);
	else
		(void)bytes_read(reader, SHORT_NAME_LEN);
	if (reader->failed)
		return false;
	*ret_format = (struct cliprdr_format){
		.id = id,
		.entry = {.at = entry, .len = (size_t)(reader->at - entry)},
		.text = is_text(id),
	};
	ret_format->files =
		!ret_format->text && names_files(list, entry + 4, ret_format->entry.len - 4);
	return true;
}

void
cliprdr_format_write(
	struct bytes_writer *writer, const struct cliprdr_format *format, bool long_names)
{
	if (!format->text) {
		bytes_write(writer, format->entry.at, format->entry.len);
		return;
	}
	bytes_write_u32le(writer, format->id);
	bytes_write_zeros(writer, long_names ? 2 : SHORT_NAME_LEN);
}

enum parse_result
cliprdr_number_parse(const uint8_t *pdu, const struct cliprdr_head *head, uint32_t *ret_number,
	const char **ret_why)
{
	if (head->len < 4)
		return bad("a request of the clipboard without its number", ret_why);
	*ret_number = bytes_get_u32le(pdu + CLIPRDR_HEAD_LEN);
	return PARSE_OK;
}

enum parse_result
cliprdr_contents_request_parse(const uint8_t *pdu, const struct cliprdr_head *head,
	struct cliprdr_contents_request *ret_request, const char **ret_why)
{
	if (head->len < CONTENTS_REQUEST_LEN)
		return bad("a request for a file of the clipboard that is cut off", ret_why);
	ret_request->stream = bytes_get_u32le(pdu + CLIPRDR_HEAD_LEN);
	ret_request->file = bytes_get_u32le(pdu + CLIPRDR_HEAD_LEN + 4);
	ret_request->range = (bytes_get_u32le(pdu + CLIPRDR_HEAD_LEN + 8) & CONTENTS_RANGE) != 0;
	ret_request->has_lock = head->len >= CONTENTS_REQUEST_LEN + 4;
	ret_request->lock = ret_request->has_lock
				    ? bytes_get_u32le(pdu + CLIPRDR_HEAD_LEN + CONTENTS_REQUEST_LEN)
				    : 0;
	return PARSE_OK;
}

void
cliprdr_head_write(
	struct bytes_writer *writer, enum cliprdr_type type, bool ok, bool ascii, uint32_t len)
{
	bytes_write_u16le(writer, (uint16_t)type);
	bytes_write_u16le(writer, (uint16_t)((ok ? RESPONSE_OK : 0) | (ascii ? ASCII_NAMES : 0)));
	bytes_write_u32le(writer, len);
}

static void
fail_write(struct bytes_writer *writer, enum cliprdr_type type, uint32_t len)
{
	bytes_write_u16le(writer, (uint16_t)type);
	bytes_write_u16le(writer, RESPONSE_FAIL);
	bytes_write_u32le(writer, len);
}

void
cliprdr_data_fail_write(struct bytes_writer *writer)
{
	fail_write(writer, CLIPRDR_DATA_RESPONSE, 0);
}

void
cliprdr_contents_fail_write(struct bytes_writer *writer, uint32_t stream)
{
	fail_write(writer, CLIPRDR_CONTENTS_RESPONSE, 4);
	bytes_write_u32le(writer, stream);
}

void
cliprdr_file_parse(const uint8_t *descriptor, char *ret_name, uint64_t *ret_size)
{
	*ret_size =
		(uint64_t)bytes_get_u32le(descriptor + 64) << 32 | bytes_get_u32le(descriptor + 68);
	utf16_to_utf8(descriptor + 72, 520, ret_name, CLIPRDR_FILE_NAME_SIZE);
}
