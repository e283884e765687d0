/* Bounded reading and writing of byte strings; see bytes.h. */
#include "base/bytes.h"

#include <errno.h>
#include <string.h>

void
bytes_reader_init(struct bytes_reader *reader, const void *bytes, size_t len)
{
	reader->at = bytes;
	reader->end = reader->at + len;
	reader->failed = false;
}

size_t
bytes_left(const struct bytes_reader *reader)
{
	return (size_t)(reader->end - reader->at);
}

const uint8_t *
bytes_read(struct bytes_reader *reader, size_t len)
{
	const uint8_t *bytes = reader->at;

	if (reader->failed || bytes_left(reader) < len) {
		reader->failed = true;
		return NULL;
	}
	reader->at += len;
	return bytes;
}

struct bytes_reader
bytes_read_part(struct bytes_reader *reader, size_t len)
{
	struct bytes_reader part = {.failed = true};
	const uint8_t *bytes = bytes_read(reader, len);

	if (bytes != NULL)
		bytes_reader_init(&part, bytes, len);
	return part;
}

static uint64_t
read_le(struct bytes_reader *reader, size_t width)
{
	const uint8_t *bytes = bytes_read(reader, width);
	uint64_t value = 0;

	for (size_t i = width; bytes != NULL && i-- > 0;)
		value = value << 8 | bytes[i];
	return value;
}

static uint64_t
read_be(struct bytes_reader *reader, size_t width)
{
	const uint8_t *bytes = bytes_read(reader, width);
	uint64_t value = 0;

	for (size_t i = 0; bytes != NULL && i < width; i++)
		value = value << 8 | bytes[i];
	return value;
}

uint8_t
bytes_read_u8(struct bytes_reader *reader)
{
	return (uint8_t)read_le(reader, 1);
}

uint16_t
bytes_read_u16le(struct bytes_reader *reader)
{
	return (uint16_t)read_le(reader, 2);
}

uint16_t
bytes_read_u16be(struct bytes_reader *reader)
{
	return (uint16_t)read_be(reader, 2);
}

uint32_t
bytes_read_u32le(struct bytes_reader *reader)
{
	return (uint32_t)read_le(reader, 4);
}

uint32_t
bytes_read_u32be(struct bytes_reader *reader)
{
	return (uint32_t)read_be(reader, 4);
}

uint64_t
bytes_read_u64le(struct bytes_reader *reader)
{
	return read_le(reader, 8);
}

void
bytes_writer_init(struct bytes_writer *writer, void *room, size_t size)
{
	*writer = (struct bytes_writer){.start = room, .size = size};
}

static uint8_t *
claim(struct bytes_writer *writer, size_t len)
{
	uint8_t *at = writer->start + writer->len;

	if (writer->failed || writer->size - writer->len < len) {
		writer->failed = true;
		return NULL;
	}
	writer->len += len;
	return at;
}

void
bytes_write(struct bytes_writer *writer, const void *bytes, size_t len)
{
	uint8_t *at = claim(writer, len);

	if (at != NULL && len > 0)
		memcpy(at, bytes, len);
}

void
bytes_write_zeros(struct bytes_writer *writer, size_t len)
{
	uint8_t *at = claim(writer, len);

	if (at != NULL)
		memset(at, 0, len);
}

void
bytes_write_u8(struct bytes_writer *writer, uint8_t value)
{
	bytes_write(writer, &value, 1);
}

void
bytes_write_u16le(struct bytes_writer *writer, uint16_t value)
{
	uint8_t *at = claim(writer, 2);

	if (at != NULL)
		bytes_put_u16le(at, value);
}

void
bytes_write_u16be(struct bytes_writer *writer, uint16_t value)
{
	uint8_t *at = claim(writer, 2);

	if (at != NULL)
		bytes_put_u16be(at, value);
}

void
bytes_write_u32le(struct bytes_writer *writer, uint32_t value)
{
	uint8_t *at = claim(writer, 4);

	if (at != NULL)
		bytes_put_u32le(at, value);
}

void
bytes_write_u32be(struct bytes_writer *writer, uint32_t value)
{
	bytes_write_u16be(writer, (uint16_t)(value >> 16));
	bytes_write_u16be(writer, (uint16_t)value);
}

void
bytes_write_u64le(struct bytes_writer *writer, uint64_t value)
{
	bytes_write_u32le(writer, (uint32_t)value);
	bytes_write_u32le(writer, (uint32_t)(value >> 32));
}

uint16_t
bytes_get_u16le(const uint8_t *at)
{
	return (uint16_t)(at[0] | at[1] << 8);
}

uint16_t
bytes_get_u16be(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

uint32_t
bytes_get_u32le(const uint8_t *at)
{
	return (uint32_t)bytes_get_u16le(at) | (uint32_t)bytes_get_u16le(at + 2) << 16;
}

void
bytes_put_u16le(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)value;
	at[1] = (uint8_t)(value >> 8);
}

void
bytes_put_u16be(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

void
bytes_put_u32le(uint8_t *at, uint32_t value)
{
	bytes_put_u16le(at, (uint16_t)value);
	bytes_put_u16le(at + 2, (uint16_t)(value >> 16));
}

void
bytes_to_hex(const void *bytes, size_t len, char *ret_text)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *at = bytes;

	for (size_t i = 0; i < len; i++) {
		ret_text[2 * i] = digits[at[i] >> 4];
		ret_text[2 * i + 1] = digits[at[i] & 15];
	}
	ret_text[2 * len] = '\0';
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int
bytes_from_hex(const char *text, void *ret_bytes, size_t len)
{
	uint8_t *at = ret_bytes;

	if (strlen(text) != 2 * len)
		return -EINVAL;
	for (size_t i = 0; i < 2 * len; i++) {
		if (hex_digit(text[i]) < 0)
			return -EINVAL;
	}
	for (size_t i = 0; i < len; i++)
		at[i] = (uint8_t)(hex_digit(text[2 * i]) << 4 | hex_digit(text[2 * i + 1]));
	return 0;
}

bool
bytes_equal_constant_time(const void *one, const void *other, size_t len)
{
	const volatile uint8_t *a = one;
	const volatile uint8_t *b = other;
	uint8_t difference = 0;

	for (size_t i = 0; i < len; i++)
		difference |= a[i] ^ b[i];
	return difference == 0;
}
