/* Putting a database that came out of a backup in the place of the live one; see restore.h. What it would change:
 * restore_compare.c. */
#include "policy/store/restore.h"

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "policy/audit.h"
#include "policy/sessions.h"
#include "policy/store/database.h"
#include "policy/store/event_table.h"
#include "policy/store/memory.h"
#include "policy/store/second_factor_table.h"
#include "policy/store/sql.h"
#include "policy/store/version_mark.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_IN_A_STEP 1000

enum fate {
	FATE_STATE,
	FATE_NUMBERED,
	FATE_LOG,
	FATE_TICKET,
	FATE_LOCAL,
};

static const struct {
	const char *name;
	enum fate fate;
} tables[] = {
#define TABLE(name_, fate_) {#name_, FATE_##fate_},
#include "policy/store/restore_tables.def"
#undef TABLE
};

static bool
is_state(size_t table)
{
	return tables[table].fate == FATE_STATE || tables[table].fate == FATE_NUMBERED;
}

/* Replacing the state */

/* Statements about a table whose name is a row of the .def: built here, prepared once. */
static int
prepare(struct store_db *db, const char *format, const char *table, sqlite3_stmt **ret_statement)
{
	char *sql = sqlite3_mprintf(format, table);
	int rc;

	if (sql == NULL)
		return -ENOMEM;
	rc = sqlite3_prepare_v2(db->handle, sql, -1, ret_statement, NULL);
	sqlite3_free(sql);
	return sql_error(rc);
}

static int
run_on(struct store_db *db, const char *format, const char *table)
{
	char *sql = sqlite3_mprintf(format, table);
	int r = sql == NULL ? -ENOMEM : database_run(db, sql);

	sqlite3_free(sql);
	return r;
}

/* "INSERT INTO t (a, b) VALUES (?, ?)" and "SELECT a, b FROM t": the columns are the live table's, by name, since a
 * migration may have put them in another order. */
static int
prepare_pair(struct store_db *live, struct store_db *scratch, const char *table,
	sqlite3_stmt **ret_insert, sqlite3_stmt **ret_select)
{
	sqlite3_stmt *shape = NULL;
	sqlite3_str *names = sqlite3_str_new(NULL), *marks = sqlite3_str_new(NULL);
	char *insert = NULL, *select = NULL;
	int r = prepare(live, "SELECT * FROM \"%w\"", table, &shape);

	for (int i = 0; r == 0 && i < sqlite3_column_count(shape); i++) {
		sqlite3_str_appendf(
			names, "%s\"%w\"", i > 0 ? "," : "", sqlite3_column_name(shape, i));
		sqlite3_str_appendall(marks, i > 0 ? ",?" : "?");
	}
	(void)sqlite3_finalize(shape);
	if (r == 0) {
		insert = sqlite3_mprintf("INSERT INTO \"%w\" (%s) VALUES (%s)", table,
			sqlite3_str_value(names), sqlite3_str_value(marks));
		select = sqlite3_mprintf("SELECT %s FROM \"%w\"", sqlite3_str_value(names), table);
		r = insert == NULL || select == NULL ? -ENOMEM : 0;
	}
	if (r == 0)
		r = sql_error(sqlite3_prepare_v2(live->handle, insert, -1, ret_insert, NULL));
	if (r == 0)
		r = sql_error(sqlite3_prepare_v2(scratch->handle, select, -1, ret_select, NULL));
	sqlite3_free(sqlite3_str_finish(names));
	sqlite3_free(sqlite3_str_finish(marks));
	sqlite3_free(insert);
	sqlite3_free(select);
	return r;
}

struct rows_done {
	const struct restore_request *request;
	int64_t done;
	int64_t of;
};

static int
put_row(sqlite3_stmt *insert, sqlite3_stmt *row)
{
	int rc = SQLITE_OK;

	for (int i = 0; i < sqlite3_column_count(row) && rc == SQLITE_OK; i++)
		rc = sqlite3_bind_value(insert, i + 1, sqlite3_column_value(row, i));
	if (rc == SQLITE_OK)
		(void)sqlite3_step(insert);
	rc = rc != SQLITE_OK ? rc : sqlite3_reset(insert);
	return sql_error(rc);
}

static void
count_row(struct rows_done *rows)
{
	const struct restore_request *request = rows->request;

	if (++rows->done % ROWS_IN_A_STEP == 0 && request->step != NULL)
		request->step(request->argument, rows->done, rows->of);
}

static int
copy_table(
	struct store_db *live, struct store_db *scratch, const char *table, struct rows_done *rows)
{
	sqlite3_stmt *insert = NULL, *row = NULL;
	int rc = SQLITE_DONE, r;

