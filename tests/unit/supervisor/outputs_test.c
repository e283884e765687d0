/* gateway/supervisor/outputs.c on a real store: one export after the other, and no file without its row. Answers to
 * the control socket and walks are wrapped (meson.build). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../policy/store_fixture.h"
#include "base/clock.h"
#include "policy/outputs.h"
#include "settings/settings.h"
#include "supervisor/control_calls.h"
#include "supervisor/outputs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOON_US INT64_C(1795143600000000)
#define CALLS_MOST 20

static struct settings settings;
static struct supervisor supervisor;
static uv_loop_t loop;

/* In the order in which they were answered. */
static struct {
	struct control_call *call;
	json_t *result;
	int refused; /* code, or the store's status */
} answers[CALLS_MOST];
static size_t answered;

void __wrap_control_call_answer(struct control_call *call, json_t *result);
void __wrap_control_call_refuse(struct control_call *call, int code, const char *message,
	const char *field, const char *rule);
void __wrap_control_call_fail(struct control_call *call, int status);
void __wrap_store_walk(struct store *store, struct store_job *job);
void __real_store_walk(struct store *store, struct store_job *job);

static void
note(struct control_call *call, json_t *result, int refused)
{
	assert_true(answered < CALLS_MOST);
	answers[answered].call = call;
	answers[answered].result = result;
	answers[answered++].refused = refused;
}

void
__wrap_control_call_answer(struct control_call *call, json_t *result)
{
	note(call, result, 0);
}

void
__wrap_control_call_refuse(struct control_call *call, int code, const char *message,
	const char *field, const char *rule)
{
	(void)message;
	(void)field;
	(void)rule;
	note(call, NULL, code);
}

void
__wrap_control_call_fail(struct control_call *call, int status)
{
	note(call, NULL, status);
}

static bool restored_before_walk; /* a restore empties the table while an export is under way */

void
__wrap_store_walk(struct store *store, struct store_job *job)
{
	if (restored_before_walk)
		fixture_sql(&fixture, "DELETE FROM output");
	__real_store_walk(store, job);
}

static char *
path_of(const char *name)
{
	static char paths[4][256];
	static unsigned int next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/outputs/%s", fixture.folder, name);
	return path;
}

static bool
is_there(const char *name)
{
	struct stat status;

	return lstat(path_of(name), &status) == 0;
}

static void
put_file(const char *name)
{
	int fd = open(path_of(name), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	close(fd);
}

static void
open_outputs(void)
{
	const char *why = NULL;

	assert_int_equal(outputs_open(&supervisor, &supervisor.outputs, &why), 0);
}

static void
close_outputs(void)
{
	outputs_stop(supervisor.outputs);
	fixture_settle(&fixture);
	assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
	outputs_free(supervisor.outputs);
	supervisor.outputs = NULL;
}

static int
setup(void **state)
{
	(void)fixture_setup(state);
	assert_int_equal(uv_loop_init(&loop), 0);
	settings = (struct settings){0};
	settings.exports.validity_ms = 3600000;
	settings.database = fixture.path;
	supervisor =
		(struct supervisor){.loop = &loop, .store = fixture.store, .settings = &settings};
	open_outputs();
	fixture_settle(&fixture);
	return 0;
}

static int
teardown(void **state)
{
	char command[512];

	close_outputs();
	assert_int_equal(uv_loop_close(&loop), 0);
	for (size_t i = 0; i < answered; i++) {
		json_decref(answers[i].result);
		json_decref(answers[i].call->request.params);
		free(answers[i].call);
	}
	memset(answers, 0, sizeof(answers));
	answered = 0;
	snprintf(command, sizeof(command), "rm -r '%s/outputs'", fixture.folder);
	assert_int_equal(system(command), 0);
	return fixture_teardown(state);
}

static struct control_call *export(bool wait)
{
	struct control_call *call = calloc(1, sizeof(*call));

	assert_non_null(call);
	call->supervisor = &supervisor;
	call->actor = (char *)"unix:yamada";
	call->request.params = json_pack("{s:b}", "wait", wait);
	method_account_export(call);
	return call;
}

static const char *
answered_text(size_t at, const char *key)
{
	assert_true(at < answered);
	return json_string_value(
		json_object_get(json_object_get(answers[at].result, "output"), key));
}

static void
exports_are_made_one_after_the_other_and_answered(void **state)
{
	struct control_call *calls[3];

	(void)state;
	for (size_t i = 0; i < 3; i++)
		calls[i] = export(true);
	assert_int_equal(answered, 0);
	fixture_settle(&fixture);
	assert_int_equal(answered, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_ptr_equal(answers[i].call, calls[i]);
		assert_string_equal(answered_text(i, "state"), "done");
	}
	assert_true(is_there("1.csv") && is_there("2.csv") && is_there("3.csv"));
	assert_false(is_there("1.part"));
}

static void
who_does_not_wait_is_answered_at_once(void **state)
{
	(void)state;
	(void)export(false);
	fixture_settle(&fixture);
	assert_int_equal(answered, 1);
	assert_string_equal(answered_text(0, "state"), "waiting");
	assert_true(is_there("1.csv"));
}

static void
a_seventeenth_export_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < 16; i++)
		(void)export(true);
	assert_int_equal(answered, 0);
	(void)export(true);
	assert_int_equal(answered, 1);
	assert_int_equal(answers[0].refused, METHOD_REFUSED);
	fixture_settle(&fixture);
	assert_int_equal(answered, 17);
	(void)export(true);
	fixture_settle(&fixture);
	assert_string_equal(answered_text(17, "state"), "done");
}

