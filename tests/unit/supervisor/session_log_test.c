/* gateway/supervisor/session_log.c */
#include "supervisor/session_log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static json_t *
row(void)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:n, s:s, s:i}", "session", "00ff",
		"start", "2026-11-20T08:30:00Z", "end", "2026-11-20T09:30:00Z", "account",
		"998-taro@example.jp", "terminal", "998-踏み台端末02(Local)", "state", "killed",
		"device", "because", "fire\ndrill 'x'", "duration_seconds", 3600);
}

static void
a_start_has_no_end_and_an_end_has_everything(void **state)
{
	char line[SESSION_LOG_LINE_SIZE + 1];
	json_t *session = row();
	size_t len;

	(void)state;
	len = session_log_format(SESSION_LOG_START, session, line);
	assert_int_equal(len, strlen(line));
	assert_string_equal(line,
		"2026-11-20T08:30:00Z start session='00ff' account='998-taro@example.jp' "
		"terminal='998-踏み台端末02(Local)'\n");
	session_log_format(SESSION_LOG_END, session, line);
	assert_string_equal(line,
		"2026-11-20T09:30:00Z end session='00ff' account='998-taro@example.jp' "
		"terminal='998-踏み台端末02(Local)' state='killed' because='fire?drill "
		"\\'x\\'' duration_seconds=3600\n");
	json_decref(session);
}

static void
a_file_that_moved_has_its_own_line(void **state)
{
	char line[SESSION_LOG_LINE_SIZE + 1];
	json_t *moved = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:i}", "time",
		"2026-11-20T08:31:00Z", "session", "00ff", "account", "taro", "terminal", "pacs-01",
		"direction", "out", "way", "drive", "path", "tmp:\\a 'b'.csv", "size",
		(json_int_t)7, "missed", 0);

	(void)state;
	session_log_format(SESSION_LOG_TRANSFER, moved, line);
	assert_string_equal(line,
		"2026-11-20T08:31:00Z file session='00ff' account='taro' terminal='pacs-01' "
		"direction='out' way='drive' path='tmp:\\\\a \\'b\\'.csv' size=7 missed=0\n");
	json_decref(moved);
}

static void
a_line_is_bounded_and_still_a_line(void **state)
{
	char line[SESSION_LOG_LINE_SIZE + 1];
	char longer[9000];
	json_t *session = json_object();
	static const char *const keys[] = {"session", "account", "name", "terminal", "source",
		"device", "evidence", "state", "reason", "reason_code", "by", "because"};

	(void)state;
	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		json_object_set_new(session, keys[i], json_string(longer));
	assert_true(session_log_format(SESSION_LOG_END, session, line) <= SESSION_LOG_LINE_SIZE);
	assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
	json_decref(session);
}

static size_t
lines_in(const char *path)
{
	FILE *file = fopen(path, "r");
	size_t lines = 0;
	int c;

	if (file == NULL)
		return 0;
	while ((c = fgetc(file)) != EOF)
		lines += c == '\n';
	fclose(file);
	return lines;
}

static void
reopening_writes_to_the_path_again(void **state)
{
	char folder[] = "/tmp/session-log-XXXXXX", path[64], old[64];
	struct session_log *log;
	json_t *session = row();

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/session.log", folder);
	snprintf(old, sizeof(old), "%s/session.log.1", folder);
	assert_int_equal(session_log_open(path, &log), 0);
	session_log_write(log, SESSION_LOG_START, session);
	assert_int_equal(rename(path, old), 0);
	session_log_write(log, SESSION_LOG_START, session);
	assert_int_equal(session_log_reopen(log), 0);
	session_log_write(log, SESSION_LOG_END, session);
	assert_int_equal(lines_in(old), 2);
	assert_int_equal(lines_in(path), 1);
	session_log_close(log);
	json_decref(session);
	unlink(path);
	unlink(old);
	rmdir(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_start_has_no_end_and_an_end_has_everything),
		cmocka_unit_test(a_file_that_moved_has_its_own_line),
		cmocka_unit_test(a_line_is_bounded_and_still_a_line),
		cmocka_unit_test(reopening_writes_to_the_path_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
