/* admin-cli/json_text.c: JSON that a terminal may be shown. */
#include "admin-cli/json_text.h"

#include "base/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Writes {"t": text} and compares; what was written is read back as the same text. */
static void
expect(const char *text, const char *expected)
{
	json_t *object = json_pack("{s:s}", "t", text), *again;
	char *written = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&written, &size);

	json_text_write(out, object, JSON_COMPACT);
	(void)fclose(out);
	assert_string_equal(written, expected);
	again = json_loads(written, 0, NULL);
	assert_true(json_equal(object, again));
	json_decref(again);
	json_decref(object);
	free(written);
}

static void
what_moves_a_cursor_is_escaped(void **state)
{
	(void)state;
	expect("a\x1b[2Jb\r\n\x7f", "{\"t\":\"a\\u001B[2Jb\\r\\n\\u007F\"}");
	expect("\xc2\x9b"
	       "31m\xc2\x85",
		"{\"t\":\"\\u009B31m\\u0085\"}");
}

static void
what_turns_the_direction_is_escaped(void **state)
{
	(void)state;
	expect("\u202eexe.\u2066\u2069\u200e\u200f\u061c",
		"{\"t\":\"\\u202Eexe.\\u2066\\u2069\\u200E\\u200F\\u061C\"}");
	expect("\u2028\u2029", "{\"t\":\"\\u2028\\u2029\"}");
}

static void
what_people_read_stays(void **state)
{
	(void)state;
	expect("踏み台端末02(Local) é 👨\u200d👩 \\ \"x\"",
		"{\"t\":\"踏み台端末02(Local) é 👨\u200d👩 \\\\ \\\"x\\\"\"}");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_moves_a_cursor_is_escaped),
		cmocka_unit_test(what_turns_the_direction_is_escaped),
		cmocka_unit_test(what_people_read_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
