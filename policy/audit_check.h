/* What the files of log verify share; private to policy/audit_*.c. */
#ifndef POLICY_AUDIT_CHECK_H
#define POLICY_AUDIT_CHECK_H

#include "policy/audit.h"
#include "policy/erasures.h"
#include "policy/session_news.h"
#include "policy/store/keyed_sum.h"

#include <stdatomic.h>

struct store_db;

/* What both threads know. */
struct verification {
	audit_progress *progress;
	void *argument;
	atomic_llong done;
	int64_t of;
	int64_t until;        /* the newest event when it began */
	int64_t erasure;      /* and the newest retention */
	int64_t signed_until; /* and the last event that a checkpoint covered */
	atomic_llong stretch; /* how many stretches of the chain somebody has begun with */
	atomic_size_t rest;   /* and parts of the rest */
	atomic_bool over;     /* one of the threads has failed: the other need not go on */
};

/* The same, as the chain has it and as it can be looked up. */
struct sums {
	struct keyed_sum of_events;
	struct keyed_sum of_rows;
	bool disorder; /* rows that are not where they are looked for */
};

/* One thread's. */
struct check {
	struct verification *verification;
	struct store_db *db;
	struct audit_report report;
	int status;

	int64_t last; /* id, or number of a session, that was seen last */
	int64_t seen; /* in this portion */

	/* The chain's, of the stretches that this thread has taken. */
	struct chain_verifier chain;
	struct erasures erasures;
	int64_t newest;             /* event up to which erasures have been collected */
	int64_t oldest_unsigned_us; /* time of the first event that no checkpoint covers; 0: none */
	struct session_news news;   /* of the portion that is being read */

	int64_t fields;
	struct sums fields_sum;
	struct sums kinds_sum; /* of the event log's index */
};

/* `why` and, with what the report has room for, `detail`; event 0: of no one event. */
void audit_found(struct check *check, int64_t event, const char *why, const char *detail);

/* A page that cannot be read is what this is looking for, and no reason to fail: 0 for -EUCLEAN. */
int audit_read_failed(struct check *check, int64_t event, int r);

/* After each portion of `done` events. A negative errno: do not go on. */
int audit_go_on(struct check *check, int64_t done);

/* A row of this number. In a damaged file they need not rise. */
void audit_saw(struct check *check, int64_t number);

/* After a portion that began behind `before`: whether there is another one. A file in which rows lead back to where the
 * portion began would be walked for ever. */
bool audit_is_more(struct check *check, int64_t before);

/* Events, stretch by stretch as long as there are any that nobody has begun with, and that the connection history knows
 * of them (audit_chain.c). */
int audit_check_chain(struct check *check);

/* Their checkpoints. */
int audit_check_checkpoints(struct check *check);

/* When all of the chain has been seen: what only both together know. */
void audit_check_chain_end(struct check *first, const struct check *second);

extern const char audit_damaged[];

#endif
