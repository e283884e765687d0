/* What an auditor is answered who asks for a ticket to watch or to replay, or for a recording's sealed keys, where memory or descriptors
 * are short: one answer; no ticket is there that was not told; and what is only out of reach now is not called gone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "attend_fixture.h"
#include "base/cleanup.h"
#include "base/secret.h"
#include "fail_nth.h"
#include "policy/recordings.h"
#include "policy/store/memory.h"
#include "policy/store/store.h"
#include "recording/keys.h"
#include "recording/writer.h"
#include "settings/settings.h"
#include "supervisor/recording_files.h"
#include "supervisor/running_sessions.h"
#include "supervisor/ticket_address.h"
#include "supervisor/watches_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define DESCRIPTORS 64
#define AUDITORS 3
#define KEY "0707070707070707070707070707070707070707070707070707070707070707"

static char folder[] = "/tmp/sekisho-fail-answers-XXXXXX";
static struct settings with_folder = {
	.database = folder, .limits.ticket_ms = 60000, .recording.directory = folder};
static struct carried_session session = {.account = "taro", .terminal = "pacs-01"};
static struct connection connection = {.session = &session};
static int live_answer; /* < 0: the session cannot be watched now */

struct connection *__wrap_running_session_find(
	struct control_call *call, const struct session_prefix *prefix);
int __wrap_ticket_address_choose(
	const struct control_call *call, struct ticket_address *ret_address);
int __wrap_recording_find(
	struct store_db *db, struct method_call *call, struct recording_row *ret_row);
int __wrap_recording_beginning(struct store_db *db, const struct recording_row *row,
	const uint8_t *header, enum recording_beginning *ret_beginning);

struct connection *
__wrap_running_session_find(struct control_call *call, const struct session_prefix *prefix)
{
	(void)call;
	(void)prefix;
	return &connection;
}

int
__wrap_ticket_address_choose(const struct control_call *call, struct ticket_address *ret_address)
{
	(void)call;
	*ret_address = (struct ticket_address){.host = "192.0.2.1", .port = 3389};
	return 0;
}

int
__wrap_recording_find(struct store_db *db, struct method_call *call, struct recording_row *ret_row)
{
	(void)db;
	(void)call;
	*ret_row = (struct recording_row){
		.part = 1, .state = RECORDING_ROW_CLOSED, .duration_ms = 60000};
	return 0;
}

int
__wrap_recording_beginning(struct store_db *db, const struct recording_row *row,
	const uint8_t *header, enum recording_beginning *ret_beginning)
{
	(void)db;
	(void)row;
	(void)header;
	*ret_beginning = RECORDING_BEGINS_AS_LOGGED;
	return 0;
}

static int
open_live(struct supervisor *of, const uint8_t id[SESSION_ID_BYTES], int *ret_fd,
	uint8_t ret_key[WATCH_KEY_BYTES])
{
	(void)of;
	(void)id;
	if (live_answer < 0)
		return live_answer;
	memset(ret_key, 7, WATCH_KEY_BYTES);
	*ret_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	return *ret_fd < 0 ? -ENOMEM : 0;
}

static const struct watch_live live = {.open = open_live};

static const struct question {
	loop_method *method;
	const char *params;
	bool is_ticket;
} questions[] = {
	{method_session_watch, "{\"id\":\"abcdef0\"}", true},
	{method_recording_play, "{\"id\":\"abcdef0\",\"key\":\"" KEY "\",\"at\":1}", true},
	{method_recording_keys, "{\"id\":\"abcdef0\"}", false},
};

/* As the control socket and the store do it. */
static void
ask(const struct question *question, struct control_call *call)
{
	memory_scope_begin();
	question->method(call);
	memory_scope_end();
	if (seen.job != NULL) {
		struct store_job *job = take_pointer(&seen.job);
		unsigned long failures = memory_failures();
		int r;

		memory_scope_begin();
		r = job->work(NULL, job);
		memory_scope_end();
		job->done(job, r == 0 && memory_failures() != failures ? -ENOMEM : r);
	}
}

static void
burn_told(void)
{
	const char *handle = json_string_value(json_object_get(seen.result, "handle"));

	assert_non_null(handle);
	watch_ticket_take_back(supervisor.watches, handle);
}

