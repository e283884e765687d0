/* What may pass from where, and when: bridge_rules.def as a table. */
#ifndef RELAY_BRIDGE_RULES_H
#define RELAY_BRIDGE_RULES_H

#include "relay/connection.h"

#include <stdint.h>

enum bridge_kind {
	KIND_OTHER,
	KIND_FAST_PATH,
	KIND_CHANNEL,
	KIND_DENIED_CHANNEL,
	KIND_ULTIMATUM,
	KIND_LICENCE,
	KIND_DEMAND_ACTIVE,
	KIND_CONFIRM_ACTIVE,
	KIND_DEACTIVATE_ALL,
	KIND_DATA,
	KIND_INPUT, /* of a client, in a Data PDU; fast path is FAST_PATH */
	KIND_REDIRECTION,
	KIND_AUTODETECT_REQUEST,
	KIND_AUTODETECT_RESPONSE,
	KIND_HEARTBEAT,
	KIND_MULTITRANSPORT,
	KIND_COUNT,
};

enum rule_action {
	REFUSE, /* no row */
	PASS,
	DROP,
	PASS_AS_LAST,
	END_SESSION,
};

struct rule {
	uint8_t action;
	uint16_t reason; /* enum close_reason, of PASS_AS_LAST and END_SESSION */
};

/* Places in the table: has the first Demand Active passed, and does the client answer it? */
enum rule_when {
	WHEN_BEFORE,
	WHEN_AFTER,
	WHEN_REACTIVATING,
	WHEN_LOOKING,
	WHEN_PAUSED,
	WHEN_COUNT
};

/* The rule of a kind; action REFUSE if no row names it. */
const struct rule *bridge_rule(enum side sender, enum rule_when when, enum bridge_kind kind);

/* The reason where no row names what a side sends. */
enum close_reason bridge_refusal(enum side sender);

#endif
