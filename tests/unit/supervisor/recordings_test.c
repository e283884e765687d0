/* gateway/supervisor/recordings.c, recordings_process.c: what a recorder says is not believed where others would suffer from it, and what
 * follows where a session cannot be recorded. The store is a real one; the recorder is this test. */
#include "recordings_fixture.h"

#include "base/bytes.h"

#include <fcntl.h>

static union message_body
digest(void)
{
	struct recording_summary summary = {.part = seen.begin.part,
		.started_us = (int64_t)seen.begin.started_us,
		.chain = {0xab}};
	union message_body body = {.record_digest = {.summary_len = RECORDING_SUMMARY_BYTES}};

	memcpy(summary.session, seen.begin.session, sizeof(summary.session));
	recording_summary_put(&summary, body.record_digest.summary);
	return body;
}

/* What sizes are said decides at night whose recordings are erased to make room. */
static void
a_recorder_says_nothing_of_how_large_its_file_is(void **state)
{
	const union message_body closed = {.record_closed = {.bytes = INT64_MAX}};
	union message_body body;

	(void)state;
	record(TERMINAL_RECORDING_REQUIRED, false);
	recording_connection_over(&connection, CLOSE_CLIENT_LEFT);
	assert_null(connection.recording);
	assert_int_equal(seen.finished, 1);
	body = digest();
	assert_int_equal(say(MSG_RECORD_DIGEST, &body), 0);
	assert_int_equal(seen.signatures, 1);
	assert_int_equal(say(MSG_RECORD_CLOSED, &closed), 0);
	turn();
	assert_int_equal(fixture_number(&fixture, "SELECT bytes FROM recording"), seen.bytes);
	assert_int_equal(fixture_number(&fixture,
				 "SELECT state = 'closed' AND hash IS NOT NULL FROM recording"),
		1);
}

/* The row is told once a minute; who asks meanwhile is not told that there is nothing yet. */
static void
who_asks_hears_how_large_it_is_so_far(void **state)
{
	const union message_body closed = {.record_closed = {.bytes = 1}};
	union message_body body;

	(void)state;
	record(TERMINAL_RECORDING_REQUIRED, false);
	assert_int_equal(fixture_number(&fixture, "SELECT bytes FROM recording"), 0);
	assert_int_equal(recording_now(&supervisor, grant.session, 1)->bytes, seen.bytes);
	assert_null(recording_now(&supervisor, grant.session, 2));
	recording_connection_over(&connection, CLOSE_CLIENT_LEFT);
	body = digest();
	assert_int_equal(say(MSG_RECORD_DIGEST, &body), 0);
	assert_int_equal(say(MSG_RECORD_CLOSED, &closed), 0);
	/* Its row does not say so yet; then it has the last word. */
	assert_int_equal(recording_now(&supervisor, grant.session, 1)->bytes, seen.bytes);
	turn();
	assert_null(recording_now(&supervisor, grant.session, 1));
}

/* Who hears that it was closed finds it so in the store; until then nobody may take the open row for its last word. */
static void
recording_is_told_closed_once_its_row_is(void **state)
{
	const union message_body closed = {.record_closed = {.bytes = 1}};
	union message_body body;
	int kept;
	FILE *log;

	(void)state;
	record(TERMINAL_RECORDING_REQUIRED, false);
	log = catch_log(&kept);
	assert_true(recording_is_unsettled(&supervisor, grant.session));
	recording_connection_over(&connection, CLOSE_CLIENT_LEFT);
	body = digest();
	assert_int_equal(say(MSG_RECORD_DIGEST, &body), 0);
	assert_int_equal(say(MSG_RECORD_CLOSED, &closed), 0);
	assert_true(recording_is_unsettled(&supervisor, grant.session));
	assert_int_equal(count_lines(log, "SK2702", ""), 0);
	turn();
	assert_int_equal(count_lines(log, "SK2702", ""), 1);
	release_log(log, kept);
	assert_false(recording_is_unsettled(&supervisor, grant.session));
	assert_int_equal(
		fixture_number(&fixture, "SELECT count(*) FROM recording WHERE state = 'closed'"),
		1);
}

