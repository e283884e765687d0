/* A session goes on over another connection; see session_continue.h and sessions.h. */
#include "policy/session_continue.h"

#include "base/clock.h"
#include "policy/record.h"
#include "policy/store/account_table.h"
#include "policy/store/store.h"
#include "policy/stored_credential.h"
#include "policy/ticket_text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

bool
session_is_same_device(const struct device_evidence *before, const struct device_evidence *device)
{
	if (!before->known)
		return true;
	return device->known && mac_equal(&device->mac, &before->mac);
}

bool
session_may_go_on(const struct store_db *db, const struct session_record *session)
{
	if (strcmp(session->state, "active") == 0)
		return true;
	return strcmp(session->state, "lost") == 0 && session->this_boot &&
	       clock_boottime_ms() - session->lost_at_ms < store_db_settings(db)->grace_ms;
}

static bool
is_full(uint32_t sessions, uint32_t most)
{
	return most != 0 && sessions >= most;
}

/* Whoever is in stays in; whoever was lost may find the place taken, or have begun another session instead. */
static struct session_refusal
find_taken(const struct session_record *session, const struct policy_facts *facts)
{
	if (strcmp(session->state, "active") == 0)
		return (struct session_refusal){CLOSE_NONE, NULL};
	if (is_full(facts->account_sessions, facts->account_sessions_most))
		return (struct session_refusal){CLOSE_ACCOUNT_FULL, "account-sessions"};
	if (is_full(facts->terminal_sessions, facts->terminal_capacity))
		return (struct session_refusal){CLOSE_TERMINAL_FULL, "terminal-full"};
	return (struct session_refusal){CLOSE_NONE, NULL};
}

/* The jump host is logged on to once more. */
static struct session_refusal
judge_host(const struct policy_facts *facts)
{
	enum credential_state credential = facts->credential;

	if (!facts->certificate_trusted)
		return (struct session_refusal){CLOSE_HOST_UNTRUSTED, "certificate-trusted"};
	if (credential == CREDENTIAL_MISSING)
		return (struct session_refusal){CLOSE_CREDENTIAL_MISSING, "credential-stored"};
	if (credential == CREDENTIAL_ELSEWHERE)
		return (struct session_refusal){CLOSE_CREDENTIAL_ELSEWHERE, "credential-address"};
	if (credential == CREDENTIAL_SEALED)
		return (struct session_refusal){CLOSE_CREDENTIAL_SEALED, "credential-opens"};
	return (struct session_refusal){CLOSE_NONE, NULL};
}

static struct session_refusal
judge(const struct store_db *db, const struct session_start *start,
	const struct session_record *session)
{
	const struct policy_facts *facts = &start->gathered.facts;
	struct policy_verdict verdict;
	struct session_refusal taken;

	if (session == NULL || !session_may_go_on(db, session))
		return (struct session_refusal){CLOSE_TICKET_USED, NULL};
	if (strcmp(session->source, start->source) != 0)
		return (struct session_refusal){CLOSE_TICKET_SOURCE, NULL};
	policy_decide(facts, &verdict);
	if (!verdict.allowed)
		return (struct session_refusal){verdict.reason, verdict.rule->name};
	if (!session_is_same_device(&session->device, &start->grant->device))
		return (struct session_refusal){CLOSE_DEVICE_REFUSED, "same-device"};
	taken = find_taken(session, facts);
	return taken.reason != CLOSE_NONE ? taken : judge_host(facts);
}

static int
carry_on(struct store_db *db, struct session_start *start, const struct session_record *session)
{
	struct session_grant *grant = start->grant;
	int r;

	grant->continued = true;
	grant->older_connection = (uint64_t)session->connection;
	grant->started_us = session->started_us;
	memcpy(grant->session, session->id, sizeof(grant->session));
	r = session_start_credentials(db, start);
	if (r == 0)
		r = session_carry_on(db, session->id, start->connection, &grant->device);
	if (r == 0)
		r = record_session(db, EVENT_KIND_SESSION_CONTINUED, session->id);
	return r < 0 ? r : session_start_login(db, start);
}

