/* See writer.h. In sekisho-recorder. */
#include "recording/writer.h"

#include "base/bytes.h"
#include "base/secret.h"
#include "recording/chain.h"
#include "recording/keys.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

_Static_assert(
	RECORDING_STREAM_BYTES == crypto_secretstream_xchacha20poly1305_HEADERBYTES, "header");
_Static_assert(
	RECORDING_CHUNK_EXTRA == crypto_secretstream_xchacha20poly1305_ABYTES, "tag and MAC");
_Static_assert(RECORDING_KEY_BYTES == crypto_secretstream_xchacha20poly1305_KEYBYTES, "key");

#define OUT_MOST (RECORDING_CHUNK_HEAD + RECORDING_SEALED_MOST)
_Static_assert(OUT_MOST >= RECORDING_CLOSING_MOST, "the closing waits where chunks do");
_Static_assert(OUT_MOST >= RECORDING_HEADER_MOST, "and the header");

enum writer_step {
	WRITING,
	ENDED,
	CLOSED,
};

struct recording_writer {
	enum writer_step step;
	crypto_secretstream_xchacha20poly1305_state stream;
	struct recording_chain *chain;
	struct recording_summary summary;
	uint64_t bytes; /* of the file, with what waits */
	uint32_t last_ms;
	uint32_t first_ms; /* of the chunk that is being filled */
	size_t plain_len;
	size_t out_at, out_len;
	/* Of every 2^n-th chunk, so that the longest recording has room. */
	uint32_t index_step;
	uint32_t index_count;
	uint8_t index[RECORDING_INDEX_MOST * RECORDING_INDEX_ENTRY];
	uint8_t plain[RECORDING_CHUNK_MOST];
	uint8_t out[OUT_MOST];
};

static int
begin(struct recording_writer *writer, const struct recording_about *about, const uint8_t *key)
{
	struct recording_about full = *about;
	int r;

	if (crypto_secretstream_xchacha20poly1305_init_push(&writer->stream, full.stream, key) != 0)
		return -EIO;
	recording_key_check(key, full.key_check);
	r = recording_header_put(&full, writer->out);
	if (r < 0)
		return r;
	writer->out_len = writer->bytes = full.header_bytes;
	memcpy(writer->summary.session, full.session, sizeof(full.session));
	writer->summary.part = full.part;
	writer->summary.started_us = full.started_us;
	r = recording_chain_new(&writer->chain);
	return r < 0 ? r : recording_chain_begin(writer->chain, writer->out, writer->out_len);
}

int
recording_writer_new(const struct recording_about *about, const uint8_t key[RECORDING_KEY_BYTES],
	struct recording_writer **ret_writer)
{
	struct recording_writer *writer = calloc(1, sizeof(*writer));
	int r;

	if (writer == NULL)
		return -ENOMEM;
	writer->index_step = 1;
	r = begin(writer, about, key);
	if (r < 0)
		recording_writer_free(writer);
	else
		*ret_writer = writer;
	return r;
}

void
recording_writer_free(struct recording_writer *writer)
{
	if (writer == NULL)
		return;
	recording_chain_free(writer->chain);
	secret_wipe(&writer->stream, sizeof(writer->stream));
	secret_wipe(writer->plain, writer->plain_len);
	free(writer);
}

const uint8_t *
recording_writer_out(const struct recording_writer *writer, size_t *ret_len)
{
	*ret_len = writer->out_len - writer->out_at;
	return writer->out + writer->out_at;
}

static void
written(struct recording_writer *writer, size_t len)
{
	assert(len <= writer->out_len - writer->out_at);
	writer->out_at += len;
	if (writer->out_at == writer->out_len)
		writer->out_at = writer->out_len = 0;
}

