/* See bridge_rules.h. */
#include "relay/bridge_rules.h"

#define BEFORE WHEN_BEFORE... WHEN_BEFORE
#define AFTER WHEN_AFTER... WHEN_AFTER
#define REACTIVATING WHEN_REACTIVATING... WHEN_REACTIVATING
#define LOOKING WHEN_LOOKING... WHEN_LOOKING
#define PAUSED WHEN_PAUSED... WHEN_PAUSED
#define ALWAYS WHEN_BEFORE... WHEN_PAUSED
#define LAST(reason) PASS_AS_LAST, CLOSE_##reason
#define END(reason) END_SESSION, CLOSE_##reason
static const struct rule rules[SIDE_COUNT][WHEN_COUNT][KIND_COUNT] = {
#define RULE(from, kind, when, ...) [SIDE_##from][when][KIND_##kind] = {__VA_ARGS__},
#include "relay/bridge_rules.def"
#undef RULE
};
#undef BEFORE
#undef AFTER
#undef REACTIVATING
#undef LOOKING
#undef PAUSED
#undef ALWAYS
#undef LAST
#undef END

/* What no row names. */
static const enum close_reason refusals[SIDE_COUNT] = {
	[SIDE_CLIENT] = CLOSE_CLIENT_BAD_PDU,
	[SIDE_HOST] = CLOSE_HOST_BAD_PDU,
	[SIDE_GREETER] = CLOSE_GREETER_FAULT,
};

const struct rule *
bridge_rule(enum side sender, enum rule_when when, enum bridge_kind kind)
{
	return &rules[sender][when][kind];
}

enum close_reason
bridge_refusal(enum side sender)
{
	return refusals[sender];
}
