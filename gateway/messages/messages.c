/* The wire form of every message, made from messages.def; see messages.h. */
#include "messages/messages.h"

#include "base/cleanup.h"
#include "base/secret.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

/* The length of the UTF-8 character at the start of bytes (RFC 3629), 0 if it is not one. */
static size_t
utf8_character(const uint8_t *bytes, size_t len)
{
	static const struct {
		uint8_t first, last, second_first, second_last;
		uint8_t more;
	} forms[] = {
		{0x01, 0x7f, 0x00, 0x00, 0},
		{0xc2, 0xdf, 0x80, 0xbf, 1},
		{0xe0, 0xe0, 0xa0, 0xbf, 2},
		{0xe1, 0xec, 0x80, 0xbf, 2},
		{0xed, 0xed, 0x80, 0x9f, 2},
		{0xee, 0xef, 0x80, 0xbf, 2},
		{0xf0, 0xf0, 0x90, 0xbf, 3},
		{0xf1, 0xf3, 0x80, 0xbf, 3},
		{0xf4, 0xf4, 0x80, 0x8f, 3},
	};
	size_t form = 0;

	while (form < ARRAY_SIZE(forms) && bytes[0] > forms[form].last)
		form++;
	if (form == ARRAY_SIZE(forms) || bytes[0] < forms[form].first || forms[form].more >= len)
		return 0;
	for (size_t i = 1; i <= forms[form].more; i++) {
		uint8_t first = i == 1 ? forms[form].second_first : 0x80;
		uint8_t last = i == 1 ? forms[form].second_last : 0xbf;

		if (bytes[i] < first || bytes[i] > last)
			return 0;
	}
	return 1u + forms[form].more;
}

static bool
is_text(const uint8_t *bytes, size_t len)
{
	while (len > 0) {
		size_t used = utf8_character(bytes, len);

		if (used == 0)
			return false;
		bytes += used;
		len -= used;
	}
	return true;
}

static void
put_bytes(struct bytes_writer *writer, const uint8_t *bytes, size_t len, size_t most)
{
	if (len > most) {
		writer->failed = true;
		return;
	}
	bytes_write_u32le(writer, (uint32_t)len);
	bytes_write(writer, bytes, len);
}

static void
put_text(struct bytes_writer *writer, const char *text, size_t most)
{
	size_t len = strnlen(text, most + 1);

	if (len <= most && !is_text((const uint8_t *)text, len))
		writer->failed = true;
	put_bytes(writer, (const uint8_t *)text, len, most);
}

/* ret_bytes has room for most + 1. */
static uint32_t
get_bytes(struct bytes_reader *reader, uint8_t *ret_bytes, size_t most)
{
	uint32_t len = bytes_read_u32le(reader);
	const uint8_t *bytes = len <= most ? bytes_read(reader, len) : NULL;

	if (bytes == NULL) {
		reader->failed = true;
		len = 0;
	}
	if (len > 0)
		memcpy(ret_bytes, bytes, len);
	ret_bytes[len] = 0;
	return len;
}

static void
get_text(struct bytes_reader *reader, char *ret_text, size_t most)
{
	size_t len = get_bytes(reader, (uint8_t *)ret_text, most);

	if (!is_text((const uint8_t *)ret_text, len))
		reader->failed = true;
}

#define U8(field) bytes_write_u8(writer, body->field);
#define U16(field) bytes_write_u16le(writer, body->field);
#define U32(field) bytes_write_u32le(writer, body->field);
#define U64(field) bytes_write_u64le(writer, body->field);
#define TEXT(field, most_bytes) put_text(writer, body->field, most_bytes);
#define BYTES(field, most_bytes) put_bytes(writer, body->field, body->field##_len, most_bytes);
#define SECRET(field, most_bytes) BYTES(field, most_bytes)
#define MESSAGE(number, NAME, name, from, to, most, after, fd, fields)         \
	static void put_##name(struct bytes_writer *writer, const void *body_) \
	{                                                                      \
		const struct msg_##name *body = body_;                         \
		fields                                                         \
	}
#include "messages/messages.def"
#undef MESSAGE
#undef U8
#undef U16
#undef U32
#undef U64
#undef TEXT
#undef BYTES
#undef SECRET

#define U8(field) body->field = bytes_read_u8(reader);
#define U16(field) body->field = bytes_read_u16le(reader);
#define U32(field) body->field = bytes_read_u32le(reader);
#define U64(field) body->field = bytes_read_u64le(reader);
#define TEXT(field, most_bytes) get_text(reader, body->field, most_bytes);
#define BYTES(field, most_bytes) body->field##_len = get_bytes(reader, body->field, most_bytes);
#define SECRET(field, most_bytes) BYTES(field, most_bytes)
#define MESSAGE(number, NAME, name, from, to, most, after, fd, fields)   \
	static void get_##name(struct bytes_reader *reader, void *body_) \
	{                                                                \
		struct msg_##name *body = body_;                         \
		fields                                                   \
	}
