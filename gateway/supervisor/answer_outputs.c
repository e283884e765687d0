/* Reading and deleting outputs (A14): those that are complete; making them is outputs.c's. */
#include "base/cleanup.h"
#include "policy/outputs.h"
#include "policy/sessions.h"
#include "policy/store/store.h"
#include "supervisor/control_calls.h"
#include "supervisor/outputs_private.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

/* Reading */

static int64_t
number_of(const struct control_call *call, const char *name)
{
	return json_integer_value(json_object_get(call->request.params, name));
}

static int
read_work(struct store_db *db, struct store_job *job)
{
	struct control_call *call = (struct control_call *)job;
	const struct outputs *outputs = call->supervisor->outputs;
	int64_t offset = number_of(call, "offset");
	auto_free char *text = NULL;
	struct output output;
	size_t len = 0;
	int r;

	method_call_reset(&call->method);
	r = output_load(db, number_of(call, "id"), &output);
	if (r == 0 && output.state == OUTPUT_DONE && output.expires_us > store_db_now(db))
		r = output_read_chunk(outputs->folder, output.number, offset, &text, &len);
	else if (r == 0)
		r = -ENOENT;
	if (r < 0)
		return r;
	call->method.result = json_pack("{s:o, s:s%, s:I}", "output", output_json(&output), "text",
		text, len, "next", (json_int_t)(offset + (int64_t)len));
	return call->method.result == NULL ? -ENOMEM : 0;
}

static void
read_done(struct store_job *job, int status)
{
	struct control_call *call = (struct control_call *)job;

	if (status == -ENOENT)
		control_call_refuse(call, METHOD_NOT_FOUND,
			"there is no such output, or it is not complete", NULL, NULL);
	else if (status == -EINVAL)
		control_call_refuse(call, METHOD_REFUSED, "there is no such place in the output",
			"offset", NULL);
	else if (status < 0)
		control_call_fail(call, status);
	else
		control_call_answer(call, json_incref(call->method.result));
}

static void
read_on(struct control_call *call)
{
	call->job.work = read_work;
	call->job.done = read_done;
	store_read(call->supervisor->store, &call->job);
}

static void
name_output(const struct control_call *call, char ret_name[FETCH_NAME_SIZE])
{
	snprintf(ret_name, FETCH_NAME_SIZE, "%" PRId64, number_of(call, "id"));
}

static int
begin_work(struct store_db *db, struct store_job *job)
{
	struct control_call *call = (struct control_call *)job;
	char target[FETCH_NAME_SIZE];

	name_output(call, target);
	return admin_event(db, call->actor, "output.read", target, NULL, NULL, NULL);
}

static void
begin_done(struct store_job *job, int status)
{
	struct control_call *call = (struct control_call *)job;
	char name[FETCH_NAME_SIZE];

	if (status < 0) {
		control_call_fail(call, status);
		return;
	}
	name_output(call, name);
	fetches_add(&call->supervisor->outputs->fetches, call->client, name);
	read_on(call);
}

/* Who takes a file with the names of all engineers away is recorded before the first byte goes. */
void
method_output_read(struct control_call *call)
{
	char name[FETCH_NAME_SIZE];

	name_output(call, name);
	if (fetches_goes_on(&call->supervisor->outputs->fetches, call->client, name,
		    number_of(call, "offset"))) {
		read_on(call);
		return;
	}
	call->job.work = begin_work;
	call->job.done = begin_done;
	store_write(call->supervisor->store, &call->job);
}

/* Deleting */

static int
delete_work(struct store_db *db, struct store_job *job)
{
	struct control_call *call = (struct control_call *)job;
	struct output output;
	char target[FETCH_NAME_SIZE];
	json_t *before;
	int r;

	method_call_reset(&call->method);
	r = output_load(db, number_of(call, "id"), &output);
	if (r < 0)
		return r;
	if (output.state == OUTPUT_WAITING || output.state == OUTPUT_RUNNING)
		return -EBUSY;
	before = output_json(&output);
	name_output(call, target);
	r = output_remove(db, output.number);
	if (r == 0)
		r = admin_event(db, call->actor, "output.delete", target, before, NULL, NULL);
	call->method.result = json_pack("{s:o}", "output", before);
	return r;
}

/* The row is gone for good. Removing a large file takes its time: not on the loop. */
static int
delete_file_work(struct store_db *db, struct store_job *job)
{
	struct control_call *call = (struct control_call *)job;

	(void)db;
	output_file_remove(call->supervisor->outputs->folder, number_of(call, "id"));
	return 0;
}

static void
delete_file_done(struct store_job *job, int status)
{
	struct control_call *call = (struct control_call *)job;

	(void)status; /* the row was all that had to go; the file goes with the next tidying at the latest */
	control_call_answer(call, json_incref(call->method.result));
}

static void
delete_done(struct store_job *job, int status)
{
	struct control_call *call = (struct control_call *)job;

	if (status == -ENOENT) {
		control_call_refuse(call, METHOD_NOT_FOUND, "there is no such output", NULL, NULL);
	} else if (status == -EBUSY) {
		control_call_refuse(
			call, METHOD_REFUSED, "the output is still being made", NULL, NULL);
	} else if (status < 0) {
		control_call_fail(call, status);
	} else {
		call->job.work = delete_file_work;
		call->job.done = delete_file_done;
		store_read(call->supervisor->store, &call->job);
	}
}

void
method_output_delete(struct control_call *call)
{
	call->job.work = delete_work;
	call->job.done = delete_done;
	store_write(call->supervisor->store, &call->job);
}
