/* See reader.h. */
#include "recording/reader.h"

#include "base/bytes.h"
#include "base/secret.h"
#include "base/whole.h"
#include "recording/chain.h"
#include "recording/header.h"
#include "recording/keys.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OFFSET_MOST (INT64_MAX / 2)
#define ZEROS_MOST (64u << 20) /* more than is under way to one file when the power goes */

/* What was seen of the file so far, compared with its closing. */
struct seen {
	uint64_t chunks;
	uint64_t records;
	uint64_t from_host;
	uint64_t from_client;
	uint32_t segments;
	uint32_t gaps;
	uint64_t missing;
	uint32_t last_ms;
};

struct recording_reader {
	int fd;
	bool has_key;
	uint8_t key[RECORDING_KEY_BYTES];
	struct recording_about about;
	uint8_t header[RECORDING_HASH_BYTES];
	struct recording_chain *chain;
	crypto_secretstream_xchacha20poly1305_state stream;

	uint64_t offset; /* of the next chunk or of the closing */
	uint64_t rest;
	struct seen seen;
	uint32_t record_ms; /* of the record that was read last */
	bool ended;         /* END was read */
	int result;         /* what every further call answers; 0: go on */
	struct recording_summary summary;
	char why[RECORDING_WHY_SIZE];

	/* recording_reader_length_ms: chunks whose heads were looked at */
	uint64_t scan_offset;
	uint32_t scan_ms;

	size_t plain_len, plain_at;
	uint8_t plain[RECORDING_CHUNK_MOST];
	uint8_t sealed[RECORDING_CHUNK_HEAD + RECORDING_SEALED_MOST];
};

