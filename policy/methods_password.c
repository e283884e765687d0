/* account.reset_* (A11): see methods.h. New initial passwords go into the answer, once; into the database
 * goes their hash, into the log that they were made. A reset leaves running sessions alone: they are ended
 * by locking the account.
 */
#include "policy/method_call.h"

#include "base/cleanup.h"
#include "base/secret.h"
#include "policy/store/password_table.h"
#include "policy/store/second_factor_table.h"

#include <errno.h>

static int
take_account(struct store_db *db, struct method_call *call, struct account *account)
{
	const char *id = param_text(call->params, "id");
	int r;

	r = method_find_account(db, call, id != NULL ? id : "", account);
	if (r < 0)
		return r;
	return method_check_protection(
		call, account->id, account->protected_note, method_overrides_protection(call));
}

static json_t *
answer(struct store_db *db, const struct account *account)
{
	json_t *object = NULL, *answer = json_object();
	static const char *const keys[] = {"id", "full_id", "family_name", "given_name"};

	if (account_json(db, account, &object) < 0) {
		json_decref(answer);
		return NULL;
	}
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		(void)json_object_set(answer, keys[i], json_object_get(object, keys[i]));
	json_decref(object);
	return answer;
}

struct reset {
	const char *action;
	enum password_kind kind;
	const char *key; /* of the answer */
};

static int
make_password(struct store_db *db, struct method_call *call, const struct account *account,
	const struct reset *reset)
{
	struct stored_password stored = {.must_change = true, .delivered = true};
	char password[INITIAL_PASSWORD_SIZE];
	int r;

	r = initial_password_make(password, sizeof(password), stored.hash, sizeof(stored.hash));
	if (r == 0)
		r = password_replace(db, account->number, reset->kind, &stored);
	call->result = r == 0 ? answer(db, account) : NULL;
	if (r == 0 && (call->result == NULL || json_object_set_new(call->result, reset->key,
						       json_string(password)) < 0))
		r = -ENOMEM;
	secret_wipe(password, sizeof(password));
	return r;
}

static int
record_reset(struct store_db *db, struct method_call *call, const struct account *account,
	const char *action, json_t *before, json_t *after)
{
	int r = record_change(
		db, call, action, account->id, before, after, param_text(call->params, "because"));

	json_decref(before);
	json_decref(after);
	return r;
}

static int
reset_password(struct store_db *db, struct method_call *call, const struct reset *reset)
{
	struct account account;
	int r;

	r = take_account(db, call, &account);
	if (r == 0)
		r = make_password(db, call, &account, reset);
	if (r < 0)
		return r;
	return record_reset(db, call, &account, reset->action, NULL,
		json_pack("{s:s, s:b}", "password", "initial", "must_change", 1));
}

int
method_account_reset_password(struct store_db *db, struct method_call *call)
{
	static const struct reset first = {
		"account.reset_password", PASSWORD_FIRST, "initial_password"};

	return reset_password(db, call, &first);
}

int
method_account_reset_second_password(struct store_db *db, struct method_call *call)
{
	static const struct reset second = {
		"account.reset_second_password", PASSWORD_SECOND, "initial_second_password"};

	return reset_password(db, call, &second);
}

/* The engineer binds a telephone again at the next sign-in. */
int
method_account_reset_second_factor(struct store_db *db, struct method_call *call)
{
	struct account account;
	int r;

	r = take_account(db, call, &account);
	if (r == 0) {
		r = second_factor_unbind(db, account.number);
		if (r == -ENOENT)
			return method_refuse(call, METHOD_REFUSED,
				"no telephone is bound to '%s': there is nothing to reset",
				account.id);
	}
	if (r < 0)
		return r;
	call->result = answer(db, &account);
	return record_reset(db, call, &account, "account.reset_second_factor",
		json_pack("{s:s}", "second_factor", "bound"), json_pack("{s:n}", "second_factor"));
}