/* It has no row that anybody could wait for. */
static void
recording_that_nobody_keeps_is_told_closed_at_once(void **state)
{
	const union message_body closed = {.record_closed = {.bytes = 1}};
	union message_body body;
	int kept;
	FILE *log;

	(void)state;
	record(TERMINAL_RECORDING_OFF, true);
	log = catch_log(&kept);
	recording_connection_over(&connection, CLOSE_CLIENT_LEFT);
	body = digest();
	assert_int_equal(say(MSG_RECORD_DIGEST, &body), 0);
	assert_int_equal(say(MSG_RECORD_CLOSED, &closed), 0);
	assert_int_equal(count_lines(log, "SK2702", ""), 1);
	turn();
	assert_int_equal(count_lines(log, "SK2702", ""), 1);
	release_log(log, kept);
}

/* A recorder that was taken over gets no signature for another one's recording. */
static void
only_its_own_summary_is_signed(void **state)
{
	union message_body body;

	(void)state;
	record(TERMINAL_RECORDING_REQUIRED, false);
	recording_connection_over(&connection, CLOSE_CLIENT_LEFT);
	for (size_t at = 0; at < 28; at++) {
		body = digest();
		body.record_digest.summary[at] ^= 1;
		assert_int_equal(say(MSG_RECORD_DIGEST, &body), -EPROTO);
	}
	assert_int_equal(seen.signatures, 0);
	recorder_kind.died(&supervisor, (struct child *)&seen);
	turn();
	assert_int_equal(fixture_number(&fixture,
				 "SELECT state = 'not-closed' AND hash IS NULL FROM recording"),
		1);
}

static void
trouble_ends_a_session_that_must_be_recorded_and_no_other(void **state)
{
	static const struct {
		enum terminal_recording policy;
		bool four_eyes, ends;
	} rows[] = {
		{TERMINAL_RECORDING_REQUIRED, false, true},
		{TERMINAL_RECORDING_BEST_EFFORT, false, false},
		/* What is not recorded cannot be watched: who fills the recording would work unseen. */
		{TERMINAL_RECORDING_BEST_EFFORT, true, true},
		{TERMINAL_RECORDING_OFF, true, true},
	};
	const union message_body trouble = {
		.record_trouble = {.trouble = RECORD_TROUBLE_TOO_LARGE}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		memset(&seen, 0, sizeof(seen));
		record(rows[i].policy, rows[i].four_eyes);
		assert_int_equal(seen.channel.required, rows[i].ends);
		assert_int_equal(say(MSG_RECORD_TROUBLE, &trouble), 0);
		assert_int_equal(
			seen.not_recorded, rows[i].ends ? CLOSE_RECORDING_FULL : CLOSE_NONE);
		recording_connection_over(&connection, CLOSE_CLIENT_LEFT);
		recorder_kind.died(&supervisor, (struct child *)&seen);
		turn();
		assert_null(supervisor.recordings);
	}
}

/* Nobody is there whom it could end; who comes back would go on with a recorder that has said its word. */
static void
trouble_of_a_lost_session_ends_what_it_would_go_on_with(void **state)
{
	const union message_body closed = {.record_closed = {.bytes = 1}};
	const union message_body trouble = {
		.record_trouble = {.trouble = RECORD_TROUBLE_WRITE_FAILED, .error = EIO}};
	union message_body body;

	(void)state;
	settings.limits.grace_ms = 60000;
	record(TERMINAL_RECORDING_REQUIRED, false);
	recording_connection_over(&connection, CLOSE_CLIENT_LOST);
	assert_int_equal(seen.finished + seen.past, 0);
	assert_int_equal(say(MSG_RECORD_TROUBLE, &trouble), 0);
	assert_int_equal(seen.finished, 1);
	assert_int_equal(seen.past, 1); /* who watched it sees no more */
	assert_int_equal(say(MSG_RECORD_TROUBLE, &trouble), 0);
	body = digest();
	assert_int_equal(say(MSG_RECORD_DIGEST, &body), 0);
	assert_int_equal(say(MSG_RECORD_CLOSED, &closed), 0);
	turn();
	assert_int_equal(seen.finished, 1);
	assert_int_equal(seen.past, 1);
	memset(&seen, 0, sizeof(seen));
	record(TERMINAL_RECORDING_REQUIRED, false);
	assert_int_equal(seen.begin.part, 2);
	recording_connection_over(&connection, CLOSE_CLIENT_LEFT);
	recorder_kind.died(&supervisor, (struct child *)&seen);
	turn();
}