int
session_continue(struct store_db *db, struct session_start *start,
	const struct session_record *session, struct session_refusal *ret_refusal)
{
	int r;

	start->grant->attendance = (struct attendance){0};
	if (session != NULL)
		start->grant->attendance = session->attendance;
	r = session_start_gather(db, start, MOMENT_RUNNING, session != NULL ? session->id : NULL);
	/* What the running rules do not ask, and the jump host will. */
	if (r == 0)
		r = stored_credential_state(db, &start->grant->terminal,
			start->grant->terminal.credentials, &start->gathered.facts.credential);
	if (r < 0)
		return r;
	*ret_refusal = judge(db, start, session);
	return ret_refusal->reason == CLOSE_NONE ? carry_on(db, start, session) : 0;
}

/* What vouched for the device then vouches for it still, as it would for whoever shows the session's ticket again. */
static void
choose_device(const struct session_resumption *request, const struct session_record *session,
	struct device_evidence *ret_device)
{
	*ret_device = request->device;
	if (!ret_device->known && request->vouched_accepted &&
		strcmp(session->device.kind, "vouched") == 0)
		*ret_device = session->device;
	if (!ret_device->known)
		snprintf(ret_device->kind, sizeof(ret_device->kind), "none");
}

static int
record(struct store_db *db, struct session_start *start, enum close_reason reason)
{
	return session_start_refuse(db, start, reason, NULL, start->logging != LOGIN_UNLOGGED);
}

/* Whoever is refused signs in, and then hears why. A cookie from elsewhere is a stolen one. */
static int
refuse(struct store_db *db, struct session_start *start, const struct session_refusal *refusal)
{
	if (refusal->reason == CLOSE_TICKET_SOURCE)
		return record(db, start, CLOSE_RESUME_SOURCE);
	start->grant->reason = refusal->reason;
	start->grant->rule = refusal->rule;
	return 0;
}

/* Clients send whatever name they have: also the jump host's, or none. 1: another account of the gateway's. */
static int
is_somebody_else(struct store_db *db, const char *typed, int64_t number)
{
	struct field_error unused;
	struct account account;
	char id[ACCOUNT_ID_SIZE];
	int r;

	if (typed[0] == '\0' ||
		account_id_parse(&store_db_settings(db)->facility, typed, id, &unused) < 0)
		return 0;
	r = account_find(db, id, &account);
	if (r == -ENOENT)
		return 0;
	return r < 0 ? r : account.number != number;
}

static int
resume(struct store_db *db, const struct session_resumption *request, struct session_start *start)
{
	struct session_record session;
	struct session_refusal refusal;
	int r;

	if (source_canonical(request->source, start->source) < 0)
		return -EINVAL;
	r = session_load(db, request->session, &session);
	if (r == -ENOENT) {
		start->grant->reason = CLOSE_TICKET_USED;
		return 0;
	}
	if (r < 0)
		return r;
	start->account = session.account;
	start->terminal = session.terminal;
	choose_device(request, &session, &start->grant->device);
	r = is_somebody_else(db, request->account, session.account);
	if (r != 0)
		return r < 0 ? r : record(db, start, CLOSE_RESUME_WRONG);
	r = session_continue(db, start, &session, &refusal);
	return r < 0 || refusal.reason == CLOSE_NONE ? r : refuse(db, start, &refusal);
}

int
session_resume(struct store_db *db, const struct session_resumption *request,
	struct session_grant *ret_grant)
{
	struct session_start start = {.connection = request->connection,
		.ticket = "",
		.logging = request->logging,
		.grant = ret_grant};
	int r;

	*ret_grant = (struct session_grant){0};
	r = resume(db, request, &start);
	gathered_facts_done(&start.gathered);
	if (r < 0) {
		session_grant_done(ret_grant);
		*ret_grant = (struct session_grant){.reason = CLOSE_NOT_LOGGED};
	}
	return r;
}
