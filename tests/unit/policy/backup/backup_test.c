/* policy/backup/backup.c and policy/store/restore.c: making, checking, rehearsing and restoring. */
#include "../method_fixture.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "policy/audit.h"
#include "policy/backup/backup.h"
#include "policy/sessions.h"
#include "policy/store/database.h"
#include "policy/store/sql.h"

#include <dirent.h>
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

#define DAY_US INT64_C(86400000000)

static char folder[128];

/* Jobs of the two other kinds. */
struct any_job {
	struct store_job job;
	int (*work)(struct store_db *db, void *argument);
	void *argument;
	int status;
};

static int
any_work(struct store_db *db, struct store_job *job)
{
	struct any_job *any = (struct any_job *)job;

	return any->work(db, any->argument);
}

static void
any_done(struct store_job *job, int status)
{
	((struct any_job *)job)->status = status;
}

static int
run_job(void (*hand_in)(struct store *store, struct store_job *job), bool bare,
	int (*work)(struct store_db *db, void *argument), void *argument)
{
	struct any_job any = {.job = {.work = any_work, .done = any_done, .bare = bare},
		.work = work,
		.argument = argument};

	hand_in(fixture.store, &any.job);
	fixture_settle(&fixture);
	return any.status;
}

static int
do_make(struct store_db *db, void *argument)
{
	return backup_make(db, argument);
}

static int
do_unpack(struct store_db *db, void *argument)
{
	return backup_unpack(db, argument);
}

static int
do_rehearse(struct store_db *db, void *argument)
{
	return backup_rehearse(db, argument);
}

static int
do_restore(struct store_db *db, void *argument)
{
	return backup_restore(db, argument);
}

static int
make(struct backup_making *making, const char *note)
{
	memset(making, 0, sizeof(*making));
	making->folder = folder;
	strcpy(making->by, "unix:yamada");
	snprintf(making->note, sizeof(making->note), "%s", note);
	assert_int_equal(backup_making_begin(making), 0);
	return run_job(store_slow, false, do_make, making);
}

static struct backup_restoring *
restoring_new(const char *id)
{
	struct backup_restoring *restoring = calloc(1, sizeof(*restoring));

	assert_non_null(restoring);
	restoring->folder = folder;
	strcpy(restoring->by, "unix:sato");
	assert_int_equal(backup_path(folder, id, restoring->path), 0);
	return restoring;
}

static void
restoring_free(struct backup_restoring *restoring)
{
	backup_discard(restoring);
	free(restoring);
}

/* The whole of it, as the supervisor does it. */
static int
restore(struct backup_restoring *restoring)
{
	int r = run_job(store_slow, false, do_unpack, restoring);

	return r < 0 ? r : run_job(store_write, true, do_restore, restoring);
}

static int
setup(void **state)
{
	method_setup(state);
	fixture.boot_id = "boot-1";
	snprintf(folder, sizeof(folder), "%s/backups", fixture.folder);
	return 0;
}

/* Nothing is left beside the database but what belongs there. */
static void
expect_clean_folder(void)
{
	DIR *directory = opendir(fixture.folder);
	struct dirent *file;

	assert_non_null(directory);
	while ((file = readdir(directory)) != NULL)
		if (strncmp(file->d_name, "db-", 3) == 0 && strcmp(file->d_name, "db-wal") != 0 &&
			strcmp(file->d_name, "db-shm") != 0 && strcmp(file->d_name, "db-lock") != 0)
			fail_msg("%s is left", file->d_name);
	closedir(directory);
}

static int
teardown(void **state)
{
	DIR *directory = opendir(folder);
	struct dirent *file;

	expect_clean_folder();
	while (directory != NULL && (file = readdir(directory)) != NULL)
		(void)unlinkat(dirfd(directory), file->d_name, 0);
	if (directory != NULL)
		closedir(directory);
	(void)rmdir(folder);
	return method_teardown(state);
}

static int
do_count(struct store_db *db, void *argument)
{
	int64_t *count = argument;
	int r = sql_number(db, count, "SELECT count(*) FROM account", "");

	return r < 0 ? r : 0;
}