#include "messages/messages.def"
#undef MESSAGE
#undef U8
#undef U16
#undef U32
#undef U64
#undef TEXT
#undef BYTES
#undef SECRET

/* Does a row have a SECRET field? A sum over its fields. */
#define U8(field)
#define U16(field)
#define U32(field)
#define U64(field)
#define TEXT(field, most_bytes)
#define BYTES(field, most_bytes)
#define SECRET(field, most_bytes) +1
enum {
#define MESSAGE(number, NAME, name, from, to, most, after, fd, fields) secrets_##name = 0 fields,
#include "messages/messages.def"
#undef MESSAGE
};
#undef U8
#undef U16
#undef U32
#undef U64
#undef TEXT
#undef BYTES
#undef SECRET

#define NO_FD false
#define HAS_FD true
/* The builtin, since sanitizers make the function itself no constant for clang. */
#define FIRST_FIELD_IS_CONNECTION(text) (__builtin_strncmp(text, "U64(connection)", 15) == 0)

static const struct message_row rows[MESSAGE_COUNT] = {
#define MESSAGE(number_, NAME_, name_, from_, to_, most_, after_, fd_, fields_)  \
	[MESSAGE_INDEX_##NAME_] = {                                              \
		.number = MSG_##NAME_,                                           \
		.name = #NAME_,                                                  \
		.fields = #fields_,                                              \
		.from = PROCESS_##from_,                                         \
		.to = PROCESS_##to_,                                             \
		.at_most = AT_MOST_##most_,                                      \
		.after = MSG_##after_,                                           \
		.has_fd = fd_,                                                   \
		.has_connection = FIRST_FIELD_IS_CONNECTION(#fields_),           \
		.has_secret = secrets_##name_ > 0,                               \
		.most_bytes = sizeof(((union message_wire_sizes *)NULL)->name_), \
		.body_bytes = sizeof(struct msg_##name_),                        \
		.put = put_##name_,                                              \
		.get = get_##name_,                                              \
	},
#include "messages/messages.def"
#undef MESSAGE
};

/* What both ends of a channel must agree on, row by row, as the preprocessor sees it. */
static const struct {
	uint32_t number;
	const char *text;
} row_texts[MESSAGE_COUNT] = {
#define MESSAGE(number, NAME, name, from, to, most, after, fd, fields) \
	{number, #number " " #NAME " " #from " " #to " " #most " " #after " " #fd " " #fields},
#include "messages/messages.def"
#undef MESSAGE
};

const struct message_row *
message_row(uint32_t number)
{
	for (size_t i = 0; i < MESSAGE_COUNT; i++) {
		if (rows[i].number == number)
			return &rows[i];
	}
	return NULL;
}

const struct message_row *
message_row_at(size_t index)
{
	return index < MESSAGE_COUNT ? &rows[index] : NULL;
}

size_t
message_row_index(const struct message_row *row)
{
	return (size_t)(row - rows);
}

int
message_put(enum message number, const void *body, void *room, size_t size)
{
	const struct message_row *row = message_row(number);
	struct bytes_writer writer;

	assert(row != NULL);
	bytes_writer_init(&writer, room, size);
	bytes_write_u16le(&writer, (uint16_t)number);
	if (writer.failed)
		return -EMSGSIZE;
	row->put(&writer, body);
	if (writer.failed) {
		secret_wipe(room, size);
		return size < row->most_bytes ? -EMSGSIZE : -EINVAL;
	}
	return (int)writer.len;
}

int
message_get(const void *bytes, size_t len, const struct message_row **ret_row,
	union message_body *ret_body)
{
	const struct message_row *row;
	struct bytes_reader reader;

	bytes_reader_init(&reader, bytes, len);
	row = message_row(bytes_read_u16le(&reader));
	if (row == NULL || reader.failed)
		return -EPROTO;
	row->get(&reader, ret_body);
	if (reader.failed || bytes_left(&reader) > 0) {
		secret_wipe(ret_body, row->body_bytes);
		return -EPROTO;
	}
	*ret_row = row;
	return 0;
}

void
message_wipe(const struct message_row *row, void *body)
{
	if (row->has_secret)
		secret_wipe(body, row->body_bytes);
}

uint64_t
messages_build_hash(void)
{
	uint64_t hash = 0xcbf29ce484222325;

	for (size_t i = 0; i < MESSAGE_COUNT; i++) {
		if (row_texts[i].number < 10)
			continue;
		for (const char *at = row_texts[i].text; *at != 0; at++)
			hash = (hash ^ (uint8_t)*at) * 0x100000001b3;
	}
	return hash;
}
