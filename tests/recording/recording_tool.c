/* Recordings by hand, for tests that have none of the gateway's: what a worker would say becomes a recording, and the other way
 * round.
 *
 *	recording_tool make FILE KEY_OUT [PUBLIC]      standard input is records (records.h), as a worker sends them, each chunk at least
 *	                                               every 500 ms of theirs; KEY_OUT gets the recording's key in hexadecimal. PUBLIC: an
 *	                                               auditor's public key to which it is sealed, too
 *	recording_tool open FILE KEY                   the records of FILE to standard output; KEY in hexadecimal, or @FILE with a private key
 *	                                               in hexadecimal as `pair` gives it. Exit status: 0 closed, 3 not closed, 4 broken
 *	recording_tool list FILE KEY                   the same for people: a line each
 *	recording_tool key FILE @PRIVATE               the recording's own key in hexadecimal
 *	recording_tool pair PRIVATE_OUT                a pair of an auditor's; the public key to standard output
 *	recording_tool verify FILE [SIGNER]            without a key; says what it is
 *	recording_tool forge FILE OUT PUBLIC           what somebody makes who can write files and has no key: as FILE, by its header, but with a
 *	                                               key and contents of the forger's own, sealed to the auditor, and not closed
 */
#include "base/bytes.h"
#include "base/cleanup.h"
#include "recording/header.h"
#include "recording/keys.h"
#include "recording/reader.h"
#include "recording/verify.h"
#include "sample.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define A_CHUNK_MS 500

static int
fail(const char *what, int error)
{
	(void)fprintf(stderr, "recording_tool: %s: %s\n", what, strerror(-error));
	return 1;
}

static int
write_hex(const char *path, const void *bytes, size_t len)
{
	char text[129];
	FILE *file = fopen(path, "we");

	if (file == NULL)
		return -errno;
	bytes_to_hex(bytes, len, text);
	(void)fprintf(file, "%s\n", text);
	return fclose(file) == 0 ? 0 : -errno;
}

static int
read_hex(const char *path, uint8_t *ret_bytes, size_t len)
{
	char text[256] = "";
	FILE *file = fopen(path, "re");

	if (file == NULL)
		return -errno;
	(void)!fscanf(file, "%255s", text);
	(void)fclose(file);
	return strlen(text) == 2 * len ? bytes_from_hex(text, ret_bytes, len) : -EINVAL;
}

static int
take_records(struct recording_writer *writer, int fd, uint32_t *ret_ms)
{
	static uint8_t room[RECORDING_HEAD_BYTES + RECORDING_RECORD_MOST];
	struct recording_record record;
	uint32_t flushed_ms = 0;
	const char *why;
	int r;

	while (fread(room, RECORDING_HEAD_BYTES, 1, stdin) == 1) {
		uint32_t len = bytes_get_u32le(room + 5);

		if (len > RECORDING_RECORD_MOST ||
			(len > 0 && fread(room + RECORDING_HEAD_BYTES, len, 1, stdin) != 1))
			return -EPROTO;
		if (recording_head_get(room, RECORDING_HEAD_BYTES + len, &record, &why) <= 0)
			return -EPROTO;
		if (record.ms >= flushed_ms + A_CHUNK_MS) {
			flushed_ms = record.ms;
			r = recording_writer_flush(writer);
			if (r < 0)
				return r;
		}
		if (record.kind == RECORDING_END)
			break;
		r = recording_writer_put(writer, &record);
		if (r == 0)
			r = recording_writer_drain(writer, fd);
		if (r < 0)
			return r;
		*ret_ms = record.ms;
	}
	return 0;
}

