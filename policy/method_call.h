/* What the methods share: reading parameters, refusing, saying what changed. Private to policy. */
#ifndef POLICY_METHOD_CALL_H
#define POLICY_METHOD_CALL_H

#include "policy/account_ties.h"
#include "policy/accounts.h"
#include "policy/methods.h"
#include "policy/terminal_health.h"
#include "policy/terminals.h"
#include "policy/vendors.h"
#include "policy/windows.h"

#include <stdbool.h>

/* Each fills in the error and returns a negative errno, to end a method with. Formats and rules become messages
 * of po/ by themselves, since po/meson.build names these functions; a rule in a variable is marked with N_(). */
int method_refuse(struct method_call *call, enum method_error_code code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
int method_refuse_field(struct method_call *call, const struct field_error *error);

/* Of two people who edit the same thing at once the second is told (-EPERM): by whom it was changed and when,
 * which fields differ, by the administration events since, and in `data` what it is now. what: "account",
 * "terminal" …, as the actions of its events begin; seen: the version that the person has seen, 0: whatever it
 * is; now: its JSON object, which has version, changed_by and updated. */
int method_check_version(struct store_db *db, struct method_call *call, const char *what,
	const char *name, int64_t seen, json_t *now);

/* A text parameter; NULL if it was not given. `object` is call->params or an object within. */
const char *param_text(const json_t *object, const char *name);

enum param_type {
	PARAM_TEXT,
	PARAM_TEXT_OR_NULL,
	PARAM_NUMBER,
	PARAM_FLAG,
	PARAM_LIST,
	PARAM_OBJECT,
};

/* A text that holds a NUL is none: it would be read as another, shorter one. */
bool param_has_type(const json_t *value, enum param_type type);

/* For a name within `changes` that is no field, or whose value has another type. */
int method_refuse_change(struct method_call *call, const char *name, const char *example);

/* Calls each for every text of a list (NULL: nothing to do). -EINVAL and the error for another type. */
int param_each_text(struct method_call *call, const json_t *list, const char *field,
	int (*each)(
		struct store_db *db, struct method_call *call, const char *text, void *argument),
	struct store_db *db, void *argument);

/* Finds what a parameter names; METHOD_NOT_FOUND otherwise. */
int method_find_account(struct store_db *db, struct method_call *call, const char *text,
	struct account *ret_account);
int method_find_terminal(struct store_db *db, struct method_call *call, const char *name,
	struct terminal *ret_terminal);
int method_find_vendor(
	struct store_db *db, struct method_call *call, const char *name, struct vendor *ret_vendor);

/* The same for who may see only terminals of an attendant's: another one is not found either. */
int method_find_own_terminal(struct store_db *db, struct method_call *call, const char *name,
	struct terminal *ret_terminal);

/* Adds "text" and "values", of which sekisho-admin makes the sentence in the reader's language. */
void sentence_json(const struct sentence *sentence, json_t *object);

/* An instant as the control socket has it; null for 0. */
json_t *instant_json(int64_t instant_us);

/* The objects of control_methods.def. */
int account_json(struct store_db *db, const struct account *account, json_t **ret_object);
json_t *account_json_with(
	struct store_db *db, const struct account *account, const struct account_ties *ties);

/* How its signing in stands: `sign_in` of account.show. */
int account_sign_in_json(struct store_db *db, const struct account *account, json_t **ret_object);

/* Its failures at signing in are forgotten; `recorded`: the change that this belongs to is in the log already. */
int account_forget_failures(struct store_db *db, struct method_call *call,
	const struct account *account, bool recorded);

/* with_accounts: the ids instead of their number. */
int terminal_json(struct store_db *db, const struct terminal *terminal, bool with_accounts,
	json_t **ret_object);

/* Adds `window`, the one that keeps everybody out now or begins next (or null), and, if wanted, `windows`: its own, and those of
 * all terminals. */
int terminal_windows_json(
	struct store_db *db, const struct terminal *terminal, bool all, json_t *object);

/* The same with the accounts, and all of that. */
int terminal_json_with_windows(
	struct store_db *db, const struct terminal *terminal, json_t **ret_object);

/* Of control_methods.def; terminal: its name, "" for all. NULL without memory. */
json_t *window_json(const struct window *window, const char *terminal, int64_t now_us);
int vendor_json(struct store_db *db, const struct vendor *vendor, json_t **ret_object);

/* What the pinned certificate says of itself: kept from the parameters of terminal.trust, and as `pinned` of
 * terminal.show (null: not known). */
int terminal_pin_keep(
	struct store_db *db, struct method_call *call, const struct terminal *terminal);
int terminal_pin_json(struct store_db *db, const struct terminal *terminal, json_t **ret_object);

/* What a change of the terminal means for the password stored for it: with another address or port than `was` it is forgotten,
 * in this transaction and in an event of its own, if `forget_credential` says that this is meant; injected credentials want one
 * that is for where the terminal is now. */
int terminal_credential_settle(struct store_db *db, struct method_call *call,
	const struct terminal *was, const struct terminal *terminal, bool *ret_forgotten);

/* Bits of enum terminal_warning as a list of words. */
json_t *terminal_warnings_json(uint32_t warnings);

/* Records the fields that differ (either may be NULL: made or deleted); nothing if none does. */
int record_change(struct store_db *db, struct method_call *call, const char *action,
	const char *target, json_t *before, json_t *after, const char *because);

/* `override_protection` of the parameters. */
bool method_overrides_protection(const struct method_call *call);

/* Refused if that is protected, by its note, and no override was asked for; notes the override. */
int method_check_protection(
	struct method_call *call, const char *name, const char *note, bool override_protection);

/* Redirection rights and dynamic channels (B8). field: of the caller's, for the error. */
int method_find_right(
	struct method_call *call, const char *field, const char *name, uint32_t *ret_right);
/* Every right that a list names goes into a set, or comes out of it. */
int method_rights_set(struct method_call *call, const json_t *list, uint32_t *rights);
int method_rights_clear(struct method_call *call, const json_t *list, uint32_t *rights);
json_t *method_rights_json(uint32_t rights);
json_t *method_channels_json(const char *channels);

/* channels: RIGHT_CHANNELS_SIZE bytes, as in struct terminal. */
int method_channel_add(struct method_call *call, const char *name, char *channels);
int method_channel_remove(struct method_call *call, const char *name, char *channels);

#endif