static void say(struct recording_reader *reader, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void
say(struct recording_reader *reader, const char *format, ...)
{
	va_list arguments;
	int n = snprintf(reader->why, sizeof(reader->why),
		"chunk %" PRIu64 " at byte %" PRIu64 ": ", reader->seen.chunks + 1, reader->offset);

	va_start(arguments, format);
	(void)vsnprintf(reader->why + n, sizeof(reader->why) - (size_t)n, format, arguments);
	va_end(arguments);
}

static int
broken(struct recording_reader *reader, int error, const char *what)
{
	say(reader, "%s", what);
	reader->plain_len = reader->plain_at = 0;
	return reader->result = error;
}

/* What is there is not whole. */
static int
not_yet(struct recording_reader *reader, size_t have, const char *what)
{
	reader->rest = have;
	say(reader, "%s", what);
	return 0;
}

static int
begin(struct recording_reader *reader)
{
	uint8_t header[RECORDING_HEADER_MOST];
	ssize_t have = read_at(reader->fd, 0, header, reader->about.header_bytes);

	if (have != (ssize_t)reader->about.header_bytes)
		return have < 0 ? (int)have : -EBADMSG;
	reader->offset = reader->about.header_bytes;
	reader->seen = (struct seen){0};
	reader->record_ms = 0;
	reader->ended = false;
	reader->result = 0;
	reader->plain_len = reader->plain_at = 0;
	reader->why[0] = '\0';
	reader->rest = 0;
	if (reader->has_key && crypto_secretstream_xchacha20poly1305_init_pull(
				       &reader->stream, reader->about.stream, reader->key) != 0)
		return -EBADMSG;
	have = recording_chain_hash(
		reader->chain, header, reader->about.header_bytes, reader->header);
	return have < 0 ? (int)have
			: recording_chain_begin(reader->chain, header, reader->about.header_bytes);
}

static int
take_key(struct recording_reader *reader, const uint8_t *key, const char **ret_why)
{
	uint8_t check[RECORDING_KEY_CHECK_BYTES];

	if (key == NULL)
		return 0;
	recording_key_check(key, check);
	if (!bytes_equal_constant_time(check, reader->about.key_check, sizeof(check))) {
		*ret_why = "the key is another recording's";
		return -EKEYREJECTED;
	}
	memcpy(reader->key, key, RECORDING_KEY_BYTES);
	reader->has_key = true;
	return 0;
}

static int
open_header(struct recording_reader *reader, const uint8_t *key, const char **ret_why)
{
	int r = recording_header_read(reader->fd, &reader->about, NULL, ret_why);

	if (r == 0)
		r = take_key(reader, key, ret_why);
	if (r < 0)
		return r;
	*ret_why = "there is no memory for reading it";
	r = recording_chain_new(&reader->chain);
	reader->scan_offset = reader->about.header_bytes;
	return r < 0 ? r : begin(reader);
}

int
recording_reader_new(
	int fd, const uint8_t *key, struct recording_reader **ret_reader, const char **ret_why)
{
	struct recording_reader *reader = calloc(1, sizeof(*reader));
	int r;

	if (reader == NULL) {
		*ret_why = "there is no memory for reading it";
		return -ENOMEM;
	}
	reader->fd = fd;
	r = open_header(reader, key, ret_why);
	if (r < 0)
		recording_reader_free(reader);
	else
		*ret_reader = reader;
	return r;
}

void
recording_reader_free(struct recording_reader *reader)
{
	if (reader == NULL)
		return;
	recording_chain_free(reader->chain);
	secret_wipe(reader->plain, sizeof(reader->plain));
	secret_wipe(reader->key, sizeof(reader->key));
	secret_wipe(&reader->stream, sizeof(reader->stream));
	free(reader);
}

const struct recording_about *
recording_reader_about(const struct recording_reader *reader)
{
	return &reader->about;
}

const uint8_t *
recording_reader_header(const struct recording_reader *reader)
{
	return reader->header;
}

const char *
recording_reader_why(const struct recording_reader *reader)
{
	return reader->why;
}

uint64_t
recording_reader_rest(const struct recording_reader *reader)
{
	return reader->rest;
}

uint64_t
recording_reader_offset(const struct recording_reader *reader)
{
	return reader->offset;
}

uint64_t
recording_reader_chunks(const struct recording_reader *reader)
{
	return reader->seen.chunks;
}

const struct recording_summary *
recording_reader_summary(const struct recording_reader *reader)
{
	return reader->result == -ENODATA ? &reader->summary : NULL;
}

int
recording_reader_rewind(struct recording_reader *reader)
{
	int r = begin(reader);

	return r < 0 ? broken(reader, r, "the header cannot be read again") : 0;
}

static bool
counts_agree(const struct recording_reader *reader, const struct recording_summary *summary)
{
	const struct seen *seen = &reader->seen;

	if (memcmp(summary->session, reader->about.session, RECORDING_SESSION_BYTES) != 0 ||
		summary->part != reader->about.part ||
		summary->started_us != reader->about.started_us ||
		summary->chunks != seen->chunks || summary->length_ms != seen->last_ms)
		return false;
	return !reader->has_key ||
	       (summary->records == seen->records && summary->from_host == seen->from_host &&
		       summary->from_client == seen->from_client &&
		       summary->segments == seen->segments && summary->gaps == seen->gaps &&
		       summary->missing == seen->missing);
}

static const char *
judge_closing(struct recording_reader *reader, const struct recording_closing *closing,
	const uint8_t *index)
{
	uint8_t hash[RECORDING_HASH_BYTES], text[RECORDING_SIGNED_MOST];
	size_t len = recording_summary_signed(&closing->summary, text);

	if (memcmp(closing->summary.chain, recording_chain_value(reader->chain),
		    RECORDING_HASH_BYTES) != 0)
		return "the closing is of other chunks than these";
	if (recording_chain_hash(reader->chain, index,
		    (size_t)closing->entries * RECORDING_INDEX_ENTRY, hash) < 0 ||
		memcmp(hash, closing->summary.index, sizeof(hash)) != 0)
		return "the time index was changed";
	if (!counts_agree(reader, &closing->summary))
		return "the closing does not say what the recording has";
	if (crypto_sign_verify_detached(closing->signature, text, len, reader->about.signer) != 0)
		return "the signature is not that of the header's key";
	return NULL;
}

static bool
is_zero(const uint8_t *bytes, size_t len)
{
	return len == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, len - 1) == 0);
}

/* A machine whose power goes may leave a file that is as long as it was to be, and has zeros where bytes were to come: no
 * closing begins like that. Returns how many they are, up to the end of the file; 0: it ends with something else. */
