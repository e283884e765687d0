/* gateway/supervisor/evidence_text.c */
#include "supervisor/evidence_text.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct slice
slice(const char *text)
{
	return (struct slice){text, strlen(text)};
}

static void
mac_is_read_in_every_usual_form(void **state)
{
	static const uint8_t expected[MAC_SIZE] = {0x02, 0x00, 0x5e, 0xab, 0xcd, 0xef};
	static const char *const forms[] = {
		"02:00:5e:ab:cd:ef", "02-00-5E-AB-CD-EF", "0200.5eab.cdef", "02005EabCDef"};
	uint8_t mac[MAC_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		memset(mac, 0, sizeof(mac));
		assert_int_equal(slice_mac(slice(forms[i]), mac), 0);
		assert_memory_equal(mac, expected, MAC_SIZE);
	}
}

static void
mac_that_no_station_has_is_refused(void **state)
{
	static const char *const wrong[] = {"", "0", "02:00:5e:ab:cd", "02:00:5e:ab:cd:ef:01",
		"02:00:5e:ab:cd:eg", "02:00:5e:ab:cd-ef",
		"02:00:5e:ab:cd:ef:", ":02:00:5e:ab:cd:ef", "02:00:5e:ab:cd:e", "0200.5eab.cde",
		"0200:5eab:cdef", "02005eabcdef0", "02005eabcde", "00:00:00:00:00:00",
		"ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:01", "06-02:00:5e:ab:cd:ef",
		"02-00-5E-AB-CD-EF:ssid", "10.0.0.7", "0312345678", "............",
		"020.05e.abc.def"};
	uint8_t mac[MAC_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (slice_mac(slice(wrong[i]), mac) != -EINVAL)
			fail_msg("'%s' was read as a MAC address", wrong[i]);
	}
}

static void
numbers_are_digits_within_their_limit(void **state)
{
	uint64_t number;

	(void)state;
	assert_int_equal(slice_number(slice("0"), 0, &number), 0);
	assert_int_equal(number, 0);
	assert_int_equal(slice_number(slice("4294967295"), UINT32_MAX, &number), 0);
	assert_int_equal(number, UINT32_MAX);
	assert_int_equal(slice_number(slice("4294967296"), UINT32_MAX, &number), -EINVAL);
	assert_int_equal(slice_number(slice("18446744073709551615"), UINT64_MAX, &number), 0);
	assert_int_equal(slice_number(slice("18446744073709551616"), UINT64_MAX, &number), -EINVAL);
	assert_int_equal(slice_number(slice("5"), 3, &number), -EINVAL);
	assert_int_equal(slice_number(slice(""), 9, &number), -EINVAL);
	assert_int_equal(slice_number(slice("-1"), 9, &number), -EINVAL);
	assert_int_equal(slice_number(slice(" 1"), 9, &number), -EINVAL);
	assert_int_equal(slice_number(slice("1x"), 9, &number), -EINVAL);
}

static void
lines_without_their_end_are_not_given(void **state)
{
	struct slice text = slice("one\r\n\ntwo\nthr"), line;

	(void)state;
	assert_true(slice_take_line(&text, &line));
	assert_true(slice_equals(line, "one"));
	assert_true(slice_take_line(&text, &line));
	assert_int_equal(line.len, 0);
	assert_true(slice_take_line(&text, &line));
	assert_true(slice_equals(line, "two"));
	assert_false(slice_take_line(&text, &line));
	assert_true(slice_equals(text, "thr"));
}

static void
fields_may_be_empty(void **state)
{
	struct slice line = slice("a,,b,"), field;

	(void)state;
	assert_true(slice_take_field(&line, ',', &field) && slice_equals(field, "a"));
	assert_true(slice_take_field(&line, ',', &field) && field.len == 0);
	assert_true(slice_take_field(&line, ',', &field) && slice_equals(field, "b"));
	assert_true(slice_take_field(&line, ',', &field) && field.len == 0);
	assert_false(slice_take_field(&line, ',', &field));
}

static void
addresses_have_one_form(void **state)
{
	uint8_t one[ADDRESS_SIZE], other[ADDRESS_SIZE];

	(void)state;
	assert_int_equal(slice_address(slice("10.0.0.7"), one), 0);
	assert_int_equal(slice_address(slice("::ffff:10.0.0.7"), other), 0);
	assert_memory_equal(one, other, ADDRESS_SIZE);
	assert_true(address_is_ipv4(one));
	assert_int_equal(slice_address(slice("fd00::7"), one), 0);
	assert_false(address_is_ipv4(one));
	assert_int_equal(slice_address(slice(""), one), -EINVAL);
	assert_int_equal(slice_address(slice("10.0.0.256"), one), -EINVAL);
	assert_int_equal(slice_address(slice("10.0.0.7/24"), one), -EINVAL);
	assert_int_equal(slice_address((struct slice){"10.0.0.7\0", 9}, one), -EINVAL);
	assert_int_equal(slice_address(slice("fe80::1%eth0"), one), -EINVAL);
	assert_int_equal(
		slice_address(slice("0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000"), one),
		-EINVAL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mac_is_read_in_every_usual_form),
		cmocka_unit_test(mac_that_no_station_has_is_refused),
		cmocka_unit_test(numbers_are_digits_within_their_limit),
		cmocka_unit_test(lines_without_their_end_are_not_given),
		cmocka_unit_test(fields_may_be_empty),
		cmocka_unit_test(addresses_have_one_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
