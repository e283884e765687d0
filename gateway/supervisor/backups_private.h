/* What the files of the backups share. Private to the supervisor's backup files. */
#ifndef SUPERVISOR_BACKUPS_PRIVATE_H
#define SUPERVISOR_BACKUPS_PRIVATE_H

#include "policy/backup/backup.h"
#include "policy/method_call.h"
#include "policy/store/store.h"
#include "supervisor/backups.h"
#include "supervisor/control_calls.h"
#include "supervisor/fetches.h"

#include <jansson.h>
#include <stdbool.h>

/* One that could not be made; there is no file of it. */
struct backup_failure {
	struct backup_entry entry;
	const char *why; /* a literal, and a message of po/ */
};

struct backup_upload;

/* The long thing under way. It answers its call at its end, also when the client has gone. */
struct backup_work {
	struct store_job job; /* first: one step after the other */
	struct backups *backups;
	struct control_call *call;
	struct backup_meter *meter; /* of one of these */
	struct backup_making making;
	struct backup_restoring restoring;
	struct backup_upload *upload;      /* whose file it is; NULL: one of the folder's */
	struct backup_rehearsal rehearsal; /* the last one, read before the plan is told */
	bool end_sessions;
	unsigned int tries;
	uv_timer_t wait;
	int status;
	char error_log[BACKUP_PATH_SIZE];
};

struct backups {
	struct supervisor *supervisor;
	char folder[BACKUP_PATH_SIZE];
	struct facility facility;
	struct backup_work *work; /* NULL: nothing is under way */
	struct backup_failure failures[BACKUPS_MOST];
	size_t failure_count;
	struct backup_upload *uploads;
	uint64_t upload_count; /* since the start: no two have the same path */
	struct fetches fetches;
	uv_timer_t progress;
	bool stopping;
};

/* Takes the one place, or refuses the call and returns NULL. */
struct backup_work *backup_work_new(struct control_call *call);

/* Frees it and its place; its call has been answered. */
void backup_work_end(struct backup_work *work);

/* It waits for nobody any more: the store is about to close. */
void backup_work_stop_waiting(struct backup_work *work);

/* Hands in the next step. */
void backup_work_slowly(struct backup_work *work,
	int (*step)(struct store_db *db, struct store_job *job),
	void (*done)(struct store_job *job, int status));
void backup_work_write(struct backup_work *work, bool bare,
	int (*step)(struct store_db *db, struct store_job *job),
	void (*done)(struct store_job *job, int status));

/* Answers with what method_refuse (policy/method_call.h) has filled in. */
void backup_refused(struct control_call *call);

/* {"id", "state", "created", "bytes", "by", "note", "why", "log_event", "schema"} */
json_t *backup_json(const struct backup_entry *entry, const char *state, const char *why);
json_t *backup_instant(int64_t at_us); /* null for 0 */

void backup_failure_add(struct backups *backups, const struct backup_entry *entry, const char *why);

/* Uploads. find: NULL unless this client has sent a whole file that nothing else is being done with. A held one is not
 * removed before its release. */
struct backup_upload *backup_upload_find(struct backups *backups, uint64_t client);
const char *backup_upload_path_of(const struct backup_upload *upload);
void backup_upload_hold(struct backup_upload *upload);
void backup_upload_release(struct backups *backups, struct backup_upload *upload);
void backup_uploads_stop(struct backups *backups);

#endif
