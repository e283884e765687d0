/* vendor.* (A19): see methods.h. */
#include "policy/method_call.h"

#include "base/cleanup.h"
#include "base/sentence.h"
#include "policy/account_changes.h"
#include "policy/sessions.h"
#include "policy/store/account_list.h"
#include "policy/store/account_table.h"
#include "policy/store/vendor_table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int
change_name(struct vendor *vendor, const char *text, struct field_error *error)
{
	return vendor_name_parse(text, vendor->name, error);
}

static int
change_kind(struct vendor *vendor, const char *text, struct field_error *error)
{
	return vendor_kind_parse(text, &vendor->kind, error);
}

static int
change_state(struct vendor *vendor, const char *text, struct field_error *error)
{
	return vendor_state_parse(text, &vendor->state, error);
}

static int
change_note(struct vendor *vendor, const char *text, struct field_error *error)
{
	return vendor_note_parse(text, vendor->note, error);
}

static const struct {
	const char *name;
	int (*change)(struct vendor *vendor, const char *text, struct field_error *error);
} fields[] = {
	{"name", change_name},
	{"kind", change_kind},
	{"state", change_state},
	{"note", change_note},
};

static int
change_fields(struct method_call *call, const json_t *changes, struct vendor *vendor)
{
	struct field_error error = {0};

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		const char *text = param_text(changes, fields[i].name);

		if (text != NULL && fields[i].change(vendor, text, &error) < 0)
			return method_refuse_field(call, &error);
	}
	return 0;
}

static int
check_names(struct method_call *call, const json_t *changes)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)changes, key, value) {
		bool known = false;

		for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
			known = known || (strcmp(fields[i].name, key) == 0 &&
						 param_has_type(value, PARAM_TEXT));
		if (!known)
			return method_refuse_change(call, key, "{\"state\": \"suspended\"}");
	}
	return 0;
}

static int
refuse_taken(struct method_call *call, const struct vendor *vendor)
{
	return method_refuse(call, METHOD_REFUSED, "there is a vendor '%s' already", vendor->name);
}

static void
set_changed_by(struct vendor *vendor, const struct method_call *call)
{
	snprintf(vendor->changed_by, sizeof(vendor->changed_by), "%s", call->actor);
}

int
method_vendor_add(struct store_db *db, struct method_call *call)
{
	struct vendor vendor = {.kind = VENDOR_GENERAL, .state = VENDOR_ACTIVE};
	int r;

	set_changed_by(&vendor, call);
	r = change_fields(call, call->params, &vendor);
	if (r == 0)
		r = vendor_insert(db, &vendor);
	if (r == -EEXIST)
		r = refuse_taken(call, &vendor);
	if (r == 0)
		r = vendor_json(db, &vendor, &call->result);
	if (r == 0)
		r = record_change(db, call, "vendor.add", vendor.name, NULL, call->result, NULL);
	return r;
}

struct vendor_list {
	json_t *vendors;
	const char *kind, *state; /* or NULL */
};

static int
list_vendor(struct store_db *db, const struct vendor *vendor, void *argument)
{
	struct vendor_list *list = argument;
	json_t *object;
	int r;

	if ((list->kind != NULL && strcmp(list->kind, vendor_kind_name(vendor->kind)) != 0) ||
		(list->state != NULL && strcmp(list->state, vendor_state_name(vendor->state)) != 0))
		return 0;
	r = vendor_json(db, vendor, &object);
	if (r == 0)
		(void)json_array_append_new(list->vendors, object);
	return r;
}

int
method_vendor_list(struct store_db *db, struct method_call *call)
{
	struct vendor_list list = {
		.kind = param_text(call->params, "kind"),
		.state = param_text(call->params, "state"),
	};
	struct vendor unused;
	struct field_error error;
	int r;

	if ((list.kind != NULL && vendor_kind_parse(list.kind, &unused.kind, &error) < 0) ||
		(list.state != NULL && vendor_state_parse(list.state, &unused.state, &error) < 0))
		return method_refuse_field(call, &error);
	list.vendors = json_array();
	r = vendor_each(db, list_vendor, &list);
	call->result = json_pack("{s:o}", "vendors", list.vendors);
	return r;
}

/* The vendor that the parameter `name` names, and what it is now. */
static int
take_vendor(struct store_db *db, struct method_call *call, struct vendor *vendor, json_t **ret_now)
{
	const char *name = param_text(call->params, "name");
	int r;

	r = method_find_vendor(db, call, name != NULL ? name : "", vendor);
	return r < 0 ? r : vendor_json(db, vendor, ret_now);
}

int
method_vendor_show(struct store_db *db, struct method_call *call)
{
	struct vendor vendor;

	return take_vendor(db, call, &vendor, &call->result);
}

/* Nothing, when nothing differs: version and changed_by tell of changes. */
static int
write_changes(struct store_db *db, struct method_call *call, struct vendor *vendor, json_t *before)
{
	json_t *after = NULL;
	bool same;
	int r;

	r = vendor_json(db, vendor, &after);
	if (r < 0)
		return r;
	same = json_equal(before, after);
	json_decref(after);
	if (same)
		return 0;
	set_changed_by(vendor, call);
	r = vendor_update(db, vendor);
	return r == -EEXIST ? refuse_taken(call, vendor) : r;
}

struct notes {
	size_t count;
	size_t len;
	char text[PROTECTED_NOTE_SIZE];
};

/* What no longer fits is counted all the same. */
static int
add_note(struct store_db *db, const struct account *account, void *argument)
{
	struct notes *notes = argument;
	size_t room = sizeof(notes->text) - notes->len;
	int len;

	(void)db;
	len = snprintf(notes->text + notes->len, room, "%s%s: %s", notes->count > 0 ? " / " : "",
		account->id, account->protected_note);
	notes->count++;
	if (len > 0 && (size_t)len < room)
		notes->len += (size_t)len;
	else
		notes->text[notes->count > 1 ? notes->len : sentence_cut(notes->text, room - 1)] =
			'\0';
	return 0;
}

