/* policy/logs.c: what the four logs can be filtered by. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy/logs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct facility facility = {.prefix = "998-", .domain = "example.jp"};
static struct log_filter filter;
static struct field_error error;
static json_t *params;

static int
forget(void **state)
{
	(void)state;
	json_decref(params);
	params = NULL;
	return 0;
}

static int
read_filter(enum log_name log, const char *text)
{
	json_decref(params);
	params = json_loads(text, 0, NULL);
	assert_non_null(params);
	memset(&error, 0, sizeof(error));
	return log_filter_read(log, &facility, params, &filter, &error);
}

static bool
matches(const char *text)
{
	json_t *row = json_loads(text, 0, NULL);
	bool answer;

	assert_non_null(row);
	answer = log_filter_matches(&filter, row);
	json_decref(row);
	return answer;
}

static void
expect_refused(enum log_name log, const char *text, const char *field)
{
	assert_int_equal(read_filter(log, text), -EINVAL);
	assert_string_equal(error.field, field);
}

static void
each_log_has_its_name_and_its_kind(void **state)
{
	(void)state;
	for (int log = 0; log < LOG_COUNT; log++) {
		const struct log_column *column = NULL;
		size_t count = 0;

		assert_int_equal(log_name_find(log_name_text((enum log_name)log)), log);
		while ((column = log_next_column((enum log_name)log, column)) != NULL) {
			assert_int_equal(column->log, log);
			count++;
		}
		assert_in_range(count, 5, LOG_WANTED_MOST);
	}
	assert_int_equal(log_name_find("nothing"), LOG_COUNT);
	assert_int_equal(log_of_event_kind("login"), LOG_LOGINS);
	assert_int_equal(log_of_event_kind("session.end"), LOG_CONNECTIONS);
	assert_int_equal(log_of_event_kind("session.refused"), LOG_COUNT);
	assert_int_equal(log_of_event_kind("log.retention"), LOG_COUNT);
}

static void
nothing_wanted_lets_everything_pass(void **state)
{
	(void)state;
	assert_int_equal(read_filter(LOG_LOGINS, "{}"), 0);
	assert_int_equal(filter.count, 0);
	assert_true(filter.from_us == INT64_MIN && filter.until_us == INT64_MAX);
	assert_null(log_filter_index(&filter));
	assert_true(matches("{}"));
}

static void
periods_are_instants(void **state)
{
	(void)state;
	assert_int_equal(read_filter(LOG_LOGINS, "{\"from\": \"2026-11-20T08:30:00Z\", \"until\": "
						 "\"2026-11-20T08:30:01Z\"}"),
		0);
	assert_int_equal(filter.until_us - filter.from_us, 1000000);
	expect_refused(LOG_LOGINS, "{\"from\": \"yesterday\"}", "from");
	expect_refused(LOG_LOGINS, "{\"until\": \"2026-11-31T00:00:00Z\"}", "until");
	/* The column of the period is no filter of its own. */
	assert_int_equal(read_filter(LOG_LOGINS, "{\"time\": \"2026\"}"), 0);
	assert_int_equal(filter.count, 0);
}

static void
whole_values_are_found_in_either_case(void **state)
{
	(void)state;
	assert_int_equal(read_filter(LOG_LOGINS, "{\"result\": \"Refused\"}"), 0);
	assert_true(matches("{\"result\": \"refused\"}"));
	assert_false(matches("{\"result\": \"refused \"}"));
	assert_false(matches("{\"result\": null}"));
	assert_false(matches("{\"result\": 1}"));
	assert_false(matches("{}"));
	assert_ptr_equal(log_filter_index(&filter), &filter.wanted[0]);
	assert_int_equal(read_filter(LOG_FILES, "{\"side\": \"inside\"}"), 0);
	assert_true(matches("{\"side\": \"INSIDE\"}"));
	assert_null(log_filter_index(&filter)); /* EXACT: no index has it */
}

static void
parts_are_found_in_texts_lists_and_objects(void **state)
{
	(void)state;
	assert_int_equal(read_filter(LOG_FILES, "{\"files\": \"報告\"}"), 0);
	assert_true(matches("{\"files\": [\"a.txt\", \"報告書.pdf\"]}"));
	assert_false(matches("{\"files\": [\"a.txt\"]}"));
	assert_false(matches("{\"files\": null}"));
	assert_int_equal(read_filter(LOG_ADMIN, "{\"after\": \"MEMO\"}"), 0);
	assert_true(matches("{\"after\": {\"memo\": \"x\"}}"));
	assert_false(matches("{\"before\": {\"memo\": \"x\"}, \"after\": null}"));
}

