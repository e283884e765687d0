/* Recordings in the database; see recording_table.h. */
#include "policy/store/recording_table.h"

#include "policy/store/sql.h"
#include "policy/store/store.h"

#include <errno.h>
#include <string.h>

#define COLUMNS                                                                                 \
	"number, session, part, account, account_id, account_full, account_name, terminal, "    \
	"terminal_name, state, why, started, ended, bytes, duration_ms, gaps, hash, auditors, " \
	"held, held_by, held_because, erased, erased_by, erased_because, last_event, "          \
	"header"

static const char *const state_names[RECORDING_ROW_STATE_COUNT] = {
	[RECORDING_ROW_RUNNING] = "running",
	[RECORDING_ROW_CLOSED] = "closed",
	[RECORDING_ROW_NOT_CLOSED] = "not-closed",
	[RECORDING_ROW_FAILED] = "failed",
	[RECORDING_ROW_ERASED] = "erased",
};

const char *
recording_row_state_name(enum recording_row_state state)
{
	return state_names[state];
}

enum recording_row_state
recording_row_state_find(const char *name)
{
	int state = 0;

	while (state < RECORDING_ROW_STATE_COUNT && strcmp(state_names[state], name) != 0)
		state++;
	return (enum recording_row_state)state;
}

int
recording_insert(struct store_db *db, struct recording_row *row)
{
	int r;

	row->started_us = store_db_now(db);
	r = sql_number(db, &row->part,
		"SELECT coalesce(max(part), 0) + 1 FROM recording WHERE session = ?", "b",
		row->session, sizeof(row->session));
	if (r < 0)
		return r;
	r = sql_number(db, &row->number,
		"INSERT INTO recording (session, part, account, account_id, account_full, "
		"account_name, terminal, terminal_name, state, started, auditors) VALUES (?, ?, ?, "
		"?, ?, ?, ?, ?, ?, ?, ?) RETURNING number",
		"biitttittit", row->session, sizeof(row->session), row->part, row->account,
		row->account_id, row->account_full, row->account_name, row->terminal,
		row->terminal_name, state_names[row->state], row->started_us, row->auditors);
	return r < 0 ? r : 0;
}

static const char *
text_or_null(const char *text)
{
	return text[0] != '\0' ? text : NULL;
}

static int
update_file(struct store_db *db, const struct recording_row *row)
{
	return sql_run(db,
		"UPDATE recording SET bytes = ?, duration_ms = ?, gaps = ?, hash = ?, header = ?, "
		"last_event = ? WHERE number = ?",
		"iiibbni", row->bytes, row->duration_ms, row->gaps,
		row->has_hash ? row->hash : NULL, sizeof(row->hash),
		row->has_header ? row->header : NULL, sizeof(row->header), row->event, row->number);
}

int
recording_update(struct store_db *db, const struct recording_row *row)
{
	int r;

	r = sql_run(db,
		"UPDATE recording SET state = ?, why = ?, ended = ?, held = ?, held_by = ?, "
		"held_because = ?, erased = ?, erased_by = ?, erased_because = ? WHERE number = ?",
		"ttnnttntti", state_names[row->state], row->why, row->ended_us, row->held_us,
		text_or_null(row->held_by), text_or_null(row->held_because), row->erased_us,
		text_or_null(row->erased_by), text_or_null(row->erased_because), row->number);
	if (r == 0 && sql_changed(db) == 0)
		return -ENOENT;
	return r < 0 ? r : update_file(db, row);
}

