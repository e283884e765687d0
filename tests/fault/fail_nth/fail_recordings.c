/* The supervisor's side of a recording where something fails: memory, a descriptor, the store, the recorder's process, what is said to it and to
 * the worker, the signature. A session that must be recorded does not begin or ends, with a reason; another one goes on; and nothing
 * is left: no memory, no process, no descriptor, no recording that waits for ever. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/auditor_key.h"
#include "base/cleanup.h"
#include "fail_nth.h"
#include "policy/sealing.h"
#include "recording/keys.h"
#include "recording/writer.h"
#include "settings/settings.h"
#include "supervisor/children.h"
#include "supervisor/recording_files.h"
#include "supervisor/recordings.h"
#include "supervisor/recordings_private.h"
#include "supervisor/session_starts.h"
#include "supervisor/start.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define DESCRIPTORS 64

static char folder[] = "/tmp/sekisho-fail-recordings-XXXXXX";
static char line[AUDITOR_KEY_TEXT_SIZE];
static char *lines[] = {line};
static struct settings settings;
static struct supervisor supervisor;
static struct connection connection;
static struct carried_session session;
static struct session_grant grant;
static uv_loop_t loop;

/* One round: the nth call of ours to somebody else fails. */
static struct {
	unsigned int nth, calls;
	unsigned int taken, ended;
	void *tag;
	bool dead; /* what was said to the recorder did not get through */
	struct store_job *job;
	bool preparing;
	bool recorded;
	enum close_reason reason; /* CLOSE_NONE: the session goes on */
} now;

static bool
fails(void)
{
	return ++now.calls == now.nth;
}

int
children_take(struct children *children, enum child_kind kind, void *tag, struct child **ret_child)
{
	(void)children;
	assert_int_equal(kind, CHILD_RECORDER);
	if (fails())
		return -EAGAIN;
	now.tag = tag;
	now.taken++;
	*ret_child = (struct child *)&now;
	return 0;
}

void
children_end_taken(struct child *child)
{
	(void)child;
	now.tag = NULL;
	now.ended++;
}

/* As sekisho-recorder does. */
static void
write_header(const struct msg_record_begin *begin, int fd)
{
	struct recording_about about = {.part = begin->part,
		.started_us = (int64_t)begin->started_us,
		.sealed_count = (uint8_t)(begin->sealed_len / sizeof(about.sealed[0]))};
	struct recording_writer *writer = NULL;

	memcpy(about.session, begin->session, sizeof(about.session));
	memcpy(about.signer, begin->signer, sizeof(about.signer));
	memcpy(about.sealed, begin->sealed, begin->sealed_len);
	if (recording_writer_new(&about, begin->key, &writer) == 0)
		(void)recording_writer_drain(writer, fd);
	recording_writer_free(writer);
}

int
children_send(struct child *child, enum message number, const void *body, int fd)
{
	bool to_recorder = child == (struct child *)&now;

	if (fails()) {
		now.dead = now.dead || to_recorder;
		return -EPIPE;
	}
	if (number == MSG_RECORD_BEGIN)
		write_header(body, fd);
	return 0;
}

void *
child_tag(const struct child *child)
{
	(void)child;
	return now.tag;
}

void *
channel_owner(const struct channel *channel)
{
	(void)channel;
	return &now;
}

int
channel_send(struct channel *channel, enum message number, const void *body, int fd)
{
	(void)channel;
	(void)body;
	(void)fd;
	assert_int_equal(number, MSG_RECORD_SIGNATURE);
	return fails() ? -EPIPE : 0;
}

void
store_write(struct store *store, struct store_job *job)
{
	(void)store;
	assert_null(now.job);
	now.job = job;
}

const char *
store_error_text(int error)
{
	return strerror(-error);
}

int
recording_begin(
	struct store_db *db, const uint8_t *of, const char *auditors, struct recording_row *ret_row)
{
	(void)db;
	(void)of;
	(void)auditors;
	*ret_row = (struct recording_row){.part = 1};
	return fails() ? -ENOSPC : 0;
}

int
recording_begun(struct store_db *db, const uint8_t *of, int64_t part, const uint8_t *header)
{
	(void)db;
	(void)of;
	(void)header;
	assert_int_equal(part, 1);
	return fails() ? -EIO : 0;
}

int
recording_progress(
	struct store_db *db, const uint8_t *of, int64_t part, const struct recording_so_far *so_far)
{
	(void)db;
	(void)of;
	(void)part;
	(void)so_far;
	return fails() ? -EIO : 0;
}

int
recording_end(struct store_db *db, const uint8_t *of, int64_t part, enum recording_row_state state,
	const char *why, const struct recording_so_far *so_far, const uint8_t *hash)
{
	(void)db;
	(void)of;
	(void)part;
	(void)so_far;
	assert_true((state == RECORDING_ROW_CLOSED) == (hash != NULL));
	assert_true(hash != NULL || why != NULL);
	return fails() ? -EIO : 0;
}

