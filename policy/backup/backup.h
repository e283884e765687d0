/* Making, checking, rehearsing and restoring a backup: what the supervisor hands to the store's threads.
 *
 * A struct of each lives in the caller's job. Where a function fails, `trouble` says what in words that a person can be
 * told, and `fault` is set if it is the file's.
 */
#ifndef POLICY_BACKUP_BACKUP_H
#define POLICY_BACKUP_BACKUP_H

#include "policy/backup/file.h"
#include "policy/backup/folder.h"
#include "policy/store/restore.h"
#include "policy/store/scratch.h"

struct store_db;

#define SHA256_TEXT_SIZE (2 * BACKUP_SHA256_BYTES + 1)

struct backup_making {
	const char *folder;
	char by[BACKUP_BY_SIZE];
	char note[BACKUP_NOTE_SIZE];
	struct backup_meter meter;

	/* out */
	struct backup_entry entry;
	char sha256[SHA256_TEXT_SIZE];
	const char *trouble;
};

/* Begins it: gives it an id, so that it has a name while it is being made. */
int backup_making_begin(struct backup_making *making);

/* Slow job. -EDQUOT: there are BACKUPS_MOST already. On an error no file is left. */
int backup_make(struct store_db *db, struct backup_making *making);

struct backup_restoring {
	const char *folder;
	char path[BACKUP_PATH_SIZE]; /* of the file */
	char by[BACKUP_BY_SIZE];
	struct backup_meter meter;

	/* out */
	struct backup_entry entry;
	enum backup_fault fault;
	const char *trouble;
	const char *stage; /* what was being done, for the error log; a literal */
	char sha256[SHA256_TEXT_SIZE];
	struct chain_event head; /* of its log */
	struct scratch *scratch; /* what came out of the file, until backup_discard */
	int64_t schema_then;     /* before it was migrated */
	struct restore_plan plan;
};

/* Slow job: opens the backup into a scratch database, checks every chunk and every page, migrates it, and compares it
 * with the live one. The scratch database stays until backup_discard. */
int backup_unpack(struct store_db *db, struct backup_restoring *restoring);

/* Slow job: backup_unpack, then the restore itself into a copy of the live database, and a check of the whole. Removes
 * both, and writes down that it was done, and how it ended. */
int backup_rehearse(struct store_db *db, struct backup_restoring *restoring);

/* Bare job: puts what backup_unpack has made in the place of the live database. -EBUSY: the log would be replaced, and
 * sessions run; nothing else was looked at. */
int backup_restore(struct store_db *db, struct backup_restoring *restoring);

/* Slow job, or whoever has it alone: gives the scratch database back; gigabytes take a moment. */
void backup_discard(struct backup_restoring *restoring);

#endif
