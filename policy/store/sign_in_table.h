/* What is kept of signing in: failures, guesses, known networks, earlier passwords. Inside a job; 0 or a negative errno.
 * names, sources and networks: policy/sign_in_names.h.
 */
#ifndef POLICY_STORE_SIGN_IN_TABLE_H
#define POLICY_STORE_SIGN_IN_TABLE_H

#include "policy/sealing.h"
#include "policy/sign_in.h"
#include "policy/store/password_table.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Everything that a sign-in asks of an account. */
struct sign_in_row {
	int64_t number; /* 0: no account has that name */
	char id[ACCOUNT_ID_SIZE];
	char family_name[ACCOUNT_NAME_SIZE];
	char given_name[ACCOUNT_NAME_SIZE];
	struct stored_password password; /* hash "" without one */
	uint8_t sealed[TOTP_SEED_MAX + SEALED_EXTRA_BYTES];
	size_t sealed_len; /* 0: no telephone is bound */
	uint64_t last_step;
};

/* number 0 when no account has that name: no other statement is run then than for one that has. */
int sign_in_row_load(struct store_db *db, const char *name, struct sign_in_row *ret_row);

struct sign_in_failures {
	int64_t failures; /* 0: none are remembered */
	int64_t newest_us;
};
int sign_in_failures_load(struct store_db *db, const char *name, const char *source,
	struct sign_in_failures *ret_failures);

/* One more now. `failures`: with it. Forgets what is older than a day, and all but the newest SIGN_IN_ROWS_MOST. */
int sign_in_failures_set(
	struct store_db *db, const char *name, const char *source, int64_t failures);

/* Of one source (NULL: of every one). *ret_count: how many were remembered; may be NULL. */
int sign_in_failures_forget(
	struct store_db *db, const char *name, const char *source, int64_t *ret_count);

/* Of all sources: how many failures of the last day, and the newest. */
int sign_in_failures_sum(
	struct store_db *db, const char *name, struct sign_in_failures *ret_failures);

struct sign_in_guesses {
	int64_t hour; /* since 1970 */
	int64_t guesses;
	int64_t guesses_before; /* in the hour before */
};
int sign_in_guesses_load(
	struct store_db *db, const char *name, struct sign_in_guesses *ret_guesses);
int sign_in_guesses_set(
	struct store_db *db, const char *name, const struct sign_in_guesses *guesses);
int sign_in_guesses_forget(struct store_db *db, const char *name);

/* When the account last signed in from there; 0: never. */
int sign_in_network_load(
	struct store_db *db, int64_t account, const char *network, int64_t *ret_newest_us);

/* Now. Forgets those of before oldest_us. */
int sign_in_network_set(
	struct store_db *db, int64_t account, const char *network, int64_t oldest_us);

#endif
