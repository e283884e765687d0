/* gateway/supervisor/recordings_told.c: what is said of recordings that go wrong, and how often. */
#include "recordings_fixture.h"

static void
more_than_may_be_recorded_at_once_are_told_apart(void **state)
{
	(void)state;
	seen.take = -EUSERS;
	grant.terminal.recording = TERMINAL_RECORDING_REQUIRED;
	assert_int_equal(recording_prepare(&connection, &grant), CLOSE_RECORDING_BUSY);
	seen.take = -ENOMEM;
	assert_int_equal(recording_prepare(&connection, &grant), CLOSE_RECORDING_FAILED);
	seen.take = -EUSERS;
	grant.terminal.recording = TERMINAL_RECORDING_BEST_EFFORT;
	assert_int_equal(recording_prepare(&connection, &grant), CLOSE_NONE);
	assert_null(connection.recording);
	assert_int_equal(session.recorded, SESSION_NOT_RECORDED);
	assert_non_null(session.not_recorded_why);
	turn();
}

/* Nobody takes its recorder's place: a decoder that begins in the middle has no state to begin with. What was recorded ends there, and
 * that is said; the session's next connection begins another part. */
static void
session_that_outlives_its_recorder_is_recorded_until_then(void **state)
{
	const union message_body later = {.record_progress = {.length_ms = 7000}};

	(void)state;
	record(TERMINAL_RECORDING_BEST_EFFORT, false);
	assert_int_equal(session.recorded, SESSION_RECORDED);
	assert_int_equal(say(MSG_RECORD_PROGRESS, &later), 0);
	recorder_kind.died(&supervisor, (struct child *)&seen);
	assert_int_equal(seen.not_recorded, CLOSE_NONE);
	assert_null(connection.recording);
	assert_int_equal(session.recorded, SESSION_RECORDED_UNTIL);
	assert_true(session.recorded_until_us == (int64_t)seen.begin.started_us + 7000000);
	assert_non_null(session.not_recorded_why);
	turn();
	seen.begun = 0;
	seen.recorded = false;
	record(TERMINAL_RECORDING_BEST_EFFORT, false);
	assert_int_equal(seen.begin.part, 2);
	assert_int_equal(session.recorded, SESSION_RECORDED);
	assert_null(session.not_recorded_why);
	recording_connection_over(&connection, CLOSE_CLIENT_LEFT);
	recorder_kind.died(&supervisor, (struct child *)&seen);
	turn();
}

static void
recording_that_is_full_is_said_to_have_ended(void **state)
{
	const union message_body trouble = {
		.record_trouble = {.trouble = RECORD_TROUBLE_TOO_LARGE}};

	(void)state;
	record(TERMINAL_RECORDING_BEST_EFFORT, false);
	seen.past = 0;
	assert_int_equal(say(MSG_RECORD_TROUBLE, &trouble), 0);
	assert_int_equal(session.recorded, SESSION_RECORDED_UNTIL);
	assert_int_equal(seen.past, 1); /* who watches does not see it any more */
	/* It comes back over another connection, and is as full as before. */
	assert_int_equal(recording_prepare(&connection, &grant), CLOSE_NONE);
	assert_int_equal(session.recorded, SESSION_RECORDED_UNTIL);
	recording_connection_over(&connection, CLOSE_CLIENT_LEFT);
	recorder_kind.died(&supervisor, (struct child *)&seen);
	turn();
}

/* Whoever has taken over a worker or a recorder must not fill the log. */
static void
gaps_and_troubles_are_told_once_a_minute(void **state)
{
	const struct msg_record_gap gap = {.bytes = 10, .since_ms = 5};
	const struct msg_record_gap much = {.bytes = UINT64_MAX, .since_ms = 5};
	const union message_body trouble = {
		.record_trouble = {.trouble = RECORD_TROUBLE_DISK_FULL}};
	FILE *log;
	int kept;

	(void)state;
	record(TERMINAL_RECORDING_BEST_EFFORT, false);
	log = catch_log(&kept);
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(recording_gap(&connection, &gap), 0);
		assert_int_equal(say(MSG_RECORD_TROUBLE, &trouble), 0);
	}
	assert_int_equal(count_lines(log, "SK2703", "gaps=1 bytes=10"), 1);
	assert_int_equal(count_lines(log, "SK2703", ""), 1);
	assert_int_equal(count_lines(log, "SK2704", "missed=0"), 1);
	assert_int_equal(count_lines(log, "SK2704", ""), 1);
	assert_int_equal(recording_gap(&connection, &much), 0);
	recording_connection_over(&connection, CLOSE_CLIENT_LEFT);
	recorder_kind.died(&supervisor, (struct child *)&seen);
	turn();
	assert_int_equal(count_lines(log, "SK2703", "gaps=1000 bytes=18446744073709551615"), 1);
	assert_int_equal(count_lines(log, "SK2703", ""), 2);
	assert_int_equal(count_lines(log, "SK2704", "missed=1000"), 1);
	assert_int_equal(count_lines(log, "SK2704", ""), 2);
	release_log(log, kept);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(more_than_may_be_recorded_at_once_are_told_apart),
		TEST(session_that_outlives_its_recorder_is_recorded_until_then),
		TEST(recording_that_is_full_is_said_to_have_ended),
		TEST(gaps_and_troubles_are_told_once_a_minute),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