static void
a_start_removes_files_without_a_row_and_half_written_ones(void **state)
{
	(void)state;
	(void)export(true);
	(void)export(true);
	fixture_settle(&fixture);
	close_outputs();
	/* A crash: between a row's end and its file's, in the middle of a file, after its last byte. */
	put_file("77.csv");
	put_file("78.part");
	put_file("2.part");
	put_file("somebody's notes.txt");
	fixture_sql(&fixture, "UPDATE output SET state = 'running', finished = NULL, "
			      "expires = NULL WHERE number = 2");
	open_outputs();
	fixture_settle(&fixture);
	assert_true(is_there("1.csv"));
	assert_false(is_there("2.csv") || is_there("2.part"));
	assert_false(is_there("77.csv") || is_there("78.part"));
	assert_true(is_there("somebody's notes.txt"));
}

static void
files_whose_rows_a_restore_took_away_go(void **state)
{
	(void)state;
	(void)export(true);
	(void)export(true);
	fixture_settle(&fixture);
	fixture_sql(&fixture, "DELETE FROM output WHERE number = 1");
	outputs_restored(supervisor.outputs);
	fixture_settle(&fixture);
	assert_false(is_there("1.csv"));
	assert_true(is_there("2.csv"));
}

static void
an_export_whose_row_a_restore_took_away_fails_and_leaves_no_file(void **state)
{
	(void)state;
	restored_before_walk = true;
	(void)export(true);
	(void)export(false);
	fixture_settle(&fixture);
	assert_int_equal(answered, 2);
	for (size_t i = 0; i < 2; i++)
		if (json_is_true(json_object_get(answers[i].call->request.params, "wait"))) {
			assert_string_equal(answered_text(i, "state"), "failed");
			assert_string_equal(
				answered_text(i, "why"), "a backup was restored meanwhile");
		}
	assert_false(is_there("1.csv") || is_there("1.part"));
	assert_false(is_there("2.csv") || is_there("2.part"));
	restored_before_walk = false;
	(void)export(true);
	fixture_settle(&fixture);
	assert_string_equal(answered_text(2, "state"), "done");
}

static void
a_stop_ends_what_waits(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++)
		(void)export(true);
	outputs_stop(supervisor.outputs);
	fixture_settle(&fixture);
	assert_int_equal(answered, 3);
	assert_string_equal(answered_text(2, "state"), "failed");
	assert_string_equal(answered_text(2, "why"), "the gateway was stopped");
	assert_false(is_there("3.csv") || is_there("3.part"));
}

#define outputs_test(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		outputs_test(exports_are_made_one_after_the_other_and_answered),
		outputs_test(who_does_not_wait_is_answered_at_once),
		outputs_test(a_seventeenth_export_is_refused),
		outputs_test(a_start_removes_files_without_a_row_and_half_written_ones),
		outputs_test(files_whose_rows_a_restore_took_away_go),
		outputs_test(an_export_whose_row_a_restore_took_away_fails_and_leaves_no_file),
		outputs_test(a_stop_ends_what_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
