/* recording.delete: the row first, then the file (F7). */
#include "policy/method_call.h"
#include "policy/methods.h"
#include "policy/recordings.h"
#include "policy/store/store.h"
#include "supervisor/control_calls.h"
#include "supervisor/recording_files.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

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
