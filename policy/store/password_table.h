/* Password hashes in the database (crypt(5)). Inside a job; all return 0 or a negative errno. */
#ifndef POLICY_STORE_PASSWORD_TABLE_H
#define POLICY_STORE_PASSWORD_TABLE_H

#include "policy/passwords.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store_db;

enum password_kind {
	PASSWORD_FIRST,  /* to sign in */
	PASSWORD_SECOND, /* for file sharing and administration */
	PASSWORD_KIND_COUNT,
};

struct stored_password {
	char hash[PASSWORD_HASH_SIZE];
	bool must_change; /* at its first use */
	bool delivered;   /* somebody was given it */
	int64_t set_us;   /* out */
};

/* In the place of the one there is, if any. */
int password_set(struct store_db *db, int64_t account, enum password_kind kind,
	const struct stored_password *password);

/* The same, and the one there was is remembered: as many as the settings say may not come again. */
int password_replace(struct store_db *db, int64_t account, enum password_kind kind,
	const struct stored_password *password);

/* Earlier ones to sign in with, the newest first, at most `most`. */
int password_earlier_load(struct store_db *db, int64_t account, size_t most,
	char ret_hashes[][PASSWORD_HASH_SIZE], size_t *ret_count);

/* -ENOENT: the account has none of this kind. */
int password_load(struct store_db *db, int64_t account, enum password_kind kind,
	struct stored_password *ret_password);

/* Both of the account have been handed over. */
int password_delivered(struct store_db *db, int64_t account);

#endif
