/* gateway/supervisor/rdp_file.c */
#include "supervisor/rdp_file.h"

#include "policy/rights.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct rdp_file usual = {
	.host = "gateway.example.jp",
	.port = 3389,
	.handle = "+0123456789abcdef",
	.secret = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA-",
};

static bool
has_line(const char *text, const char *line)
{
	char wanted[200];

	snprintf(wanted, sizeof(wanted), "%s\r\n", line);
	for (const char *at = strstr(text, wanted); at != NULL; at = strstr(at + 1, wanted)) {
		if (at == text || at[-1] == '\n')
			return true;
	}
	return false;
}

static void
ticket_and_address_are_where_clients_read_them(void **state)
{
	char text[RDP_FILE_SIZE];
	int len = rdp_file_write(&usual, text, sizeof(text));

	(void)state;
	assert_true(len > 0);
	assert_int_equal(len, strlen(text));
	assert_true(has_line(text, "full address:s:gateway.example.jp:3389"));
	assert_true(has_line(text, "loadbalanceinfo:s:Cookie: msts=+0123456789abcdef"));
	assert_true(has_line(text, "username:s:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA-"));
	assert_true(has_line(text, "enablecredsspsupport:i:0"));
	assert_true(has_line(text, "prompt for credentials:i:0"));
	assert_true(has_line(text, "use redirection server name:i:1"));
	assert_null(strstr(text, "password"));
}

static void
every_line_is_name_type_value_and_ends_with_crlf(void **state)
{
	char text[RDP_FILE_SIZE], *rest = text, *line;

	(void)state;
	assert_true(rdp_file_write(&usual, text, sizeof(text)) > 0);
	assert_string_equal(text + strlen(text) - 2, "\r\n");
	while ((line = strsep(&rest, "\n")) != NULL && *line != '\0') {
		const char *type = strchr(line, ':');

		assert_non_null(type);
		assert_true((type[1] == 's' || type[1] == 'i') && type[2] == ':');
		assert_true(line[strlen(line) - 1] == '\r');
	}
}

static void
nothing_is_redirected_but_what_is_granted(void **state)
{
	struct rdp_file file = usual;
	char text[RDP_FILE_SIZE];

	(void)state;
	assert_true(rdp_file_write(&file, text, sizeof(text)) > 0);
	assert_true(has_line(text, "redirectclipboard:i:0"));
	assert_true(has_line(text, "drivestoredirect:s:"));
	assert_true(has_line(text, "redirectprinters:i:0"));
	assert_true(has_line(text, "audiocapturemode:i:0"));
	assert_true(has_line(text, "audiomode:i:2"));
	file.rights = SESSION_RIGHT_CLIPBOARD_IN | SESSION_RIGHT_SOUND;
	assert_true(rdp_file_write(&file, text, sizeof(text)) > 0);
	assert_true(has_line(text, "redirectclipboard:i:1"));
	assert_true(has_line(text, "audiomode:i:0"));
	assert_true(has_line(text, "drivestoredirect:s:"));
}

static void
an_ipv6_address_stands_in_brackets(void **state)
{
	struct rdp_file file = usual;
	char text[RDP_FILE_SIZE];

	(void)state;
	file.host = "fd00::1";
	file.port = 13389;
	assert_true(rdp_file_write(&file, text, sizeof(text)) > 0);
	assert_true(has_line(text, "full address:s:[fd00::1]:13389"));
}

static void
no_field_can_begin_another_line(void **state)
{
	char text[RDP_FILE_SIZE];
	struct rdp_file file = usual;

	(void)state;
	file.host = "a\r\nalternate shell:s:cmd";
	assert_int_equal(rdp_file_write(&file, text, sizeof(text)), -EINVAL);
	file = usual;
	file.host = "";
	assert_int_equal(rdp_file_write(&file, text, sizeof(text)), -EINVAL);
	file = usual;
	file.secret = "a\nb";
	assert_int_equal(rdp_file_write(&file, text, sizeof(text)), -EINVAL);
}

static void
too_little_room_is_said(void **state)
{
	char text[RDP_FILE_SIZE];
	int len = rdp_file_write(&usual, text, sizeof(text));

	(void)state;
	assert_int_equal(rdp_file_write(&usual, text, (size_t)len), -EMSGSIZE);
	assert_int_equal(rdp_file_write(&usual, text, (size_t)len + 1), len);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ticket_and_address_are_where_clients_read_them),
		cmocka_unit_test(every_line_is_name_type_value_and_ends_with_crlf),
		cmocka_unit_test(nothing_is_redirected_but_what_is_granted),
		cmocka_unit_test(an_ipv6_address_stands_in_brackets),
		cmocka_unit_test(no_field_can_begin_another_line),
		cmocka_unit_test(too_little_room_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
