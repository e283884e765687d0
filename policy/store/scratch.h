/* Databases beside the live one, for the length of a backup or a restore: its copy, and one that came out of a backup.
 * Each lies in the live one's folder, which is closed to others, under a name of its own.
 *
 * On a store thread, in a job in no transaction. 0 or a negative errno.
 */
#ifndef POLICY_STORE_SCRATCH_H
#define POLICY_STORE_SCRATCH_H

#include "policy/chain.h"

#include <stddef.h>
#include <stdint.h>

struct store_db;

#define SCRATCH_PATH_SIZE 4096

/* What a gateway may have left there when it was killed. */
#define SCRATCH_COPY "copy"         /* of the live database, on its way into a backup */
#define SCRATCH_RESTORED "restored" /* out of a backup */
#define SCRATCH_REHEARSED \
	"rehearsed" /* a copy of the live one, into which a restore is rehearsed */

/* "<database>-<name>". -ENAMETOOLONG. */
int scratch_path(const char *database, const char *name, char ret_path[SCRATCH_PATH_SIZE]);
int scratch_path_of(
	const struct store_db *live, const char *name, char ret_path[SCRATCH_PATH_SIZE]);

/* Removes it and what SQLite keeps beside it. */
void scratch_remove(const char *path);

/* An empty file, 0600, in the place of an older one. Returns a descriptor or a negative errno. */
int scratch_create(const char *path);

/* What the copy holds. */
struct scratch_facts {
	int64_t schema;
	struct chain_event head; /* id 0: the log is empty */
};

/* Copies the live database as it is now: SQLite's backup, in steps, out of one read transaction. Writers go on
 * meanwhile, and what they change neither gets into the copy nor begins it anew. step is told how many of how many
 * pages are done, and ends it by an error of its own. */
int scratch_copy(struct store_db *live, const char *path,
	int (*step)(void *argument, int64_t done, int64_t of), void *argument,
	struct scratch_facts *ret_facts);

/* Opens one, checks and migrates it as the store does with its own. -EPROTO: of a newer Sekisho; -EUCLEAN: damaged, or
 * none of ours. */
int scratch_open(const struct store_db *live, const char *path, struct store_db **ret_scratch);
void scratch_close(struct store_db *scratch); /* accepts NULL */

/* Every page, index and reference. -EUCLEAN. */
int scratch_check(struct store_db *scratch);

#endif
