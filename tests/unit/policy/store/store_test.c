/* policy/store/store.c: jobs, group commit, and every way in which a disk lets one down. */
#include "disk_fixture.h"

#include "policy/store/database.h"
#include "policy/store/event_table.h"
#include "policy/store/sql.h"

#include <errno.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static int
count_events(struct store_db *db, void *argument)
{
	int r = sql_number(db, argument, "SELECT count(*) FROM event", "");

	return r < 0 ? r : 0;
}

static int64_t
events(void)
{
	return fixture_number(&fixture, "SELECT count(*) FROM event");
}

/* Many jobs at once. */
struct many_job {
	struct store_job job;
	int status;
	int done_after; /* syncs counted when done ran */
	bool done;
	bool refuses;
};

static int
many_work(struct store_db *db, struct store_job *job)
{
	int r = event_append(db, EVENT_KIND_ADMIN, "{}", NULL);

	if (r == 0 && ((struct many_job *)job)->refuses)
		return -EPERM;
	return r;
}

static void
many_done(struct store_job *job, int status)
{
	struct many_job *many = (struct many_job *)job;

	assert_false(many->done);
	many->done = true;
	many->status = status;
	many->done_after = slow_vfs.syncs;
}

static void
hand_in(struct many_job *jobs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		jobs[i].job.work = many_work;
		jobs[i].job.done = many_done;
		store_write(fixture.store, &jobs[i].job);
	}
}

static void
jobs_that_wait_share_one_commit(void **state)
{
	struct many_job jobs[200] = {0};
	int before;

	(void)state;
	fixture_start(&fixture);
	before = slow_vfs.syncs;
	slow_vfs.sync_ms = 20;
	hand_in(jobs, 200);
	fixture_settle(&fixture);
	for (size_t i = 0; i < 200; i++)
		assert_int_equal(jobs[i].status, 0);
	assert_true(slow_vfs.syncs - before < 20);
	assert_int_equal(events(), 200);
}

static void
nothing_is_acknowledged_before_its_sync(void **state)
{
	struct many_job jobs[20] = {0};
	int before;

	(void)state;
	fixture_start(&fixture);
	slow_vfs.sync_ms = 20;
	before = slow_vfs.syncs;
	for (size_t i = 0; i < 20; i++) {
		hand_in(&jobs[i], 1);
		fixture_settle(&fixture);
		assert_true(jobs[i].done_after > before);
		before = jobs[i].done_after;
	}
}

static void
job_that_refuses_is_rolled_back_alone(void **state)
{
	struct many_job jobs[30] = {0};

	(void)state;
	fixture_start(&fixture);
	slow_vfs.sync_ms = 20;
	for (size_t i = 0; i < 30; i++)
		jobs[i].refuses = i % 3 == 0;
	hand_in(jobs, 30);
	fixture_settle(&fixture);
	for (size_t i = 0; i < 30; i++)
		assert_int_equal(jobs[i].status, i % 3 == 0 ? -EPERM : 0);
	assert_int_equal(events(), 20);
}

static void
failing_sync_fails_every_job_of_the_group(void **state)
{
	struct many_job jobs[10] = {0};

	(void)state;
	fixture_start(&fixture);
	slow_vfs.sync_fails = true;
	hand_in(jobs, 10);
	fixture_settle(&fixture);
	slow_vfs.sync_fails = false;
	for (size_t i = 0; i < 10; i++)
		assert_int_equal(jobs[i].status, -EIO);
	assert_int_equal(events(), 0);
	assert_int_equal(fixture_write(&fixture, fixture_add_event, "{}"), 0);
	assert_int_equal(events(), 1);
}

static void
full_disk_is_told_and_loses_nothing(void **state)
{
	(void)state;
	/* The disk fills up at each write in turn: what was acknowledged is there, nothing else is. */
	fixture_start(&fixture);
	for (int at = 0; at < 12; at++) {
		int64_t before = events();
		int r;

		slow_vfs.writes_left = at;
		r = fixture_write(&fixture, fixture_add_event, "{}");
		slow_vfs.writes_left = -1;
		assert_true(r == 0 || r == -ENOSPC);
		assert_int_equal(events(), before + (r == 0));
		if (r < 0)
			assert_string_equal(
				store_error_text(r), "the disk that holds the database is full");
	}
	fixture_close(&fixture);
	fixture_start(&fixture);
	assert_true(events() > 0);
	assert_int_equal(fixture_write(&fixture, fixture_add_event, "{}"), 0);
}

