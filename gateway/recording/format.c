/* See format.h. */
#include "recording/format.h"

#include "base/bytes.h"
#include "base/utf_8.h"

#include <errno.h>
#include <string.h>

#define FLAG_INPUT 1

static const uint8_t header_magic[] = "Sekisho record\r\n";
static const uint8_t closing_magic[] = "Sekisho closed\r\n";
static const char signed_as[] = "sekisho recording 1"; /* its NUL belongs to it */

_Static_assert(sizeof(header_magic) == RECORDING_MAGIC_BYTES + 1, "the NUL is not written");
_Static_assert(sizeof(closing_magic) == RECORDING_MAGIC_BYTES + 1, "the NUL is not written");
_Static_assert(sizeof(signed_as) + RECORDING_SUMMARY_BYTES <= RECORDING_SIGNED_MOST, "has room");

static void
read_bytes(struct bytes_reader *reader, void *ret_bytes, size_t len)
{
	const uint8_t *bytes = bytes_read(reader, len);

	if (bytes != NULL)
		memcpy(ret_bytes, bytes, len);
}

static bool
read_text(struct bytes_reader *reader, char *ret_text, size_t size)
{
	size_t len = bytes_read_u16le(reader);
	const uint8_t *text;

	if (len >= size)
		return false;
	text = bytes_read(reader, len);
	if (text == NULL)
		return true; /* the reader has failed, which is told by itself */
	if (memchr(text, '\0', len) != NULL || !utf_8_is_valid((const char *)text, len))
		return false;
	memcpy(ret_text, text, len);
	ret_text[len] = '\0';
	return true;
}

/* The first 24 bytes say how long it is and whether we know what it is. */
static int
begin_header(struct bytes_reader *reader, struct recording_about *about, const char **ret_why)
{
	size_t have = bytes_left(reader);
	size_t magic = have < RECORDING_MAGIC_BYTES ? have : RECORDING_MAGIC_BYTES;
	uint16_t flags;

	if (memcmp(reader->at, header_magic, magic) != 0) {
		*ret_why = "this is no recording";
		return -EBADMSG;
	}
	*ret_why = "the file ends within its header";
	if (have < RECORDING_MAGIC_BYTES + 8)
		return -EAGAIN;
	(void)bytes_read(reader, RECORDING_MAGIC_BYTES);
	about->version = bytes_read_u16le(reader);
	flags = bytes_read_u16le(reader);
	about->header_bytes = bytes_read_u32le(reader);
	if (about->version != RECORDING_VERSION) {
		*ret_why = "the recording was made by a newer version";
		return -EPROTONOSUPPORT;
	}
	about->with_input = (flags & FLAG_INPUT) != 0;
	if ((flags & ~FLAG_INPUT) != 0 || about->header_bytes > RECORDING_HEADER_MOST) {
		*ret_why = "the header says what no header says";
		return -EBADMSG;
	}
	return have < about->header_bytes ? -EAGAIN : 0;
}

static bool
read_header(struct bytes_reader *reader, struct recording_about *about)
{
	bool ok;

	read_bytes(reader, about->session, sizeof(about->session));
	about->part = bytes_read_u32le(reader);
	about->started_us = (int64_t)bytes_read_u64le(reader);
	ok = read_text(reader, about->account, sizeof(about->account)) &&
	     read_text(reader, about->terminal, sizeof(about->terminal));
	read_bytes(reader, about->signer, sizeof(about->signer));
	read_bytes(reader, about->key_check, sizeof(about->key_check));
	read_bytes(reader, about->stream, sizeof(about->stream));
	about->sealed_count = bytes_read_u8(reader);
	if (!ok || about->sealed_count > RECORDING_AUDITORS_MOST)
		return false;
	for (size_t i = 0; i < about->sealed_count; i++) {
		read_bytes(reader, about->sealed[i].key_id, RECORDING_KEY_ID_BYTES);
		read_bytes(reader, about->sealed[i].sealed, RECORDING_SEALED_KEY_BYTES);
	}
	return !reader->failed && bytes_left(reader) == 0;
}

