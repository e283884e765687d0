/* The decision: may this account use this terminal now? Facts in, verdict out; no clock, no I/O.
 *
 * The rules are the rows of rules.def, asked in their order; the first that says no is the verdict.
 * A rule is asked only at the moments its row names:
 *
 *	SIGN_IN  the password was right; no terminal is chosen yet
 *	ISSUE    a ticket is about to be given out
 *	REDEEM   a client stands at the door with its ticket
 *	RUNNING  a session runs, and something it rests on has changed, or a minute has passed
 */
#ifndef POLICY_DECIDE_H
#define POLICY_DECIDE_H

#include "policy/accounts.h"
#include "policy/civil.h"
#include "policy/host_credentials.h"
#include "policy/windows.h"
#include "relay/close_reasons.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum policy_moment {
	MOMENT_ISSUE = 1u << 0,
	MOMENT_REDEEM = 1u << 1,
	MOMENT_RUNNING = 1u << 2,
	MOMENT_SIGN_IN = 1u << 3,
};

struct policy_facts {
	enum policy_moment moment;
	struct civil_time now; /* in the facility's zone */
	int64_t now_us;

	bool account_known;
	bool account_locked;
	enum account_kind kind;
	bool vendor_suspended; /* its vendor is; false without one */
	struct civil_date valid_from;
	struct civil_date valid_until; /* inclusive */
	struct account_hours hours;
	bool hours_end_disconnects;     /* a setting: A6 ends running sessions too */
	uint32_t account_sessions;      /* active ones, without this one */
	uint32_t account_sessions_most; /* 0: no limit */

	bool allowlist_enforced;
	const struct mac_address *macs; /* the account's; borrowed */
	size_t mac_count;
	bool device_known; /* there is evidence (E); at ISSUE only a vouched address */
	struct mac_address device;

	bool terminal_known;
	bool terminal_assigned;
	bool terminal_in_service;
	const struct window *windows; /* the terminal's and those of all; borrowed */
	size_t window_count;
	bool attendance_required;
	bool attended;
	int64_t started_us;               /* RUNNING: when the session began; 0: not known */
	int64_t longest_us;               /* how long it may last; 0: no limit */
	int64_t idle_since_us;            /* RUNNING: the client's last input; 0: not known */
	int64_t idle_most_us;             /* 0: no limit */
	bool certificate_trusted;         /* its pin or CA is stored; not looked at for RUNNING */
	enum credential_state credential; /* of the terminal; not looked at for RUNNING */
	bool recording_required;          /* of the terminal (oversight.h) */
	bool recording_keys;              /* a setting names at least one auditor's key */
	uint32_t terminal_sessions;       /* active ones, without this one */
	uint32_t terminal_capacity;       /* 0: no limit */
};

struct policy_rule {
	const char *name; /* "account-locked" */
	bool (*allows)(const struct policy_facts *facts);
	unsigned moments; /* set of enum policy_moment */
	enum close_reason reason;
};

struct policy_verdict {
	bool allowed;
	const struct policy_rule *rule; /* the one that refused; NULL when allowed */
	enum close_reason reason;       /* CLOSE_NONE when allowed */
};

void policy_decide(const struct policy_facts *facts, struct policy_verdict *ret_verdict);

/* The rules in their order, for `explain` and the tests. */
const struct policy_rule *policy_rules(size_t *ret_count);

#endif