static int
make(const char *path, const char *key_path, const char *auditor)
{
	auto_fd int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	struct auditor_key public_key;
	struct recording_writer *writer;
	struct sample sample;
	uint32_t ms = 0;
	int r;

	sample_init(&sample);
	if (auditor != NULL) {
		if (auditor_key_read(auditor, &public_key) < 0)
			return fail(auditor, -EINVAL);
		sample_add_auditor(&sample, public_key.key);
	}
	r = fd < 0 ? -errno : recording_writer_new(&sample.about, sample.key, &writer);
	if (r == 0)
		r = recording_writer_drain(writer, fd);
	if (r == 0)
		r = take_records(writer, fd, &ms);
	if (r < 0)
		return fail(path, r);
	sample_close(&sample, writer, fd, ms);
	recording_writer_free(writer);
	r = write_hex(key_path, sample.key, sizeof(sample.key));
	sample_done(&sample);
	return r < 0 ? fail(key_path, r) : 0;
}

static int
find_key(int fd, const char *text, uint8_t *ret_key)
{
	uint8_t private_key[32];
	const struct secret secret = {private_key, sizeof(private_key)};
	struct recording_reader *reader;
	const char *why;
	int r;

	if (text[0] != '@')
		return strlen(text) == 64 ? bytes_from_hex(text, ret_key, RECORDING_KEY_BYTES)
					  : -EINVAL;
	r = read_hex(text + 1, private_key, sizeof(private_key));
	if (r == 0)
		r = recording_reader_new(fd, NULL, &reader, &why);
	if (r < 0)
		return r;
	r = recording_key_open(recording_reader_about(reader), &secret, ret_key);
	recording_reader_free(reader);
	return r;
}

static void
show(const struct recording_record *record)
{
	struct recording_segment segment;
	struct recording_note note;
	struct recording_gap gap;

	printf("%8" PRIu32 " %-11s %6" PRIu32, record->ms, recording_kind_name(record->kind),
		record->len);
	if (record->kind == RECORDING_SEGMENT && recording_segment_get(record, &segment) == 0) {
		printf(" %ux%u mode %d", segment.width, segment.height, segment.mode);
		for (size_t i = 0; i < segment.channel_count; i++)
			printf(" %s%s", segment.channels[i].name,
				segment.channels[i].recorded ? "" : "(-)");
	} else if (record->kind == RECORDING_GAP && recording_gap_get(record, &gap) == 0) {
		printf(" since %" PRIu32 " %" PRIu64 " bytes: %s", gap.since_ms, gap.bytes,
			recording_gap_text(gap.why));
	} else if (record->kind == RECORDING_NOTE && recording_note_get(record, &note) == 0) {
		printf(" %d %s", note.about, note.text);
	}
	printf("\n");
}

static int
open_recording(const char *path, const char *key_text, bool for_people)
{
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint8_t key[RECORDING_KEY_BYTES], head[RECORDING_HEAD_BYTES];
	struct recording_reader *reader;
	struct recording_record record;
	const char *why = "the key";
	int r = fd < 0 ? -errno : find_key(fd, key_text, key);

	if (r == 0)
		r = recording_reader_new(fd, key, &reader, &why);
	if (r < 0)
		return fail(why, r);
	while ((r = recording_reader_next(reader, &record)) > 0) {
		recording_head_put(head, record.kind, record.ms, record.len);
		if (for_people)
			show(&record);
		else if (fwrite(head, sizeof(head), 1, stdout) != 1 ||
			 (record.len > 0 && fwrite(record.bytes, record.len, 1, stdout) != 1))
			return fail("standard output", -errno);
	}
	if (r != -ENODATA)
		(void)fprintf(stderr, "recording_tool: %s\n", recording_reader_why(reader));
	recording_reader_free(reader);
	return r == -ENODATA ? 0 : r == 0 ? 3 : 4;
}

static int
key_of(const char *path, const char *key_text)
{
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint8_t key[RECORDING_KEY_BYTES];
	char text[2 * RECORDING_KEY_BYTES + 1];
	int r = fd < 0 ? -errno : find_key(fd, key_text, key);

	if (r < 0)
		return fail(path, r);
	bytes_to_hex(key, sizeof(key), text);
	printf("%s\n", text);
	return 0;
}

