/* Second factors (C2) in the database. Inside a job; 0 or a negative errno. */
#ifndef POLICY_STORE_SECOND_FACTOR_TABLE_H
#define POLICY_STORE_SECOND_FACTOR_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct store_db;

/* -ENOENT: none is bound. */
int second_factor_unbind(struct store_db *db, int64_t account);

/* -EEXIST: one is bound already. `sealed`: its seed; `step`: of the code that showed that the telephone has it. */
int second_factor_bind(struct store_db *db, int64_t account, const uint8_t *sealed,
	size_t sealed_len, uint64_t step);

/* No code works twice. -EEXIST: a code of this time step or of a later one was used before. */
int second_factor_use(struct store_db *db, int64_t account, uint64_t step);

/* After a restore, which brings back what was used until the backup alone: no code that anybody may have seen before this moment
 * opens anything. */
int second_factor_use_up(struct store_db *db);

/* When it was bound; 0: none is. */
int second_factor_since(struct store_db *db, int64_t account, int64_t *ret_bound_us);

#endif
