/* How terminals are, in the database. Inside a job; 0 or a negative errno. */
#ifndef POLICY_STORE_HEALTH_TABLE_H
#define POLICY_STORE_HEALTH_TABLE_H

#include "policy/terminal_health.h"

#include <stddef.h>

struct store_db;

/* -ENOENT if it was never looked at. */
int health_load(struct store_db *db, int64_t terminal, struct terminal_health *ret_health);

/* Makes or replaces the row. A terminal that has gone in the meantime is no error. */
int health_save(struct store_db *db, const struct terminal_health *health);

/* A terminal that is to be looked at, and what was wrong with it. */
struct health_watch {
	int64_t terminal;
	uint32_t warnings;
};

/* All terminals in service, by number; *ret_watches is the caller's to free. */
int health_list(struct store_db *db, struct health_watch **ret_watches, size_t *ret_count);

#endif
