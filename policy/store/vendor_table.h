/* Vendors in the database. Inside a job; all return 0 or a negative errno. */
#ifndef POLICY_STORE_VENDOR_TABLE_H
#define POLICY_STORE_VENDOR_TABLE_H

#include "policy/vendors.h"

#include <stdbool.h>

struct store_db;

/* Sets number, version and both times; changed_by is written as it stands. -EEXIST: the name is taken,
 * in whatever case. */
int vendor_insert(struct store_db *db, struct vendor *vendor);

/* Everything but created_us; sets updated_us and counts the version. -EEXIST as above. */
int vendor_update(struct store_db *db, struct vendor *vendor);

/* -EEXIST while accounts belong to it. */
int vendor_delete(struct store_db *db, int64_t number);

/* -ENOENT if there is none. The name in whatever case. */
int vendor_find(struct store_db *db, const char *name, struct vendor *ret_vendor);
int vendor_load(struct store_db *db, int64_t number, struct vendor *ret_vendor);

/* Calls visit for every vendor, sorted by name. A negative errno of visit ends it. */
int vendor_each(struct store_db *db,
	int (*visit)(struct store_db *db, const struct vendor *vendor, void *argument),
	void *argument);

/* How many accounts belong to it. */
int vendor_accounts(struct store_db *db, int64_t number, int64_t *ret_count);

/* One of them, by id the first. -ENOENT: there is none. */
int vendor_first_account(struct store_db *db, int64_t number, int64_t *ret_account);

/* Whether an account belongs to a suspended vendor. */
int vendor_suspends(struct store_db *db, int64_t account, bool *ret_suspended);

#endif