/* A disk that has room again is written to again. */
static void
trouble_of_a_lost_session_that_need_not_be_recorded_ends_nothing(void **state)
{
	const union message_body trouble = {
		.record_trouble = {.trouble = RECORD_TROUBLE_DISK_FULL, .error = ENOSPC}};
	struct recording *recording;

	(void)state;
	settings.limits.grace_ms = 60000;
	record(TERMINAL_RECORDING_BEST_EFFORT, false);
	recording = connection.recording;
	recording_connection_over(&connection, CLOSE_CLIENT_LOST);
	assert_int_equal(say(MSG_RECORD_TROUBLE, &trouble), 0);
	assert_int_equal(seen.finished + seen.past, 0);
	assert_int_equal(recording_prepare(&connection, &grant), CLOSE_NONE);
	assert_ptr_equal(connection.recording, recording);
	recording_connection_over(&connection, CLOSE_CLIENT_LEFT);
	recorder_kind.died(&supervisor, (struct child *)&seen);
	turn();
}

static void
without_keys_or_room_a_session_goes_on_only_where_it_may(void **state)
{
	static const struct {
		enum terminal_recording policy;
		bool four_eyes;
		enum close_reason no_keys, no_room;
	} rows[] = {
		{TERMINAL_RECORDING_REQUIRED, false, CLOSE_RECORDING_NO_KEYS, CLOSE_RECORDING_DISK},
		{TERMINAL_RECORDING_BEST_EFFORT, false, CLOSE_NONE, CLOSE_NONE},
		{TERMINAL_RECORDING_BEST_EFFORT, true, CLOSE_RECORDING_NO_KEYS,
			CLOSE_RECORDING_DISK},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		grant.terminal.recording = rows[i].policy;
		grant.terminal.four_eyes = rows[i].four_eyes;
		settings.recording.auditors.count = 0;
		assert_int_equal(recording_prepare(&connection, &grant), rows[i].no_keys);
		settings.recording.auditors.count = 1;
		settings.recording.least_free_bytes = UINT64_MAX;
		assert_int_equal(recording_prepare(&connection, &grant), rows[i].no_room);
		settings.recording.least_free_bytes = 0;
		assert_null(connection.recording);
	}
}

/* A file that is never closed is known by its header alone: nothing may be in it before the log has that. */
static void
nothing_is_shown_before_the_log_has_the_header(void **state)
{
	(void)state;
	prepare(TERMINAL_RECORDING_REQUIRED, false);
	write_header(NULL);
	assert_int_equal(say(MSG_RECORD_PROGRESS, &progress), 0);
	/* It says so again, while the log is being written. */
	assert_int_equal(say(MSG_RECORD_PROGRESS, &progress), 0);
	assert_false(seen.recorded);
	assert_false(recording_is_ready(&connection));
	assert_int_equal(recording_to_worker(&connection), -ENOTCONN);
	turn();
	assert_true(seen.recorded);
	assert_true(recording_is_ready(&connection));
	assert_int_equal(
		fixture_number(&fixture,
			"SELECT count(*) FROM event, recording WHERE id = last_event AND "
			"payload LIKE '%\"begun\"%\"header\":\"' || lower(hex(header)) || '\"%'"),
		1);
	recording_connection_over(&connection, CLOSE_CLIENT_LEFT);
	recorder_kind.died(&supervisor, (struct child *)&seen);
}

static void
seal_to_nobody(struct recording_about *about)
{
	about->sealed_count = 0;
}

static void
seal_to_another(struct recording_about *about)
{
	about->sealed[0].sealed[40] ^= 1;
}

