/* Opening the database, and saying in words why it cannot be; see database.h. */
#include "policy/store/database.h"

#include "base/cleanup.h"
#include "base/sentence.h"
#include "policy/store/integrity.h"
#include "policy/store/sql.h"
#include "policy/text_fold.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

const char *
store_error_text(int status)
{
	switch (-status) {
	case ENOSPC:
		return N_("the disk that holds the database is full");
	case EBUSY:
		return N_("another process holds a lock on the database");
	case EUCLEAN:
		return N_("the database is damaged: restore a backup");
	case EROFS:
		return N_("the database may only be read");
	case EACCES:
		return N_("the database may not be opened by the gateway's user");
	case ENOENT:
		return "the database's folder does not exist";
	case ENOMEM:
		return N_("there is no memory left");
	case EPROTO:
		return "the database was made by a newer version of Sekisho: install that version";
	case EISDIR:
		return "the database's path is a folder";
	case ELOOP:
		return "the database's path is a symbolic link";
	default:
		return N_("reading or writing the database failed");
	}
}

int
database_run(struct store_db *db, const char *sql)
{
	return sql_error(sqlite3_exec(db->handle, sql, NULL, NULL, NULL));
}

/* Makes the file with a mode that keeps others out; SQLite gives its -wal and -shm the same. */
static int
make_file(const char *path)
{
	auto_fd int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);

	return fd < 0 ? -errno : 0;
}

/* The answer of a pragma must be this. */
static int
expect_answer(struct store_db *db, const char *sql, const char *expected, int otherwise)
{
	sqlite3_stmt *statement = NULL;
	int rc = sqlite3_prepare_v2(db->handle, sql, -1, &statement, NULL);
	int r = sql_error(rc);

	if (r == 0) {
		rc = sqlite3_step(statement);
		r = sql_error(rc);
	}
	if (r == 0 && rc == SQLITE_ROW) {
		const char *answer = (const char *)sqlite3_column_text(statement, 0);

		if (answer == NULL)
			r = -ENOMEM;
		else if (strcmp(answer, expected) != 0)
			r = otherwise;
	}
	(void)sqlite3_finalize(statement);
	return r;
}

/* SQLite's own lower() knows ASCII alone; PostgreSQL's knows every letter. */
static void
lower(sqlite3_context *context, int count, sqlite3_value **values)
{
	const struct store_db *db = sqlite3_user_data(context);
	const char *text = (const char *)sqlite3_value_text(values[0]);
	size_t len = (size_t)sqlite3_value_bytes(values[0]);
	char *folded;

	(void)count;
	if (text == NULL) {
		sqlite3_result_null(context);
		return;
	}
	folded = sqlite3_malloc64(TEXT_FOLD_SIZE(len));
	if (folded == NULL) {
		sqlite3_result_error_nomem(context);
		return;
	}
	len = text_fold(text, len, db->characters, folded);
	sqlite3_result_text64(context, folded, len, sqlite3_free, SQLITE_UTF8);
}

static int
add_functions(struct store_db *db)
{
	int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
	int r = sql_add_visit(db);

	db->characters = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	if (db->characters == (locale_t)0 && errno == ENOMEM)
		return -ENOMEM;
	if (r < 0)
		return r;
	return sql_error(sqlite3_create_function_v2(
		db->handle, "lower", 1, flags, db, lower, NULL, NULL, NULL));
}

/* Nothing is rolled back in it: it is thrown away as a whole. */
static int
journal_nothing(struct store_db *db)
{
	int r;

	r = database_run(db, "PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = OFF");
	return r < 0 ? r : expect_answer(db, "PRAGMA journal_mode = OFF", "off", -EIO);
}

/* FULL: a commit that was acknowledged survives a power cut. */
static int
journal_safely(struct store_db *db)
{
	int r;

	r = expect_answer(db, "PRAGMA journal_mode = WAL", "wal", -EROFS);
	if (r < 0)
		return r;
	return database_run(db, "PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 67108864");
}

/* DEFENSIVE and trusted_schema: a file that somebody has prepared cannot make us run more than data. Our schema has
 * neither triggers nor views: one in the file would be an intruder's, and could swallow a record while it is written. */
static int
prepare_connection(struct store_db *db, enum database_access access, uint32_t patience_ms)
{
	int r;

	(void)sqlite3_extended_result_codes(db->handle, 1);
	(void)sqlite3_busy_timeout(db->handle, (int)patience_ms);
	(void)sqlite3_db_config(db->handle, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	(void)sqlite3_db_config(db->handle, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
	/* Enough for the inner pages of the indexes that a decision asks, at 100,000 accounts. What pages need beyond
	 * this is the kernel's cache, which is shared and given back. */
	r = database_run(db, "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; "
			     "PRAGMA foreign_keys = ON; PRAGMA cache_size = -2048");
	/* Being defensive includes having a journal. */
	if (r == 0 && access == DATABASE_SCRATCH)
		r = journal_nothing(db);
	(void)sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	if (r == 0 && access == DATABASE_READ)
		r = database_run(db, "PRAGMA query_only = ON");
	if (r == 0 && access == DATABASE_WRITE)
		r = journal_safely(db);
	return r;
}

static int
check_and_migrate(struct store_db *db, const char **ret_why)
{
	int r;

	/* Not the logs: of ten million events that takes minutes, and nobody could sign in meanwhile. What is damaged there
	 * is refused when it is met, and found by log verify. */
	r = integrity_check_others(db);
	if (r < 0)
		return r;
	return database_migrate(db, ret_why);
}

/* SQLite counts its memory under a lock that all threads share; nobody asks how much it is. A process that has used it before
 * goes on counting. */
static void
count_nothing(void)
{
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

int
database_attach(struct store_db *db, const char *path, enum database_access access)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	int flags = SQLITE_OPEN_NOMUTEX |
		    (access == DATABASE_READ ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE);
	int r = access == DATABASE_WRITE ? make_file(path) : 0;

	(void)pthread_once(&once, count_nothing);
	return r < 0 ? r : sql_error(sqlite3_open_v2(path, &db->handle, flags, NULL));
}

int
database_prepare(struct store_db *db, enum database_access access, uint32_t patience_ms,
	const char **ret_why)
{
	const char *why = NULL;
	int r;

	r = add_functions(db);
	if (r == 0)
		r = prepare_connection(db, access, patience_ms);
	if (r == 0 && access != DATABASE_READ)
		r = check_and_migrate(db, &why);
	if (r < 0)
		*ret_why = why != NULL ? why : store_error_text(r);
	return r;
}

int
database_open(struct store_db *db, const char *path, enum database_access access,
	uint32_t patience_ms, const char **ret_why)
{
	int r = database_attach(db, path, access);

	if (r < 0)
		*ret_why = store_error_text(r);
	else
		r = database_prepare(db, access, patience_ms, ret_why);
	if (r < 0)
		database_close(db);
	return r;
}

void
database_close(struct store_db *db)
{
	for (size_t i = 0; i < STATEMENTS_MAX; i++)
		(void)sqlite3_finalize(db->statements[i].statement);
	memset(db->statements, 0, sizeof(db->statements));
	(void)sqlite3_close(db->handle);
	db->handle = NULL;
	if (db->characters != (locale_t)0)
		freelocale(db->characters);
	db->characters = (locale_t)0;
}
