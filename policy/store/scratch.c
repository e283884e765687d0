/* Databases beside the live one; see scratch.h. */
#include "policy/store/scratch.h"

#include "base/cleanup.h"
#include "policy/store/database.h"
#include "policy/store/event_table.h"
#include "policy/store/memory.h"
#include "policy/store/sql.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PAGES_IN_A_STEP 256
#define PATIENCE_MS 5000

int
scratch_path(const char *database, const char *name, char ret_path[SCRATCH_PATH_SIZE])
{
	int len = snprintf(ret_path, SCRATCH_PATH_SIZE, "%s-%s", database, name);

	return len >= SCRATCH_PATH_SIZE ? -ENAMETOOLONG : 0;
}

int
scratch_path_of(const struct store_db *live, const char *name, char ret_path[SCRATCH_PATH_SIZE])
{
	return scratch_path(sqlite3_db_filename(live->handle, "main"), name, ret_path);
}

void
scratch_remove(const char *path)
{
	static const char *const beside[] = {"", "-wal", "-shm", "-journal"};
	char name[SCRATCH_PATH_SIZE + 16];

	for (size_t i = 0; i < ARRAY_SIZE(beside); i++) {
		snprintf(name, sizeof(name), "%s%s", path, beside[i]);
		(void)unlink(name);
	}
}

int
scratch_create(const char *path)
{
	int fd;

	scratch_remove(path);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	return fd < 0 ? -errno : fd;
}

static int
read_facts(struct store_db *live, struct scratch_facts *ret_facts)
{
	unsigned long failures = memory_failures();
	int r;

	*ret_facts = (struct scratch_facts){0};
	r = sql_number(live, &ret_facts->schema,
		"SELECT coalesce(max(version), 0) FROM schema_version", "");
	if (r < 0)
		return r;
	r = event_head(live, &ret_facts->head);
	if (memory_failures() != failures)
		return -ENOMEM;
	return r == -ENOENT ? 0 : r;
}

/* A power cut may take the copy: it is made anew then. Nothing is to be rolled back in it either. */
static int
open_copy(const char *path, sqlite3 **ret_copy)
{
	auto_fd int fd = scratch_create(path);
	int rc;

	if (fd < 0)
		return fd;
	rc = sqlite3_open_v2(path, ret_copy, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(*ret_copy, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF",
			NULL, NULL, NULL);
	return sql_error(rc);
}

static int
copy_pages(struct store_db *live, sqlite3 *copy,
	int (*step)(void *argument, int64_t done, int64_t of), void *argument)
{
	sqlite3_backup *backup = sqlite3_backup_init(copy, "main", live->handle, "main");
	int rc, r = 0;

	if (backup == NULL)
		return sql_error(sqlite3_errcode(copy));
	do {
		int64_t of;

		rc = sqlite3_backup_step(backup, PAGES_IN_A_STEP);
		of = sqlite3_backup_pagecount(backup);
		r = step(argument, of - sqlite3_backup_remaining(backup), of);
	} while (rc == SQLITE_OK && r == 0);
	/* finish gives the error of the last step once more, or that of its own. */
	rc = sqlite3_backup_finish(backup);
	return r < 0 ? r : sql_error(rc);
}

/* The transaction is what keeps the copy from beginning anew: without one each step reads the newest state, and a writer
 * between two of them would send it back to the first page, on a busy gateway for ever. */
int
scratch_copy(struct store_db *live, const char *path,
	int (*step)(void *argument, int64_t done, int64_t of), void *argument,
	struct scratch_facts *ret_facts)
{
	sqlite3 *copy = NULL;
	int r, end;

	r = database_run(live, "BEGIN");
	if (r < 0)
		return r;
	r = read_facts(live, ret_facts);
	if (r == 0)
		r = open_copy(path, &copy);
	if (r == 0)
		r = copy_pages(live, copy, step, argument);
	(void)sqlite3_close(copy);
	end = database_run(live, "ROLLBACK");
	return r < 0 ? r : end;
}

int
scratch_open(const struct store_db *live, const char *path, struct store_db **ret_scratch)
{
	struct store_db *scratch = calloc(1, sizeof(*scratch));
	const char *why;
	int r;

	if (scratch == NULL)
		return -ENOMEM;
	scratch->settings = live->settings;
	scratch->sealing = live->sealing;
	scratch->boot_id = live->boot_id;
	scratch->now_us = live->now_us;
	r = database_open(scratch, path, DATABASE_WRITE, PATIENCE_MS, &why);
	if (r < 0) {
		free(scratch);
		return r;
	}
	*ret_scratch = scratch;
	return 0;
}

void
scratch_close(struct store_db *scratch)
{
	if (scratch == NULL)
		return;
	database_close(scratch);
	free(scratch);
}

int
scratch_check(struct store_db *scratch)
{
	sqlite3_stmt *row;
	int r;

	r = sql_ask(scratch, &row, "PRAGMA integrity_check(1)", "");
	if (r == 0)
		r = sql_next(row);
	if (r > 0) {
		char answer[8];

		sql_column_text(row, 0, answer, sizeof(answer));
		sql_end(row);
		r = strcmp(answer, "ok") == 0 ? 0 : -EUCLEAN;
	}
	if (r == 0)
		r = sql_ask(scratch, &row, "PRAGMA foreign_key_check", "");
	if (r == 0)
		r = sql_next(row);
	if (r > 0) {
		sql_end(row);
		r = -EUCLEAN;
	}
	return r;
}