static int64_t
accounts(void)
{
	int64_t count = -1;

	assert_int_equal(fixture_read(&fixture, do_count, &count), 0);
	return count;
}

static int
do_verify(struct store_db *db, void *argument)
{
	return audit_verify(db, NULL, NULL, argument);
}

/* As the supervisor does every minute. */
static int
do_checkpoint(struct store_db *db, void *argument)
{
	struct chain_checkpoint checkpoint;

	return audit_checkpoint(db, &checkpoint, argument);
}

static void
expect_log_whole(void)
{
	struct audit_report report;
	bool made;

	assert_int_equal(fixture_write(&fixture, do_checkpoint, &made), 0);
	assert_int_equal(fixture_read(&fixture, do_verify, &report), 0);
	if (report.found > 0)
		fail_msg("event %lld: %s", (long long)report.findings[0].event,
			report.findings[0].why);
}

static int
do_ask_text(struct store_db *db, void *argument)
{
	char **both = argument; /* the question, then the answer */
	sqlite3_stmt *row = NULL;
	int rc = sqlite3_prepare_v2(db->handle, both[0], -1, &row, NULL);

	assert_int_equal(rc, SQLITE_OK);
	assert_int_equal(sqlite3_step(row), SQLITE_ROW);
	both[1] = strdup((const char *)sqlite3_column_text(row, 0));
	sqlite3_finalize(row);
	return 0;
}

static void
expect_sql(const char *question, const char *answer)
{
	char *both[2] = {(char *)question, NULL};

	assert_int_equal(fixture_read(&fixture, do_ask_text, both), 0);
	assert_string_equal(both[1], answer);
	free(both[1]);
}

static void
a_backup_is_listed_with_who_and_why_and_shows_nothing_else(void **state)
{
	struct backup_making making;
	struct backup_list *list = calloc(1, sizeof(*list));
	char *question[2] = {"SELECT substr(hash, 1, 20) FROM password", NULL};
	char path[BACKUP_PATH_SIZE];
	auto_free char *bytes = NULL;
	auto_fd int fd = -1;
	struct stat stat;

	(void)state;
	expect_ok(method_account_add, NEW_ACCOUNT("taro.nobody"));
	assert_int_equal(fixture_read(&fixture, do_ask_text, question), 0);
	assert_int_equal(strlen(question[1]), 20);
	assert_int_equal(make(&making, "年度末"), 0);
	assert_int_equal(
		backup_folder_list(folder, fixture.sealing, &fixture.settings.facility, list), 0);
	assert_int_equal(list->count, 1);
	assert_int_equal(list->entries[0].fault, BACKUP_SOUND);
	assert_string_equal(list->entries[0].id, making.entry.id);
	assert_string_equal(list->entries[0].by, "unix:yamada");
	assert_string_equal(list->entries[0].note, "年度末");
	assert_int_equal(list->entries[0].created_us, NOON_US);
	assert_int_equal(list->entries[0].bytes, making.entry.bytes);
	assert_int_equal(backup_path(folder, making.entry.id, path), 0);
	fd = open(path, O_RDONLY);
	assert_int_equal(fstat(fd, &stat), 0);
	assert_int_equal(stat.st_mode & 0777, 0600);
	assert_int_equal(stat.st_size, making.entry.bytes);
	bytes = malloc((size_t)stat.st_size);
	assert_int_equal(read(fd, bytes, (size_t)stat.st_size), stat.st_size);
	assert_null(memmem(bytes, (size_t)stat.st_size, "taro.nobody", 11));
	assert_null(memmem(bytes, (size_t)stat.st_size, question[1], strlen(question[1])));
	assert_null(memmem(bytes, (size_t)stat.st_size, "CREATE TABLE", 12));
	assert_null(memmem(bytes, (size_t)stat.st_size, "yamada", 6));
	free(question[1]);
	free(list);
}

