/* gateway/supervisor/credentials.c: what a user's name in Client Info may say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "supervisor/credentials.h"

#include <string.h>

static void
account_and_terminal_are_taken_apart(void **state)
{
	static const struct {
		const char *user, *account, *terminal;
	} cases[] = {
		{"taro", "taro", ""},
		{"taro%pacs-01", "taro", "pacs-01"},
		{"taro#pacs-01", "taro", "pacs-01"},
		{"998-taro@example.jp#998-踏み台端末02(Local)", "998-taro@example.jp",
			"998-踏み台端末02(Local)"},
		{"GATEWAY\\taro", "taro", ""},
		{"GATEWAY\\taro%a\\b", "taro", "a\\b"},
		{"  taro % pacs 01 ", "taro", "pacs 01"},
		{"taro%pacs#1", "taro", "pacs#1"},
		{"%pacs-01", "", "pacs-01"},
		{"%", "", ""},
		{"", "", ""},
		{"   ", "", ""},
		{"a\\", "", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct credentials credentials = {0};

		credentials_set_user(&credentials, cases[i].user);
		assert_string_equal(credentials.account, cases[i].account);
		assert_string_equal(credentials.terminal, cases[i].terminal);
	}
}

static void
the_longest_name_fits(void **state)
{
	struct credentials credentials = {0};
	char user[CREDENTIAL_SIZE];

	(void)state;
	memset(user, 'x', sizeof(user) - 1);
	user[sizeof(user) - 1] = '\0';
	credentials_set_user(&credentials, user);
	assert_string_equal(credentials.account, user);
	user[0] = '%';
	credentials_set_user(&credentials, user);
	assert_string_equal(credentials.account, "");
	assert_string_equal(credentials.terminal, user + 1);
}

static void
a_password_with_a_nul_is_none(void **state)
{
	struct credentials credentials = {0};

	(void)state;
	assert_int_equal(credentials_set_password(&credentials, "right", 5), 0);
	assert_int_equal(credentials.password.len, 5);
	assert_string_equal((char *)credentials.password.bytes, "right");
	assert_int_equal(credentials_set_password(&credentials, "right\0more", 10), 0);
	assert_int_equal(credentials.password.len, 0);
	assert_int_equal(credentials_set_password(&credentials, "right", 5), 0);
	assert_int_equal(credentials_set_password(&credentials, "", 0), 0);
	assert_int_equal(credentials.password.len, 0);
	credentials_done(&credentials);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(account_and_terminal_are_taken_apart),
		cmocka_unit_test(the_longest_name_fits),
		cmocka_unit_test(a_password_with_a_nul_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
