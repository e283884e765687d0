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
 * an hour looks, to audit_verify, like one whose checkpoint was taken away. */
int audit_checkpoint(struct store_db *db, struct chain_checkpoint *ret_checkpoint, bool *ret_made);

/* Erases payloads older than their kind's retention (event_kinds.def), sessions of the connection
 * history with them, and records that as an event. Call it about once a day. */
int audit_retention(struct store_db *db, size_t *ret_erased);

struct audit_report {
	int64_t events;
	int64_t erased;
	int64_t checkpoints;
	uint8_t head[CHAIN_HASH_BYTES];
	int64_t bad_event; /* 0: all is well; else the first bad one … */
	const char *why;   /* … and what is wrong with it; a literal */
};

/* Checks the whole chain, the checkpoints, and the connection history against its events. 0 also
 * when something is bad: see bad_event. */
int audit_verify(struct store_db *db, struct audit_report *ret_report);

#endif
