/* gateway/recording/reader.c, verify.c */
#include "recording/reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "recording/verify.h"
#include "sample.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define MOST (64 * 1024)

static struct sample sample;
static uint8_t whole[MOST];
static size_t whole_len;

/* Four chunks: SEGMENT and three FROM_HOST, three, three with NOTE and GAP, END. */
static int
prepare(void **state)
{
	auto_fd int fd = -1;

	(void)state;
	sample_init(&sample);
	fd = sample_file(&sample, 9, 200, 3, true);
	whole_len = (size_t)pread(fd, whole, sizeof(whole), 0);
	return whole_len < sizeof(whole) ? 0 : -1;
}

static int
finish(void **state)
{
	(void)state;
	sample_done(&sample);
	return 0;
}

static int
file_of(const void *bytes, size_t len)
{
	int fd = memfd_create("recording", MFD_CLOEXEC);

	assert_int_equal(pwrite(fd, bytes, len, 0), len);
	return fd;
}

/* All records. Returns how it ended; what was read before in *ret_records. */
static int
read_all(int fd, const uint8_t *key, size_t *ret_records, char why[RECORDING_WHY_SIZE])
{
	struct recording_reader *reader;
	struct recording_record record;
	const char *text = "";
	int r = recording_reader_new(fd, key, &reader, &text);

	*ret_records = 0;
	(void)snprintf(why, RECORDING_WHY_SIZE, "%s", text);
	if (r < 0)
		return r;
	while ((r = recording_reader_next(reader, &record)) > 0)
		(*ret_records)++;
	(void)snprintf(why, RECORDING_WHY_SIZE, "%s", recording_reader_why(reader));
	assert_int_equal(recording_reader_next(reader, &record), r);
	assert_true((recording_reader_summary(reader) != NULL) == (r == -ENODATA));
	recording_reader_free(reader);
	return r;
}

static int
read_bytes(const void *bytes, size_t len, size_t *ret_records, char why[RECORDING_WHY_SIZE])
{
	auto_fd int fd = file_of(bytes, len);

	return read_all(fd, sample.key, ret_records, why);
}

static size_t
chunk_at(size_t number)
{
	size_t at = bytes_get_u32le(whole + 20);

	while (number-- > 0)
		at += RECORDING_CHUNK_HEAD + bytes_get_u32le(whole + at);
	return at;
}

static void
what_was_written_is_read(void **state)
{
	auto_fd int fd = file_of(whole, whole_len);
	struct recording_reader *reader;
	uint8_t header[RECORDING_HASH_BYTES];
	struct recording_segment segment;
	const struct recording_about *about;
	struct recording_record record;
	struct recording_note note;
	struct recording_gap gap;
	const char *why;

	(void)state;
	assert_int_equal(recording_reader_new(fd, sample.key, &reader, &why), 0);
	about = recording_reader_about(reader);
	assert_int_equal(about->session[15], 0x42);
	assert_int_equal(about->part, 1);
	assert_string_equal(about->account, "998-sato");
	assert_string_equal(about->terminal, "pacs-01");
	assert_int_equal(about->sealed_count, 1);
	(void)crypto_hash_sha256(header, whole, about->header_bytes);
	assert_memory_equal(recording_reader_header(reader), header, sizeof(header));
	assert_int_equal(recording_reader_length_ms(reader), 110);
	for (int round = 0; round < 2; round++) {
		assert_int_equal(recording_reader_next(reader, &record), 1);
		assert_int_equal(recording_segment_get(&record, &segment), 0);
		assert_int_equal(segment.width, 1280);
		assert_string_equal(segment.channels[1].name, "cliprdr");
		for (int i = 0; i < 9; i++) {
			assert_int_equal(recording_reader_next(reader, &record), 1);
			assert_int_equal(record.kind, RECORDING_FROM_HOST);
			assert_int_equal(record.ms, 10 + 10 * i);
			assert_int_equal(record.len, 200);
			assert_int_equal(record.bytes[199], i);
		}
		assert_int_equal(recording_reader_next(reader, &record), 1);
		assert_int_equal(recording_note_get(&record, &note), 0);
		assert_string_equal(note.text, "yamada watches");
		assert_int_equal(recording_reader_next(reader, &record), 1);
		assert_int_equal(recording_gap_get(&record, &gap), 0);
		assert_int_equal(gap.bytes, 1000);
		assert_int_equal(recording_reader_next(reader, &record), 1);
		assert_int_equal(record.kind, RECORDING_END);
		assert_memory_equal(record.bytes, "SK2001", 6);
		assert_null(recording_reader_summary(reader));
		assert_int_equal(recording_reader_next(reader, &record), -ENODATA);
		assert_int_equal(recording_reader_summary(reader)->records, 13);
		assert_int_equal(recording_reader_summary(reader)->gaps, 1);
		assert_int_equal(recording_reader_summary(reader)->from_host, 1800);
		assert_int_equal(recording_reader_offset(reader), whole_len);
		assert_int_equal(recording_reader_rewind(reader), 0);
	}
	recording_reader_free(reader);
}

