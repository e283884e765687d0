/* What somebody may do whose password was right, and the login log of those who get no further; see sign_in.h. */
#include "policy/sign_in.h"

#include "base/cleanup.h"
#include "policy/facts.h"
#include "policy/sign_in_standing.h"
#include "policy/store/offer_table.h"
#include "policy/store/store.h"
#include "policy/store/window_table.h"
#include "policy/take_over.h"
#include "policy/ticket_text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int
record_refusal(struct store_db *db, const char *account, const char *name, const char *source,
	const char *reason, enum login_logging logging)
{
	char canonical[SOURCE_SIZE];
	const struct login login = {
		.application = "RDP",
		.account = account,
		.name = name,
		.source = canonical,
		.reason = reason,
		.logging = logging,
	};

	if (source_canonical(source, canonical) < 0)
		return -EINVAL;
	return login_record(db, &login);
}

/* What no account can be called is not written down: somebody may have typed the password there. */
int
sign_in_refused(struct store_db *db, const char *typed, const char *source, const char *reason,
	enum login_logging logging)
{
	char person[2 * ACCOUNT_NAME_SIZE] = "", name[SIGN_IN_NAME_SIZE];
	struct sign_in_row row;
	const char *account;
	bool possible;
	int r;

	possible = sign_in_name(&store_db_settings(db)->facility, typed, name);
	r = sign_in_row_load(db, name, &row);
	if (r < 0)
		return r;
	account = row.number != 0 ? row.id : possible ? name : "";
	if (row.number != 0)
		snprintf(person, sizeof(person), "%s %s", row.family_name, row.given_name);
	return record_refusal(db, account, person, source, reason, logging);
}

static int
refuse(struct store_db *db, const struct sign_in_check *check, const struct account *account,
	const struct policy_verdict *verdict, struct sign_in_verdict *ret_verdict)
{
	ret_verdict->reason = verdict->reason;
	ret_verdict->rule = verdict->rule->name;
	if (verdict->reason == CLOSE_OUTSIDE_HOURS)
		account_hours_format(&account->hours, ret_verdict->hours);
	if (verdict->reason == CLOSE_ACCOUNT_NOT_YET)
		civil_date_format(account->valid_from, ret_verdict->date);
	if (verdict->reason == CLOSE_ACCOUNT_EXPIRED)
		civil_date_format(account->valid_until, ret_verdict->date);
	return record_refusal(db, account->id, ret_verdict->person, check->source,
		close_reason_row(verdict->reason)->name, check->logging);
}

static void
name_account(
	struct store_db *db, const struct account *account, struct sign_in_verdict *ret_verdict)
{
	if (account->id[0] == '\0')
		return;
	account_id_full(&store_db_settings(db)->facility, account->id, ret_verdict->full_id);
	snprintf(ret_verdict->person, sizeof(ret_verdict->person), "%s %s", account->family_name,
		account->given_name);
}

int
sign_in_decide(
	struct store_db *db, const struct sign_in_check *check, struct sign_in_verdict *ret_verdict)
{
	struct gathered_facts gathered;
	struct policy_verdict verdict;
	int r;

	*ret_verdict = (struct sign_in_verdict){.reason = CLOSE_NONE};
	r = facts_gather(
		db, check->account_number, 0, MOMENT_SIGN_IN, &check->device, NULL, &gathered);
	if (r == 0) {
		name_account(db, &gathered.account, ret_verdict);
		policy_decide(&gathered.facts, &verdict);
		if (!verdict.allowed)
			r = refuse(db, check, &gathered.account, &verdict, ret_verdict);
	}
	gathered_facts_done(&gathered);
	return r;
}

struct offering {
	struct store_db *db;
	const struct sign_in_check *check;
	struct gathered_facts
		gathered; /* of the account; those of the terminal change with each row */
	struct terminal_offer *offers;
	size_t count, room;
};

static int
make_room(struct offering *offering)
{
	size_t room = offering->room == 0 ? 8 : 2 * offering->room;
	struct terminal_offer *grown;

	if (offering->count < offering->room)
		return 0;
	grown = reallocarray(offering->offers, room, sizeof(*grown));
	if (grown == NULL)
		return -ENOMEM;
	offering->offers = grown;
	offering->room = room;
	return 0;
}

