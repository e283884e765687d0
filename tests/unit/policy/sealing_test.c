/* policy/sealing.c, facility_key.c */
#include "policy/sealing.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static struct sealing *
sealing_of(uint8_t first)
{
	uint8_t key[FACILITY_KEY_BYTES] = {first};
	struct sealing *sealing;

	assert_int_equal(sealing_new(key, &sealing), 0);
	return sealing;
}

static void
sealed_bytes_open_again_and_differ_each_time(void **state)
{
	struct sealing *sealing = sealing_of(1);
	uint8_t sealed[2][6 + SEALED_EXTRA_BYTES];
	char opened[6];

	(void)state;
	for (int i = 0; i < 2; i++)
		assert_int_equal(sealing_seal(sealing, "password 7", "secret", 6, sealed[i]), 0);
	assert_memory_not_equal(sealed[0], sealed[1], sizeof(sealed[0]));
	assert_int_equal(sealing_unseal(sealing, "password 7", sealed[1], sizeof(sealed[1]),
				 (uint8_t *)opened),
		0);
	assert_memory_equal(opened, "secret", 6);
	sealing_free(sealing);
}

static void
every_changed_byte_and_every_cut_is_noticed(void **state)
{
	struct sealing *sealing = sealing_of(1);
	uint8_t sealed[6 + SEALED_EXTRA_BYTES], opened[6 + SEALED_EXTRA_BYTES];

	(void)state;
	assert_int_equal(sealing_seal(sealing, "a", "secret", 6, sealed), 0);
	for (size_t i = 0; i < sizeof(sealed); i++) {
		sealed[i] ^= 1;
		assert_int_equal(
			sealing_unseal(sealing, "a", sealed, sizeof(sealed), opened), -EBADMSG);
		sealed[i] ^= 1;
		assert_int_equal(sealing_unseal(sealing, "a", sealed, i, opened), -EBADMSG);
	}
	assert_int_equal(sealing_unseal(sealing, "a", sealed, sizeof(sealed), opened), 0);
	sealing_free(sealing);
}

static void
another_key_or_another_purpose_does_not_open(void **state)
{
	struct sealing *sealing = sealing_of(1), *other = sealing_of(2);
	uint8_t sealed[6 + SEALED_EXTRA_BYTES], opened[6];

	(void)state;
	assert_int_equal(sealing_seal(sealing, "password 7", "secret", 6, sealed), 0);
	assert_int_equal(
		sealing_unseal(sealing, "password 8", sealed, sizeof(sealed), opened), -EBADMSG);
	assert_int_equal(
		sealing_unseal(other, "password 7", sealed, sizeof(sealed), opened), -EBADMSG);
	sealing_free(sealing);
	sealing_free(other);
}

static void
signatures_are_of_one_key_and_one_text(void **state)
{
	struct sealing *sealing = sealing_of(1), *other = sealing_of(2);
	uint8_t signature[SIGNATURE_BYTES], one[SIGNING_PUBLIC_BYTES], two[SIGNING_PUBLIC_BYTES];

	(void)state;
	assert_int_equal(sealing_sign(sealing, "text", 4, signature), 0);
	assert_int_equal(sealing_verify(sealing, "text", 4, signature), 0);
	assert_int_equal(sealing_verify(sealing, "texT", 4, signature), -EBADMSG);
	assert_int_equal(sealing_verify(other, "text", 4, signature), -EBADMSG);
	signature[9] ^= 1;
	assert_int_equal(sealing_verify(sealing, "text", 4, signature), -EBADMSG);
	sealing_public_key(sealing, one);
	sealing_public_key(other, two);
	assert_memory_not_equal(one, two, sizeof(one));
	sealing_free(sealing);
	sealing_free(other);
}

static char folder[] = "/tmp/sekisho-sealing-XXXXXX";
static char path[128];

static int
make_folder(void **state)
{
	(void)state;
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/key", folder);
	return 0;
}

static int
remove_folder(void **state)
{
	(void)state;
	(void)unlink(path);
	return rmdir(folder);
}

static void
write_key(size_t len, mode_t mode)
{
	uint8_t bytes[64] = {1, 2, 3};
	int fd;

	(void)unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void
expect_open(int result, const char *words)
{
	struct sealing *sealing = NULL;
	const char *why = "";

	assert_int_equal(sealing_open(path, &sealing, &why), result);
	if (result < 0)
		assert_non_null(strstr(why, words));
	sealing_free(sealing);
}

static void
created_key_is_private_and_is_never_overwritten(void **state)
{
	struct stat status;
	const char *why;

	(void)state;
	(void)unlink(path);
	assert_int_equal(sealing_key_create(path, &why), 0);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	assert_int_equal(status.st_size, FACILITY_KEY_BYTES);
	expect_open(0, NULL);
	assert_int_equal(sealing_key_create(path, &why), -EEXIST);
	assert_non_null(strstr(why, "left alone"));
}

static void
keys_that_others_can_touch_are_refused(void **state)
{
	(void)state;
	write_key(32, 0640);
	expect_open(-EPERM, "chmod 600");
	write_key(32, 0602);
	expect_open(-EPERM, "chmod 600");
	write_key(32, 0400);
	expect_open(0, NULL);
}

static void
keys_of_another_length_are_refused(void **state)
{
	(void)state;
	write_key(31, 0600);
	expect_open(-EINVAL, "32 bytes");
	write_key(33, 0600);
	expect_open(-EINVAL, "32 bytes");
	write_key(0, 0600);
	expect_open(-EINVAL, "32 bytes");
	(void)unlink(path);
	expect_open(-ENOENT, "no facility key");
}

static void
links_and_fifos_are_no_keys(void **state)
{
	(void)state;
	(void)unlink(path);
	assert_int_equal(symlink("/etc/hostname", path), 0);
	expect_open(-ELOOP, "symbolic link");
	(void)unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	expect_open(-EINVAL, "regular file");
	(void)unlink(path);
}

static void
systemd_credentials_have_a_mode_of_their_own(void **state)
{
	(void)state;
	write_key(32, 0440);
	expect_open(-EPERM, "chmod 600");
	setenv("CREDENTIALS_DIRECTORY", folder, 1);
	expect_open(0, NULL);
	unsetenv("CREDENTIALS_DIRECTORY");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sealed_bytes_open_again_and_differ_each_time),
		cmocka_unit_test(every_changed_byte_and_every_cut_is_noticed),
		cmocka_unit_test(another_key_or_another_purpose_does_not_open),
		cmocka_unit_test(signatures_are_of_one_key_and_one_text),
		cmocka_unit_test(created_key_is_private_and_is_never_overwritten),
		cmocka_unit_test(keys_that_others_can_touch_are_refused),
		cmocka_unit_test(keys_of_another_length_are_refused),
		cmocka_unit_test(links_and_fifos_are_no_keys),
		cmocka_unit_test(systemd_credentials_have_a_mode_of_their_own),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
