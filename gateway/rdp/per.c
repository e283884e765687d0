/* Lengths and integers of PER and BER; see per.h. */
#include "rdp/per.h"

#include <string.h>

enum {
	LENGTH_OCTETS = 3, /* that ber_begin keeps */
};

size_t
per_read_length(struct bytes_reader *reader)
{
	uint8_t first = bytes_read_u8(reader);

	if ((first & 0x80) == 0)
		return first;
	if ((first & 0x40) != 0)
		reader->failed = true;
	return (size_t)(first & 0x3f) << 8 | bytes_read_u8(reader);
}

void
per_write_length(struct bytes_writer *writer, size_t len)
{
	if (len > PER_LENGTH_MAX)
		writer->failed = true;
	bytes_write_u16be(writer, (uint16_t)(len | 0x8000));
}

void
per_put_length(uint8_t *at, size_t len)
{
	bytes_put_u16be(at, (uint16_t)(len | 0x8000));
}

static size_t
ber_read_length(struct bytes_reader *reader)
{
	uint8_t first = bytes_read_u8(reader);

	if ((first & 0x80) == 0)
		return first;
	if (first == 0x81)
		return bytes_read_u8(reader);
	if (first != 0x82)
		reader->failed = true;
	return bytes_read_u16be(reader);
}

struct bytes_reader
ber_read(struct bytes_reader *outer, uint16_t tag)
{
	uint16_t found = tag > 0xff ? bytes_read_u16be(outer) : bytes_read_u8(outer);
	size_t len = ber_read_length(outer);

	if (found != tag)
		outer->failed = true;
	return bytes_read_part(outer, len);
}

uint32_t
ber_read_number(struct bytes_reader *reader, uint8_t tag)
{
	struct bytes_reader octets = ber_read(reader, tag);
	size_t len = bytes_left(&octets);
	uint32_t value = 0;

	if (octets.failed || len == 0 || len > 5 || (len == 5 && octets.at[0] != 0)) {
		reader->failed = true;
		return 0;
	}
	while (bytes_left(&octets) > 0)
		value = value << 8 | bytes_read_u8(&octets);
	return value;
}

void
ber_write_number(struct bytes_writer *writer, uint8_t tag, uint32_t value)
{
	uint8_t len = 1;

	while (len < 5 && value >> (8 * len - 1) != 0)
		len++;
	bytes_write_u8(writer, tag);
	bytes_write_u8(writer, len);
	while (len-- > 0)
		bytes_write_u8(writer, (uint8_t)((uint64_t)value >> (8 * len)));
}

size_t
ber_begin(struct bytes_writer *writer, uint16_t tag)
{
	if (tag > 0xff)
		bytes_write_u8(writer, (uint8_t)(tag >> 8));
	bytes_write_u8(writer, (uint8_t)tag);
	bytes_write_u8(writer, 0x82);
	bytes_write_u16be(writer, 0);
	return writer->len;
}

/* Shrinks the place kept for the length if one octet is enough: some readers know the short form
 * alone for short contents. */
void
ber_end(struct bytes_writer *writer, size_t begin)
{
	size_t len = writer->len - begin;
	uint8_t *contents = writer->start + begin;

	if (len > 0xffff)
		writer->failed = true;
	if (writer->failed)
		return;
	if (len < 0x80) {
		contents[-LENGTH_OCTETS] = (uint8_t)len;
		memmove(contents - LENGTH_OCTETS + 1, contents, len);
		writer->len -= LENGTH_OCTETS - 1;
		return;
	}
	bytes_put_u16be(contents - 2, (uint16_t)len);
}
