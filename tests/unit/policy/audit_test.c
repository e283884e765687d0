/* policy/audit.c: an intruder with the database in their hands is found out. */
#include "policy/audit.h"

#include "base/clock.h"
#include "policy/methods.h"
#include "policy/record.h"
#include "policy/sessions.h"
#include "policy/store/event_table.h"
#include "policy/store/session_table.h"
#include "store_fixture.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static int
do_admin(struct store_db *db, void *argument)
{
	return admin_event(db, "unix:yamada", "test", argument, NULL, NULL, NULL);
}

/* A session that begins and ends at once. */
static int
do_session(struct store_db *db, void *argument)
{
	struct session_record record = {.account = 1, .terminal = 1, .connection = 1};
	struct session_ending ending = {
		.connection = 1, .reason = CLOSE_HOST_LEFT, .phase = PHASE_BRIDGE};
	int r;

	memset(record.id, *(const char *)argument, sizeof(record.id));
	memcpy(ending.session, record.id, sizeof(record.id));
	strcpy(record.ticket, "+0000000000000000");
	strcpy(record.account_id, "taro");
	strcpy(record.terminal_name, "pacs-01");
	strcpy(record.source, "10.0.0.5");
	strcpy(record.device.kind, "none");
	record.allowlist_off = record.id[0] == 'b';
	r = session_insert(db, &record);
	if (r == 0)
		r = session_end(db, &ending, NULL);
	return r;
}

/* Events 1 admin, 2 session.end of 'a', 3 session.end of 'b', 4 admin; all signed; 5 admin. */
static int
setup(void **state)
{
	(void)fixture_setup(state);
	assert_int_equal(fixture_write(&fixture, do_admin, "one"), 0);
	assert_int_equal(fixture_write(&fixture, do_session, "a"), 0);
	assert_int_equal(fixture_write(&fixture, do_session, "b"), 0);
	assert_int_equal(fixture_write(&fixture, do_admin, "four"), 0);
	assert_true(fixture_checkpoint(&fixture));
	assert_int_equal(fixture_write(&fixture, do_admin, "five"), 0);
	return 0;
}

static void
expect_bad(int64_t event, const char *words)
{
	struct audit_report report = fixture_verify(&fixture);

	for (size_t i = 0; i < report.found && i < AUDIT_FINDINGS_MOST; i++)
		if (report.findings[i].event == event &&
			strstr(report.findings[i].why, words) != NULL)
			return;
	if (report.found == 0)
		fail_msg("nothing was found");
	fail_msg("event %lld: %s", (long long)report.findings[0].event, report.findings[0].why);
}

static void
untouched_log_is_good(void **state)
{
	struct audit_report report = fixture_verify(&fixture);

	(void)state;
	assert_int_equal(report.found, 0);
	assert_int_equal(report.events, 5);
	assert_int_equal(report.erased, 0);
	assert_int_equal(report.checkpoints, 1);
	assert_true(fixture_checkpoint(&fixture));
	assert_false(fixture_checkpoint(&fixture));                /* nothing new */
	assert_int_equal(fixture_verify(&fixture).checkpoints, 1); /* one for each day is kept */
}

static void
changed_content_is_found(void **state)
{
	(void)state;
	fixture_sql(&fixture,
		"UPDATE event SET payload = replace(payload, 'four', 'FOUR') WHERE id = 4");
	expect_bad(4, "content was changed");
}

static void
event_that_a_filter_does_not_find_is_found(void **state)
{
	(void)state;
	fixture_sql(&fixture, "DELETE FROM event_field WHERE event = 4 AND field = 'admin.target'");
	expect_bad(4, "does not find it any more");
}

static void
event_that_a_filter_finds_under_another_value_is_found(void **state)
{
	(void)state;
	fixture_sql(&fixture, "UPDATE event_field SET value = 'five' WHERE event = 4 AND "
			      "field = 'admin.target'");
	expect_bad(4, "does not find it any more");
}

static void
field_of_no_event_is_found(void **state)
{
	(void)state;
	fixture_sql(&fixture,
		"INSERT INTO event_field SELECT field, value || 'x', time, event FROM event_field "
		"WHERE event = 4");
	expect_bad(0, "what is in none of them");
}

static void
field_of_no_event_that_is_too_long_is_found(void **state)
{
	(void)state;
	fixture_sql(&fixture,
		"INSERT INTO event_field VALUES ('admin.target', hex(zeroblob(5000)), 1, 1)");
	expect_bad(0, "what is in none of them");
}

