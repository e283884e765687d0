/* account.* (A1-A9, A11-A13): see methods.h. */
#include "policy/method_call.h"

#include "policy/account_changes.h"
#include "policy/store/account_table.h"
#include "policy/store/store.h"

int
method_account_add(struct store_db *db, struct method_call *call)
{
	struct account_outcome outcome;
	int r;

	r = account_add(db, call, call->params, NULL, &outcome);
	if (r < 0)
		return r;
	call->result = json_copy(outcome.after);
	(void)json_object_set_new(
		call->result, "initial_password", json_string(outcome.first_password));
	(void)json_object_set_new(
		call->result, "initial_second_password", json_string(outcome.second_password));
	account_outcome_done(&outcome);
	return 0;
}

static int
take_account(struct store_db *db, struct method_call *call, struct account *account)
{
	const char *id = param_text(call->params, "id");

	return method_find_account(db, call, id != NULL ? id : "", account);
}

int
method_account_show(struct store_db *db, struct method_call *call)
{
	struct account account;
	json_t *sign_in = NULL;
	int r;

	r = take_account(db, call, &account);
	if (r == 0)
		r = account_sign_in_json(db, &account, &sign_in);
	if (r == 0)
		r = account_json(db, &account, &call->result);
	if (r == 0)
		(void)json_object_set(call->result, "sign_in", sign_in);
	json_decref(sign_in);
	return r;
}

/* What every method that changes an account takes besides. */
static struct account_change_options
options_of(const struct method_call *call, const char *action)
{
	return (struct account_change_options){
		.action = action,
		.because = param_text(call->params, "because"),
		.version = json_integer_value(json_object_get(call->params, "version")),
		.override_protection = method_overrides_protection(call),
	};
}

/* Answers with the account as it is now. */
static int
change_account(
	struct store_db *db, struct method_call *call, const char *action, const json_t *changes)
{
	struct account_change_options options = options_of(call, action);
	struct account_outcome outcome;
	struct account account;
	int r;

	r = take_account(db, call, &account);
	if (r == 0)
		r = account_change(db, call, &account, changes, &options, &outcome);
	if (r < 0)
		return r;
	call->result = json_copy(outcome.after);
	(void)json_object_set_new(call->result, "changed", json_boolean(outcome.changed));
	account_outcome_done(&outcome);
	return 0;
}

int
method_account_edit(struct store_db *db, struct method_call *call)
{
	return change_account(db, call, "account.edit", json_object_get(call->params, "changes"));
}

static int
set_locked(struct store_db *db, struct method_call *call, const char *action, bool locked)
{
	json_t *changes = json_pack("{s:b}", "locked", locked);
	int r;

	r = change_account(db, call, action, changes);
	json_decref(changes);
	return r;
}

int
method_account_lock(struct store_db *db, struct method_call *call)
{
	return set_locked(db, call, "account.lock", true);
}

int
method_account_unlock(struct store_db *db, struct method_call *call)
{
	struct account account;
	int r;

	r = set_locked(db, call, "account.unlock", false);
	if (r == 0)
		r = take_account(db, call, &account);
	return r < 0 ? r
		     : account_forget_failures(db, call, &account,
			       json_is_true(json_object_get(call->result, "changed")));
}

static int
check_delete(struct method_call *call, const struct account *account)
{
	if (account->kind == ACCOUNT_ADMIN)
		return method_refuse(call, METHOD_REFUSED,
			"an administrator cannot be deleted: lock '%s', or make it another kind "
			"first",
			account->id);
	return method_check_protection(call, account->id, account->protected_note,
		options_of(call, NULL).override_protection);
}

int
method_account_delete(struct store_db *db, struct method_call *call)
{
	struct account account;
	int r;

	r = take_account(db, call, &account);
	if (r == 0)
		r = check_delete(call, &account);
	if (r == 0)
		r = account_json(db, &account, &call->result);
	if (r < 0)
		return r;
	call->touched_account = account.number;
	r = account_delete(db, account.number);
	return r < 0 ? r
		     : record_change(db, call, "account.delete", account.id, call->result, NULL,
			       param_text(call->params, "because"));
}