const char *
recording_files_folder(const struct recording_files *files)
{
	(void)files;
	return folder;
}

void
recording_files_path(const struct recording_files *files, const uint8_t *of, int64_t part,
	char ret_path[RECORDING_PATH_SIZE])
{
	(void)files;
	(void)of;
	(void)part;
	/* A folder that is not there is a file that cannot be made. */
	snprintf(ret_path, RECORDING_PATH_SIZE, "%s/%sone.skr", folder, fails() ? "gone/" : "");
}

void
sealing_public_key(const struct sealing *sealing, uint8_t *ret_key)
{
	(void)sealing;
	memset(ret_key, 3, SIGNING_PUBLIC_BYTES);
}

int
sealing_sign(const struct sealing *sealing, const void *text, size_t len, uint8_t *ret_signature)
{
	(void)sealing;
	(void)text;
	(void)len;
	memset(ret_signature, 4, SIGNATURE_BYTES);
	return fails() ? -EIO : 0;
}

void
session_start_recorded(struct connection *of)
{
	assert_ptr_equal(of, &connection);
	assert_int_equal(now.reason, CLOSE_NONE);
	now.recorded = true;
}

void
session_start_not_recorded(struct connection *of, enum close_reason reason)
{
	assert_ptr_equal(of, &connection);
	assert_false(now.preparing); /* there is nothing yet that it could end */
	if (now.reason == CLOSE_NONE)
		now.reason = reason;
}

void
supervisor_maybe_drained(struct supervisor *of)
{
	(void)of;
}

void
watches_set_live(struct watches *watches, const struct watch_live *live)
{
	(void)watches;
	(void)live;
}

void
watches_recording_over(struct watches *watches, const uint8_t of[SESSION_ID_BYTES])
{
	(void)watches;
	(void)of;
}

/* What the store and the recorder's end bring about, until nothing is under way. */
static void
settle(void)
{
	struct store_job *job;

	for (;;) {
		if (now.dead && now.tag != NULL) {
			recorder_kind.died(&supervisor, (struct child *)&now);
			now.tag = NULL;
			now.ended++;
		}
		job = take_pointer(&now.job);
		if (job == NULL)
			break;
		job->done(job, job->work(NULL, job));
	}
	(void)uv_run(&loop, UV_RUN_NOWAIT);
}

static int
say(enum message number, const union message_body *body)
{
	union message_body copy = *body;
	const struct channel_handler *row = recorder_kind.handlers;
	int r;

	while (row->number != number)
		row++;
	if (now.tag == NULL)
		return -ENOTCONN;
	r = row->function(NULL, &copy);
	now.dead = now.dead || r < 0; /* children_channel.c ends it */
	settle();
	return r;
}

static union message_body
digest(void)
{
	const struct recording *recording = now.tag;
	struct recording_summary summary = {.part = 1, .started_us = recording->about.started_us};
	union message_body body = {.record_digest = {.summary_len = RECORDING_SUMMARY_BYTES}};

	memcpy(summary.session, recording->about.session, sizeof(summary.session));
	recording_summary_put(&summary, body.record_digest.summary);
	return body;
}

static enum close_reason
begin(void)
{
	enum close_reason reason;

	now.preparing = true;
	reason = recording_prepare(&connection, &grant);
	now.preparing = false;
	return reason;
}

/* A session from its verdict to its end, as session_starts.c and connections.c have it. */
static void
live(void)
{
	const union message_body progress = {.record_progress = {.bytes = 1}},
				 closed = {.record_closed = {.bytes = 1}};
	union message_body summary;

	now.reason = begin();
	settle();
	if (now.tag != NULL)
		recorder_kind.ready(&supervisor, (struct child *)&now);
	settle();
	(void)say(MSG_RECORD_PROGRESS, &progress);
	if (now.reason == CLOSE_NONE && recording_is_ready(&connection) &&
		recording_to_worker(&connection) < 0)
		now.reason = CLOSE_RECORDING_FAILED;
	settle();
	(void)say(MSG_RECORD_PROGRESS, &progress);
	recording_connection_over(&connection, CLOSE_CLIENT_LEFT);
	settle();
	if (now.tag != NULL) {
		summary = digest();
		(void)say(MSG_RECORD_DIGEST, &summary);
	}
	(void)say(MSG_RECORD_CLOSED, &closed);
	settle();
}

static int
lowest_free(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)close(fd);
	return fd;
}

static void
prepare(enum terminal_recording policy, bool four_eyes, unsigned int nth)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/one.skr", folder);
	(void)unlink(path);
	memset(&now, 0, sizeof(now));
	now.nth = nth;
	grant.terminal.recording = policy;
	grant.terminal.four_eyes = four_eyes;
	session = (struct carried_session){0};
	connection = (struct connection){.id = 1,
		.supervisor = &supervisor,
		.stage = CONNECTION_RELAYED,
		.session = &session};
}