static void
text_that_needs_escapes_is_no_difference(void **state)
{
	(void)state;
	assert_int_equal(fixture_write(&fixture, do_admin, "a \"b\"\\\n\001 山田"), 0);
	assert_int_equal(fixture_verify(&fixture).found, 0);
}

static void
changed_time_is_found(void **state)
{
	(void)state;
	fixture_sql(&fixture, "UPDATE event SET time = time + 1 WHERE id = 3");
	expect_bad(3, "time, kind or hash");
}

static void
removed_event_is_found(void **state)
{
	(void)state;
	fixture_sql(&fixture, "DELETE FROM event WHERE id = 1");
	expect_bad(2, "missing");
}

static void
removed_event_with_the_rest_moved_up_is_found(void **state)
{
	(void)state;
	fixture_sql(&fixture, "PRAGMA foreign_keys = OFF; DELETE FROM event WHERE id = 1; "
			      "UPDATE event SET id = id - 1");
	expect_bad(1, "follow");
}

static void
inserted_event_is_found(void **state)
{
	(void)state;
	fixture_sql(&fixture,
		"INSERT INTO event SELECT 6, time, kind, payload, salt, payload_hash, prev, hash "
		"FROM event WHERE id = 5");
	expect_bad(6, "follow");
}

static void
swapped_events_are_found(void **state)
{
	(void)state;
	fixture_sql(&fixture,
		"PRAGMA foreign_keys = OFF; UPDATE event SET id = 99 WHERE id = 1; "
		"UPDATE event SET id = 1 WHERE id = 2; UPDATE event SET id = 2 WHERE id = 99");
	expect_bad(1, "follow");
}

static void
cut_tail_is_found_up_to_the_checkpoint(void **state)
{
	(void)state;
	fixture_sql(&fixture, "PRAGMA foreign_keys = OFF; DELETE FROM event WHERE id >= 4");
	expect_bad(4, "removed");
}

static void
forged_checkpoint_is_found(void **state)
{
	(void)state;
	fixture_sql(&fixture, "UPDATE checkpoint SET signature = zeroblob(64)");
	expect_bad(4, "signature");
}

static void
missing_checkpoints_are_noticed_after_an_hour(void **state)
{
	(void)state;
	fixture_sql(&fixture, "DELETE FROM checkpoint");
	assert_int_equal(fixture_verify(&fixture).found, 0);
	clock_hold(NOON_US + DAY_US, 1000000);
	expect_bad(1, "no checkpoint");
}

static void
erased_content_without_a_retention_is_found(void **state)
{
	(void)state;
	fixture_sql(&fixture, "UPDATE event SET payload = NULL, salt = NULL WHERE id = 4");
	expect_bad(4, "erased");
}

static void
changed_history_is_found_though_the_events_are_whole(void **state)
{
	(void)state;
	fixture_sql(&fixture, "UPDATE session SET source = '10.0.0.99' WHERE number = 1");
	expect_bad(2, "history says something else");
}

static void
history_row_without_an_event_is_found(void **state)
{
	(void)state;
	fixture_sql(&fixture, "UPDATE session SET last_event = NULL WHERE number = 2");
	expect_bad(0, "history says something else");
}

static void
history_row_that_reads_as_another_number_is_found(void **state)
{
	(void)state;
	fixture_sql(&fixture, "PRAGMA ignore_check_constraints = ON; "
			      "UPDATE session SET allowlist_off = 2 WHERE number = 2");
	expect_bad(3, "history says something else");
}

static void
session_that_is_gone_is_found(void **state)
{
	(void)state;
	fixture_sql(&fixture, "DELETE FROM session WHERE number = 2");
	expect_bad(3, "missing from the connection history");
}

static int
do_begin(struct store_db *db, void *argument)
{
	uint8_t id[SESSION_ID_BYTES];

	memset(id, *(const char *)argument, sizeof(id));
	return record_session(db, EVENT_KIND_SESSION_CONNECTION, id);
}

/* The row says to the letter what an older event of its session says. */
static void
older_state_of_a_session_that_was_put_back_is_found(void **state)
{
	(void)state;
	fixture_sql(&fixture, "CREATE TABLE kept AS SELECT * FROM session WHERE number = 1");
	assert_int_equal(fixture_write(&fixture, do_begin, "a"), 0);
	assert_int_equal(fixture_verify(&fixture).found, 0);
	fixture_sql(&fixture, "DELETE FROM session WHERE number = 1; "
			      "INSERT INTO session SELECT * FROM kept");
	expect_bad(6, "what was before it");
}

