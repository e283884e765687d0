/* account.import: rows that a local administrator has read from a file. Each is a store job of its own: a
 * savepoint for it alone, one COMMIT for many of them, and what else has to be written meanwhile (the start of a
 * session) waits for a group of rows at most. Answered when every row is on the disk or has been refused.
 */
#include "base/cleanup.h"
#include "policy/account_import.h"
#include "policy/civil.h"
#include "policy/store/store.h"
#include "supervisor/control_calls.h"
#include "supervisor/sessions.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_MOST 1000

struct import_row {
	struct store_job job; /* first */
	struct import *import;
	const json_t *cells;
	int64_t line;
	struct method_call method;
	json_t *result;
};

struct import {
	struct control_call *call;
	struct account_import_options options;
	size_t count;
	size_t under_way;
	int delivered_status;
	size_t changed;
	int64_t touched_account; /* of the last one that changed */
	struct import_row rows[];
};

static void
import_free(struct import *import)
{
	for (size_t i = 0; i < import->count; i++) {
		method_call_reset(&import->rows[i].method);
		json_decref(import->rows[i].result);
	}
	free(import);
}

/* A row that the store could not take: it is not known to the gateway, and may come again. */
static json_t *
failed_row(int64_t line, int status)
{
	return json_pack("{s:I, s:s, s:{s:i, s:s}}", "line", (json_int_t)line, "what", "failed",
		"error", "code", METHOD_STORE_FAILED, "message", store_error_text(status));
}

static void
answer(struct import *import)
{
	struct control_call *call = import->call;
	json_t *rows = json_array();

	for (size_t i = 0; i < import->count; i++)
		(void)json_array_append(rows, import->rows[i].result);
	/* One look at the sessions for all rows together. */
	if (import->changed > 0)
		sessions_check(call->supervisor, import->changed == 1 ? import->touched_account : 0,
			0, call->actor, NULL);
	call->more = NULL;
	if (import->delivered_status < 0) {
		int status = import->delivered_status;

		json_decref(rows);
		import_free(import);
		control_call_fail(call, status);
		return;
	}
	import_free(import);
	control_call_answer(call, json_pack("{s:o}", "rows", rows));
}

static int
row_work(struct store_db *db, struct store_job *job)
{
	struct import_row *row = (struct import_row *)job;

	method_call_reset(&row->method);
	json_decref(row->result);
	row->result = NULL;
	return account_import_row(
		db, &row->method, row->cells, row->line, &row->import->options, &row->result);
}

static void
row_done(struct store_job *job, int status)
{
	struct import_row *row = (struct import_row *)job;
	struct import *import = row->import;
	const char *what;

	if (status < 0) {
		json_decref(row->result);
		row->result = failed_row(row->line, status);
	}
	what = json_string_value(json_object_get(row->result, "what"));
	if (what != NULL && strcmp(what, "changed") == 0 && !import->options.dry_run) {
		import->changed++;
		import->touched_account = row->method.touched_account;
	}
	if (--import->under_way == 0)
		answer(import);
}

/* What the caller has on its own disk now is delivered: whatever becomes of the rows. */
static int
delivered_work(struct store_db *db, struct store_job *job)
{
	struct control_call *call = (struct control_call *)job;

	method_call_reset(&call->method);
	return account_import_delivered(
		db, &call->method, json_object_get(call->request.params, "delivered"));
}

static void
delivered_done(struct store_job *job, int status)
{
	struct control_call *call = (struct control_call *)job;
	struct import *import = call->more;

	import->delivered_status = status;
	if (--import->under_way == 0)
		answer(import);
}

static void
start_dry_run(struct import *import)
{
	import->under_way = import->count;
	for (size_t i = 0; i < import->count; i++)
		store_read(import->call->supervisor->store, &import->rows[i].job);
}

/* All of it goes to the writer at once: one COMMIT. */
static int
start_writing(struct import *import, bool delivered)
{
	struct control_call *call = import->call;
	auto_free struct store_job **jobs = calloc(import->count + 1, sizeof(struct store_job *));
	size_t count = 0;

	if (jobs == NULL)
		return -ENOMEM;
	if (delivered) {
		call->job.work = delivered_work;
		call->job.done = delivered_done;
		jobs[count++] = &call->job;
	}
	for (size_t i = 0; i < import->count; i++)
		jobs[count++] = &import->rows[i].job;
	import->under_way = count;
	store_write_all(call->supervisor->store, jobs, count);
	return 0;
}

static int
read_rows(struct import *import, const json_t *rows)
{
	const json_t *row;
	size_t i;

	json_array_foreach (rows, i, row) {
		const json_t *cells = json_object_get(row, "cells");
		const json_t *line = json_object_get(row, "line");

		if (!json_is_object(cells) || !json_is_integer(line))
			return -EINVAL;
		import->rows[i].import = import;
		import->rows[i].cells = cells;
		import->rows[i].line = json_integer_value(line);
		import->rows[i].method.actor = import->call->actor;
		import->rows[i].method.params = import->call->request.params;
		import->rows[i].job.work = row_work;
		import->rows[i].job.done = row_done;
	}
	return 0;
}

static bool
flag(const struct control_call *call, const char *name)
{
	return json_is_true(json_object_get(call->request.params, name));
}

static int
read_options(const struct control_call *call, struct account_import_options *ret_options)
{
	const char *since = control_call_text(call, "unless_changed_since");

	*ret_options = (struct account_import_options){
		.vendor = control_call_text(call, "vendor"),
		.file = control_call_text(call, "file"),
		.override_protection = flag(call, "override_protection"),
		.dry_run = flag(call, "dry_run"),
	};
	return since == NULL ? 0 : instant_parse(since, &ret_options->unless_changed_since_us);
}

void
method_account_import(struct control_call *call)
{
	const json_t *rows = json_object_get(call->request.params, "rows");
	size_t count = json_array_size(rows);
	auto_free struct import *import = NULL;
	bool delivered;

	if (count > ROWS_MOST) {
		control_call_refuse(
			call, METHOD_REFUSED, "at most 1000 rows at a time", "rows", NULL);
		return;
	}
	import = calloc(1, sizeof(*import) + count * sizeof(import->rows[0]));
	if (import == NULL) {
		control_call_answer(call, NULL);
		return;
	}
	import->call = call;
	import->count = count;
	if (read_rows(import, rows) < 0) {
		control_call_refuse(call, METHOD_REFUSED,
			"each row is an object with `line` and `cells`", "rows", NULL);
		return;
	}
	if (read_options(call, &import->options) < 0) {
		control_call_refuse(call, METHOD_REFUSED, "an instant of RFC 3339 in UTC",
			"unless_changed_since", NULL);
		return;
	}
	call->more = import;
	delivered = !import->options.dry_run &&
		    json_array_size(json_object_get(call->request.params, "delivered")) > 0;
	if (count == 0 && !delivered)
		answer(take_pointer(&import));
	else if (import->options.dry_run)
		start_dry_run(take_pointer(&import));
	else if (start_writing(import, delivered) < 0)
		control_call_answer(call, NULL);
	else
		(void)take_pointer(&import);
}
