/* policy/store/scratch.c: databases beside the live one, which nobody else ever sees. */
#include "../store_fixture.h"

#include "policy/store/database.h"
#include "policy/store/event_table.h"
#include "policy/store/scratch.h"
#include "policy/store/sql.h"

#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* Files that are there now beside the live database's own. */
static void
expect_no_name(void)
{
	static const char *const known[] = {".", "..", "db", "db-wal", "db-shm", "db-lock"};
	DIR *directory = opendir(fixture.folder);
	struct dirent *file;

	assert_non_null(directory);
	while ((file = readdir(directory)) != NULL) {
		bool found = false;

		for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
			found |= strcmp(file->d_name, known[i]) == 0;
		if (!found)
			fail_msg("%s has a name", file->d_name);
	}
	closedir(directory);
}

static void
expect_private(const struct scratch *scratch)
{
	struct stat status;

	assert_int_equal(fstat(scratch_fd(scratch), &status), 0);
	assert_int_equal(status.st_nlink, 0);
	assert_int_equal(status.st_mode & 0777, 0600);
}

static int
step(void *argument, int64_t done, int64_t of)
{
	(void)done;
	(void)of;
	++*(int *)argument;
	expect_no_name();
	return 0;
}

/* From its first byte to its last, migrated, written to and checked on the way. */
static int
live_a_life(struct store_db *live, void *argument)
{
	struct scratch *scratch = NULL;
	struct scratch_facts facts;
	struct store_db *db;
	int64_t count = 0;

	assert_int_equal(scratch_new(live, SCRATCH_REHEARSED, &scratch), 0);
	expect_private(scratch);
	expect_no_name();
	assert_int_equal(scratch_copy(live, scratch, step, argument, &facts), 0);
	assert_int_equal(facts.head.id, 1);
	assert_int_equal(scratch_open(scratch), 0);
	expect_no_name();
	db = scratch_db(scratch, live);
	assert_int_equal(database_run(db, "BEGIN"), 0);
	assert_int_equal(event_append(db, EVENT_KIND_ADMIN, "{}", NULL), 0);
	expect_no_name();
	assert_int_equal(database_run(db, "COMMIT"), 0);
	assert_int_equal(scratch_check(scratch), 0);
	assert_int_equal(sql_number(db, &count, "SELECT count(*) FROM event", ""), 1);
	assert_int_equal(count, 2);
	expect_private(scratch);
	expect_no_name();
	scratch_free(scratch);
	return 0;
}

static void
nothing_that_is_not_sealed_ever_has_a_name(void **state)
{
	int steps = 0;

	(void)state;
	assert_int_equal(fixture_write(&fixture, fixture_add_event, "{}"), 0);
	assert_int_equal(fixture_slow(&fixture, live_a_life, &steps), 0);
	assert_true(steps > 0);
}

/* Its one connection is all there is: a second one would be of a file that somebody else has put there. */
static int
open_again(struct store_db *live, void *argument)
{
	struct scratch *scratch = NULL;
	struct scratch_facts facts;
	struct store_db *again = NULL;

	assert_int_equal(scratch_new(live, SCRATCH_REHEARSED, &scratch), 0);
	assert_int_equal(scratch_copy(live, scratch, step, argument, &facts), 0);
	assert_int_equal(scratch_open(scratch), 0);
	assert_int_equal(store_db_again(scratch_db(scratch, live), &again), -EOPNOTSUPP);
	assert_null(again);
	scratch_free(scratch);
	return 0;
}

static void
it_cannot_be_opened_again(void **state)
{
	int steps = 0;

	(void)state;
	assert_int_equal(fixture_slow(&fixture, open_again, &steps), 0);
}

/* Of a gateway that was killed in the one moment, and of versions that gave names to them. */
static void
what_has_a_name_is_swept(void **state)
{
	static const char *const names[] = {
		"-copy", "-restored", "-restored-wal", "-rehearsed-shm", "-copy-journal"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char path[200];
		FILE *file;

		snprintf(path, sizeof(path), "%s%s", fixture.path, names[i]);
		file = fopen(path, "w");
		assert_non_null(file);
		fclose(file);
	}
	scratch_sweep(fixture.path);
	expect_no_name();
}

/* Writers go on while the pages are copied, and the copy is of one moment: no balance is half there. */
static int
write_between_steps(void *argument, int64_t done, int64_t of)
{
	int *steps = argument;

	(void)done;
	(void)of;
	(*steps)++;
	fixture_sql(&fixture, "UPDATE log_mark SET number = number + 1 WHERE name = 'told'");
	return *steps > 1000 ? -ELOOP : 0;
}

static int
do_copy(struct store_db *db, void *argument)
{
	struct scratch_facts facts;
	struct scratch *copy;
	int r = scratch_new(db, SCRATCH_COPY, &copy);

	assert_int_equal(r, 0);
	r = scratch_copy(db, copy, write_between_steps, argument, &facts);
	scratch_free(copy);
	return r;
}

static void
writers_do_not_send_the_copy_back_to_its_start(void **state)
{
	int steps = 0;

	(void)state;
	fixture_sql(&fixture, "CREATE TABLE bulk (bytes BLOB)");
	for (int i = 0; i < 20; i++)
		fixture_sql(&fixture, "INSERT INTO bulk VALUES (randomblob(500000))");
	assert_int_equal(fixture_slow(&fixture, do_copy, &steps), 0);
	/* 10 MB in steps of 1 MB. */
	assert_in_range(steps, 9, 14);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nothing_that_is_not_sealed_ever_has_a_name,
			fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			it_cannot_be_opened_again, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			what_has_a_name_is_swept, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(writers_do_not_send_the_copy_back_to_its_start,
			fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
