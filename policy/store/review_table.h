/* Stock-taking in the database: what account.review looks at, and the sign-offs. Inside a job. */
#ifndef POLICY_STORE_REVIEW_TABLE_H
#define POLICY_STORE_REVIEW_TABLE_H

#include "policy/review.h"
#include "policy/vendors.h"

#include <jansson.h>

struct store_db;

struct review_account {
	int64_t vendor; /* 0: none */
	char vendor_name[VENDOR_NAME_SIZE];
	char id[ACCOUNT_ID_SIZE];
	char family_name[ACCOUNT_NAME_SIZE];
	char given_name[ACCOUNT_NAME_SIZE];
	char email[ACCOUNT_EMAIL_SIZE];
	struct review_facts facts;
};

/* The first account behind (vendor, id) in the list's order, which is that of the vendors' names, those without a
 * vendor last, and in a vendor that of the ids. id "" begins with the vendor. -ENOENT: there is none. */
int review_next(struct store_db *db, int64_t vendor, const char *after_id,
	struct review_account *ret_account);

/* The first vendor of the list: 0 if there is none. And the one behind a vendor: 0 for the accounts without one.
 * -ENOENT: there is no such vendor (any more). */
int review_first_vendor(struct store_db *db, int64_t *ret_vendor);
int review_vendor_behind(struct store_db *db, int64_t vendor, int64_t *ret_vendor);

/* How many administration events there are behind an event. */
int review_changes_since(struct store_db *db, int64_t event, int64_t *ret_count);

/* Sign-offs, newest first: the payloads of their events with "event" and "time" (microseconds) added. before: the
 * id of an event, or INT64_MAX. */
int review_signed(
	struct store_db *db, const char *action, int64_t before, int64_t most, json_t **ret_rows);

#endif