static void
numbers_have_ranges(void **state)
{
	static const struct {
		const char *text;
		int64_t least, most;
	} good[] = {
		{"7", 7, 7},
		{"7-", 7, INT64_MAX},
		{"-7", 0, 7},
		{"7-9", 7, 9},
		{"0", 0, 0},
		{"999999999999999999", 999999999999999999, 999999999999999999},
	};
	static const char *const bad[] = {"", "-", "x", "7x", "7-x", "7-9-", "--7", " 7", "+7",
		"7 -9", "1e3", "9999999999999999999", "1-9999999999999999999", "７"};
	char text[80];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		snprintf(text, sizeof(text), "{\"size\": \"%s\"}", good[i].text);
		assert_int_equal(read_filter(LOG_FILES, text), 0);
		assert_true(filter.wanted[0].least == good[i].least);
		assert_true(filter.wanted[0].most == good[i].most);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(text, sizeof(text), "{\"size\": \"%s\"}", bad[i]);
		expect_refused(LOG_FILES, text, "size");
	}
	assert_int_equal(read_filter(LOG_FILES, "{\"size\": \"7-9\"}"), 0);
	assert_true(matches("{\"size\": 7}") && matches("{\"size\": 9}"));
	assert_false(matches("{\"size\": 6}") || matches("{\"size\": 10}"));
	assert_false(matches("{\"size\": \"8\"}") || matches("{\"size\": null}"));
}

static void
a_span_ends_before_its_end(void **state)
{
	(void)state;
	assert_int_equal(read_filter(LOG_CONNECTIONS,
				 "{\"end\": \"2026-11-20T00:00:00Z/2026-11-21T00:00:00Z\"}"),
		0);
	assert_true(matches("{\"end\": \"2026-11-20T00:00:00Z\"}"));
	assert_true(matches("{\"end\": \"2026-11-20T23:59:59.999999Z\"}"));
	assert_false(matches("{\"end\": \"2026-11-21T00:00:00Z\"}"));
	assert_false(matches("{\"end\": \"2026-11-19T23:59:59Z\"}"));
	assert_false(matches("{\"end\": null}") || matches("{\"end\": \"soon\"}"));
	expect_refused(LOG_CONNECTIONS, "{\"end\": \"2026-11-20T00:00:00Z\"}", "end");
	expect_refused(LOG_CONNECTIONS, "{\"end\": \"/2026-11-20T00:00:00Z\"}", "end");
	expect_refused(LOG_CONNECTIONS,
		"{\"end\": \"0000000000000000000000000000000000000000/2026-11-20T00:00:00Z\"}",
		"end");
}

static void
an_account_may_be_given_in_its_full_form(void **state)
{
	struct log_filter copy;

	(void)state;
	assert_int_equal(read_filter(LOG_LOGINS, "{\"account\": \"998-taro@example.jp\"}"), 0);
	assert_true(matches("{\"account\": \"taro\"}"));
	assert_false(matches("{\"account\": \"jiro\"}"));
	/* The copy's text is its own: the first one may go. */
	log_filter_copy(&filter, &copy);
	memset(&filter, 0, sizeof(filter));
	filter = copy;
	log_filter_copy(&copy, &filter);
	memset(copy.account, 'x', sizeof(copy.account) - 1);
	assert_true(matches("{\"account\": \"taro\"}"));
	/* Users of the operating system stay as they are called. */
	assert_int_equal(read_filter(LOG_LOGINS, "{\"account\": \"unix:taro\"}"), 0);
	assert_true(matches("{\"account\": \"unix:taro\"}"));
	expect_refused(LOG_LOGINS, "{\"account\": \"998-taro@elsewhere.example\"}", "account");
}

static void
a_state_is_one_that_there_is(void **state)
{
	(void)state;
	assert_int_equal(read_filter(LOG_CONNECTIONS, "{\"state\": \"Killed\"}"), 0);
	assert_true(matches("{\"state\": \"killed\"}"));
	expect_refused(LOG_CONNECTIONS, "{\"state\": \"gone\"}", "state");
}