static void
a_sixth_is_refused_and_none_is_deleted(void **state)
{
	struct backup_making making;
	struct backup_list *list = calloc(1, sizeof(*list));

	(void)state;
	for (int i = 0; i < BACKUPS_MOST; i++)
		assert_int_equal(make(&making, ""), 0);
	assert_int_equal(make(&making, ""), -EDQUOT);
	assert_string_equal(making.trouble, "there are five backups already: delete one first");
	assert_int_equal(
		backup_folder_list(folder, fixture.sealing, &fixture.settings.facility, list), 0);
	assert_int_equal(list->count, BACKUPS_MOST);
	assert_int_equal(backup_remove(folder, list->entries[2].id), 0);
	assert_int_equal(backup_remove(folder, list->entries[2].id), -ENOENT);
	assert_int_equal(make(&making, ""), 0);
	free(list);
}

static void
an_earlier_state_comes_back_and_the_log_stays(void **state)
{
	struct backup_restoring *restoring;
	struct backup_making making;
	int64_t before;

	(void)state;
	expect_ok(method_account_add, NEW_ACCOUNT("taro"));
	expect_ok(method_account_add, NEW_ACCOUNT("jiro"));
	assert_int_equal(make(&making, ""), 0);
	clock_hold(NOON_US + DAY_US, 1000000);
	expect_ok(method_account_add, NEW_ACCOUNT("saburo"));
	expect_ok(method_account_delete, "{\"id\":\"jiro\"}");
	expect_ok(method_account_lock, "{\"id\":\"taro\"}");
	expect_ok(method_terminal_add, "{\"name\":\"pacs-02\",\"address\":\"192.168.10.22\"}");
	before = events();
	restoring = restoring_new(making.entry.id);
	assert_int_equal(run_job(store_slow, false, do_unpack, restoring), 0);
	assert_int_equal(restoring->plan.log, RESTORE_LOG_SAME);
	assert_int_equal(restoring->plan.now.accounts, 2);
	assert_int_equal(restoring->plan.then.accounts, 2);
	assert_int_equal(restoring->plan.accounts_gone, 1);
	assert_int_equal(restoring->plan.accounts_back, 1);
	assert_int_equal(restoring->plan.accounts_unlocked, 1);
	assert_int_equal(restoring->plan.terminals_gone, 1);
	assert_int_equal(restoring->plan.terminals_back, 0);
	assert_int_equal(restoring->plan.now.newest_us, NOON_US + DAY_US);
	assert_int_equal(restoring->plan.then.newest_us, NOON_US);
	/* So far nothing has changed. */
	assert_int_equal(events(), before);
	assert_int_equal(run_job(store_write, true, do_restore, restoring), 0);
	assert_int_equal(events(), before + 1);
	expect_sql("SELECT group_concat(id) FROM (SELECT id FROM account ORDER BY id) AS a",
		"jiro,taro");
	expect_sql("SELECT count(*) FROM terminal", "1");
	expect_sql("SELECT max(locked) FROM account", "0");
	expect_sql("SELECT payload ->> 'action' FROM event ORDER BY id DESC LIMIT 1",
		"backup.restore");
	expect_sql("SELECT payload ->> 'actor' FROM event ORDER BY id DESC LIMIT 1", "unix:sato");
	expect_sql("SELECT payload ->> '$.after.replaced' FROM event ORDER BY id DESC LIMIT 1",
		"state");
	expect_log_whole();
	restoring_free(restoring);
}

static void
numbers_are_never_given_away_again(void **state)
{
	struct backup_restoring *restoring;
	struct backup_making making;

	(void)state;
	expect_ok(method_account_add, NEW_ACCOUNT("taro"));
	assert_int_equal(make(&making, ""), 0);
	expect_ok(method_account_add, NEW_ACCOUNT("jiro"));
	expect_sql("SELECT number FROM account WHERE id = 'jiro'", "2");
	restoring = restoring_new(making.entry.id);
	assert_int_equal(restore(restoring), 0);
	expect_ok(method_account_add, NEW_ACCOUNT("saburo"));
	expect_sql("SELECT number FROM account WHERE id = 'saburo'", "3");
	restoring_free(restoring);
}

static void
who_edits_meanwhile_is_told(void **state)
{
	struct backup_restoring *restoring;
	struct backup_making making;

	(void)state;
	expect_ok(method_account_add, NEW_ACCOUNT("taro"));
	assert_int_equal(make(&making, ""), 0);
	expect_sql("SELECT version FROM account", "1");
	restoring = restoring_new(making.entry.id);
	assert_int_equal(restore(restoring), 0);
	expect_sql("SELECT version FROM account", "2");
	expect_sql("SELECT version FROM terminal", "2");
	restoring_free(restoring);
}

