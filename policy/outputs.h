/* Outputs (A14): files that the gateway writes in the background for somebody to fetch, and keeps for some
 * days. What happens in store jobs is here; when, is supervisor/outputs.c.
 *
 * A file is NUMBER.csv in the outputs' folder, readable by the gateway's user alone. While it is being written it
 * is NUMBER.part, so that whatever dies, a name that ends in .csv is a whole file.
 */
#ifndef POLICY_OUTPUTS_H
#define POLICY_OUTPUTS_H

#include "policy/methods.h"
#include "policy/store/output_table.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OUTPUT_PATH_SIZE 4200
#define OUTPUT_CHUNK_BYTES (256u << 10)

/* In a write job: an export was asked for; it is recorded who did. */
int output_request(
	struct store_db *db, const char *actor, bool extended, struct output *ret_output);

/* In a write job: it has failed (why) or is complete, and is kept until expires_us. One that has been deleted is no
 * error. */
int output_finish(
	struct store_db *db, int64_t number, const char *why, int64_t bytes, uint32_t validity_ms);

/* In a write job: those that a stop or a crash has left without an end have failed; those that have expired are
 * forgotten. *ret_kept: numbers (a new list) whose files may stay; all others may go. */
int output_tidy(struct store_db *db, bool starting, uint32_t validity_ms, json_t **ret_kept);

/* In a walk: the CSV of all accounts. Atomics are for the loop's thread. */
struct output_walk {
	const char *folder;
	int64_t number;
	bool extended;
	atomic_uint_fast64_t done; /* accounts written */
	atomic_uint_fast64_t of;
	atomic_bool cancelled; /* in: -ECANCELED soon */
	int64_t bytes;         /* out */
};

int output_write_accounts(struct store_db *db, struct output_walk *walk);

/* Anywhere, not in the loop: some of the bytes of a complete file, whole characters, from an offset. *ret_text is
 * to be freed. -ENOENT: the file is gone. -EINVAL: not a place where a character begins. */
int output_read_chunk(
	const char *folder, int64_t number, int64_t offset, char **ret_text, size_t *ret_len);

/* Of a complete one; that it is not there is no error. */
void output_file_remove(const char *folder, int64_t number);

/* folder/NUMBER.csv, or .part. */
void output_path(
	const char *folder, int64_t number, bool complete, char ret_path[OUTPUT_PATH_SIZE]);

/* An output object of control_methods.def. */
json_t *output_json(const struct output *output);

#endif
