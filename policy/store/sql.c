/* Asking SQLite; see sql.h. */
#include "policy/store/sql.h"

#include "policy/store/database.h"
#include "policy/store/memory.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>

int
sql_error(int rc)
{
	if (rc == SQLITE_IOERR_NOMEM)
		return -ENOMEM;
	/* The file that all connections map could not be made larger. */
	if (rc == SQLITE_IOERR_SHMSIZE)
		return -ENOSPC;
	switch (rc & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return 0;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return -EUCLEAN;
	case SQLITE_READONLY:
		return -EROFS;
	case SQLITE_PERM:
	case SQLITE_AUTH:
	case SQLITE_CANTOPEN:
		return -EACCES;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_CONSTRAINT:
		return -EEXIST;
	default:
		return -EIO;
	}
}

static struct statement_slot *
find_slot(struct store_db *db, const char *sql)
{
	size_t at = ((uintptr_t)sql >> 3) * 2654435761u % STATEMENTS_MAX;

	for (size_t i = 0; i < STATEMENTS_MAX; i++, at = (at + 1) % STATEMENTS_MAX)
		if (db->statements[at].sql == sql || db->statements[at].sql == NULL)
			return &db->statements[at];
	return NULL;
}

static int
get_statement(struct store_db *db, const char *sql, sqlite3_stmt **ret_statement)
{
	struct statement_slot *slot = find_slot(db, sql);
	int rc;

	assert(slot != NULL);
	if (slot->statement == NULL) {
		rc = sqlite3_prepare_v3(
			db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &slot->statement, NULL);
		if (rc != SQLITE_OK)
			return sql_error(rc);
		slot->sql = sql;
	}
	assert(!sqlite3_stmt_busy(slot->statement));
	*ret_statement = slot->statement;
	return 0;
}

static int
bind_one(sqlite3_stmt *statement, int at, char type, va_list *arguments)
{
	const void *bytes;
	int64_t number;
	size_t len;

	switch (type) {
	case 'i':
		return sqlite3_bind_int64(statement, at, va_arg(*arguments, int64_t));
	case 'n':
		number = va_arg(*arguments, int64_t);
		return number != 0 ? sqlite3_bind_int64(statement, at, number)
				   : sqlite3_bind_null(statement, at);
	case 't':
		return sqlite3_bind_text(
			statement, at, va_arg(*arguments, const char *), -1, SQLITE_TRANSIENT);
	default:
		assert(type == 'b');
		bytes = va_arg(*arguments, const void *);
		len = va_arg(*arguments, size_t);
		return sqlite3_bind_blob(statement, at, bytes, (int)len, SQLITE_TRANSIENT);
	}
}

static int
start(struct store_db *db, const char *sql, const char *binds, va_list *arguments,
	sqlite3_stmt **ret_statement)
{
	sqlite3_stmt *statement = NULL;
	int rc = SQLITE_OK;
	int r;

	r = get_statement(db, sql, &statement);
	if (r < 0)
		return r;
	assert((int)strlen(binds) == sqlite3_bind_parameter_count(statement));
	for (int i = 0; binds[i] != '\0' && rc == SQLITE_OK; i++)
		rc = bind_one(statement, i + 1, binds[i], arguments);
	if (rc != SQLITE_OK) {
		sql_end(statement);
		return sql_error(rc);
	}
	*ret_statement = statement;
	return 0;
}

int
sql_run(struct store_db *db, const char *sql, const char *binds, ...)
{
	sqlite3_stmt *statement;
	va_list arguments;
	int r;

	va_start(arguments, binds);
	r = start(db, sql, binds, &arguments, &statement);
	va_end(arguments);
	if (r < 0)
		return r;
	r = sql_next(statement);
	if (r > 0)
		sql_end(statement);
	return r < 0 ? r : 0;
}

int
sql_ask(struct store_db *db, sqlite3_stmt **ret_row, const char *sql, const char *binds, ...)
{
	va_list arguments;
	int r;

	va_start(arguments, binds);
	r = start(db, sql, binds, &arguments, ret_row);
	va_end(arguments);
	return r;
}

