/* Giving out a ticket; see sessions.h. Redeeming it: session_begin.c. */
#include "policy/sessions.h"

#include "base/clock.h"
#include "policy/facts.h"
#include "policy/store/account_table.h"
#include "policy/store/session_table.h"
#include "policy/store/store.h"
#include "policy/store/terminal_table.h"
#include "policy/store/ticket_table.h"
#include "policy/ticket_text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Number of the account, 0 if there is none: the decision says so. */
static int
find_account(struct store_db *db, const char *text, struct field_error *error, int64_t *ret_number)
{
	struct account account;
	char id[ACCOUNT_ID_SIZE];
	int r;

	*ret_number = 0;
	r = account_id_parse(&store_db_settings(db)->facility, text, id, error);
	if (r < 0)
		return r;
	r = account_find(db, id, &account);
	if (r == 0)
		*ret_number = account.number;
	return r == -ENOENT ? 0 : r;
}

static int
find_terminal(struct store_db *db, const char *name, int64_t *ret_number)
{
	struct terminal terminal = {0};
	int r;

	*ret_number = 0;
	r = terminal_find(db, name, &terminal);
	if (r == 0)
		*ret_number = terminal.number;
	terminal_done(&terminal);
	return r == -ENOENT ? 0 : r;
}

static int
read_request(struct store_db *db, const struct ticket_request *request, struct ticket *ticket,
	struct device_evidence *device, struct field_error *error)
{
	int r;

	r = find_account(db, request->account, error, &ticket->account);
	if (r == 0)
		r = find_terminal(db, request->terminal, &ticket->terminal);
	if (r < 0)
		return r;
	if (request->mac != NULL) {
		r = mac_parse(request->mac, &device->mac, error);
		if (r < 0) {
			error->field = "mac";
			return r;
		}
		device->known = true;
		mac_format(&device->mac, ticket->mac);
	}
	if (request->source != NULL && source_canonical(request->source, ticket->source) < 0)
		return field_error_set(
			error, "source", request->source, "an IPv4 or IPv6 address", "192.0.2.17");
	return 0;
}

static int
record_issue(struct store_db *db, const struct ticket_request *request, const struct ticket *ticket,
	const struct gathered_facts *gathered)
{
	json_t *after = json_object();
	int r;

	(void)json_object_set_new(after, "handle", json_string(ticket->handle));
	(void)json_object_set_new(after, "terminal", json_string(gathered->terminal.name));
	if (ticket->mac[0] != '\0')
		(void)json_object_set_new(after, "mac", json_string(ticket->mac));
	if (ticket->source[0] != '\0')
		(void)json_object_set_new(after, "source", json_string(ticket->source));
	r = admin_event(
		db, request->actor, "ticket.issue", gathered->account.id, NULL, after, NULL);
	json_decref(after);
	return r;
}

static int64_t
window_soon(const struct store_db *db, const struct policy_facts *facts)
{
	int64_t soon_us = (int64_t)store_db_settings(db)->window_warning_ms * 1000;
	int64_t change = windows_change(facts->windows, facts->window_count, facts->now_us);

	return change != WINDOW_NEVER && change - facts->now_us <= soon_us ? change : 0;
}

static int
make_ticket(struct store_db *db, const struct ticket_request *request, struct ticket *ticket,
	const struct gathered_facts *gathered, struct ticket_answer *answer)
{
	uint32_t life_ms = store_db_settings(db)->ticket_ms;
	int r;

	r = ticket_text_make(ticket->handle, answer->secret);
	if (r < 0)
		return r;
	ticket_secret_hash(answer->secret, ticket->secret_hash);
	ticket->dead_at_ms = clock_boottime_ms() + life_ms;
	r = ticket_insert(db, ticket, request->actor);
	if (r == 0)
		r = ticket_forget_old(db);
	if (r == 0)
		r = record_issue(db, request, ticket, gathered);
	answer->closes_us = window_soon(db, &gathered->facts);
	memcpy(answer->handle, ticket->handle, sizeof(answer->handle));
	answer->expires_us = store_db_now(db) + (int64_t)life_ms * 1000;
	answer->recorded = gathered->terminal.recording != TERMINAL_RECORDING_OFF;
	answer->four_eyes = gathered->terminal.four_eyes;
	answer->rights = gathered->terminal.rights & ~gathered->account.denied_rights;
	return r;
}

static int
decide_and_make(struct store_db *db, const struct ticket_request *request, struct ticket *ticket,
	struct gathered_facts *gathered, struct ticket_answer *answer)
{
	struct policy_verdict verdict;

	memcpy(answer->account, gathered->account.id, sizeof(answer->account));
	memcpy(answer->terminal, gathered->terminal.name, sizeof(answer->terminal));
	account_id_full(
		&store_db_settings(db)->facility, gathered->account.id, answer->account_full);
	policy_decide(&gathered->facts, &verdict);
	if (!verdict.allowed) {
		answer->reason = verdict.reason;
		answer->rule = verdict.rule->name;
		return verdict.reason == CLOSE_TERMINAL_FULL
			       ? session_holders(db, ticket->terminal, answer->holders,
					 sizeof(answer->holders))
			       : 0;
	}
	return make_ticket(db, request, ticket, gathered, answer);
}

int
ticket_issue(
	struct store_db *db, const struct ticket_request *request, struct ticket_answer *ret_answer)
{
	struct device_evidence device = {0};
	struct gathered_facts gathered;
	struct ticket ticket = {0};
	int r;

	*ret_answer = (struct ticket_answer){0};
	r = read_request(db, request, &ticket, &device, &ret_answer->error);
	if (r < 0)
		return r;
	r = facts_gather(
		db, ticket.account, ticket.terminal, MOMENT_ISSUE, &device, NULL, &gathered);
	if (r == 0)
		r = decide_and_make(db, request, &ticket, &gathered, ret_answer);
	gathered_facts_done(&gathered);
	return r;
}