/* Deleted at its second version: neither the account that comes back nor one that is made anew has that again. */
static void
who_wrote_a_version_down_before_it_was_deleted_is_told(void **state)
{
	struct backup_restoring *restoring;
	struct backup_making making;

	(void)state;
	expect_ok(method_account_add, NEW_ACCOUNT("taro"));
	assert_int_equal(make(&making, ""), 0);
	expect_ok(method_account_add, NEW_ACCOUNT("jiro"));
	expect_ok(method_account_edit, "{\"id\":\"taro\",\"changes\":{\"given_name\":\"x\"}}");
	expect_ok(method_account_edit, "{\"id\":\"jiro\",\"changes\":{\"given_name\":\"x\"}}");
	expect_ok(method_account_edit, "{\"id\":\"jiro\",\"changes\":{\"given_name\":\"y\"}}");
	expect_ok(method_account_delete, "{\"id\":\"taro\"}");
	restoring = restoring_new(making.entry.id);
	assert_int_equal(restore(restoring), 0);
	expect_sql("SELECT version FROM account WHERE id = 'taro'", "4");
	/* The restore itself has deleted jiro, at version 3. */
	expect_ok(method_account_add, NEW_ACCOUNT("jiro"));
	expect_sql("SELECT version FROM account WHERE id = 'jiro'", "4");
	restoring_free(restoring);
}

static void
tickets_are_dropped(void **state)
{
	struct backup_restoring *restoring;
	struct backup_making making;

	(void)state;
	expect_ok(method_account_add, NEW_ACCOUNT("taro"));
	fixture_sql(&fixture,
		"INSERT INTO ticket VALUES ('+1', zeroblob(32), 1, 1, NULL, NULL, 0, 'x', 'b', 0, "
		"0, NULL, NULL)");
	assert_int_equal(make(&making, ""), 0);
	restoring = restoring_new(making.entry.id);
	assert_int_equal(restore(restoring), 0);
	expect_sql("SELECT count(*) FROM ticket", "0");
	restoring_free(restoring);
}

/* Another gateway with the same key, or this one after its disk was lost. */
static void
start_afresh(void)
{
	static const char *const names[] = {"", "-wal", "-shm"};
	char path[160];

	fixture_close(&fixture);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof(path), "%s%s", fixture.path, names[i]);
		(void)unlink(path);
	}
	fixture_start(&fixture);
}

static const char active_session[] =
	"INSERT INTO session (id, ticket, account, account_id, account_full, account_name, "
	"terminal, terminal_name, state, started, source, evidence, allowlist_off, connection, "
	"boot) VALUES (randomblob(16), '+1', 1, 'taro', 't', 't', 1, 'p', 'active', 0, '::1', "
	"'none', 0, 1, 'b')";

static void
a_fresh_gateway_takes_over_everything(void **state)
{
	struct backup_restoring *restoring;
	struct backup_making making;
	int64_t then;

	(void)state;
	expect_ok(method_account_add, NEW_ACCOUNT("taro"));
	assert_int_equal(make(&making, ""), 0);
	then = events();
	start_afresh();
	clock_hold(NOON_US + 30 * DAY_US, 2000000);
	for (int i = 0; i < 3; i++)
		expect_ok(method_account_add, i == 0   ? NEW_ACCOUNT("a")
					      : i == 1 ? NEW_ACCOUNT("b")
						       : NEW_ACCOUNT("c"));
	restoring = restoring_new(making.entry.id);
	assert_int_equal(run_job(store_slow, false, do_unpack, restoring), 0);
	assert_int_equal(restoring->plan.log, RESTORE_LOG_OTHER);
	assert_int_equal(restoring->plan.head.id, 3);
	assert_int_equal(run_job(store_write, true, do_restore, restoring), 0);
	expect_sql("SELECT group_concat(id) FROM account", "taro");
	assert_int_equal(events(), then + 1);
	/* The first event afterwards names the log that was there. */
	expect_sql("SELECT payload ->> 'action' FROM event ORDER BY id DESC LIMIT 1",
		"backup.restore");
	expect_sql(
		"SELECT payload ->> '$.before.log.event' FROM event ORDER BY id DESC LIMIT 1", "3");
	expect_sql("SELECT payload ->> '$.after.replaced' FROM event ORDER BY id DESC LIMIT 1",
		"everything");
	expect_log_whole();
	/* The connections of all threads go on with the new one. */
	expect_ok(method_account_add, NEW_ACCOUNT("jiro"));
	expect_sql("SELECT number FROM account WHERE id = 'jiro'", "4");
	expect_log_whole();
	restoring_free(restoring);
}