static int
do_retention(struct store_db *db, void *argument)
{
	return audit_retention(db, "unix:yamada", argument);
}

/* Portion by portion. */
static int64_t
retention(void)
{
	int64_t erased = 0, portion;

	do {
		assert_int_equal(fixture_write(&fixture, do_retention, &portion), 0);
		erased += portion;
	} while (portion > 0);
	return erased;
}

static void
retention_erases_after_two_years_and_the_log_stays_good(void **state)
{
	struct audit_report report;

	(void)state;
	clock_hold(NOON_US + 730 * DAY_US, 1000000);
	assert_int_equal(retention(), 0); /* the last day still counts */
	clock_hold(NOON_US + 730 * DAY_US + 1, 1000000);
	assert_int_equal(retention(), 5);
	assert_true(fixture_checkpoint(&fixture));
	report = fixture_verify(&fixture);
	assert_int_equal(report.found, 0);
	assert_int_equal(report.erased, 5);
	assert_int_equal(report.events, 7); /* one retention for each kind */
	assert_int_equal(retention(), 0);
}

static int
do_tonight(struct store_db *db, void *argument)
{
	return audit_retention_tonight(db, argument);
}

static int
do_done(struct store_db *db, void *argument)
{
	(void)argument;
	return audit_retention_done(db);
}

static enum audit_night
tonight(int64_t at_us)
{
	enum audit_night night;

	clock_hold(at_us, 1000000);
	assert_int_equal(fixture_write(&fixture, do_tonight, &night), 0);
	return night;
}

static void
retention_done_at(int64_t at_us)
{
	clock_hold(at_us, 1000000);
	assert_int_equal(fixture_write(&fixture, do_done, NULL), 0);
}

/* A clock that is wrong for a night would erase years. */
static void
retention_waits_a_night_when_the_clock_has_moved(void **state)
{
	(void)state;
	assert_int_equal(tonight(NOON_US), AUDIT_NIGHT_DUE); /* never done */
	retention_done_at(NOON_US);
	assert_int_equal(tonight(NOON_US + 14 * (DAY_US / 24)), AUDIT_NIGHT_DONE);
	assert_int_equal(
		tonight(NOON_US + 15 * (DAY_US / 24)), AUDIT_NIGHT_DUE); /* three at night */
	assert_int_equal(tonight(NOON_US - (DAY_US / 24)), AUDIT_NIGHT_DONE);
	assert_int_equal(tonight(NOON_US + 7 * DAY_US), AUDIT_NIGHT_DUE);
	assert_int_equal(tonight(NOON_US + 3000 * DAY_US), AUDIT_NIGHT_WAITS);
	assert_int_equal(tonight(NOON_US + 3000 * DAY_US), AUDIT_NIGHT_DONE);
	/* Put right again: from then on as ever. */
	assert_int_equal(tonight(NOON_US + DAY_US), AUDIT_NIGHT_WAITS);
	assert_int_equal(tonight(NOON_US + 2 * DAY_US), AUDIT_NIGHT_DUE);
	/* As it is when it was right after all. */
	assert_int_equal(tonight(NOON_US + 300 * DAY_US), AUDIT_NIGHT_WAITS);
	assert_int_equal(tonight(NOON_US + 301 * DAY_US), AUDIT_NIGHT_DUE);
}

static void
retention_does_not_excuse_what_it_did_not_name(void **state)
{
	(void)state;
	clock_hold(NOON_US + 730 * DAY_US + 1, 1000000);
	assert_int_equal(retention(), 5);
	assert_int_equal(fixture_write(&fixture, do_admin, "eight"), 0);
	assert_true(fixture_checkpoint(&fixture));
	fixture_sql(&fixture, "UPDATE event SET payload = NULL, salt = NULL WHERE id = 8");
	expect_bad(8, "erased");
}

static void
salt_that_was_left_behind_is_found(void **state)
{
	(void)state;
	clock_hold(NOON_US + 730 * DAY_US + 1, 1000000);
	assert_int_equal(retention(), 5);
	assert_true(fixture_checkpoint(&fixture));
	fixture_sql(&fixture, "PRAGMA ignore_check_constraints = ON; "
			      "UPDATE event SET salt = zeroblob(16) WHERE id = 4");
	expect_bad(4, "not its salt");
}

