/* policy/recordings.c: what stands of recordings in database and log, and which of them are erased when. */
#include "recorded.h"

#include "base/bytes.h"
#include "policy/record.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t other_header[RECORDING_ROW_HASH_BYTES] = {0xef, 0x02};

static int
do_compare(struct store_db *db, void *argument)
{
	struct step *step = argument;
	int r = recording_load(db, step->session, step->part, &step->row);

	if (r == 0)
		r = recording_beginning(db, &step->row, header, &step->as_logged);
	return r == 0 ? recording_beginning(db, &step->row, other_header, &step->otherwise) : r;
}

/* As versions did that knew nothing of headers. */
static int
do_as_before(struct store_db *db, void *argument)
{
	struct step *step = argument;
	char session[2 * SESSION_ID_BYTES + 1];
	int r = recording_load(db, step->session, step->part, &step->row);

	bytes_to_hex(step->session, sizeof(step->session), session);
	step->row.has_header = false;
	if (r == 0)
		r = record_event(db, EVENT_KIND_RECORDING,
			json_pack("{s:s, s:s, s:I, s:s}", "action", "ended", "session", session,
				"part", (json_int_t)step->part, "state", "closed"),
			&step->row.event);
	return r < 0 ? r : recording_update(db, &step->row);
}

static int
do_progress(struct store_db *db, void *argument)
{
	struct step *step = argument;

	return recording_progress(db, step->session, step->part, &step->so_far);
}

static int
do_load(struct store_db *db, void *argument)
{
	struct step *step = argument;
	int r = recording_load(db, step->session, step->part, &step->row);

	return r < 0 ? r : recording_event(db, &step->row, &step->event);
}

static int
do_erase(struct store_db *db, void *argument)
{
	struct step *step = argument;
	int r = recording_load(db, step->session, step->part, &step->row);

	return r < 0 ? r : recording_erase(db, &step->row, "unix:sato", "asked for by the ward");
}

static int64_t
size_of_file(const uint8_t *session, int64_t part, void *argument)
{
	(void)session;
	(void)part;
	(void)argument;
	return 4711;
}

static int
do_left_open(struct store_db *db, void *argument)
{
	struct step *step = argument;

	return recordings_end_left_open(db, size_of_file, NULL, &step->ended);
}

static enum recording_row_state
state_of(struct step *step)
{
	assert_int_equal(fixture_read(&fixture, do_load, step), 0);
	json_decref(step->event);
	return step->row.state;
}

static void
row_and_event_say_the_same(void **state)
{
	struct step step = recorded(0, 5000);
	char hex[2 * RECORDING_ROW_HASH_BYTES + 1] = "abcd";
	json_t *object;

	(void)state;
	memset(hex + 4, '0', 60);
	assert_int_equal(fixture_read(&fixture, do_load, &step), 0);
	assert_int_equal(step.row.state, RECORDING_ROW_CLOSED);
	assert_string_equal(step.row.account_full, "998-taro@example.jp");
	assert_string_equal(step.row.terminal_name, "pacs-01");
	assert_int_equal(step.row.bytes, 5000);
	expect_text(step.event, "hash", hex);
	expect_text(step.event, "state", "closed");
	assert_null(strstr(json_string_value(json_object_get(step.event, "why")), "taro"));
	json_decref(step.event);
	assert_int_equal(events_of("recording"), 2);
	object = recording_json(&step.row);
	expect_text(object, "hash", hex);
	expect_text(object, "started", "2027-02-28T03:00:00.000000Z");
	assert_int_equal(json_integer_value(json_object_get(object, "duration_seconds")), 90);
	assert_int_equal(json_array_size(json_object_get(object, "auditors")), 2);
	assert_true(json_is_null(json_object_get(object, "held")));
	json_decref(object);
}

