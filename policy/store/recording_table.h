/* Recordings (F7) in the database; the files lie beside it (policy/recordings.h). Inside a job; all return 0 or a
 * negative errno. */
#ifndef POLICY_STORE_RECORDING_TABLE_H
#define POLICY_STORE_RECORDING_TABLE_H

#include "policy/sessions.h"

#include <stdbool.h>
#include <stdint.h>

struct store_db;

enum recording_row_state {
	RECORDING_ROW_RUNNING,
	RECORDING_ROW_CLOSED, /* with a signed summary */
	RECORDING_ROW_NOT_CLOSED, /* the gateway, its machine or the recorder died: there is no summary */
	RECORDING_ROW_FAILED, /* the recorder gave up; `why` says so. It may have a summary */
	RECORDING_ROW_ERASED,
	RECORDING_ROW_STATE_COUNT,
};

#define RECORDING_ROW_HASH_BYTES 32
#define RECORDING_ROW_WHY_SIZE 256
#define RECORDING_AUDITORS_SIZE 600 /* 16 names of 32 characters, joined by "," */

struct recording_row {
	int64_t number;
	uint8_t session[SESSION_ID_BYTES];
	int64_t part; /* from 1 */
	int64_t account;
	char account_id[ACCOUNT_ID_SIZE];
	char account_full[ACCOUNT_FULL_ID_SIZE];
	char account_name[2 * ACCOUNT_NAME_SIZE];
	int64_t terminal;
	char terminal_name[TERMINAL_NAME_SIZE];
	enum recording_row_state state;
	char why[RECORDING_ROW_WHY_SIZE]; /* a message of po/, or "" */
	int64_t started_us;
	int64_t ended_us; /* 0: it runs */
	int64_t bytes;    /* of the file; of a running one, as last told */
	int64_t duration_ms;
	int64_t gaps;
	bool has_hash;
	uint8_t hash[RECORDING_ROW_HASH_BYTES];
	bool has_header; /* false: it never had one, or was made before that was kept */
	uint8_t header[RECORDING_ROW_HASH_BYTES]; /* SHA-256 of the file's header */
	char auditors[RECORDING_AUDITORS_SIZE];
	int64_t held_us; /* 0: not held */
	char held_by[ACTOR_SIZE];
	char held_because[BECAUSE_SIZE];
	int64_t erased_us; /* 0: not erased */
	char erased_by[ACTOR_SIZE];
	char erased_because[BECAUSE_SIZE];
	int64_t event; /* 0: none yet */
};

const char *recording_row_state_name(enum recording_row_state state); /* "not-closed" */

/* RECORDING_ROW_STATE_COUNT for a word that is none. */
enum recording_row_state recording_row_state_find(const char *name);

/* Sets number, part (the next one of its session) and started_us. */
int recording_insert(struct store_db *db, struct recording_row *row);

/* state, why, ended_us, bytes, duration_ms, gaps, hash, header, held and erased, event. */
int recording_update(struct store_db *db, const struct recording_row *row);

/* -ENOENT if there is none. */
int recording_load(
	struct store_db *db, const uint8_t *session, int64_t part, struct recording_row *ret_row);

/* Those of sessions whose ids are between these two, both included, in the order of ids and parts. */
int recording_each_between(struct store_db *db, const uint8_t *low, const uint8_t *high,
	int (*visit)(const struct recording_row *row, void *argument), void *argument);

/* The newest first, below a number, that began from from_us until before until_us. A negative errno of visit ends it. */
int recording_each(struct store_db *db, int64_t below, int64_t from_us, int64_t until_us,
	int (*visit)(const struct recording_row *row, void *argument), void *argument);

/* The oldest one that is over and neither erased nor held; -ENOENT. */
int recording_oldest(struct store_db *db, struct recording_row *ret_row);

/* One that is said to run; -ENOENT. */
int recording_any_running(struct store_db *db, struct recording_row *ret_row);

/* Bytes of all files that are still there. */
int recording_sum(struct store_db *db, int64_t *ret_bytes);

#endif
