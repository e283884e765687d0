/* gateway/supervisor/session_prefix.c: the first digits of a session's id. */
#include "supervisor/session_prefix.h"

#include "base/bytes.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static bool
fits(const char *typed, const char *id)
{
	struct session_prefix prefix;
	uint8_t bytes[SESSION_ID_BYTES];

	assert_int_equal(session_prefix_parse(typed, &prefix), 0);
	assert_int_equal(bytes_from_hex(id, bytes, sizeof(bytes)), 0);
	return session_prefix_fits(&prefix, bytes);
}

static void
the_first_digits_name_a_session(void **state)
{
	static const char id[] = "7f31a2c4e5060708090a0b0c0d0e0f10";

	(void)state;
	assert_true(fits("7f31a2c", id)); /* an odd number ends within a byte */
	assert_true(fits("7f31a2c4", id));
	assert_true(fits("7F31A2C4E", id));
	assert_true(fits(id, id));
	assert_false(fits("7f31a2d", id));
	assert_false(fits("7f31a2b", id));
	assert_false(fits("7f31a2c4e5060708090a0b0c0d0e0f11", id));
	assert_true(fits("fffffff", "ffffffffffffffffffffffffffffffff"));
	assert_true(fits("0000000", "00000000000000000000000000000000"));
}

static void
what_is_too_short_or_no_id_is_refused(void **state)
{
	static const char *const wrong[] = {"", "7f31a2", "7f31a2g", "7f31a2c ", "-f31a2c4",
		"7f31a2c4e5060708090a0b0c0d0e0f100", "7f31a2c4…"};
	struct session_prefix prefix;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(session_prefix_parse(wrong[i], &prefix), -EINVAL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_digits_name_a_session),
		cmocka_unit_test(what_is_too_short_or_no_id_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
