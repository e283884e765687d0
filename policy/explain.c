/* The decision, replayed rule by rule; see explain.h. */
#include "policy/explain.h"

#include <assert.h>

/* Turns that are looked at before an answer is called one that never comes: each takes in a whole span of hours
 * or of validity. */
#define TURNS_MOST 16

/* Of hours whose end ends nothing there are two a day: what ends later than in a month need not be known today. */
#define ENDS_TURNS_MOST 64

static const enum policy_moment moments[EXPLAIN_MOMENTS] = {
	[EXPLAIN_SIGN_IN] = MOMENT_SIGN_IN,
	[EXPLAIN_ISSUE] = MOMENT_ISSUE,
	[EXPLAIN_REDEEM] = MOMENT_REDEEM,
	[EXPLAIN_RUNNING] = MOMENT_RUNNING,
};

static struct policy_facts
facts_at(const struct explain_question *question, enum explain_moment moment)
{
	struct policy_facts facts = question->facts;

	facts.moment = moments[moment];
	/* Nobody knows yet from where the ticket will be used. */
	if (moment == EXPLAIN_ISSUE)
		facts.device_known = false;
	return facts;
}

static void
set_time(struct explain_question *question, int64_t at_us)
{
	question->at_us = at_us;
	question->facts.now_us = at_us;
	civil_from_instant(at_us, &question->facts.now);
}

/* What does not exist has nothing to be asked about. */
static bool
has_subject(const struct explain_question *question, enum explain_about about)
{
	unsigned known = (question->facts.account_known ? EXPLAIN_ABOUT_ACCOUNT : 0u) |
			 (question->facts.terminal_known ? EXPLAIN_ABOUT_TERMINAL : 0u);

	return ((unsigned)about & ~known) == 0;
}

static enum explain_answer
ask(const struct explain_question *question, const struct policy_rule *rule,
	enum explain_moment moment)
{
	struct policy_facts facts = facts_at(question, moment);

	if ((rule->moments & moments[moment]) == 0)
		return EXPLAIN_NOT_ASKED;
	return rule->allows(&facts) ? EXPLAIN_ALLOWS : EXPLAIN_REFUSES;
}

/* A refusal counts more than a permission, and that more than no answer. */
static enum explain_answer
either(enum explain_answer one, enum explain_answer other)
{
	return one > other ? one : other;
}

static void
explain_rule(const struct explain_question *question, const struct policy_rule *rule,
	const struct explain_row *row, struct explained_rule *explained)
{
	*explained = (struct explained_rule){.rule = rule, .change_us = EXPLAIN_NEVER};
	if (!has_subject(question, row->about))
		return;
	for (int moment = 0; moment < EXPLAIN_MOMENTS; moment++)
		explained->answers[moment] = ask(question, rule, (enum explain_moment)moment);
	explained->new_connection =
		either(explained->answers[EXPLAIN_ISSUE], explained->answers[EXPLAIN_REDEEM]);
	row->found(question, explained->new_connection != EXPLAIN_REFUSES, &explained->found);
	if (row->change != NULL)
		explained->change_us = row->change(question);
}

static void
explain_rules(const struct explain_question *question, struct explanation *explanation)
{
	const struct policy_rule *rules = policy_rules(&explanation->count);

	assert(explanation->count <= EXPLAIN_RULES_MOST);
	for (size_t i = 0; i < explanation->count; i++)
		explain_rule(question, &rules[i], explain_row(i), &explanation->rules[i]);
}

/* Up to which instant the answer to a new connection certainly stays what it is: a refusal until the last of the
 * rules that refuse has turned, a permission until the first has. */
static int64_t
next_turn(const struct explain_question *question, bool *ret_allowed)
{
	const struct policy_rule *rules;
	int64_t first = EXPLAIN_NEVER, last = 0;
	size_t count;

	rules = policy_rules(&count);
	*ret_allowed = true;
	for (size_t i = 0; i < count; i++) {
		const struct explain_row *row = explain_row(i);
		int64_t change = EXPLAIN_NEVER;
		bool refuses;

		if (!has_subject(question, row->about))
			continue;
		refuses = either(ask(question, &rules[i], EXPLAIN_ISSUE),
				  ask(question, &rules[i], EXPLAIN_REDEEM)) == EXPLAIN_REFUSES;
		if (row->change != NULL)
			change = row->change(question);
		*ret_allowed = *ret_allowed && !refuses;
		if (refuses && change > last)
			last = change;
		if (!refuses && change < first)
			first = change;
	}
	return *ret_allowed ? first : last;
}

static int64_t
find_change(const struct explain_question *question)
{
	struct explain_question later = *question;
	bool allowed, allowed_now;
	int64_t turn = next_turn(&later, &allowed_now);

	for (int i = 0; i < TURNS_MOST && turn != EXPLAIN_NEVER; i++) {
		int64_t next;

		set_time(&later, turn);
		next = next_turn(&later, &allowed);
		if (allowed != allowed_now)
			return turn;
		turn = next;
	}
	return EXPLAIN_NEVER;
}

/* The first instant at which the answer of any rule may be another one. */
static int64_t
first_turn(const struct explain_question *question)
{
	const struct policy_rule *rules;
	int64_t first = EXPLAIN_NEVER;
	size_t count;

	rules = policy_rules(&count);
	for (size_t i = 0; i < count; i++) {
		const struct explain_row *row = explain_row(i);
		int64_t change = EXPLAIN_NEVER;

		if ((rules[i].moments & MOMENT_RUNNING) != 0 && row->change != NULL)
			change = row->change(question);
		if (change < first)
			first = change;
	}
	return first;
}

int64_t
policy_ends(const struct explain_question *question, const struct policy_rule **ret_rule)
{
	struct explain_question later = *question;
	int64_t turn = question->at_us;

	later.facts.moment = MOMENT_RUNNING;
	for (int i = 0; i < ENDS_TURNS_MOST && turn != EXPLAIN_NEVER; i++) {
		struct policy_verdict verdict;

		set_time(&later, turn);
		policy_decide(&later.facts, &verdict);
		*ret_rule = verdict.rule;
		if (!verdict.allowed)
			return turn;
		turn = first_turn(&later);
	}
	return EXPLAIN_NEVER;
}

void
policy_explain(const struct explain_question *question, struct explanation *ret_explanation)
{
	struct explain_question now = *question;
	struct explanation *explanation = ret_explanation;
	const struct policy_verdict *issue = &explanation->verdicts[EXPLAIN_ISSUE];
	const struct policy_verdict *redeem = &explanation->verdicts[EXPLAIN_REDEEM];

	set_time(&now, question->at_us);
	explain_rules(&now, explanation);
	for (int moment = 0; moment < EXPLAIN_MOMENTS; moment++) {
		struct policy_facts facts = facts_at(&now, (enum explain_moment)moment);

		policy_decide(&facts, &explanation->verdicts[moment]);
	}
	explanation->allowed = issue->allowed && redeem->allowed;
	explanation->by = !issue->allowed ? issue->rule : redeem->rule;
	explanation->change_us = find_change(&now);
}