static void
expect_answer(const struct question *question)
{
	if (seen.result == NULL) {
		assert_int_equal(seen.refused, -ENOMEM);
	} else if (question->is_ticket) {
		assert_int_equal(json_object_size(seen.result), 6);
		burn_told();
	} else {
		assert_int_equal(json_array_size(json_object_get(seen.result, "keys")), AUDITORS);
		assert_true(json_object_size(json_object_get(seen.result, "recording")) > 10);
	}
	/* None that nobody has. */
	assert_int_equal(supervisor.watches->ticket_count, 0);
}

static void
forget(struct control_call *call)
{
	assert_null(call->more);
	call_free(call);
	json_decref(take_pointer(&seen.result));
}

static void
a_ticket_is_told_or_there_is_none(void **state)
{
	struct fail_run run;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(questions); i++) {
		fail_begin(&run);
		while (fail_next(&run)) {
			struct control_call *call = call_prepare(0, questions[i].params);
			unsigned int answers = seen.answers;

			fail_arm(&run);
			ask(&questions[i], call);
			fail_disarm(&run);
			assert_int_equal(seen.answers, answers + 1);
			assert_int_equal(run.hit, seen.result == NULL);
			expect_answer(&questions[i]);
			forget(call);
		}
		assert_true(run.tried > 5);
	}
}

static void
want_of_descriptors_is_called_so(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(questions); i++) {
		struct control_call *call = call_prepare(0, questions[i].params);
		int taken[DESCRIPTORS], count = 0;

		while ((taken[count] = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0)
			count++;
		ask(&questions[i], call);
		while (count > 0)
			(void)close(taken[--count]);
		assert_null(seen.result);
		expect_answer(&questions[i]);
		forget(call);
	}
}

static void
what_is_not_recorded_is_refused(void **state)
{
	struct control_call *call = call_prepare(0, questions[0].params);

	(void)state;
	live_answer = -ENOENT;
	ask(&questions[0], call);
	live_answer = 0;
	assert_int_equal(seen.refused, METHOD_REFUSED);
	assert_non_null(strstr(seen.message, "not being recorded"));
	assert_int_equal(supervisor.watches->ticket_count, 0);
	forget(call);
}

static void
path_of_recording(char ret_path[RECORDING_PATH_SIZE])
{
	const uint8_t id[SESSION_ID_BYTES] = {0};

	recording_files_path(supervisor.recording_files, id, 1, ret_path);
}

/* With a header as sekisho-recorder writes it. */
static int
write_recording(void)
{
	const uint8_t key[RECORDING_KEY_BYTES] = {7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
		7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7};
	struct recording_about about = {.part = 1, .sealed_count = AUDITORS};
	struct recording_writer *writer = NULL;
	char path[RECORDING_PATH_SIZE];
	auto_fd int fd = -1;
	int r;

	path_of_recording(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	r = fd < 0 ? -errno : recording_writer_new(&about, key, &writer);
	if (r == 0)
		r = recording_writer_drain(writer, fd);
	recording_writer_free(writer);
	return r;
}

static int
set_up(void **state)
{
	const struct rlimit few = {DESCRIPTORS, DESCRIPTORS};
	char why[RECORDING_FILES_WHY_SIZE];
	struct store_job *job;

	(void)attend_setup(state);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	assert_non_null(mkdtemp(folder));
	supervisor.settings = &with_folder;
	if (recording_files_open(&supervisor, &supervisor.recording_files, why) < 0 ||
		watches_new(&supervisor, &supervisor.watches) < 0)
		return -1;
	job = take_pointer(&seen.job); /* of an empty folder */
	job->done(job, -ESHUTDOWN);
	watches_set_live(supervisor.watches, &live);
	return write_recording();
}

static int
tear_down(void **state)
{
	char path[RECORDING_PATH_SIZE];

	path_of_recording(path);
	(void)unlink(path);
	watches_free(supervisor.watches);
	recording_files_free(supervisor.recording_files);
	return attend_teardown(state) < 0 ? -1 : rmdir(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_ticket_is_told_or_there_is_none),
		cmocka_unit_test(want_of_descriptors_is_called_so),
		cmocka_unit_test(what_is_not_recorded_is_refused),
	};

	fail_catch_libraries();
	memory_watch_json();
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
