/* policy/backup/backup.c: making and rehearsing, and what is wrong with a backup that is none. */
#include "../backup_fixture.h"

#include "base/cleanup.h"

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
#include <unistd.h>

#include <cmocka.h>

static void
a_backup_is_listed_with_who_and_why_and_shows_nothing_else(void **state)
{
	struct backup_making making;
	struct backup_list *list = calloc(1, sizeof(*list));
	char *hash;
	char path[BACKUP_PATH_SIZE];
	auto_free char *bytes = NULL;
	auto_fd int fd = -1;
	struct stat stat;

	(void)state;
	expect_ok(method_account_add, NEW_ACCOUNT("taro.nobody"));
	hash = sql_text("SELECT substr(hash, 1, 20) FROM password");
	assert_int_equal(strlen(hash), 20);
	assert_int_equal(make_backup(&making, "年度末"), 0);
	assert_int_equal(backup_folder_list(
				 backups_folder, fixture.sealing, &fixture.settings.facility, list),
		0);
	assert_int_equal(list->count, 1);
	assert_int_equal(list->entries[0].fault, BACKUP_SOUND);
	assert_string_equal(list->entries[0].id, making.entry.id);
	assert_string_equal(list->entries[0].by, "unix:yamada");
	assert_string_equal(list->entries[0].note, "年度末");
	assert_int_equal(list->entries[0].created_us, NOON_US);
	assert_int_equal(list->entries[0].bytes, making.entry.bytes);
	assert_int_equal(backup_path(backups_folder, making.entry.id, path), 0);
	fd = open(path, O_RDONLY);
	assert_int_equal(fstat(fd, &stat), 0);
	assert_int_equal(stat.st_mode & 0777, 0600);
	assert_int_equal(stat.st_size, making.entry.bytes);
	bytes = malloc((size_t)stat.st_size);
	assert_int_equal(read(fd, bytes, (size_t)stat.st_size), stat.st_size);
	assert_null(memmem(bytes, (size_t)stat.st_size, "taro.nobody", 11));
	assert_null(memmem(bytes, (size_t)stat.st_size, hash, strlen(hash)));
	assert_null(memmem(bytes, (size_t)stat.st_size, "CREATE TABLE", 12));
	assert_null(memmem(bytes, (size_t)stat.st_size, "yamada", 6));
	free(hash);
	free(list);
}

static void
a_sixth_is_refused_and_none_is_deleted(void **state)
{
	struct backup_making making;
	struct backup_list *list = calloc(1, sizeof(*list));

	(void)state;
	for (int i = 0; i < BACKUPS_MOST; i++)
		assert_int_equal(make_backup(&making, ""), 0);
	assert_int_equal(make_backup(&making, ""), -EDQUOT);
	assert_string_equal(making.trouble, "there are five backups already: delete one first");
	assert_int_equal(backup_folder_list(
				 backups_folder, fixture.sealing, &fixture.settings.facility, list),
		0);
	assert_int_equal(list->count, BACKUPS_MOST);
	assert_int_equal(backup_remove(backups_folder, list->entries[2].id), 0);
	assert_int_equal(backup_remove(backups_folder, list->entries[2].id), -ENOENT);
	assert_int_equal(make_backup(&making, ""), 0);
	free(list);
}

static void
a_folder_that_cannot_be_is_told(void **state)
{
	struct backup_making making;

	(void)state;
	strcpy(backups_folder, "/nonexistent/backups");
	assert_int_equal(make_backup(&making, ""), -ENOENT);
	assert_string_equal(making.trouble, "the folder of the backups does not exist");
}

static void
what_is_not_wanted_any_more_leaves_nothing(void **state)
{
	struct backup_list *list = calloc(1, sizeof(*list));
	struct backup_making making = {.folder = backups_folder};

	(void)state;
	assert_int_equal(backup_making_begin(&making), 0);
	atomic_store(&making.meter.cancel, true);
	assert_int_equal(fixture_slow(&fixture, do_make, &making), -ECANCELED);
	assert_int_equal(backup_folder_list(
				 backups_folder, fixture.sealing, &fixture.settings.facility, list),
		0);
	assert_int_equal(list->count, 0);
	free(list);
}

