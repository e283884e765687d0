/* Backups (H2): the supervisor's part. What is long runs on the store's slow thread, one thing at a time; what is short on
 * libuv's threads. The list of backups is the folder's files; what failed since the start is kept in memory beside it.
 *
 *	backups.c         the one long thing under way, creating
 *	backup_restores.c checking, rehearsing, restoring
 *	backup_files.c    listing, reading, deleting
 *	backup_uploads.c  files that a client sends
 */
#ifndef SUPERVISOR_BACKUPS_H
#define SUPERVISOR_BACKUPS_H

#include "supervisor/supervisor.h"

struct backups;

/* Blocks: before the loop runs. Removes what a killed gateway left half done. */
int backups_new(struct supervisor *supervisor, struct backups **ret_backups);

/* What is under way is given up as soon as it can be. Accepts NULL. */
void backups_stop(struct backups *backups);

/* After the loop has ended. Accepts NULL. */
void backups_free(struct backups *backups);

/* What this client of the control socket has sent is removed. Accepts NULL. */
void backups_client_left(struct backups *backups, uint64_t client);

#endif
