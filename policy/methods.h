/* The READ and WRITE methods of control_methods.def. Each runs inside a store job; the supervisor has
 * checked role, names and types of the parameters before.
 *
 * A method returns 0 with `result` set, or a negative errno: with error.code set it has been refused
 * and the error is for the person; with code 0 the store failed (-32004, store_error_text).
 */
#ifndef POLICY_METHODS_H
#define POLICY_METHODS_H

#include "base/sentence.h"
#include "policy/field_error.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct store_db;

enum method_error_code {
	METHOD_REFUSED = -32001,
	METHOD_NOT_FOUND = -32002,
	METHOD_NOT_ALLOWED = -32003,
	METHOD_STORE_FAILED = -32004,
	METHOD_NEEDS_CONFIRMATION = -32005,
};

struct method_error {
	int code;                 /* 0: none */
	char message[3000];       /* room for the note of what is protected */
	struct sentence said;     /* what message was made from; or NULL in it */
	struct field_error field; /* field.field NULL: none */
	json_t *now;              /* what somebody else has made of it meanwhile, or NULL; owned */
};

/* Whose terminals an attendant sees and acts for; attendant_terminals() of policy/attendance.h. */
struct method_scope {
	bool limited; /* the caller is an attendant and nothing more; else nothing below counts */
	int64_t account;
	int64_t *terminals; /* ascending */
	size_t count;
};

struct method_call {
	const char *actor; /* "unix:yamada" */
	json_t *params;    /* object, borrowed */
	struct method_scope scope;

	json_t *result; /* out: object, the caller's reference */
	bool overrode;  /* a protection, at the caller's wish: record_change says so (A18) */
	struct method_error error;
	int64_t touched_account; /* out: 0 or the number for session_running_verdicts */
	int64_t touched_terminal;
	bool touched_all; /* out: the running rules must be asked for every session */
};

/* Reads anew what a caller whose scope is limited may see. 0 or a negative errno. */
int method_scope_load(struct store_db *db, struct method_call *call);
bool method_scope_has(const struct method_scope *scope, int64_t terminal);
void method_scope_done(struct method_scope *scope);

/* Frees the result and forgets the rest; work may run again. Call it first in work. */
void method_call_reset(struct method_call *call);

/* {"code", "message", "data"}, new reference, for an answer with error.code set. */
json_t *method_error_json(const struct method_error *error);

/* The numbers of attend.list that the caller may see, into an array. */
int attend_numbers_json(struct store_db *db, const struct method_call *call, json_t *numbers);

typedef int method_function(struct store_db *db, struct method_call *call);

method_function method_account_add;
method_function method_account_list;
method_function method_account_show;
method_function method_account_edit;
method_function method_account_lock;
method_function method_account_unlock;
method_function method_account_delete;
method_function method_account_extend;
method_function method_account_reset_password;
method_function method_account_reset_second_password;
method_function method_account_reset_second_factor;
method_function method_terminal_add;
method_function method_terminal_list;
method_function method_terminal_show;
method_function method_terminal_edit;
method_function method_terminal_delete;
method_function method_terminal_trust;
method_function method_terminal_set_credential;
method_function method_terminal_show_credential;
method_function method_terminal_delete_credential;
method_function method_account_review;
method_function method_account_review_signed;
method_function method_window_add;
method_function method_window_list;
method_function method_window_delete;
method_function method_vendor_add;
method_function method_vendor_list;
method_function method_vendor_show;
method_function method_vendor_edit;
method_function method_vendor_delete;
method_function method_explain;
method_function method_session_ended;
method_function method_attend_issue;
method_function method_attend_cancel;
method_function method_log_connections;
method_function method_output_list;
method_function method_log_logins;
method_function method_log_files;
method_function method_log_transfers;
method_function method_log_admin;
method_function method_recording_list;
method_function method_recording_show;
method_function method_recording_hold;
method_function method_recording_release;

#endif