static void
running_sessions_keep_their_log(void **state)
{
	struct backup_restoring *restoring;
	struct backup_making making;

	(void)state;
	expect_ok(method_account_add, NEW_ACCOUNT("taro"));
	assert_int_equal(make(&making, ""), 0);
	start_afresh();
	expect_ok(method_account_add, NEW_ACCOUNT("jiro"));
	fixture_sql(&fixture, active_session);
	restoring = restoring_new(making.entry.id);
	assert_int_equal(restore(restoring), -EBUSY);
	assert_int_equal(restoring->plan.sessions, 1);
	expect_sql("SELECT group_concat(id) FROM account", "jiro");
	fixture_sql(&fixture, "DELETE FROM session");
	assert_int_equal(restore(restoring), 0);
	expect_sql("SELECT group_concat(id) FROM account", "taro");
	restoring_free(restoring);
}

/* A machine put back to an older image: the backup goes on where its log ends. */
static void
an_older_database_is_continued(void **state)
{
	struct backup_restoring *restoring;
	struct backup_making old, new;

	(void)state;
	expect_ok(method_account_add, NEW_ACCOUNT("taro"));
	assert_int_equal(make(&old, ""), 0);
	expect_ok(method_account_add, NEW_ACCOUNT("jiro"));
	assert_int_equal(make(&new, ""), 0);
	start_afresh();
	restoring = restoring_new(old.entry.id);
	assert_int_equal(run_job(store_slow, false, do_unpack, restoring), 0);
	assert_int_equal(restoring->plan.log, RESTORE_LOG_CONTINUES);
	backup_discard(restoring);
	fixture_close(&fixture);
	{
		/* Its database as it was. */
		char command[300];

		snprintf(command, sizeof(command), "true > %s", fixture.path);
		assert_int_equal(system(command), 0);
	}
	fixture_start(&fixture);
	assert_int_equal(restore(restoring), 0);
	restoring_free(restoring);
	assert_int_equal(accounts(), 1);
	restoring = restoring_new(new.entry.id);
	assert_int_equal(run_job(store_slow, false, do_unpack, restoring), 0);
	/* The restore has written an event of its own: from here the two logs part. */
	assert_int_equal(restoring->plan.log, RESTORE_LOG_OTHER);
	assert_int_equal(run_job(store_write, true, do_restore, restoring), 0);
	assert_int_equal(accounts(), 2);
	expect_log_whole();
	restoring_free(restoring);
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
	assert_int_equal(make(&making, ""), 0);
	expect_ok(method_account_add, NEW_ACCOUNT("jiro"));
	backup_rehearsal_read(folder, fixture.sealing, &rehearsal);
	assert_int_equal(rehearsal.at_us, 0);
	before = events();
	restoring = restoring_new(making.entry.id);
	fixture_sql(&fixture, active_session);
	fixture_sql(&fixture, "DELETE FROM session");
	assert_int_equal(run_job(store_slow, false, do_rehearse, restoring), 0);
	assert_int_equal(events(), before);
	assert_int_equal(accounts(), 2);
	backup_rehearsal_read(folder, fixture.sealing, &rehearsal);
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
	assert_int_equal(make(&making, ""), 0);
	restoring = restoring_new(making.entry.id);
	flip(restoring->path, making.entry.bytes - 5000);
	assert_int_equal(run_job(store_slow, false, do_rehearse, restoring), -EBADMSG);
	assert_int_equal(restoring->fault, BACKUP_CHANGED);
	backup_rehearsal_read(folder, fixture.sealing, &rehearsal);
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
	assert_int_equal(make(&making, ""), 0);
	fixture_sql(&fixture, "UPDATE event SET payload = '{}' WHERE id = 1");
	restoring = restoring_new(making.entry.id);
	assert_int_equal(run_job(store_slow, false, do_rehearse, restoring), -EBADMSG);
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
	assert_int_equal(make(&making, ""), 0);
	restoring = restoring_new(making.entry.id);
	assert_int_equal(truncate(restoring->path, making.entry.bytes - 1), 0);
	assert_int_equal(restore(restoring), -EBADMSG);
	assert_string_equal(restoring->trouble, backup_fault_text(BACKUP_TRUNCATED));
	assert_int_equal(truncate(restoring->path, 100), 0);
	assert_int_equal(restore(restoring), -EBADMSG);
	assert_string_equal(restoring->trouble, backup_fault_text(BACKUP_TRUNCATED));
	strcpy(restoring->path, fixture.path);
	assert_int_equal(restore(restoring), -EBADMSG);
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

	assert_int_equal(backup_folder_make(folder), 0);
	assert_int_equal(backup_path(folder, id, path), 0);
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
	assert_int_equal(restore(restoring), 0);
	assert_int_equal(restoring->schema_then, 1);
	assert_int_equal(accounts(), restoring->plan.then.accounts);
	assert_true(accounts() > 0);
	expect_sql("SELECT min(version) FROM account", "1");
	expect_log_whole();
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
		assert_int_equal(restore(restoring), -EBADMSG);
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
	assert_int_equal(restore(restoring), -EBADMSG);
	assert_int_equal(restoring->fault, BACKUP_NOT_WHOLE);
	restoring_free(restoring);
}