/* A late word of a recorder that is over, or its second end, changes nothing. */
static void
what_is_over_stays_as_it_is(void **state)
{
	struct step step = recorded(0, 5000);

	(void)state;
	step.so_far.bytes = 9999;
	step.state = RECORDING_ROW_FAILED;
	assert_int_equal(fixture_write(&fixture, do_progress, &step), 0);
	assert_int_equal(fixture_write(&fixture, do_end_recording, &step), 0);
	assert_int_equal(state_of(&step), RECORDING_ROW_CLOSED);
	assert_int_equal(step.row.bytes, 5000);
	assert_int_equal(events_of("recording"), 2);
}

static void
session_that_goes_on_has_a_second_part(void **state)
{
	struct step step = recorded(0, 5000);
	char id[RECORDING_ID_SIZE], file[RECORDING_FILE_SIZE];
	uint8_t session[SESSION_ID_BYTES];
	int64_t part;

	(void)state;
	assert_int_equal(step.part, 1);
	assert_int_equal(fixture_write(&fixture, do_begin_recording, &step), 0);
	assert_int_equal(step.row.part, 2);
	recording_id(step.session, 2, id);
	recording_file_name(step.session, 2, file);
	assert_int_equal(strlen(id), 34);
	assert_string_equal(file + 32, "-2.skr");
	assert_int_equal(recording_id_read(id, session, &part), 0);
	assert_memory_equal(session, step.session, sizeof(session));
	assert_int_equal(part, 2);
}

static void
name_that_is_not_the_one_name_is_none(void **state)
{
	static const char *const names[] = {"", "0123", "0123456789abcdef0123456789abcde",
		"0123456789abcdef0123456789abcdeg", "0123456789abcdef0123456789abcdef-1",
		"0123456789abcdef0123456789abcdef-02", "0123456789abcdef0123456789abcdef-",
		"0123456789abcdef0123456789abcdef/../x", "0123456789abcdef0123456789abcdef-10000",
		"0123456789ABCDEF0123456789ABCDEF", "../3456789abcdef0123456789abcdef"};
	uint8_t session[SESSION_ID_BYTES];
	int64_t part;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(recording_id_read(names[i], session, &part), -EINVAL);
	assert_int_equal(recording_id_read("0123456789abcdef0123456789abcdef", session, &part), 0);
	assert_int_equal(part, 1);
}

static void
what_is_older_than_its_time_is_erased(void **state)
{
	struct step old = recorded(91, 5000), held = recorded(91, 5000), young = recorded(89, 5000),
		    night = {.keep_days = 90};

	(void)state;
	assert_int_equal(fixture_write(&fixture, do_hold, &held), 0);
	assert_int_equal(fixture_write(&fixture, do_erase_due, &night), 0);
	assert_int_equal(night.count, 1);
	assert_memory_equal(night.erased[0].session, old.session, sizeof(old.session));
	assert_int_equal(state_of(&old), RECORDING_ROW_ERASED);
	assert_string_equal(old.row.erased_by, "nightly");
	assert_true(old.row.has_hash);
	assert_int_equal(state_of(&held), RECORDING_ROW_CLOSED);
	assert_int_equal(state_of(&young), RECORDING_ROW_CLOSED);
	assert_int_equal(fixture_write(&fixture, do_erase_due, &night), 0);
	assert_int_equal(night.count, 0);
}

static void
keeping_for_ever_erases_nothing(void **state)
{
	struct step old = recorded(100, 5000), night = {0};

	(void)state;
	assert_int_equal(fixture_write(&fixture, do_erase_due, &night), 0);
	assert_int_equal(night.count, 0);
	assert_int_equal(state_of(&old), RECORDING_ROW_CLOSED);
}

