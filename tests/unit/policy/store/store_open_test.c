/* policy/store/store_open.c, database.c: what is not opened, and why; what is, and by whom. */
#include "disk_fixture.h"

#include "policy/store/event_table.h"
#include "policy/store/integrity.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

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
	assert_int_equal(fixture_write(&fixture, fixture_add_event, "{}"), 0);
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
		assert_int_equal(fixture_write(&fixture, fixture_add_event,
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
	assert_int_equal(fixture_write(&fixture, fixture_add_event, "{}"), 0);
	fixture_close(&fixture);
	damage("event");
	fixture_start(&fixture);
	assert_int_equal(fixture_write(&fixture, fixture_add_event, "{}"), -EUCLEAN);
	assert_int_equal(fixture_walk(&fixture, check_logs, &found), 0);
	assert_true(found > 0);
}

static void
truncated_database_is_found_at_start(void **state)
{
	(void)state;
	fixture_start(&fixture);
	for (int i = 0; i < 200; i++)
		assert_int_equal(fixture_write(&fixture, fixture_add_event, "{}"), 0);
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
	assert_int_equal(fixture_write(&fixture, fixture_add_event, "{}"), 0);
}

static void
database_is_private(void **state)
{
	struct stat status;
	char name[160];

	(void)state;
	umask(022);
	fixture_start(&fixture);
	assert_int_equal(fixture_write(&fixture, fixture_add_event, "{}"), 0);
	for (int i = 0; i < 4; i++) {
		static const char *const names[] = {"", "-wal", "-shm", "-lock"};

		snprintf(name, sizeof(name), "%s%s", fixture.path, names[i]);
		assert_int_equal(stat(name, &status), 0);
		assert_int_equal(status.st_mode & 077, 0);
	}
}

#define IN_OUT(test) cmocka_unit_test_setup_teardown(test, disk_setup, disk_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
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
		IN_OUT(database_is_private),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
