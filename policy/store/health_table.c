/* How terminals are, in the database; see health_table.h. */
#include "policy/store/health_table.h"

#include "policy/store/sql.h"

#include <errno.h>
#include <stdlib.h>

static void
read_row(sqlite3_stmt *row, struct terminal_health *health)
{
	char warnings[HEALTH_WARNINGS_SIZE];

	*health = (struct terminal_health){.terminal = sql_column_number(row, 0)};
	health->watched_us = sql_column_number(row, 1);
	health->checked_us = sql_column_number(row, 2);
	health->reachable = sql_column_number(row, 3) != 0;
	health->since_us = sql_column_number(row, 4);
	sql_column_text(row, 5, health->why, sizeof(health->why));
	health->has_certificate = sql_column_bytes(row, 6, health->sha256, sizeof(health->sha256));
	health->certificate_until_us = sql_column_number(row, 7);
	health->last_restart_us = sql_column_number(row, 8);
	sql_column_text(row, 9, warnings, sizeof(warnings));
	health->warnings = terminal_warnings_parse(warnings);
}

int
health_load(struct store_db *db, int64_t terminal, struct terminal_health *ret_health)
{
	sqlite3_stmt *row;
	int r;

	r = sql_ask(db, &row,
		"SELECT terminal, watched, checked, reachable, since, why, certificate_sha256, "
		"certificate_until, last_restart, warnings FROM terminal_health WHERE terminal = ?",
		"i", terminal);
	if (r == 0)
		r = sql_next(row);
	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	read_row(row, ret_health);
	sql_end(row);
	return 0;
}

int
health_save(struct store_db *db, const struct terminal_health *health)
{
	char warnings[HEALTH_WARNINGS_SIZE];

	terminal_warnings_format(health->warnings, warnings);
	return sql_run(db,
		"INSERT INTO terminal_health (terminal, watched, checked, reachable, since, why, "
		"certificate_sha256, certificate_until, last_restart, warnings) "
		"SELECT number, ?, ?, ?, ?, ?, ?, nullif(?, 0), nullif(?, 0), ? FROM terminal "
		"WHERE number = ? "
		"ON CONFLICT (terminal) DO UPDATE SET watched = excluded.watched, "
		"checked = excluded.checked, reachable = excluded.reachable, "
		"since = excluded.since, why = excluded.why, "
		"certificate_sha256 = excluded.certificate_sha256, "
		"certificate_until = excluded.certificate_until, "
		"last_restart = excluded.last_restart, warnings = excluded.warnings",
		"iiiitbiiti", health->watched_us, health->checked_us, (int64_t)health->reachable,
		health->since_us, health->why, health->has_certificate ? health->sha256 : NULL,
		sizeof(health->sha256),
		health->has_certificate ? health->certificate_until_us : INT64_C(0),
		health->last_restart_us, warnings, health->terminal);
}

int
health_list(struct store_db *db, struct health_watch **ret_watches, size_t *ret_count)
{
	struct health_watch *watches = NULL;
	char warnings[HEALTH_WARNINGS_SIZE];
	size_t count = 0;
	sqlite3_stmt *row;
	int r;

	r = sql_ask(db, &row,
		"SELECT number, coalesce(warnings, '') FROM terminal "
		"LEFT JOIN terminal_health ON terminal = number WHERE in_service = 1 "
		"ORDER BY number",
		"");
	while (r == 0 && (r = sql_next(row)) > 0) {
		struct health_watch *grown = reallocarray(watches, count + 1, sizeof(*watches));

		if (grown == NULL) {
			sql_end(row);
			r = -ENOMEM;
			break;
		}
		watches = grown;
		watches[count].terminal = sql_column_number(row, 0);
		sql_column_text(row, 1, warnings, sizeof(warnings));
		watches[count++].warnings = terminal_warnings_parse(warnings);
		r = 0;
	}
	if (r < 0) {
		free(watches);
		return r;
	}
	*ret_watches = watches;
	*ret_count = count;
	return 0;
}