int
recording_writer_drain(struct recording_writer *writer, int fd)
{
	const uint8_t *out;
	ssize_t n;
	size_t len;

	for (;;) {
		out = recording_writer_out(writer, &len);
		if (len == 0)
			return 0;
		n = write(fd, out, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		written(writer, (size_t)n);
	}
}

static void
note_in_index(struct recording_writer *writer, uint64_t offset, uint32_t first_ms)
{
	uint8_t *entry;

	if (writer->summary.chunks % writer->index_step != 0)
		return;
	if (writer->index_count == RECORDING_INDEX_MOST) {
		/* Every second one goes; this one is among those that stay. */
		for (uint32_t i = 1; i < RECORDING_INDEX_MOST / 2; i++)
			memcpy(writer->index + i * RECORDING_INDEX_ENTRY,
				writer->index + 2 * i * RECORDING_INDEX_ENTRY,
				RECORDING_INDEX_ENTRY);
		writer->index_count = RECORDING_INDEX_MOST / 2;
		writer->index_step *= 2;
	}
	entry = writer->index + writer->index_count++ * RECORDING_INDEX_ENTRY;
	bytes_put_u32le(entry, (uint32_t)offset);
	bytes_put_u32le(entry + 4, (uint32_t)(offset >> 32));
	bytes_put_u32le(entry + 8, first_ms);
}

static int
seal(struct recording_writer *writer, uint8_t tag)
{
	const struct recording_chunk_head head = {
		.len = (uint32_t)(writer->plain_len + RECORDING_CHUNK_EXTRA),
		.first_ms = writer->first_ms,
		.last_ms = writer->last_ms};
	uint8_t with[RECORDING_CHUNK_HEAD + RECORDING_HASH_BYTES];
	uint8_t *sealed = writer->out + RECORDING_CHUNK_HEAD;
	int r;

	recording_chunk_head_put(&head, writer->out);
	memcpy(with, writer->out, RECORDING_CHUNK_HEAD);
	memcpy(with + RECORDING_CHUNK_HEAD, recording_chain_value(writer->chain),
		RECORDING_HASH_BYTES);
	if (crypto_secretstream_xchacha20poly1305_push(&writer->stream, sealed, NULL, writer->plain,
		    writer->plain_len, with, sizeof(with), tag) != 0)
		return -EIO;
	r = recording_chain_next(writer->chain, writer->out, sealed, head.len);
	if (r < 0)
		return r;
	note_in_index(writer, writer->bytes, head.first_ms);
	writer->summary.chunks++;
	writer->out_len = RECORDING_CHUNK_HEAD + head.len;
	writer->bytes += writer->out_len;
	secret_wipe(writer->plain, writer->plain_len);
	writer->plain_len = 0;
	return 0;
}

bool
recording_writer_fits(const struct recording_writer *writer, size_t len)
{
	return writer->out_len == 0 || writer->plain_len + len <= RECORDING_CHUNK_MOST;
}

bool
recording_writer_has_records(const struct recording_writer *writer)
{
	return writer->plain_len > 0;
}

size_t
recording_writer_pending(const struct recording_writer *writer)
{
	return writer->plain_len;
}

int
recording_writer_flush(struct recording_writer *writer)
{
	if (writer->plain_len == 0)
		return 0;
	if (writer->out_len > 0)
		return -ENOBUFS;
	return seal(writer, crypto_secretstream_xchacha20poly1305_TAG_MESSAGE);
}

static void
count(struct recording_summary *summary, const struct recording_record *record)
{
	struct recording_gap gap;

	summary->records++;
	switch (record->kind) {
	case RECORDING_FROM_HOST:
		summary->from_host += record->len;
		break;
	case RECORDING_FROM_CLIENT:
		summary->from_client += record->len;
		break;
	case RECORDING_SEGMENT:
		summary->segments++;
		break;
	case RECORDING_GAP:
		if (recording_gap_get(record, &gap) == 0)
			summary->missing += gap.bytes;
		summary->gaps++;
		break;
	default:
		break;
	}
}

/* Time does not go back: what comes late stands where it came. */
static void
append(struct recording_writer *writer, const struct recording_record *record)
{
	uint8_t *at = writer->plain + writer->plain_len;

	if (record->ms > writer->last_ms)
		writer->last_ms = record->ms;
	if (writer->plain_len == 0)
		writer->first_ms = writer->last_ms;
	recording_head_put(at, record->kind, writer->last_ms, record->len);
	if (record->len > 0)
		memcpy(at + RECORDING_HEAD_BYTES, record->bytes, record->len);
	writer->plain_len += RECORDING_HEAD_BYTES + record->len;
	writer->summary.length_ms = writer->last_ms;
	count(&writer->summary, record);
}

static int
make_room(struct recording_writer *writer, size_t len)
{
	return writer->plain_len + len > RECORDING_CHUNK_MOST ? recording_writer_flush(writer) : 0;
}

int
recording_writer_put(struct recording_writer *writer, const struct recording_record *record)
{
	int r;

	if (writer->step != WRITING)
		return -EALREADY;
	if (record->len > RECORDING_RECORD_MOST || record->kind == RECORDING_END ||
		recording_record_check(record) < 0)
		return -EINVAL;
	r = make_room(writer, RECORDING_HEAD_BYTES + record->len);
	if (r < 0)
		return r;
	append(writer, record);
	return 0;
}

int
recording_writer_end(
	struct recording_writer *writer, uint32_t ms, int64_t ended_us, const char *text)
{
	const struct recording_record end = {.kind = RECORDING_END,
		.ms = ms,
		.bytes = (const uint8_t *)text,
		.len = (uint32_t)strlen(text)};
	int r;

	if (writer->step != WRITING)
		return -EALREADY;
	if (recording_record_check(&end) < 0)
		return -EINVAL;
	if (writer->out_len > 0)
		return -ENOBUFS;
	r = make_room(writer, RECORDING_HEAD_BYTES + end.len);
	if (r < 0)
		return r;
	if (writer->out_len > 0)
		return -ENOBUFS; /* END has a chunk of its own */
	append(writer, &end);
	r = seal(writer, crypto_secretstream_xchacha20poly1305_TAG_FINAL);
	if (r < 0)
		return r;
	writer->step = ENDED;
	writer->summary.ended_us = ended_us;
	memcpy(writer->summary.chain, recording_chain_value(writer->chain), RECORDING_HASH_BYTES);
	return recording_chain_hash(writer->chain, writer->index,
		(size_t)writer->index_count * RECORDING_INDEX_ENTRY, writer->summary.index);
}

const struct recording_summary *
recording_writer_summary(const struct recording_writer *writer)
{
	return &writer->summary;
}

int
recording_writer_close(
	struct recording_writer *writer, const uint8_t signature[RECORDING_SIGNATURE_BYTES])
{
	size_t index = (size_t)writer->index_count * RECORDING_INDEX_ENTRY;

	if (writer->step != ENDED)
		return -EALREADY;
	if (writer->out_len > 0)
		return -ENOBUFS;
	bytes_put_u32le(writer->out, 0);
	bytes_put_u32le(writer->out + 4, writer->index_count);
	memcpy(writer->out + 8, writer->index, index);
	writer->out_len = 8 + index +
			  recording_closing_put(&writer->summary, signature, writer->index_count,
				  writer->out + 8 + index);
	writer->bytes += writer->out_len;
	writer->step = CLOSED;
	return 0;
}

uint64_t
recording_writer_bytes(const struct recording_writer *writer)
{
	return writer->bytes;
}
