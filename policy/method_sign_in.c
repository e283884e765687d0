/* How an account's signing in stands, for account.show; and forgetting its failures, for account.unlock. */
#include "policy/method_call.h"

#include "policy/sign_in_standing.h"
#include "policy/store/second_factor_table.h"

#include <errno.h>

static void
set_password(struct store_db *db, json_t *object, const struct stored_password *password)
{
	(void)json_object_set_new(
		object, "password", json_string(password->must_change ? "initial" : "own"));
	(void)json_object_set_new(
		object, "must_change", json_boolean(sign_in_must_change(db, password)));
	(void)json_object_set_new(object, "password_set", instant_json(password->set_us));
}

int
account_sign_in_json(struct store_db *db, const struct account *account, json_t **ret_object)
{
	struct stored_password password;
	struct sign_in_summary summary;
	int64_t bound_us = 0;
	json_t *object;
	int found, r;

	found = password_load(db, account->number, PASSWORD_FIRST, &password);
	r = found == -ENOENT ? 0 : found;
	if (r == 0)
		r = second_factor_since(db, account->number, &bound_us);
	if (r == 0)
		r = sign_in_summary_load(db, account->id, &summary);
	if (r < 0)
		return r;
	object = json_object();
	if (found == 0)
		set_password(db, object, &password);
	(void)json_object_set_new(
		object, "second_factor", bound_us == 0 ? json_null() : json_string("bound"));
	(void)json_object_set_new(object, "second_factor_since", instant_json(bound_us));
	(void)json_object_set_new(object, "failures", json_integer(summary.failures));
	(void)json_object_set_new(object, "last_failure", instant_json(summary.newest_us));
	(void)json_object_set_new(object, "guesses", json_integer(summary.guesses));
	(void)json_object_set_new(object, "guessed_at", json_boolean(summary.closed));
	*ret_object = object;
	return 0;
}

int
account_forget_failures(
	struct store_db *db, struct method_call *call, const struct account *account, bool recorded)
{
	struct sign_in_summary summary;
	json_t *before, *after;
	bool any = false;
	int r;

	r = sign_in_summary_load(db, account->id, &summary);
	if (r == 0)
		r = sign_in_forget(db, account->id, &any);
	if (r < 0)
		return r;
	(void)json_object_set_new(call->result, "failures_forgotten", json_boolean(any));
	if (!any || recorded)
		return 0;
	before = json_pack("{s:I}", "failures", (json_int_t)summary.failures);
	after = json_pack("{s:i}", "failures", 0);
	r = record_change(db, call, "account.unlock", account->id, before, after,
		param_text(call->params, "because"));
	json_decref(before);
	json_decref(after);
	return r;
}
