/* Whom somebody claims to be: everything that pam_sekisho needs to check it; see sign_in.h.
 *
 * Of a name that no account has the answer is made by the same statements and the same work.
 */
#include "policy/sign_in.h"

#include "base/secret.h"
#include "policy/sign_in_decoy.h"
#include "policy/sign_in_standing.h"
#include "policy/store/store.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum second_factor_rule
sign_in_second_factor_rule(const struct store_db *db)
{
	const struct policy_settings *settings = store_db_settings(db);

	return settings->sign_in.password_policy == PASSWORD_POLICY_SECOND_FACTOR
		       ? SECOND_FACTOR_REQUIRED
		       : settings->sign_in.second_factor;
}

/* What stands in for an account that does not exist, or has no password. */
static void
put_decoy(const struct store_db *db, struct sign_in_standing *standing)
{
	const struct sign_in_decoy *decoy = store_db_decoy(db);
	struct sign_in_row *row = &standing->row;

	if (row->password.hash[0] == '\0') {
		memcpy(row->password.hash, decoy->hash, sizeof(row->password.hash));
		row->password.set_us = store_db_now(db);
	}
	if (row->number != 0)
		return;
	memcpy(row->sealed, decoy->sealed, sizeof(decoy->sealed));
	row->sealed_len = sizeof(decoy->sealed);
	if (standing->name_is_possible)
		memcpy(row->id, standing->name, strlen(standing->name) + 1);
}

int
sign_in_unseal(struct store_db *db, int64_t account, const uint8_t *sealed, size_t sealed_len,
	uint8_t ret_seed[TOTP_SEED_MAX], size_t *ret_len)
{
	char about[TOTP_ABOUT_SIZE];
	int r;

	*ret_len = 0;
	if (sealed_len <= SEALED_EXTRA_BYTES)
		return sealed_len == 0 ? 0 : -EUCLEAN;
	totp_about(account, about);
	r = sealing_unseal(store_db_sealing(db), about, sealed, sealed_len, ret_seed);
	if (r < 0)
		return r == -EBADMSG ? -EUCLEAN : r;
	*ret_len = sealed_len - SEALED_EXTRA_BYTES;
	return 0;
}

/* One that does not open is not told before the password was right (sign_in_keep): until then it is one whose codes nobody
 * knows. */
static int
load_seed(struct store_db *db, const struct sign_in_row *row, struct sign_in_account *account)
{
	const struct sign_in_decoy *decoy = store_db_decoy(db);
	int r = sign_in_unseal(
		db, row->number, row->sealed, row->sealed_len, account->seed, &account->seed_len);

	if (r != -EUCLEAN)
		return r;
	return sign_in_unseal(
		db, 0, decoy->sealed, sizeof(decoy->sealed), account->seed, &account->seed_len);
}

static enum sign_in_second_factor
second_factor_of(const struct store_db *db, const struct sign_in_account *account)
{
	enum second_factor_rule rule = sign_in_second_factor_rule(db);

	if (rule == SECOND_FACTOR_OFF)
		return SECOND_FACTOR_NONE;
	if (account->seed_len > 0)
		return SECOND_FACTOR_BOUND;
	return rule == SECOND_FACTOR_REQUIRED ? SECOND_FACTOR_TO_BIND : SECOND_FACTOR_NONE;
}

static void
copy_row(struct store_db *db, const struct sign_in_row *row, struct sign_in_account *account)
{
	account->number = row->number;
	memcpy(account->id, row->id, sizeof(account->id));
	account_id_full(&store_db_settings(db)->facility, row->id, account->full_id);
	snprintf(account->full_name, sizeof(account->full_name), "%s %s", row->family_name,
		row->given_name);
	memcpy(account->hash, row->password.hash, sizeof(account->hash));
	account->must_change = sign_in_must_change(db, &row->password);
	account->last_step = row->last_step;
}

int
sign_in_load(struct store_db *db, const char *typed, const char *source,
	struct sign_in_account *ret_account)
{
	size_t earlier = store_db_settings(db)->sign_in.earlier_passwords;
	struct sign_in_standing standing;
	int r;

	*ret_account = (struct sign_in_account){0};
	r = sign_in_standing_load(db, typed, source, &standing);
	if (r == 0)
		r = password_earlier_load(db, standing.row.number,
			earlier < SIGN_IN_EARLIER_MOST ? earlier : SIGN_IN_EARLIER_MOST,
			ret_account->earlier, &ret_account->earlier_count);
	if (r == 0) {
		put_decoy(db, &standing);
		copy_row(db, &standing.row, ret_account);
		ret_account->wait_ms = standing.wait_ms;
		r = load_seed(db, &standing.row, ret_account);
	}
	if (r == 0)
		ret_account->second_factor = second_factor_of(db, ret_account);
	secret_wipe(&standing, sizeof(standing));
	if (r < 0)
		secret_wipe(ret_account, sizeof(*ret_account));
	return r;
}
