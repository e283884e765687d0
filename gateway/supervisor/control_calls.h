/* A call under way: READ and WRITE methods inside store jobs, LOOP methods here on the loop.
 */
#ifndef SUPERVISOR_CONTROL_CALLS_H
#define SUPERVISOR_CONTROL_CALLS_H

#include "policy/methods.h"
#include "policy/store/store.h"
#include "supervisor/control_methods.h"
#include "supervisor/supervisor.h"

struct control_call {
	struct store_job job; /* first: the store gives it back */
	struct supervisor *supervisor;
	uint64_t client;
	struct control_request request;
	struct method_call method;
	char *actor; /* "unix:yamada" */
	void *more;  /* a LOOP method's own; it frees it before it answers */
};

/* Starts a call of somebody with these roles. Takes `request`. Its answer goes to the client by id, if that is still
 * there. */
void control_call_start(struct supervisor *supervisor, uint64_t client, const char *actor,
	uint32_t roles, struct control_request *request);

/* A LOOP method answers exactly once, at once or later, with one of these; the call is over then. */
typedef void loop_method(struct control_call *call);
void control_call_answer(
	struct control_call *call, json_t *result); /* takes result; NULL: no memory */
void control_call_refuse(struct control_call *call, int code, const char *message,
	const char *field, const char *rule);
/* By method.error; if its code is 0, the store failed with this status. */
void control_call_fail(struct control_call *call, int status);

/* How far a LOOP method has come, for the one who waits for its answer: {"method": "progress", "params": {"what",
 * "done", "of"}}. `what` is a word that sekisho-admin knows (values.c); of 0: nobody knows yet. */
void control_call_progress(struct control_call *call, const char *what, uint64_t done, uint64_t of);

/* Whether this terminal is one that the caller may see: attendants see those given to them. */
bool control_call_sees(const struct control_call *call, int64_t terminal);

/* A text parameter, or NULL. */
const char *control_call_text(const struct control_call *call, const char *name);

loop_method method_terminal_look;
loop_method method_terminal_check;
loop_method method_ticket_issue;
loop_method method_session_list;
loop_method method_session_show;
loop_method method_session_kill;
loop_method method_session_notice;
loop_method method_log_follow;
loop_method method_account_review_sign;
loop_method method_account_import;
loop_method method_account_export;
loop_method method_output_read;
loop_method method_output_delete;
loop_method method_log_verify;
loop_method method_log_retention;
loop_method method_backup_create;
loop_method method_backup_list;
loop_method method_backup_read;
loop_method method_backup_upload;
loop_method method_backup_check;
loop_method method_backup_restore;
loop_method method_backup_delete;
loop_method method_attend_list;
loop_method method_attend_allow;
loop_method method_attend_refuse;
loop_method method_attend_follow;
loop_method method_recording_list_now;
loop_method method_recording_show_now;
loop_method method_recording_delete;
loop_method method_recording_keys;
loop_method method_recording_play;
loop_method method_recording_verify;
loop_method method_recording_read;
loop_method method_session_watch;
loop_method method_watcher_list;
loop_method method_watcher_end;
loop_method method_gateway_status;

#endif
