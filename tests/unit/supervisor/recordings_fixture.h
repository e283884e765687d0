/* A session that is recorded, for tests of recordings*.c: the store is a real one, the recorder is the test. Each program has one. */
#ifndef TESTS_SUPERVISOR_RECORDINGS_FIXTURE_H
#define TESTS_SUPERVISOR_RECORDINGS_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../policy/session_fixture.h"
#include "../policy/store_fixture.h"
#include "base/auditor_key.h"
#include "base/cleanup.h"
#include "recorder/keeping.h"
#include "recording/keys.h"
#include "recording/writer.h"
#include "settings/settings.h"
#include "supervisor/children.h"
#include "supervisor/control_calls.h"
#include "supervisor/recording_files.h"
#include "supervisor/recordings.h"
#include "supervisor/session_starts.h"
#include "supervisor/watches.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct settings settings;
static struct supervisor supervisor;
static struct connection connection;
static struct carried_session session;
static struct session_grant grant;
static uv_loop_t loop;
static char line[AUDITOR_KEY_TEXT_SIZE];
static char *lines[] = {line};

static struct {
	void *tag;
	int take; /* what children_take answers */
	unsigned int begun, finished, signatures;
	struct msg_record_begin begin;
	int file; /* of the supervisor */
	struct msg_record_channel channel;
	int64_t bytes;
	bool recorded;
	enum close_reason not_recorded;
	unsigned int past; /* watches_recording_over was called so often */
	json_t *answer;    /* of a method … */
	int failed;        /* … or its status */
} seen;

int __wrap_children_take(
	struct children *children, enum child_kind kind, void *tag, struct child **ret_child);
void __wrap_children_end_taken(struct child *child);
int __wrap_children_send(struct child *child, enum message number, const void *body, int fd);
void *__wrap_child_tag(const struct child *child);
void *__wrap_channel_owner(const struct channel *channel);
int __wrap_channel_send(struct channel *channel, enum message number, const void *body, int fd);
void __wrap_session_start_recorded(struct connection *of);
void __wrap_session_start_not_recorded(struct connection *of, enum close_reason reason);
void __wrap_watches_recording_over(struct watches *watches, const uint8_t of[SESSION_ID_BYTES]);
void __wrap_control_call_answer(struct control_call *asked, json_t *result);
void __wrap_control_call_fail(struct control_call *asked, int status);

int
__wrap_children_take(
	struct children *children, enum child_kind kind, void *tag, struct child **ret_child)
{
	(void)children;
	assert_int_equal(kind, CHILD_RECORDER);
	if (seen.take < 0)
		return seen.take;
	seen.tag = tag;
	*ret_child = (struct child *)&seen;
	return 0;
}

void
__wrap_children_end_taken(struct child *child)
{
	(void)child;
	seen.tag = NULL;
}

int
__wrap_children_send(struct child *child, enum message number, const void *body, int fd)
{
	(void)child;
	if (number == MSG_RECORD_BEGIN) {
		seen.begun++;
		seen.begin = *(const struct msg_record_begin *)body;
		seen.file = fd;
	} else if (number == MSG_RECORD_CHANNEL) {
		seen.channel = *(const struct msg_record_channel *)body;
	} else if (number == MSG_RECORD_FINISH) {
		seen.finished++;
	}
	return 0;
}

void *
__wrap_child_tag(const struct child *child)
{
	(void)child;
	return seen.tag;
}

void *
__wrap_channel_owner(const struct channel *channel)
{
	(void)channel;
	return &seen;
}

int
__wrap_channel_send(struct channel *channel, enum message number, const void *body, int fd)
{
	(void)channel;
	(void)body;
	(void)fd;
	seen.signatures += number == MSG_RECORD_SIGNATURE;
	return 0;
}

void
__wrap_session_start_recorded(struct connection *of)
{
	assert_ptr_equal(of, &connection);
	seen.recorded = true;
}

void
__wrap_session_start_not_recorded(struct connection *of, enum close_reason reason)
{
	assert_ptr_equal(of, &connection);
	seen.not_recorded = reason;
}

void
__wrap_watches_recording_over(struct watches *watches, const uint8_t of[SESSION_ID_BYTES])
{
	assert_ptr_equal(watches, supervisor.watches);
	assert_memory_equal(of, grant.session, SESSION_ID_BYTES);
	seen.past++;
}

void
__wrap_control_call_answer(struct control_call *asked, json_t *result)
{
	(void)asked;
	seen.answer = result;
}

void
__wrap_control_call_fail(struct control_call *asked, int status)
{
	(void)asked;
	seen.failed = status;
}

/* The recorder says it. */
static int
say(enum message number, const union message_body *body)
{
	union message_body copy = *body;
	const struct channel_handler *row = recorder_kind.handlers;

	while (row->number != number)
		row++;
	return row->function(NULL, &copy);
}

