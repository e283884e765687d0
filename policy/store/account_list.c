/* Lists of accounts; see account_list.h.
 *
 * A page begins behind the last row of the page before: by what it was sorted by, and its id. So pages
 * neither repeat nor leave out accounts that stay as they are while the list is read.
 */
#include "policy/store/account_list.h"

#include "base/cleanup.h"
#include "policy/store/account_row.h"
#include "policy/store/store.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEARCHED                                                                          \
	"account.id || char(10) || family_name || given_name || char(10) || family_name " \
	"|| ' ' || given_name || char(10) || email"

/* ?1 today … ?9 as bound below; ?11 and ?12: where the page before ended. */
#define QUESTION(expression, order, than)                                                 \
	"SELECT " ACCOUNT_COLUMNS ", account.id_key, " expression " FROM " ACCOUNT_TABLES \
	" WHERE (?2 = '' OR instr(lower(" SEARCHED "), lower(?2)) > 0) "                  \
	"AND (?3 = 0 OR account.number IN "                                               \
	"(SELECT assignment.account FROM assignment WHERE assignment.terminal = ?3)) "    \
	"AND (?4 = 0 OR coalesce(account.vendor, -1) = ?4) "                              \
	"AND (?5 = '' OR (?5 = 'locked' AND locked = 1) "                                 \
	"OR (?5 = 'expired' AND valid_until < ?1) "                                       \
	"OR (?5 = 'not-yet' AND locked = 0 AND valid_from > ?1) "                         \
	"OR (?5 = 'active' AND locked = 0 AND valid_from <= ?1 AND valid_until >= ?1)) "  \
	"AND (?6 = '' OR file_sharing = ?6) AND (?7 = '' OR account.kind = ?7) "          \
	"AND (?8 = 0 OR allowlist_enforced = 0) "                                         \
	"AND (?9 = 0 OR account.protected_note IS NOT NULL) "                             \
	"AND (?10 = '' OR EXISTS (SELECT 1 FROM account_denied_right AS denied "          \
	"WHERE denied.account = account.number AND denied.name = ?10)) "                  \
	"AND (" expression ", account.id_key) " than " (?11, ?12) "                       \
	"ORDER BY " expression " " order ", account.id_key " order " LIMIT ?13"

enum sort_type {
	TYPE_TEXT,
	TYPE_NUMBER,
};

static const struct {
	const char *name;
	enum sort_type type;
	const char *ascending, *descending;
} sorts[ACCOUNT_SORT_COUNT] = {
#define SORT(name_, text, type_, sql) \
	[ACCOUNT_SORT_##name_] = {    \
		text, TYPE_##type_, QUESTION(sql, "ASC", ">"), QUESTION(sql, "DESC", "<")},
#include "policy/store/account_sorts.def"
#undef SORT
};

const char *
account_sort_name(enum account_sort sort)
{
	return sort < ACCOUNT_SORT_COUNT ? sorts[sort].name : NULL;
}

/* Where a page begins. */
struct cursor {
	char text[ACCOUNT_CURSOR_SIZE]; /* of what is sorted by */
	int64_t number;
	const char *id;
};

/* Behind every text there is: U+10FFFF begins no name. */
#define BEHIND_ALL "\xf4\x8f\xbf\xbf"

static int
read_cursor(const struct account_filter *filter, struct cursor *cursor)
{
	char *end;

	if (filter->after == NULL) {
		snprintf(cursor->text, sizeof(cursor->text), "%s",
			filter->descending ? BEHIND_ALL : "");
		cursor->number = filter->descending ? INT64_MAX : INT64_MIN;
		cursor->id = filter->descending ? BEHIND_ALL : "";
		return 0;
	}
	if (strlen(filter->after) >= sizeof(cursor->text))
		return -EINVAL;
	memcpy(cursor->text, filter->after, strlen(filter->after) + 1);
	end = strchr(cursor->text, '\n');
	if (end == NULL)
		return -EINVAL;
	*end = '\0';
	cursor->id = end + 1;
	errno = 0;
	cursor->number = strtoll(cursor->text, &end, 10);
	if (sorts[filter->sort].type == TYPE_NUMBER && (*end != '\0' || errno != 0))
		return -EINVAL;
	return 0;
}

static const char *
text_or_empty(const char *text)
{
	return text != NULL ? text : "";
}

static int
ask(struct store_db *db, const struct account_filter *filter, const struct cursor *cursor,
	sqlite3_stmt **ret_row)
{
	const char *sql =
		filter->descending ? sorts[filter->sort].descending : sorts[filter->sort].ascending;
	int64_t most = filter->most > 0 ? filter->most : INT64_MAX;
	char today[CIVIL_DATE_SIZE];
	struct civil_time now;

	civil_from_instant(store_db_now(db), &now);
	civil_date_format(now.date, today);
#define FILTERED                                                                                \
	today, text_or_empty(filter->search), filter->terminal,                                 \
		filter->no_vendor ? INT64_C(-1) : filter->vendor, text_or_empty(filter->state), \
		text_or_empty(filter->file_sharing), text_or_empty(filter->kind),               \
		(int64_t)filter->allowlist_off, (int64_t)filter->is_protected,                  \
		text_or_empty(filter->denied)
	if (sorts[filter->sort].type == TYPE_NUMBER)
		return sql_ask(db, ret_row, sql, "ttiitttiititi", FILTERED, cursor->number,
			cursor->id, most);
	return sql_ask(db, ret_row, sql, "ttiitttiittti", FILTERED, cursor->text, cursor->id, most);
}

/* The text of a row for the page that begins behind it. */
static void
write_cursor(sqlite3_stmt *row, enum account_sort sort, char *ret_next)
{
	char id[ACCOUNT_ID_SIZE];
	char text[ACCOUNT_CURSOR_SIZE - ACCOUNT_ID_SIZE];

	sql_column_text(row, ACCOUNT_COLUMN_COUNT, id, sizeof(id));
	if (sorts[sort].type == TYPE_NUMBER)
		snprintf(text, sizeof(text), "%" PRId64,
			sql_column_number(row, ACCOUNT_COLUMN_COUNT + 1));
	else
		sql_column_text(row, ACCOUNT_COLUMN_COUNT + 1, text, sizeof(text));
	snprintf(ret_next, ACCOUNT_CURSOR_SIZE, "%s\n%s", text, id);
}

int
account_page(struct store_db *db, const struct account_filter *filter, account_visit *visit,
	void *argument, char *ret_next)
{
	struct cursor cursor;
	struct account account;
	sqlite3_stmt *row;
	int64_t count = 0;
	int r;

	if (ret_next != NULL)
		ret_next[0] = '\0';
	r = read_cursor(filter, &cursor);
	if (r == 0)
		r = ask(db, filter, &cursor, &row);
	while (r == 0 && (r = sql_next(row)) > 0) {
		r = account_row_read(row, &account);
		if (r == 0)
			r = account_macs_read(db, &account);
		if (r == 0)
			r = account_rights_read(db, &account);
		if (r == 0)
			r = visit(db, &account, argument);
		if (r == 0 && ret_next != NULL && ++count == filter->most)
			write_cursor(row, filter->sort, ret_next);
		if (r < 0)
			sql_end(row);
	}
	return r;
}
