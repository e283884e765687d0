/* account.list (A13): a page of accounts, searched, filtered and sorted. */
#include "policy/account_filter.h"
#include "policy/method_call.h"

#include <errno.h>
#include <stdio.h>

#define PAGE_MOST 2000
#define PAGE_USUAL 1000

static int
list_account(struct store_db *db, const struct account *account, void *argument)
{
	json_t *object;
	int r;

	r = account_json(db, account, &object);
	if (r == 0)
		(void)json_array_append_new(argument, object);
	return r;
}

static int
read_most(struct method_call *call, int64_t *ret_most)
{
	const json_t *most = json_object_get(call->params, "most");
	struct field_error error;
	char value[24];

	*ret_most = most != NULL ? json_integer_value(most) : PAGE_USUAL;
	if (*ret_most >= 1 && *ret_most <= PAGE_MOST)
		return 0;
	snprintf(value, sizeof(value), "%lld", (long long)*ret_most);
	(void)field_error_set(&error, "most", value, "1 to 2000 accounts", "1000");
	return method_refuse_field(call, &error);
}

int
method_account_list(struct store_db *db, struct method_call *call)
{
	struct account_filter filter;
	char next[ACCOUNT_CURSOR_SIZE];
	struct field_error error;
	json_t *accounts;
	int r;

	r = account_filter_read(db, call, &filter);
	if (r == 0)
		r = read_most(call, &filter.most);
	if (r < 0)
		return r;
	accounts = json_array();
	r = account_page(db, &filter, list_account, accounts, next);
	if (r == -EINVAL) {
		json_decref(accounts);
		(void)field_error_set(&error, "after", filter.after,
			"the `next` of a page that is sorted in the same way", "");
		return method_refuse_field(call, &error);
	}
	call->result = json_pack(
		"{s:o, s:s?}", "accounts", accounts, "next", next[0] != '\0' ? next : NULL);
	return r;
}
