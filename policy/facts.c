/* Facts for a decision; see facts.h. */
#include "policy/facts.h"

#include "policy/store/account_table.h"
#include "policy/store/assignment_table.h"
#include "policy/store/session_table.h"
#include "policy/store/store.h"
#include "policy/store/terminal_table.h"
#include "policy/store/vendor_table.h"
#include "policy/store/window_table.h"
#include "policy/stored_credential.h"

#include <errno.h>
#include <stdlib.h>

static void
copy_account(struct gathered_facts *gathered)
{
	const struct account *account = &gathered->account;
	struct policy_facts *facts = &gathered->facts;

	facts->account_known = true;
	facts->account_locked = account->locked;
	facts->kind = account->kind;
	facts->valid_from = account->valid_from;
	facts->valid_until = account->valid_until;
	facts->hours = account->hours;
	facts->allowlist_enforced = account->allowlist_enforced;
	facts->macs = account->macs;
	facts->mac_count = account->mac_count;
	facts->account_sessions_most = account->max_sessions;
}

static int
gather_account(struct store_db *db, int64_t number, const uint8_t *without,
	struct gathered_facts *gathered)
{
	int64_t sessions = 0;
	int r;

	r = account_load(db, number, &gathered->account);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	copy_account(gathered);
	if (gathered->account.max_sessions > 0)
		r = session_count_of_account(db, number, without, &sessions);
	if (r < 0)
		return r;
	gathered->facts.account_sessions = (uint32_t)sessions;
	return vendor_suspends(db, number, &gathered->facts.vendor_suspended);
}

/* The terminal's own, or what is set for all. */
static int64_t
minutes_us(int32_t minutes, uint32_t set_ms)
{
	return minutes == TERMINAL_AS_SET ? (int64_t)set_ms * 1000
					  : (int64_t)minutes * 60 * 1000000;
}

static int
gather_terminal(struct store_db *db, int64_t number, int64_t account, const uint8_t *without,
	struct gathered_facts *gathered)
{
	struct policy_facts *facts = &gathered->facts;
	int64_t sessions = 0;
	int r;

	r = terminal_load(db, number, &gathered->terminal);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	facts->terminal_known = true;
	facts->terminal_in_service = gathered->terminal.in_service;
	facts->attendance_required = gathered->terminal.attendance_required;
	facts->certificate_trusted = gathered->terminal.trust != TERMINAL_TRUST_NONE;
	facts->recording_required = terminal_must_be_recorded(
		gathered->terminal.recording, gathered->terminal.four_eyes);
	facts->idle_most_us =
		minutes_us(gathered->terminal.idle_minutes, store_db_settings(db)->idle_ms);
	facts->longest_us =
		minutes_us(gathered->terminal.longest_minutes, store_db_settings(db)->longest_ms);
	facts->terminal_capacity = gathered->terminal.capacity;
	r = assignment_exists(db, account, number, &facts->terminal_assigned);
	if (r == 0 && facts->moment != MOMENT_RUNNING)
		r = stored_credential_state(db, &gathered->terminal, gathered->terminal.credentials,
			&facts->credential);
	if (r < 0)
		return r;
	r = windows_load(db, number, &gathered->windows, &facts->window_count);
	if (r < 0)
		return r;
	facts->windows = gathered->windows;
	if (facts->terminal_capacity > 0)
		r = session_count_on_terminal(db, number, without, &sessions);
	facts->terminal_sessions = (uint32_t)sessions;
	return r;
}

int
facts_gather(struct store_db *db, int64_t account, int64_t terminal, enum policy_moment moment,
	const struct device_evidence *device, const uint8_t *without,
	struct gathered_facts *ret_facts)
{
	struct policy_facts *facts = &ret_facts->facts;
	int r;

	*ret_facts = (struct gathered_facts){0};
	facts->moment = moment;
	facts->now_us = store_db_now(db);
	civil_from_instant(facts->now_us, &facts->now);
	facts->hours_end_disconnects = store_db_settings(db)->hours_end_disconnects;
	facts->recording_keys = store_db_settings(db)->recording_keys;
	facts->device_known = device->known;
	facts->device = device->mac;
	r = gather_account(db, account, without, ret_facts);
	return r < 0 ? r : gather_terminal(db, terminal, account, without, ret_facts);
}

int
facts_gather_running(struct store_db *db, const struct session_record *session,
	int64_t idle_since_us, struct gathered_facts *ret_facts)
{
	int r = facts_gather(db, session->account, session->terminal, MOMENT_RUNNING,
		&session->device, session->id, ret_facts);

	ret_facts->facts.attended = session->attendance.given;
	ret_facts->facts.started_us = session->started_us;
	ret_facts->facts.idle_since_us = idle_since_us;
	return r;
}

void
gathered_facts_done(struct gathered_facts *facts)
{
	terminal_done(&facts->terminal);
	free(facts->windows);
	facts->windows = NULL;
}
