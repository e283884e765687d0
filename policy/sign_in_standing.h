/* How somebody who signs in stands: whose name it is, and how long it has to wait (sign_in.h: guessing). Inside a job; 0 or a
 * negative errno. Private to policy.
 */
#ifndef POLICY_SIGN_IN_STANDING_H
#define POLICY_SIGN_IN_STANDING_H

#include "policy/sign_in_names.h"
#include "policy/store/sign_in_table.h"
#include "policy/store/store.h"

#include <stdbool.h>
#include <stdint.h>

struct sign_in_standing {
	char name[SIGN_IN_NAME_SIZE];
	bool name_is_possible; /* an account might be called that */
	char source[SOURCE_SIZE];
	char network[SOURCE_SIZE];
	struct sign_in_row row; /* number 0: nobody's */
	struct sign_in_failures failures;
	struct sign_in_guesses guesses; /* of this hour */
	bool network_known;
	uint32_t wait_ms; /* 0: may try */
};

/* The same statements are run whoever it is. */
int sign_in_standing_load(struct store_db *db, const char *typed, const char *source,
	struct sign_in_standing *ret_standing);

/* A try failed: it counts `weight` guesses if it came from a network that the account does not know. */
int sign_in_standing_fail(
	struct store_db *db, const struct sign_in_standing *standing, int64_t weight);

/* The account has signed in from there. */
int sign_in_network_known(struct store_db *db, int64_t account, const char *source);

/* An initial password, or one older than the policy allows. */
bool sign_in_must_change(const struct store_db *db, const struct stored_password *password);

/* The policy that lets a password be short asks everybody for a second factor. */
enum second_factor_rule sign_in_second_factor_rule(const struct store_db *db);

/* The seed of the account's telephone; *ret_len 0: none is bound. -EUCLEAN: it does not open, with this facility key as this
 * account's. */
int sign_in_unseal(struct store_db *db, int64_t account, const uint8_t *sealed, size_t sealed_len,
	uint8_t ret_seed[TOTP_SEED_MAX], size_t *ret_len);

/* What an administrator is shown of an account's name. */
struct sign_in_summary {
	int64_t failures; /* of the last day, from all sources */
	int64_t newest_us;
	int64_t guesses; /* of the last hour, from networks that it does not know */
	bool closed;     /* to those networks */
};
int sign_in_summary_load(
	struct store_db *db, const char *account_id, struct sign_in_summary *ret_summary);

/* Of an account, from everywhere. *ret_any: there were some. */
int sign_in_forget(struct store_db *db, const char *account_id, bool *ret_any);

/* Pure, for the tests: how long a pair waits from its newest failure on, and the guesses of the last sixty minutes. */
uint32_t sign_in_wait_after(int64_t failures);
int64_t sign_in_guesses_now(const struct sign_in_guesses *guesses, int64_t now_us);

#endif
