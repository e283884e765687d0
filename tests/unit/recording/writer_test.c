/* gateway/recording/writer.c */
#include "recording/writer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "recording/reader.h"
#include "sample.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static uint8_t pixels[RECORDING_RECORD_MOST];
static const struct recording_record big = {
	.kind = RECORDING_FROM_HOST, .ms = 7, .bytes = pixels, .len = RECORDING_RECORD_MOST};

static void
what_does_not_fit_waits_until_the_chunk_before_is_written(void **state)
{
	auto_fd int fd = memfd_create("recording", MFD_CLOEXEC);
	struct recording_writer *writer;
	struct recording_reader *reader;
	struct recording_record record;
	struct sample sample;
	const char *why;
	size_t len, accepted = 0;

	(void)state;
	sample_init(&sample);
	assert_int_equal(recording_writer_new(&sample.about, sample.key, &writer), 0);
	/* Nobody writes: the header waits, and one chunk has room. */
	while (recording_writer_put(writer, &big) == 0)
		accepted++;
	assert_int_equal(accepted, 3);
	assert_int_equal(recording_writer_put(writer, &big), -ENOBUFS);
	assert_int_equal(recording_writer_flush(writer), -ENOBUFS);
	assert_int_equal(recording_writer_end(writer, 8, 9, ""), -ENOBUFS);
	assert_int_equal(recording_writer_drain(writer, fd), 0);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(recording_writer_put(writer, &big), 0);
	(void)recording_writer_out(writer, &len);
	assert_true(len > 0);
	assert_int_equal(recording_writer_put(writer, &big), -ENOBUFS);
	assert_int_equal(recording_writer_drain(writer, fd), 0);
	sample_close(&sample, writer, fd, 100);
	assert_int_equal(recording_writer_summary(writer)->from_host, 6 * RECORDING_RECORD_MOST);
	recording_writer_free(writer);

	assert_int_equal(recording_reader_new(fd, sample.key, &reader, &why), 0);
	for (size_t i = 0; i < 6; i++) {
		assert_int_equal(recording_reader_next(reader, &record), 1);
		assert_int_equal(record.len, RECORDING_RECORD_MOST);
	}
	assert_int_equal(recording_reader_next(reader, &record), 1);
	assert_int_equal(record.kind, RECORDING_END);
	assert_int_equal(recording_reader_next(reader, &record), -ENODATA);
	recording_reader_free(reader);
	sample_done(&sample);
}

static void
a_full_disk_leaves_what_waits_for_another_time(void **state)
{
	auto_fd int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	auto_fd int fd = memfd_create("recording", MFD_CLOEXEC);
	struct recording_writer *writer;
	struct recording_reader *reader;
	struct recording_record record;
	struct sample sample;
	const char *why;

	(void)state;
	sample_init(&sample);
	assert_int_equal(recording_writer_new(&sample.about, sample.key, &writer), 0);
	assert_int_equal(recording_writer_drain(writer, full), -ENOSPC);
	assert_int_equal(recording_writer_drain(writer, fd), 0);
	assert_int_equal(recording_writer_put(writer, &big), 0);
	assert_int_equal(recording_writer_flush(writer), 0);
	assert_int_equal(recording_writer_drain(writer, full), -ENOSPC);
	assert_int_equal(recording_writer_drain(writer, full), -ENOSPC);
	assert_int_equal(recording_writer_drain(writer, -1), -EBADF);
	assert_int_equal(recording_writer_drain(writer, fd), 0);
	recording_writer_free(writer);
	assert_int_equal(recording_reader_new(fd, sample.key, &reader, &why), 0);
	assert_int_equal(recording_reader_next(reader, &record), 1);
	assert_int_equal(recording_reader_next(reader, &record), 0);
	recording_reader_free(reader);
	sample_done(&sample);
}