static void
a_folder_that_cannot_be_is_told(void **state)
{
	struct backup_making making;

	(void)state;
	strcpy(folder, "/nonexistent/backups");
	assert_int_equal(make(&making, ""), -ENOENT);
	assert_string_equal(making.trouble, "the folder of the backups does not exist");
}

static void
what_is_not_wanted_any_more_leaves_nothing(void **state)
{
	struct backup_list *list = calloc(1, sizeof(*list));
	struct backup_making making = {.folder = folder};

	(void)state;
	assert_int_equal(backup_making_begin(&making), 0);
	atomic_store(&making.meter.cancel, true);
	assert_int_equal(run_job(store_slow, false, do_make, &making), -ECANCELED);
	assert_int_equal(
		backup_folder_list(folder, fixture.sealing, &fixture.settings.facility, list), 0);
	assert_int_equal(list->count, 0);
	free(list);
}

static void
count_swept(void *argument, const char *id)
{
	assert_string_equal(id, "aabbccdd");
	(*(int *)argument)++;
}

static void
touch(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0600);

	assert_true(fd >= 0);
	close(fd);
}

static void
what_a_killed_gateway_left_is_swept(void **state)
{
	struct backup_making making;
	char path[BACKUP_PATH_SIZE];
	int swept = 0;

	(void)state;
	assert_int_equal(make(&making, ""), 0);
	assert_int_equal(backup_part_path(folder, "aabbccdd", path), 0);
	touch(path);
	assert_int_equal(backup_upload_path(folder, 17, path), 0);
	touch(path);
	snprintf(path, sizeof(path), "%s-restored-wal", fixture.path);
	touch(path);
	snprintf(path, sizeof(path), "%s-copy", fixture.path);
	touch(path);
	scratch_sweep(fixture.path);
	backup_folder_sweep(folder, count_swept, &swept);
	assert_int_equal(swept, 1);
	assert_int_equal(backup_upload_path(folder, 17, path), 0);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(backup_path(folder, making.entry.id, path), 0);
	assert_int_equal(access(path, F_OK), 0);
}

