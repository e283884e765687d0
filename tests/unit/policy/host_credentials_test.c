/* policy/host_credentials.c */
#include "policy/host_credentials.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct host_credentials
given(const char *user, const char *domain, const char *password, size_t len)
{
	const struct secret secret = {(uint8_t *)password, len};
	struct host_credentials credentials = {.mode = CREDENTIALS_PASS_THROUGH};

	assert_int_equal(host_credentials_set(&credentials, user, domain, &secret), 0);
	return credentials;
}

static void
what_was_typed_is_taken_and_wiped(void **state)
{
	struct host_credentials credentials = given("taro", "HOSP", "secret", 6);

	(void)state;
	assert_true(host_credentials_given(&credentials));
	assert_string_equal(credentials.user, "taro");
	assert_string_equal(credentials.domain, "HOSP");
	assert_string_equal((const char *)credentials.password.bytes, "secret");
	host_credentials_done(&credentials);
	assert_false(host_credentials_given(&credentials));
	assert_int_equal(credentials.mode, CREDENTIALS_PASS_THROUGH);
	for (size_t i = 0; i < sizeof(credentials.user); i++)
		assert_int_equal(credentials.user[i] | credentials.domain[i], 0);
	host_credentials_done(NULL);
}

/* Cut, it would be somebody else's name or a wrong password, and lock an account at the jump host. */
static void
what_client_info_cannot_carry_is_not_taken(void **state)
{
	char longest[HOST_TEXT_MAX + 2];

	(void)state;
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	{
		struct host_credentials none[] = {
			given("", "", "secret", 6),
			given("taro", "", "", 0),
			given(longest, "", "secret", 6),
			given("taro", longest, "secret", 6),
			given("taro", "", longest, HOST_TEXT_MAX + 1),
			given("taro", "", "se\0ret", 6),
			given("taro", "", "\xff", 1),
		};
		struct host_credentials most = given("taro", "", longest, HOST_TEXT_MAX);

		for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
			assert_false(host_credentials_given(&none[i]));
		assert_true(host_credentials_given(&most));
		host_credentials_done(&most);
	}
}

static void
characters_beyond_the_first_plane_count_twice(void **state)
{
	char text[4 * HOST_TEXT_MAX + 1] = "";

	(void)state;
	for (int i = 0; i < HOST_TEXT_MAX / 2; i++)
		strcat(text, "\U0001f5dd");
	assert_int_equal(host_password_check(text, &(struct field_error){0}), 0);
	strcat(text, "\U0001f5dd");
	assert_int_not_equal(host_password_check(text, &(struct field_error){0}), 0);
}

static void
names_of_modes_are_read_back(void **state)
{
	struct field_error error = {0};
	enum credential_mode mode;
	enum terminal_nla nla;

	(void)state;
	for (int i = 0; i < CREDENTIALS_COUNT; i++) {
		assert_int_equal(
			credential_mode_parse(
				credential_mode_name((enum credential_mode)i), &mode, &error),
			0);
		assert_int_equal(mode, i);
	}
	for (int i = 0; i < TERMINAL_NLA_COUNT; i++) {
		assert_int_equal(
			terminal_nla_parse(terminal_nla_name((enum terminal_nla)i), &nla, &error),
			0);
		assert_int_equal(nla, i);
	}
	assert_int_not_equal(credential_mode_parse("Typed", &mode, &error), 0);
	assert_string_equal(error.field, "credentials");
	assert_int_not_equal(terminal_nla_parse("", &nla, &error), 0);
	assert_string_equal(error.field, "nla");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_typed_is_taken_and_wiped),
		cmocka_unit_test(what_client_info_cannot_carry_is_not_taken),
		cmocka_unit_test(characters_beyond_the_first_plane_count_twice),
		cmocka_unit_test(names_of_modes_are_read_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