static void
turn(void)
{
	fixture_settle(&fixture);
	(void)uv_run(&loop, UV_RUN_NOWAIT);
	fixture_settle(&fixture);
}

static int
setup(void **state)
{
	struct auditor_key key = {.name = "tanaka"};
	struct secret private_key = {0};
	struct issue issue;
	struct begin begin;
	char why[RECORDING_FILES_WHY_SIZE];

	assert_int_equal(session_setup(state), 0);
	memset(&seen, 0, sizeof(seen));
	assert_int_equal(uv_loop_init(&loop), 0);
	assert_int_equal(recording_keys_ready(), 0);
	assert_int_equal(recording_pair_new(key.key, &private_key), 0);
	secret_done(&private_key);
	assert_int_equal(auditor_key_write(&key, line), 0);
	settings = (struct settings){0};
	settings.database = fixture.path;
	settings.recording.auditors = (struct settings_names){lines, 1};
	settings.recording.most_bytes = 1u << 30;
	supervisor = (struct supervisor){.loop = &loop,
		.store = fixture.store,
		.sealing = fixture.sealing,
		.settings = &settings};
	assert_int_equal(recording_files_open(&supervisor, &supervisor.recording_files, why), 0);
	assert_int_equal(watches_new(&supervisor, &supervisor.watches), 0);
	issue = issue_ticket();
	begin = begin_request(&issue, 1);
	grant = begin_with(&begin);
	session = (struct carried_session){0};
	memcpy(session.id, grant.session, sizeof(session.id));
	connection = (struct connection){.id = 1,
		.supervisor = &supervisor,
		.stage = CONNECTION_RELAYED,
		.session = &session};
	return 0;
}

static int
teardown(void **state)
{
	char command[512];

	turn();
	assert_null(supervisor.recordings);
	recording_files_free(supervisor.recording_files);
	watches_free(supervisor.watches);
	assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
	assert_int_equal(uv_loop_close(&loop), 0);
	snprintf(command, sizeof(command), "rm -r '%s/recordings'", fixture.folder);
	assert_int_equal(system(command), 0);
	return session_teardown(state);
}

static const union message_body progress = {.record_progress = {.bytes = INT64_MAX}};

/* As sekisho-recorder does, but for what `spoil` changes. */
static void
write_header(void (*spoil)(struct recording_about *about))
{
	const struct msg_record_begin *begin = &seen.begin;
	struct recording_about about = {.part = begin->part,
		.started_us = (int64_t)begin->started_us,
		.with_input = begin->with_input,
		.sealed_count = (uint8_t)(begin->sealed_len / sizeof(about.sealed[0]))};
	struct recording_writer *writer = NULL;

	memcpy(about.session, begin->session, sizeof(about.session));
	memcpy(about.signer, begin->signer, sizeof(about.signer));
	strcpy(about.account, begin->account);
	strcpy(about.terminal, begin->terminal);
	memcpy(about.sealed, begin->sealed, begin->sealed_len);
	if (spoil != NULL)
		spoil(&about);
	assert_int_equal(recording_writer_new(&about, begin->key, &writer), 0);
	assert_int_equal(recording_writer_drain(writer, seen.file), 0);
	seen.bytes = (int64_t)recording_writer_bytes(writer);
	recording_writer_free(writer);
}

static void
prepare(enum terminal_recording policy, bool four_eyes)
{
	grant.terminal.recording = policy;
	grant.terminal.four_eyes = four_eyes;
	assert_int_equal(recording_prepare(&connection, &grant), CLOSE_NONE);
	assert_non_null(connection.recording);
	turn();
	assert_int_equal(seen.begun, 0);
	recorder_kind.ready(&supervisor, (struct child *)&seen);
	assert_int_equal(seen.begun, 1);
	assert_false(seen.recorded);
}

/* It runs: the header is said to be in the file. */
static void
record(enum terminal_recording policy, bool four_eyes)
{
	prepare(policy, four_eyes);
	write_header(NULL);
	assert_int_equal(say(MSG_RECORD_PROGRESS, &progress), 0);
	turn();
	assert_true(seen.recorded);
	assert_true(recording_is_ready(&connection));
	assert_int_equal(recording_to_worker(&connection), 0);
}

static FILE *
catch_log(int *ret_kept)
{
	FILE *log = tmpfile();

	assert_non_null(log);
	*ret_kept = dup(STDERR_FILENO);
	assert_true(dup2(fileno(log), STDERR_FILENO) >= 0);
	return log;
}

static void
release_log(FILE *log, int kept)
{
	assert_true(dup2(kept, STDERR_FILENO) >= 0);
	(void)close(kept);
	(void)fclose(log);
}

static unsigned int
count_lines(FILE *log, const char *event, const char *with)
{
	char text[1024];
	unsigned int count = 0;

	rewind(log);
	while (fgets(text, sizeof(text), log) != NULL)
		count += strstr(text, event) != NULL && strstr(text, with) != NULL;
	return count;
}

#endif
