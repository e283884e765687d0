/* account.* (A1-A9, A11-A13): see methods.h. */
#include "policy/method_call.h"

#include "base/cleanup.h"
#include "policy/store/account_table.h"
#include "policy/store/store.h"
#include "policy/store/terminal_table.h"

#include <errno.h>
#include <string.h>

static struct civil_date
today(const struct store_db *db)
{
	struct civil_time now;

	civil_from_instant(store_db_now(db), &now);
	return now.date;
}

/* What a change of one field looks at: the row of the table below says what it does. */
struct change {
	struct account *account;
	const json_t *changes; /* all of them: names and dates are checked in pairs */
	const char *text;
	struct civil_date today;
	struct field_error *error;
};

/* Of a pair, the other one that is being given, or what the account has. */
static const char *
given_or(const struct change *change, const char *name, const char *otherwise)
{
	const char *text = param_text(change->changes, name);

	return text != NULL ? text : otherwise;
}

static int
change_names(struct change *change)
{
	char family[ACCOUNT_NAME_SIZE], given[ACCOUNT_NAME_SIZE];

	memcpy(family, change->account->family_name, sizeof(family));
	memcpy(given, change->account->given_name, sizeof(given));
	return account_names_parse(given_or(change, "family_name", family),
		given_or(change, "given_name", given), change->account, change->error);
}

static int
change_email(struct change *change)
{
	return account_email_parse(change->text, change->account->email, change->error);
}

static int
change_kind(struct change *change)
{
	return account_kind_parse(change->text, &change->account->kind, change->error);
}

static int
change_validity(struct change *change)
{
	char from[CIVIL_DATE_SIZE], until[CIVIL_DATE_SIZE];

	civil_date_format(change->account->valid_from, from);
	civil_date_format(change->account->valid_until, until);
	return account_validity_parse(given_or(change, "valid_from", from),
		given_or(change, "valid_until", until), change->today, change->account,
		change->error);
}

static int
change_hours(struct change *change)
{
	return account_hours_parse(change->text, &change->account->hours, change->error);
}

static int
change_file_sharing(struct change *change)
{
	return file_sharing_parse(change->text, &change->account->file_sharing, change->error);
}

static int
change_allowlist(struct change *change)
{
	bool off = strcmp(change->text, "off") == 0;

	if (!off && strcmp(change->text, "enforced") != 0)
		return field_error_set(
			change->error, "allowlist", change->text, "enforced or off", "enforced");
	change->account->allowlist_enforced = !off;
	return 0;
}

static const struct {
	const char *name;
	int (*change)(struct change *change);
} text_fields[] = {
	{"family_name", change_names},
	{"given_name", change_names},
	{"email", change_email},
	{"kind", change_kind},
	{"valid_from", change_validity},
	{"valid_until", change_validity},
	{"hours", change_hours},
	{"file_sharing", change_file_sharing},
	{"allowlist", change_allowlist},
};

static const char *const list_fields[] = {"macs", "terminals"};

static int
check_names(struct method_call *call, const json_t *changes)
{
	struct field_error error;
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)changes, key, value) {
		bool known = false;

		for (size_t i = 0; i < ARRAY_SIZE(text_fields); i++)
			known = known ||
				(strcmp(text_fields[i].name, key) == 0 && json_is_string(value));
		for (size_t i = 0; i < ARRAY_SIZE(list_fields); i++)
			known = known || (strcmp(list_fields[i], key) == 0 && json_is_array(value));
		if (known)
			continue;
		(void)field_error_set(&error, "changes", key,
			strcmp(key, "id") == 0 ? "the id of an account never changes"
					       : "a field that can be changed, of the right type",
			"{\"email\": \"taro@example.jp\"}");
		return method_refuse_field(call, &error);
	}
	return 0;
}

static int
add_mac(struct store_db *db, struct method_call *call, const char *text, void *argument)
{
	struct field_error error = {0};

	(void)db;
	if (account_mac_add(argument, text, &error) < 0)
		return method_refuse_field(call, &error);
	return 0;
}

static int
change_fields(struct store_db *db, struct method_call *call, const json_t *changes,
	struct account *account)
{
	struct field_error error = {0};
	struct change change = {
		.account = account, .changes = changes, .today = today(db), .error = &error};
	const json_t *macs = json_object_get(changes, "macs");

	for (size_t i = 0; i < ARRAY_SIZE(text_fields); i++) {
		change.text = param_text(changes, text_fields[i].name);
		if (change.text != NULL && text_fields[i].change(&change) < 0)
			return method_refuse_field(call, &error);
	}
	if (macs == NULL)
		return 0;
	account->mac_count = 0;
	return param_each_text(call, macs, "macs", add_mac, db, account);
}

