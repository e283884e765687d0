/* account.extend (A16): the last day of many accounts at once. Each has its own result: one that is refused
 * keeps nobody from the next.
 */
#include "policy/account_changes.h"
#include "policy/method_call.h"
#include "policy/store/store.h"

#include <errno.h>

/* The writer does nothing else meanwhile, and people want to begin sessions. */
#define ACCOUNTS_MOST 200

struct extension {
	const char *until;
	json_t *changes;
	json_t *results;
	struct account_change_options options;
	bool any_changed;
};

/* What every account would be refused for is said once. */
static int
check_until(const struct store_db *db, struct method_call *call, const char *until)
{
	struct field_error error = {0};
	struct account unused;
	struct civil_time now;

	civil_from_instant(store_db_now(db), &now);
	if (account_validity_parse(until, until, now.date, &unused, &error) == 0)
		return 0;
	error.field = "until";
	return method_refuse_field(call, &error);
}

static json_t *
result_of(const char *id, const struct account_outcome *outcome)
{
	json_t *result = json_object();

	(void)json_object_set_new(result, "account", json_string(id));
	(void)json_object_set_new(
		result, "result", json_string(outcome->changed ? "changed" : "unchanged"));
	(void)json_object_set(
		result, "family_name", json_object_get(outcome->after, "family_name"));
	(void)json_object_set(result, "given_name", json_object_get(outcome->after, "given_name"));
	(void)json_object_set(result, "from", json_object_get(outcome->before, "valid_until"));
	(void)json_object_set(result, "until", json_object_get(outcome->after, "valid_until"));
	return result;
}

/* The refusal of one account becomes its result. */
static json_t *
refusal_of(const char *id, struct method_call *call)
{
	json_t *result = json_object();

	(void)json_object_set_new(result, "account", json_string(id));
	(void)json_object_set_new(result, "result", json_string("refused"));
	(void)json_object_set_new(result, "error", method_error_json(&call->error));
	json_decref(call->error.now);
	call->error = (struct method_error){0};
	return result;
}

static int
extend(struct store_db *db, struct method_call *call, const char *id, void *argument)
{
	struct extension *extension = argument;
	struct account_outcome outcome;
	struct account account;
	json_t *result;
	int r;

	r = method_find_account(db, call, id, &account);
	if (r == 0)
		r = account_change(
			db, call, &account, extension->changes, &extension->options, &outcome);
	if (r < 0 && call->error.code == 0)
		return r;
	if (r < 0) {
		result = refusal_of(id, call);
	} else {
		result = result_of(account.id, &outcome);
		extension->any_changed |= outcome.changed;
		account_outcome_done(&outcome);
	}
	return json_array_append_new(extension->results, result) < 0 ? -ENOMEM : 0;
}

static int
extend_all(struct store_db *db, struct method_call *call, struct extension *extension)
{
	json_t *accounts = json_object_get(call->params, "accounts");
	struct field_error error;
	int r;

	r = check_until(db, call, extension->until);
	if (r < 0)
		return r;
	if (json_array_size(accounts) > ACCOUNTS_MOST) {
		(void)field_error_set(
			&error, "accounts", NULL, "at most 200 accounts in one call", "");
		return method_refuse_field(call, &error);
	}
	r = param_each_text(call, accounts, "accounts", extend, db, extension);
	/* Whoever's last day is over now loses the session: all are asked, since many may be. */
	call->touched_account = 0;
	call->touched_all = extension->any_changed && !extension->options.dry_run;
	return r;
}

int
method_account_extend(struct store_db *db, struct method_call *call)
{
	const json_t *params = call->params;
	struct extension extension = {
		.until = param_text(params, "until"),
		.results = json_array(),
		.options =
			{
				.action = "account.extend",
				.because = param_text(params, "because"),
				.override_protection = json_is_true(
					json_object_get(params, "override_protection")),
				.dry_run = json_is_true(json_object_get(params, "dry_run")),
			},
	};
	int r;

	extension.changes = json_pack("{s:s}", "valid_until", extension.until);
	r = extend_all(db, call, &extension);
	json_decref(extension.changes);
	call->result = json_pack("{s:o}", "results", extension.results);
	return r;
}