/* A window that has begun, or does so soon, and when that changes. */
static void
tell_window(const struct offering *offering, const struct window *windows, size_t count,
	struct terminal_offer *offer)
{
	int64_t now_us = store_db_now(offering->db);
	int64_t soon_us = (int64_t)store_db_settings(offering->db)->window_warning_ms * 1000;
	int64_t change = windows_change(windows, count, now_us);
	const struct window *window = windows_covering(windows, count, now_us);

	if (window != NULL && change != WINDOW_NEVER)
		window_time_format(change, now_us, offer->opens_at);
	if (window == NULL && change != WINDOW_NEVER && change - now_us <= soon_us) {
		window = windows_covering(windows, count, change);
		window_time_format(change, now_us, offer->closes_at);
	}
	if (window == NULL)
		return;
	offer->restarts = window->kind == WINDOW_RESTART;
	memcpy(offer->window, window->text, sizeof(offer->window));
}

/* Whether somebody attends is asked once the terminal is chosen. */
static int
add_offer(const struct offer_row *row, void *argument)
{
	struct offering *offering = argument;
	struct policy_facts *facts = &offering->gathered.facts;
	struct policy_verdict verdict;
	auto_free struct window *windows = NULL;
	struct terminal_offer *offer;
	struct take_over view = {0};
	int r;

	r = make_room(offering);
	if (r == 0)
		r = windows_load(offering->db, row->terminal, &windows, &facts->window_count);
	if (r < 0)
		return r;
	facts->windows = windows;
	facts->terminal_known = true;
	facts->terminal_assigned = true;
	facts->terminal_in_service = row->in_service;
	facts->attendance_required = row->attendance_required;
	facts->attended = true;
	facts->certificate_trusted = row->certificate_trusted;
	facts->recording_required = terminal_must_be_recorded(row->recording, row->four_eyes);
	/* Whether it opens is known when it is used. */
	facts->credential = row->credentials != CREDENTIALS_INJECTED ? CREDENTIAL_NOT_NEEDED
			    : row->credential_stored                 ? CREDENTIAL_OPENS
								     : CREDENTIAL_MISSING;
	facts->terminal_capacity = row->capacity;
	facts->terminal_sessions = row->sessions;
	policy_decide(facts, &verdict);
	offer = &offering->offers[offering->count++];
	*offer = (struct terminal_offer){
		.number = row->terminal,
		.attended = row->attendance_required,
		.recorded = row->recording != TERMINAL_RECORDING_OFF,
		.records_input = row->record_input,
		.four_eyes = row->four_eyes,
		.show_watchers = row->show_watchers,
		.passes_credentials = row->credentials == CREDENTIALS_PASS_THROUGH,
		.reason = verdict.reason,
		.sessions = row->sessions,
	};
	memcpy(offer->name, row->name, sizeof(offer->name));
	memcpy(offer->used_by, row->used_by, sizeof(offer->used_by));
	if (verdict.reason == CLOSE_TERMINAL_FULL)
		r = take_over_look(offering->db, offering->check->account_number, row->terminal,
			&offering->check->device, &view);
	offer->takes_over = r == 0 && view.possible;
	tell_window(offering, windows, facts->window_count, offer);
	facts->windows = NULL;
	facts->window_count = 0;
	return r;
}

int
sign_in_offers(struct store_db *db, const struct sign_in_check *check,
	struct terminal_offer **ret_offers, size_t *ret_count)
{
	struct offering offering = {.db = db, .check = check};
	int r;

	r = facts_gather(db, check->account_number, 0, MOMENT_REDEEM, &check->device, NULL,
		&offering.gathered);
	if (r == 0)
		r = offer_each(db, check->account_number, add_offer, &offering);
	gathered_facts_done(&offering.gathered);
	if (r < 0) {
		free(offering.offers);
		return r;
	}
	*ret_offers = offering.offers;
	*ret_count = offering.count;
	return 0;
}
