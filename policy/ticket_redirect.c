/* The ticket of a Server Redirection; see sign_in.h. Redeemed by session_begin.c. */
#include "policy/sign_in.h"

#include "base/clock.h"
#include "base/secret.h"
#include "policy/session_signed_in.h"
#include "policy/store/store.h"
#include "policy/store/ticket_table.h"
#include "policy/ticket_text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#define GIVEN_BY "account:"
#define UNRETURNED_AT_ONCE 100

/* 0 means in CS_CLUSTER that there is none. */
static int
draw_session(uint32_t *ret_session)
{
	do {
		if (getrandom(ret_session, sizeof(*ret_session), 0) !=
			(ssize_t)sizeof(*ret_session))
			return -EIO;
	} while (*ret_session == 0);
	return 0;
}

static int
make_ticket(struct store_db *db, const struct session_start *start, struct redirect_ticket *made)
{
	const struct session_grant *grant = start->grant;
	char secret[TICKET_SECRET_SIZE], unused[TICKET_SECRET_SIZE], by[ACTOR_SIZE];
	struct ticket ticket = {
		.redirect = true,
		.account = start->account,
		.terminal = start->terminal,
		.device = grant->device,
		.attendance = grant->attendance,
		.dead_at_ms = clock_boottime_ms() + store_db_settings(db)->ticket_ms,
	};
	int r;

	r = draw_session(&made->session);
	if (r == 0)
		r = ticket_text_make(made->handle, unused);
	if (r < 0)
		return r;
	snprintf(secret, sizeof(secret), "%" PRIu32, made->session);
	ticket_secret_hash(secret, ticket.secret_hash);
	secret_wipe(secret, sizeof(secret));
	secret_wipe(unused, sizeof(unused));
	memcpy(ticket.handle, made->handle, sizeof(ticket.handle));
	memcpy(ticket.source, start->source, sizeof(ticket.source));
	snprintf(by, sizeof(by), GIVEN_BY "%s", grant->account);
	r = ticket_insert(db, &ticket, by);
	return r < 0 ? r : ticket_forget_old(db);
}

static int
decide_and_make(
	struct store_db *db, struct session_start *start, struct redirect_ticket *ret_ticket)
{
	struct policy_verdict verdict;

	policy_decide(&start->gathered.facts, &verdict);
	if (verdict.allowed)
		return make_ticket(db, start, ret_ticket);
	ret_ticket->reason = verdict.reason;
	ret_ticket->rule = verdict.rule->name;
	return session_start_refuse(
		db, start, verdict.reason, verdict.rule->name, start->logging != LOGIN_UNLOGGED);
}

int
ticket_issue_redirect(struct store_db *db, const struct signed_in_request *request,
	struct redirect_ticket *ret_ticket)
{
	struct session_grant grant;
	struct session_start start = {.grant = &grant};
	struct redirect_ticket made = {0};
	int r;

	r = signed_in_start(db, request, &start);
	if (r == 0)
		r = decide_and_make(db, &start, &made);
	gathered_facts_done(&start.gathered);
	session_grant_done(&grant);
	*ret_ticket = r == 0 ? made : (struct redirect_ticket){.reason = CLOSE_NOT_LOGGED};
	return r;
}

int
ticket_withdraw_redirect(struct store_db *db, const char *handle, bool *ret_withdrawn)
{
	return ticket_burn_unused(db, handle, ret_withdrawn);
}

/* It was given to an account, whose name is the actor's: see make_ticket. */
static int
note_unreturned(struct store_db *db, const struct ticket_unreturned *ticket)
{
	const char *account = ticket->issued_by + strlen(GIVEN_BY);
	int r = ticket_burn(db, ticket->handle);

	return r < 0 ? r
		     : sign_in_refused(db, account, ticket->source,
			       close_reason_row(CLOSE_REDIRECT_LOST)->name, LOGIN_LOGGED);
}

int
tickets_note_unreturned(struct store_db *db)
{
	struct ticket_unreturned tickets[UNRETURNED_AT_ONCE];
	size_t count;
	int r;

	r = ticket_list_unreturned(db, tickets, UNRETURNED_AT_ONCE, &count);
	for (size_t i = 0; r == 0 && i < count; i++)
		r = note_unreturned(db, &tickets[i]);
	return r;
}
