/* policy/store/store.c, database.c: group commit, and every way in which a disk lets one down. */
#include "../store_fixture.h"

#include "policy/store/database.h"
#include "policy/store/event_table.h"
#include "policy/store/integrity.h"
#include "policy/store/sql.h"
#include "slow_vfs.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static struct store_fixture fixture;

static int
setup(void **state)
{
	(void)state;
	slow_vfs_register();
	slow_vfs.sync_ms = 0;
	slow_vfs.writes_left = -1;
	slow_vfs.sync_fails = false;
	fixture_init(&fixture);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	slow_vfs.writes_left = -1;
	slow_vfs.sync_fails = false;
	fixture_done(&fixture);
	return 0;
}

static int
add_event(struct store_db *db, void *argument)
{
	return event_append(db, EVENT_KIND_ADMIN, argument, NULL);
}

static int
count_events(struct store_db *db, void *argument)
{
	int r = sql_number(db, argument, "SELECT count(*) FROM event", "");

	return r < 0 ? r : 0;
}

static int64_t
events(void)
{
	int64_t count = -1;

	assert_int_equal(fixture_read(&fixture, count_events, &count), 0);
	return count;
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
	assert_int_equal(fixture_write(&fixture, add_event, "{}"), 0);
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
		r = fixture_write(&fixture, add_event, "{}");
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
	assert_int_equal(fixture_write(&fixture, add_event, "{}"), 0);
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
	assert_int_equal(fixture_write(&fixture, add_event, "{}"), -EBUSY);
	assert_int_equal(events(), 0); /* readers go on */
	hand_in(&stubborn, 1);
	sqlite3_close(other);
	fixture_settle(&fixture);
	assert_int_equal(stubborn.status, 0);
	assert_int_equal(events(), 1);
}

static void
expect_refusal(int result, const char *words)
{
	const char *why = NULL;
	int r = fixture_open(&fixture, &why);

	assert_int_equal(r, result);
	assert_non_null(why);
	if (strstr(why, words) == NULL)
		fail_msg("'%s' does not say '%s'", why, words);
	assert_null(fixture.store);
}

static void
locked_database_is_not_opened(void **state)
{
	sqlite3 *other;

	(void)state;
	fixture_start(&fixture);
	fixture_close(&fixture);
	fixture_sql(&fixture, "PRAGMA journal_mode = DELETE");
	assert_int_equal(sqlite3_open(fixture.path, &other), SQLITE_OK);
	assert_int_equal(sqlite3_exec(other, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
	expect_refusal(-EBUSY, "another process");
	sqlite3_close(other);
	fixture_start(&fixture);
}

static void
second_gateway_is_kept_out(void **state)
{
	struct store *first;

	(void)state;
	fixture_start(&fixture);
	first = fixture.store;
	fixture.store = NULL;
	expect_refusal(-EBUSY, "another gateway");
	fixture.store = first;
	assert_int_equal(fixture_write(&fixture, add_event, "{}"), 0);
}

static void
newer_schema_is_refused(void **state)
{
	(void)state;
	fixture_start(&fixture);
	fixture_close(&fixture);
	fixture_sql(&fixture, "INSERT INTO schema_version VALUES (999, 'future', 0)");
	expect_refusal(-EPROTO, "newer version");
}

static void
foreign_database_is_refused_and_left_alone(void **state)
{
	(void)state;
	fixture_sql(&fixture, "CREATE TABLE somebody_elses (a)");
	expect_refusal(-EUCLEAN, "not one of Sekisho's");
	fixture_sql(&fixture, "INSERT INTO somebody_elses VALUES (1)");
}

static void
file_that_is_no_database_is_refused_and_left_alone(void **state)
{
	static const char text[] =
		"This is not a database, but somebody's letter, and quite a long one.";
	char found[sizeof(text)] = "";
	FILE *file;

	(void)state;
	file = fopen(fixture.path, "w");
	fputs(text, file);
	fclose(file);
	expect_refusal(-EUCLEAN, "damaged");
	file = fopen(fixture.path, "r");
	assert_non_null(fgets(found, sizeof(found), file));
	fclose(file);
	assert_string_equal(found, text);
}

static void
damaged_page_is_found_at_start(void **state)
{
	int fd;

	(void)state;
	fixture_start(&fixture);
	for (int i = 0; i < 200; i++)
		assert_int_equal(fixture_write(&fixture, add_event,
					 "{\"some\":\"payload that fills pages\"}"),
			0);
	fixture_close(&fixture);
	fd = open(fixture.path, O_RDWR);
	assert_true(fd >= 0);
	for (int page = 4; page < 12; page++)
		assert_int_equal(pwrite(fd, "\xff\xff\xff\xff\xff\xff\xff\xff", 8, page * 4096), 8);
	close(fd);
	expect_refusal(-EUCLEAN, "damaged");
}

/* Garbage over the first page of a table. */
static void
damage(const char *table)
{
	sqlite3 *database;
	sqlite3_stmt *row;
	int page, fd;

	assert_int_equal(sqlite3_open(fixture.path, &database), SQLITE_OK);
	assert_int_equal(
		sqlite3_prepare_v2(database, "SELECT rootpage FROM sqlite_master WHERE name = ?",
			-1, &row, NULL),
		SQLITE_OK);
	sqlite3_bind_text(row, 1, table, -1, SQLITE_STATIC);
	assert_int_equal(sqlite3_step(row), SQLITE_ROW);
	page = sqlite3_column_int(row, 0);
	sqlite3_finalize(row);
	sqlite3_close(database);
	fd = open(fixture.path, O_RDWR);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, "\xff\xff\xff\xff\xff\xff\xff\xff", 8, (page - 1) * 4096), 8);
	close(fd);
}

