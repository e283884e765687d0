/* Lists of accounts, page by page; see account_pages.h. */
#include "admin-cli/account_pages.h"

/* A page that is sorted by something else than the id costs a look at every account: fewer, larger ones. */
#define SORTED_PAGE 2000

enum admin_exit
account_pages(struct admin *admin, json_t *parameters,
	void (*page)(const json_t *accounts, void *argument), void *argument)
{
	enum admin_exit exit_code;
	bool more = true;

	if (json_object_get(parameters, "sort") != NULL)
		(void)json_object_set_new(parameters, "most", json_integer(SORTED_PAGE));
	do {
		json_t *answer = NULL;

		exit_code = admin_ask(admin, "account.list", json_incref(parameters), &answer);
		if (exit_code != ADMIN_DONE)
			break;
		page(json_object_get(answer, "accounts"), argument);
		more = json_is_string(json_object_get(answer, "next"));
		if (more)
			(void)json_object_set(parameters, "after", json_object_get(answer, "next"));
		json_decref(answer);
	} while (more && ferror(stdout) == 0);
	json_decref(parameters);
	return exit_code;
}