/* The oldest first, and no more than it takes; what runs and what is held counts, and stays. */
static void
too_much_altogether_costs_the_oldest(void **state)
{
	struct step held = recorded(9, 1000), oldest = recorded(8, 1000), old = recorded(7, 1000),
		    young = recorded(6, 1000), night = {.keep_days = 90, .most_bytes = 2500};

	(void)state;
	assert_int_equal(fixture_write(&fixture, do_hold, &held), 0);
	assert_int_equal(fixture_write(&fixture, do_erase_due, &night), 0);
	assert_int_equal(night.count, 2);
	assert_int_equal(state_of(&held), RECORDING_ROW_CLOSED);
	assert_int_equal(state_of(&oldest), RECORDING_ROW_ERASED);
	assert_int_equal(state_of(&old), RECORDING_ROW_ERASED);
	assert_int_equal(state_of(&young), RECORDING_ROW_CLOSED);
	assert_string_equal(old.row.erased_because, "it made room for newer ones");
	night.most_bytes = 1;
	assert_int_equal(fixture_write(&fixture, do_erase_due, &night), 0);
	assert_int_equal(night.count, 1);
	assert_int_equal(state_of(&held), RECORDING_ROW_CLOSED);
}

/* More than one transaction takes. */
static void
many_are_erased_portion_by_portion(void **state)
{
	struct step night = {.keep_days = 90};
	size_t erased = 0;

	(void)state;
	for (int i = 0; i < RECORDINGS_PORTION + 3; i++)
		(void)recorded(100, 10);
	do {
		assert_int_equal(fixture_write(&fixture, do_erase_due, &night), 0);
		erased += night.count;
	} while (night.count > 0);
	assert_int_equal(erased, RECORDINGS_PORTION + 3);
}

static void
a_person_erases_neither_what_runs_nor_what_is_held(void **state)
{
	struct step running = recorded(0, 0), held = recorded(1, 1000), gone = recorded(1, 1000);

	(void)state;
	assert_int_equal(fixture_write(&fixture, do_erase, &running), -EBUSY);
	assert_int_equal(fixture_write(&fixture, do_hold, &held), 0);
	assert_int_equal(fixture_write(&fixture, do_erase, &held), -EPERM);
	assert_int_equal(fixture_write(&fixture, do_erase, &gone), 0);
	assert_int_equal(fixture_write(&fixture, do_erase, &gone), -ENOENT);
	assert_int_equal(state_of(&gone), RECORDING_ROW_ERASED);
	assert_string_equal(gone.row.erased_because, "asked for by the ward");
	assert_int_equal(state_of(&running), RECORDING_ROW_RUNNING);
}

static void
what_a_crash_left_open_is_not_closed(void **state)
{
	struct step running = recorded(0, 0), closed = recorded(1, 1000), step = {0};

	(void)state;
	assert_int_equal(fixture_write(&fixture, do_left_open, &step), 0);
	assert_int_equal(step.ended, 1);
	assert_int_equal(state_of(&running), RECORDING_ROW_NOT_CLOSED);
	assert_int_equal(running.row.bytes, 4711);
	assert_false(running.row.has_hash);
	assert_int_equal(state_of(&closed), RECORDING_ROW_CLOSED);
	assert_int_equal(closed.row.bytes, 1000);
}

/* An event that is another recording's says nothing of this one. */
static void
event_of_another_recording_is_none(void **state)
{
	struct step one = recorded(0, 1000), other = recorded(0, 2000);

	(void)state;
	assert_int_equal(state_of(&other), RECORDING_ROW_CLOSED);
	fixture_sql(&fixture,
		"UPDATE recording SET last_event = (SELECT max(last_event) FROM recording)");
	assert_int_equal(fixture_read(&fixture, do_load, &one), -ENOENT);
}

static void
expect_beginning(
	struct step *step, enum recording_beginning as_logged, enum recording_beginning otherwise)
{
	assert_int_equal(fixture_read(&fixture, do_compare, step), 0);
	assert_int_equal(step->as_logged, as_logged);
	assert_int_equal(step->otherwise, otherwise);
}

