/* terminal.list (B2): see methods.h. */
#include "policy/method_call.h"

#include "base/cleanup.h"
#include "policy/store/terminal_list.h"

#include <string.h>

#define PAGE_MOST 10000

static int
refuse(struct method_call *call, const char *field, const char *value, const char *rule,
	const char *example)
{
	struct field_error error;

	(void)field_error_set(&error, field, value, rule, example);
	return method_refuse_field(call, &error);
}

static int
read_account(struct store_db *db, struct method_call *call, struct terminal_filter *filter)
{
	const char *id = param_text(call->params, "account");
	struct account account;
	int r;

	if (id == NULL)
		return 0;
	r = method_find_account(db, call, id, &account);
	if (r == 0)
		filter->account = account.number;
	return r;
}

/* An attendant's list is that of their own account, which is all they may ask for. */
static int
read_own(struct method_call *call, struct terminal_filter *filter)
{
	if (param_text(call->params, "account") != NULL)
		return method_refuse(call, METHOD_NOT_ALLOWED, "your role may not do this");
	/* 0 would be no filter. */
	filter->account = call->scope.account != 0 ? call->scope.account : -1;
	return 0;
}

static int
read_state(struct method_call *call, struct terminal_filter *filter)
{
	static const char *const states[] = {
		"reachable", "unreachable", "out-of-service", "unknown"};

	filter->state = param_text(call->params, "state");
	if (filter->state == NULL)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(states); i++)
		if (strcmp(states[i], filter->state) == 0)
			return 0;
	return refuse(call, "state", filter->state,
		N_("one of reachable, unreachable, out-of-service, unknown"), "unreachable");
}

static int
read_oversight(struct method_call *call, struct terminal_filter *filter)
{
	enum terminal_recording recording;
	enum terminal_relay relay;
	struct field_error error;

	filter->relay = param_text(call->params, "relay");
	filter->recording = param_text(call->params, "recording");
	filter->four_eyes = json_is_true(json_object_get(call->params, "four_eyes"));
	if ((filter->relay != NULL && terminal_relay_parse(filter->relay, &relay, &error) < 0) ||
		(filter->recording != NULL &&
			terminal_recording_parse(filter->recording, &recording, &error) < 0))
		return method_refuse_field(call, &error);
	return 0;
}

struct page {
	const char *sort;
	int64_t number; /* from 1 on */
	int64_t most;
};

static int
read_page(struct method_call *call, struct page *page)
{
	const json_t *most = json_object_get(call->params, "most");
	const json_t *number = json_object_get(call->params, "page");

	*page = (struct page){
		.sort = param_text(call->params, "sort"), .number = 1, .most = PAGE_MOST};
	if (page->sort == NULL)
		page->sort = "name";
	if (!terminal_sort_exists(page->sort))
		return refuse(call, "sort", page->sort,
			N_("one of name, accounts, address, port, state, warnings, trust, "
			   "certificate_until, last_session, last_restart, capacity, note, "
			   "created, updated"),
			"last_session");
	if (most != NULL)
		page->most = json_integer_value(most);
	if (number != NULL)
		page->number = json_integer_value(number);
	if (page->most < 1 || page->most > PAGE_MOST)
		return refuse(call, "most", "", N_("1 to 10000"), "50");
	if (page->number < 1 || page->number > PAGE_MOST)
		return refuse(call, "page", "", N_("1 to 10000"), "2");
	return 0;
}

static int
list_terminal(struct store_db *db, const struct terminal *terminal, void *argument)
{
	json_t *object;
	int r;

	r = terminal_json(db, terminal, false, &object);
	if (r < 0)
		return r;
	(void)json_array_append_new(argument, object);
	return terminal_windows_json(db, terminal, false, object);
}

int
method_terminal_list(struct store_db *db, struct method_call *call)
{
	struct terminal_filter filter = {
		.search = param_text(call->params, "search"),
		.warned = json_is_true(json_object_get(call->params, "warnings")),
		.right = param_text(call->params, "right"),
	};
	uint32_t right = 0;
	json_t *terminals;
	struct page page = {0};
	int64_t total = 0;
	int r;

	r = call->scope.limited ? read_own(call, &filter) : read_account(db, call, &filter);
	if (r == 0)
		r = read_state(call, &filter);
	if (r == 0)
		r = read_oversight(call, &filter);
	if (r == 0 && filter.right != NULL)
		r = method_find_right(call, "right", filter.right, &right);
	if (r == 0)
		r = read_page(call, &page);
	if (r == 0)
		r = terminal_count(db, &filter, &total);
	if (r < 0)
		return r;
	terminals = json_array();
	call->result = json_pack("{s:o, s:I, s:I, s:I}", "terminals", terminals, "total",
		(json_int_t)total, "page", (json_int_t)page.number, "pages",
		(json_int_t)((total + page.most - 1) / page.most));
	return terminal_list(db, &filter, page.sort,
		json_is_true(json_object_get(call->params, "descending")),
		(page.number - 1) * page.most, page.most, list_terminal, terminals);
}