static void
without_the_key_structure_and_chain_are_checked(void **state)
{
	auto_fd int fd = file_of(whole, whole_len);
	char why[RECORDING_WHY_SIZE];
	size_t records;

	(void)state;
	assert_int_equal(read_all(fd, NULL, &records, why), -ENODATA);
	assert_int_equal(records, 5);
}

static void
a_file_cut_anywhere_is_not_closed_and_nothing_of_half_a_chunk_is_given_out(void **state)
{
	static const size_t in_chunk[] = {4, 3, 3, 2, 1};
	char why[RECORDING_WHY_SIZE];
	size_t records, expected;
	int r;

	(void)state;
	for (size_t len = 0; len < whole_len; len++) {
		r = read_bytes(whole, len, &records, why);
		assert_int_equal(r, len < chunk_at(0) ? -EAGAIN : 0);
		assert_string_not_equal(why, "");
		expected = 0;
		for (size_t i = 0; i < 5; i++)
			if (len >= chunk_at(i + 1))
				expected += in_chunk[i];
		assert_int_equal(records, expected);
	}
}

static void
a_bit_flipped_anywhere_is_found_and_said_where(void **state)
{
	static uint8_t changed[MOST];
	char why[RECORDING_WHY_SIZE], expected[64];
	size_t records;
	int r;

	(void)state;
	memcpy(changed, whole, whole_len);
	for (size_t bit = 0; bit < 8 * whole_len; bit += bit < 8 * chunk_at(1) ? 1 : 5) {
		changed[bit / 8] ^= (uint8_t)(1u << bit % 8);
		r = read_bytes(changed, whole_len, &records, why);
		/* A length may say that more is to come. */
		assert_true(r == 0 || r == -EBADMSG || r == -EPROTONOSUPPORT || r == -EAGAIN ||
			    r == -EKEYREJECTED);
		assert_string_not_equal(why, "");
		if (r == 0 || r == -EBADMSG)
			for (size_t i = 0; i < 5; i++) {
				if (bit / 8 < chunk_at(i) || bit / 8 >= chunk_at(i + 1))
					continue;
				(void)snprintf(expected, sizeof(expected),
					"chunk %zu at byte %zu: ", i + 1, chunk_at(i));
				assert_memory_equal(why, expected, strlen(expected));
			}
		changed[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	assert_int_equal(read_bytes(changed, whole_len, &records, why), -ENODATA);
}

static void
without_the_key_a_flipped_bit_is_found_as_well(void **state)
{
	static uint8_t changed[MOST];
	struct recording_report report;

	(void)state;
	memcpy(changed, whole, whole_len);
	for (size_t at = 0; at < whole_len; at++) {
		auto_fd int fd = -1;

		changed[at] ^= 0x10;
		fd = file_of(changed, whole_len);
		assert_int_equal(recording_verify(fd, NULL, NULL, NULL, NULL, &report), 0);
		assert_int_not_equal(report.state, RECORDING_WHOLE);
		assert_string_not_equal(report.why, "");
		changed[at] ^= 0x10;
	}
}

static size_t
splice(uint8_t *room, const size_t *chunks, size_t count)
{
	size_t len = chunk_at(0), tail = whole_len - chunk_at(5);

	memcpy(room, whole, len);
	for (size_t i = 0; i < count; i++) {
		size_t at = chunk_at(chunks[i]), size = chunk_at(chunks[i] + 1) - at;

		memcpy(room + len, whole + at, size);
		len += size;
	}
	memcpy(room + len, whole + chunk_at(5), tail);
	return len + tail;
}

static void
chunks_moved_left_out_or_doubled_are_found(void **state)
{
	static const struct {
		size_t chunks[6];
		size_t count;
		const char *why;
		const char *why_without;
	} rows[] = {
		{{0, 1, 2, 3, 4}, 5, "", ""},
		{{1, 0, 2, 3, 4}, 5, "chunk 1 at byte", "chunk 2 at byte"},
		{{0, 2, 3, 4}, 4, "chunk 2 at byte", "chunk 5 at byte"},
		{{1, 2, 3, 4}, 4, "chunk 1 at byte", "chunk 5 at byte"},
		{{0, 0, 1, 2, 3, 4}, 6, "chunk 2 at byte", "chunk 2 at byte"},
		{{0, 1, 2, 4}, 4, "chunk 4 at byte", "chunk 5 at byte"},
		{{0, 1, 2, 3}, 4, "chunk 5 at byte", "chunk 5 at byte"},
		{{0, 1, 2, 3, 4, 4}, 6, "chunk 6 at byte", "chunk 7 at byte"},
		{{0}, 0, "chunk 1 at byte", "chunk 1 at byte"},
	};
	static uint8_t room[2 * MOST];
	char why[RECORDING_WHY_SIZE];
	size_t records, len;
	int r;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		len = splice(room, rows[i].chunks, rows[i].count);
		for (int without = 0; without < 2; without++) {
			auto_fd int fd = file_of(room, len);
			const char *expected = without ? rows[i].why_without : rows[i].why;

			r = read_all(fd, without ? NULL : sample.key, &records, why);
			assert_int_equal(r, i == 0 ? -ENODATA : -EBADMSG);
			if (strncmp(why, expected, strlen(expected)) != 0)
				fail_msg("row %zu: %s", i, why);
		}
	}
}

static void
another_recordings_key_and_chunks_do_not_fit(void **state)
{
	uint8_t key[RECORDING_KEY_BYTES];
	static uint8_t room[MOST];
	auto_fd int fd = file_of(whole, whole_len), other = -1;
	char why[RECORDING_WHY_SIZE];
	struct sample another;
	size_t records, at;

	(void)state;
	recording_random(key, sizeof(key));
	assert_int_equal(read_all(fd, key, &records, why), -EKEYREJECTED);
	/* A chunk of a recording with the very same key. */
	sample_init(&another);
	memcpy(another.key, sample.key, sizeof(key));
	other = sample_file(&another, 9, 200, 3, true);
	memcpy(room, whole, whole_len);
	at = chunk_at(0);
	assert_true(pread(other, room + at, chunk_at(1) - at, (off_t)at) > 0);
	assert_int_equal(read_bytes(room, whole_len, &records, why), -EBADMSG);
	assert_int_equal(records, 0);
	sample_done(&another);
}

static void
a_growing_file_is_read_as_it_grows(void **state)
{
	auto_fd int fd = memfd_create("recording", MFD_CLOEXEC);
	struct recording_reader *reader = NULL;
	struct recording_record record;
	size_t records = 0;
	const char *why;
	int r = 0;

	(void)state;
	for (size_t len = 0; len <= whole_len; len++) {
		assert_int_equal(pwrite(fd, whole, len, 0), len);
		if (reader == NULL && recording_reader_new(fd, sample.key, &reader, &why) < 0)
			continue;
		while ((r = recording_reader_next(reader, &record)) > 0)
			records++;
		assert_true(r == 0 || (r == -ENODATA && len == whole_len));
		if (len == chunk_at(2)) {
			assert_int_equal(recording_reader_length_ms(reader), 60);
			assert_int_equal(recording_reader_rest(reader), 0);
		}
		if (len == chunk_at(2) + 100)
			assert_int_equal(recording_reader_rest(reader), 100);
	}
	assert_int_equal(r, -ENODATA);
	assert_int_equal(records, 13);
	assert_int_equal(recording_reader_length_ms(reader), 110);
	recording_reader_free(reader);
}

static void
an_empty_file_and_what_is_no_file_are_told(void **state)
{
	auto_fd int fd = memfd_create("recording", MFD_CLOEXEC);
	struct recording_reader *reader;
	struct recording_report report;
	const char *why = NULL;

	(void)state;
	assert_int_equal(recording_reader_new(fd, NULL, &reader, &why), -EAGAIN);
	assert_string_equal(why, "the file ends within its header");
	assert_int_equal(recording_reader_new(-1, NULL, &reader, &why), -EBADF);
	assert_int_equal(recording_verify(fd, NULL, NULL, NULL, NULL, &report), 0);
	assert_int_equal(report.state, RECORDING_NOT_CLOSED);
	assert_true(recording_verify(-1, NULL, NULL, NULL, NULL, &report) < 0);
}

static void
something_behind_the_closing_is_found(void **state)
{
	static uint8_t room[MOST];
	char why[RECORDING_WHY_SIZE];
	size_t records;

	(void)state;
	memcpy(room, whole, whole_len);
	room[whole_len] = 'x';
	assert_int_equal(read_bytes(room, whole_len + 1, &records, why), -EBADMSG);
	assert_non_null(strstr(why, "behind the closing"));
}

/* Who has the key writes chunks as he likes: a decoder behind the reader hears only what records.h allows. */
static void
records_made_to_attack_are_not_given_out(void **state)
{
	static const struct {
		uint8_t bytes[16];
		size_t len;
	} rows[] = {
		{{99, 0, 0, 0, 0, 0, 0, 0, 0}, 9},
		{{RECORDING_FROM_HOST, 0, 0, 0, 0, 0, 0, 0, 0}, 9},
		{{RECORDING_FROM_HOST, 0, 0, 0, 0, 2, 0, 0, 0, 'x'}, 10},
		{{RECORDING_FROM_HOST, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 'x'}, 10},
		{{RECORDING_FROM_HOST, 1, 0, 0, 0, 1, 0, 0, 0, 'x'}, 10},
		{{RECORDING_FROM_HOST, 0}, 2},
		{{RECORDING_SEGMENT, 0, 0, 0, 0, 1, 0, 0, 0, 'x'}, 10},
		{{RECORDING_END, 0, 0, 0, 0, 0, 0, 0, 0}, 9},
	};
	char why[RECORDING_WHY_SIZE];
	size_t records;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_fd int fd = sample_raw(&sample, rows[i].bytes, rows[i].len);

		assert_int_equal(read_all(fd, sample.key, &records, why), -EPROTO);
		assert_int_equal(records, 0);
		assert_memory_equal(why, "chunk 1 at byte ", 16);
	}
}

