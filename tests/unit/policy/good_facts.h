/* A question that every rule answers with yes. */
#ifndef GOOD_FACTS_H
#define GOOD_FACTS_H

#include "policy/decide.h"

static const struct mac_address one_mac = {{2, 0, 0, 0, 0, 1}};
static const struct mac_address other_mac = {{2, 0, 0, 0, 0, 2}};

/* An engineer of November 2026, at any hour, whose device is known. */
static inline struct policy_facts
good_facts(void)
{
	return (struct policy_facts){
		.account_known = true,
		.kind = ACCOUNT_ENGINEER,
		.valid_from = {2026, 11, 1},
		.valid_until = {2026, 11, 30},
		.hours = {.always = true},
		.allowlist_enforced = true,
		.macs = &one_mac,
		.mac_count = 1,
		.device_known = true,
		.device = one_mac,
		.terminal_known = true,
		.terminal_assigned = true,
		.terminal_in_service = true,
		.certificate_trusted = true,
		.recording_keys = true,
	};
}

#endif
