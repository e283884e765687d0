/* A facility with backups, for tests. */
#ifndef BACKUP_FIXTURE_H
#define BACKUP_FIXTURE_H

#include "method_fixture.h"
#include "policy/backup/backup.h"

/* Beside the database. */
extern char backups_folder[128];

/* method_fixture's facility; at the end nothing may be left beside the database. */
int backup_setup(void **state);
int backup_teardown(void **state);

/* Work of jobs: of a struct backup_making, and of a struct backup_restoring. */
int do_make(struct store_db *db, void *making);
int do_unpack(struct store_db *db, void *restoring);
int do_rehearse(struct store_db *db, void *restoring);
int do_restore(struct store_db *db, void *restoring);

void backup_making_init(struct backup_making *making, const char *note);

/* init, then the job; its status. */
int make_backup(struct backup_making *making, const char *note);

struct backup_restoring *restoring_new(const char *id);
void restoring_free(struct backup_restoring *restoring);

/* The whole of it, as the supervisor does it. */
int restore_backup(struct backup_restoring *restoring);

int64_t accounts(void);

/* The first column of the first row that the store has, as text; the caller frees it. */
char *sql_text(const char *question);
void expect_sql(const char *question, const char *answer);

/* After a checkpoint, as the supervisor makes one every minute. */
void expect_signed_log_whole(void);

/* A gateway with the same keys and nothing in its database: another one, or this one after its disk was lost. */
void start_afresh(void);

#endif
