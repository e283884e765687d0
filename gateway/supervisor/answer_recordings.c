/* recording.list, recording.show: what the store has, and what the loop knows of those that are being made. recording.delete: the row first,
 * then the file (F7). */
#include "policy/method_call.h"
#include "policy/methods.h"
#include "policy/recordings.h"
#include "policy/store/store.h"
#include "supervisor/control_calls.h"
#include "supervisor/recording_files.h"
#include "supervisor/recordings.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static int
rows_work(struct store_db *db, struct store_job *job)
{
	struct control_call *call = (struct control_call *)job;

	method_call_reset(&call->method);
	return call->request.method == CONTROL_method_recording_show_now
		       ? method_recording_show(db, &call->method)
		       : method_recording_list(db, &call->method);
}

static void
set_now(const struct supervisor *supervisor, json_t *recording)
{
	const char *id = json_string_value(json_object_get(recording, "id"));
	const struct recording_so_far *so_far;
	uint8_t session[SESSION_ID_BYTES];
	int64_t part;

	if (id == NULL || recording_id_read(id, session, &part) < 0)
		return;
	so_far = recording_now(supervisor, session, part);
	if (so_far != NULL)
		recording_put_so_far(so_far, recording);
}

static void
rows_done(struct store_job *job, int status)
{
	struct control_call *call = (struct control_call *)job;
	json_t *result = call->method.result, *recording;
	size_t i;

	if (status < 0) {
		control_call_fail(call, status);
		return;
	}
	set_now(call->supervisor, result);
	json_array_foreach (json_object_get(result, "recordings"), i, recording)
		set_now(call->supervisor, recording);
	control_call_answer(call, json_incref(result));
}

void
method_recording_list_now(struct control_call *call)
{
	call->job.work = rows_work;
	call->job.done = rows_done;
	store_read(call->supervisor->store, &call->job);
}

void
method_recording_show_now(struct control_call *call)
{
	method_recording_list_now(call);
}

struct deletion {
	char path[RECORDING_PATH_SIZE];
};

static int
refuse(struct method_call *method, int r, const struct recording_row *row)
{
	if (r == -EBUSY)
		return method_refuse(method, METHOD_REFUSED,
			"the session is still running: end it first (session kill)");
	if (r == -EPERM)
		return method_refuse(method, METHOD_REFUSED,
			"the recording is held by %s (%s): release it first (recording release)",
			row->held_by, row->held_because);
	if (r == -ENOENT)
		return method_refuse(
			method, METHOD_REFUSED, "the recording has been erased already");
	return r;
}

static int
delete_work(struct store_db *db, struct store_job *job)
{
	struct control_call *call = (struct control_call *)job;
	struct deletion *deletion = call->more;
	const char *because = control_call_text(call, "because");
	struct recording_row row;
	int r;

	method_call_reset(&call->method);
	r = recording_find(db, &call->method, &row);
	if (r < 0)
		return r;
	r = recording_erase(db, &row, call->actor, because);
	if (r < 0)
		return refuse(&call->method, r, &row);
	r = recording_admin_event(db, call->actor, "recording.delete", &row, NULL, because);
	recording_files_path(
		call->supervisor->recording_files, row.session, row.part, deletion->path);
	call->method.result = json_pack("{s:o}", "recording", recording_json(&row));
	return r;
}

/* The row says that it is gone; what stays here goes at the next start. */
static int
remove_work(struct store_db *db, struct store_job *job)
{
	struct control_call *call = (struct control_call *)job;
	const struct deletion *deletion = call->more;

	(void)db;
	return unlink(deletion->path) < 0 && errno != ENOENT ? -errno : 0;
}

static void
remove_done(struct store_job *job, int status)
{
	struct control_call *call = (struct control_call *)job;

	free(call->more);
	call->more = NULL;
	if (status < 0 && status != -ESHUTDOWN)
		control_call_refuse(call, METHOD_STORE_FAILED,
			"the recording counts as erased, but its file could not be removed: see "
			"to the folder of recordings",
			NULL, NULL);
	else
		control_call_answer(call, json_incref(call->method.result));
}

static void
delete_done(struct store_job *job, int status)
{
	struct control_call *call = (struct control_call *)job;

	if (status < 0) {
		free(call->more);
		call->more = NULL;
		control_call_fail(call, status);
		return;
	}
	call->job.work = remove_work;
	call->job.done = remove_done;
	store_read(call->supervisor->store, &call->job);
}

void
method_recording_delete(struct control_call *call)
{
	struct deletion *deletion = calloc(1, sizeof(*deletion));

	if (deletion == NULL) {
		control_call_answer(call, NULL);
		return;
	}
	call->more = deletion;
	call->job.work = delete_work;
	call->job.done = delete_done;
	store_write(call->supervisor->store, &call->job);
}
