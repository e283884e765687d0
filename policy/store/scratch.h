/* Databases beside the live one, for the length of a backup or a restore: its copy, and one that came out of a backup.
 * Nothing in them is sealed. So each is a file without a name: it gets one in the live one's folder, which is closed to
 * others, for as long as it is empty and SQLite has not opened it; then only this process has it, and it is gone with
 * the process, however that ends.
 *
 * On a store thread, in a job in no transaction, one thread after the other. 0 or a negative errno.
 */
#ifndef POLICY_STORE_SCRATCH_H
#define POLICY_STORE_SCRATCH_H

#include "policy/chain.h"

#include <stddef.h>
#include <stdint.h>

struct store_db;

#define SCRATCH_PATH_SIZE 4096

/* What each is called, "<database>-<name>", while it has a name. */
#define SCRATCH_COPY "copy"         /* of the live database, on its way into a backup */
#define SCRATCH_RESTORED "restored" /* out of a backup */
#define SCRATCH_REHEARSED \
	"rehearsed" /* a copy of the live one, into which a restore is rehearsed */

/* Removes files of these names, and what SQLite may keep beside them: of a gateway that was killed in the moment in which
 * they have one, and of versions that left it to them. */
void scratch_sweep(const char *database);

struct scratch;

/* An empty one, 0600. */
int scratch_new(const struct store_db *live, const char *name, struct scratch **ret_scratch);
void scratch_free(struct scratch *scratch); /* accepts NULL */

/* Its file, for whoever writes or reads it as a whole, before or after it is used as a database; borrowed. */
int scratch_fd(const struct scratch *scratch);

/* What the copy holds. */
struct scratch_facts {
	int64_t schema;
	struct chain_event head; /* id 0: the log is empty */
};

/* Copies the live database as it is now: SQLite's backup, in steps, out of one read transaction. Writers go on
 * meanwhile, and what they change neither gets into the copy nor begins it anew. step is told how many of how many
 * pages are done, and ends it by an error of its own. */
int scratch_copy(struct store_db *live, struct scratch *copy,
	int (*step)(void *argument, int64_t done, int64_t of), void *argument,
	struct scratch_facts *ret_facts);

/* Checks and migrates it, as the store does with its own when it opens it. -EPROTO: of a newer Sekisho; -EUCLEAN:
 * damaged, or none of ours. Once, before scratch_db. */
int scratch_open(struct scratch *scratch);

/* The database, borrowed; with the live one's settings and time of now. */
struct store_db *scratch_db(struct scratch *scratch, const struct store_db *live);

/* Every page, index and reference. -EUCLEAN. */
int scratch_check(struct scratch *scratch);

#endif
