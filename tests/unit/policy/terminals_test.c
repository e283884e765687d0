/* policy/terminals.c, ca_bundle.c, rights.c */
#include "policy/rights.h"
#include "policy/terminals.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void
names_are_printable_without_comma_and_quotes(void **state)
{
	static const char *const bad[] = {
		"", " ", "a,b", "a\"b", "a'b", "a\nb", "\xff", "a\u202eb"};
	struct field_error error = {0};
	char name[TERMINAL_NAME_SIZE], text[300] = "";

	(void)state;
	assert_int_equal(terminal_name_parse("998-踏み台端末02(Local)", name, &error), 0);
	assert_string_equal(name, "998-踏み台端末02(Local)");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(terminal_name_parse(bad[i], name, &error), -EINVAL);
	for (int i = 0; i < 64; i++)
		strcat(text, "端");
	assert_int_equal(terminal_name_parse(text, name, &error), 0);
	strcat(text, "x");
	assert_int_equal(terminal_name_parse(text, name, &error), -EINVAL);
}

static void
a_name_is_known_without_the_prefix(void **state)
{
	(void)state;
	assert_true(terminal_name_is("998-", "998-PACS-02", "998-pacs-02"));
	assert_true(terminal_name_is("998-", "Pacs-02", "998-pacs-02"));
	assert_true(terminal_name_is("998-", "ct", "ct"));
	assert_true(terminal_name_is("", "ct", "CT"));
	assert_false(terminal_name_is("998-", "pacs-0", "998-pacs-02"));
	assert_false(terminal_name_is("998-", "123-ct", "998-123-ct"));
	assert_false(terminal_name_is("998-", "998-ct", "ct"));
	assert_false(terminal_name_is("998-", "", "ct"));
}

