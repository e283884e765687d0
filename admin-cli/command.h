/* What the functions of commands.def share. */
#ifndef ADMIN_COMMAND_H
#define ADMIN_COMMAND_H

#include "admin-cli/arguments.h"
#include "admin-cli/rpc.h"

struct admin {
	const struct arguments *arguments;
	struct rpc *rpc; /* NULL until admin_connect */
};

command_function command_call;
command_function command_account_add;
command_function command_account_reset;
command_function command_account_edit;
command_function command_account_list;
command_function command_account_extend;
command_function command_account_delete;
command_function command_account_review;
command_function command_terminal_accounts;
command_function command_terminal_add;
command_function command_terminal_check;
command_function command_account_import;
command_function command_account_export;
command_function command_export_get;
command_function command_export_delete;
command_function command_terminal_edit;
command_function command_terminal_trust;
command_function command_terminal_credential;
command_function command_terminal_delete;
command_function command_ticket_issue;
command_function command_window_add;
command_function command_vendor_edit;
command_function command_vendor_delete;
command_function command_attend_issue;
command_function command_attend_list;
command_function command_attend_decide;
command_function command_explain;
command_function command_session_list;
command_function command_session_show;
command_function command_session_kill;
command_function command_session_notice;
command_function command_recording_list;
command_function command_recording_show;
command_function command_recording_delete;
command_function command_recording_export;
command_function command_recording_key;
command_function command_recording_play;
command_function command_recording_verify;
command_function command_session_watch;
command_function command_log_show;
command_function command_log_verify;
command_function command_log_retention;
command_function command_backup_create;
command_function command_backup_get;
command_function command_backup_restore;
command_function command_backup_delete;

/* Connects to the gateway and takes up the facility's time zone; admin_ask does it by itself. */
enum admin_exit admin_connect(struct admin *admin);

/* Asks a method. Takes parameters. On ADMIN_DONE *ret_result is a new reference; otherwise the reason has been
 * told. */
enum admin_exit admin_ask(
	struct admin *admin, const char *method, json_t *parameters, json_t **ret_result);

/* Prints a result by the command's printer, or as JSON. */
void admin_print(const struct admin *admin, const json_t *result);

/* Asks the command's own method with these parameters (taken), and prints the result. */
enum admin_exit admin_ask_and_print(struct admin *admin, json_t *parameters);

/* What a command is about, as the result has it under this key, else as it was typed: its first argument. */
const char *admin_subject(const struct admin *admin, const json_t *result, const char *key);

/* For the commands that edit. The object `changes` of the parameters, made if there is none; --unprotect is put
 * into it; then the method is asked (parameters are taken), unless what came before (so_far) was refused, or
 * there is nothing to be changed. */
json_t *admin_changes(json_t *parameters);
enum admin_exit admin_take_protection(const struct admin *admin, json_t *changes);
enum admin_exit admin_edit(struct admin *admin, json_t *parameters, enum admin_exit so_far);

/* Says why something was not done; with --json as {"error": {"message"}}. Returns `exit_code`. */
enum admin_exit admin_refuse(const struct admin *admin, enum admin_exit exit_code,
	const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The same for an error object of JSON-RPC. */
enum admin_exit admin_refuse_error(const struct admin *admin, const json_t *error);

struct fact {
	const char *label; /* translated */
	const char *value;
};

/* Shows the facts and the question, and waits for yes. --yes answers it; without a person at the terminal it
 * is refused. ADMIN_DONE: go on. Otherwise the reason has been told. */
enum admin_exit admin_confirm(const struct admin *admin, const struct fact *facts, size_t count,
	const char *warning, const char *question);

/* Parts of admin_confirm, for tests: the text shown, and what counts as yes. */
void confirm_write(FILE *out, const struct fact *facts, size_t count, const char *warning,
	const char *question);
bool confirm_is_yes(const char *answer);

#endif
