/* gateway/settings/texts.c: texts of each kind that are taken, and others that are not. */
#include "base/cleanup.h"
#include "settings/texts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SIXTEEN "0123456789abcdef"

static const struct {
	enum settings_kind kind;
	const char *text;
	bool taken;
} cases[] = {
	{KIND_FACILITY_ID, "998-1234", true},
	{KIND_FACILITY_ID, "998_1234", false},
	{KIND_DOMAIN, "sakura.example.jp", true},
	{KIND_DOMAIN, "", false},
	{KIND_DOMAIN, ".example.jp", false},
	{KIND_DOMAIN, "-sakura.jp", false},
	{KIND_DOMAIN, "sakura..jp", false},
	{KIND_DOMAIN, "sakura.jp.", false},
	{KIND_DOMAIN, "sakura@jp", false},
	{KIND_TIME_ZONE, "Asia/Tokyo", true},
	{KIND_TIME_ZONE, "", false},
	{KIND_TIME_ZONE, "/etc/localtime", false},
	{KIND_TIME_ZONE, "Asia/../Tokyo", false},
	{KIND_PATH, "/etc/sekisho/tls/gateway.key", true},
	{KIND_PATH, "/srv/.hidden/..also/...", true},
	{KIND_PATH, "gateway.key", false},
	{KIND_PATH, "", false},
	{KIND_PATH, "/", false},
	{KIND_PATH, "//", false},
	{KIND_PATH, "/srv/", false},
	{KIND_PATH, "/srv//key", true},
	{KIND_PATH, "/link/.", false},
	{KIND_PATH, "/./key", false},
	{KIND_PATH, "/srv/..", false},
	{KIND_PATH, "/srv/../key", false},
	{KIND_FOLDER, "/link/.", false},
	{KIND_PATHS, "/link/.", false},
	{KIND_NAMES, "SAKURA\\gw-1$", true},
	{KIND_NAMES, "", false},
	{KIND_NAMES, "-gw", false},
	{KIND_NAMES, "g w", false},
	{KIND_NAMES, SIXTEEN SIXTEEN SIXTEEN SIXTEEN, true},
	{KIND_NAMES, SIXTEEN SIXTEEN SIXTEEN SIXTEEN "0", false},
	{KIND_SERVICES, "保守 (MRI)", true},
	{KIND_SERVICES, "", false},
	{KIND_SERVICES, "=1+1", false},
	{KIND_SERVICES, "MRI, CT", false},
	{KIND_SERVICES, "MRI ", false},
	{KIND_SERVICES, "MRI\tCT", false},
	{KIND_SERVICES, SIXTEEN SIXTEEN SIXTEEN SIXTEEN "0", false},
	{KIND_AUDITORS, "nobody", false},
	{KIND_DATE, "2028-02-29", true},
	{KIND_DATE, "2027-02-29", false},
	{KIND_DATE, "2027-2-9", false},
	{KIND_DATE, "2027-02-28T", false},
	{KIND_TEXT, "", true},
	{KIND_LONG_TEXT, "..", true},
};

static void
each_text_is_taken_or_not(void **state)
{
	unsigned int wrong = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		if (text_is_of_kind(cases[i].kind, cases[i].text) != cases[i].taken) {
			print_error("kind %d, \"%s\"\n", (int)cases[i].kind, cases[i].text);
			wrong++;
		}
	}
	assert_int_equal(wrong, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(each_text_is_taken_or_not)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
