/* Pages of the four logs, and the fields of events that they are found by. Inside a job; 0 or a negative errno. */
#ifndef POLICY_STORE_LOG_TABLE_H
#define POLICY_STORE_LOG_TABLE_H

#include "policy/logs.h"

#include <stdint.h>

struct store_db;

/* Rows that one page looks at, at most: what no index finds must not cost more than a moment either. */
#define LOG_PAGE_LOOKS 2000

/* And what its rows may come to: a page is held in memory whole, and sent in one line. The row that goes beyond it is
 * still in it. */
#define LOG_PAGE_BYTES (2 << 20)

/* Where a page ended: the row that was looked at last. All 0: at the beginning. */
struct log_cursor {
	int64_t time_us;
	int64_t id;
};

/* The next `most` rows that the filter lets through, oldest first; fewer if too many had to be looked at.
 * *ret_next: where to go on; id 0 when there is nothing more. */
int log_page(struct store_db *db, const struct log_filter *filter, const struct log_cursor *after,
	int64_t most, json_t **ret_rows, struct log_cursor *ret_next);

/* An event's payload as the row of its log; takes payload. */
json_t *log_event_row(int64_t event, int64_t time_us, json_t *payload);

/* The INDEX columns of an event of this kind and payload: kept, forgotten, looked for. */
int log_fields_insert(struct store_db *db, const char *kind, const json_t *payload, int64_t event,
	int64_t time_us);
int log_fields_delete(struct store_db *db, const char *kind, const json_t *payload, int64_t event,
	int64_t time_us);

/* How many of them there are; -ENOENT if one is missing. */
int log_fields_check(struct store_db *db, const char *kind, const json_t *payload, int64_t event,
	int64_t time_us);

/* All that are kept of events up to an id. */
int log_fields_count(struct store_db *db, int64_t until, int64_t *ret_count);

/* A mark of log_mark: how far something has come. */
int log_mark_get(struct store_db *db, const char *name, int64_t *ret_number);
int log_mark_set(struct store_db *db, const char *name, int64_t number);

#endif