static void
damage_of_any_table_but_the_logs_is_found_at_start(void **state)
{
	static const char *const tables[] = {
		"account", "terminal", "ticket", "password", "schema_version"};

	(void)state;
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		fixture_start(&fixture);
		fixture_close(&fixture);
		damage(tables[i]);
		expect_refusal(-EUCLEAN, "damaged");
		assert_int_equal(unlink(fixture.path), 0);
	}
}

static int
count_finding(const char *what, void *argument)
{
	(void)what;
	++*(size_t *)argument;
	return 0;
}

static int
check_logs(struct store_db *db, void *argument)
{
	return integrity_check(db, INTEGRITY_EVENT, count_finding, argument);
}

/* They may be gigabytes: the start does not read them, and whatever does says that they are damaged. */
static void
damage_of_the_log_is_found_when_it_is_met(void **state)
{
	size_t found = 0;

	(void)state;
	fixture_start(&fixture);
	assert_int_equal(fixture_write(&fixture, add_event, "{}"), 0);
	fixture_close(&fixture);
	damage("event");
	fixture_start(&fixture);
	assert_int_equal(fixture_write(&fixture, add_event, "{}"), -EUCLEAN);
	assert_int_equal(fixture_walk(&fixture, check_logs, &found), 0);
	assert_true(found > 0);
}

static void
truncated_database_is_found_at_start(void **state)
{
	(void)state;
	fixture_start(&fixture);
	for (int i = 0; i < 200; i++)
		assert_int_equal(fixture_write(&fixture, add_event, "{}"), 0);
	fixture_close(&fixture);
	assert_int_equal(truncate(fixture.path, 3 * 4096), 0);
	expect_refusal(-EUCLEAN, "damaged");
}

static void
missing_folder_and_wrong_kinds_of_file_are_told(void **state)
{
	char kept[sizeof(fixture.path)];

	(void)state;
	memcpy(kept, fixture.path, sizeof(kept));
	snprintf(fixture.path, sizeof(fixture.path), "%s/none/db", fixture.folder);
	expect_refusal(-ENOENT, "folder does not exist");
	memcpy(fixture.path, kept, sizeof(kept));
	assert_int_equal(mkdir(fixture.path, 0700), 0);
	expect_refusal(-EISDIR, "is a folder");
	assert_int_equal(rmdir(fixture.path), 0);
	assert_int_equal(symlink("/dev/null", fixture.path), 0);
	expect_refusal(-ELOOP, "symbolic link");
}

static void
unwritable_folder_is_told(void **state)
{
	uid_t user = geteuid();

	(void)state;
	assert_int_equal(chmod(fixture.folder, 0500), 0);
	/* Root may write everywhere: be somebody else for a moment. */
	if (user == 0)
		assert_int_equal(seteuid(65534), 0);
	expect_refusal(-EACCES, "may not be opened");
	assert_int_equal(seteuid(user), 0);
	assert_int_equal(chmod(fixture.folder, 0700), 0);
}

static void
disk_that_is_full_at_start_is_told(void **state)
{
	(void)state;
	slow_vfs.writes_left = 3;
	expect_refusal(-ENOSPC, "disk that holds the database is full");
	slow_vfs.writes_left = -1;
	fixture_start(&fixture);
	assert_int_equal(fixture_write(&fixture, add_event, "{}"), 0);
}

static int
try_to_write(struct store_db *db, void *argument)
{
	return event_append(db, EVENT_KIND_ADMIN, argument, NULL);
}

static void
readers_cannot_write(void **state)
{
	(void)state;
	fixture_start(&fixture);
	assert_true(fixture_read(&fixture, try_to_write, "{}") < 0);
	assert_int_equal(events(), 0);
}

static void
database_is_private(void **state)
{
	struct stat status;
	char name[160];

	(void)state;
	umask(022);
	fixture_start(&fixture);
	assert_int_equal(fixture_write(&fixture, add_event, "{}"), 0);
	for (int i = 0; i < 4; i++) {
		static const char *const names[] = {"", "-wal", "-shm", "-lock"};

		snprintf(name, sizeof(name), "%s%s", fixture.path, names[i]);
		assert_int_equal(stat(name, &status), 0);
		assert_int_equal(status.st_mode & 077, 0);
	}
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
	assert_int_equal(fixture_write(&fixture, add_event, "{}"), 0);
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

#define IN_OUT(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

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
		IN_OUT(locked_database_is_not_opened),
		IN_OUT(second_gateway_is_kept_out),
		IN_OUT(newer_schema_is_refused),
		IN_OUT(foreign_database_is_refused_and_left_alone),
		IN_OUT(file_that_is_no_database_is_refused_and_left_alone),
		IN_OUT(damaged_page_is_found_at_start),
		IN_OUT(damage_of_any_table_but_the_logs_is_found_at_start),
		IN_OUT(damage_of_the_log_is_found_when_it_is_met),
		IN_OUT(truncated_database_is_found_at_start),
		IN_OUT(missing_folder_and_wrong_kinds_of_file_are_told),
		IN_OUT(unwritable_folder_is_told),
		IN_OUT(disk_that_is_full_at_start_is_told),
		IN_OUT(readers_cannot_write),
		IN_OUT(database_is_private),
		IN_OUT(bare_job_runs_alone_and_in_its_turn),
		IN_OUT(bare_job_leaves_no_transaction_behind),
		IN_OUT(nobody_waits_for_a_slow_job),
		IN_OUT(changed_settings_hold_for_the_next_job),
		IN_OUT(done_may_hand_in_its_job_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
