/* policy/mediated_logon.c: whoever makes a terminal one whose engineers cannot log on reads so, by whatever change. */
#include "session_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define EDIT(changes) "{\"name\":\"pacs-01\",\"changes\":{" changes "}}"
#define SET(user, domain)                                                                     \
	"{\"name\":\"pacs-01\",\"user\":\"" user "\",\"domain\":\"" domain "\",\"password\":" \
	"\"x\"}"

static bool
lacks(void)
{
	const json_t *value = json_object_get(call.result, "lacks_kerberos");

	assert_true(json_is_boolean(value));
	return json_is_true(value);
}

static void
have_kerberos(bool has)
{
	fixture.settings.has_kerberos = has;
	store_change_settings(fixture.store, &fixture.settings);
}

/* A terminal that all of it is true of: a name, mediated, the engineer's own account. */
static void
prepare(void)
{
	have_kerberos(true);
	expect_ok(method_terminal_edit, EDIT("\"address\":\"pacs.example.jp\""));
	assert_false(lacks());
	expect_ok(method_terminal_edit, EDIT("\"credentials\":\"pass-through\""));
	assert_false(lacks());
	expect_ok(method_terminal_edit, EDIT("\"relay\":\"mediated\""));
	assert_true(lacks());
}

static void
each_thing_that_it_takes_is_looked_at(void **state)
{
	static const char *const otherwise[][2] = {
		{EDIT("\"relay\":\"transparent\""), EDIT("\"relay\":\"mediated\"")},
		{EDIT("\"nla\":\"off\""), EDIT("\"nla\":\"auto\"")},
		{EDIT("\"credentials\":\"typed\""), EDIT("\"credentials\":\"pass-through\"")},
		{EDIT("\"address\":\"192.168.10.21\""), EDIT("\"address\":\"pacs.example.jp\"")},
		{EDIT("\"address\":\"fe80::1\""), EDIT("\"address\":\"pacs.example.jp\"")},
	};

	(void)state;
	prepare();
	for (size_t i = 0; i < sizeof(otherwise) / sizeof(otherwise[0]); i++) {
		expect_ok(method_terminal_edit, otherwise[i][0]);
		assert_false(lacks());
		expect_ok(method_terminal_edit, otherwise[i][1]);
		assert_true(lacks());
	}
	have_kerberos(false);
	expect_ok(method_terminal_edit, EDIT("\"note\":\"2F\""));
	assert_false(lacks());
}

/* An account without a domain is in no realm. */
static void
a_stored_account_counts_by_its_domain(void **state)
{
	(void)state;
	prepare();
	expect_ok(method_terminal_set_credential, SET("maint", ""));
	expect_ok(method_terminal_edit, EDIT("\"credentials\":\"injected\""));
	assert_false(lacks());
	expect_ok(method_terminal_set_credential, SET("maint", "HOSP"));
	assert_true(lacks());
	expect_ok(method_terminal_edit, EDIT("\"note\":\"2F\""));
	assert_true(lacks());
	expect_ok(method_terminal_set_credential, SET("maint@hosp.example.jp", ""));
	assert_true(lacks());
	expect_ok(method_terminal_set_credential, SET("maint", ""));
	assert_false(lacks());
}

static void
a_new_terminal_says_so_too(void **state)
{
	(void)state;
	have_kerberos(true);
	expect_ok(method_terminal_add,
		"{\"name\":\"mri-01\",\"address\":\"mri.example.jp\",\"relay\":\"mediated\","
		"\"credentials\":\"pass-through\"}");
	assert_true(lacks());
	expect_ok(method_terminal_add, "{\"name\":\"mri-02\",\"address\":\"mri.example.jp\"}");
	assert_false(lacks());
}

#define IN_OUT(test) cmocka_unit_test_setup_teardown(test, session_setup, session_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_OUT(each_thing_that_it_takes_is_looked_at),
		IN_OUT(a_stored_account_counts_by_its_domain),
		IN_OUT(a_new_terminal_says_so_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