static void
time_does_not_go_back_within_a_chunk(void **state)
{
	static const uint8_t plain[] = {RECORDING_FROM_HOST, 9, 0, 0, 0, 1, 0, 0, 0, 'x',
		RECORDING_FROM_HOST, 8, 0, 0, 0, 1, 0, 0, 0, 'y'};
	auto_fd int fd = sample_raw_until(&sample, plain, sizeof(plain), 9);
	char why[RECORDING_WHY_SIZE];
	size_t records;

	(void)state;
	assert_int_equal(read_all(fd, sample.key, &records, why), -EPROTO);
	assert_int_equal(records, 1);
	assert_non_null(strstr(why, "time goes back"));
}

/* The file system knew how long it was to be, and the machine went before it knew what of. */
static void
zeros_at_the_end_are_a_file_that_was_not_closed(void **state)
{
	static uint8_t room[4 * RECORDING_CHUNK_MOST];
	static const size_t zeros[] = {1, 11, 12, 4096, sizeof(room) - MOST};
	char why[RECORDING_WHY_SIZE];
	size_t records, len = chunk_at(2);
	struct recording_report report;

	(void)state;
	memcpy(room, whole, len);
	for (size_t i = 0; i < ARRAY_SIZE(zeros); i++) {
		auto_fd int fd = file_of(room, len + zeros[i]);

		assert_int_equal(read_all(fd, sample.key, &records, why), 0);
		assert_int_equal(records, 7);
		assert_int_equal(recording_verify(fd, NULL, NULL, NULL, NULL, &report), 0);
		assert_int_equal(report.state, RECORDING_NOT_CLOSED);
		assert_int_equal(report.rest, zeros[i]);
	}
	room[len + 1000] = 1;
	assert_int_equal(read_bytes(room, len + 1001, &records, why), -EBADMSG);
}

