/* Slowing down who guesses; see sign_in_standing.h, and sign_in.h for the reasoning. */
#include "policy/sign_in_standing.h"

#include "policy/text.h"

#define FAILURES_FREE 3
#define WAIT_FIRST_MS 2000
#define WAIT_MOST_MS (15 * 60 * 1000)
#define HOUR_US (60 * 60 * INT64_C(1000000))
#define KNOWN_FOR_US (90 * 24 * HOUR_US)

/* "Within two months": 60 days are never more. */
#define PASSWORD_AGE_DAYS 60

uint32_t
sign_in_wait_after(int64_t failures)
{
	uint32_t wait_ms = WAIT_FIRST_MS;

	if (failures <= FAILURES_FREE)
		return 0;
	for (int64_t i = FAILURES_FREE + 1; i < failures && wait_ms < WAIT_MOST_MS; i++)
		wait_ms *= 2;
	return wait_ms < WAIT_MOST_MS ? wait_ms : WAIT_MOST_MS;
}

/* Of the hour before, as much counts as lies within sixty minutes: whoever waits for the hour to turn does not get the
 * double. */
int64_t
sign_in_guesses_now(const struct sign_in_guesses *guesses, int64_t now_us)
{
	int64_t hour = now_us / HOUR_US, left_us = HOUR_US - now_us % HOUR_US;

	if (guesses->hour == hour)
		return guesses->guesses + guesses->guesses_before * left_us / HOUR_US;
	return guesses->hour == hour - 1 ? guesses->guesses * left_us / HOUR_US : 0;
}

/* A clock that was set back makes nobody wait: the next failure counts from then on. */
static uint32_t
pair_wait_ms(const struct sign_in_failures *failures, int64_t now_us)
{
	int64_t gone_ms = (now_us - failures->newest_us) / 1000;
	uint32_t wait_ms = sign_in_wait_after(failures->failures);

	return gone_ms >= 0 && gone_ms < wait_ms ? (uint32_t)(wait_ms - gone_ms) : 0;
}

static bool
is_closed(const struct sign_in_guesses *guesses, int64_t now_us)
{
	return sign_in_guesses_now(guesses, now_us) > SIGN_IN_GUESSES_AN_HOUR;
}

static void
judge(struct store_db *db, struct sign_in_standing *standing, int64_t network_newest_us)
{
	int64_t now_us = store_db_now(db);

	standing->network_known =
		network_newest_us != 0 && network_newest_us > now_us - KNOWN_FOR_US;
	standing->wait_ms = pair_wait_ms(&standing->failures, now_us);
	/* Nobody can say when it will be open again: that depends on who guesses. */
	if (!standing->network_known && is_closed(&standing->guesses, now_us))
		standing->wait_ms = WAIT_MOST_MS;
}

int
sign_in_standing_load(struct store_db *db, const char *typed, const char *source,
	struct sign_in_standing *ret_standing)
{
	int64_t network_newest_us = 0;
	int r;

	*ret_standing = (struct sign_in_standing){0};
	ret_standing->name_is_possible =
		sign_in_name(&store_db_settings(db)->facility, typed, ret_standing->name);
	sign_in_source(source, ret_standing->source);
	sign_in_network(source, ret_standing->network);
	r = sign_in_row_load(db, ret_standing->name, &ret_standing->row);
	if (r == 0)
		r = sign_in_failures_load(
			db, ret_standing->name, ret_standing->source, &ret_standing->failures);
	if (r == 0)
		r = sign_in_guesses_load(db, ret_standing->name, &ret_standing->guesses);
	if (r == 0)
		r = sign_in_network_load(
			db, ret_standing->row.number, ret_standing->network, &network_newest_us);
	if (r == 0)
		judge(db, ret_standing, network_newest_us);
	return r;
}

static int
count_guesses(struct store_db *db, const struct sign_in_standing *standing, int64_t weight)
{
	const struct sign_in_guesses *had = &standing->guesses;
	struct sign_in_guesses guesses = {.hour = store_db_now(db) / HOUR_US, .guesses = weight};

	if (had->hour == guesses.hour) {
		guesses.guesses += had->guesses;
		guesses.guesses_before = had->guesses_before;
	} else if (had->hour == guesses.hour - 1) {
		guesses.guesses_before = had->guesses;
	}
	return sign_in_guesses_set(db, standing->name, &guesses);
}

int
sign_in_standing_fail(struct store_db *db, const struct sign_in_standing *standing, int64_t weight)
{
	int r;

	r = sign_in_failures_set(
		db, standing->name, standing->source, standing->failures.failures + 1);
	if (r < 0 || standing->network_known)
		return r;
	return count_guesses(db, standing, weight);
}

int
sign_in_network_known(struct store_db *db, int64_t account, const char *source)
{
	char network[SOURCE_SIZE];

	sign_in_network(source, network);
	return sign_in_network_set(db, account, network, store_db_now(db) - KNOWN_FOR_US);
}

int
sign_in_summary_load(
	struct store_db *db, const char *account_id, struct sign_in_summary *ret_summary)
{
	struct sign_in_failures failures;
	struct sign_in_guesses guesses;
	char name[ACCOUNT_ID_SIZE];
	int r;

	text_to_lower(account_id, name);
	r = sign_in_failures_sum(db, name, &failures);
	if (r == 0)
		r = sign_in_guesses_load(db, name, &guesses);
	if (r < 0)
		return r;
	*ret_summary = (struct sign_in_summary){
		.failures = failures.failures,
		.newest_us = failures.newest_us,
		.guesses = sign_in_guesses_now(&guesses, store_db_now(db)),
		.closed = is_closed(&guesses, store_db_now(db)),
	};
	return 0;
}

int
sign_in_forget(struct store_db *db, const char *account_id, bool *ret_any)
{
	char name[ACCOUNT_ID_SIZE];
	int64_t count = 0;
	int r;

	text_to_lower(account_id, name);
	r = sign_in_failures_forget(db, name, NULL, &count);
	*ret_any = count > 0;
	return r < 0 ? r : sign_in_guesses_forget(db, name);
}

static bool
is_too_old(const struct store_db *db, const struct stored_password *password)
{
	struct civil_time now, set;

	if (store_db_settings(db)->sign_in.password_policy != PASSWORD_POLICY_TWO_MONTHS)
		return false;
	civil_from_instant(store_db_now(db), &now);
	civil_from_instant(password->set_us, &set);
	return civil_date_compare(civil_date_add_days(set.date, PASSWORD_AGE_DAYS), now.date) < 0;
}

bool
sign_in_must_change(const struct store_db *db, const struct stored_password *password)
{
	return password->must_change || is_too_old(db, password);
}