static size_t
zeros_to_the_end(struct recording_reader *reader)
{
	size_t zeros = 0;
	ssize_t have;

	do {
		have = read_at(
			reader->fd, reader->offset + zeros, reader->sealed, sizeof(reader->sealed));
		if (have < 0 || !is_zero(reader->sealed, (size_t)have))
			return 0;
		zeros += (size_t)have;
	} while (have == sizeof(reader->sealed) && zeros <= ZEROS_MOST);
	return zeros <= ZEROS_MOST ? zeros : 0;
}

static int
read_closing(struct recording_reader *reader)
{
	size_t zeros = zeros_to_the_end(reader);
	/* One byte more tells whether something comes behind it. */
	ssize_t have =
		read_at(reader->fd, reader->offset, reader->sealed, RECORDING_CLOSING_MOST + 1);
	struct recording_closing closing;
	const char *why;
	int r;

	if (have < 0)
		return broken(reader, (int)have, "the file cannot be read");
	if (zeros > 0)
		return not_yet(reader, zeros, "nothing but zeros comes here");
	r = recording_closing_get(reader->sealed, (size_t)have, &closing, &why);
	if (r == -EAGAIN)
		return not_yet(reader, (size_t)have, why);
	if (r < 0)
		return broken(reader, r, why);
	if (reader->has_key && !reader->ended)
		return broken(reader, -EBADMSG, "the closing comes before the end");
	why = judge_closing(reader, &closing, reader->sealed + closing.index_at);
	if (why != NULL)
		return broken(reader, -EBADMSG, why);
	reader->summary = closing.summary;
	reader->offset += closing.len;
	reader->rest = 0;
	reader->why[0] = '\0';
	return reader->result = -ENODATA;
}

static int
unseal(struct recording_reader *reader, const struct recording_chunk_head *head)
{
	uint8_t with[RECORDING_CHUNK_HEAD + RECORDING_HASH_BYTES], tag;
	unsigned long long len;

	if (!reader->has_key)
		return 0;
	memcpy(with, reader->sealed, RECORDING_CHUNK_HEAD);
	memcpy(with + RECORDING_CHUNK_HEAD, recording_chain_value(reader->chain),
		RECORDING_HASH_BYTES);
	if (crypto_secretstream_xchacha20poly1305_pull(&reader->stream, reader->plain, &len, &tag,
		    reader->sealed + RECORDING_CHUNK_HEAD, head->len, with, sizeof(with)) != 0)
		return broken(
			reader, -EBADMSG, "it was changed, or moved, or one before it is missing");
	reader->plain_len = (size_t)len;
	reader->plain_at = 0;
	reader->ended = tag == crypto_secretstream_xchacha20poly1305_TAG_FINAL;
	return 0;
}

/* The chunk at offset. Returns 1, 0 or a negative errno, as recording_reader_next. */
static int
read_chunk(struct recording_reader *reader)
{
	uint8_t *room = reader->sealed;
	ssize_t have = read_at(reader->fd, reader->offset, room, RECORDING_CHUNK_HEAD);
	struct recording_chunk_head head;
	const char *why;
	int r;

	if (have < 0)
		return broken(reader, (int)have, "the file cannot be read");
	if (have < RECORDING_CHUNK_HEAD && (have < 4 || bytes_get_u32le(room) != 0))
		return not_yet(reader, (size_t)have,
			have == 0 ? "the file ends here, and was not closed"
				  : "the file ends within its head");
	if (recording_chunk_head_get(room, &head, &why) < 0)
		return broken(reader, -EBADMSG, why);
	if (head.len == 0)
		return read_closing(reader);
	if (reader->ended)
		return broken(reader, -EBADMSG, "something comes behind the end");
	if (head.first_ms < reader->seen.last_ms)
		return broken(reader, -EBADMSG, "its time goes back");
	have = read_at(reader->fd, reader->offset + RECORDING_CHUNK_HEAD,
		room + RECORDING_CHUNK_HEAD, head.len);
	if (have < 0)
		return broken(reader, (int)have, "the file cannot be read");
	if ((size_t)have < head.len)
		return not_yet(
			reader, (size_t)have + RECORDING_CHUNK_HEAD, "the file ends within it");
	r = unseal(reader, &head);
	if (r == 0)
		r = recording_chain_next(
			reader->chain, room, room + RECORDING_CHUNK_HEAD, head.len);
	if (r < 0)
		return reader->result != 0 ? r : broken(reader, r, "it could not be checked");
	reader->rest = 0;
	reader->why[0] = '\0';
	return 1;
}

