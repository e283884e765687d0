/* policy/passwords.c */
#include "policy/passwords.h"

#include <crypt.h>
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MANY 1000

struct made {
	char password[INITIAL_PASSWORD_SIZE];
	char hash[PASSWORD_HASH_SIZE];
};

static void
make(struct made *ret_made)
{
	assert_int_equal(initial_password_make(ret_made->password, sizeof(ret_made->password),
				 ret_made->hash, sizeof(ret_made->hash)),
		0);
}

static void
crypt_verifies_the_hash_and_nothing_else(void **state)
{
	struct made made;
	char other[INITIAL_PASSWORD_SIZE];

	(void)state;
	make(&made);
	assert_int_equal(strncmp(made.hash, "$y$", 3), 0);
	assert_string_equal(crypt(made.password, made.hash), made.hash);
	memcpy(other, made.password, sizeof(other));
	other[3] ^= 1;
	assert_string_not_equal(crypt(other, made.hash), made.hash);
	assert_int_equal(crypt_checksalt(made.hash), CRYPT_SALT_OK);
}

static void
groups_classes_and_no_look_alikes(void **state)
{
	struct made made;

	(void)state;
	for (int i = 0; i < MANY; i++) {
		bool upper = false, lower = false, digit = false;

		make(&made);
		assert_int_equal(strlen(made.password), INITIAL_PASSWORD_SIZE - 1);
		assert_true(isalpha((unsigned char)made.password[0]));
		assert_null(strpbrk(made.password, "0Oo1lI"));
		for (size_t at = 0; made.password[at] != '\0'; at++) {
			unsigned char character = (unsigned char)made.password[at];

			assert_int_equal(
				character == '-', at % (INITIAL_PASSWORD_GROUP_CHARACTERS + 1) ==
							  INITIAL_PASSWORD_GROUP_CHARACTERS);
			assert_true(character == '-' || isalnum(character));
			upper = upper || isupper(character);
			lower = lower || islower(character);
			digit = digit || isdigit(character);
		}
		assert_true(upper && lower && digit);
	}
}

/* A plain modulo would give lower case letters 120 of 256 instead of 24 of 56: 47 % instead of 43 %. The
 * limits are more than six standard deviations away. */
static void
every_character_is_as_likely_as_any_other(void **state)
{
	size_t seen[256] = {0};
	size_t lower = 0, all = 0;
	struct made made;

	(void)state;
	for (int i = 0; i < MANY; i++) {
		make(&made);
		for (const char *at = made.password + 1; *at != '\0'; at++) {
			if (*at == '-')
				continue;
			seen[(unsigned char)*at]++;
			all++;
			lower += islower((unsigned char)*at) != 0;
		}
	}
	assert_int_equal(all, 17 * MANY);
	assert_in_range(lower * 1000 / all, 403, 453);
	for (const char *at = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
		*at != '\0'; at++)
		assert_in_range(seen[(unsigned char)*at], all / 56 / 2, all / 56 * 2);
}

static int
compare(const void *one, const void *two)
{
	return strcmp(*(const char *const *)one, *(const char *const *)two);
}

static void
neither_password_nor_salt_comes_twice(void **state)
{
	static struct made made[MANY];
	static const char *texts[MANY];

	(void)state;
	for (size_t i = 0; i < MANY; i++) {
		make(&made[i]);
		texts[i] = made[i].password;
	}
	qsort(texts, MANY, sizeof(texts[0]), compare);
	for (size_t i = 1; i < MANY; i++)
		assert_string_not_equal(texts[i - 1], texts[i]);
	for (size_t i = 0; i < MANY; i++) {
		*strrchr(made[i].hash, '$') = '\0';
		texts[i] = made[i].hash;
	}
	qsort(texts, MANY, sizeof(texts[0]), compare);
	for (size_t i = 1; i < MANY; i++)
		assert_string_not_equal(texts[i - 1], texts[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(crypt_verifies_the_hash_and_nothing_else),
		cmocka_unit_test(groups_classes_and_no_look_alikes),
		cmocka_unit_test(every_character_is_as_likely_as_any_other),
		cmocka_unit_test(neither_password_nor_salt_comes_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
