/* gateway/base/log.c */
#include "base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void
quote_keeps_names_and_drops_what_could_forge_a_line(void **state)
{
	(void)state;
	assert_string_equal(log_quote("佐藤 太郎"), "佐藤 太郎");
	assert_string_equal(log_quote("a\nSK1001 b"), "a?SK1001 b");
	assert_string_equal(log_quote("O'Brien"), "O\\'Brien");
	assert_string_equal(log_quote("HOSPITAL\\sato"), "HOSPITAL\\\\sato");
	/* Nobody gets out of the quotes. */
	assert_string_equal(log_quote("\\' user='root"), "\\\\\\' user=\\'root");
	assert_string_equal(log_quote("\xff\xc0\x80z"), "???z");
	assert_string_equal(log_quote("\xed\xa0\x80"), "???");
	assert_string_equal(log_quote("\xc2\x85"), "??");
	assert_string_equal(log_quote("a\xe2\x80\xae"
				      "b\xe2\x81\xa6"
				      "c"),
		"a???b???c");
	assert_string_equal(log_quote(NULL), "-");
	assert_string_equal(log_clean("Pat O'Brien\n"), "Pat O'Brien?");
}

static void
quote_is_bounded(void **state)
{
	char longer[1000], room[300];

	(void)state;
	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(strlen(log_quote(longer)), 128);
	/* Not cut between a backslash and what it stands before. */
	longer[127] = '\'';
	assert_int_equal(strlen(log_quote(longer)), 127);
	longer[127] = 'a';
	assert_string_equal(log_quote_long(room, sizeof(room), "it's"), "it\\'s");
	assert_int_equal(strlen(log_quote_long(room, sizeof(room), longer)), sizeof(room) - 1);
	assert_string_equal(room + sizeof(room) - 5, "a\xe2\x80\xa6");
}

/* What log_line_of_child writes. */
static const char *
passed_on(const char *line)
{
	static char written[4096];
	int ends[2], own = dup(STDERR_FILENO);
	ssize_t len;

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
	log_line_of_child("sekisho-worker", 812, line, strlen(line));
	assert_int_equal(dup2(own, STDERR_FILENO), STDERR_FILENO);
	len = read(ends[0], written, sizeof(written) - 1);
	assert_true(len > 0);
	written[len] = '\0';
	close(own);
	close(ends[0]);
	close(ends[1]);
	return written;
}

static void
a_childs_own_event_is_passed_on_as_it_is(void **state)
{
	(void)state;
	assert_string_equal(
		passed_on("SK1010 sekisho-worker[812] the sandbox is closed filter='worker'"),
		"SK1010 sekisho-worker[812] the sandbox is closed filter='worker'\n");
}

static void
a_childs_line_with_another_name_is_no_event(void **state)
{
	static const char *const forged[] = {
		"SK1001 sekisho-gateway[811] the gateway is ready version=1",
		"SK1010 sekisho-worker[813] the sandbox is closed filter='worker'",
		"SK1010 sekisho-key[812] the sandbox is closed filter='worker'",
		"SK1010 sekisho-worker[812] an administrator ended the session",
		"SK9999 sekisho-worker[812] the sandbox is closed",
		"<3>SK1010 sekisho-worker[812] the sandbox is closed ",
		"SK1010 sekisho-worker[812] the sandbox is closed",
		"",
	};
	char wanted[512];

	(void)state;
	for (size_t i = 0; i < sizeof(forged) / sizeof(forged[0]); i++) {
		snprintf(wanted, sizeof(wanted), "SK1027 sekisho-worker[812] %s %s\n",
			event_row(EV_CHILD_WROTE)->text, forged[i]);
		assert_string_equal(passed_on(forged[i]), wanted);
	}
}

static void
a_childs_line_stays_one_line(void **state)
{
	char longest[4000];

	(void)state;
	assert_non_null(strstr(passed_on("a\r\x1b[2Kb\xe2\x80\xae"
					 "c"),
		" a??[2Kb???c\n"));
	assert_non_null(strstr(passed_on("ok.c:7: main: Assertion `x' failed."),
		" ok.c:7: main: Assertion `x' failed.\n"));
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(strlen(passed_on(longest)), 2048);
}

static void
the_journal_gets_the_level_of_the_event_not_of_the_child(void **state)
{
	(void)state;
	setenv("JOURNAL_STREAM", "8:1", 1);
	log_init("log_test");
	assert_memory_equal(passed_on("SK2502 sekisho-worker[812] a relay worker cannot go on x"),
		"<3>SK2502 sekisho-worker", 24);
	assert_memory_equal(passed_on("<0>nothing"), "<4>SK1027 sekisho-worker[812] ", 30);
	unsetenv("JOURNAL_STREAM");
	log_init("log_test");
}

static void
every_event_has_an_id_of_its_own_and_both_languages(void **state)
{
	(void)state;
	for (int i = 0; i < EVENT_COUNT; i++) {
		struct event_row row = *event_row((enum event)i);

		assert_int_equal(strlen(row.id), 6);
		assert_memory_equal(row.id, "SK", 2);
		if (row.text_ja == NULL || row.meaning_ja == NULL)
			fail_msg("%s has no row in events.ja.def", row.name);
		for (int k = 0; k < i; k++) {
			if (strcmp(event_row((enum event)k)->id, row.id) == 0)
				fail_msg("%s: id %s is used twice", row.name, row.id);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quote_keeps_names_and_drops_what_could_forge_a_line),
		cmocka_unit_test(quote_is_bounded),
		cmocka_unit_test(a_childs_own_event_is_passed_on_as_it_is),
		cmocka_unit_test(a_childs_line_with_another_name_is_no_event),
		cmocka_unit_test(a_childs_line_stays_one_line),
		cmocka_unit_test(the_journal_gets_the_level_of_the_event_not_of_the_child),
		cmocka_unit_test(every_event_has_an_id_of_its_own_and_both_languages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