static void
stubborn_job_waits_until_the_disk_has_room(void **state)
{
	struct many_job stubborn = {.job = {.stubborn = true}}, other = {0};

	(void)state;
	fixture_start(&fixture);
	slow_vfs.writes_left = 0;
	hand_in(&stubborn, 1);
	hand_in(&other, 1);
	while (!other.done)
		(void)store_collect(fixture.store);
	assert_int_equal(other.status, -ENOSPC);
	assert_false(stubborn.done);
	assert_int_equal(store_pending(fixture.store), 1);
	slow_vfs.writes_left = -1;
	fixture_settle(&fixture);
	assert_true(stubborn.done);
	assert_int_equal(stubborn.status, 0);
	assert_int_equal(events(), 1);
}

static void
closing_gives_stubborn_jobs_a_last_try(void **state)
{
	struct many_job lucky = {.job = {.stubborn = true}}, unlucky = {.job = {.stubborn = true}};

	(void)state;
	fixture_start(&fixture);
	hand_in(&lucky, 1);
	fixture_close(&fixture);
	assert_true(lucky.done);
	assert_int_equal(lucky.status, 0);
	fixture_start(&fixture);
	slow_vfs.writes_left = 0;
	hand_in(&unlucky, 1);
	fixture_close(&fixture);
	assert_true(unlucky.done);
	assert_int_equal(unlucky.status, -ENOSPC);
	slow_vfs.writes_left = -1;
	fixture_start(&fixture);
	assert_int_equal(events(), 1);
}

