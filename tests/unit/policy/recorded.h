/* Recordings of sessions of days ago, for tests of recordings.c and methods_recording.c. Each program has its own. */
#ifndef TESTS_POLICY_RECORDED_H
#define TESTS_POLICY_RECORDED_H

#include "session_fixture.h"

#include "base/clock.h"
#include "policy/recordings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* When the tests look: the account may sign in from noon on. */
#define LOOK_US (NOON_US + 100 * DAY_US)

static const uint8_t hash[RECORDING_ROW_HASH_BYTES] = {0xab, 0xcd};
static const uint8_t header[RECORDING_ROW_HASH_BYTES] = {0xef, 0x01};

struct step {
	uint8_t session[SESSION_ID_BYTES];
	int64_t part;
	enum recording_row_state state;
	struct recording_so_far so_far;
	const uint8_t *hash;
	struct recording_row row;
	json_t *event;
	uint32_t keep_days;
	uint64_t most_bytes;
	struct recording_row erased[RECORDINGS_PORTION];
	size_t count;
	int64_t ended;
	enum recording_beginning as_logged, otherwise;
};

static int
do_begin_recording(struct store_db *db, void *argument)
{
	struct step *step = argument;

	return recording_begin(db, step->session, "tanaka,suzuki", &step->row);
}

static int
do_begun(struct store_db *db, void *argument)
{
	const struct step *step = argument;

	return recording_begun(db, step->session, step->part, header);
}

static int
do_end_recording(struct store_db *db, void *argument)
{
	struct step *step = argument;

	return recording_end(
		db, step->session, step->part, step->state, "", &step->so_far, step->hash);
}

static int
do_erase_due(struct store_db *db, void *argument)
{
	struct step *step = argument;

	return recordings_erase_due(
		db, step->keep_days, step->most_bytes, step->erased, &step->count);
}

static int
do_hold(struct store_db *db, void *argument)
{
	struct step *step = argument;
	int r = recording_load(db, step->session, step->part, &step->row);

	if (r < 0)
		return r;
	step->row.held_us = store_db_now(db);
	strcpy(step->row.held_by, "unix:sato");
	return recording_update(db, &step->row);
}

/* A recording of a new session, which has begun so many days ago, closed if it has bytes. */
static struct step
recorded(int days_ago, int64_t bytes)
{
	struct step step = {.state = RECORDING_ROW_CLOSED, .hash = hash};
	struct issue issue;
	struct session_grant grant;

	clock_hold(LOOK_US - days_ago * DAY_US, 1000000);
	issue = issue_ticket();
	grant = begin_session(&issue, 1);
	memcpy(step.session, grant.session, sizeof(step.session));
	assert_int_equal(fixture_write(&fixture, do_begin_recording, &step), 0);
	step.part = step.row.part;
	assert_int_equal(fixture_write(&fixture, do_begun, &step), 0);
	step.so_far = (struct recording_so_far){.bytes = bytes, .duration_ms = 90500, .gaps = 1};
	if (bytes > 0)
		assert_int_equal(fixture_write(&fixture, do_end_recording, &step), 0);
	json_decref(end_session(&grant, 1, CLOSE_CLIENT_LEFT));
	clock_hold(LOOK_US, 1000000);
	return step;
}

#endif