static void
read_row(sqlite3_stmt *row, struct recording_row *ret_row)
{
	char state[16];

	*ret_row = (struct recording_row){
		.number = sql_column_number(row, 0),
		.part = sql_column_number(row, 2),
		.account = sql_column_number(row, 3),
		.terminal = sql_column_number(row, 7),
		.started_us = sql_column_number(row, 11),
		.ended_us = sql_column_number(row, 12),
		.bytes = sql_column_number(row, 13),
		.duration_ms = sql_column_number(row, 14),
		.gaps = sql_column_number(row, 15),
		.held_us = sql_column_number(row, 18),
		.erased_us = sql_column_number(row, 21),
		.event = sql_column_number(row, 24),
	};
	sql_column_bytes(row, 1, ret_row->session, sizeof(ret_row->session));
	sql_column_text(row, 4, ret_row->account_id, sizeof(ret_row->account_id));
	sql_column_text(row, 5, ret_row->account_full, sizeof(ret_row->account_full));
	sql_column_text(row, 6, ret_row->account_name, sizeof(ret_row->account_name));
	sql_column_text(row, 8, ret_row->terminal_name, sizeof(ret_row->terminal_name));
	sql_column_text(row, 9, state, sizeof(state));
	ret_row->state = recording_row_state_find(state);
	sql_column_text(row, 10, ret_row->why, sizeof(ret_row->why));
	ret_row->has_hash = sql_column_bytes(row, 16, ret_row->hash, sizeof(ret_row->hash));
	sql_column_text(row, 17, ret_row->auditors, sizeof(ret_row->auditors));
	sql_column_text(row, 19, ret_row->held_by, sizeof(ret_row->held_by));
	sql_column_text(row, 20, ret_row->held_because, sizeof(ret_row->held_because));
	sql_column_text(row, 22, ret_row->erased_by, sizeof(ret_row->erased_by));
	sql_column_text(row, 23, ret_row->erased_because, sizeof(ret_row->erased_because));
	ret_row->has_header = sql_column_bytes(row, 25, ret_row->header, sizeof(ret_row->header));
}

/* The one row of a question that has been asked. */
static int
read_one(int asked, sqlite3_stmt *row, struct recording_row *ret_row)
{
	int r = asked == 0 ? sql_next(row) : asked;

	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	read_row(row, ret_row);
	sql_end(row);
	return ret_row->state == RECORDING_ROW_STATE_COUNT ? -EUCLEAN : 0;
}

int
recording_load(
	struct store_db *db, const uint8_t *session, int64_t part, struct recording_row *ret_row)
{
	sqlite3_stmt *row = NULL;
	int r = sql_ask(db, &row,
		"SELECT " COLUMNS " FROM recording WHERE session = ? AND part = ?", "bi", session,
		(size_t)SESSION_ID_BYTES, part);

	return read_one(r, row, ret_row);
}

int
recording_oldest(struct store_db *db, struct recording_row *ret_row)
{
	sqlite3_stmt *row = NULL;
	int r = sql_ask(db, &row,
		"SELECT " COLUMNS " FROM recording WHERE state IN ('closed', 'not-closed', "
		"'failed') AND held IS NULL ORDER BY ended, number LIMIT 1",
		"");

	return read_one(r, row, ret_row);
}

int
recording_any_running(struct store_db *db, struct recording_row *ret_row)
{
	sqlite3_stmt *row = NULL;
	int r = sql_ask(
		db, &row, "SELECT " COLUMNS " FROM recording WHERE state = 'running' LIMIT 1", "");

	return read_one(r, row, ret_row);
}

static int
visit_rows(int asked, sqlite3_stmt *row,
	int (*visit)(const struct recording_row *row, void *argument), void *argument)
{
	struct recording_row recording;
	int r = asked;

	while (r == 0 && (r = sql_next(row)) > 0) {
		read_row(row, &recording);
		r = recording.state == RECORDING_ROW_STATE_COUNT ? -EUCLEAN
								 : visit(&recording, argument);
		if (r < 0)
			sql_end(row);
	}
	return r;
}

int
recording_each_between(struct store_db *db, const uint8_t *low, const uint8_t *high,
	int (*visit)(const struct recording_row *row, void *argument), void *argument)
{
	sqlite3_stmt *row = NULL;
	int r = sql_ask(db, &row,
		"SELECT " COLUMNS
		" FROM recording WHERE session >= ? AND session <= ? ORDER BY session, part",
		"bb", low, (size_t)SESSION_ID_BYTES, high, (size_t)SESSION_ID_BYTES);

	return visit_rows(r, row, visit, argument);
}

int
recording_each(struct store_db *db, int64_t below, int64_t from_us, int64_t until_us,
	int (*visit)(const struct recording_row *row, void *argument), void *argument)
{
	sqlite3_stmt *row = NULL;
	int r = sql_ask(db, &row,
		"SELECT " COLUMNS " FROM recording WHERE number < ? AND started >= ? AND started < "
		"? ORDER BY number DESC",
		"iii", below, from_us, until_us);

	return visit_rows(r, row, visit, argument);
}

int
recording_sum(struct store_db *db, int64_t *ret_bytes)
{
	int r = sql_number(db, ret_bytes,
		"SELECT coalesce(sum(bytes), 0) FROM recording WHERE state <> 'erased'", "");

	return r < 0 ? r : 0;
}
