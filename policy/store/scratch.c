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
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PAGES_IN_A_STEP 256

struct scratch {
	int fd;
	struct store_db db;
};

/* "<database>-<name>". */
static int
make_path(const char *database, const char *name, char ret_path[SCRATCH_PATH_SIZE])
{
	int len = snprintf(ret_path, SCRATCH_PATH_SIZE, "%s-%s", database, name);

	return len >= SCRATCH_PATH_SIZE ? -ENAMETOOLONG : 0;
}

static void
remove_files(const char *path)
{
	static const char *const beside[] = {"", "-wal", "-shm", "-journal"};
	char name[SCRATCH_PATH_SIZE + 16];

	for (size_t i = 0; i < ARRAY_SIZE(beside); i++) {
		snprintf(name, sizeof(name), "%s%s", path, beside[i]);
		(void)unlink(name);
	}
}

void
scratch_sweep(const char *database)
{
	static const char *const names[] = {SCRATCH_COPY, SCRATCH_RESTORED, SCRATCH_REHEARSED};
	char path[SCRATCH_PATH_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (make_path(database, names[i], path) == 0)
			remove_files(path);
}

/* SQLite opens files by their names alone, and does so here and now; it reads nothing yet. */
static int
attach(struct scratch *scratch, const char *path)
{
	int r;

	remove_files(path);
	scratch->fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (scratch->fd < 0)
		return -errno;
	r = database_attach(&scratch->db, path, DATABASE_SCRATCH);
	if (unlink(path) < 0 && r == 0)
		r = -errno;
	return r;
}

int
scratch_new(const struct store_db *live, const char *name, struct scratch **ret_scratch)
{
	char path[SCRATCH_PATH_SIZE];
	struct scratch *scratch;
	int r;

	r = make_path(sqlite3_db_filename(live->handle, "main"), name, path);
	if (r < 0)
		return r;
	scratch = calloc(1, sizeof(*scratch));
	if (scratch == NULL)
		return -ENOMEM;
	scratch->db.nameless = true;
	(void)scratch_db(scratch, live);
	r = attach(scratch, path);
	if (r < 0) {
		scratch_free(scratch);
		return r;
	}
	*ret_scratch = scratch;
	return 0;
}

void
scratch_free(struct scratch *scratch)
{
	if (scratch == NULL)
		return;
	database_close(&scratch->db);
	cleanup_close(&scratch->fd);
	free(scratch);
}

int
scratch_fd(const struct scratch *scratch)
{
	return scratch->fd;
}

struct store_db *
scratch_db(struct scratch *scratch, const struct store_db *live)
{
	scratch->db.settings = live->settings;
	scratch->db.sealing = live->sealing;
	scratch->db.decoy = live->decoy;
	scratch->db.boot_id = live->boot_id;
	scratch->db.now_us = live->now_us;
	return &scratch->db;
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
scratch_copy(struct store_db *live, struct scratch *copy,
	int (*step)(void *argument, int64_t done, int64_t of), void *argument,
	struct scratch_facts *ret_facts)
{
	int r, end;

	r = database_run(live, "BEGIN");
	if (r < 0)
		return r;
	r = read_facts(live, ret_facts);
	if (r == 0)
		r = database_run(&copy->db, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF");
	if (r == 0)
		r = copy_pages(live, copy->db.handle, step, argument);
	end = database_run(live, "ROLLBACK");
	return r < 0 ? r : end;
}

/* A copy of a WAL database says that it is one, and SQLite would want a -wal beside a name that is not there. Of the
 * file's header (sqlite.org/fileformat.html) 18 and 19 say so; 24 to 27 count the changes, so that a connection that has
 * the page reads it again. */
static int
leave_wal(const struct scratch *scratch)
{
	uint8_t header[28];

	if (pread(scratch->fd, header, sizeof(header), 0) != (ssize_t)sizeof(header))
		return -EUCLEAN;
	header[18] = header[19] = 1;
	header[27]++;
	if (pwrite(scratch->fd, header + 18, sizeof(header) - 18, 18) !=
		(ssize_t)sizeof(header) - 18)
		return -EIO;
	return 0;
}

int
scratch_open(struct scratch *scratch)
{
	const char *why;
	int r = leave_wal(scratch);

	return r < 0 ? r : database_prepare(&scratch->db, DATABASE_SCRATCH, 0, &why);
}

int
scratch_check(struct scratch *scratch)
{
	sqlite3_stmt *row;
	int r;

	r = sql_ask(&scratch->db, &row, "PRAGMA integrity_check(1)", "");
	if (r == 0)
		r = sql_next(row);
	if (r > 0) {
		char answer[8];

		sql_column_text(row, 0, answer, sizeof(answer));
		sql_end(row);
		r = strcmp(answer, "ok") == 0 ? 0 : -EUCLEAN;
	}
	if (r == 0)
		r = sql_ask(&scratch->db, &row, "PRAGMA foreign_key_check", "");
	if (r == 0)
		r = sql_next(row);
	if (r > 0) {
		sql_end(row);
		r = -EUCLEAN;
	}
	return r;
}
