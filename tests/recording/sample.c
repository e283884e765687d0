/* See sample.h. */
#include "sample.h"

#include "recording/chain.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void
must(bool condition)
{
	if (!condition)
		abort();
}

void
sample_init(struct sample *sample)
{
	*sample = (struct sample){0};
	must(recording_keys_ready() == 0);
	recording_random(sample->key, sizeof(sample->key));
	memset(sample->about.session, 0x42, sizeof(sample->about.session));
	sample->about.part = 1;
	sample->about.started_us = 1795143600000000;
	strcpy(sample->about.account, "998-sato");
	strcpy(sample->about.terminal, "pacs-01");
	must(crypto_sign_keypair(sample->about.signer, sample->signer_private) == 0);
	must(recording_pair_new(sample->auditor, &sample->auditor_private) == 0);
	sample_add_auditor(sample, sample->auditor);
}

void
sample_done(struct sample *sample)
{
	secret_done(&sample->auditor_private);
}

void
sample_add_auditor(struct sample *sample, const uint8_t public_key[RECORDING_PUBLIC_BYTES])
{
	must(recording_key_seal(sample->key, public_key,
		     &sample->about.sealed[sample->about.sealed_count++]) == 0);
}

size_t
sample_segment(uint8_t *room)
{
	const struct recording_segment segment = {.mode = RECORDING_TRANSPARENT,
		.width = 1280,
		.height = 800,
		.bits_per_pixel = 32,
		.user = 1007,
		.server = 1002,
		.io = 1003,
		.message = 1006,
		.channel_count = 2,
		.channels = {
			{"drdynvc", 0xc0800000, 1004, true}, {"cliprdr", 0xc0a00000, 1005, false}}};

	return recording_segment_put(&segment, room);
}

static void
put(struct recording_writer *writer, int fd, enum recording_kind kind, uint32_t ms,
	const void *bytes, size_t len)
{
	const struct recording_record record = {
		.kind = kind, .ms = ms, .bytes = bytes, .len = (uint32_t)len};

	must(recording_writer_put(writer, &record) == 0);
	must(recording_writer_drain(writer, fd) == 0);
}

static void
flush(struct recording_writer *writer, int fd)
{
	must(recording_writer_flush(writer) == 0 && recording_writer_drain(writer, fd) == 0);
}

void
sample_close(struct sample *sample, struct recording_writer *writer, int fd, uint32_t ms)
{
	uint8_t text[RECORDING_SIGNED_MOST], signature[RECORDING_SIGNATURE_BYTES];
	size_t len;

	flush(writer, fd);
	must(recording_writer_end(
		     writer, ms, sample->about.started_us + (int64_t)ms * 1000, "SK2001") == 0);
	must(recording_writer_drain(writer, fd) == 0);
	len = recording_summary_signed(recording_writer_summary(writer), text);
	must(crypto_sign_detached(signature, NULL, text, len, sample->signer_private) == 0);
	must(recording_writer_close(writer, signature) == 0);
	must(recording_writer_drain(writer, fd) == 0);
}

int
sample_file(struct sample *sample, size_t records, uint32_t len, size_t a_chunk, bool closed)
{
	const struct recording_gap gap = {RECORDING_GAP_RELAY_FULL, 1000, 5};
	uint8_t room[RECORDING_SEGMENT_MOST + RECORDING_TEXT_MOST], *pixels = malloc(len);
	struct recording_writer *writer;
	int fd = memfd_create("recording", MFD_CLOEXEC);
	uint32_t ms = 10;

	must(fd >= 0 && pixels != NULL);
	must(recording_writer_new(&sample->about, sample->key, &writer) == 0);
	must(recording_writer_drain(writer, fd) == 0);
	put(writer, fd, RECORDING_SEGMENT, ms, room, sample_segment(room));
	for (size_t i = 0; i < records; i++, ms += 10) {
		memset(pixels, (int)i, len);
		put(writer, fd, RECORDING_FROM_HOST, ms, pixels, len);
		if ((i + 1) % a_chunk == 0)
			flush(writer, fd);
	}
	put(writer, fd, RECORDING_NOTE, ms, room,
		recording_note_put(RECORDING_NOTE_WATCHER_CAME, "yamada watches", room));
	put(writer, fd, RECORDING_GAP, ms, room, recording_gap_put(&gap, room));
	if (closed)
		sample_close(sample, writer, fd, ms + 10);
	else
		flush(writer, fd);
	recording_writer_free(writer);
	free(pixels);
	return fd;
}

int
sample_raw(struct sample *sample, const uint8_t *plain, size_t len)
{
	return sample_raw_until(sample, plain, len, 0);
}

int
sample_raw_until(struct sample *sample, const uint8_t *plain, size_t len, uint32_t last_ms)
{
	struct recording_about about = sample->about;
	crypto_secretstream_xchacha20poly1305_state stream;
	uint8_t header[RECORDING_HEADER_MOST], with[RECORDING_CHUNK_HEAD + RECORDING_HASH_BYTES];
	uint8_t *sealed = malloc(RECORDING_CHUNK_HEAD + len + RECORDING_CHUNK_EXTRA);
	const struct recording_chunk_head head = {
		.len = (uint32_t)len + RECORDING_CHUNK_EXTRA, .last_ms = last_ms};
	size_t sealed_len = RECORDING_CHUNK_HEAD + head.len;
	struct recording_chain *chain = NULL;
	int fd = memfd_create("recording", MFD_CLOEXEC);

	must(fd >= 0 && sealed != NULL && recording_chain_new(&chain) == 0);
	must(crypto_secretstream_xchacha20poly1305_init_push(&stream, about.stream, sample->key) ==
		0);
	recording_key_check(sample->key, about.key_check);
	must(recording_header_put(&about, header) == 0);
	must(recording_chain_begin(chain, header, about.header_bytes) == 0);
	recording_chunk_head_put(&head, sealed);
	memcpy(with, sealed, RECORDING_CHUNK_HEAD);
	memcpy(with + RECORDING_CHUNK_HEAD, recording_chain_value(chain), RECORDING_HASH_BYTES);
	must(crypto_secretstream_xchacha20poly1305_push(&stream, sealed + RECORDING_CHUNK_HEAD,
		     NULL, plain, len, with, sizeof(with),
		     crypto_secretstream_xchacha20poly1305_TAG_MESSAGE) == 0);
	must(write(fd, header, about.header_bytes) == (ssize_t)about.header_bytes);
	must(write(fd, sealed, sealed_len) == (ssize_t)sealed_len);
	recording_chain_free(chain);
	free(sealed);
	return fd;
}
