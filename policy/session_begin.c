/* From a ticket to a session; see sessions.h.
 *
 * Handle, secret and source come from a client that has shown nothing else yet: the handle finds the
 * ticket, only the secret moves anything. Whatever the verdict, what is written here (the burnt
 * ticket, the refusal's event) is kept: a refusal is an answer, not an error.
 */
#include "policy/sessions.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "policy/record.h"
#include "policy/session_continue.h"
#include "policy/session_start.h"
#include "policy/store/session_table.h"
#include "policy/store/store.h"
#include "policy/store/ticket_table.h"
#include "policy/ticket_text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Refusals of one ticket that become events: whoever guesses, or has found a used one, must not fill the
 * log. The first tells the story. */
#define REFUSALS_RECORDED 5

/* After so many wrong secrets a redirect ticket is dead, for its session too: its secret has 32 bits. */
#define REDIRECT_TRIES 3

/* What the steps below share. */
struct redemption {
	const struct session_request *request;
	struct ticket ticket;
	struct session_start start;
};

static int
refuse(struct store_db *db, struct redemption *at, enum close_reason reason, const char *rule)
{
	bool recorded = at->ticket.refusals < REFUSALS_RECORDED;
	int r = recorded ? ticket_count_refusal(db, at->ticket.handle) : 0;

	return r < 0 ? r : session_start_refuse(db, &at->start, reason, rule, recorded);
}

static bool
secret_is_right(const struct redemption *at)
{
	uint8_t hash[SECRET_HASH_BYTES];

	if (at->request->secret == NULL || at->request->secret[0] == '\0')
		return false;
	ticket_secret_hash(at->request->secret, hash);
	return bytes_equal_constant_time(hash, at->ticket.secret_hash, sizeof(hash));
}

/* Evidence that the supervisor found comes first; a vouched address counts only without it. */
static void
choose_device(struct redemption *at)
{
	struct device_evidence *device = &at->start.grant->device;
	struct field_error unused;

	*device = at->request->device;
	if (!device->known && at->request->vouched_accepted && at->ticket.mac[0] != '\0') {
		device->known = mac_parse(at->ticket.mac, &device->mac, &unused) == 0;
		snprintf(device->kind, sizeof(device->kind), "vouched");
	}
	if (!device->known)
		snprintf(device->kind, sizeof(device->kind), "none");
}

static int
insert_session(struct store_db *db, struct redemption *at)
{
	int r = session_start_credentials(db, &at->start);

	if (r == 0)
		r = session_start_insert(db, &at->start);
	return r < 0 ? r : ticket_set_session(db, at->ticket.handle, at->start.grant->session);
}

static bool
is_dead(const struct ticket *ticket)
{
	return !ticket->this_boot || clock_boottime_ms() >= ticket->dead_at_ms;
}

/* Whoever was sent back and comes too late has come: the login log has him once. */
static int
refuse_dead(struct store_db *db, struct redemption *at)
{
	int r = at->ticket.redirect ? ticket_burn(db, at->ticket.handle) : 0;

	return r < 0 ? r : refuse(db, at, CLOSE_TICKET_EXPIRED, NULL);
}

static int
redeem_first(struct store_db *db, struct redemption *at)
{
	const struct session_grant *grant = at->start.grant;
	struct policy_verdict verdict;
	int r;

	at->start.grant->attendance = at->ticket.attendance;
	at->start.grant->redirected = at->ticket.redirect;
	r = session_start_gather(db, &at->start, MOMENT_REDEEM, NULL);
	if (r < 0)
		return r;
	if (is_dead(&at->ticket))
		return refuse_dead(db, at);
	/* From elsewhere it opens nothing, and whoever tries does not take it away from its owner. */
	if (at->ticket.source[0] != '\0' && strcmp(at->ticket.source, at->start.source) != 0)
		return refuse(db, at, CLOSE_TICKET_SOURCE, NULL);
	r = ticket_burn(db, at->ticket.handle);
	if (r < 0)
		return r;
	policy_decide(&at->start.gathered.facts, &verdict);
	if (!verdict.allowed)
		return refuse(db, at, verdict.reason, verdict.rule->name);
	if (!session_is_same_device(&at->ticket.device, &grant->device))
		return refuse(db, at, CLOSE_DEVICE_REFUSED, "same-device");
	return insert_session(db, at);
}

static int
redeem_again(struct store_db *db, struct redemption *at)
{
	struct session_record session;
	struct session_refusal refusal;
	int found, r;

	found = at->ticket.has_session ? session_load(db, at->ticket.session, &session) : -ENOENT;
	if (found < 0 && found != -ENOENT)
		return found;
	r = session_continue(db, &at->start, found == 0 ? &session : NULL, &refusal);
	if (r < 0 || refusal.reason == CLOSE_NONE)
		return r;
	return refuse(db, at, refusal.reason, refusal.rule);
}

/* Three wrong secrets from where a redirected client comes from burn its ticket. Whoever knows the handle, which is public,
 * and comes from elsewhere, burns nothing. */
static int
refuse_secret(struct store_db *db, struct redemption *at)
{
	int r = at->ticket.redirect ? ticket_count_wrong(db, at->ticket.handle) : 0;

	return r < 0 ? r : refuse(db, at, CLOSE_TICKET_SECRET, NULL);
}

static int
redeem_found(struct store_db *db, struct redemption *at)
{
	choose_device(at);
	if (at->ticket.redirect && strcmp(at->ticket.source, at->start.source) != 0)
		return refuse(db, at, CLOSE_TICKET_SOURCE, NULL);
	if (!secret_is_right(at))
		return refuse_secret(db, at);
	if (at->ticket.redirect && at->ticket.wrong >= REDIRECT_TRIES)
		return refuse(db, at, CLOSE_TICKET_USED, NULL);
	return at->ticket.used ? redeem_again(db, at) : redeem_first(db, at);
}

static int
redeem(struct store_db *db, struct redemption *at)
{
	int r;

	if (source_canonical(at->request->source, at->start.source) < 0)
		return -EINVAL;
	r = at->request->handle == NULL ? -ENOENT
					: ticket_find(db, at->request->handle, &at->ticket);
	if (r == -ENOENT) {
		at->start.grant->reason = CLOSE_NO_TICKET;
		return session_start_login(db, &at->start);
	}
	if (r < 0)
		return r;
	at->start.account = at->ticket.account;
	at->start.terminal = at->ticket.terminal;
	return redeem_found(db, at);
}

int
session_begin(
	struct store_db *db, const struct session_request *request, struct session_grant *ret_grant)
{
	struct redemption at = {
		.request = request,
		.start = {.connection = request->connection,
			.logging = request->logging,
			.grant = ret_grant},
	};
	int r;

	at.start.ticket = at.ticket.handle;
	*ret_grant = (struct session_grant){0};
	r = redeem(db, &at);
	gathered_facts_done(&at.start.gathered);
	if (r < 0) {
		session_grant_done(ret_grant);
		*ret_grant = (struct session_grant){.reason = CLOSE_NOT_LOGGED};
	}
	return r;
}

void
session_grant_done(struct session_grant *grant)
{
	terminal_done(&grant->terminal);
	host_credentials_done(&grant->credentials);
}
