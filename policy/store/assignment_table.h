/* Who may use which terminal, in the database. Inside a job; 0 or a negative errno. */
#ifndef POLICY_STORE_ASSIGNMENT_TABLE_H
#define POLICY_STORE_ASSIGNMENT_TABLE_H

#include "policy/terminals.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct store_db;

struct assignment {
	int64_t terminal;
	char name[TERMINAL_NAME_SIZE];
	uint32_t priority; /* A20 */
};

/* The terminals of one account, sorted by name. */
struct assignments {
	struct assignment *items;
	size_t count;
};

int assignments_load(struct store_db *db, int64_t account, struct assignments *ret_assignments);
void assignments_done(struct assignments *assignments);

/* In memory. NULL if it is not there. */
struct assignment *assignments_find(const struct assignments *assignments, int64_t terminal);

/* Adding what is there, and removing what is not, changes nothing. -ENOMEM. */
int assignments_add(struct assignments *assignments, int64_t terminal, const char *name);
void assignments_remove(struct assignments *assignments, int64_t terminal);

/* Writes what differs. */
int assignments_write(struct store_db *db, int64_t account, const struct assignments *was,
	const struct assignments *now);

int assignment_exists(struct store_db *db, int64_t account, int64_t terminal, bool *ret_exists);

/* -ENOENT if it is not there. */
int assignment_priority(
	struct store_db *db, int64_t account, int64_t terminal, uint32_t *ret_priority);

/* Sorted ids as a new JSON list. */
int assignment_accounts(struct store_db *db, int64_t terminal, json_t **ret_ids);
int assignment_count(struct store_db *db, int64_t terminal, int64_t *ret_count);

#endif
