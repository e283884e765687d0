/* policy/sign_in_names.c */
#include "policy/sign_in_names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const struct facility facility = {.prefix = "998-", .domain = "example.jp"};

static void
each_form_of_an_account_is_the_same_name(void **state)
{
	static const char *const forms[] = {"taro.yamada", "Taro.Yamada",
		"998-taro.yamada@example.jp", "998-TARO.YAMADA", " taro.yamada@EXAMPLE.jp "};
	char name[SIGN_IN_NAME_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		assert_true(sign_in_name(&facility, forms[i], name));
		assert_string_equal(name, "taro.yamada");
	}
}

/* Long, empty, of other characters, of bytes that are no text: each has a name of its own that any table takes. */
static void
what_no_account_can_be_called_is_counted_under_its_hash(void **state)
{
	static char longer[1000001];
	static const char *const others[] = {"", "taro yamada", "山田", "\xff\xfe",
		"taro\xe2\x80\xae", "'; DROP TABLE account; --", longer};
	char name[SIGN_IN_NAME_SIZE], before[SIGN_IN_NAME_SIZE] = "";

	(void)state;
	memset(longer, 'a', sizeof(longer) - 1);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		assert_false(sign_in_name(&facility, others[i], name));
		assert_int_equal(strlen(name), 65);
		assert_int_equal(name[0], '?');
		assert_int_equal(strspn(name + 1, "0123456789abcdef"), 64);
		assert_string_not_equal(name, before);
		strcpy(before, name);
	}
}

static void
who_counts_as_one_source_and_as_one_network(void **state)
{
	static const struct {
		const char *address, *source, *network;
	} rows[] = {
		{"10.1.2.3", "10.1.2.3", "10.1.2.0/24"},
		{"::ffff:10.1.2.3", "10.1.2.3", "10.1.2.0/24"},
		{"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", "2001:db8:1:2::/64"},
		{"2001:db8:1:2::9", "2001:db8:1:2::/64", "2001:db8:1:2::/64"},
		{"fe80::1", "fe80::/64", "fe80::/64"},
		{"pacs-01", "?", "?"},
		{"", "?", "?"},
	};
	char source[SOURCE_SIZE], network[SOURCE_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		sign_in_source(rows[i].address, source);
		sign_in_network(rows[i].address, network);
		assert_string_equal(source, rows[i].source);
		assert_string_equal(network, rows[i].network);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_form_of_an_account_is_the_same_name),
		cmocka_unit_test(what_no_account_can_be_called_is_counted_under_its_hash),
		cmocka_unit_test(who_counts_as_one_source_and_as_one_network),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
