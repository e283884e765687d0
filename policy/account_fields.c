/* The fields of an account, and what a change of each one does; see account_fields.h. Terminals and services:
 * account_ties.c.
 */
#include "policy/account_fields.h"

#include "base/cleanup.h"
#include "policy/accounts.h"
#include "policy/method_call.h"
#include "policy/store/vendor_table.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Of a pair, the other one that is being given, or what the account has. */
static const char *
given_or(const struct account_change *change, const char *name, const char *otherwise)
{
	const char *text = param_text(change->changes, name);

	return text != NULL ? text : otherwise;
}

static const char *
given(const struct account_change *change)
{
	return json_string_value(change->value);
}

static int
change_names(struct account_change *change)
{
	char family[ACCOUNT_NAME_SIZE], given_name[ACCOUNT_NAME_SIZE];

	memcpy(family, change->account->family_name, sizeof(family));
	memcpy(given_name, change->account->given_name, sizeof(given_name));
	return account_names_parse(given_or(change, "family_name", family),
		given_or(change, "given_name", given_name), change->account, &change->error);
}

static int
change_email(struct account_change *change)
{
	return account_email_parse(given(change), change->account->email, &change->error);
}

static int
change_kind(struct account_change *change)
{
	return account_kind_parse(given(change), &change->account->kind, &change->error);
}

static int
change_validity(struct account_change *change)
{
	char from[CIVIL_DATE_SIZE], until[CIVIL_DATE_SIZE];

	civil_date_format(change->account->valid_from, from);
	civil_date_format(change->account->valid_until, until);
	return account_validity_parse(given_or(change, "valid_from", from),
		given_or(change, "valid_until", until), change->today, change->account,
		&change->error);
}

static int
change_hours(struct account_change *change)
{
	return account_hours_parse(given(change), &change->account->hours, &change->error);
}

static int
change_file_sharing(struct account_change *change)
{
	return file_sharing_parse(given(change), &change->account->file_sharing, &change->error);
}

static int
change_allowlist(struct account_change *change)
{
	bool off = strcmp(given(change), "off") == 0;

	if (!off && strcmp(given(change), "enforced") != 0)
		return field_error_set(
			&change->error, "allowlist", given(change), "enforced or off", "enforced");
	change->account->allowlist_enforced = !off;
	return 0;
}

static int
change_max_sessions(struct account_change *change)
{
	return account_max_sessions_parse(
		json_integer_value(change->value), &change->account->max_sessions, &change->error);
}

static int
change_protected(struct account_change *change)
{
	return protected_note_parse(given(change), change->account->protected_note, &change->error);
}

static int
change_locked(struct account_change *change)
{
	change->account->locked = json_is_true(change->value);
	return 0;
}

static int
change_vendor(struct account_change *change)
{
	struct account *account = change->account;
	const char *name = given(change);
	struct vendor vendor = {0};
	int r;

	r = name == NULL ? 0 : vendor_find(change->db, name, &vendor);
	if (r == -ENOENT)
		return field_error_set(&change->error, "vendor", name,
			"the name of a vendor that there is", "Sakura Medical Systems");
	if (r < 0)
		return r;
	account->vendor = vendor.number;
	memcpy(account->vendor_name, vendor.name, sizeof(account->vendor_name));
	return 0;
}

/* Each MAC address of a list is added or removed. */
struct mac_list {
	struct account *account;
	int (*change)(struct account *account, const char *text, struct field_error *ret_error);
};

static int
change_mac(struct store_db *db, struct method_call *call, const char *text, void *argument)
{
	const struct mac_list *list = argument;
	struct field_error error = {0};

	(void)db;
	if (list->change(list->account, text, &error) < 0)
		return method_refuse_field(call, &error);
	return 0;
}

static int
change_add_macs(struct account_change *change)
{
	struct mac_list list = {change->account, account_mac_add};

	return param_each_text(change->call, change->value, "macs", change_mac, change->db, &list);
}

static int
change_remove_macs(struct account_change *change)
{
	struct mac_list list = {change->account, account_mac_remove};

	return param_each_text(change->call, change->value, "macs", change_mac, change->db, &list);
}

static int
change_allow(struct account_change *change)
{
	return method_rights_clear(change->call, change->value, &change->account->denied_rights);
}

static int
change_deny(struct account_change *change)
{
	return method_rights_set(change->call, change->value, &change->account->denied_rights);
}

