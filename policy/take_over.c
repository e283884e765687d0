/* See take_over.h. */
#include "policy/take_over.h"

#include "policy/facts.h"
#include "policy/store/assignment_table.h"
#include "policy/store/offer_table.h"
#include "policy/store/session_table.h"

#include <errno.h>

static int
find_place(struct store_db *db, int64_t account, int64_t terminal, bool may_take,
	struct take_over *view)
{
	int r = offer_holder(db, terminal, view->used_by);

	if (r < 0 || !may_take)
		return r;
	r = session_below(db, account, terminal, view->session);
	view->possible = r == 0;
	return r == -ENOENT ? 0 : r;
}

int
take_over_look(struct store_db *db, int64_t account, int64_t terminal,
	const struct device_evidence *device, struct take_over *ret_view)
{
	struct gathered_facts gathered;
	struct policy_verdict verdict;
	int r;

	*ret_view = (struct take_over){.reason = CLOSE_TERMINAL_FULL};
	r = facts_gather(db, account, terminal, MOMENT_REDEEM, device, NULL, &gathered);
	if (r == 0) {
		policy_decide(&gathered.facts, &verdict);
		ret_view->reason = verdict.reason;
		if (verdict.reason == CLOSE_TERMINAL_FULL)
			r = find_place(
				db, account, terminal, gathered.terminal.take_over, ret_view);
	}
	gathered_facts_done(&gathered);
	if (r == 0)
		r = assignment_priority(db, account, terminal, &ret_view->priority);
	return r == -ENOENT ? 0 : r;
}
