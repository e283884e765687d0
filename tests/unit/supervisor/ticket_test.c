/* gateway/supervisor/ticket.c */
#include "supervisor/ticket.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void
find(const char *token, const char *user, const char *password, struct shown_ticket *ret_shown)
{
	static struct msg_introduced introduced;

	memset(&introduced, 0, sizeof(introduced));
	snprintf(introduced.routing_token, sizeof(introduced.routing_token), "%s", token);
	snprintf(introduced.user, sizeof(introduced.user), "%s", user);
	introduced.password_len = (uint32_t)strlen(password);
	memcpy(introduced.password, password, introduced.password_len);
	ticket_shown(&introduced, ret_shown);
}

static void
ways_to_show_a_ticket(void **state)
{
	static const struct {
		const char *token, *user, *password;
		const char *handle, *secret;
	} rows[] = {
		{"Cookie: msts=+abc", "SECRET", "", "+abc", "SECRET"},
		{"+abc", "SECRET", "", "+abc", "SECRET"},
		{"", "+abc", "SECRET", "+abc", "SECRET"},
		{"Cookie: mstshash=+abc", "+abc", "SECRET", "+abc", "SECRET"},
		{"+abc", "+abc", "SECRET", "+abc", "SECRET"},
		/* The handle alone, in each of the ways. */
		{"Cookie: msts=+abc", "", "", "+abc", ""},
		{"", "+abc", "", "+abc", ""},
		/* Somebody who has no ticket. */
		{"", "taro", "password", "", ""},
		{"Cookie: mstshash=taro", "taro", "password", "", ""},
		{"", "", "", "", ""},
	};
	struct shown_ticket shown;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		find(rows[i].token, rows[i].user, rows[i].password, &shown);
		assert_string_equal(shown.handle, rows[i].handle);
		assert_string_equal(shown.secret, rows[i].secret);
	}
}

static void
what_is_too_long_is_as_good_as_nothing(void **state)
{
	char longer[200];
	struct shown_ticket shown;

	(void)state;
	memset(longer, 'A', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	find("Cookie: msts=+abc", longer, "", &shown);
	assert_string_equal(shown.handle, "+abc");
	assert_string_equal(shown.secret, "");
	longer[0] = '+';
	find("", longer, "SECRET", &shown);
	assert_string_equal(shown.handle, "");
}

static void
a_redirected_client_brings_back_a_number(void **state)
{
	static struct msg_introduced introduced = {.redirected_session = 4000000000u};
	struct shown_ticket shown;

	(void)state;
	strcpy(introduced.routing_token, "Cookie: msts=+abc");
	strcpy(introduced.user, "taro"); /* as it was typed at first */
	ticket_shown(&introduced, &shown);
	assert_string_equal(shown.handle, "+abc");
	assert_string_equal(shown.secret, "4000000000");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ways_to_show_a_ticket),
		cmocka_unit_test(what_is_too_long_is_as_good_as_nothing),
		cmocka_unit_test(a_redirected_client_brings_back_a_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