	r = prepare_pair(live, scratch, table, &insert, &row);
	while (r == 0 && (rc = sqlite3_step(row)) == SQLITE_ROW) {
		r = put_row(insert, row);
		count_row(rows);
	}
	if (r == 0)
		r = sql_error(rc);
	(void)sqlite3_finalize(insert);
	(void)sqlite3_finalize(row);
	return r;
}

static int
count_state(struct store_db *scratch, int64_t *ret_rows)
{
	int r = 0;

	*ret_rows = 0;
	for (size_t i = 0; i < ARRAY_SIZE(tables) && r == 0; i++) {
		sqlite3_stmt *row = NULL;

		if (!is_state(i))
			continue;
		r = prepare(scratch, "SELECT count(*) FROM \"%w\"", tables[i].name, &row);
		if (r == 0) {
			int rc = sqlite3_step(row);

			*ret_rows += sqlite3_column_int64(row, 0);
			r = sql_error(rc);
		}
		(void)sqlite3_finalize(row);
	}
	return r;
}

/* Whoever has a row of the live database on the screen must be told that it is another one now: versions go on from the
 * highest there was. */
static int
raise_versions(struct store_db *db, const int64_t *highest)
{
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(tables) && r == 0; i++) {
		char *sql;

		if (tables[i].fate != FATE_NUMBERED)
			continue;
		sql = sqlite3_mprintf("UPDATE \"%w\" SET version = version + %lld", tables[i].name,
			(long long)highest[i]);
		r = sql == NULL ? -ENOMEM : database_run(db, sql);
		sqlite3_free(sql);
		/* The names of those that the backup does not have are free now. */
		if (r == 0)
			r = version_raise(db, tables[i].name, highest[i]);
	}
	return r;
}

static int
read_versions(struct store_db *db, int64_t *ret_highest)
{
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(tables) && r == 0; i++)
		if (tables[i].fate == FATE_NUMBERED)
			r = version_highest(db, tables[i].name, &ret_highest[i]);
	return r;
}

/* Numbers that have been given away in one database are not given away again in the other. */
static int
raise_sequences(struct store_db *target, struct store_db *other)
{
	sqlite3_stmt *row;
	int r;

	r = sql_ask(other, &row, "SELECT name, seq FROM sqlite_sequence", "");
	while (r == 0 && (r = sql_next(row)) > 0) {
		char name[64];
		int64_t last = sql_column_number(row, 1);

		sql_column_text(row, 0, name, sizeof(name));
		r = sql_run(target,
			"INSERT INTO sqlite_sequence (name, seq) SELECT ?, ? WHERE NOT EXISTS "
			"(SELECT 1 FROM sqlite_sequence WHERE name = ?)",
			"tit", name, (int64_t)0, name);
		if (r == 0)
			r = sql_run(target,
				"UPDATE sqlite_sequence SET seq = ? WHERE name = ? AND seq < ?",
				"iti", last, name, last);
		if (r < 0)
			sql_end(row);
	}
	return r;
}

/* The sessions that stay may be newer than what the backup knows of them. */
static int
renew_last_sessions(struct store_db *live)
{
	int r;

	r = sql_run(live,
		"UPDATE account SET last_session = newest.started FROM "
		"(SELECT account, max(started) AS started FROM session GROUP BY account) AS newest "
		"WHERE newest.account = account.number",
		"");
	if (r == 0)
		r = sql_run(live,
			"UPDATE terminal SET last_session = newest.started FROM "
			"(SELECT terminal, max(started) AS started FROM session GROUP BY terminal) "
			"AS newest WHERE newest.terminal = terminal.number",
			"");
	return r;
}

static int
empty_tables(struct store_db *db, bool (*empties)(enum fate fate))
{
	int r = 0;

	for (size_t i = ARRAY_SIZE(tables); i > 0 && r == 0; i--)
		if (empties(tables[i - 1].fate))
			r = run_on(db, "DELETE FROM \"%w\"", tables[i - 1].name);
	return r;
}

static bool
goes_with_state(enum fate fate)
{
	return fate == FATE_STATE || fate == FATE_NUMBERED || fate == FATE_TICKET;
}

static bool
goes_with_log(enum fate fate)
{
	return fate == FATE_TICKET || fate == FATE_LOCAL;
}

static int
replace_state(
	struct store_db *live, struct store_db *scratch, const struct restore_request *request)
{
	struct rows_done rows = {.request = request};
	int64_t highest[ARRAY_SIZE(tables)] = {0};
	int r;

	r = count_state(scratch, &rows.of);
	if (r == 0)
		r = read_versions(live, highest);
	if (r == 0)
		r = empty_tables(live, goes_with_state);
	for (size_t i = 0; i < ARRAY_SIZE(tables) && r == 0; i++)
		if (is_state(i))
			r = copy_table(live, scratch, tables[i].name, &rows);
	if (r == 0)
		r = raise_versions(live, highest);
	if (r == 0)
		r = raise_sequences(live, scratch);
	if (r == 0)
		r = second_factor_use_up(live);
	return r == 0 ? renew_last_sessions(live) : r;
}