/* A word that no row can have is a mistake, and not an empty list. */
static void
words_are_those_that_there_are(void **state)
{
	(void)state;
	assert_int_equal(read_filter(LOG_CONNECTIONS, "{\"evidence\": \"Lease\"}"), 0);
	assert_int_equal(read_filter(LOG_CONNECTIONS, "{\"evidence\": \"device-certificate\"}"), 0);
	expect_refused(LOG_CONNECTIONS, "{\"evidence\": \"dhcp\"}", "evidence");
	expect_refused(LOG_CONNECTIONS, "{\"evidence\": \"lease vpn\"}", "evidence");
	expect_refused(LOG_CONNECTIONS, "{\"allowlist\": \"on\"}", "allowlist");
	assert_int_equal(read_filter(LOG_LOGINS, "{\"application\": \"rdp\"}"), 0);
	expect_refused(LOG_LOGINS, "{\"application\": \"ssh\"}", "application");
	assert_int_equal(read_filter(LOG_LOGINS, "{\"result\": \"accepted\"}"), 0);
	expect_refused(LOG_LOGINS, "{\"result\": \"fail\"}", "result");
	/* A column of the same name in another log is not meant. */
	assert_int_equal(read_filter(LOG_ADMIN, "{\"action\": \"gateway.fail\"}"), 0);
}

static void
all_that_is_wanted_must_match(void **state)
{
	(void)state;
	assert_int_equal(read_filter(LOG_ADMIN, "{\"actor\": \"unix:sato\", \"action\": "
						"\"account.edit\", \"search\": \"pacs\"}"),
		0);
	assert_true(matches("{\"actor\": \"unix:sato\", \"action\": \"account.edit\", \"target\": "
			    "\"PACS-01\"}"));
	assert_false(matches("{\"actor\": \"unix:ito\", \"action\": \"account.edit\", \"target\": "
			     "\"PACS-01\"}"));
	assert_false(matches(
		"{\"actor\": \"unix:sato\", \"action\": \"account.edit\", \"target\": \"ris\"}"));
	/* What no column shows is not searched. */
	assert_false(matches(
		"{\"actor\": \"unix:sato\", \"action\": \"account.edit\", \"other\": \"pacs\"}"));
	assert_string_equal(log_filter_index(&filter)->column->key, "actor");
	/* Half of all logins have a word in common, and few an address. */
	assert_int_equal(read_filter(LOG_LOGINS, "{\"application\": \"RDP\", \"result\": "
						 "\"accepted\", \"source\": \"10.0.0.5\"}"),
		0);
	assert_string_equal(log_filter_index(&filter)->column->key, "source");
	assert_int_equal(read_filter(LOG_LOGINS, "{\"application\": \"RDP\", \"result\": "
						 "\"accepted\"}"),
		0);
	assert_string_equal(log_filter_index(&filter)->column->key, "application");
}

static void
values_of_the_index_are_lower_case_and_bounded(void **state)
{
	char longer[2 * LOG_FIELD_VALUE_SIZE], value[LOG_FIELD_VALUE_SIZE];

	(void)state;
	log_field_value("998-Taro@EXAMPLE.jp 太郎Ａ", value);
	assert_string_equal(value, "998-taro@example.jp 太郎Ａ");
	memset(longer, 'Z', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	log_field_value(longer, value);
	assert_int_equal(strlen(value), LOG_FIELD_VALUE_SIZE - 1);
	assert_int_equal(strspn(value, "z"), LOG_FIELD_VALUE_SIZE - 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_log_has_its_name_and_its_kind),
		cmocka_unit_test_teardown(nothing_wanted_lets_everything_pass, forget),
		cmocka_unit_test_teardown(periods_are_instants, forget),
		cmocka_unit_test_teardown(whole_values_are_found_in_either_case, forget),
		cmocka_unit_test_teardown(parts_are_found_in_texts_lists_and_objects, forget),
		cmocka_unit_test_teardown(numbers_have_ranges, forget),
		cmocka_unit_test_teardown(a_span_ends_before_its_end, forget),
		cmocka_unit_test_teardown(an_account_may_be_given_in_its_full_form, forget),
		cmocka_unit_test_teardown(a_state_is_one_that_there_is, forget),
		cmocka_unit_test_teardown(words_are_those_that_there_are, forget),
		cmocka_unit_test_teardown(all_that_is_wanted_must_match, forget),
		cmocka_unit_test(values_of_the_index_are_lower_case_and_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
