/* gateway/recording/header.c: which file it is, by what it begins with. */
#include "recording/header.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "sample.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/mman.h>

static struct sample sample;

/* A recording of the sample, which is still open; its first bytes. */
static int
new_file(uint8_t ret_bytes[RECORDING_HEADER_MOST])
{
	int fd = sample_file(&sample, 3, 100, 2, false);

	assert_true(pread(fd, ret_bytes, RECORDING_HEADER_MOST, 0) > 0);
	return fd;
}

static int
file_of(const uint8_t *bytes, size_t len)
{
	int fd = memfd_create("recording", MFD_CLOEXEC);

	assert_int_equal(pwrite(fd, bytes, len, 0), len);
	return fd;
}

static void
what_it_begins_with_is_read_and_hashed(void **state)
{
	uint8_t bytes[RECORDING_HEADER_MOST], hash[RECORDING_HASH_BYTES],
		expected[RECORDING_HASH_BYTES];
	auto_fd int fd = new_file(bytes);
	struct recording_about about;
	const char *why;

	(void)state;
	assert_int_equal(lseek(fd, 7, SEEK_SET), 7);
	assert_int_equal(recording_header_read(fd, &about, hash, &why), 0);
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 7);
	assert_string_equal(about.account, "998-sato");
	(void)crypto_hash_sha256(expected, bytes, about.header_bytes);
	assert_memory_equal(hash, expected, sizeof(hash));
	assert_int_equal(recording_header_read(fd, &about, NULL, &why), 0);
	memset(hash, 0, sizeof(hash));
	assert_int_equal(recording_header_compare(fd, &sample.about, sample.key, hash), 0);
	assert_memory_equal(hash, expected, sizeof(hash));
}

/* Every byte of it, but for the secretstream's own beginning, which is the recorder's to choose. */
static void
header_of_another_one_is_found(void **state)
{
	uint8_t bytes[RECORDING_HEADER_MOST], hash[RECORDING_HASH_BYTES];
	auto_fd int fd = new_file(bytes);
	struct recording_about about;
	size_t accepted = 0;
	const char *why;

	(void)state;
	assert_int_equal(recording_header_read(fd, &about, NULL, &why), 0);
	for (size_t at = 0; at < about.header_bytes; at++) {
		auto_fd int flipped = -1;
		int r;

		bytes[at] ^= 1;
		flipped = file_of(bytes, about.header_bytes);
		r = recording_header_compare(flipped, &sample.about, sample.key, hash);
		bytes[at] ^= 1;
		assert_true(r == 0 || r == -EBADMSG);
		accepted += r == 0;
	}
	assert_int_equal(accepted, RECORDING_STREAM_BYTES);
}

static void
recording_with_another_key_is_another_one(void **state)
{
	uint8_t bytes[RECORDING_HEADER_MOST], hash[RECORDING_HASH_BYTES];
	uint8_t key[RECORDING_KEY_BYTES] = {1};
	struct recording_about about = sample.about;
	auto_fd int fd = new_file(bytes);

	(void)state;
	assert_int_equal(recording_header_compare(fd, &about, key, hash), -EBADMSG);
	about.sealed_count = 0;
	assert_int_equal(recording_header_compare(fd, &about, sample.key, hash), -EBADMSG);
}

static void
what_cannot_be_read_is_said(void **state)
{
	uint8_t bytes[RECORDING_HEADER_MOST], hash[RECORDING_HASH_BYTES];
	auto_fd int whole = new_file(bytes), half = file_of(bytes, 100), empty = file_of(bytes, 0),
		    folder = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct recording_about about;
	const char *why = NULL;

	(void)state;
	assert_int_equal(recording_header_read(whole, &about, hash, &why), 0);
	assert_int_equal(recording_header_read(half, &about, hash, &why), -EAGAIN);
	assert_int_equal(recording_header_read(empty, &about, hash, &why), -EAGAIN);
	assert_non_null(why);
	assert_int_equal(recording_header_read(folder, &about, hash, &why), -EISDIR);
	assert_int_equal(recording_header_compare(half, &sample.about, sample.key, hash), -EBADMSG);
	assert_int_equal(
		recording_header_compare(empty, &sample.about, sample.key, hash), -EBADMSG);
	assert_int_equal(recording_header_compare(-1, &sample.about, sample.key, hash), -EBADF);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_it_begins_with_is_read_and_hashed),
		cmocka_unit_test(header_of_another_one_is_found),
		cmocka_unit_test(recording_with_another_key_is_another_one),
		cmocka_unit_test(what_cannot_be_read_is_said),
	};
	int failed;

	sample_init(&sample);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	sample_done(&sample);
	return failed;
}
