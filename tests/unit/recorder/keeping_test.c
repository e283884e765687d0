/* gateway/recorder/keeping.c */
#include "recorder/keeping.h"

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
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MOST (UINT64_C(1) << 30)

static struct sample sample;
static struct keeping keeping;
static uint8_t pixels[RECORDING_RECORD_MOST];

static int
prepare(void **state)
{
	(void)state;
	sample_init(&sample);
	return 0;
}

static int
finish(void **state)
{
	(void)state;
	keeping_done(&keeping);
	sample_done(&sample);
	return 0;
}

static void
take(uint32_t len, uint32_t ms)
{
	const struct recording_record record = {
		.kind = RECORDING_FROM_HOST, .ms = ms, .bytes = pixels, .len = len};

	keeping_take(&keeping, &record, ms);
}

/* Records of a kind in the file; *ret_gap the last gap. Returns how reading ended. */
static int
look(int fd, size_t *ret_pictures, size_t *ret_gaps, struct recording_gap *ret_gap)
{
	struct recording_reader *reader;
	struct recording_record record;
	const char *why;
	int r;

	*ret_pictures = *ret_gaps = 0;
	assert_int_equal(recording_reader_new(fd, sample.key, &reader, &why), 0);
	while ((r = recording_reader_next(reader, &record)) > 0) {
		*ret_pictures += record.kind == RECORDING_FROM_HOST;
		*ret_gaps += record.kind == RECORDING_GAP;
		if (record.kind == RECORDING_GAP)
			assert_int_equal(recording_gap_get(&record, ret_gap), 0);
	}
	recording_reader_free(reader);
	return r;
}

static void
records_are_in_the_file_within_a_moment(void **state)
{
	auto_fd int fd = memfd_create("recording", MFD_CLOEXEC);
	size_t pictures, gaps;
	struct recording_gap gap;

	(void)state;
	assert_int_equal(keeping_begin(&keeping, &sample.about, sample.key, fd, MOST), 0);
	assert_int_equal(keeping_wait_ms(&keeping, 0), -1);
	take(100, 1000);
	take(100, 1100);
	assert_int_equal(keeping_wait_ms(&keeping, 1100), KEEPING_CHUNK_MS - 100);
	keeping_turn(&keeping, 1000 + KEEPING_CHUNK_MS - 1);
	assert_int_equal(look(fd, &pictures, &gaps, &gap), 0);
	assert_int_equal(pictures, 0);
	keeping_turn(&keeping, 1000 + KEEPING_CHUNK_MS);
	assert_int_equal(look(fd, &pictures, &gaps, &gap), 0);
	assert_int_equal(pictures, 2);
	assert_int_equal(keeping_wait_ms(&keeping, 2000), -1);
	/* Many bytes do not wait at all. */
	take(RECORDING_RECORD_MOST, 3000);
	take(RECORDING_RECORD_MOST, 3000);
	assert_int_equal(look(fd, &pictures, &gaps, &gap), 0);
	assert_true(pictures > 2);
}

static void
while_the_disk_is_full_pictures_are_left_out_and_counted(void **state)
{
	auto_fd int fd = memfd_create("recording", MFD_CLOEXEC);
	auto_fd int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	uint8_t signature[RECORDING_SIGNATURE_BYTES] = {0};
	size_t pictures, gaps;
	struct recording_gap gap = {0};
	int error = 0;

	(void)state;
	assert_int_equal(keeping_begin(&keeping, &sample.about, sample.key, fd, MOST), 0);
	keeping.fd = full;
	for (uint32_t i = 0; i < 20; i++)
		take(RECORDING_RECORD_MOST, 1000 + i);
	assert_int_equal(keeping_trouble(&keeping, &error), RECORD_TROUBLE_DISK_FULL);
	assert_int_equal(error, ENOSPC);
	assert_int_equal(keeping_trouble(&keeping, &error), RECORD_TROUBLE_NONE);
	assert_true(keeping.has_gap);
	/* It is asked again once a second, and not told again. */
	assert_true(keeping_wait_ms(&keeping, 1100) > 0);
	keeping_turn(&keeping, 5000);
	assert_int_equal(keeping_trouble(&keeping, &error), RECORD_TROUBLE_NONE);
	/* There is room again. */
	keeping.fd = fd;
	keeping_turn(&keeping, 20000);
	take(100, 20000);
	assert_false(keeping.has_gap);
	assert_int_equal(keeping_end(&keeping, 21000, 1, "SK2001"), 0);
	assert_int_equal(keeping_close(&keeping, signature), 0);
	assert_int_equal(look(fd, &pictures, &gaps, &gap), -EBADMSG); /* the signature is none */
	assert_int_equal(gaps, 1);
	assert_int_equal(gap.why, RECORDING_GAP_NOT_WRITTEN);
	assert_int_equal(gap.bytes % RECORDING_RECORD_MOST, 0);
	assert_int_equal(gap.bytes / RECORDING_RECORD_MOST + pictures, 21);
}

