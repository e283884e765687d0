/* Stock-taking (棚卸し, A17): what is remarkable about an account. Pure. */
#ifndef POLICY_REVIEW_H
#define POLICY_REVIEW_H

#include "policy/accounts.h"

#include <stdbool.h>
#include <stdint.h>

#define REVIEW_DAYS_MAX 3650
#define REVIEW_UNUSED_DAYS 90
#define REVIEW_ENDING_DAYS 30

enum review_finding {
#define FINDING(name, text, function) FINDING_##name,
#include "policy/findings.def"
#undef FINDING
	FINDING_COUNT,
};

const char *review_finding_name(enum review_finding finding); /* "never-used" */

struct review_facts {
	enum account_kind kind;
	struct civil_date valid_from;
	struct civil_date valid_until; /* inclusive */
	bool locked;
	bool protected;
	bool allowlist_enforced;
	int64_t macs;
	int64_t terminals;
	int64_t last_session_us; /* 0: none ever */
	int64_t created_us;
};

struct review_question {
	struct civil_date today;
	int64_t now_us;
	int64_t unused_days;
	int64_t ending_days;
};

/* Bits 1u << enum review_finding. */
unsigned review_findings(const struct review_facts *facts, const struct review_question *question);

#endif
