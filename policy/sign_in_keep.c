/* Keeping what a try at signing in came to; see sign_in.h. One function for each report. */
#include "policy/sign_in.h"

#include "base/cleanup.h"
#include "base/secret.h"
#include "policy/facts.h"
#include "policy/sign_in_decoy.h"
#include "policy/sign_in_standing.h"
#include "policy/store/second_factor_table.h"
#include "policy/store/store.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct keeping {
	const struct sign_in_note *note;
	struct sign_in_standing standing;
	bool accepted;
};

static int
keep_password_wrong(struct store_db *db, struct keeping *keeping)
{
	return sign_in_standing_fail(db, &keeping->standing, 1);
}

static int
keep_code_wrong(struct store_db *db, struct keeping *keeping)
{
	return sign_in_standing_fail(db, &keeping->standing, SIGN_IN_CODE_WEIGHT);
}

/* That it did not have to wait was all there was to be asked. Who knows the password may learn that the code cannot be
 * checked. */
static int
keep_password_right(struct store_db *db, struct keeping *keeping)
{
	const struct sign_in_row *row = &keeping->standing.row;
	uint8_t seed[TOTP_SEED_MAX];
	size_t len;
	int r = 0;

	if (sign_in_second_factor_rule(db) != SECOND_FACTOR_OFF)
		r = sign_in_unseal(db, row->number, row->sealed, row->sealed_len, seed, &len);
	secret_wipe(seed, sizeof(seed));
	keeping->accepted = r == 0;
	return r;
}

static int
keep_code_right(struct store_db *db, struct keeping *keeping)
{
	int r = second_factor_use(db, keeping->standing.row.number, keeping->note->step);

	keeping->accepted = r == 0;
	return r == -EEXIST ? 0 : r;
}

/* What the account's owner has done stands in the administration log under the account's own name. */
static int
record_own(struct store_db *db, const struct keeping *keeping, const char *action, json_t *before,
	json_t *after)
{
	const char *id = keeping->standing.row.id;
	char actor[ACTOR_SIZE];
	int r;

	snprintf(actor, sizeof(actor), "account:%s", id);
	r = admin_event(db, actor, action, id, before, after, NULL);
	json_decref(before);
	json_decref(after);
	return r;
}

static int
bind_telephone(struct store_db *db, const struct keeping *keeping)
{
	const struct sign_in_note *note = keeping->note;
	uint8_t sealed[TOTP_SEED_MAX + SEALED_EXTRA_BYTES];
	char about[TOTP_ABOUT_SIZE];
	int r;

	totp_about(keeping->standing.row.number, about);
	r = sealing_seal(store_db_sealing(db), about, note->seed, note->seed_len, sealed);
	if (r == 0)
		r = second_factor_bind(db, keeping->standing.row.number, sealed,
			note->seed_len + SEALED_EXTRA_BYTES, note->step);
	return r;
}

/* By the rules of the account: locked, not yet or no longer valid, outside its hours. From which device it comes is not known
 * here. Asked when the password was right: nobody else learns of it. */
static int
may_go_on(struct store_db *db, const struct keeping *keeping, bool *ret_may)
{
	const struct device_evidence unknown = {.known = false};
	struct gathered_facts gathered;
	struct policy_verdict verdict;
	int r;

	r = facts_gather(
		db, keeping->standing.row.number, 0, MOMENT_SIGN_IN, &unknown, NULL, &gathered);
	if (r == 0) {
		gathered.facts.allowlist_enforced = false;
		policy_decide(&gathered.facts, &verdict);
		*ret_may = verdict.allowed;
	}
	gathered_facts_done(&gathered);
	return r;
}

/* Whoever is refused afterwards shall not have chosen a password for it. */
static int
keep_barred(struct store_db *db, struct keeping *keeping)
{
	bool may = true;
	int r = may_go_on(db, keeping, &may);

	keeping->accepted = r == 0 && !may;
	return r;
}

static int
keep_bound(struct store_db *db, struct keeping *keeping)
{
	const struct sign_in_note *note = keeping->note;
	bool may = false;
	int r;

	if (note->seed == NULL || note->seed_len < TOTP_SEED_BYTES ||
		note->seed_len > TOTP_SEED_MAX || note->step > INT64_MAX)
		return 0;
	r = may_go_on(db, keeping, &may);
	if (r < 0 || !may)
		return r;
	r = bind_telephone(db, keeping);
	if (r < 0)
		return r == -EEXIST ? 0 : r;
	keeping->accepted = true;
	return record_own(db, keeping, "account.bind_second_factor",
		json_pack("{s:n}", "second_factor"), json_pack("{s:s}", "second_factor", "bound"));
}