static int
change_macs(struct account_change *change)
{
	change->account->mac_count = 0;
	return change_add_macs(change);
}

/* In the order in which they are done. One of change and change_ties is set. */
static const struct {
	const char *name;
	enum param_type type;
	int (*change)(struct account_change *change);
	account_ties_change *change_ties;
} fields[] = {
	{"family_name", PARAM_TEXT, change_names, NULL},
	{"given_name", PARAM_TEXT, change_names, NULL},
	{"email", PARAM_TEXT, change_email, NULL},
	{"kind", PARAM_TEXT, change_kind, NULL},
	{"valid_from", PARAM_TEXT, change_validity, NULL},
	{"valid_until", PARAM_TEXT, change_validity, NULL},
	{"hours", PARAM_TEXT, change_hours, NULL},
	{"file_sharing", PARAM_TEXT, change_file_sharing, NULL},
	{"allowlist", PARAM_TEXT, change_allowlist, NULL},
	{"vendor", PARAM_TEXT_OR_NULL, change_vendor, NULL},
	{"max_sessions", PARAM_NUMBER, change_max_sessions, NULL},
	{"protected", PARAM_TEXT_OR_NULL, change_protected, NULL},
	{"locked", PARAM_FLAG, change_locked, NULL},
	{"allow", PARAM_LIST, change_allow, NULL},
	{"deny", PARAM_LIST, change_deny, NULL},
	{"macs", PARAM_LIST, change_macs, NULL},
	{"remove_macs", PARAM_LIST, change_remove_macs, NULL},
	{"add_macs", PARAM_LIST, change_add_macs, NULL},
	{"terminals", PARAM_LIST, NULL, change_terminals},
	{"remove_terminals", PARAM_LIST, NULL, change_remove_terminals},
	{"add_terminals", PARAM_LIST, NULL, change_add_terminals},
	{"services", PARAM_LIST, NULL, change_services},
	{"remove_services", PARAM_LIST, NULL, change_remove_services},
	{"add_services", PARAM_LIST, NULL, change_add_services},
	{"priorities", PARAM_OBJECT, NULL, change_priorities},
};

static bool
is_known(const char *name, const json_t *value)
{
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		if (strcmp(fields[i].name, name) == 0)
			return param_has_type(value, fields[i].type);
	return false;
}

static int
check_fields(struct method_call *call, const json_t *changes)
{
	struct field_error error;
	const char *name;
	json_t *value;

	json_object_foreach ((json_t *)changes, name, value) {
		if (is_known(name, value))
			continue;
		if (strcmp(name, "id") != 0)
			return method_refuse_change(call, name, "{\"email\": \"taro@example.jp\"}");
		(void)field_error_set(&error, "changes", name, "the id of an account never changes",
			"{\"email\": \"taro@example.jp\"}");
		return method_refuse_field(call, &error);
	}
	return 0;
}

/* A list as a whole and what is added to it or taken away have the same checks, which know the list's name alone:
 * a wrong item of add_macs is told as that, since it was typed there. */
static int
name_as_given(struct method_call *call, const char *name, int error)
{
	struct method_error *told = &call->error;
	size_t len = told->field.field == NULL ? 0 : strlen(told->field.field);
	size_t more = strlen(name) - (len < strlen(name) ? len : strlen(name));
	char message[sizeof(told->message)];

	if (len == 0 || more == 0 || name[more - 1] != '_' ||
		strcmp(name + more, told->field.field) != 0)
		return error;
	if (strncmp(told->message, told->field.field, len) == 0) {
		memcpy(message, told->message, sizeof(message));
		snprintf(told->message, sizeof(told->message), "%s%.*s", name,
			(int)(sizeof(told->message) - strlen(name) - 1), message + len);
	}
	told->field.field = name;
	return error;
}

int
account_change_fields(struct account_change *change)
{
	int r;

	r = check_fields(change->call, change->changes);
	for (size_t i = 0; i < ARRAY_SIZE(fields) && r == 0; i++) {
		change->value = json_object_get(change->changes, fields[i].name);
		if (change->value == NULL)
			continue;
		if (fields[i].change != NULL)
			r = fields[i].change(change);
		else
			r = fields[i].change_ties(
				change->db, change->call, &change->ties, change->value);
		if (r < 0)
			r = name_as_given(change->call, fields[i].name, r);
	}
	if (change->error.field != NULL)
		return method_refuse_field(change->call, &change->error);
	return r;
}