int
recording_header_get(
	const uint8_t *bytes, size_t len, struct recording_about *ret_about, const char **ret_why)
{
	struct recording_about about = {0};
	struct bytes_reader reader;
	int r;

	bytes_reader_init(&reader, bytes, len);
	r = begin_header(&reader, &about, ret_why);
	if (r < 0)
		return r;
	if (about.header_bytes < RECORDING_MAGIC_BYTES + 8) {
		*ret_why = "the header says what no header says";
		return -EBADMSG;
	}
	reader.end = bytes + about.header_bytes;
	if (!read_header(&reader, &about)) {
		*ret_why = "the header cannot be read";
		return -EBADMSG;
	}
	*ret_about = about;
	return 0;
}

static bool
write_text(struct bytes_writer *writer, const char *text, size_t size)
{
	size_t len = strnlen(text, size);

	if (len == size || !utf_8_is_valid(text, len))
		return false;
	bytes_write_u16le(writer, (uint16_t)len);
	bytes_write(writer, text, len);
	return true;
}

int
recording_header_put(struct recording_about *about, uint8_t *room)
{
	struct bytes_writer writer;

	if (about->sealed_count > RECORDING_AUDITORS_MOST)
		return -EINVAL;
	bytes_writer_init(&writer, room, RECORDING_HEADER_MOST);
	bytes_write(&writer, header_magic, RECORDING_MAGIC_BYTES);
	bytes_write_u16le(&writer, RECORDING_VERSION);
	bytes_write_u16le(&writer, about->with_input ? FLAG_INPUT : 0);
	bytes_write_u32le(&writer, 0); /* its length, below */
	bytes_write(&writer, about->session, sizeof(about->session));
	bytes_write_u32le(&writer, about->part);
	bytes_write_u64le(&writer, (uint64_t)about->started_us);
	if (!write_text(&writer, about->account, sizeof(about->account)) ||
		!write_text(&writer, about->terminal, sizeof(about->terminal)))
		return -EINVAL;
	bytes_write(&writer, about->signer, sizeof(about->signer));
	bytes_write(&writer, about->key_check, sizeof(about->key_check));
	bytes_write(&writer, about->stream, sizeof(about->stream));
	bytes_write_u8(&writer, about->sealed_count);
	for (size_t i = 0; i < about->sealed_count; i++) {
		bytes_write(&writer, about->sealed[i].key_id, RECORDING_KEY_ID_BYTES);
		bytes_write(&writer, about->sealed[i].sealed, RECORDING_SEALED_KEY_BYTES);
	}
	if (writer.failed)
		return -EINVAL;
	about->version = RECORDING_VERSION;
	about->header_bytes = (uint32_t)writer.len;
	bytes_put_u32le(room + RECORDING_MAGIC_BYTES + 4, about->header_bytes);
	return 0;
}

int
recording_chunk_head_get(
	const uint8_t *bytes, struct recording_chunk_head *ret_head, const char **ret_why)
{
	struct recording_chunk_head head = {.len = bytes_get_u32le(bytes)};

	if (head.len == 0) {
		*ret_head = head;
		return 0;
	}
	head.first_ms = bytes_get_u32le(bytes + 4);
	head.last_ms = bytes_get_u32le(bytes + 8);
	if (head.len <= RECORDING_CHUNK_EXTRA || head.len > RECORDING_SEALED_MOST) {
		*ret_why = "a length that no chunk has";
		return -EBADMSG;
	}
	if (head.first_ms > head.last_ms) {
		*ret_why = "it ends before it begins";
		return -EBADMSG;
	}
	*ret_head = head;
	return 0;
}

void
recording_chunk_head_put(const struct recording_chunk_head *head, uint8_t *room)
{
	bytes_put_u32le(room, head->len);
	bytes_put_u32le(room + 4, head->first_ms);
	bytes_put_u32le(room + 8, head->last_ms);
}

void
recording_summary_put(
	const struct recording_summary *summary, uint8_t room[RECORDING_SUMMARY_BYTES])
{
	struct bytes_writer writer;

	bytes_writer_init(&writer, room, RECORDING_SUMMARY_BYTES);
	bytes_write(&writer, summary->session, sizeof(summary->session));
	bytes_write_u32le(&writer, summary->part);
	bytes_write_u64le(&writer, (uint64_t)summary->started_us);
	bytes_write_u64le(&writer, (uint64_t)summary->ended_us);
	bytes_write_u32le(&writer, summary->length_ms);
	bytes_write_u64le(&writer, summary->chunks);
	bytes_write_u64le(&writer, summary->records);
	bytes_write_u64le(&writer, summary->from_host);
	bytes_write_u64le(&writer, summary->from_client);
	bytes_write_u32le(&writer, summary->segments);
	bytes_write_u32le(&writer, summary->gaps);
	bytes_write_u64le(&writer, summary->missing);
	bytes_write(&writer, summary->chain, RECORDING_HASH_BYTES);
	bytes_write(&writer, summary->index, RECORDING_HASH_BYTES);
}