static sqlite3 *
lock_from_outside(void)
{
	sqlite3 *handle;

	assert_int_equal(sqlite3_open(fixture.path, &handle), SQLITE_OK);
	assert_int_equal(sqlite3_exec(handle, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	return handle;
}

static void
lock_of_another_process_is_waited_for_then_told(void **state)
{
	struct many_job stubborn = {.job = {.stubborn = true}};
	sqlite3 *other;

	(void)state;
	fixture_start(&fixture);
	other = lock_from_outside();
	assert_int_equal(fixture_write(&fixture, fixture_add_event, "{}"), -EBUSY);
	assert_int_equal(events(), 0); /* readers go on */
	hand_in(&stubborn, 1);
	sqlite3_close(other);
	fixture_settle(&fixture);
	assert_int_equal(stubborn.status, 0);
	assert_int_equal(events(), 1);
}

static void
readers_cannot_write(void **state)
{
	(void)state;
	fixture_start(&fixture);
	assert_true(fixture_read(&fixture, fixture_add_event, "{}") < 0);
	assert_int_equal(events(), 0);
}

struct chained_job {
	struct store_job job;
	int *count;
};

static int
chained_work(struct store_db *db, struct store_job *job)
{
	(void)job;
	return event_append(db, EVENT_KIND_ADMIN, "{}", NULL);
}

static void
chained_done(struct store_job *job, int status)
{
	struct chained_job *chained = (struct chained_job *)job;

	assert_int_equal(status, 0);
	if (++*chained->count < 5)
		store_write(fixture.store, job);
}

static void
done_may_hand_in_its_job_again(void **state)
{
	int count = 0;
	struct chained_job chained = {
		.job = {.work = chained_work, .done = chained_done}, .count = &count};

	(void)state;
	fixture_start(&fixture);
	store_write(fixture.store, &chained.job);
	fixture_settle(&fixture);
	assert_int_equal(count, 5);
	assert_int_equal(events(), 5);
}

static int
read_setting(struct store_db *db, void *argument)
{
	*(bool *)argument = store_db_settings(db)->hours_end_disconnects;
	return 0;
}

struct bare_job {
	struct store_job job;
	bool leaves_open;
	int status;
	int64_t seen; /* events before it began */
};

static int
bare_work(struct store_db *db, struct store_job *job)
{
	struct bare_job *bare = (struct bare_job *)job;
	int r;

	assert_int_equal(sqlite3_get_autocommit(db->handle), 1);
	r = count_events(db, &bare->seen);
	if (r == 0)
		r = database_run(db, "BEGIN IMMEDIATE");
	if (r == 0)
		r = event_append(db, EVENT_KIND_ADMIN, "{}", NULL);
	return r < 0 || bare->leaves_open ? r : database_run(db, "COMMIT");
}

static void
bare_done(struct store_job *job, int status)
{
	((struct bare_job *)job)->status = status;
}

static void
bare_job_runs_alone_and_in_its_turn(void **state)
{
	struct many_job before[3] = {0}, after[3] = {0};
	struct bare_job bare = {
		.job = {.work = bare_work, .done = bare_done, .bare = true}, .status = 1};

	(void)state;
	fixture_start(&fixture);
	hand_in(before, 3);
	store_write(fixture.store, &bare.job);
	hand_in(after, 3);
	fixture_settle(&fixture);
	assert_int_equal(bare.status, 0);
	assert_int_equal(bare.seen, 3);
	assert_int_equal(events(), 7);
	for (int i = 0; i < 3; i++)
		assert_int_equal(after[i].status, 0);
}

static void
bare_job_leaves_no_transaction_behind(void **state)
{
	struct bare_job bare = {.job = {.work = bare_work, .done = bare_done, .bare = true},
		.leaves_open = true,
		.status = 1};

	(void)state;
	fixture_start(&fixture);
	store_write(fixture.store, &bare.job);
	fixture_settle(&fixture);
	assert_int_equal(bare.status, 0);
	assert_int_equal(events(), 0);
	assert_int_equal(fixture_write(&fixture, fixture_add_event, "{}"), 0);
	assert_int_equal(events(), 1);
}

struct slow_job {
	struct store_job job;
	int go; /* it reads here until somebody writes */
	int64_t seen;
	int status;
};

static int
slow_work(struct store_db *db, struct store_job *job)
{
	struct slow_job *slow = (struct slow_job *)job;
	char byte;

	if (read(slow->go, &byte, 1) != 1)
		return -EIO;
	return count_events(db, &slow->seen);
}

static void
slow_done(struct store_job *job, int status)
{
	((struct slow_job *)job)->status = status;
}

static void
nobody_waits_for_a_slow_job(void **state)
{
	struct slow_job slow = {.job = {.work = slow_work, .done = slow_done}, .status = 1};
	struct many_job job = {0};
	int ends[2];

	(void)state;
	fixture_start(&fixture);
	assert_int_equal(pipe(ends), 0);
	slow.go = ends[0];
	store_slow(fixture.store, &slow.job);
	hand_in(&job, 1);
	while (!job.done)
		(void)store_collect(fixture.store);
	assert_int_equal(job.status, 0);
	assert_int_equal(slow.status, 1);
	assert_int_equal(write(ends[1], "", 1), 1);
	fixture_settle(&fixture);
	assert_int_equal(slow.status, 0);
	assert_int_equal(slow.seen, 1);
	close(ends[0]);
	close(ends[1]);
}

static void
changed_settings_hold_for_the_next_job(void **state)
{
	bool seen = true;

	(void)state;
	fixture_start(&fixture);
	assert_int_equal(fixture_read(&fixture, read_setting, &seen), 0);
	assert_false(seen);
	fixture.settings.hours_end_disconnects = true;
	store_change_settings(fixture.store, &fixture.settings);
	assert_int_equal(fixture_read(&fixture, read_setting, &seen), 0);
	assert_true(seen);
	seen = false;
	assert_int_equal(fixture_write(&fixture, read_setting, &seen), 0);
	assert_true(seen);
}

#define MANY 5000
#define PATIENCE_MS 30000

/* By those threads that hold it, once they have nothing else to do; they go on as before. */
static void
what_was_kept_of_the_file_is_given_back(void **state)
{
	sqlite3_int64 kept;

	(void)state;
	fixture_start(&fixture);
	fixture_add_changes(&fixture, MANY);
	assert_int_equal(events(), MANY);
	kept = sqlite3_memory_used();
	store_give_memory_back(fixture.store);
	for (int ms = 0; ms < PATIENCE_MS && sqlite3_memory_used() > kept / 2; ms++)
		usleep(1000);
	assert_in_range(sqlite3_memory_used(), 1, kept / 2);
	assert_int_equal(events(), MANY);
	fixture_add_changes(&fixture, 1);
	assert_int_equal(events(), MANY + 1);
}

#define IN_OUT(test) cmocka_unit_test_setup_teardown(test, disk_setup, disk_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_OUT(jobs_that_wait_share_one_commit),
		IN_OUT(nothing_is_acknowledged_before_its_sync),
		IN_OUT(job_that_refuses_is_rolled_back_alone),
		IN_OUT(failing_sync_fails_every_job_of_the_group),
		IN_OUT(full_disk_is_told_and_loses_nothing),
		IN_OUT(stubborn_job_waits_until_the_disk_has_room),
		IN_OUT(closing_gives_stubborn_jobs_a_last_try),
		IN_OUT(lock_of_another_process_is_waited_for_then_told),
		IN_OUT(readers_cannot_write),
		IN_OUT(done_may_hand_in_its_job_again),
		IN_OUT(bare_job_runs_alone_and_in_its_turn),
		IN_OUT(bare_job_leaves_no_transaction_behind),
		IN_OUT(nobody_waits_for_a_slow_job),
		IN_OUT(changed_settings_hold_for_the_next_job),
		IN_OUT(what_was_kept_of_the_file_is_given_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
