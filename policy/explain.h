/* Why somebody can or cannot connect: the decision replayed, rule by rule, with what each rule found and when time
 * alone will turn its answer. Pure but for the zone of the process (policy/civil.h).
 *
 * What a rule has to say stands beside it in rules.def; the functions are in explain_rules.c.
 */
#ifndef POLICY_EXPLAIN_H
#define POLICY_EXPLAIN_H

#include "base/sentence.h"
#include "policy/decide.h"

#define EXPLAIN_RULES_MOST 32
#define EXPLAIN_NEVER INT64_MAX

enum explain_moment {
	EXPLAIN_SIGN_IN,
	EXPLAIN_ISSUE,
	EXPLAIN_REDEEM,
	EXPLAIN_RUNNING,
	EXPLAIN_MOMENTS
};

enum explain_answer {
	EXPLAIN_NOT_ASKED,
	EXPLAIN_ALLOWS,
	EXPLAIN_REFUSES,
};

struct explain_question {
	int64_t at_us;
	struct policy_facts facts; /* moment and now are set by policy_explain */
	bool device_assumed;       /* nobody named a device: this is the first of the account's */
	const char *account;       /* as people know them */
	const char *terminal;
	const char *holders; /* of the terminal's sessions, or NULL */
};

/* What a rule has found: a sentence, and the names of its values ("hours now"; a name that begins with # is that
 * of a number). */
struct explain_found {
	struct sentence sentence; /* format NULL: there is nothing to look at */
	const char *names;
};

struct explained_rule {
	const struct policy_rule *rule;
	enum explain_answer answers[EXPLAIN_MOMENTS];
	enum explain_answer new_connection; /* of ISSUE and REDEEM together */
	struct explain_found found;
	int64_t change_us; /* when the answer to a new connection turns; EXPLAIN_NEVER: not by itself */
};

struct explanation {
	struct explained_rule rules[EXPLAIN_RULES_MOST];
	size_t count;
	struct policy_verdict verdicts[EXPLAIN_MOMENTS];
	bool allowed;                 /* a new connection: a ticket, and its use */
	const struct policy_rule *by; /* the first that refuses it; NULL when allowed */
	int64_t change_us;            /* when that turns; EXPLAIN_NEVER: not by itself */
};

void policy_explain(const struct explain_question *question, struct explanation *ret_explanation);

/* Of a session that runs at the question's instant: when it ends if nobody changes anything, and by which rule; EXPLAIN_NEVER:
 * not by itself. */
int64_t policy_ends(const struct explain_question *question, const struct policy_rule **ret_rule);

/* What the columns of rules.def name. */
typedef void explain_found_function(
	const struct explain_question *question, bool allows, struct explain_found *found);
typedef int64_t explain_change_function(const struct explain_question *question);

enum explain_about {
	EXPLAIN_ABOUT_NOTHING = 0,
	EXPLAIN_ABOUT_ACCOUNT = 1,
	EXPLAIN_ABOUT_TERMINAL = 2,
	EXPLAIN_ABOUT_BOTH = 3,
};

struct explain_row {
	enum explain_about about;
	explain_found_function *found;
	explain_change_function *change; /* NULL: never */
};

/* Of the rule with this number in rules.def. */
const struct explain_row *explain_row(size_t rule);

#endif