static void
foreign_files_in_the_folder_take_up_a_place(void **state)
{
	struct backup_list *list = calloc(1, sizeof(*list));
	char path[BACKUP_PATH_SIZE];
	struct backup_making making;

	(void)state;
	assert_int_equal(make(&making, ""), 0);
	assert_int_equal(backup_path(folder, "00000000", path), 0);
	touch(path);
	snprintf(path, sizeof(path), "%s/readme.txt", folder);
	touch(path);
	assert_int_equal(
		backup_folder_list(folder, fixture.sealing, &fixture.settings.facility, list), 0);
	assert_int_equal(list->count, 2);
	assert_int_equal(list->entries[0].fault + list->entries[1].fault, BACKUP_NOT_A_BACKUP);
	free(list);
}

static void
old_error_logs_are_forgotten(void **state)
{
	char path[BACKUP_PATH_SIZE];
	int left = 0;

	(void)state;
	assert_int_equal(backup_folder_make(folder), 0);
	for (int i = 0; i < BACKUPS_MOST + 3; i++)
		assert_int_equal(
			backup_error_log(folder, NOON_US + i * DAY_US, "it failed\n", path), 0);
	for (int i = 0; i < BACKUPS_MOST + 3; i++) {
		char at[CLOCK_TEXT_SIZE];

		clock_format_utc(NOON_US + i * DAY_US, at);
		snprintf(path, sizeof(path), "%s/restore-failed-%s.log", folder, at);
		assert_int_equal(access(path, F_OK) == 0, i >= 3);
		left += access(path, F_OK) == 0;
	}
	assert_int_equal(left, BACKUPS_MOST);
}

static int
do_find_tables(struct store_db *db, void *argument)
{
	static const char *const known[] = {
#define TABLE(name, fate) #name,
#include "policy/store/restore_tables.def"
#undef TABLE
	};
	sqlite3_stmt *row;
	int r = sql_ask(db, &row,
		"SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
		"");

	(void)argument;
	while (r == 0 && (r = sql_next(row)) > 0) {
		bool found = false;
		char name[64];

		r = 0;
		sql_column_text(row, 0, name, sizeof(name));
		for (size_t i = 0; i < ARRAY_SIZE(known); i++)
			found |= strcmp(known[i], name) == 0;
		if (!found)
			fail_msg("table %s: restore_tables.def does not say what becomes of it",
				name);
	}
	return r;
}

static void
the_fate_of_every_table_is_known(void **state)
{
	(void)state;
	assert_int_equal(fixture_read(&fixture, do_find_tables, NULL), 0);
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
	assert_int_equal(run_job(store_slow, false, do_copy, &steps), 0);
	/* 10 MB in steps of 1 MB. */
	assert_in_range(steps, 9, 14);
}

#define IN_OUT(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_OUT(the_fate_of_every_table_is_known),
		IN_OUT(a_backup_is_listed_with_who_and_why_and_shows_nothing_else),
		IN_OUT(a_sixth_is_refused_and_none_is_deleted),
		IN_OUT(an_earlier_state_comes_back_and_the_log_stays),
		IN_OUT(numbers_are_never_given_away_again),
		IN_OUT(who_edits_meanwhile_is_told),
		IN_OUT(who_wrote_a_version_down_before_it_was_deleted_is_told),
		IN_OUT(tickets_are_dropped),
		IN_OUT(a_fresh_gateway_takes_over_everything),
		IN_OUT(running_sessions_keep_their_log),
		IN_OUT(an_older_database_is_continued),
		IN_OUT(a_rehearsal_changes_nothing_and_is_written_down),
		IN_OUT(a_failed_rehearsal_is_written_down_too),
		IN_OUT(a_rehearsal_finds_a_log_that_was_changed),
		IN_OUT(bad_files_change_nothing),
		IN_OUT(an_older_schema_is_migrated_on_the_way),
		IN_OUT(a_newer_schema_and_damaged_databases_are_refused),
		IN_OUT(a_database_that_contradicts_itself_is_refused),
		IN_OUT(a_folder_that_cannot_be_is_told),
		IN_OUT(what_is_not_wanted_any_more_leaves_nothing),
		IN_OUT(what_a_killed_gateway_left_is_swept),
		IN_OUT(foreign_files_in_the_folder_take_up_a_place),
		IN_OUT(old_error_logs_are_forgotten),
		IN_OUT(writers_do_not_send_the_copy_back_to_its_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
