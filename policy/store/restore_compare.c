/* What a restore would change; see restore.h. */
#include "policy/store/restore.h"

#include "policy/store/database.h"
#include "policy/store/event_table.h"
#include "policy/store/memory.h"
#include "policy/store/sql.h"

#include <errno.h>
#include <string.h>

const char *
restore_log_name(enum restore_log log)
{
	static const char *const names[] = {
		[RESTORE_LOG_SAME] = "same",
		[RESTORE_LOG_CONTINUES] = "continues",
		[RESTORE_LOG_OTHER] = "other",
	};

	return names[log];
}

static int
read_numbers(struct store_db *db, struct restore_numbers *ret_numbers)
{
	int r;

	*ret_numbers = (struct restore_numbers){0};
	r = sql_number(db, &ret_numbers->accounts, "SELECT count(*) FROM account", "");
	if (r >= 0)
		r = sql_number(db, &ret_numbers->terminals, "SELECT count(*) FROM terminal", "");
	if (r >= 0)
		r = sql_number(db, &ret_numbers->vendors, "SELECT count(*) FROM vendor", "");
	if (r >= 0)
		r = sql_number(db, &ret_numbers->newest_us,
			"SELECT coalesce(max(newest), 0) FROM ("
			"SELECT max(updated) AS newest FROM account "
			"UNION ALL SELECT max(updated) FROM terminal "
			"UNION ALL SELECT max(updated) FROM vendor) AS all_of_them",
			"");
	return r < 0 ? r : 0;
}

/* Whether this event stands in a log. 1, 0 or a negative errno. */
static int
log_holds(struct store_db *db, const struct chain_event *event)
{
	uint8_t hash[CHAIN_HASH_BYTES];
	sqlite3_stmt *row;
	int r;

	if (event->id == 0)
		return 1;
	r = sql_ask(db, &row, "SELECT hash FROM event WHERE id = ?", "i", event->id);
	if (r == 0)
		r = sql_next(row);
	if (r <= 0)
		return r;
	sql_column_bytes(row, 0, hash, sizeof(hash));
	sql_end(row);
	return memcmp(hash, event->hash, sizeof(hash)) == 0;
}

static int
compare_logs(struct store_db *live, struct store_db *scratch, const struct chain_event *head,
	struct restore_plan *plan)
{
	int r;

	r = event_head(live, &plan->head);
	if (r == -ENOENT)
		plan->head = (struct chain_event){0};
	else if (r < 0)
		return r;
	r = log_holds(live, head);
	if (r < 0)
		return r;
	plan->log = RESTORE_LOG_SAME;
	if (r == 1)
		return 0;
	r = log_holds(scratch, &plan->head);
	if (r >= 0)
		plan->log = r == 1 ? RESTORE_LOG_CONTINUES : RESTORE_LOG_OTHER;
	return r < 0 ? r : 0;
}

/* Rows of two databases side by side, in the order of their numbers. */
struct side {
	sqlite3_stmt *row;
	int more; /* 1, 0 or a negative errno, as sql_next says */
	int64_t number;
	bool marked;
};

static void
side_next(struct side *side)
{
	side->more = sql_next(side->row);
	if (side->more <= 0)
		return;
	side->number = sql_column_number(side->row, 0);
	side->marked = sql_column_number(side->row, 1) != 0;
}

struct differences {
	int64_t gone;
	int64_t back;
	int64_t unmarked;
};

/* `sql` gives number and mark, in the order of the numbers. */
static int
compare_rows(struct store_db *live, struct store_db *scratch, const char *sql,
	struct differences *ret_differences)
{
	struct side now, then;
	int r;

	*ret_differences = (struct differences){0};
	r = sql_ask(live, &now.row, sql, "");
	if (r < 0)
		return r;
	r = sql_ask(scratch, &then.row, sql, "");
	if (r < 0) {
		sql_end(now.row);
		return r;
	}
	side_next(&now);
	side_next(&then);
	while (now.more >= 0 && then.more >= 0 && now.more + then.more > 0) {
		if (then.more == 0 || (now.more == 1 && now.number < then.number)) {
			ret_differences->gone++;
			side_next(&now);
		} else if (now.more == 0 || then.number < now.number) {
			ret_differences->back++;
			side_next(&then);
		} else {
			ret_differences->unmarked += now.marked && !then.marked;
			side_next(&now);
			side_next(&then);
		}
	}
	if (now.more > 0)
		sql_end(now.row);
	if (then.more > 0)
		sql_end(then.row);
	return now.more < 0 ? now.more : then.more < 0 ? then.more : 0;
}

int
restore_compare(struct store_db *live, struct store_db *scratch, const struct chain_event *head,
	struct restore_plan *ret_plan)
{
	struct restore_plan plan = {0};
	struct differences accounts, terminals;
	unsigned long failures = memory_failures();
	int r;

	r = compare_logs(live, scratch, head, &plan);
	if (r == 0)
		r = read_numbers(live, &plan.now);
	if (r == 0)
		r = read_numbers(scratch, &plan.then);
	if (r == 0)
		r = compare_rows(live, scratch,
			"SELECT number, locked FROM account ORDER BY number", &accounts);
	if (r == 0)
		r = compare_rows(live, scratch, "SELECT number, 0 FROM terminal ORDER BY number",
			&terminals);
	if (r == 0)
		r = sql_number(live, &plan.sessions,
			"SELECT count(*) FROM session WHERE state = 'active'", "");
	if (r >= 0 && memory_failures() != failures)
		r = -ENOMEM;
	if (r < 0)
		return r;
	plan.accounts_gone = accounts.gone;
	plan.accounts_back = accounts.back;
	plan.accounts_unlocked = accounts.unmarked;
	plan.terminals_gone = terminals.gone;
	plan.terminals_back = terminals.back;
	*ret_plan = plan;
	return 0;
}
