/* gateway/recording/keys.c, keys_file.c */
#include "recording/keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int
ready(void **state)
{
	(void)state;
	return recording_keys_ready();
}

static void
only_the_private_key_opens_what_is_sealed_to_its_public_one(void **state)
{
	uint8_t one[RECORDING_PUBLIC_BYTES], other[RECORDING_PUBLIC_BYTES];
	uint8_t key[RECORDING_KEY_BYTES], back[RECORDING_KEY_BYTES];
	struct secret one_private = {0}, other_private = {0}, cut;
	struct recording_about about = {.sealed_count = 2};

	(void)state;
	assert_int_equal(recording_pair_new(one, &one_private), 0);
	assert_int_equal(recording_pair_new(other, &other_private), 0);
	recording_random(key, sizeof(key));
	assert_int_equal(recording_key_seal(key, one, &about.sealed[0]), 0);
	assert_int_equal(recording_key_seal(key, one, &about.sealed[1]), 0);
	assert_memory_equal(about.sealed[0].key_id, about.sealed[1].key_id, RECORDING_KEY_ID_BYTES);
	assert_memory_not_equal(
		about.sealed[0].sealed, about.sealed[1].sealed, RECORDING_SEALED_KEY_BYTES);
	assert_int_equal(recording_key_open(&about, &one_private, back), 0);
	assert_memory_equal(back, key, sizeof(key));
	assert_int_equal(recording_key_open(&about, &other_private, back), -ENOKEY);
	about.sealed[0].sealed[40] ^= 1;
	assert_int_equal(recording_key_open(&about, &one_private, back), 0);
	about.sealed_count = 1;
	assert_int_equal(recording_key_open(&about, &one_private, back), -ENOKEY);
	about.sealed_count = 2;
	cut = (struct secret){one_private.bytes, 31};
	assert_int_equal(recording_key_open(&about, &cut, back), -ENOKEY);
	secret_done(&one_private);
	secret_done(&other_private);
}

static void
nothing_is_sealed_to_what_is_no_key(void **state)
{
	static const uint8_t zeros[RECORDING_PUBLIC_BYTES];
	uint8_t key[RECORDING_KEY_BYTES] = {1};
	struct recording_sealed_key sealed;

	(void)state;
	assert_int_equal(recording_key_seal(key, zeros, &sealed), -EINVAL);
}

static void
a_private_keys_file_opens_with_its_passphrase_alone(void **state)
{
	const struct secret passphrase = {(uint8_t *)(uintptr_t) "correct horse", 13};
	const struct secret another = {(uint8_t *)(uintptr_t) "correct horsf", 13};
	char text[RECORDING_PRIVATE_FILE_MOST], expected[AUDITOR_KEY_TEXT_SIZE];
	struct auditor_key public_key = {.name = "tanaka"}, back;
	struct secret private_key = {0}, opened = {0};
	const char *why = NULL;
	char *at;

	(void)state;
	assert_int_equal(recording_pair_new(public_key.key, &private_key), 0);
	assert_int_equal(recording_private_to_text("tanaka", &private_key, &passphrase, text), 0);
	assert_int_equal(auditor_key_write(&public_key, expected), 0);
	assert_int_equal(recording_private_to_text("-", &private_key, &passphrase, text), -EINVAL);
	assert_non_null(strstr(text, expected));
	assert_int_equal(recording_private_public(text, strlen(text), &back), 0);
	assert_memory_equal(back.key, public_key.key, sizeof(back.key));
	assert_string_equal(back.name, "tanaka");
	assert_int_equal(
		recording_private_from_text(text, strlen(text), &passphrase, &opened, &why), 0);
	assert_int_equal(opened.len, private_key.len);
	assert_memory_equal(opened.bytes, private_key.bytes, opened.len);
	secret_done(&opened);
	assert_int_equal(recording_private_from_text(text, strlen(text), &another, &opened, &why),
		-EKEYREJECTED);
	assert_non_null(why);
	/* One digit of what is sealed. */
	at = text + strlen(text) - 5;
	*at = *at == '0' ? '1' : '0';
	assert_int_equal(
		recording_private_from_text(text, strlen(text), &passphrase, &opened, &why),
		-EKEYREJECTED);
	assert_null(opened.bytes);
	secret_done(&private_key);
}

static void
what_is_no_private_keys_file_is_refused_before_anything_is_computed(void **state)
{
	const struct secret passphrase = {(uint8_t *)(uintptr_t) "x", 1};
	uint8_t public_key[RECORDING_PUBLIC_BYTES];
	char text[RECORDING_PRIVATE_FILE_MOST], changed[RECORDING_PRIVATE_FILE_MOST];
	struct secret private_key = {0}, opened = {0};
	const char *why = NULL;
	char *at;

	(void)state;
	assert_int_equal(recording_pair_new(public_key, &private_key), 0);
	assert_int_equal(recording_private_to_text("tanaka", &private_key, &passphrase, text), 0);
	for (size_t len = 0; len + 2 < strlen(text); len += 7)
		assert_int_equal(recording_private_from_text(text, len, &passphrase, &opened, &why),
			-EINVAL);
	/* A file that would have a machine compute for hours, or take all its memory. */
	at = strstr(text, "argon2id 3 256 ");
	assert_non_null(at);
	strcpy(changed, text);
	memcpy(changed + (at - text), "argon2id 99 25 ", 15);
	assert_int_equal(
		recording_private_from_text(changed, strlen(changed), &passphrase, &opened, &why),
		-EINVAL);
	memcpy(changed + (at - text), "argon2id 3 9999", 15);
	assert_int_equal(
		recording_private_from_text(changed, strlen(changed), &passphrase, &opened, &why),
		-EINVAL);
	strcpy(changed, text);
	strcat(changed, "more\n");
	assert_int_equal(
		recording_private_from_text(changed, strlen(changed), &passphrase, &opened, &why),
		-EINVAL);
	assert_int_equal(
		recording_private_from_text(text, sizeof(text), &passphrase, &opened, &why),
		-EINVAL);
	secret_done(&private_key);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_private_key_opens_what_is_sealed_to_its_public_one),
		cmocka_unit_test(nothing_is_sealed_to_what_is_no_key),
		cmocka_unit_test(a_private_keys_file_opens_with_its_passphrase_alone),
		cmocka_unit_test(
			what_is_no_private_keys_file_is_refused_before_anything_is_computed),
	};

	return cmocka_run_group_tests(tests, ready, NULL);
}
