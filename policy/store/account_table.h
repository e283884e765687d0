/* Accounts and their devices in the database. Inside a job; all return 0 or a negative errno. */
#ifndef POLICY_STORE_ACCOUNT_TABLE_H
#define POLICY_STORE_ACCOUNT_TABLE_H

#include "policy/accounts.h"

#include <jansson.h>
#include <stdint.h>

struct store_db;

/* Sets number, version, created_us and updated_us. -EEXIST: the id is taken, in whatever case. */
int account_insert(struct store_db *db, struct account *account);

/* Everything but id, created_us and last_session_us; counts the version, sets updated_us. */
int account_update(struct store_db *db, struct account *account);
int account_delete(struct store_db *db, int64_t number);

/* -ENOENT if there is none. id is the typed part, in whatever case. */
int account_find(struct store_db *db, const char *id, struct account *ret_account);
int account_load(struct store_db *db, int64_t number, struct account *ret_account);

/* Calls visit for every account, sorted by id: account_page without pages, see account_list.h. visit may read other
 * tables, but change nothing. A negative errno of it ends it. */
int account_each(struct store_db *db,
	int (*visit)(struct store_db *db, const struct account *account, void *argument),
	void *argument);

/* A session begins now. */
int account_set_last_session(struct store_db *db, int64_t number);

/* Linked services (A8), sorted: a new JSON list. */
int account_services(struct store_db *db, int64_t number, json_t **ret_names);
int account_set_services(struct store_db *db, int64_t number, const json_t *names);

/* Administrators other than this one who can work on this day: not locked, within their validity. */
int account_other_admins(
	struct store_db *db, int64_t number, struct civil_date today, int64_t *ret_count);

/* How many there are. */
int account_count(struct store_db *db, int64_t *ret_count);

#endif