static void
retention_event_that_was_tampered_with_excuses_nothing(void **state)
{
	(void)state;
	clock_hold(NOON_US + 730 * DAY_US + 1, 1000000);
	assert_int_equal(retention(), 5);
	assert_true(fixture_checkpoint(&fixture));
	fixture_sql(&fixture,
		"UPDATE event SET payload = replace(payload, 'admin', 'other') WHERE id IN (6, 7)");
	expect_bad(1, "erased");
}

static int
append_retention(struct store_db *db, void *argument)
{
	return event_append(db, EVENT_KIND_RETENTION, argument, NULL);
}

/* An intruder needs no key to append events of their own. */
static void
forge_retention(int64_t first, int64_t last, int64_t before_us)
{
	char payload[200];

	snprintf(payload, sizeof(payload),
		"{\"kind\":\"admin\",\"first\":%lld,\"last\":%lld,\"count\":1,\"before\":%lld}",
		(long long)first, (long long)last, (long long)before_us);
	assert_int_equal(fixture_write(&fixture, append_retention, payload), 0);
}

static void
forged_retention_before_its_time_excuses_nothing(void **state)
{
	(void)state;
	forge_retention(1, 5, NOON_US + 1);
	fixture_sql(&fixture, "UPDATE event SET payload = NULL, salt = NULL WHERE id = 4");
	expect_bad(4, "erased");
}

static void
forged_retention_from_the_future_excuses_nothing(void **state)
{
	(void)state;
	clock_hold(NOON_US + 800 * DAY_US, 1000000);
	forge_retention(1, 5, NOON_US + 1);
	clock_hold(NOON_US, 1000000);
	fixture_sql(&fixture, "UPDATE event SET payload = NULL, salt = NULL WHERE id = 4");
	expect_bad(4, "erased");
}

static void
young_event_among_old_ones_is_not_excused(void **state)
{
	(void)state;
	/* The clock was wrong for a while: 6 is younger than 7. */
	clock_hold(NOON_US + 10 * DAY_US, 1000000);
	assert_int_equal(fixture_write(&fixture, do_admin, "six"), 0);
	clock_hold(NOON_US, 1000000);
	assert_int_equal(fixture_write(&fixture, do_admin, "seven"), 0);
	clock_hold(NOON_US + 730 * DAY_US + 1, 1000000);
	assert_int_equal(retention(), 6);
	assert_true(fixture_checkpoint(&fixture));
	assert_int_equal(fixture_verify(&fixture).found, 0);
	fixture_sql(&fixture, "UPDATE event SET payload = NULL, salt = NULL WHERE id = 6");
	expect_bad(6, "erased");
}

#define IN_OUT(test) cmocka_unit_test_setup_teardown(test, setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_OUT(untouched_log_is_good),
		IN_OUT(changed_content_is_found),
		IN_OUT(event_that_a_filter_does_not_find_is_found),
		IN_OUT(event_that_a_filter_finds_under_another_value_is_found),
		IN_OUT(field_of_no_event_is_found),
		IN_OUT(field_of_no_event_that_is_too_long_is_found),
		IN_OUT(text_that_needs_escapes_is_no_difference),
		IN_OUT(changed_time_is_found),
		IN_OUT(removed_event_is_found),
		IN_OUT(removed_event_with_the_rest_moved_up_is_found),
		IN_OUT(inserted_event_is_found),
		IN_OUT(swapped_events_are_found),
		IN_OUT(cut_tail_is_found_up_to_the_checkpoint),
		IN_OUT(forged_checkpoint_is_found),
		IN_OUT(missing_checkpoints_are_noticed_after_an_hour),
		IN_OUT(erased_content_without_a_retention_is_found),
		IN_OUT(changed_history_is_found_though_the_events_are_whole),
		IN_OUT(history_row_without_an_event_is_found),
		IN_OUT(history_row_that_reads_as_another_number_is_found),
		IN_OUT(session_that_is_gone_is_found),
		IN_OUT(older_state_of_a_session_that_was_put_back_is_found),
		IN_OUT(salt_that_was_left_behind_is_found),
		IN_OUT(retention_erases_after_two_years_and_the_log_stays_good),
		IN_OUT(forged_retention_before_its_time_excuses_nothing),
		IN_OUT(forged_retention_from_the_future_excuses_nothing),
		IN_OUT(young_event_among_old_ones_is_not_excused),
		IN_OUT(retention_waits_a_night_when_the_clock_has_moved),
		IN_OUT(retention_does_not_excuse_what_it_did_not_name),
		IN_OUT(retention_event_that_was_tampered_with_excuses_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
