/* Numbers of attended access (C7), and sources that got one wrong, in the database. Inside a job; 0 or a negative errno. */
#ifndef POLICY_STORE_ATTENDANCE_TABLE_H
#define POLICY_STORE_ATTENDANCE_TABLE_H

#include "policy/sessions.h"

#include <stdbool.h>
#include <stdint.h>

#define ATTENDANCE_DIGEST_BYTES 32

struct attendance_number {
	int64_t number;
	int64_t terminal;
	int64_t account; /* 0: whoever may use the terminal */
	bool control;
	bool files;
	int64_t issued_us;
	char issued_by[ACTOR_SIZE];
	int64_t dead_at_ms; /* of CLOCK_BOOTTIME */
	int64_t tries;
};

/* Fills in number and issued_us. -EEXIST: these digits are another number's. */
int attendance_number_insert(struct store_db *db, struct attendance_number *number,
	const uint8_t digest[ATTENDANCE_DIGEST_BYTES]);

/* Forgets numbers that are dead by boot time or of an earlier boot. */
int attendance_number_prune(struct store_db *db);

/* A live number that this account may use; -ENOENT. */
int attendance_number_find(struct store_db *db, const uint8_t digest[ATTENDANCE_DIGEST_BYTES],
	int64_t account, struct attendance_number *ret_number);
int attendance_number_load(
	struct store_db *db, int64_t number, struct attendance_number *ret_number);
int attendance_number_delete(struct store_db *db, int64_t number);

/* Live ones of a terminal. */
int attendance_number_count(struct store_db *db, int64_t terminal, int64_t *ret_count);

/* The live ones behind a number, in their order; -ENOENT behind the last. */
int attendance_number_next(
	struct store_db *db, int64_t after, struct attendance_number *ret_number);

/* A wrong try for every number of the terminal that the account could have used; those that have now had `most` are
 * forgotten. */
int attendance_number_miss(struct store_db *db, int64_t terminal, int64_t account, int64_t most);

/* Wrong tries that stand against a source. */
int attendance_source_tries(struct store_db *db, const char *source, int64_t *ret_tries);

/* One more, remembered until `forgotten_at_ms` of boot time; of more than `most` sources those that are forgotten first go
 * at once. */
int attendance_source_miss(
	struct store_db *db, const char *source, int64_t forgotten_at_ms, int64_t most);
int attendance_source_forget(struct store_db *db, const char *source);

#endif
