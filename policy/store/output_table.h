/* Outputs (A14): what was exported for whom, in the database; the files lie beside it (policy/outputs.h). Inside
 * a job; all return 0 or a negative errno. */
#ifndef POLICY_STORE_OUTPUT_TABLE_H
#define POLICY_STORE_OUTPUT_TABLE_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

struct store_db;

enum output_state {
	OUTPUT_WAITING,
	OUTPUT_RUNNING,
	OUTPUT_DONE,
	OUTPUT_FAILED,
	OUTPUT_STATE_COUNT,
};

#define OUTPUT_KIND_SIZE 32
#define OUTPUT_ACTOR_SIZE 128
#define OUTPUT_WHY_SIZE 256

struct output {
	int64_t number;
	char kind[OUTPUT_KIND_SIZE]; /* "accounts" */
	char requested_by[OUTPUT_ACTOR_SIZE];
	enum output_state state;
	char why[OUTPUT_WHY_SIZE]; /* it failed; a message of po/ */
	int64_t bytes;
	int64_t created_us;
	int64_t finished_us; /* 0: not yet */
	int64_t expires_us;  /* 0: not known yet; a failed one is forgotten then, too */
};

const char *output_state_name(enum output_state state); /* "waiting" */

/* Sets number and created_us; the rest is written as it is. parameters: JSON, for whoever wonders later. */
int output_insert(struct store_db *db, struct output *output, const char *parameters);

/* state, why, bytes, finished_us and expires_us. -ENOENT: it has been deleted meanwhile. */
int output_update(struct store_db *db, const struct output *output);
int output_load(struct store_db *db, int64_t number, struct output *ret_output);
int output_remove(struct store_db *db, int64_t number);

/* The newest first. A negative errno of visit ends it. */
int output_each(struct store_db *db,
	int (*visit)(struct store_db *db, const struct output *output, void *argument),
	void *argument);

#endif
