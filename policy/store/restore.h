/* Putting a database that came out of a backup in the place of the live one.
 *
 * The event log is never rolled back. If the backup's newest event stands in the live log, the backup is an earlier state
 * of this gateway: the log, its checkpoints and the sessions stay, and only accounts, terminals and vendors with all that
 * belongs to them are replaced (restore_tables.def). Otherwise the live log is another one, that of a fresh gateway after
 * the disk was lost: then the whole database is replaced, and the first event behind the backup's log names the head of
 * the log that was there.
 *
 * On a store thread, in a bare job. 0 or a negative errno; on an error nothing has changed.
 */
#ifndef POLICY_STORE_RESTORE_H
#define POLICY_STORE_RESTORE_H

#include "policy/chain.h"

#include <stdbool.h>
#include <stdint.h>

struct store_db;

enum restore_log {
	RESTORE_LOG_SAME,      /* the backup is an earlier state of this database */
	RESTORE_LOG_CONTINUES, /* this database is an earlier state of the backup */
	RESTORE_LOG_OTHER,
};

const char *restore_log_name(enum restore_log log); /* "same", "continues", "other" */

struct restore_numbers {
	int64_t accounts;
	int64_t terminals;
	int64_t vendors;
	int64_t newest_us; /* change of one of these; 0: none */
};

/* What a restore would change. */
struct restore_plan {
	enum restore_log log;
	struct chain_event head; /* of the live log; id 0: it is empty */
	struct restore_numbers now;
	struct restore_numbers then;
	int64_t accounts_gone;     /* there now, not in the backup */
	int64_t accounts_back;     /* in the backup, not there now */
	int64_t accounts_unlocked; /* locked now, not in the backup */
	int64_t terminals_gone;
	int64_t terminals_back;
	int64_t sessions; /* running */
};

/* Reads both. `head` is the backup's newest event. */
int restore_compare(struct store_db *live, struct store_db *scratch, const struct chain_event *head,
	struct restore_plan *ret_plan);

struct restore_request {
	const char *actor;
	const char *backup;      /* its id, for the log */
	const char *sha256;      /* of its file, hexadecimal */
	int64_t created_us;      /* of the backup */
	struct chain_event head; /* of the backup's log */
	bool despite_sessions;   /* replaces the log although sessions run: a rehearsal */
	void (*step)(void *argument, int64_t done, int64_t of); /* rows; may be NULL */
	void *argument;
};

/* Replaces, and records it as an event. -EBUSY: the log would be replaced, and sessions run. *ret_plan is set also
 * then. The scratch database is changed on the way. */
int restore_apply(struct store_db *live, struct store_db *scratch,
	const struct restore_request *request, struct restore_plan *ret_plan);

#endif
