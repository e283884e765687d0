/* policy/backup/header.c and file.c: whatever is done to a backup file is found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "policy/backup/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PLAIN_BYTES (2 * BACKUP_CHUNK_BYTES + 4096)

static const struct facility facility = {.prefix = "998-", .domain = "example.jp"};
static struct sealing *sealing;
static uint8_t plain[PLAIN_BYTES];
static struct backup_meter meter;

static uint8_t file[PLAIN_BYTES + 8192]; /* a whole backup */
static size_t file_len;
static size_t header_len;
static uint8_t sha256_written[BACKUP_SHA256_BYTES];

static int
memory_file(const void *bytes, size_t len)
{
	int fd = memfd_create("backup", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static int
setup(void **state)
{
	const uint8_t key[FACILITY_KEY_BYTES] = {7};
	struct backup_header header = {.id = {1, 2, 3, 4, 5},
		.created_us = 1795143600000000,
		.schema = 7,
		.log_event = 42,
		.log_hash = {9},
		.facility = facility};
	int plain_fd, fd = memory_file("", 0);

	(void)state;
	assert_int_equal(sealing_new(key, &sealing), 0);
	for (size_t i = 0; i < sizeof(plain); i++)
		plain[i] = (uint8_t)(i * 7 + i / 251);
	plain_fd = memory_file(plain, sizeof(plain));
	assert_int_equal(backup_file_write(fd, sealing, &header, "{\"by\":\"unix:yamada\"}",
				 plain_fd, &meter, sha256_written),
		0);
	close(plain_fd);
	file_len = (size_t)lseek(fd, 0, SEEK_END);
	header_len = header.len;
	assert_int_equal(file_len, backup_file_bytes(&header));
	assert_true(file_len <= sizeof(file));
	assert_int_equal(pread(fd, file, file_len, 0), file_len);
	close(fd);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	sealing_free(sealing);
	return 0;
}

/* Opens bytes as a backup, to its last chunk. */
static int
open_bytes(const uint8_t *bytes, size_t len, const struct sealing *with, const struct facility *of,
	enum backup_fault *ret_fault)
{
	auto_fd int fd = memory_file(bytes, len);
	auto_fd int out = memory_file("", 0);
	uint8_t sha256[BACKUP_SHA256_BYTES];
	struct backup_header header;
	char label[BACKUP_LABEL_MOST];
	static uint8_t opened[PLAIN_BYTES];
	int r;

	*ret_fault = BACKUP_SOUND;
	r = backup_file_open(fd, with, of, &header, label, ret_fault);
	if (r == 0)
		r = backup_file_read(fd, with, &header, out, &meter, sha256, ret_fault);
	if (r < 0)
		return r;
	assert_string_equal(label, "{\"by\":\"unix:yamada\"}");
	assert_int_equal(header.log_event, 42);
	assert_int_equal(lseek(out, 0, SEEK_END), PLAIN_BYTES);
	assert_int_equal(pread(out, opened, PLAIN_BYTES, 0), PLAIN_BYTES);
	assert_memory_equal(opened, plain, PLAIN_BYTES);
	assert_memory_equal(sha256, sha256_written, sizeof(sha256));
	return 0;
}

static void
expect_fault(const uint8_t *bytes, size_t len, enum backup_fault fault)
{
	enum backup_fault found;

	assert_int_equal(open_bytes(bytes, len, sealing, &facility, &found), -EBADMSG);
	if (found != fault)
		fail_msg(
			"'%s' instead of '%s'", backup_fault_text(found), backup_fault_text(fault));
}

static void
what_was_sealed_comes_back(void **state)
{
	enum backup_fault fault;

	(void)state;
	assert_int_equal(open_bytes(file, file_len, sealing, &facility, &fault), 0);
	assert_int_equal(fault, BACKUP_SOUND);
}

static void
nothing_of_the_database_or_the_label_can_be_read(void **state)
{
	(void)state;
	assert_null(memmem(file, file_len, plain + 1000, 16));
	assert_null(memmem(file, file_len, "yamada", 6));
}

/* The file's size is in its header, so that no chunk need be opened for this. */
static void
every_truncation_is_found(void **state)
{
	(void)state;
	expect_fault(file, 0, BACKUP_NOT_A_BACKUP);
	for (size_t len = 1; len < header_len + 40; len++)
		expect_fault(file, len, BACKUP_TRUNCATED);
	for (size_t len = header_len + 40; len < file_len; len += 997)
		expect_fault(file, len, BACKUP_TRUNCATED);
	expect_fault(file, file_len - 1, BACKUP_TRUNCATED);
}

static void
every_flipped_bit_of_the_header_is_found(void **state)
{
	uint8_t *changed = malloc(file_len);

	(void)state;
	for (size_t bit = 0; bit < 8 * header_len; bit++) {
		enum backup_fault fault;

		memcpy(changed, file, file_len);
		changed[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(
			open_bytes(changed, file_len, sealing, &facility, &fault), -EBADMSG);
		assert_int_not_equal(fault, BACKUP_SOUND);
	}
	free(changed);
}

/* A file whose header was not read may have another one by the time its chunks are. */
static void
every_flipped_byte_of_the_header_is_found_by_the_chunks_too(void **state)
{
	(void)state;
	for (size_t at = 0; at < header_len; at++) {
		enum backup_fault fault = BACKUP_SOUND;
		uint8_t sha256[BACKUP_SHA256_BYTES];
		struct backup_header header;
		int fd, out = memory_file("", 0);

		assert_int_equal(backup_header_parse(file, file_len, &header, &fault), 0);
		file[at] ^= 1;
		fd = memory_file(file, file_len);
		file[at] ^= 1;
		assert_int_equal(
			backup_file_read(fd, sealing, &header, out, &meter, sha256, &fault),
			-EBADMSG);
		assert_int_equal(fault, BACKUP_CHANGED);
		close(fd);
		close(out);
	}
}

static void
every_flipped_byte_of_a_chunk_is_found(void **state)
{
	(void)state;
	/* Every byte of the last, short chunk; some of the others, with their tags. */
	for (size_t at = header_len; at < file_len;
		at += at + 4096 + 16 < file_len ? (at % 2 == 0 ? 4099 : 4097) : 1) {
		file[at] ^= 0x10;
		expect_fault(file, file_len, BACKUP_CHANGED);
		file[at] ^= 0x10;
	}
}

static void
swapped_repeated_and_dropped_chunks_are_found(void **state)
{
	const size_t chunk = BACKUP_CHUNK_BYTES + BACKUP_CHUNK_EXTRA;
	uint8_t *changed = malloc(file_len);
	uint8_t *first = changed + header_len;

	(void)state;
	memcpy(changed, file, file_len);
	memcpy(first, file + header_len + chunk, chunk);
	memcpy(first + chunk, file + header_len, chunk);
	expect_fault(changed, file_len, BACKUP_CHANGED);
	memcpy(changed, file, file_len);
	memcpy(first + chunk, first, chunk);
	expect_fault(changed, file_len, BACKUP_CHANGED);
	memcpy(changed, file, file_len);
	memmove(first, first + chunk, file_len - header_len - chunk);
	expect_fault(changed, file_len - chunk, BACKUP_TRUNCATED);
	expect_fault(changed, file_len, BACKUP_CHANGED);
	free(changed);
}

static void
bytes_behind_the_end_are_found(void **state)
{
	(void)state;
	expect_fault(file, file_len + 1, BACKUP_TOO_LONG);
}

static void
other_keys_and_other_facilities_are_told_apart(void **state)
{
	const uint8_t other_key[FACILITY_KEY_BYTES] = {8};
	const struct facility prefix = {.prefix = "997-", .domain = "example.jp"};
	const struct facility domain = {.prefix = "998-", .domain = "example.com"};
	struct sealing *other;
	enum backup_fault fault;

	(void)state;
	assert_int_equal(sealing_new(other_key, &other), 0);
	assert_int_equal(open_bytes(file, file_len, other, &facility, &fault), -EBADMSG);
	assert_int_equal(fault, BACKUP_OTHER_KEY);
	assert_int_equal(open_bytes(file, file_len, sealing, &prefix, &fault), -EBADMSG);
	assert_int_equal(fault, BACKUP_OTHER_FACILITY);
	assert_int_equal(open_bytes(file, file_len, sealing, &domain, &fault), -EBADMSG);
	assert_int_equal(fault, BACKUP_OTHER_FACILITY);
	sealing_free(other);
}

static void
other_files_and_newer_formats_are_named(void **state)
{
	uint8_t other[4096] = "SQLite format 3";

	(void)state;
	expect_fault(other, sizeof(other), BACKUP_NOT_A_BACKUP);
	memcpy(other, file, 20);
	other[17] = BACKUP_FORMAT + 1;
	expect_fault(other, sizeof(other), BACKUP_NEWER_FORMAT);
	/* A transfer that took it for text. */
	memcpy(other, file, 20);
	memmove(other + 14, other + 15, 20);
	expect_fault(other, sizeof(other), BACKUP_NOT_A_BACKUP);
}

static void
two_backups_of_the_same_bytes_have_nothing_in_common(void **state)
{
	struct backup_header header = {.id = {1, 2, 3, 4, 6}, .schema = 7, .facility = facility};
	int plain_fd = memory_file(plain, sizeof(plain)), fd = memory_file("", 0);
	uint8_t sha256[BACKUP_SHA256_BYTES];
	uint8_t *other = malloc(sizeof(file));

	(void)state;
	assert_int_equal(
		backup_file_write(fd, sealing, &header, "{}", plain_fd, &meter, sha256), 0);
	assert_true(pread(fd, other, sizeof(file), 0) > 0);
	assert_null(memmem(other, sizeof(file), file + header_len, 16));
	free(other);
	close(plain_fd);
	close(fd);
}

static void
writing_says_when_there_is_no_room_and_when_it_is_not_wanted(void **state)
{
	struct backup_header header = {.id = {1}, .schema = 7, .facility = facility};
	auto_fd int plain_fd = memory_file(plain, sizeof(plain));
	auto_fd int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	auto_fd int fd = memory_file("", 0);
	uint8_t sha256[BACKUP_SHA256_BYTES];
	char label[BACKUP_LABEL_MOST + 1];

	(void)state;
	assert_int_equal(
		backup_file_write(full, sealing, &header, "{}", plain_fd, &meter, sha256), -ENOSPC);
	assert_int_equal(lseek(plain_fd, 0, SEEK_SET), 0);
	atomic_store(&meter.cancel, true);
	assert_int_equal(backup_file_write(fd, sealing, &header, "{}", plain_fd, &meter, sha256),
		-ECANCELED);
	atomic_store(&meter.cancel, false);
	memset(label, 'x', sizeof(label) - 1);
	label[sizeof(label) - 1] = '\0';
	assert_int_equal(
		backup_file_write(fd, sealing, &header, label, plain_fd, &meter, sha256), -E2BIG);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_sealed_comes_back),
		cmocka_unit_test(nothing_of_the_database_or_the_label_can_be_read),
		cmocka_unit_test(every_truncation_is_found),
		cmocka_unit_test(every_flipped_bit_of_the_header_is_found),
		cmocka_unit_test(every_flipped_byte_of_the_header_is_found_by_the_chunks_too),
		cmocka_unit_test(every_flipped_byte_of_a_chunk_is_found),
		cmocka_unit_test(swapped_repeated_and_dropped_chunks_are_found),
		cmocka_unit_test(bytes_behind_the_end_are_found),
		cmocka_unit_test(other_keys_and_other_facilities_are_told_apart),
		cmocka_unit_test(other_files_and_newer_formats_are_named),
		cmocka_unit_test(two_backups_of_the_same_bytes_have_nothing_in_common),
		cmocka_unit_test(writing_says_when_there_is_no_room_and_when_it_is_not_wanted),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
