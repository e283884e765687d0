/* Outputs in the database; see output_table.h. */
#include "policy/store/output_table.h"

#include "policy/store/sql.h"
#include "policy/store/store.h"

#include <errno.h>
#include <string.h>

#define COLUMNS "number, kind, requested_by, state, why, bytes, created, finished, expires"

static const char *const state_names[OUTPUT_STATE_COUNT] = {
	[OUTPUT_WAITING] = "waiting",
	[OUTPUT_RUNNING] = "running",
	[OUTPUT_DONE] = "done",
	[OUTPUT_FAILED] = "failed",
};

const char *
output_state_name(enum output_state state)
{
	return state_names[state];
}

int
output_insert(struct store_db *db, struct output *output, const char *parameters)
{
	int r;

	output->created_us = store_db_now(db);
	r = sql_number(db, &output->number,
		"INSERT INTO output (kind, parameters, requested_by, state, why, bytes, created, "
		"finished, expires) VALUES (?, ?, ?, ?, ?, ?, ?, nullif(?, 0), nullif(?, 0)) "
		"RETURNING number",
		"tttttiiii", output->kind, parameters, output->requested_by,
		output_state_name(output->state), output->why, output->bytes, output->created_us,
		output->finished_us, output->expires_us);
	return r < 0 ? r : 0;
}

int
output_update(struct store_db *db, const struct output *output)
{
	int r;

	r = sql_run(db,
		"UPDATE output SET state = ?, why = ?, bytes = ?, finished = nullif(?, 0), "
		"expires = nullif(?, 0) WHERE number = ?",
		"ttiiii", output_state_name(output->state), output->why, output->bytes,
		output->finished_us, output->expires_us, output->number);
	return r == 0 && sql_changed(db) == 0 ? -ENOENT : r;
}

static void
read_row(sqlite3_stmt *row, struct output *ret_output)
{
	char state[16];

	*ret_output = (struct output){
		.number = sql_column_number(row, 0),
		.state = OUTPUT_FAILED,
		.bytes = sql_column_number(row, 5),
		.created_us = sql_column_number(row, 6),
		.finished_us = sql_column_number(row, 7),
		.expires_us = sql_column_number(row, 8),
	};
	sql_column_text(row, 1, ret_output->kind, sizeof(ret_output->kind));
	sql_column_text(row, 2, ret_output->requested_by, sizeof(ret_output->requested_by));
	sql_column_text(row, 3, state, sizeof(state));
	sql_column_text(row, 4, ret_output->why, sizeof(ret_output->why));
	for (int i = 0; i < OUTPUT_STATE_COUNT; i++)
		if (strcmp(state_names[i], state) == 0)
			ret_output->state = (enum output_state)i;
}

int
output_load(struct store_db *db, int64_t number, struct output *ret_output)
{
	sqlite3_stmt *row;
	int r;

	r = sql_ask(db, &row, "SELECT " COLUMNS " FROM output WHERE number = ?", "i", number);
	if (r < 0)
		return r;
	r = sql_next(row);
	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	read_row(row, ret_output);
	sql_end(row);
	return 0;
}

int
output_remove(struct store_db *db, int64_t number)
{
	return sql_run(db, "DELETE FROM output WHERE number = ?", "i", number);
}

/* One at a time: the visitor may change or remove it. */
int
output_each(struct store_db *db,
	int (*visit)(struct store_db *db, const struct output *output, void *argument),
	void *argument)
{
	struct output output = {.number = INT64_MAX};
	sqlite3_stmt *row;
	int r;

	for (;;) {
		r = sql_ask(db, &row,
			"SELECT " COLUMNS
			" FROM output WHERE number < ? ORDER BY number DESC LIMIT 1",
			"i", output.number);
		if (r < 0)
			return r;
		r = sql_next(row);
		if (r <= 0)
			return r;
		read_row(row, &output);
		sql_end(row);
		r = visit(db, &output, argument);
		if (r < 0)
			return r;
	}
}