static void
a_rehearsal_changes_nothing_and_is_written_down(void **state)
{
	struct backup_restoring *restoring;
	struct backup_rehearsal rehearsal;
	struct backup_making making;
	int64_t before;

	(void)state;
	expect_ok(method_account_add, NEW_ACCOUNT("taro"));
	assert_int_equal(make_backup(&making, ""), 0);
	expect_ok(method_account_add, NEW_ACCOUNT("jiro"));
	backup_rehearsal_read(backups_folder, fixture.sealing, &rehearsal);
	assert_int_equal(rehearsal.at_us, 0);
	before = events();
	restoring = restoring_new(making.entry.id);
	assert_int_equal(fixture_slow(&fixture, do_rehearse, restoring), 0);
	assert_int_equal(events(), before);
	assert_int_equal(accounts(), 2);
	backup_rehearsal_read(backups_folder, fixture.sealing, &rehearsal);
	assert_int_equal(rehearsal.at_us, NOON_US);
	assert_true(rehearsal.succeeded);
	assert_string_equal(rehearsal.id, making.entry.id);
	assert_string_equal(rehearsal.by, "unix:sato");
	restoring_free(restoring);
}

static void
flip(const char *path, off_t at)
{
	auto_fd int fd = open(path, O_RDWR);
	uint8_t byte;

	assert_int_equal(pread(fd, &byte, 1, at), 1);
	byte ^= 1;
	assert_int_equal(pwrite(fd, &byte, 1, at), 1);
}

static void
a_failed_rehearsal_is_written_down_too(void **state)
{
	struct backup_restoring *restoring;
	struct backup_rehearsal rehearsal;
	struct backup_making making;

	(void)state;
	assert_int_equal(make_backup(&making, ""), 0);
	restoring = restoring_new(making.entry.id);
	flip(restoring->path, making.entry.bytes - 5000);
	assert_int_equal(fixture_slow(&fixture, do_rehearse, restoring), -EBADMSG);
	assert_int_equal(restoring->fault, BACKUP_CHANGED);
	backup_rehearsal_read(backups_folder, fixture.sealing, &rehearsal);
	assert_false(rehearsal.succeeded);
	assert_string_equal(rehearsal.why, backup_fault_text(BACKUP_CHANGED));
	restoring_free(restoring);
}

/* The backup is not to blame for a log that somebody has changed. */
static void
a_rehearsal_finds_a_log_that_was_changed(void **state)
{
	struct backup_restoring *restoring;
	struct backup_making making;

	(void)state;
	expect_ok(method_account_add, NEW_ACCOUNT("taro"));
	assert_int_equal(make_backup(&making, ""), 0);
	fixture_sql(&fixture, "UPDATE event SET payload = '{}' WHERE id = 1");
	restoring = restoring_new(making.entry.id);
	assert_int_equal(fixture_slow(&fixture, do_rehearse, restoring), -EBADMSG);
	assert_int_equal(restoring->fault, BACKUP_LOG_NOT_WHOLE);
	restoring_free(restoring);
}

static void
bad_files_change_nothing(void **state)
{
	struct backup_restoring *restoring;
	struct backup_making making;
	int64_t before = events();

	(void)state;
	assert_int_equal(make_backup(&making, ""), 0);
	restoring = restoring_new(making.entry.id);
	assert_int_equal(truncate(restoring->path, making.entry.bytes - 1), 0);
	assert_int_equal(restore_backup(restoring), -EBADMSG);
	assert_string_equal(restoring->trouble, backup_fault_text(BACKUP_TRUNCATED));
	assert_int_equal(truncate(restoring->path, 100), 0);
	assert_int_equal(restore_backup(restoring), -EBADMSG);
	assert_string_equal(restoring->trouble, backup_fault_text(BACKUP_TRUNCATED));
	strcpy(restoring->path, fixture.path);
	assert_int_equal(restore_backup(restoring), -EBADMSG);
	assert_string_equal(restoring->trouble, backup_fault_text(BACKUP_NOT_A_BACKUP));
	assert_int_equal(events(), before);
	restoring_free(restoring);
}

/* A sealed file around any database, as another version of the program would make it. */
static void
seal_database(const char *database, uint32_t schema, const char *id)
{
	struct backup_header header = {.id = {0xaa, 0xbb, 0xcc, 0xdd},
		.created_us = NOON_US,
		.schema = schema,
		.facility = fixture.settings.facility};
	struct backup_meter meter = {.what = NULL};
	uint8_t sha256[BACKUP_SHA256_BYTES];
	char path[BACKUP_PATH_SIZE];
	auto_fd int plain = open(database, O_RDONLY);
	auto_fd int fd = -1;

	assert_int_equal(backup_folder_make(backups_folder), 0);
	assert_int_equal(backup_path(backups_folder, id, path), 0);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_int_equal(
		backup_file_write(fd, fixture.sealing, &header, "{}", plain, &meter, sha256), 0);
}