static const struct policy_row {
	enum terminal_recording policy;
	bool four_eyes, must;
} policies[] = {
	{TERMINAL_RECORDING_REQUIRED, false, true},
	{TERMINAL_RECORDING_BEST_EFFORT, false, false},
	{TERMINAL_RECORDING_OFF, true, true},
};

static void
expect_nothing_left(int lowest)
{
	assert_null(supervisor.recordings);
	assert_null(connection.recording);
	assert_int_equal(now.taken, now.ended);
	assert_null(now.job);
	assert_int_equal(lowest_free(), lowest);
}

static void
call_that_fails_ends_what_must_be_recorded_and_nothing_else(void **state)
{
	int lowest = lowest_free();
	size_t alive = fail_alive();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(policies); i++) {
		unsigned int nth = 0, ended = 0, closings = 0;

		do {
			prepare(policies[i].policy, policies[i].four_eyes, ++nth);
			live();
			expect_nothing_left(lowest);
			assert_int_equal(fail_alive(), alive);
			/* It begins, or is told why not. Nothing waits for ever. */
			assert_true(now.recorded || now.reason != CLOSE_NONE ||
				    (!policies[i].must && now.taken == 0));
			if (!policies[i].must && now.recorded)
				closings++;
			ended += now.reason != CLOSE_NONE;
		} while (now.calls >= nth);
		/* Not one of them is without effect: those before the recording is closed end the session that must be recorded. */
		assert_true(nth > 6);
		if (policies[i].must)
			assert_true(ended >= 4);
		else
			assert_true(closings >= 4 && ended <= 2);
		assert_int_equal(now.reason, CLOSE_NONE);
	}
}

static void
memory_that_fails_does_so_too(void **state)
{
	int lowest = lowest_free();
	struct fail_run run;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(policies); i++) {
		fail_begin(&run);
		while (fail_next(&run)) {
			prepare(policies[i].policy, policies[i].four_eyes, 0);
			fail_arm(&run);
			live();
			fail_disarm(&run);
			expect_nothing_left(lowest);
			if (policies[i].must)
				assert_true(now.recorded || now.reason == CLOSE_RECORDING_FAILED);
			else
				assert_int_equal(now.reason, CLOSE_NONE);
		}
		assert_true(run.tried >= 2);
	}
}

/* No descriptor is to be had: for the file, or for the way from worker to recorder. */
static void
descriptors_that_fail_do_so_too(void **state)
{
	int lowest = lowest_free(), taken[DESCRIPTORS], count;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(policies); i++) {
		for (int left = 0; left < 4; left++) {
			const union message_body progress = {.record_progress = {.bytes = 1}};

			prepare(policies[i].policy, policies[i].four_eyes, 0);
			for (count = 0; count < (int)ARRAY_SIZE(taken); count++) {
				taken[count] = open("/dev/null", O_RDONLY | O_CLOEXEC);
				if (taken[count] < 0)
					break;
			}
			assert_true(count > 4);
			for (int spare = 0; spare < left; spare++)
				(void)close(taken[--count]);
			now.reason = begin();
			settle();
			if (now.tag != NULL)
				recorder_kind.ready(&supervisor, (struct child *)&now);
			(void)say(MSG_RECORD_PROGRESS, &progress);
			if (now.reason == CLOSE_NONE && recording_to_worker(&connection) < 0)
				now.reason = CLOSE_RECORDING_FAILED;
			recording_connection_over(&connection, CLOSE_CLIENT_LEFT);
			now.dead = true;
			settle();
			while (count > 0)
				(void)close(taken[--count]);
			expect_nothing_left(lowest);
			if (policies[i].must && left == 0)
				assert_int_equal(now.reason, CLOSE_RECORDING_FAILED);
			if (left == 3)
				assert_int_equal(now.reason, CLOSE_NONE);
		}
	}
}

static int
set_up(void **state)
{
	struct auditor_key key = {.name = "tanaka"};
	struct secret private_key = {0};
	const struct rlimit few = {DESCRIPTORS, DESCRIPTORS};

	(void)state;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	if (mkdtemp(folder) == NULL || uv_loop_init(&loop) != 0 || recording_keys_ready() < 0 ||
		recording_pair_new(key.key, &private_key) < 0)
		return -1;
	secret_done(&private_key);
	settings.recording.auditors = (struct settings_names){lines, 1};
	settings.recording.most_bytes = 1u << 30;
	supervisor = (struct supervisor){.loop = &loop, .settings = &settings};
	return auditor_key_write(&key, line);
}

static int
tear_down(void **state)
{
	char path[64];

	(void)state;
	snprintf(path, sizeof(path), "%s/one.skr", folder);
	(void)unlink(path);
	return uv_loop_close(&loop) != 0 || rmdir(folder) != 0 ? -1 : 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(call_that_fails_ends_what_must_be_recorded_and_nothing_else),
		cmocka_unit_test(memory_that_fails_does_so_too),
		cmocka_unit_test(descriptors_that_fail_do_so_too),
	};

	fail_catch_libraries();
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
