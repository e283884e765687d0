#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/auditor_key.h"

#include <errno.h>
#include <string.h>

/* Computed with Python's base64 and zlib.crc32. */
#define TANAKA "tanaka=AQABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fQIh5iQ"

static struct auditor_key
tanaka(void)
{
	struct auditor_key key = {.name = "tanaka"};

	for (uint8_t i = 0; i < sizeof(key.key); i++)
		key.key[i] = i;
	return key;
}

static void
key_is_written_and_read(void **state)
{
	struct auditor_key key = tanaka(), read = {0};
	char text[AUDITOR_KEY_TEXT_SIZE];

	(void)state;
	assert_int_equal(auditor_key_write(&key, text), 0);
	assert_string_equal(text, TANAKA);
	assert_int_equal(auditor_key_read(text, &read), 0);
	assert_string_equal(read.name, "tanaka");
	assert_memory_equal(read.key, key.key, sizeof(key.key));
}

/* Each character with each other that may stand there: no single slip makes another key. */
static void
no_slip_of_the_pen_is_a_key(void **state)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=. ";
	struct auditor_key read;

	(void)state;
	for (size_t at = 0; at < strlen(TANAKA); at++) {
		for (const char *digit = digits; *digit != '\0'; digit++) {
			char text[] = TANAKA;

			text[at] = *digit;
			if (strcmp(text, TANAKA) != 0)
				assert_int_equal(auditor_key_read(text, &read), -EINVAL);
		}
	}
	for (size_t len = 0; len < strlen(TANAKA); len++) {
		char text[] = TANAKA;

		text[len] = '\0';
		assert_int_equal(auditor_key_read(text, &read), -EINVAL);
	}
	assert_int_equal(auditor_key_read(TANAKA "A", &read), -EINVAL);
}

static void
names_that_could_be_taken_for_something_else_are_refused(void **state)
{
	static const char *const names[] = {
		"", "-tanaka", ".tanaka", "田中", "a b", "a=b", "a,b", "a\nb"};
	struct auditor_key key = tanaka();
	char text[AUDITOR_KEY_TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		strcpy(key.name, names[i]);
		assert_int_equal(auditor_key_write(&key, text), -EINVAL);
	}
	memset(key.name, 'a', sizeof(key.name) - 1);
	key.name[sizeof(key.name) - 1] = '\0';
	assert_int_equal(auditor_key_write(&key, text), 0);
	assert_int_equal(auditor_key_read(text, &key), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(key_is_written_and_read),
		cmocka_unit_test(no_slip_of_the_pen_is_a_key),
		cmocka_unit_test(names_that_could_be_taken_for_something_else_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
