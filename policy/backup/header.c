/* The header of a backup file; see header.h. */
#include "policy/backup/header.h"

#include "base/bytes.h"
#include "base/sentence.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

static const char magic[16] = {
	'S', 'e', 'k', 'i', 's', 'h', 'o', ' ', 'b', 'a', 'c', 'k', 'u', 'p', '\r', '\n'};

#define FIXED_BYTES 20  /* up to the length of the whole */
#define PLAIN_LEAST 512 /* the smallest page of SQLite */
#define CHUNK_LEAST 1024

const char *
backup_fault_text(enum backup_fault fault)
{
	static const char *const texts[BACKUP_FAULT_COUNT] = {
		[BACKUP_SOUND] = "",
#define BACKUP_FAULT(name, text) [BACKUP_##name] = text,
#include "policy/backup/faults.def"
#undef BACKUP_FAULT
	};

	return texts[fault];
}

static uint64_t
read_u64be(struct bytes_reader *reader)
{
	uint64_t high = bytes_read_u32be(reader);

	return high << 32 | bytes_read_u32be(reader);
}

static void
write_u64be(struct bytes_writer *writer, uint64_t value)
{
	bytes_write_u32be(writer, (uint32_t)(value >> 32));
	bytes_write_u32be(writer, (uint32_t)value);
}

static void
read_exactly(struct bytes_reader *reader, uint8_t *ret_bytes, size_t len)
{
	const uint8_t *bytes = bytes_read(reader, len);

	if (bytes != NULL)
		memcpy(ret_bytes, bytes, len);
}

/* A text behind its length, of printable ASCII. */
static void
read_text(struct bytes_reader *reader, char *ret_text, size_t size)
{
	size_t len = bytes_read_u8(reader);
	const uint8_t *bytes = bytes_read(reader, len);

	if (bytes == NULL)
		return;
	for (size_t i = 0; i < len; i++)
		reader->failed |= bytes[i] <= ' ' || bytes[i] > '~';
	if (len >= size || reader->failed) {
		reader->failed = true;
		return;
	}
	memcpy(ret_text, bytes, len);
	ret_text[len] = '\0';
}

static void
read_label(struct bytes_reader *reader, struct backup_header *header)
{
	header->label_len = bytes_read_u16be(reader);
	if (header->label_len > BACKUP_LABEL_MOST)
		reader->failed = true;
	else
		read_exactly(reader, header->label, header->label_len);
}

static bool
numbers_are_possible(const struct backup_header *header)
{
	return header->created_us >= 0 && header->log_event >= 0 &&
	       header->chunk_bytes >= CHUNK_LEAST && header->chunk_bytes <= BACKUP_CHUNK_MOST &&
	       header->plain_bytes >= PLAIN_LEAST && header->plain_bytes <= BACKUP_PLAIN_MOST;
}

static int
bad(enum backup_fault fault, enum backup_fault *ret_fault)
{
	*ret_fault = fault;
	return -EBADMSG;
}

static int
parse_fields(struct bytes_reader *reader, size_t len, struct backup_header *ret_header,
	enum backup_fault *ret_fault)
{
	struct backup_header header = {.len = len};

	read_exactly(reader, header.id, sizeof(header.id));
	header.created_us = (int64_t)read_u64be(reader);
	header.schema = bytes_read_u32be(reader);
	header.chunk_bytes = bytes_read_u32be(reader);
	header.plain_bytes = read_u64be(reader);
	header.log_event = (int64_t)read_u64be(reader);
	read_exactly(reader, header.log_hash, sizeof(header.log_hash));
	read_exactly(reader, header.key, sizeof(header.key));
	read_text(reader, header.facility.prefix, sizeof(header.facility.prefix));
	read_text(reader, header.facility.domain, sizeof(header.facility.domain));
	read_label(reader, &header);
	read_exactly(reader, header.signature, sizeof(header.signature));
	if (reader->failed || bytes_left(reader) > 0 || !numbers_are_possible(&header))
		return bad(BACKUP_CHANGED, ret_fault);
	*ret_header = header;
	return 0;
}

int
backup_header_parse(const void *bytes, size_t len, struct backup_header *ret_header,
	enum backup_fault *ret_fault)
{
	size_t known = len < sizeof(magic) ? len : sizeof(magic);
	struct bytes_reader reader, part;
	uint16_t format;
	size_t whole;

	if (len > 0 && memcmp(bytes, magic, known) != 0)
		return bad(BACKUP_NOT_A_BACKUP, ret_fault);
	if (len < FIXED_BYTES)
		return -EAGAIN;
	bytes_reader_init(&reader, bytes, len);
	(void)bytes_read(&reader, sizeof(magic));
	format = bytes_read_u16be(&reader);
	whole = bytes_read_u16be(&reader);
	if (format > BACKUP_FORMAT)
		return bad(BACKUP_NEWER_FORMAT, ret_fault);
	if (format != BACKUP_FORMAT || whole > BACKUP_HEADER_MOST || whole < FIXED_BYTES)
		return bad(BACKUP_CHANGED, ret_fault);
	if (len < whole)
		return -EAGAIN;
	part = bytes_read_part(&reader, whole - FIXED_BYTES);
	return parse_fields(&part, whole, ret_header, ret_fault);
}

static void
write_text(struct bytes_writer *writer, const char *text)
{
	bytes_write_u8(writer, (uint8_t)strlen(text));
	bytes_write(writer, text, strlen(text));
}

void
backup_header_build(struct backup_header *header, uint8_t *ret_bytes)
{
	struct bytes_writer writer;

	header->len = FIXED_BYTES + sizeof(header->id) + 8 + 4 + 4 + 8 + 8 +
		      sizeof(header->log_hash) + sizeof(header->key) + 1 +
		      strlen(header->facility.prefix) + 1 + strlen(header->facility.domain) + 2 +
		      header->label_len + SIGNATURE_BYTES;
	bytes_writer_init(&writer, ret_bytes, BACKUP_HEADER_MOST);
	bytes_write(&writer, magic, sizeof(magic));
	bytes_write_u16be(&writer, BACKUP_FORMAT);
	bytes_write_u16be(&writer, (uint16_t)header->len);
	bytes_write(&writer, header->id, sizeof(header->id));
	write_u64be(&writer, (uint64_t)header->created_us);
	bytes_write_u32be(&writer, header->schema);
	bytes_write_u32be(&writer, header->chunk_bytes);
	write_u64be(&writer, header->plain_bytes);
	write_u64be(&writer, (uint64_t)header->log_event);
	bytes_write(&writer, header->log_hash, sizeof(header->log_hash));
	bytes_write(&writer, header->key, sizeof(header->key));
	write_text(&writer, header->facility.prefix);
	write_text(&writer, header->facility.domain);
	bytes_write_u16be(&writer, (uint16_t)header->label_len);
	bytes_write(&writer, header->label, header->label_len);
	assert(!writer.failed && writer.len + SIGNATURE_BYTES == header->len);
}

uint64_t
backup_chunks(const struct backup_header *header)
{
	return (header->plain_bytes + header->chunk_bytes - 1) / header->chunk_bytes;
}

uint64_t
backup_file_bytes(const struct backup_header *header)
{
	return header->len + header->plain_bytes + BACKUP_CHUNK_EXTRA * backup_chunks(header);
}

void
backup_id_text(const uint8_t *id, char ret_text[BACKUP_ID_TEXT_SIZE])
{
	bytes_to_hex(id, (BACKUP_ID_TEXT_SIZE - 1) / 2, ret_text);
}