static void
records_that_are_none_are_not_taken(void **state)
{
	static const struct recording_record rows[] = {
		{RECORDING_END, 0, (const uint8_t *)"", 0},
		{RECORDING_SEALED, 0, pixels, 10},
		{RECORDING_FROM_HOST, 0, pixels, 0},
		{RECORDING_FROM_HOST, 0, pixels, RECORDING_RECORD_MOST + 1},
		{RECORDING_SEGMENT, 0, pixels, 3},
		{RECORDING_GAP, 0, pixels, 3},
		{99, 0, pixels, 3},
	};
	struct recording_writer *writer;
	struct sample sample;

	(void)state;
	sample_init(&sample);
	assert_int_equal(recording_writer_new(&sample.about, sample.key, &writer), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(recording_writer_put(writer, &rows[i]), -EINVAL);
	assert_false(recording_writer_has_records(writer));
	recording_writer_free(writer);
	sample_done(&sample);
}

static void
time_does_not_go_back(void **state)
{
	auto_fd int fd = memfd_create("recording", MFD_CLOEXEC);
	static const uint32_t times[] = {10, 5, 20, 0, 30}, expected[] = {10, 10, 20, 20, 30};
	struct recording_writer *writer;
	struct recording_reader *reader;
	struct recording_record record = {.kind = RECORDING_FROM_HOST, .bytes = pixels, .len = 1};
	struct sample sample;
	const char *why;

	(void)state;
	sample_init(&sample);
	assert_int_equal(recording_writer_new(&sample.about, sample.key, &writer), 0);
	for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
		record.ms = times[i];
		assert_int_equal(recording_writer_put(writer, &record), 0);
		assert_int_equal(recording_writer_drain(writer, fd), 0);
		assert_int_equal(recording_writer_flush(writer), 0);
	}
	assert_int_equal(recording_writer_drain(writer, fd), 0);
	sample_close(&sample, writer, fd, 3);
	recording_writer_free(writer);
	assert_int_equal(recording_reader_new(fd, sample.key, &reader, &why), 0);
	for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
		assert_int_equal(recording_reader_next(reader, &record), 1);
		assert_int_equal(record.ms, expected[i]);
	}
	assert_int_equal(recording_reader_next(reader, &record), 1);
	assert_int_equal(recording_reader_next(reader, &record), -ENODATA);
	recording_reader_free(reader);
	sample_done(&sample);
}

static void
the_index_of_the_longest_recording_has_room(void **state)
{
	auto_fd int fd = memfd_create("recording", MFD_CLOEXEC);
	struct recording_record record = {.kind = RECORDING_FROM_HOST, .bytes = pixels, .len = 1};
	struct recording_writer *writer;
	struct recording_reader *reader;
	struct sample sample;
	const char *why;
	int r;

	(void)state;
	sample_init(&sample);
	assert_int_equal(recording_writer_new(&sample.about, sample.key, &writer), 0);
	for (uint32_t i = 0; i < 5 * RECORDING_INDEX_MOST / 2; i++) {
		assert_int_equal(recording_writer_drain(writer, fd), 0);
		record.ms = i * 500;
		assert_int_equal(recording_writer_put(writer, &record), 0);
		assert_int_equal(recording_writer_flush(writer), 0);
	}
	assert_int_equal(recording_writer_drain(writer, fd), 0);
	sample_close(&sample, writer, fd, record.ms);
	assert_int_equal(recording_writer_bytes(writer), lseek(fd, 0, SEEK_END));
	recording_writer_free(writer);
	assert_int_equal(recording_reader_new(fd, sample.key, &reader, &why), 0);
	assert_int_equal(recording_reader_length_ms(reader), record.ms);
	do
		r = recording_reader_next(reader, &record);
	while (r > 0);
	assert_int_equal(r, -ENODATA);
	recording_reader_free(reader);
	sample_done(&sample);
}

static void
nothing_comes_behind_the_end(void **state)
{
	auto_fd int fd = memfd_create("recording", MFD_CLOEXEC);
	static const uint8_t signature[RECORDING_SIGNATURE_BYTES];
	struct recording_writer *writer;
	struct sample sample;

	(void)state;
	sample_init(&sample);
	assert_int_equal(recording_writer_new(&sample.about, sample.key, &writer), 0);
	assert_int_equal(recording_writer_close(writer, signature), -EALREADY);
	assert_int_equal(recording_writer_drain(writer, fd), 0);
	assert_int_equal(recording_writer_end(writer, 1, 2, "\xff"), -EINVAL);
	assert_int_equal(recording_writer_end(writer, 1, 2, "SK2001"), 0);
	assert_int_equal(recording_writer_close(writer, signature), -ENOBUFS);
	assert_int_equal(recording_writer_end(writer, 1, 2, "SK2001"), -EALREADY);
	assert_int_equal(recording_writer_put(writer, &big), -EALREADY);
	recording_writer_free(writer);
	sample_done(&sample);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_does_not_fit_waits_until_the_chunk_before_is_written),
		cmocka_unit_test(a_full_disk_leaves_what_waits_for_another_time),
		cmocka_unit_test(records_that_are_none_are_not_taken),
		cmocka_unit_test(time_does_not_go_back),
		cmocka_unit_test(the_index_of_the_longest_recording_has_room),
		cmocka_unit_test(nothing_comes_behind_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