static void
disk_that_is_full_once_more_is_told_once_more(void **state)
{
	auto_fd int fd = memfd_create("recording", MFD_CLOEXEC);
	auto_fd int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	int error = 0;

	(void)state;
	assert_int_equal(keeping_begin(&keeping, &sample.about, sample.key, fd, MOST), 0);
	for (uint32_t ms = 1000; ms < 100000; ms += 50000) {
		keeping.fd = full;
		for (uint32_t i = 0; i < 20; i++)
			take(RECORDING_RECORD_MOST, ms + i);
		assert_int_equal(keeping_trouble(&keeping, &error), RECORD_TROUBLE_DISK_FULL);
		keeping.fd = fd;
		keeping_turn(&keeping, ms + 20000);
		assert_int_equal(keeping_trouble(&keeping, &error), RECORD_TROUBLE_NONE);
	}
}

static void
another_fault_of_the_disk_is_told_as_such(void **state)
{
	auto_fd int fd = memfd_create("recording", MFD_CLOEXEC);
	int error = 0;

	(void)state;
	assert_int_equal(keeping_begin(&keeping, &sample.about, sample.key, -1, MOST), -EBADF);
	keeping_done(&keeping);
	assert_int_equal(keeping_begin(&keeping, &sample.about, sample.key, fd, MOST), 0);
	keeping.fd = -1;
	take(10, 0);
	keeping_turn(&keeping, 1000);
	assert_int_equal(keeping_trouble(&keeping, &error), RECORD_TROUBLE_WRITE_FAILED);
	assert_int_equal(error, EBADF);
	assert_true(keeping_end(&keeping, 2000, 1, "") < 0);
}

/* What the disk says of bytes that were written long ago. */
static void
what_the_disk_lost_is_a_gap(void **state)
{
	auto_fd int fd = memfd_create("recording", MFD_CLOEXEC);
	uint8_t signature[RECORDING_SIGNATURE_BYTES] = {0};
	size_t pictures, gaps;
	struct recording_gap gap = {0};
	int error = 0;

	(void)state;
	assert_int_equal(keeping_begin(&keeping, &sample.about, sample.key, fd, MOST), 0);
	take(100, 1000);
	keeping_turn(&keeping, 2000);
	assert_int_equal(keeping_written(&keeping), lseek(fd, 0, SEEK_END));
	keeping_not_synced(&keeping, -ETIME, 0, 3000);
	assert_int_equal(keeping_trouble(&keeping, &error), RECORD_TROUBLE_SYNC_LATE);
	assert_false(keeping.has_gap);
	keeping_not_synced(&keeping, -EIO, 500, 4000);
	assert_int_equal(keeping_trouble(&keeping, &error), RECORD_TROUBLE_WRITE_FAILED);
	assert_int_equal(error, EIO);
	take(100, 5000);
	assert_int_equal(keeping_end(&keeping, 6000, 1, "SK2001"), 0);
	assert_int_equal(keeping_close(&keeping, signature), 0);
	(void)look(fd, &pictures, &gaps, &gap);
	assert_int_equal(gaps, 1);
	assert_int_equal(gap.bytes, 500);
	assert_int_equal(gap.since_ms, 4000);
}

static void
a_recording_grows_no_larger_than_it_may(void **state)
{
	auto_fd int fd = memfd_create("recording", MFD_CLOEXEC);
	uint8_t signature[RECORDING_SIGNATURE_BYTES] = {0};
	size_t pictures, gaps;
	struct recording_gap gap;
	int error;

	(void)state;
	assert_int_equal(keeping_begin(&keeping, &sample.about, sample.key, fd, 1 << 20), 0);
	for (uint32_t i = 0; i < 100; i++)
		take(30000, i);
	assert_int_equal(keeping_trouble(&keeping, &error), RECORD_TROUBLE_TOO_LARGE);
	assert_int_equal(keeping_trouble(&keeping, &error), RECORD_TROUBLE_NONE);
	assert_int_equal(keeping_end(&keeping, 1000, 1, "SK2713"), 0);
	assert_int_equal(keeping_close(&keeping, signature), 0);
	assert_true(lseek(fd, 0, SEEK_END) <= 1 << 20);
	(void)look(fd, &pictures, &gaps, &gap);
	assert_true(pictures > 5);
	assert_int_equal(gaps, 1);
	assert_int_equal(gap.bytes / 30000 + pictures, 100);
}

static void
records_of_the_future_are_of_now(void **state)
{
	auto_fd int fd = memfd_create("recording", MFD_CLOEXEC);
	const struct recording_record late = {
		.kind = RECORDING_FROM_HOST, .ms = UINT32_MAX, .bytes = pixels, .len = 1};

	(void)state;
	assert_int_equal(keeping_begin(&keeping, &sample.about, sample.key, fd, MOST), 0);
	keeping_take(&keeping, &late, 500);
	assert_int_equal(recording_writer_summary(keeping.writer)->length_ms, 500);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, prepare, finish)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(records_are_in_the_file_within_a_moment),
		TEST(while_the_disk_is_full_pictures_are_left_out_and_counted),
		TEST(disk_that_is_full_once_more_is_told_once_more),
		TEST(another_fault_of_the_disk_is_told_as_such),
		TEST(what_the_disk_lost_is_a_gap),
		TEST(a_recording_grows_no_larger_than_it_may),
		TEST(records_of_the_future_are_of_now),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
