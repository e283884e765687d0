/* Lists of terminals: filtered, sorted and in pages. Inside a job; 0 or a negative errno. */
#ifndef POLICY_STORE_TERMINAL_LIST_H
#define POLICY_STORE_TERMINAL_LIST_H

#include "policy/terminals.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store_db;

struct terminal_filter {
	const char *search;            /* part of the name, address or note; NULL: any */
	int64_t account;               /* number of an account that may use it; 0: any */
	const char *state;             /* a word of terminal_state_words; NULL: any */
	bool warned;                   /* only with a warning of the health look */
	const char *right;             /* name of a right that it grants; NULL: any */
	const char *relay, *recording; /* how its sessions are carried and recorded; NULL: any */
	bool four_eyes;                /* only where somebody must watch */
};

/* Whether a list can be sorted by this. */
bool terminal_sort_exists(const char *sort);

int terminal_count(struct store_db *db, const struct terminal_filter *filter, int64_t *ret_count);

/* At most `most` of them, the first `skip` left out; equals by name. A negative errno of visit ends it. */
int terminal_list(struct store_db *db, const struct terminal_filter *filter, const char *sort,
	bool descending, int64_t skip, int64_t most,
	int (*visit)(struct store_db *db, const struct terminal *terminal, void *argument),
	void *argument);

#endif
