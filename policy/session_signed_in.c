/* From a sign-in to a session; see sign_in.h. The ticket of a redirection: ticket_redirect.c. */
#include "policy/sign_in.h"

#include "policy/session_signed_in.h"
#include "policy/session_start.h"
#include "policy/ticket_text.h"

#include <errno.h>
#include <stdio.h>

int
signed_in_start(
	struct store_db *db, const struct signed_in_request *request, struct session_start *start)
{
	struct session_grant *grant = start->grant;

	*start = (struct session_start){
		.connection = request->connection,
		.account = request->account_number,
		.terminal = request->terminal_number,
		.ticket = "",
		.logging = request->logging,
		.grant = grant,
	};
	*grant = (struct session_grant){.device = request->device};
	if (source_canonical(request->source, start->source) < 0)
		return -EINVAL;
	if (!grant->device.known)
		snprintf(grant->device.kind, sizeof(grant->device.kind), "none");
	if (request->attendance != NULL && request->attendance->given)
		grant->attendance = *request->attendance;
	return session_start_gather(db, start, MOMENT_REDEEM, NULL);
}

static int
decide_and_insert(struct store_db *db, struct session_start *start)
{
	struct policy_verdict verdict;
	int r;

	policy_decide(&start->gathered.facts, &verdict);
	if (!verdict.allowed)
		return session_start_refuse(db, start, verdict.reason, verdict.rule->name,
			start->logging != LOGIN_UNLOGGED);
	r = session_start_credentials(db, start);
	return r < 0 ? r : session_start_insert(db, start);
}

int
session_begin_signed_in(struct store_db *db, const struct signed_in_request *request,
	struct session_grant *ret_grant)
{
	struct session_start start = {.grant = ret_grant};
	int r;

	r = signed_in_start(db, request, &start);
	if (r == 0)
		r = decide_and_insert(db, &start);
	gathered_facts_done(&start.gathered);
	if (r < 0) {
		session_grant_done(ret_grant);
		*ret_grant = (struct session_grant){.reason = CLOSE_NOT_LOGGED};
	}
	return r;
}