int
sql_next(sqlite3_stmt *row)
{
	int rc = sqlite3_step(row);

	if (rc == SQLITE_ROW)
		return 1;
	sql_end(row);
	return rc == SQLITE_DONE ? 0 : sql_error(rc);
}

void
sql_end(sqlite3_stmt *row)
{
	/* A column that was null for want of memory is told here alone. */
	if ((sqlite3_reset(row) & 0xff) == SQLITE_NOMEM)
		memory_note_failure();
	(void)sqlite3_clear_bindings(row);
}

static void
visit_row(sqlite3_context *context, int count, sqlite3_value **values)
{
	struct store_db *db = sqlite3_user_data(context);

	db->visiting.result = db->visiting.visit(db->visiting.argument, count, values);
	sqlite3_result_int(context, db->visiting.result != 0);
}

int
sql_add_visit(struct store_db *db)
{
	return sql_error(sqlite3_create_function_v2(db->handle, "visit", -1,
		SQLITE_UTF8 | SQLITE_DIRECTONLY, db, visit_row, NULL, NULL, NULL));
}

/* Only a row that ends it is found. */
int
sql_visit(struct store_db *db, sql_visitor *visit, void *argument, const char *sql,
	const char *binds, ...)
{
	struct sql_visiting outer = db->visiting;
	sqlite3_stmt *row;
	va_list arguments;
	int r;

	va_start(arguments, binds);
	r = start(db, sql, binds, &arguments, &row);
	va_end(arguments);
	if (r < 0)
		return r;
	db->visiting = (struct sql_visiting){.visit = visit, .argument = argument};
	r = sql_next(row);
	if (r > 0) {
		sql_end(row);
		r = db->visiting.result;
	}
	db->visiting = outer;
	return r;
}

int
sql_number(struct store_db *db, int64_t *ret_number, const char *sql, const char *binds, ...)
{
	sqlite3_stmt *row;
	va_list arguments;
	int r;

	va_start(arguments, binds);
	r = start(db, sql, binds, &arguments, &row);
	va_end(arguments);
	if (r < 0)
		return r;
	r = sql_next(row);
	if (r <= 0)
		return r;
	*ret_number = sql_column_number(row, 0);
	sql_end(row);
	return 1;
}

int64_t
sql_column_number(sqlite3_stmt *row, int column)
{
	return sqlite3_column_int64(row, column);
}

bool
sql_column_text(sqlite3_stmt *row, int column, char *ret_text, size_t size)
{
	const unsigned char *text = sqlite3_column_text(row, column);
	size_t len = text == NULL ? 0 : (size_t)sqlite3_column_bytes(row, column);

	if (len >= size)
		len = size - 1;
	if (len > 0)
		memcpy(ret_text, text, len);
	ret_text[len] = '\0';
	return text != NULL;
}

bool
sql_column_bytes(sqlite3_stmt *row, int column, void *ret_bytes, size_t size)
{
	const void *bytes = sqlite3_column_blob(row, column);

	memset(ret_bytes, 0, size);
	if (bytes == NULL || (size_t)sqlite3_column_bytes(row, column) != size)
		return false;
	memcpy(ret_bytes, bytes, size);
	return true;
}

const char *
sql_value_text(sqlite3_value *value, size_t *ret_len)
{
	const char *text = (const char *)sqlite3_value_text(value);

	*ret_len = text == NULL ? 0 : (size_t)sqlite3_value_bytes(value);
	return text;
}

bool
sql_value_bytes(sqlite3_value *value, void *ret_bytes, size_t size)
{
	const void *bytes = sqlite3_value_blob(value);

	memset(ret_bytes, 0, size);
	if (bytes == NULL || (size_t)sqlite3_value_bytes(value) != size)
		return false;
	memcpy(ret_bytes, bytes, size);
	return true;
}

bool
sql_column_is_null(sqlite3_stmt *row, int column)
{
	return sqlite3_column_type(row, column) == SQLITE_NULL;
}

int64_t
sql_changed(struct store_db *db)
{
	return sqlite3_changes64(db->handle);
}