static void
name_another_session(struct recording_about *about)
{
	about->session[0] ^= 1;
}

static void
name_another_person(struct recording_about *about)
{
	about->account[0] = 'x';
}

static void
say_nothing_of_input(struct recording_about *about)
{
	about->with_input = !about->with_input;
}

/* The session may not go on, and leaves nothing behind. */
static void
assert_failed(void)
{
	assert_false(seen.recorded);
	assert_int_equal(seen.not_recorded, CLOSE_RECORDING_FAILED);
	recording_connection_over(&connection, CLOSE_CLIENT_LEFT);
	assert_null(supervisor.recordings);
}

/* A recorder that was taken over cannot have the log say of a file what is not so. */
static void
header_that_is_not_the_one_asked_for_is_not_logged(void **state)
{
	static void (*const spoils[])(struct recording_about *) = {seal_to_nobody, seal_to_another,
		name_another_session, name_another_person, say_nothing_of_input};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(spoils); i++) {
		memset(&seen, 0, sizeof(seen));
		prepare(TERMINAL_RECORDING_REQUIRED, false);
		write_header(spoils[i]);
		assert_int_equal(say(MSG_RECORD_PROGRESS, &progress), -EPROTO);
		recorder_kind.died(&supervisor, (struct child *)&seen);
		turn();
		assert_failed();
	}
	assert_int_equal(
		fixture_number(&fixture, "SELECT count(*) FROM recording WHERE header IS NULL"),
		ARRAY_SIZE(spoils));
}

/* It has said that there is a header, and there is none. */
static void
header_that_is_not_there_is_a_breach(void **state)
{
	(void)state;
	prepare(TERMINAL_RECORDING_BEST_EFFORT, false);
	assert_int_equal(say(MSG_RECORD_PROGRESS, &progress), -EPROTO);
	recorder_kind.died(&supervisor, (struct child *)&seen);
	turn();
	assert_true(seen.recorded); /* it goes on without */
	recording_connection_over(&connection, CLOSE_CLIENT_LEFT);
}

/* The recorder is not to blame for a disk that gives nothing back. */
static void
header_that_cannot_be_read_is_no_breach(void **state)
{
	auto_fd int folder = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	prepare(TERMINAL_RECORDING_REQUIRED, false);
	assert_return_code(dup2(folder, seen.file), errno);
	assert_int_equal(say(MSG_RECORD_PROGRESS, &progress), 0);
	turn();
	assert_failed();
	assert_int_equal(
		fixture_number(&fixture, "SELECT count(*) FROM recording WHERE state = 'failed'"),
		1);
}

/* The session is over while its header is being logged. */
static void
session_that_ends_meanwhile_leaves_nothing_behind(void **state)
{
	(void)state;
	prepare(TERMINAL_RECORDING_REQUIRED, false);
	write_header(NULL);
	assert_int_equal(say(MSG_RECORD_PROGRESS, &progress), 0);
	recording_connection_over(&connection, CLOSE_CLIENT_LEFT);
	turn();
	assert_false(seen.recorded);
	assert_null(supervisor.recordings);
	assert_int_equal(
		fixture_number(&fixture, "SELECT count(*) FROM recording WHERE state = 'failed'"),
		1);
}

/* Its file has a header that the log does not know, and nothing behind it: that is no proof of anything. */
static void
what_never_began_is_not_verified_as_the_file_of_its_session(void **state)
{
	struct control_call asked = {.supervisor = &supervisor};
	char id[2 * SESSION_ID_BYTES + 1];

	(void)state;
	prepare(TERMINAL_RECORDING_REQUIRED, false);
	write_header(NULL);
	recording_connection_over(&connection, CLOSE_CLIENT_LEFT);
	turn();
	bytes_to_hex(grant.session, sizeof(grant.session), id);
	asked.method.params = json_pack("{s:s}", "id", id);
	method_recording_verify(&asked);
	turn();
	assert_string_equal(
		json_string_value(json_object_get(seen.answer, "verdict")), "not-closed");
	assert_true(json_is_false(json_object_get(seen.answer, "begins_as_logged")));
	assert_non_null(strstr(json_string_value(json_object_get(seen.answer, "why")),
		"nothing was recorded, and nothing is in it"));
	json_decref(seen.answer);
	json_decref(asked.method.params);
	json_decref(asked.method.result);
}

