/* The decision; see decide.h. One small function per rule; the order is that of rules.def. */
#include "policy/decide.h"

#include "base/cleanup.h"

static bool
account_known(const struct policy_facts *facts)
{
	return facts->account_known;
}

static bool
account_not_locked(const struct policy_facts *facts)
{
	return !facts->account_locked;
}

static bool
account_is_engineer(const struct policy_facts *facts)
{
	return facts->kind == ACCOUNT_ENGINEER;
}

static bool
vendor_is_active(const struct policy_facts *facts)
{
	return !facts->vendor_suspended;
}

static bool
validity_has_begun(const struct policy_facts *facts)
{
	return civil_date_compare(facts->now.date, facts->valid_from) >= 0;
}

static bool
validity_has_not_ended(const struct policy_facts *facts)
{
	return civil_date_compare(facts->now.date, facts->valid_until) <= 0;
}

static bool
inside_hours(const struct policy_facts *facts)
{
	if (facts->moment == MOMENT_RUNNING && !facts->hours_end_disconnects)
		return true;
	return account_hours_contain(&facts->hours, facts->now.minute);
}

static bool
device_known(const struct policy_facts *facts)
{
	return !facts->allowlist_enforced || facts->device_known;
}

static bool
device_listed(const struct policy_facts *facts)
{
	if (!facts->allowlist_enforced)
		return true;
	/* No device is vouched for at ISSUE: it will be looked at when it comes, if any could do. */
	if (!facts->device_known)
		return facts->mac_count > 0;
	for (size_t i = 0; i < facts->mac_count; i++)
		if (mac_equal(&facts->macs[i], &facts->device))
			return true;
	return false;
}

static bool
terminal_known(const struct policy_facts *facts)
{
	return facts->terminal_known;
}

static bool
terminal_assigned(const struct policy_facts *facts)
{
	return facts->terminal_assigned;
}

static bool
terminal_in_service(const struct policy_facts *facts)
{
	return facts->terminal_in_service;
}

static bool
terminal_is_open(const struct policy_facts *facts)
{
	return windows_covering(facts->windows, facts->window_count, facts->now_us) == NULL;
}

static bool
recording_has_keys(const struct policy_facts *facts)
{
	return !facts->recording_required || facts->recording_keys;
}

static bool
session_is_in_use(const struct policy_facts *facts)
{
	return facts->idle_most_us == 0 || facts->idle_since_us == 0 ||
	       facts->now_us - facts->idle_since_us < facts->idle_most_us;
}

static bool
session_is_short_enough(const struct policy_facts *facts)
{
	return facts->longest_us == 0 || facts->started_us == 0 ||
	       facts->now_us - facts->started_us < facts->longest_us;
}

static bool
attended(const struct policy_facts *facts)
{
	return !facts->attendance_required || facts->attended;
}

static bool
certificate_is_trusted(const struct policy_facts *facts)
{
	return facts->certificate_trusted;
}

static bool
credential_stored(const struct policy_facts *facts)
{
	return facts->credential != CREDENTIAL_MISSING;
}

static bool
credential_is_for_here(const struct policy_facts *facts)
{
	return facts->credential != CREDENTIAL_ELSEWHERE;
}

static bool
credential_opens(const struct policy_facts *facts)
{
	return facts->credential != CREDENTIAL_SEALED;
}

static bool
account_has_room(const struct policy_facts *facts)
{
	return facts->account_sessions_most == 0 ||
	       facts->account_sessions < facts->account_sessions_most;
}

static bool
terminal_has_room(const struct policy_facts *facts)
{
	return facts->terminal_capacity == 0 || facts->terminal_sessions < facts->terminal_capacity;
}

#define SIGN_IN MOMENT_SIGN_IN
#define ISSUE MOMENT_ISSUE
#define REDEEM MOMENT_REDEEM
#define RUNNING MOMENT_RUNNING

static const struct policy_rule rules[] = {
#define RULE(name_, function, moments_, reason_, about, found, change) \
	{.name = (name_), .allows = (function), .moments = (moments_), .reason = CLOSE_##reason_},
#include "policy/rules.def"
#undef RULE
};

void
policy_decide(const struct policy_facts *facts, struct policy_verdict *ret_verdict)
{
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		if ((rules[i].moments & facts->moment) == 0 || rules[i].allows(facts))
			continue;
		*ret_verdict = (struct policy_verdict){
			.allowed = false, .rule = &rules[i], .reason = rules[i].reason};
		return;
	}
	*ret_verdict = (struct policy_verdict){.allowed = true, .reason = CLOSE_NONE};
}

const struct policy_rule *
policy_rules(size_t *ret_count)
{
	*ret_count = ARRAY_SIZE(rules);
	return rules;
}