static void
step_over(struct recording_reader *reader)
{
	struct recording_chunk_head head;
	const char *why;

	(void)recording_chunk_head_get(reader->sealed, &head, &why);
	reader->seen.last_ms = head.last_ms;
	reader->seen.chunks++;
	reader->offset += RECORDING_CHUNK_HEAD + head.len;
}

static void
count(struct seen *seen, const struct recording_record *record)
{
	struct recording_gap gap;

	seen->records++;
	if (record->kind == RECORDING_FROM_HOST)
		seen->from_host += record->len;
	else if (record->kind == RECORDING_FROM_CLIENT)
		seen->from_client += record->len;
	else if (record->kind == RECORDING_SEGMENT)
		seen->segments++;
	else if (record->kind == RECORDING_GAP && recording_gap_get(record, &gap) == 0) {
		seen->gaps++;
		seen->missing += gap.bytes;
	}
}

/* Who writes a chunk has the key, which is no reason to believe that it was our recorder: a player hears of nothing that is not
 * as records.h says. */
static int
read_record(struct recording_reader *reader, struct recording_record *ret_record)
{
	struct recording_chunk_head head;
	const char *why = "a record that is cut";
	int len;

	(void)recording_chunk_head_get(reader->sealed, &head, &why);
	len = recording_head_get(reader->plain + reader->plain_at,
		reader->plain_len - reader->plain_at, ret_record, &why);
	if (len <= 0)
		return broken(reader, -EPROTO, len < 0 ? why : "a record that is cut");
	if (ret_record->ms < head.first_ms || ret_record->ms > head.last_ms)
		return broken(reader, -EPROTO, "a record of another time");
	if (ret_record->ms < reader->record_ms)
		return broken(reader, -EPROTO, "its time goes back");
	if (recording_record_check(ret_record) < 0)
		return broken(reader, -EPROTO, "a record that is not what its kind says");
	reader->plain_at += (size_t)len;
	reader->record_ms = ret_record->ms;
	if ((ret_record->kind == RECORDING_END) !=
		(reader->ended && reader->plain_at == reader->plain_len))
		return broken(reader, -EPROTO, "an end that is none");
	count(&reader->seen, ret_record);
	if (reader->plain_at == reader->plain_len)
		step_over(reader);
	return 1;
}

int
recording_reader_next(struct recording_reader *reader, struct recording_record *ret_record)
{
	struct recording_chunk_head head;
	const char *why;
	int r;

	if (reader->result != 0)
		return reader->result;
	if (reader->plain_at == reader->plain_len) {
		r = read_chunk(reader);
		if (r <= 0)
			return r;
	}
	if (reader->has_key)
		return read_record(reader, ret_record);
	(void)recording_chunk_head_get(reader->sealed, &head, &why);
	*ret_record = (struct recording_record){.kind = RECORDING_SEALED,
		.ms = head.last_ms,
		.bytes = reader->sealed + RECORDING_CHUNK_HEAD,
		.len = head.len};
	step_over(reader);
	return 1;
}

/* Its last byte is there. Asked by reading: whoever plays recordings may not even ask how long a file is. */
static bool
is_whole(const struct recording_reader *reader, uint32_t len)
{
	uint8_t last;

	return read_at(reader->fd, reader->scan_offset + RECORDING_CHUNK_HEAD + len - 1, &last,
		       1) == 1;
}

uint32_t
recording_reader_length_ms(struct recording_reader *reader)
{
	uint8_t bytes[RECORDING_CHUNK_HEAD];
	struct recording_chunk_head head;
	const char *why;

	while (reader->scan_offset < OFFSET_MOST &&
		read_at(reader->fd, reader->scan_offset, bytes, sizeof(bytes)) ==
			(ssize_t)sizeof(bytes) &&
		recording_chunk_head_get(bytes, &head, &why) == 0 && head.len != 0 &&
		head.last_ms >= reader->scan_ms && is_whole(reader, head.len)) {
		reader->scan_offset += RECORDING_CHUNK_HEAD + head.len;
		reader->scan_ms = head.last_ms;
	}
	return reader->scan_ms;
}
