/* watcher.list, watcher.end: who watches now, and one who is to stop (watches.h). */
#include "base/log.h"
#include "policy/method_call.h"
#include "policy/methods.h"
#include "policy/store/store.h"
#include "supervisor/control_calls.h"
#include "supervisor/watches.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void
method_watcher_list(struct control_call *call)
{
	control_call_answer(
		call, json_pack("{s:o}", "watchers", watches_json(call->supervisor->watches)));
}

static int
end_work(struct store_db *db, struct store_job *job)
{
	struct control_call *call = (struct control_call *)job;
	json_t *watcher = call->more;

	return admin_event(db, call->actor, "watcher.end",
		json_string_value(json_object_get(watcher, "of")), watcher, NULL,
		control_call_text(call, "because"));
}

static void
end_done(struct store_job *job, int status)
{
	struct control_call *call = (struct control_call *)job;
	json_t *watcher = call->more;

	call->more = NULL;
	if (status < 0) {
		log_event(EV_STORE_FAILED, "what='watcher.end' by='%s' why='%s'",
			log_quote(call->actor), store_error_text(status));
		control_call_refuse(call, METHOD_STORE_FAILED,
			"the watcher has been cut off; the record of who did it could not be "
			"written",
			NULL, NULL);
		json_decref(watcher);
		return;
	}
	control_call_answer(call, json_pack("{s:o}", "ended", watcher));
}

/* Cut first, written down at once after, as a session is killed. */
void
method_watcher_end(struct control_call *call)
{
	struct watch *watch = watch_find(call->supervisor->watches, control_call_text(call, "id"));
	json_t *watcher;

	if (watch == NULL) {
		control_call_refuse(call, METHOD_NOT_FOUND,
			"nobody watches under this id (any more): watcher list shows who does",
			"id", NULL);
		return;
	}
	watcher = watch_json(watch);
	if (watcher == NULL) {
		control_call_answer(call, NULL);
		return;
	}
	watch_cut(watch);
	call->more = watcher;
	call->job.work = end_work;
	call->job.done = end_done;
	store_write(call->supervisor->store, &call->job);
}
