/* The event log as the supervisor uses it inside store jobs; the chain itself is chain.h. */
#ifndef POLICY_AUDIT_H
#define POLICY_AUDIT_H

#include "policy/chain.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store_db;

/* Signs the newest event. *ret_made is false when nothing happened since the last checkpoint. The
 * supervisor writes it to the journal: without a copy elsewhere nobody can prove that the tail was
 * not cut. Call it at start-up and about once a minute: an event that stays without a checkpoint for
 * an hour looks, to audit_verify, like one whose checkpoint was taken away. Of a day that is over its last
 * checkpoint is kept: it covers all that came before. */
int audit_checkpoint(struct store_db *db, struct chain_checkpoint *ret_checkpoint, bool *ret_made);

/* Erases a portion of what is older than its kind's retention (event_kinds.def), sessions of the connection
 * history with it, and records that as an event; `by` is who asked for it. *ret_erased 0: there was nothing
 * left. Each portion is a transaction of its own, so that the writer is never held up for long. */
int audit_retention(struct store_db *db, const char *by, int64_t *ret_erased);

/* What audit_retention would erase: [{"kind", "days", "before", "oldest", "count"}], kinds without any left out. */
int audit_retention_due(struct store_db *db, json_t **ret_kinds);

/* Whether the nightly retention is due: none has been done since the last quiet hour of the facility's day. A clock that
 * has moved by more than a week may be wrong, and what is erased by it is gone: the next night will do. To be asked in a
 * write: it keeps in mind that it has waited. */
enum audit_night {
	AUDIT_NIGHT_DONE,
	AUDIT_NIGHT_DUE,
	AUDIT_NIGHT_WAITS,
};
int audit_retention_tonight(struct store_db *db, enum audit_night *ret_night);

/* It has been done. */
int audit_retention_done(struct store_db *db);

#define AUDIT_FINDINGS_MOST 20

struct audit_finding {
	int64_t event;    /* 0: of no one event */
	const char *why;  /* a literal */
	char detail[200]; /* what more is known; may be "" */
};

struct audit_report {
	int64_t events;
	int64_t erased;
	int64_t checkpoints;
	int64_t sessions;
	uint8_t head[CHAIN_HASH_BYTES];
	struct audit_finding findings[AUDIT_FINDINGS_MOST];
	size_t found; /* how many there were, also beyond those kept; 0: all is well */
};

/* {"whole", "events", "erased", "checkpoints", "sessions", "head", "found", "findings": [{"event", "why",
 * "detail"}]}, new reference. */
json_t *audit_report_json(const struct audit_report *report);

/* Called now and then, on any thread; a negative errno ends the verification with it. */
typedef int audit_progress(void *argument, int64_t done, int64_t of);

/* Checks the whole chain, the checkpoints, the connection history and the fields against their events, and the
 * structure of all of these in the file. 0 also when something is bad: see findings. Inside a walk. progress may
 * be NULL. */
int audit_verify(struct store_db *db, audit_progress *progress, void *argument,
	struct audit_report *ret_report);

#endif