static bool
plays_from(int seconds)
{
	static struct settings_listener listener;
	struct control_call asked = {.supervisor = &supervisor, .actor = (char *)"unix:tanaka"};
	char id[2 * SESSION_ID_BYTES + 1], key[2 * RECORDING_KEY_BYTES + 1];
	json_t *params;
	bool plays;

	settings.listeners.items = &listener;
	bytes_to_hex(grant.session, sizeof(grant.session), id);
	bytes_to_hex(seen.begin.key, RECORDING_KEY_BYTES, key);
	params = json_pack("{s:s, s:s, s:i, s:s}", "id", id, "key", key, "at", seconds, "address",
		"gateway:3389");
	asked.method.params = asked.request.params = params;
	seen.answer = NULL;
	seen.failed = 0;
	method_recording_play(&asked);
	turn();
	plays = seen.answer != NULL;
	assert_int_equal(seen.failed, plays ? 0 : -EPERM);
	json_decref(seen.answer);
	json_decref(asked.method.result);
	json_decref(params);
	return plays;
}

static void
nothing_is_played_behind_the_end(void **state)
{
	const union message_body closed = {.record_closed = {.bytes = 1}};
	struct recording_summary summary;
	union message_body body;

	(void)state;
	settings.limits.ticket_ms = 60000;
	record(TERMINAL_RECORDING_REQUIRED, false);
	recording_connection_over(&connection, CLOSE_CLIENT_LEFT);
	body = digest();
	recording_summary_get(body.record_digest.summary, &summary);
	summary.length_ms = 60000;
	recording_summary_put(&summary, body.record_digest.summary);
	assert_int_equal(say(MSG_RECORD_DIGEST, &body), 0);
	assert_int_equal(say(MSG_RECORD_CLOSED, &closed), 0);
	turn();
	assert_true(plays_from(60));
	assert_false(plays_from(61));
}

/* Its row has what was known last, and its file may have a minute more. */
static void
end_of_what_was_never_closed_is_the_players_to_find(void **state)
{
	const union message_body minute = {.record_progress = {.length_ms = 60000}};

	(void)state;
	settings.limits.ticket_ms = 60000;
	record(TERMINAL_RECORDING_REQUIRED, false);
	assert_int_equal(say(MSG_RECORD_PROGRESS, &minute), 0);
	assert_true(plays_from(61)); /* it runs */
	recording_connection_over(&connection, CLOSE_CLIENT_LEFT);
	recorder_kind.died(&supervisor, (struct child *)&seen);
	turn();
	assert_int_equal(fixture_number(&fixture, "SELECT duration_ms FROM recording"), 60000);
	assert_true(plays_from(61));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_recorder_says_nothing_of_how_large_its_file_is),
		TEST(who_asks_hears_how_large_it_is_so_far),
		TEST(recording_is_told_closed_once_its_row_is),
		TEST(recording_that_nobody_keeps_is_told_closed_at_once),
		TEST(only_its_own_summary_is_signed),
		TEST(trouble_ends_a_session_that_must_be_recorded_and_no_other),
		TEST(trouble_of_a_lost_session_ends_what_it_would_go_on_with),
		TEST(trouble_of_a_lost_session_that_need_not_be_recorded_ends_nothing),
		TEST(without_keys_or_room_a_session_goes_on_only_where_it_may),
		TEST(nothing_is_shown_before_the_log_has_the_header),
		TEST(header_that_is_not_the_one_asked_for_is_not_logged),
		TEST(header_that_is_not_there_is_a_breach),
		TEST(header_that_cannot_be_read_is_no_breach),
		TEST(session_that_ends_meanwhile_leaves_nothing_behind),
		TEST(what_never_began_is_not_verified_as_the_file_of_its_session),
		TEST(nothing_is_played_behind_the_end),
		TEST(end_of_what_was_never_closed_is_the_players_to_find),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