void
recording_summary_get(
	const uint8_t bytes[RECORDING_SUMMARY_BYTES], struct recording_summary *ret_summary)
{
	struct bytes_reader reader;

	bytes_reader_init(&reader, bytes, RECORDING_SUMMARY_BYTES);
	read_bytes(&reader, ret_summary->session, sizeof(ret_summary->session));
	ret_summary->part = bytes_read_u32le(&reader);
	ret_summary->started_us = (int64_t)bytes_read_u64le(&reader);
	ret_summary->ended_us = (int64_t)bytes_read_u64le(&reader);
	ret_summary->length_ms = bytes_read_u32le(&reader);
	ret_summary->chunks = bytes_read_u64le(&reader);
	ret_summary->records = bytes_read_u64le(&reader);
	ret_summary->from_host = bytes_read_u64le(&reader);
	ret_summary->from_client = bytes_read_u64le(&reader);
	ret_summary->segments = bytes_read_u32le(&reader);
	ret_summary->gaps = bytes_read_u32le(&reader);
	ret_summary->missing = bytes_read_u64le(&reader);
	read_bytes(&reader, ret_summary->chain, RECORDING_HASH_BYTES);
	read_bytes(&reader, ret_summary->index, RECORDING_HASH_BYTES);
}

size_t
recording_summary_signed(
	const struct recording_summary *summary, uint8_t room[RECORDING_SIGNED_MOST])
{
	memcpy(room, signed_as, sizeof(signed_as));
	recording_summary_put(summary, room + sizeof(signed_as));
	return sizeof(signed_as) + RECORDING_SUMMARY_BYTES;
}

size_t
recording_closing_put(const struct recording_summary *summary, const uint8_t *signature,
	uint32_t entries, uint8_t *room)
{
	struct bytes_writer writer;
	uint8_t packed[RECORDING_SUMMARY_BYTES];

	recording_summary_put(summary, packed);
	bytes_writer_init(&writer, room, RECORDING_CLOSING_LEAST);
	bytes_write(&writer, packed, sizeof(packed));
	bytes_write(&writer, signature, RECORDING_SIGNATURE_BYTES);
	bytes_write_u32le(&writer, RECORDING_CLOSING_LEAST + entries * RECORDING_INDEX_ENTRY);
	bytes_write(&writer, closing_magic, RECORDING_MAGIC_BYTES);
	return writer.len;
}

int
recording_closing_get(const uint8_t *bytes, size_t len, struct recording_closing *ret_closing,
	const char **ret_why)
{
	struct recording_closing closing = {.index_at = 8};
	struct bytes_reader reader;
	const uint8_t *summary;

	bytes_reader_init(&reader, bytes, len);
	*ret_why = "the file ends within its closing";
	if (len < 8)
		return -EAGAIN;
	(void)bytes_read_u32le(&reader);
	closing.entries = bytes_read_u32le(&reader);
	if (closing.entries > RECORDING_INDEX_MOST) {
		*ret_why = "an index that is too long";
		return -EBADMSG;
	}
	closing.len = RECORDING_CLOSING_LEAST + closing.entries * RECORDING_INDEX_ENTRY;
	if (len < closing.len)
		return -EAGAIN;
	(void)bytes_read(&reader, (size_t)closing.entries * RECORDING_INDEX_ENTRY);
	summary = bytes_read(&reader, RECORDING_SUMMARY_BYTES);
	recording_summary_get(summary, &closing.summary);
	read_bytes(&reader, closing.signature, RECORDING_SIGNATURE_BYTES);
	*ret_why = "the closing does not end as it must";
	if (bytes_read_u32le(&reader) != closing.len ||
		memcmp(bytes_read(&reader, RECORDING_MAGIC_BYTES), closing_magic,
			RECORDING_MAGIC_BYTES) != 0)
		return -EBADMSG;
	if (len != closing.len) {
		*ret_why = "something comes behind the closing";
		return -EBADMSG;
	}
	*ret_closing = closing;
	return 0;
}