static bool
stop(void *argument, uint64_t bytes)
{
	(void)bytes;
	return ++*(int *)argument < 2;
}

static void
a_report_says_which_of_four_it_is(void **state)
{
	auto_fd int closed = file_of(whole, whole_len);
	auto_fd int open = sample_file(&sample, 9, 200, 3, false);
	auto_fd int broken = -1, big = sample_file(&sample, 40, 60000, 4, true);
	uint8_t other[RECORDING_PUBLIC_BYTES] = {1};
	struct recording_report report;
	int calls = 0;

	(void)state;
	assert_int_equal(
		recording_verify(closed, NULL, sample.about.signer, NULL, NULL, &report), 0);
	assert_int_equal(report.state, RECORDING_WHOLE);
	assert_string_equal(recording_state_name(report.state), "whole");
	assert_int_equal(report.gaps, 1);
	assert_int_equal(report.missing, 1000);
	assert_int_equal(report.bytes, whole_len);
	assert_int_equal(recording_verify(closed, NULL, other, NULL, NULL, &report), 0);
	assert_int_equal(report.state, RECORDING_FOREIGN);
	assert_int_equal(recording_verify(open, sample.key, NULL, NULL, NULL, &report), 0);
	assert_int_equal(report.state, RECORDING_NOT_CLOSED);
	assert_int_equal(report.gaps, 1);
	assert_int_equal(report.chunks, 4);
	assert_int_equal(report.length_ms, 100);
	whole[chunk_at(2) + 50] ^= 1;
	broken = file_of(whole, whole_len);
	whole[chunk_at(2) + 50] ^= 1;
	assert_int_equal(recording_verify(broken, sample.key, NULL, NULL, NULL, &report), 0);
	assert_int_equal(report.state, RECORDING_BROKEN);
	assert_int_equal(report.chunks, 2);
	assert_memory_equal(report.why, "chunk 3 at byte ", 16);
	assert_int_equal(recording_verify(big, NULL, NULL, stop, &calls, &report), -ECANCELED);
	assert_int_equal(calls, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_written_is_read),
		cmocka_unit_test(without_the_key_structure_and_chain_are_checked),
		cmocka_unit_test(
			a_file_cut_anywhere_is_not_closed_and_nothing_of_half_a_chunk_is_given_out),
		cmocka_unit_test(a_bit_flipped_anywhere_is_found_and_said_where),
		cmocka_unit_test(without_the_key_a_flipped_bit_is_found_as_well),
		cmocka_unit_test(chunks_moved_left_out_or_doubled_are_found),
		cmocka_unit_test(another_recordings_key_and_chunks_do_not_fit),
		cmocka_unit_test(a_growing_file_is_read_as_it_grows),
		cmocka_unit_test(an_empty_file_and_what_is_no_file_are_told),
		cmocka_unit_test(something_behind_the_closing_is_found),
		cmocka_unit_test(records_made_to_attack_are_not_given_out),
		cmocka_unit_test(time_does_not_go_back_within_a_chunk),
		cmocka_unit_test(zeros_at_the_end_are_a_file_that_was_not_closed),
		cmocka_unit_test(a_report_says_which_of_four_it_is),
	};

	return cmocka_run_group_tests(tests, prepare, finish);
}
