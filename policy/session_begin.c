/* From a ticket to a session; see sessions.h.
 *
 * Handle, secret and source come from a client that has shown nothing else yet: the handle finds the
 * ticket, only the secret moves anything. Whatever the verdict, what is written here (the burnt
 * ticket, the refusal's event) is kept: a refusal is an answer, not an error.
 */
#include "policy/sessions.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "policy/facts.h"
#include "policy/record.h"
#include "policy/store/account_table.h"
#include "policy/store/session_table.h"
#include "policy/store/store.h"
#include "policy/store/terminal_table.h"
#include "policy/store/ticket_table.h"
#include "policy/ticket_text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

/* Refusals of one ticket that become events: whoever guesses, or has found a used one, must not fill the
 * log. The first tells the story. */
#define REFUSALS_RECORDED 5

/* What the steps below share. */
struct redemption {
	const struct session_request *request;
	struct session_grant *grant;
	struct ticket ticket;
	char source[SOURCE_SIZE];
	struct gathered_facts gathered;
};

static json_t *
device_json(const struct device_evidence *device)
{
	char text[MAC_TEXT_SIZE];

	if (!device->known)
		return json_null();
	mac_format(&device->mac, text);
	return json_string(text);
}

/* The refusal becomes an event; names stand in the grant as far as they are known. */
static int
record_refusal(struct store_db *db, const struct redemption *at)
{
	const struct session_grant *grant = at->grant;
	enum close_reason reason = grant->reason;
	const char *rule = grant->rule;
	json_t *payload = json_object();

	(void)json_object_set_new(payload, "reason", json_string(close_reason_row(reason)->name));
	(void)json_object_set_new(payload, "rule", rule != NULL ? json_string(rule) : json_null());
	(void)json_object_set_new(payload, "ticket", json_string(at->ticket.handle));
	(void)json_object_set_new(payload, "account", json_string(grant->account));
	(void)json_object_set_new(payload, "name", json_string(grant->account_name));
	(void)json_object_set_new(payload, "terminal", json_string(grant->terminal.name));
	(void)json_object_set_new(payload, "source", json_string(at->source));
	(void)json_object_set_new(payload, "device", device_json(&grant->device));
	(void)json_object_set_new(payload, "evidence", json_string(grant->device.kind));
	return record_event(db, EVENT_KIND_SESSION_REFUSED, payload, NULL);
}

/* The attempt comes into the login log. */
static int
record_login(struct store_db *db, const struct redemption *at)
{
	const struct session_grant *grant = at->grant;
	const struct login login = {
		.application = "RDP",
		.account = grant->account,
		.name = grant->account_name,
		.source = at->source,
		.reason =
			grant->reason == CLOSE_NONE ? NULL : close_reason_row(grant->reason)->name,
		.logging = at->request->logging,
	};

	return login_record(db, &login);
}

