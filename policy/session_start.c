/* See session_start.h. */
#include "policy/session_start.h"

#include "policy/record.h"
#include "policy/rights.h"
#include "policy/sign_in_standing.h"
#include "policy/store/account_table.h"
#include "policy/store/credential_table.h"
#include "policy/store/session_table.h"
#include "policy/store/store.h"
#include "policy/store/terminal_table.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

json_t *
session_device_json(const struct device_evidence *device)
{
	char text[MAC_TEXT_SIZE];

	if (!device->known)
		return json_null();
	mac_format(&device->mac, text);
	return json_string(text);
}

/* The refusal becomes an event; names stand in the grant as far as they are known. */
static int
record_refusal(struct store_db *db, const struct session_start *start)
{
	const struct session_grant *grant = start->grant;
	enum close_reason reason = grant->reason;
	const char *rule = grant->rule;
	char holders[SESSION_HOLDERS_SIZE] = "";
	json_t *payload;
	int r = reason == CLOSE_TERMINAL_FULL
			? session_holders(db, start->terminal, holders, sizeof(holders))
			: 0;

	if (r < 0)
		return r;
	payload = json_object();
	if (holders[0] != '\0')
		(void)json_object_set_new(payload, "held_by", json_string(holders));
	(void)json_object_set_new(payload, "reason", json_string(close_reason_row(reason)->name));
	(void)json_object_set_new(payload, "rule", rule != NULL ? json_string(rule) : json_null());
	(void)json_object_set_new(payload, "ticket", json_string(start->ticket));
	(void)json_object_set_new(payload, "account", json_string(grant->account));
	(void)json_object_set_new(payload, "name", json_string(grant->account_name));
	(void)json_object_set_new(payload, "terminal", json_string(grant->terminal.name));
	(void)json_object_set_new(payload, "source", json_string(start->source));
	(void)json_object_set_new(payload, "device", session_device_json(&grant->device));
	(void)json_object_set_new(payload, "evidence", json_string(grant->device.kind));
	return record_event(db, EVENT_KIND_SESSION_REFUSED, payload, NULL);
}

int
session_start_login(struct store_db *db, const struct session_start *start)
{
	const struct session_grant *grant = start->grant;
	const struct login login = {
		.application = "RDP",
		.account = grant->account,
		.name = grant->account_name,
		.source = start->source,
		.reason =
			grant->reason == CLOSE_NONE ? NULL : close_reason_row(grant->reason)->name,
		.logging = start->logging,
	};

	return login_record(db, &login);
}

int
session_start_refuse(struct store_db *db, struct session_start *start, enum close_reason reason,
	const char *rule, bool recorded)
{
	int r;

	start->grant->reason = reason;
	start->grant->rule = rule;
	r = session_start_login(db, start);
	return r < 0 || !recorded ? r : record_refusal(db, start);
}

static void
name_account(struct store_db *db, struct session_start *start)
{
	const struct account *account = &start->gathered.account;
	struct session_grant *grant = start->grant;

	memcpy(grant->account, account->id, sizeof(grant->account));
	if (!start->gathered.facts.account_known)
		return;
	account_id_full(&store_db_settings(db)->facility, account->id, grant->account_full);
	snprintf(grant->account_name, sizeof(grant->account_name), "%s %s", account->family_name,
		account->given_name);
	grant->allowlist_off = !start->gathered.facts.allowlist_enforced;
}

int
session_start_gather(struct store_db *db, struct session_start *start, enum policy_moment moment,
	const uint8_t *session)
{
	struct session_grant *grant = start->grant;
	int r;

	r = facts_gather(db, start->account, start->terminal, moment, &grant->device, session,
		&start->gathered);
	if (r < 0)
		return r;
	start->gathered.facts.attended = grant->attendance.given;
	grant->account_number = start->account;
	grant->terminal_number = start->terminal;
	name_account(db, start);
	/* The grant owns the terminal from now on. */
	grant->terminal = start->gathered.terminal;
	start->gathered.terminal.ca_bundle = NULL;
	/* Of terminal and account the narrower wins (B8), and consent narrows further (C7). */
	grant->terminal.rights &= ~start->gathered.account.denied_rights;
	if (grant->attendance.given && !grant->attendance.files)
		grant->terminal.rights &= ~session_rights_of_files();
	if (grant->attendance.given && !grant->attendance.control)
		grant->terminal.rights =
			(grant->terminal.rights & ~session_rights_of_control()) | SESSION_LOOK_ONLY;
	return 0;
}

int
session_start_credentials(struct store_db *db, struct session_start *start)
{
	struct host_credentials *credentials = &start->grant->credentials;
	struct stored_credential stored;
	int r;

	credentials->mode = start->grant->terminal.credentials;
	if (credentials->mode != CREDENTIALS_INJECTED)
		return 0;
	r = credential_load(db, start->terminal, &stored);
	return r < 0 ? r
		     : stored_credential_open(db, &stored, &start->grant->terminal, credentials);
}

/* Everybody who gets in has shown who they are; from where that was, a password may come from then on. */
static int
note_use(struct store_db *db, const struct session_start *start)
{
	int r;

	r = account_set_last_session(db, start->account);
	if (r == 0)
		r = terminal_set_last_session(db, start->terminal);
	return r < 0 ? r : sign_in_network_known(db, start->account, start->source);
}

int
session_start_insert(struct store_db *db, struct session_start *start)
{
	struct session_grant *grant = start->grant;
	struct session_record record = {
		.account = start->account,
		.terminal = start->terminal,
		.device = grant->device,
		.allowlist_off = grant->allowlist_off,
		.connection = (int64_t)start->connection,
		.attendance = grant->attendance,
	};
	int r;

	if (getrandom(record.id, sizeof(record.id), 0) != (ssize_t)sizeof(record.id))
		return -EIO;
	snprintf(record.ticket, sizeof(record.ticket), "%s", start->ticket);
	memcpy(record.account_id, grant->account, sizeof(record.account_id));
	memcpy(record.account_full, grant->account_full, sizeof(record.account_full));
	memcpy(record.account_name, grant->account_name, sizeof(record.account_name));
	memcpy(record.terminal_name, grant->terminal.name, sizeof(record.terminal_name));
	memcpy(record.source, start->source, sizeof(record.source));
	r = session_insert(db, &record);
	if (r == 0)
		r = note_use(db, start);
	if (r == 0)
		r = record_session(db, EVENT_KIND_SESSION_START, record.id);
	memcpy(grant->session, record.id, sizeof(grant->session));
	grant->started_us = record.started_us;
	return r < 0 ? r : session_start_login(db, start);
}
