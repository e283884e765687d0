/* The event log and its checkpoints in the database. Inside a job; 0 or a negative errno. */
#ifndef POLICY_STORE_EVENT_TABLE_H
#define POLICY_STORE_EVENT_TABLE_H

#include "policy/chain.h"

#include <stdint.h>

struct store_db;

enum event_kind {
#define EVENT_KIND(name, text, days) EVENT_KIND_##name,
#include "policy/event_kinds.def"
#undef EVENT_KIND
	EVENT_KIND_COUNT
};

#define EVENT_KIND_SIZE 32

const char *event_kind_text(enum event_kind kind);

/* Microseconds that content of this kind is kept; 0: for ever. -1 for a kind that is none. */
int64_t event_kind_retention(const char *kind);

/* Adds an event at the head of the chain. ret_id may be NULL. */
int event_append(struct store_db *db, enum event_kind kind, const char *payload, int64_t *ret_id);

/* The newest event's id, time and hash; -ENOENT for an empty log. */
int event_head(struct store_db *db, struct chain_event *ret_event);

/* The same of the newest one up to an id. */
int event_at_or_before(struct store_db *db, int64_t id, struct chain_event *ret_event);

/* The next `most` events behind an id and up to another one, in order. kind and payload are valid during the visit. */
int event_each(struct store_db *db, int64_t after, int64_t until, int64_t most,
	int (*visit)(struct store_db *db, const struct chain_event *event, void *argument),
	void *argument);

/* Payloads of the newest administration events that hold the name, newest first; a negative errno of visit
 * ends it. Not of those behind the newest few ten thousand: this is for what happened lately. */
int event_each_change(struct store_db *db, const char *name,
	int (*visit)(const char *payload, void *argument), void *argument);

/* Where event_each_of_kind has come to; {INT64_MIN, 0}: at the beginning. */
struct event_place {
	int64_t time_us;
	int64_t id;
};

/* The next `most` events of a kind that have not been erased, in the order of their times. */
int event_each_of_kind(struct store_db *db, const char *kind, struct event_place *place,
	int64_t most,
	int (*visit)(struct store_db *db, const struct chain_event *event, void *argument),
	void *argument);

/* The greatest id of a kind; 0 without any. */
int event_newest_of_kind(struct store_db *db, const char *kind, int64_t *ret_id);

/* Content of one event, to be freed; NULL if it has been erased. -ENOENT. */
int event_payload(struct store_db *db, int64_t id, char **ret_payload);

/* Empties content of a kind older than an instant, the oldest first, `most` events and those of the same instant
 * as the last of them. All is 0 if there was none. */
struct event_erasure {
	int64_t first; /* the least id … */
	int64_t last;  /* … and the greatest */
	int64_t count;
	int64_t until_us; /* time of the youngest */
};
int event_erase(struct store_db *db, enum event_kind kind, int64_t before_us, int64_t most,
	struct event_erasure *ret_erasure);

/* How many events of a kind event_erase would still empty, and the time of the oldest. */
int event_count_old(struct store_db *db, enum event_kind kind, int64_t before_us,
	int64_t *ret_count, int64_t *ret_oldest_us);

int checkpoint_insert(struct store_db *db, const struct chain_checkpoint *checkpoint);

/* Id of the newest event that a checkpoint covers, and when it was made; 0 without any. */
int checkpoint_newest(struct store_db *db, int64_t *ret_event, int64_t *ret_time_us);

int checkpoint_delete(struct store_db *db, int64_t event);

/* Every checkpoint, with the hash of its event as it stands in the log; NULL if that is gone. */
int checkpoint_each(struct store_db *db,
	int (*visit)(const struct chain_checkpoint *checkpoint, const uint8_t *event_hash,
		void *argument),
	void *argument);

#endif
