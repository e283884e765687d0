/* admin-cli/value_changes.c: what changed, in words. What the gateway records every day is in tests/scenario/g021. */
#include "admin-cli/values.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void
expect(const char *row_text, const char *expected)
{
	json_t *row = json_loads(row_text, 0, NULL);

	assert_non_null(row);
	assert_string_equal(value_changes(row), expected);
	json_decref(row);
}

static void
one_side_or_both(void **state)
{
	(void)state;
	expect("{\"target\":\"sato\",\"before\":{\"hours\":\"always\",\"macs\":[\"02:00:5E:00:00:"
	       "01\"]},"
	       "\"after\":{\"hours\":\"08:30-17:30\",\"macs\":[]}}",
		"Connection hours: always → 08:30-17:30; MAC addresses: 02:00:5E:00:00:01 → -");
	expect("{\"target\":\"sato\",\"before\":null,\"after\":{\"id\":\"sato\",\"version\":1,"
	       "\"kind\":\"engineer\","
	       "\"protected\":null,\"created\":\"2026-11-20T00:00:00Z\",\"updated\":\"2026-11-"
	       "20T00:00:00Z\"}}",
		"Kind: engineer");
	/* A vendor's deletion says what it was, and where its accounts went. */
	expect("{\"target\":\"X\",\"before\":{\"name\":\"X\",\"accounts\":3},\"after\":{\"moved_"
	       "accounts\":3,"
	       "\"moved_to\":\"Y\"}}",
		"Accounts: 3; Accounts moved: 3; Moved to: Y");
	expect("{\"target\":\"sato\",\"before\":null,\"after\":null}", "");
	/* A new gateway's words are told as they are. */
	expect("{\"target\":\"sato\",\"before\":null,\"after\":{\"colour\":\"blue\"}}",
		"colour: blue");
}

static void
names_that_are_words_stay(void **state)
{
	(void)state;
	expect("{\"target\":\"sato\",\"before\":{\"family_name\":\"x\"},\"after\":{\"family_name\":"
	       "\"sato\"}}",
		"Family name: x → sato");
	expect("{\"target\":\"a\",\"before\":null,\"after\":{\"priorities\":{\"locked\":3,\"b\":1}}"
	       "}",
		"Priorities: locked=3,b=1");
}

static void
what_seldom_happens(void **state)
{
	(void)state;
	expect("{\"target\":\"00ff\",\"before\":{\"id\":\"00ff\",\"account\":\"sato\",\"phase\":"
	       "\"BRIDGE\",\"state\":"
	       "\"active\",\"bytes_to_client\":1234567},\"after\":null}",
		"Account: sato; State: active; To the client: 1.2 MB");
	expect("{\"target\":\"sato\",\"before\":{\"second_factor\":\"bound\"},\"after\":{\"second_"
	       "factor\":null}}",
		"Second factor: bound → -");
	expect("{\"target\":\"sato\",\"before\":null,\"after\":null,\"override_protection\":true}",
		"although it is protected");
	expect("{\"target\":\"a1\",\"before\":null,\"after\":{\"state\":\"failed\",\"while\":"
	       "\"opening the backup\","
	       "\"why\":\"this file is not a backup of Sekisho\"}}",
		"State: failed; While: opening the backup; Why: this file is not a backup of "
		"Sekisho");
	expect("{\"target\":\"a1\",\"before\":{\"log\":{\"event\":7,\"hash\":\"5e\"}},\"after\":{"
	       "\"log\":{\"event\":5,"
	       "\"hash\":\"5f\"},\"replaced\":\"everything\"}}",
		"Replaced: everything, the logs as well; Last record: 7 → 5");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_side_or_both),
		cmocka_unit_test(names_that_are_words_stay),
		cmocka_unit_test(what_seldom_happens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