static int
refuse(struct store_db *db, struct redemption *at, enum close_reason reason, const char *rule)
{
	int r;

	at->grant->reason = reason;
	at->grant->rule = rule;
	r = record_login(db, at);
	if (r < 0 || at->ticket.refusals >= REFUSALS_RECORDED)
		return r;
	r = ticket_count_refusal(db, at->ticket.handle);
	return r < 0 ? r : record_refusal(db, at);
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
	struct device_evidence *device = &at->grant->device;
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
gather(struct store_db *db, struct redemption *at, enum policy_moment moment,
	const uint8_t *session)
{
	struct session_grant *grant = at->grant;
	const struct account *account = &at->gathered.account;
	int r;

	r = facts_gather(db, at->ticket.account, at->ticket.terminal, moment, &grant->device,
		session, &at->gathered);
	if (r < 0)
		return r;
	grant->account_number = at->ticket.account;
	grant->terminal_number = at->ticket.terminal;
	memcpy(grant->account, account->id, sizeof(grant->account));
	if (at->gathered.facts.account_known) {
		account_id_full(&store_db_settings(db)->facility, account->id, grant->account_full);
		snprintf(grant->account_name, sizeof(grant->account_name), "%s %s",
			account->family_name, account->given_name);
	}
	grant->allowlist_off =
		at->gathered.facts.account_known && !at->gathered.facts.allowlist_enforced;
	/* The grant owns the terminal from now on. */
	grant->terminal = at->gathered.terminal;
	at->gathered.terminal.ca_bundle = NULL;
	return 0;
}

static int
insert_session(struct store_db *db, struct redemption *at)
{
	struct session_grant *grant = at->grant;
	struct session_record record = {
		.account = grant->account_number,
		.terminal = grant->terminal_number,
		.device = grant->device,
		.allowlist_off = grant->allowlist_off,
		.connection = (int64_t)at->request->connection,
	};
	int r;

	if (getrandom(record.id, sizeof(record.id), 0) != (ssize_t)sizeof(record.id))
		return -EIO;
	memcpy(record.ticket, at->ticket.handle, sizeof(record.ticket));
	memcpy(record.account_id, grant->account, sizeof(record.account_id));
	memcpy(record.account_full, grant->account_full, sizeof(record.account_full));
	memcpy(record.account_name, grant->account_name, sizeof(record.account_name));
	memcpy(record.terminal_name, grant->terminal.name, sizeof(record.terminal_name));
	memcpy(record.source, at->source, sizeof(record.source));
	r = session_insert(db, &record);
	if (r == 0)
		r = ticket_set_session(db, at->ticket.handle, record.id);
	if (r == 0)
		r = account_set_last_session(db, record.account);
	if (r == 0)
		r = terminal_set_last_session(db, record.terminal);
	if (r == 0)
		r = record_session(db, EVENT_KIND_SESSION_START, record.id);
	memcpy(grant->session, record.id, sizeof(grant->session));
	grant->started_us = record.started_us;
	return r < 0 ? r : record_login(db, at);
}

static int
redeem_first(struct store_db *db, struct redemption *at)
{
	struct policy_verdict verdict;
	int r;

	r = gather(db, at, MOMENT_REDEEM, NULL);
	if (r < 0)
		return r;
	if (!at->ticket.this_boot || clock_boottime_ms() >= at->ticket.dead_at_ms)
		return refuse(db, at, CLOSE_TICKET_EXPIRED, NULL);
	/* From elsewhere it opens nothing, and whoever tries does not take it away from its owner. */
	if (at->ticket.source[0] != '\0' && strcmp(at->ticket.source, at->source) != 0)
		return refuse(db, at, CLOSE_TICKET_SOURCE, NULL);
	r = ticket_burn(db, at->ticket.handle);
	if (r < 0)
		return r;
	policy_decide(&at->gathered.facts, &verdict);
	if (!verdict.allowed)
		return refuse(db, at, verdict.reason, verdict.rule->name);
	return insert_session(db, at);
}

static bool
may_be_continued(const struct store_db *db, const struct session_record *session)
{
	if (strcmp(session->state, "active") == 0)
		return true;
	return strcmp(session->state, "lost") == 0 && session->this_boot &&
	       clock_boottime_ms() - session->lost_at_ms < store_db_settings(db)->grace_ms;
}

/* Fresh evidence must name the device that the session was begun with. */
static bool
is_same_device(const struct session_record *session, const struct device_evidence *device)
{
	if (!session->device.known)
		return true;
	return device->known && mac_equal(&device->mac, &session->device.mac);
}

/* Whoever is in stays in; whoever was lost may find the place taken. */
static bool
place_is_taken(const struct session_record *session, const struct policy_facts *facts)
{
	return strcmp(session->state, "active") != 0 && facts->terminal_capacity != 0 &&
	       facts->terminal_sessions >= facts->terminal_capacity;
}

static int
carry_on(struct store_db *db, struct redemption *at, const struct session_record *session)
{
	struct session_grant *grant = at->grant;
	int r;

	grant->continued = true;
	grant->older_connection = (uint64_t)session->connection;
	grant->started_us = session->started_us;
	memcpy(grant->session, session->id, sizeof(grant->session));
	r = session_carry_on(db, session->id, at->request->connection, &grant->device);
	if (r == 0)
		r = record_session(db, EVENT_KIND_SESSION_CONTINUED, session->id);
	return r < 0 ? r : record_login(db, at);
}

static int
redeem_again(struct store_db *db, struct redemption *at)
{
	struct session_record session;
	struct policy_verdict verdict;
	int r;

	r = gather(db, at, MOMENT_RUNNING, at->ticket.session);
	if (r < 0)
		return r;
	r = at->ticket.has_session ? session_load(db, at->ticket.session, &session) : -ENOENT;
	if (r == -ENOENT || (r == 0 && !may_be_continued(db, &session)))
		return refuse(db, at, CLOSE_TICKET_USED, NULL);
	if (r < 0)
		return r;
	if (strcmp(session.source, at->source) != 0)
		return refuse(db, at, CLOSE_TICKET_SOURCE, NULL);
	policy_decide(&at->gathered.facts, &verdict);
	if (!verdict.allowed)
		return refuse(db, at, verdict.reason, verdict.rule->name);
	if (!is_same_device(&session, &at->grant->device))
		return refuse(db, at, CLOSE_DEVICE_REFUSED, "same-device");
	if (place_is_taken(&session, &at->gathered.facts))
		return refuse(db, at, CLOSE_TERMINAL_FULL, "terminal-full");
	return carry_on(db, at, &session);
}

static int
redeem(struct store_db *db, struct redemption *at)
{
	int r;

	if (source_canonical(at->request->source, at->source) < 0)
		return -EINVAL;
	r = at->request->handle == NULL ? -ENOENT
					: ticket_find(db, at->request->handle, &at->ticket);
	if (r == -ENOENT) {
		at->grant->reason = CLOSE_NO_TICKET;
		return record_login(db, at);
	}
	if (r < 0)
		return r;
	choose_device(at);
	if (!secret_is_right(at))
		return refuse(db, at, CLOSE_TICKET_SECRET, NULL);
	return at->ticket.used ? redeem_again(db, at) : redeem_first(db, at);
}

int
session_begin(
	struct store_db *db, const struct session_request *request, struct session_grant *ret_grant)
{
	struct redemption at = {.request = request, .grant = ret_grant};
	int r;

	*ret_grant = (struct session_grant){0};
	r = redeem(db, &at);
	gathered_facts_done(&at.gathered);
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
}
