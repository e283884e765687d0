/* A facility with backups, for tests; see backup_fixture.h. */
#include "backup_fixture.h"

#include "base/cleanup.h"
#include "policy/store/database.h"

#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

char backups_folder[128];

int
do_make(struct store_db *db, void *argument)
{
	return backup_make(db, argument);
}

int
do_unpack(struct store_db *db, void *argument)
{
	return backup_unpack(db, argument);
}

int
do_rehearse(struct store_db *db, void *argument)
{
	return backup_rehearse(db, argument);
}

int
do_restore(struct store_db *db, void *argument)
{
	return backup_restore(db, argument);
}

void
backup_making_init(struct backup_making *making, const char *note)
{
	memset(making, 0, sizeof(*making));
	making->folder = backups_folder;
	strcpy(making->by, "unix:yamada");
	snprintf(making->note, sizeof(making->note), "%s", note);
	assert_int_equal(backup_making_begin(making), 0);
}

int
make_backup(struct backup_making *making, const char *note)
{
	backup_making_init(making, note);
	return fixture_slow(&fixture, do_make, making);
}

struct backup_restoring *
restoring_new(const char *id)
{
	struct backup_restoring *restoring = calloc(1, sizeof(*restoring));

	assert_non_null(restoring);
	restoring->folder = backups_folder;
	strcpy(restoring->by, "unix:sato");
	assert_int_equal(backup_path(backups_folder, id, restoring->path), 0);
	return restoring;
}

void
restoring_free(struct backup_restoring *restoring)
{
	backup_discard(restoring);
	free(restoring);
}

int
restore_backup(struct backup_restoring *restoring)
{
	int r = fixture_slow(&fixture, do_unpack, restoring);

	return r < 0 ? r : fixture_bare(&fixture, do_restore, restoring);
}

int
backup_setup(void **state)
{
	method_setup(state);
	snprintf(backups_folder, sizeof(backups_folder), "%s/backups", fixture.folder);
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

int
backup_teardown(void **state)
{
	DIR *directory = opendir(backups_folder);
	struct dirent *file;

	expect_clean_folder();
	while (directory != NULL && (file = readdir(directory)) != NULL)
		(void)unlinkat(dirfd(directory), file->d_name, 0);
	if (directory != NULL)
		closedir(directory);
	(void)rmdir(backups_folder);
	return method_teardown(state);
}

int64_t
accounts(void)
{
	return fixture_number(&fixture, "SELECT count(*) FROM account");
}

void
expect_signed_log_whole(void)
{
	(void)fixture_checkpoint(&fixture);
	fixture_expect_log_whole(&fixture);
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

char *
sql_text(const char *question)
{
	char *both[2] = {(char *)question, NULL};

	assert_int_equal(fixture_read(&fixture, do_ask_text, both), 0);
	return both[1];
}

void
expect_sql(const char *question, const char *answer)
{
	char *text = sql_text(question);

	assert_string_equal(text, answer);
	free(text);
}

void
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