static int
pair(const char *path)
{
	struct auditor_key public_key = {.name = "auditor"};
	char text[AUDITOR_KEY_TEXT_SIZE];
	auto_secret struct secret private_key = {0};
	int r = recording_pair_new(public_key.key, &private_key);

	if (r == 0)
		r = write_hex(path, private_key.bytes, private_key.len);
	if (r == 0)
		r = auditor_key_write(&public_key, text);
	if (r < 0)
		return fail(path, r);
	printf("%s\n", text);
	return 0;
}

static int
forge(const char *path, const char *out, const char *auditor)
{
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	auto_fd int forged = open(out, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	uint8_t room[RECORDING_SEGMENT_MOST];
	struct recording_record record = {.kind = RECORDING_SEGMENT, .bytes = room};
	struct recording_writer *writer;
	struct auditor_key public_key;
	struct recording_about about;
	struct sample sample;
	const char *why;
	int r;

	if (recording_header_read(fd, &about, NULL, &why) < 0 ||
		auditor_key_read(auditor, &public_key) < 0)
		return fail(path, -EINVAL);
	sample_init(&sample);
	r = recording_key_seal(sample.key, public_key.key, &about.sealed[0]);
	about.sealed_count = 1;
	record.len = (uint32_t)sample_segment(room);
	if (r == 0)
		r = recording_writer_new(&about, sample.key, &writer);
	if (r == 0)
		r = recording_writer_drain(writer, forged);
	if (r == 0)
		r = recording_writer_put(writer, &record);
	if (r == 0)
		r = recording_writer_flush(writer);
	if (r == 0)
		r = recording_writer_drain(writer, forged);
	if (r < 0)
		return fail(out, r);
	recording_writer_free(writer);
	sample_done(&sample);
	return 0;
}

static int
verify(const char *path, const char *signer_text)
{
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint8_t signer[RECORDING_PUBLIC_BYTES];
	struct recording_report report;
	char chain[2 * RECORDING_HASH_BYTES + 1], session[2 * RECORDING_SESSION_BYTES + 1];
	int r = fd < 0 ? -errno : 0;

	if (r == 0 && signer_text != NULL)
		r = bytes_from_hex(signer_text, signer, sizeof(signer));
	if (r == 0)
		r = recording_verify(
			fd, NULL, signer_text != NULL ? signer : NULL, NULL, NULL, &report);
	if (r < 0)
		return fail(path, r);
	bytes_to_hex(report.chain, sizeof(report.chain), chain);
	bytes_to_hex(report.about.session, sizeof(report.about.session), session);
	printf("%s session=%s account=%s terminal=%s started_us=%" PRId64 " chunks=%" PRIu64
	       " bytes=%" PRIu64 " ms=%" PRIu32 " gaps=%" PRIu32 " missing=%" PRIu64
	       " chain=%s %s\n",
		recording_state_name(report.state), session, report.about.account,
		report.about.terminal, report.about.started_us, report.chunks, report.bytes,
		report.length_ms, report.gaps, report.missing, chain, report.why);
	return report.state == RECORDING_WHOLE ? 0 : report.state == RECORDING_NOT_CLOSED ? 3 : 4;
}

int
main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[1] : "";

	if (recording_keys_ready() < 0)
		return 1;
	if (strcmp(what, "make") == 0 && argc > 3)
		return make(argv[2], argv[3], argc > 4 ? argv[4] : NULL);
	if ((strcmp(what, "open") == 0 || strcmp(what, "list") == 0) && argc > 3)
		return open_recording(argv[2], argv[3], strcmp(what, "list") == 0);
	if (strcmp(what, "key") == 0 && argc > 3)
		return key_of(argv[2], argv[3]);
	if (strcmp(what, "pair") == 0)
		return pair(argv[2]);
	if (strcmp(what, "verify") == 0)
		return verify(argv[2], argc > 3 ? argv[3] : NULL);
	if (strcmp(what, "forge") == 0 && argc > 4)
		return forge(argv[2], argv[3], argv[4]);
	(void)fprintf(stderr,
		"usage: recording_tool make|open|list|key|pair|verify|forge … (see its source)\n");
	return 2;
}