static void
addresses_are_names_or_numbers_without_port(void **state)
{
	static const char *const good[] = {"192.168.10.21", "fd00::21", "pacs-01.hospital.example",
		"pacs_01", "a", "3com.example", "host.3f", "0xhost", " pacs-01 "};
	static const char *const bad[] = {"", "192.168.10.256", "192.168.10", "pacs 01",
		"pacs-01:3389", "[fd00::21]", "-pacs", "pacs-", "a..b", ".a", "a.", "a-.b", "病院",
		"pacs/01", "1.2.3.4.5", "0x7f.1", "pacs.017", "0X7F000001", "0x", "9"};
	struct field_error error = {0};
	char address[TERMINAL_ADDRESS_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_int_equal(terminal_address_parse(good[i], address, &error), 0);
	assert_string_equal(address, "pacs-01");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(terminal_address_parse(bad[i], address, &error), -EINVAL);
}

static void
what_is_dialled_alike_is_one_host(void **state)
{
	static const struct {
		const char *address;
		uint16_t port;
		const char *host;
	} rows[] = {
		{"PACS-01.Internal", 3389, "pacs-01.internal:3389"},
		{"pacs-01.internal", 3390, "pacs-01.internal:3390"},
		{"192.168.10.21", 3389, "192.168.10.21:3389"},
		{"FE80:0:0::0001", 3389, "[fe80::1]:3389"},
		{"fe80::1", 3389, "[fe80::1]:3389"},
	};
	struct terminal terminal = {0};
	char host[TERMINAL_HOST_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		strcpy(terminal.address, rows[i].address);
		terminal.port = rows[i].port;
		terminal_host(&terminal, host);
		assert_string_equal(host, rows[i].host);
	}
	memset(terminal.address, 'A', sizeof(terminal.address) - 1);
	terminal.port = 65535;
	terminal_host(&terminal, host);
	assert_int_equal(strlen(host), sizeof(terminal.address) - 1 + strlen(":65535"));
}

static void
ports_and_capacities_have_ends(void **state)
{
	struct field_error error = {0};
	uint32_t capacity;
	uint16_t port;

	(void)state;
	assert_int_equal(terminal_port_parse(0, &port, &error), -EINVAL);
	assert_int_equal(terminal_port_parse(1, &port, &error), 0);
	assert_int_equal(terminal_port_parse(65535, &port, &error), 0);
	assert_int_equal(port, 65535);
	assert_int_equal(terminal_port_parse(65536, &port, &error), -EINVAL);
	assert_string_equal(error.value, "65536");
	assert_int_equal(terminal_capacity_parse(-1, &capacity, &error), -EINVAL);
	assert_int_equal(terminal_capacity_parse(1000, &capacity, &error), 0);
	assert_int_equal(terminal_capacity_parse(1001, &capacity, &error), -EINVAL);
}

static void
pins_are_read_with_and_without_colons(void **state)
{
	static const char plain[] =
		"000102030405060708090A0B0C0D0E0F101112131415161718191a1b1c1d1e1f";
	static const char colons[] = "00:01:02:03:04:05:06:07:08:09:0a:0b:0c:0d:0e:0f:"
				     "10:11:12:13:14:15:16:17:18:19:1a:1b:1c:1d:1e:1f";
	static const char *const bad[] = {"", "00", ":",
		"zz0102030405060708090A0B0C0D0E0F101112131415161718191a1b1c1d1e1f",
		"000102030405060708090A0B0C0D0E0F101112131415161718191a1b1c1d1e1f00",
		"0:0010203040506:0708090A0B0C0D0E0F101112131415161718191a1b1c1d1e1f",
		"000102030405060708090A0B0C0D0E0F101112131415161718191a1b1c1d1e1f:"};
	struct field_error error = {0};
	uint8_t pin[TERMINAL_PIN_BYTES];

	(void)state;
	assert_int_equal(terminal_pin_parse(plain, pin, &error), 0);
	assert_int_equal(terminal_pin_parse(colons, pin, &error), 0);
	for (uint8_t i = 0; i < sizeof(pin); i++)
		assert_int_equal(pin[i], i);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(terminal_pin_parse(bad[i], pin, &error), -EINVAL);
}

static void
ca_bundles_hold_certificates_and_no_key(void **state)
{
	/* Made for this test: openssl req -x509 -newkey ed25519 -nodes -subj /CN=test -days 36500 */
	static const char certificate[] =
		"-----BEGIN CERTIFICATE-----\n"
		"MIIBNDCB56ADAgECAhQ43OSuVFuQU5gVqt1GSyEz7J+ADDAFBgMrZXAwDzENMAsG\n"
		"A1UEAwwEdGVzdDAgFw0yNjExMjEwMDE2MDZaGA8yMTI2MTAyODAwMTYwNlowDzEN\n"
		"MAsGA1UEAwwEdGVzdDAqMAUGAytlcAMhAFX+zgzw2iVtkw1DUBCAfz1xeWwe+KiT\n"
		"bB3zrtFtvDxto1MwUTAdBgNVHQ4EFgQUehUt/oFnefuh03HAm0YL2nL7EsYwHwYD\n"
		"VR0jBBgwFoAUehUt/oFnefuh03HAm0YL2nL7EsYwDwYDVR0TAQH/BAUwAwEB/zAF\n"
		"BgMrZXADQQC3RKd6XRQX8uijxAlQiMxgfCVxjdcB8/wtyseR9yXkKFQI9BppSmup\n"
		"YZfzaGRVgQwaWEtELy8m5zlNqFhfUjUD\n"
		"-----END CERTIFICATE-----\n";
	struct field_error error = {0};
	char text[4000];

	(void)state;
	assert_int_equal(terminal_ca_bundle_check(certificate, &error), 0);
	strcpy(text, certificate);
	strcat(text, certificate);
	assert_int_equal(terminal_ca_bundle_check(text, &error), 0);
	text[strlen(certificate) + 60] = '!';
	assert_int_equal(terminal_ca_bundle_check(text, &error), -EINVAL);
	assert_int_equal(terminal_ca_bundle_check("", &error), -EINVAL);
	assert_int_equal(terminal_ca_bundle_check("hello", &error), -EINVAL);
	strcpy(text, certificate);
	strcat(text, "-----BEGIN PRIVATE KEY-----\n");
	assert_int_equal(terminal_ca_bundle_check(text, &error), -EINVAL);
}

static void
rights_open_their_channels_and_no_other(void **state)
{
	(void)state;
	assert_int_equal(session_rights_of_channel("cliprdr"), SESSION_RIGHTS_CLIPBOARD);
	assert_int_equal(session_rights_of_channel("CLIPRDR"), SESSION_RIGHTS_CLIPBOARD);
	assert_int_equal(session_rights_of_channel("rdpdr"),
		SESSION_RIGHTS_DRIVES | SESSION_RIGHT_PRINTER | SESSION_RIGHT_SMARTCARD);
	assert_int_equal(session_rights_of_channel("rdpsnd"), SESSION_RIGHT_SOUND);
	assert_int_equal(session_rights_of_channel("drdynvc"), SESSION_DISPLAY);
	assert_int_equal(session_rights_of_channel("rail"), 0);
	assert_int_equal(session_rights_of_channel("clip"), 0);
	assert_int_equal(session_rights_of_channel("cliprdrx"), 0);
	assert_int_equal(session_rights_of_channel(""), 0);
}

static void
new_terminals_let_display_and_sound_through(void **state)
{
	(void)state;
	assert_int_equal(session_rights_default(), SESSION_RIGHT_SOUND | SESSION_RIGHT_CHANNELS);
	assert_ptr_equal(session_right_find("clipboard-in"), session_right_at(0));
	assert_null(session_right_find("everything"));
	assert_null(session_right_at(13));
}

/* Who only looks moves nothing: no touch, no USB keyboard, and no channel of which nobody knows what it carries. */
static void
who_only_looks_has_no_channel_that_could_carry_input(void **state)
{
	uint32_t looks = session_rights_at_host(session_rights_all() | SESSION_LOOK_ONLY);

	(void)state;
	assert_int_equal(session_rights_at_host(0), SESSION_DISPLAY | SESSION_TOUCH);
	assert_int_equal(looks & (SESSION_TOUCH | SESSION_RIGHT_USB | SESSION_RIGHT_CHANNELS), 0);
	assert_int_equal(looks & (SESSION_DISPLAY | SESSION_LOOK_ONLY | SESSION_RIGHT_SOUND),
		SESSION_DISPLAY | SESSION_LOOK_ONLY | SESSION_RIGHT_SOUND);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_printable_without_comma_and_quotes),
		cmocka_unit_test(a_name_is_known_without_the_prefix),
		cmocka_unit_test(addresses_are_names_or_numbers_without_port),
		cmocka_unit_test(what_is_dialled_alike_is_one_host),
		cmocka_unit_test(ports_and_capacities_have_ends),
		cmocka_unit_test(pins_are_read_with_and_without_colons),
		cmocka_unit_test(ca_bundles_hold_certificates_and_no_key),
		cmocka_unit_test(rights_open_their_channels_and_no_other),
		cmocka_unit_test(who_only_looks_has_no_channel_that_could_carry_input),
		cmocka_unit_test(new_terminals_let_display_and_sound_through),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