static int
assign(struct store_db *db, struct method_call *call, const char *name, void *argument)
{
	const struct account *account = argument;
	struct terminal terminal = {0};
	int r;

	if (account->kind == ACCOUNT_ADMIN)
		return method_refuse(
			call, METHOD_REFUSED, "an administrator cannot be assigned a terminal");
	r = method_find_terminal(db, call, name, &terminal);
	if (r < 0)
		return r;
	r = assignment_add(db, account->number, terminal.number);
	terminal_done(&terminal);
	return r;
}

static int
replace_terminals(
	struct store_db *db, struct method_call *call, const json_t *names, struct account *account)
{
	int r;

	if (names == NULL)
		return 0;
	r = assignment_remove_all(db, account->number);
	return r < 0 ? r : param_each_text(call, names, "terminals", assign, db, account);
}

static int
read_new_account(struct store_db *db, struct method_call *call, struct account *account)
{
	struct field_error error = {0};
	const char *id = param_text(call->params, "id");
	const char *family = param_text(call->params, "family_name");
	const char *given = param_text(call->params, "given_name");
	int r;

	*account = (struct account){
		.hours.always = true, .allowlist_enforced = true, .kind = ACCOUNT_ENGINEER};
	r = account_id_parse(
		&store_db_settings(db)->facility, id != NULL ? id : "", account->id, &error);
	if (r == 0)
		r = account_names_parse(
			family != NULL ? family : "", given != NULL ? given : "", account, &error);
	if (r == 0)
		r = account_validity_parse(param_text(call->params, "valid_from"),
			param_text(call->params, "valid_until"), today(db), account, &error);
	if (r == 0 && param_text(call->params, "email") == NULL)
		r = field_error_set(&error, "email", NULL, "required", "taro@example.jp");
	return r < 0 ? method_refuse_field(call, &error) : 0;
}

int
method_account_add(struct store_db *db, struct method_call *call)
{
	json_t *fields = json_copy(call->params);
	struct account account;
	int r;

	/* The allowlist is switched off by an edit with a reason, and in no other way (A4). */
	(void)json_object_del(fields, "allowlist");
	(void)json_object_del(fields, "valid_from");
	(void)json_object_del(fields, "valid_until");
	r = read_new_account(db, call, &account);
	if (r == 0)
		r = change_fields(db, call, fields, &account);
	if (r == 0)
		r = account_insert(db, &account);
	if (r == -EEXIST)
		r = method_refuse(
			call, METHOD_REFUSED, "there is an account '%s' already", account.id);
	if (r == 0)
		r = replace_terminals(
			db, call, json_object_get(call->params, "terminals"), &account);
	if (r == 0)
		r = account_json(db, &account, &call->result);
	if (r == 0)
		r = record_change(db, call, "account.add", account.id, NULL, call->result, NULL);
	call->touched_account = account.number;
	json_decref(fields);
	return r;
}

struct account_list {
	json_t *accounts;
	const char *state; /* or NULL */
};

static int
list_account(struct store_db *db, const struct account *account, void *argument)
{
	struct account_list *list = argument;
	json_t *object;
	int r;

	if (list->state != NULL && strcmp(account_state(account, today(db)), list->state) != 0)
		return 0;
	r = account_json(db, account, &object);
	if (r == 0)
		(void)json_array_append_new(list->accounts, object);
	return r;
}

static int
check_state(struct method_call *call, const char *state)
{
	static const char *const states[] = {"active", "not-yet", "expired", "locked"};
	struct field_error error;

	if (state == NULL)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(states); i++)
		if (strcmp(states[i], state) == 0)
			return 0;
	(void)field_error_set(
		&error, "state", state, "one of active, not-yet, expired, locked", "expired");
	return method_refuse_field(call, &error);
}

int
method_account_list(struct store_db *db, struct method_call *call)
{
	struct account_list list = {.state = param_text(call->params, "state")};
	const char *name = param_text(call->params, "terminal");
	struct terminal terminal = {0};
	int r;

	r = check_state(call, list.state);
	if (r == 0 && name != NULL)
		r = method_find_terminal(db, call, name, &terminal);
	terminal_done(&terminal);
	if (r < 0)
		return r;
	list.accounts = json_array();
	r = account_each(
		db, param_text(call->params, "search"), terminal.number, list_account, &list);
	call->result = json_pack("{s:o}", "accounts", list.accounts);
	return r;
}