/* The event */

static json_t *
numbers_json(const struct restore_numbers *numbers, const struct chain_event *head)
{
	char hash[2 * CHAIN_HASH_BYTES + 1];

	bytes_to_hex(head->hash, CHAIN_HASH_BYTES, hash);
	return json_pack("{s:I, s:I, s:I, s:{s:I, s:s}}", "accounts", (json_int_t)numbers->accounts,
		"terminals", (json_int_t)numbers->terminals, "vendors",
		(json_int_t)numbers->vendors, "log", "event", (json_int_t)head->id, "hash", hash);
}

/* before: what was there, and the head of its log; after: the same of the backup, and which it is. */
static int
record(struct store_db *db, const struct restore_request *request, const struct restore_plan *plan)
{
	json_t *before = numbers_json(&plan->now, &plan->head);
	json_t *after = numbers_json(&plan->then, &request->head);
	char created[CLOCK_TEXT_SIZE];
	int r = -ENOMEM;

	clock_format_utc(request->created_us, created);
	if (before != NULL && after != NULL &&
		json_object_set_new(after, "created", json_string(created)) == 0 &&
		json_object_set_new(after, "sha256", json_string(request->sha256)) == 0 &&
		json_object_set_new(after, "replaced",
			json_string(plan->log == RESTORE_LOG_SAME ? "state" : "everything")) == 0)
		r = admin_event(
			db, request->actor, "backup.restore", request->backup, before, after, NULL);
	json_decref(before);
	json_decref(after);
	return r;
}

/* Both ways */

static int
apply_same_log(struct store_db *live, struct store_db *scratch,
	const struct restore_request *request, const struct restore_plan *plan)
{
	int r;

	r = replace_state(live, scratch, request);
	return r == 0 ? record(live, request, plan) : r;
}

/* Makes the scratch database what the live one is to be: everything in it is in order before the first page of it is
 * copied. Sessions that ran when the backup was made ended when that gateway did. */
static int
prepare_whole(struct store_db *live, struct store_db *scratch,
	const struct restore_request *request, const struct restore_plan *plan)
{
	int64_t highest[ARRAY_SIZE(tables)] = {0};
	struct chain_checkpoint checkpoint;
	json_t *ended = NULL;
	bool made;
	int r;

	r = record(scratch, request, plan);
	if (r == 0)
		r = empty_tables(scratch, goes_with_log);
	if (r == 0)
		r = read_versions(live, highest);
	if (r == 0)
		r = raise_versions(scratch, highest);
	if (r == 0)
		r = raise_sequences(scratch, live);
	if (r == 0)
		r = second_factor_use_up(scratch);
	if (r == 0)
		r = sessions_close_left_open(scratch, &ended);
	json_decref(ended);
	/* What the backup's log has had no signature for since is signed before anybody asks. */
	return r == 0 ? audit_checkpoint(scratch, &checkpoint, &made) : r;
}

/* One write transaction of the live database: it is the old one or the new one, whenever the power fails. */
static int
copy_whole(struct store_db *live, struct store_db *scratch)
{
	sqlite3_backup *backup = sqlite3_backup_init(live->handle, "main", scratch->handle, "main");

	if (backup == NULL)
		return sql_error(sqlite3_errcode(live->handle));
	(void)sqlite3_backup_step(backup, -1);
	return sql_error(sqlite3_backup_finish(backup));
}

static int
in_transaction(struct store_db *db, struct store_db *live, struct store_db *scratch,
	const struct restore_request *request, const struct restore_plan *plan,
	int (*work)(struct store_db *live, struct store_db *scratch,
		const struct restore_request *request, const struct restore_plan *plan))
{
	unsigned long failures = memory_failures();
	int r;

	r = database_run(db, "BEGIN IMMEDIATE");
	if (r < 0)
		return r;
	r = work(live, scratch, request, plan);
	if (r == 0 && memory_failures() != failures)
		r = -ENOMEM;
	if (r == 0)
		r = database_run(db, "COMMIT");
	if (r < 0)
		(void)database_run(db, "ROLLBACK");
	return r;
}

int
restore_apply(struct store_db *live, struct store_db *scratch,
	const struct restore_request *request, struct restore_plan *ret_plan)
{
	int r;

	/* Nobody else writes: what is compared here is what is replaced. */
	r = restore_compare(live, scratch, &request->head, ret_plan);
	if (r < 0)
		return r;
	if (ret_plan->log == RESTORE_LOG_SAME)
		return in_transaction(live, live, scratch, request, ret_plan, apply_same_log);
	if (ret_plan->sessions > 0 && !request->despite_sessions)
		return -EBUSY;
	r = in_transaction(scratch, live, scratch, request, ret_plan, prepare_whole);
	return r == 0 ? copy_whole(live, scratch) : r;
}
