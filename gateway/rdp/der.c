/* See der.h. */
#include "rdp/der.h"

/* Lengths of more than four octets say nothing that would fit anywhere. */
size_t
der_read_length(struct bytes_reader *reader)
{
	uint8_t first = bytes_read_u8(reader);
	size_t count = first & 0x7f, len = 0;

	if ((first & 0x80) == 0)
		return first;
	if (count == 0 || count > sizeof(uint32_t)) {
		reader->failed = true;
		return 0;
	}
	for (size_t i = 0; i < count; i++)
		len = len << 8 | bytes_read_u8(reader);
	return len;
}

struct bytes_reader
der_read(struct bytes_reader *reader, uint8_t tag)
{
	if (bytes_read_u8(reader) != tag)
		reader->failed = true;
	return bytes_read_part(reader, der_read_length(reader));
}

struct pdu_bytes
der_rest(const struct bytes_reader *reader)
{
	return (struct pdu_bytes){.at = reader->at, .len = bytes_left(reader)};
}

static size_t
length_octets(size_t len)
{
	return len < 0x80 ? 1 : len < 0x100 ? 2 : len < 0x10000 ? 3 : 4;
}

size_t
der_size(size_t len)
{
	return 1 + length_octets(len) + len;
}

void
der_write_head(struct bytes_writer *writer, uint8_t tag, size_t len)
{
	size_t octets = length_octets(len);

	bytes_write_u8(writer, tag);
	if (octets == 1) {
		bytes_write_u8(writer, (uint8_t)len);
		return;
	}
	bytes_write_u8(writer, (uint8_t)(0x80 | (octets - 1)));
	for (size_t i = octets - 1; i > 0; i--)
		bytes_write_u8(writer, (uint8_t)(len >> 8 * (i - 1)));
}