static void
make_database(const char *sql_file, const char *more, char ret_path[160])
{
	auto_free char *sql = calloc(1, 65536);
	sqlite3 *handle;
	char *error = NULL;

	snprintf(ret_path, 160, "%s/other", fixture.folder);
	(void)unlink(ret_path);
	assert_int_equal(sqlite3_open(ret_path, &handle), SQLITE_OK);
	if (sql_file != NULL) {
		FILE *in = fopen(sql_file, "r");

		assert_non_null(in);
		assert_true(fread(sql, 1, 65535, in) > 0);
		fclose(in);
		if (sqlite3_exec(handle, sql, NULL, NULL, &error) != SQLITE_OK)
			fail_msg("%s", error);
	}
	if (sqlite3_exec(handle, more, NULL, NULL, &error) != SQLITE_OK)
		fail_msg("%s", error);
	sqlite3_close(handle);
}

static void
an_older_schema_is_migrated_on_the_way(void **state)
{
	struct backup_restoring *restoring;
	char path[160];

	(void)state;
	make_database(FIXTURES "/version_1.sql", "", path);
	seal_database(path, 1, "aabbccdd");
	unlink(path);
	restoring = restoring_new("aabbccdd");
	assert_int_equal(restore_backup(restoring), 0);
	assert_int_equal(restoring->schema_then, 1);
	assert_int_equal(accounts(), restoring->plan.then.accounts);
	assert_true(accounts() > 0);
	expect_sql("SELECT min(version) FROM account", "1");
	expect_signed_log_whole();
	restoring_free(restoring);
}

static void
a_newer_schema_and_damaged_databases_are_refused(void **state)
{
	static const char version_999[] =
		"CREATE TABLE schema_version (version INTEGER PRIMARY KEY, name TEXT NOT NULL, "
		"applied INTEGER NOT NULL) STRICT; INSERT INTO schema_version VALUES (999, 'x', 0)";
	static const struct {
		const char *sql;
		uint32_t schema;
		enum backup_fault fault;
	} rows[] = {
		{version_999, 999, BACKUP_NEWER_SCHEMA},
		{version_999, 1, BACKUP_NEWER_SCHEMA}, /* a header that says less */
		{"CREATE TABLE shopping (milk TEXT)", 1, BACKUP_NOT_WHOLE},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct backup_restoring *restoring = restoring_new("aabbccdd");
		char path[160];

		make_database(NULL, rows[i].sql, path);
		(void)unlink(restoring->path);
		seal_database(path, rows[i].schema, "aabbccdd");
		unlink(path);
		assert_int_equal(restore_backup(restoring), -EBADMSG);
		assert_string_equal(restoring->trouble, backup_fault_text(rows[i].fault));
		restoring_free(restoring);
	}
}

/* Reference to an account that is not there: sealed by our key, and still not let in. */
static void
a_database_that_contradicts_itself_is_refused(void **state)
{
	struct backup_restoring *restoring;
	char path[160];

	(void)state;
	make_database(FIXTURES "/version_1.sql",
		"PRAGMA foreign_keys = OFF; INSERT INTO assignment VALUES (4711, 4712)", path);
	seal_database(path, 1, "aabbccdd");
	unlink(path);
	restoring = restoring_new("aabbccdd");
	assert_int_equal(restore_backup(restoring), -EBADMSG);
	assert_int_equal(restoring->fault, BACKUP_NOT_WHOLE);
	restoring_free(restoring);
}

#define IN_OUT(test) cmocka_unit_test_setup_teardown(test, backup_setup, backup_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_OUT(a_backup_is_listed_with_who_and_why_and_shows_nothing_else),
		IN_OUT(a_sixth_is_refused_and_none_is_deleted),
		IN_OUT(a_folder_that_cannot_be_is_told),
		IN_OUT(what_is_not_wanted_any_more_leaves_nothing),
		IN_OUT(a_rehearsal_changes_nothing_and_is_written_down),
		IN_OUT(a_failed_rehearsal_is_written_down_too),
		IN_OUT(a_rehearsal_finds_a_log_that_was_changed),
		IN_OUT(bad_files_change_nothing),
		IN_OUT(an_older_schema_is_migrated_on_the_way),
		IN_OUT(a_newer_schema_and_damaged_databases_are_refused),
		IN_OUT(a_database_that_contradicts_itself_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
