/* Second factors (C2) in the database. Inside a job; 0 or a negative errno. */
#ifndef POLICY_STORE_SECOND_FACTOR_TABLE_H
#define POLICY_STORE_SECOND_FACTOR_TABLE_H

#include <stdint.h>

struct store_db;

/* -ENOENT: none is bound. */
int second_factor_unbind(struct store_db *db, int64_t account);

#endif
