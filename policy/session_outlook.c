/* See session_outlook.h. */
#include "policy/session_outlook.h"

#include "policy/explain.h"
#include "policy/facts.h"
#include "policy/store/session_table.h"

#include <errno.h>
#include <string.h>

static void
look_ahead(const struct policy_facts *facts, struct session_outlook *outlook)
{
	const struct explain_question question = {.at_us = facts->now_us, .facts = *facts};
	const struct policy_rule *rule;
	int64_t ends_us = policy_ends(&question, &rule);

	if (ends_us == EXPLAIN_NEVER)
		return;
	outlook->ends_us = ends_us;
	outlook->ends_by = rule->name;
}

static int
look(struct store_db *db, struct session_outlook *outlook, bool ahead)
{
	struct session_record session;
	struct gathered_facts gathered;
	struct policy_verdict verdict;
	int r;

	outlook->reason = CLOSE_NONE;
	outlook->rule = outlook->ends_by = NULL;
	outlook->ends_us = 0;
	r = session_load(db, outlook->session, &session);
	if (r == -ENOENT || (r == 0 && strcmp(session.state, "active") != 0))
		return 0;
	if (r < 0)
		return r;
	r = facts_gather_running(db, &session, outlook->idle_since_us, &gathered);
	if (r == 0) {
		policy_decide(&gathered.facts, &verdict);
		outlook->reason = verdict.reason;
		outlook->rule = verdict.allowed ? NULL : verdict.rule->name;
		if (ahead)
			look_ahead(&gathered.facts, outlook);
	}
	gathered_facts_done(&gathered);
	return r;
}

static int
look_at_each(struct store_db *db, struct session_outlook *outlooks, size_t count, bool ahead)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i++)
		r = look(db, &outlooks[i], ahead);
	return r;
}

int
session_outlooks_now(struct store_db *db, struct session_outlook *outlooks, size_t count)
{
	return look_at_each(db, outlooks, count, false);
}

int
session_outlooks(struct store_db *db, struct session_outlook *outlooks, size_t count)
{
	return look_at_each(db, outlooks, count, true);
}