/* While it runs, after a crash, closed and erased: every event of it has the hash of its header. */
static void
log_has_what_a_recording_begins_with(void **state)
{
	struct step running = recorded(0, 0), closed = recorded(1, 1000), step = {0};

	(void)state;
	assert_true(fixture_number(&fixture, "SELECT count(*) FROM event WHERE payload LIKE "
					     "'%\"action\":\"begun\"%\"header\":\"ef01000%'") == 2);
	/* It begins once, and while it runs. */
	assert_int_equal(fixture_write(&fixture, do_begun, &running), -EALREADY);
	assert_int_equal(fixture_write(&fixture, do_begun, &closed), -EALREADY);
	expect_beginning(&running, RECORDING_BEGINS_AS_LOGGED, RECORDING_BEGINS_OTHERWISE);
	expect_beginning(&closed, RECORDING_BEGINS_AS_LOGGED, RECORDING_BEGINS_OTHERWISE);
	assert_int_equal(fixture_write(&fixture, do_left_open, &step), 0);
	expect_beginning(&running, RECORDING_BEGINS_AS_LOGGED, RECORDING_BEGINS_OTHERWISE);
	assert_int_equal(fixture_write(&fixture, do_erase, &closed), 0);
	expect_beginning(&closed, RECORDING_BEGINS_AS_LOGGED, RECORDING_BEGINS_OTHERWISE);
}

/* Whoever can write rows, and not the log: the row alone is not believed. */
static void
row_that_says_otherwise_than_the_log_is_not_believed(void **state)
{
	struct step step = recorded(1, 1000);

	(void)state;
	fixture_sql(
		&fixture, "UPDATE recording SET header = CAST(X'ef02' || zeroblob(30) AS BLOB)");
	expect_beginning(&step, RECORDING_BEGINS_OTHERWISE, RECORDING_BEGINS_OTHERWISE);
	fixture_sql(&fixture, "UPDATE recording SET header = NULL");
	expect_beginning(&step, RECORDING_BEGINS_OTHERWISE, RECORDING_BEGINS_OTHERWISE);
}

/* Over before its header was written: no file can be its file. One of an older version is not judged. */
static void
recording_that_never_began_has_no_beginning(void **state)
{
	struct step never = {.state = RECORDING_ROW_FAILED, .part = 2}, old = recorded(1, 1000);

	(void)state;
	memcpy(never.session, old.session, sizeof(never.session));
	assert_int_equal(fixture_write(&fixture, do_begin_recording, &never), 0);
	expect_beginning(&never, RECORDING_BEGINS_UNSAID, RECORDING_BEGINS_UNSAID);
	assert_int_equal(fixture_write(&fixture, do_end_recording, &never), 0);
	expect_beginning(&never, RECORDING_NEVER_BEGAN, RECORDING_NEVER_BEGAN);
	assert_int_equal(fixture_write(&fixture, do_as_before, &old), 0);
	expect_beginning(&old, RECORDING_BEGINS_UNSAID, RECORDING_BEGINS_UNSAID);
}

#define IN_OUT(test) cmocka_unit_test_setup_teardown(test, session_setup, session_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_OUT(row_and_event_say_the_same),
		IN_OUT(what_is_over_stays_as_it_is),
		IN_OUT(session_that_goes_on_has_a_second_part),
		IN_OUT(name_that_is_not_the_one_name_is_none),
		IN_OUT(what_is_older_than_its_time_is_erased),
		IN_OUT(keeping_for_ever_erases_nothing),
		IN_OUT(too_much_altogether_costs_the_oldest),
		IN_OUT(many_are_erased_portion_by_portion),
		IN_OUT(a_person_erases_neither_what_runs_nor_what_is_held),
		IN_OUT(what_a_crash_left_open_is_not_closed),
		IN_OUT(event_of_another_recording_is_none),
		IN_OUT(log_has_what_a_recording_begins_with),
		IN_OUT(row_that_says_otherwise_than_the_log_is_not_believed),
		IN_OUT(recording_that_never_began_has_no_beginning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
