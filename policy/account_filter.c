/* Which accounts; see account_filter.h. */
#include "policy/account_filter.h"

#include "base/cleanup.h"
#include "policy/method_call.h"
#include "policy/store/vendor_table.h"

#include <string.h>

static int
check_state(const char *state, struct field_error *error)
{
	static const char *const states[] = {"active", "not-yet", "expired", "locked"};

	if (state == NULL)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(states); i++)
		if (strcmp(states[i], state) == 0)
			return 0;
	return field_error_set(
		error, "state", state, "one of active, not-yet, expired, locked", "expired");
}

static int
read_sort(const char *name, enum account_sort *ret_sort, struct field_error *error)
{
	*ret_sort = ACCOUNT_SORT_ID;
	if (name == NULL)
		return 0;
	for (int i = 0; i < ACCOUNT_SORT_COUNT; i++) {
		*ret_sort = (enum account_sort)i;
		if (strcmp(account_sort_name(*ret_sort), name) == 0)
			return 0;
	}
	return field_error_set(error, "sort", name,
		"a column: id, name, email, kind, state, expired, valid_from, valid_until, "
		"hours_from, hours_until, allowlist, macs, terminals, file_sharing, services, "
		"vendor, max_sessions, protected, locked, last_session, created, updated",
		"valid_until");
}

static int
read_words(struct method_call *call, struct account_filter *filter)
{
	const json_t *params = call->params;
	struct field_error error = {0};
	enum account_kind kind;
	enum file_sharing sharing;
	uint32_t right;

	filter->state = param_text(params, "state");
	filter->kind = param_text(params, "kind");
	filter->file_sharing = param_text(params, "file_sharing");
	if (check_state(filter->state, &error) < 0 ||
		(filter->kind != NULL && account_kind_parse(filter->kind, &kind, &error) < 0) ||
		(filter->file_sharing != NULL &&
			file_sharing_parse(filter->file_sharing, &sharing, &error) < 0) ||
		read_sort(param_text(params, "sort"), &filter->sort, &error) < 0)
		return method_refuse_field(call, &error);
	filter->denied = param_text(params, "denied");
	return filter->denied == NULL ? 0
				      : method_find_right(call, "denied", filter->denied, &right);
}

static int
find_terminal(struct store_db *db, struct method_call *call, struct account_filter *filter)
{
	const char *name = param_text(call->params, "terminal");
	struct terminal terminal = {0};
	int r;

	if (name == NULL)
		return 0;
	r = method_find_terminal(db, call, name, &terminal);
	filter->terminal = terminal.number;
	terminal_done(&terminal);
	return r;
}

static int
find_vendor(struct store_db *db, struct method_call *call, struct account_filter *filter)
{
	const char *name = param_text(call->params, "vendor");
	struct vendor vendor = {0};
	int r;

	filter->no_vendor = name != NULL && name[0] == '\0';
	if (name == NULL || filter->no_vendor)
		return 0;
	r = method_find_vendor(db, call, name, &vendor);
	filter->vendor = vendor.number;
	return r;
}

int
account_filter_read(
	struct store_db *db, struct method_call *call, struct account_filter *ret_filter)
{
	const json_t *params = call->params;
	int r;

	*ret_filter = (struct account_filter){
		.search = param_text(params, "search"),
		.allowlist_off = json_is_true(json_object_get(params, "allowlist_off")),
		.is_protected = json_is_true(json_object_get(params, "protected")),
		.descending = json_is_true(json_object_get(params, "descending")),
		.after = param_text(params, "after"),
	};
	r = read_words(call, ret_filter);
	if (r == 0)
		r = find_terminal(db, call, ret_filter);
	return r < 0 ? r : find_vendor(db, call, ret_filter);
}
