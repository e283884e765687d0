/* Lists of terminals; see terminal_list.h. */
#include "policy/store/terminal_list.h"

#include "policy/store/sql.h"
#include "policy/store/terminal_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* As terminal_state() in method_objects.c says it. */
#define STATE                                                                    \
	"CASE WHEN in_service = 0 THEN 'out-of-service' WHEN reachable IS NULL " \
	"THEN 'unknown' WHEN reachable = 1 THEN 'reachable' ELSE 'unreachable' END"

#define SEARCHED "name || char(10) || address || char(10) || note"

#define FILTERED                                                                    \
	" FROM terminal LEFT JOIN terminal_health "                                 \
	"ON terminal_health.terminal = terminal.number "                            \
	"WHERE (? IS NULL OR instr(lower(" SEARCHED "), lower(?)) > 0) "            \
	"AND (? = 0 OR EXISTS (SELECT 1 FROM assignment "                           \
	"WHERE assignment.terminal = terminal.number AND assignment.account = ?)) " \
	"AND (? IS NULL OR " STATE " = ?) "                                         \
	"AND (? = 0 OR (in_service = 1 AND coalesce(warnings, '') <> '')) "         \
	"AND (? IS NULL OR EXISTS (SELECT 1 FROM terminal_right AS granted "        \
	"WHERE granted.terminal = terminal.number AND granted.name = ?)) "          \
	"AND (? IS NULL OR relay = ?) AND (? IS NULL OR recording = ?) "            \
	"AND (? = 0 OR four_eyes = 1)"
#define FILTER_BINDS "ttiittitttttti"
#define FILTER_VALUES                                                                    \
	filter->search, filter->search, filter->account, filter->account, filter->state, \
		filter->state, (int64_t)filter->warned, filter->right, filter->right,    \
		filter->relay, filter->relay, filter->recording, filter->recording,      \
		(int64_t)filter->four_eyes

#define ASSIGNED "(SELECT count(*) FROM assignment WHERE assignment.terminal = terminal.number)"
#define PAGE " LIMIT ? OFFSET ?"
#define SORT(name, by)                                                                  \
	{                                                                               \
		name, "SELECT number" FILTERED " ORDER BY " by ", name_key" PAGE,       \
			"SELECT number" FILTERED " ORDER BY " by " DESC, name_key" PAGE \
	}

static const struct sort {
	const char *name;
	const char *up, *down;
} sorts[] = {
	{"name", "SELECT number" FILTERED " ORDER BY name_key" PAGE,
		"SELECT number" FILTERED " ORDER BY name_key DESC" PAGE},
	SORT("accounts", ASSIGNED),
	SORT("address", "lower(address)"),
	SORT("port", "port"),
	SORT("state", STATE),
	SORT("warnings", "coalesce(warnings, '')"),
	SORT("trust", "trust"),
	SORT("certificate_until", "coalesce(certificate_until, 0)"),
	SORT("last_session", "coalesce(last_session, 0)"),
	SORT("last_restart", "coalesce(last_restart, 0)"),
	SORT("capacity", "capacity"),
	SORT("note", "lower(note)"),
	SORT("created", "created"),
	SORT("updated", "updated"),
};

static const struct sort *
find_sort(const char *name)
{
	for (size_t i = 0; i < sizeof(sorts) / sizeof(sorts[0]); i++)
		if (strcmp(sorts[i].name, name) == 0)
			return &sorts[i];
	return NULL;
}

bool
terminal_sort_exists(const char *sort)
{
	return find_sort(sort) != NULL;
}

int
terminal_count(struct store_db *db, const struct terminal_filter *filter, int64_t *ret_count)
{
	int r;

	r = sql_number(db, ret_count, "SELECT count(*)" FILTERED, FILTER_BINDS, FILTER_VALUES);
	return r < 0 ? r : 0;
}

/* The numbers first: visiting asks questions of its own. */
static int
read_numbers(struct store_db *db, const char *sql, const struct terminal_filter *filter,
	int64_t skip, int64_t most, int64_t **ret_numbers, size_t *ret_count)
{
	int64_t *numbers = NULL, *grown;
	size_t count = 0;
	sqlite3_stmt *row;
	int r;

	r = sql_ask(db, &row, sql, FILTER_BINDS "ii", FILTER_VALUES, most, skip);
	while (r == 0 && (r = sql_next(row)) > 0) {
		grown = reallocarray(numbers, count + 1, sizeof(*grown));
		if (grown == NULL) {
			sql_end(row);
			r = -ENOMEM;
			break;
		}
		numbers = grown;
		numbers[count++] = sql_column_number(row, 0);
		r = 0;
	}
	*ret_numbers = numbers;
	*ret_count = count;
	return r;
}

int
terminal_list(struct store_db *db, const struct terminal_filter *filter, const char *sort,
	bool descending, int64_t skip, int64_t most,
	int (*visit)(struct store_db *db, const struct terminal *terminal, void *argument),
	void *argument)
{
	const struct sort *by = find_sort(sort);
	int64_t *numbers = NULL;
	size_t count = 0;
	int r = -EINVAL;

	if (by != NULL)
		r = read_numbers(
			db, descending ? by->down : by->up, filter, skip, most, &numbers, &count);
	for (size_t i = 0; i < count && r == 0; i++) {
		struct terminal terminal = {0};

		r = terminal_load(db, numbers[i], &terminal);
		if (r == 0)
			r = visit(db, &terminal, argument);
		terminal_done(&terminal);
	}
	free(numbers);
	return r;
}