/* As crypt(5) writes them: nothing that ends a line or a field of any file. */
static bool
is_a_hash(const char *hash)
{
	size_t len = hash == NULL ? 0 : strlen(hash);

	if (len < 16 || len >= PASSWORD_HASH_SIZE || hash[0] != '$')
		return false;
	for (size_t i = 0; i < len; i++)
		if (hash[i] <= ' ' || hash[i] > '~' || strchr(":;*!\\", hash[i]) != NULL)
			return false;
	return true;
}

/* A hash has a salt of its own, so that pam_sekisho alone can tell whether the password behind it is an earlier
 * one; the same hash again is certainly none that somebody has just chosen. */
static int
hash_is_new(struct store_db *db, const struct keeping *keeping, bool *ret_new)
{
	char earlier[SIGN_IN_EARLIER_MOST][PASSWORD_HASH_SIZE];
	const struct sign_in_row *row = &keeping->standing.row;
	size_t count = 0;
	int r;

	r = password_earlier_load(db, row->number, ARRAY_SIZE(earlier), earlier, &count);
	*ret_new = strcmp(row->password.hash, keeping->note->hash) != 0;
	for (size_t i = 0; i < count; i++)
		if (strcmp(earlier[i], keeping->note->hash) == 0)
			*ret_new = false;
	secret_wipe(earlier, sizeof(earlier));
	return r;
}

static int
change_password(struct store_db *db, const struct keeping *keeping)
{
	const struct sign_in_row *row = &keeping->standing.row;
	struct stored_password password = {.delivered = true};
	int r;

	strcpy(password.hash, keeping->note->hash);
	r = password_replace(db, row->number, PASSWORD_FIRST, &password);
	secret_wipe(&password, sizeof(password));
	return r < 0 ? r
		     : record_own(db, keeping, "account.change_password",
			       json_pack("{s:s, s:b}", "password",
				       row->password.must_change ? "initial" : "own", "must_change",
				       row->password.must_change),
			       json_pack("{s:s, s:b}", "password", "own", "must_change", 0));
}

static int
keep_password_new(struct store_db *db, struct keeping *keeping)
{
	bool is_new = false, may = false;
	int r;

	if (!is_a_hash(keeping->note->hash))
		return 0;
	r = may_go_on(db, keeping, &may);
	if (r < 0 || !may)
		return r;
	r = hash_is_new(db, keeping, &is_new);
	if (r < 0 || !is_new)
		return r;
	keeping->accepted = true;
	return change_password(db, keeping);
}

static int
keep_right(struct store_db *db, struct keeping *keeping)
{
	const struct sign_in_standing *standing = &keeping->standing;
	bool may = false;
	int r;

	/* Who may not go on is right all the same, and is told why by the rules; it makes nothing easier for the next
	 * try. */
	r = may_go_on(db, keeping, &may);
	if (r < 0 || !may) {
		keeping->accepted = r == 0;
		return r;
	}
	r = sign_in_failures_forget(db, standing->name, standing->source, NULL);
	if (r == 0)
		r = sign_in_network_known(db, standing->row.number, keeping->note->source);
	keeping->accepted = r == 0;
	return r;
}

/* failure: counts whoever it is. The others want an account that does not have to wait: of tries that began side by side, a
 * right one is worth no more than it would have been one after the other. */
static const struct {
	int (*keep)(struct store_db *db, struct keeping *keeping);
	bool failure;
} reports[] = {
	[SIGN_IN_PASSWORD_WRONG] = {keep_password_wrong, true},
	[SIGN_IN_PASSWORD_RIGHT] = {keep_password_right, false},
	[SIGN_IN_CODE_WRONG] = {keep_code_wrong, true},
	[SIGN_IN_CODE_RIGHT] = {keep_code_right, false},
	[SIGN_IN_BARRED] = {keep_barred, false},
	[SIGN_IN_BOUND] = {keep_bound, false},
	[SIGN_IN_PASSWORD_NEW] = {keep_password_new, false},
	[SIGN_IN_RIGHT] = {keep_right, false},
};

int
sign_in_keep(struct store_db *db, const struct sign_in_note *note, bool *ret_accepted)
{
	struct keeping keeping = {.note = note};
	int r;

	*ret_accepted = false;
	if ((size_t)note->what >= ARRAY_SIZE(reports))
		return -EINVAL;
	r = sign_in_standing_load(db, note->typed, note->source, &keeping.standing);
	if (r < 0)
		return r;
	if (reports[note->what].failure) {
		keeping.accepted = keeping.standing.row.number != 0;
		r = reports[note->what].keep(db, &keeping);
	} else if (keeping.standing.row.number != 0 && keeping.standing.wait_ms == 0) {
		r = reports[note->what].keep(db, &keeping);
	}
	*ret_accepted = r == 0 && keeping.accepted;
	secret_wipe(&keeping, sizeof(keeping));
	return r;
}
