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

static bool
has_begun(const struct outputs *outputs, uint64_t client, int64_t number)
{
	for (size_t i = 0; i < FETCHES_MOST; i++)
		if (outputs->fetches[i].client == client && outputs->fetches[i].number == number)
			return true;
	return false;
}

static int
begin_work(struct store_db *db, struct store_job *job)
{
	struct control_call *call = (struct control_call *)job;
	char target[32];

	snprintf(target, sizeof(target), "%" PRId64, number_of(call, "id"));
	return admin_event(db, call->actor, "output.read", target, NULL, NULL, NULL);
}

static void
begin_done(struct store_job *job, int status)
{
	struct control_call *call = (struct control_call *)job;
	struct outputs *outputs = call->supervisor->outputs;

	if (status < 0) {
		control_call_fail(call, status);
		return;
	}
	outputs->fetches[outputs->next_fetch] = (struct fetch){call->client, number_of(call, "id")};
	outputs->next_fetch = (outputs->next_fetch + 1) % FETCHES_MOST;
	read_on(call);
}

/* Who takes a file with the names of all engineers away is recorded before the first byte goes. */
void
method_output_read(struct control_call *call)
{
	if (has_begun(call->supervisor->outputs, call->client, number_of(call, "id"))) {
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
	char target[32];
	json_t *before;
	int r;

	method_call_reset(&call->method);
	r = output_load(db, number_of(call, "id"), &output);
	if (r < 0)
		return r;
	if (output.state == OUTPUT_WAITING || output.state == OUTPUT_RUNNING)
		return -EBUSY;
	before = output_json(&output);
	snprintf(target, sizeof(target), "%" PRId64, output.number);
	r = output_remove(db, output.number);
	if (r == 0)
		r = admin_event(db, call->actor, "output.delete", target, before, NULL, NULL);
	call->method.result = json_pack("{s:o}", "output", before);
	return r;
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
		output_file_remove(call->supervisor->outputs->folder, number_of(call, "id"));
		control_call_answer(call, json_incref(call->method.result));
	}
}

void
method_output_delete(struct control_call *call)
{
	call->job.work = delete_work;
	call->job.done = delete_done;
	store_write(call->supervisor->store, &call->job);
}
