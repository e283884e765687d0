/* Lists of accounts, in pages: searched, filtered and sorted (A13). Inside a job. */
#ifndef POLICY_STORE_ACCOUNT_LIST_H
#define POLICY_STORE_ACCOUNT_LIST_H

#include "policy/accounts.h"

#include <stdbool.h>
#include <stdint.h>

struct store_db;

enum account_sort {
#define SORT(name, text, type, sql) ACCOUNT_SORT_##name,
#include "policy/store/account_sorts.def"
#undef SORT
	ACCOUNT_SORT_COUNT
};

/* NULL behind the last. */
const char *account_sort_name(enum account_sort sort);

/* All zero: every account, by id. */
struct account_filter {
	const char *search; /* part of id, names or e-mail, in whatever case and width; or NULL */
	int64_t terminal;   /* assigned to the account; 0: any */
	int64_t vendor;     /* 0: any */
	bool no_vendor;     /* only those without */
	const char *state;  /* "active", "not-yet", "expired" (locked or not), "locked"; or NULL */
	const char *file_sharing; /* or NULL */
	const char *kind;         /* or NULL */
	bool allowlist_off;
	bool is_protected;
	const char *denied; /* name of a right that is closed to it; NULL: any */
	enum account_sort sort;
	bool descending;
	const char *after; /* ret_next of the page before; NULL: from the start */
	int64_t most;      /* 0: all in one */
};

#define ACCOUNT_CURSOR_SIZE 1024

typedef int account_visit(struct store_db *db, const struct account *account, void *argument);

/* Calls visit for each account of a page; it may read other tables, but change nothing. A negative errno
 * of it ends the page. ret_next (ACCOUNT_CURSOR_SIZE; may be NULL): cursor of the next page, "" behind
 * the last. -EINVAL: `after` is no cursor of this sort. */
int account_page(struct store_db *db, const struct account_filter *filter, account_visit *visit,
	void *argument, char *ret_next);

#endif