/* The account that the parameter `id` names, and what it is now. */
static int
take_account(
	struct store_db *db, struct method_call *call, struct account *account, json_t **ret_now)
{
	const char *id = param_text(call->params, "id");
	int r;

	r = method_find_account(db, call, id != NULL ? id : "", account);
	if (r < 0)
		return r;
	call->touched_account = account->number;
	return account_json(db, account, ret_now);
}

int
method_account_show(struct store_db *db, struct method_call *call)
{
	struct account account;
	int r;

	r = take_account(db, call, &account, &call->result);
	call->touched_account = 0;
	return r;
}

/* Writes the account, answers with what it is now, and records what differs. */
static int
finish_change(struct store_db *db, struct method_call *call, const char *action,
	struct account *account, json_t *before)
{
	int r;

	r = account_update(db, account);
	if (r == 0)
		r = account_json(db, account, &call->result);
	if (r == 0)
		r = record_change(db, call, action, account->id, before, call->result,
			param_text(call->params, "because"));
	return r;
}

/* Somebody must be left who can mend things (A9). */
static int
check_last_admin(struct store_db *db, struct method_call *call, const struct account *was)
{
	int64_t others;
	int r;

	if (was->kind != ACCOUNT_ADMIN || was->locked)
		return 0;
	r = account_other_admins(db, was->number, &others);
	if (r < 0)
		return r;
	if (others == 0)
		return method_refuse(call, METHOD_REFUSED,
			"'%s' is the last administrator: it can be neither locked nor made another "
			"kind",
			was->id);
	return 0;
}

static int
check_kind_change(struct store_db *db, struct method_call *call, const struct account *was,
	const struct account *account)
{
	json_t *terminals;
	size_t count;
	int r;

	if (was->kind == account->kind)
		return 0;
	r = check_last_admin(db, call, was);
	if (r < 0 || account->kind != ACCOUNT_ADMIN)
		return r;
	r = assignment_terminals(db, account->number, &terminals);
	if (r < 0)
		return r;
	count = json_array_size(terminals);
	json_decref(terminals);
	if (count > 0)
		return method_refuse(call, METHOD_REFUSED,
			"an administrator cannot be assigned a terminal: remove its %zu terminals "
			"first",
			count);
	return 0;
}

static int
check_because(struct method_call *call, const struct account *was, const struct account *account)
{
	const char *because = param_text(call->params, "because");

	if (!was->allowlist_enforced || account->allowlist_enforced)
		return 0;
	if (because != NULL && strspn(because, " \t") != strlen(because))
		return 0;
	return method_refuse(call, METHOD_REFUSED,
		"switching the MAC allowlist off needs a reason (--because): any device could "
		"connect");
}

static int
edit(struct store_db *db, struct method_call *call, struct account *account, json_t *before)
{
	const json_t *changes = json_object_get(call->params, "changes");
	struct account was = *account;
	int r;

	r = check_names(call, changes);
	if (r == 0)
		r = change_fields(db, call, changes, account);
	if (r == 0)
		r = check_because(call, &was, account);
	if (r == 0)
		r = replace_terminals(db, call, json_object_get(changes, "terminals"), account);
	if (r == 0)
		r = check_kind_change(db, call, &was, account);
	return r < 0 ? r : finish_change(db, call, "account.edit", account, before);
}

int
method_account_edit(struct store_db *db, struct method_call *call)
{
	struct account account;
	json_t *before = NULL;
	int r;

	r = take_account(db, call, &account, &before);
	if (r == 0)
		r = edit(db, call, &account, before);
	json_decref(before);
	return r;
}

static int
set_locked(struct store_db *db, struct method_call *call, const char *action, bool locked)
{
	struct account account;
	json_t *before = NULL;
	int r;

	r = take_account(db, call, &account, &before);
	if (r == 0 && locked)
		r = check_last_admin(db, call, &account);
	if (r == 0) {
		account.locked = locked;
		r = finish_change(db, call, action, &account, before);
	}
	json_decref(before);
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
	return set_locked(db, call, "account.unlock", false);
}

int
method_account_delete(struct store_db *db, struct method_call *call)
{
	struct account account;
	json_t *before = NULL;
	int r;

	r = take_account(db, call, &account, &before);
	if (r == 0 && account.kind == ACCOUNT_ADMIN)
		r = method_refuse(call, METHOD_REFUSED,
			"an administrator cannot be deleted: lock '%s', or make it another kind "
			"first",
			account.id);
	if (r == 0)
		r = account_delete(db, account.number);
	if (r == 0)
		r = record_change(db, call, "account.delete", account.id, before, NULL, NULL);
	if (r == 0)
		call->result = json_incref(before);
	json_decref(before);
	return r;
}