/* What becomes of a vendor becomes of its engineers: of the protected ones with the override alone (A18). */
static int
check_engineers(struct store_db *db, struct method_call *call, const struct vendor *vendor)
{
	const struct account_filter filter = {.vendor = vendor->number, .is_protected = true};
	auto_free struct notes *notes = calloc(1, sizeof(*notes));
	int r;

	if (notes == NULL)
		return -ENOMEM;
	r = account_page(db, &filter, add_note, notes, NULL);
	if (r < 0 || notes->count == 0)
		return r;
	if (method_overrides_protection(call)) {
		call->overrode = true;
		return 0;
	}
	return method_refuse(call, METHOD_REFUSED,
		"'%s' has protected accounts (%zu): this takes --override-protection. Their notes "
		"say: %s",
		vendor->name, notes->count, notes->text);
}

static int
edit(struct store_db *db, struct method_call *call, struct vendor *vendor, json_t *before)
{
	const json_t *changes = json_object_get(call->params, "changes");
	bool was_active = vendor->state == VENDOR_ACTIVE;
	char was[VENDOR_NAME_SIZE];
	int r;

	memcpy(was, vendor->name, sizeof(was));
	r = check_names(call, changes);
	if (r == 0)
		r = method_check_version(db, call, "vendor", vendor->name,
			json_integer_value(json_object_get(call->params, "version")), before);
	if (r == 0)
		r = change_fields(call, changes, vendor);
	if (r == 0 && was_active && vendor->state == VENDOR_SUSPENDED)
		r = check_engineers(db, call, vendor);
	if (r == 0)
		r = write_changes(db, call, vendor, before);
	if (r == 0)
		r = vendor_json(db, vendor, &call->result);
	if (r == 0)
		r = record_change(db, call, "vendor.edit", was, before, call->result,
			param_text(call->params, "because"));
	call->touched_all = vendor->state == VENDOR_SUSPENDED;
	return r;
}

int
method_vendor_edit(struct store_db *db, struct method_call *call)
{
	struct vendor vendor;
	json_t *before = NULL;
	int r;

	r = take_vendor(db, call, &vendor, &before);
	if (r == 0)
		r = edit(db, call, &vendor, before);
	json_decref(before);
	return r;
}

/* A change of each account like any other: checked, written and recorded. */
static int
move_account(struct store_db *db, struct method_call *call, int64_t number, const struct vendor *to)
{
	const struct account_change_options options = {
		.override_protection = method_overrides_protection(call),
	};
	json_t *changes = json_pack("{s:s}", "vendor", to->name);
	struct account_outcome outcome;
	struct account account;
	int r;

	r = account_load(db, number, &account);
	if (r == 0)
		r = account_change(db, call, &account, changes, &options, &outcome);
	if (r == 0)
		account_outcome_done(&outcome);
	json_decref(changes);
	return r;
}

static int
find_heir(struct store_db *db, struct method_call *call, const struct vendor *from,
	int64_t accounts, struct vendor *ret_to)
{
	const char *name = param_text(call->params, "move_to");
	struct field_error error;
	int r;

	if (name == NULL)
		return method_refuse(call, METHOD_REFUSED,
			"'%s' still has accounts (%zu): delete them first, or say to which vendor "
			"they go (--move-to)",
			from->name, (size_t)accounts);
	r = method_find_vendor(db, call, name, ret_to);
	if (r < 0 || ret_to->number != from->number)
		return r;
	(void)field_error_set(&error, "move_to", name, "another vendor than the one deleted", "");
	return method_refuse_field(call, &error);
}

/* Never silently: an account that belongs to nobody would be missed by the next stock-taking. */
static int
move_accounts(struct store_db *db, struct method_call *call, const struct vendor *from,
	int64_t accounts, struct vendor *ret_to)
{
	int64_t number;
	int r;

	r = find_heir(db, call, from, accounts, ret_to);
	if (r == 0)
		r = check_engineers(db, call, from);
	while (r == 0 && (r = vendor_first_account(db, from->number, &number)) == 0)
		r = move_account(db, call, number, ret_to);
	call->touched_all = ret_to->state == VENDOR_SUSPENDED;
	return r == -ENOENT && call->error.code == 0 ? 0 : r;
}

static int
record_deletion(struct store_db *db, struct method_call *call, json_t *before,
	const struct vendor *vendor, int64_t moved, const struct vendor *to)
{
	json_t *after = moved > 0 ? json_pack("{s:I, s:s}", "moved_accounts", (json_int_t)moved,
					    "moved_to", to->name)
				  : NULL;
	int r;

	r = admin_event(db, call->actor, "vendor.delete", vendor->name, before, after, NULL);
	json_decref(after);
	return r;
}

int
method_vendor_delete(struct store_db *db, struct method_call *call)
{
	struct vendor vendor, to = {0};
	json_t *before = NULL;
	int64_t accounts = 0;
	int r;

	r = take_vendor(db, call, &vendor, &before);
	if (r == 0)
		r = vendor_accounts(db, vendor.number, &accounts);
	if (r == 0 && accounts > 0)
		r = move_accounts(db, call, &vendor, accounts, &to);
	if (r == 0)
		r = vendor_delete(db, vendor.number);
	if (r == 0)
		r = record_deletion(db, call, before, &vendor, accounts, &to);
	if (r == 0)
		call->result =
			json_pack("{s:s, s:I}", "name", vendor.name, "moved", (json_int_t)accounts);
	json_decref(before);
	return r;
}
