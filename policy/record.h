/* Writing what happened to the event log, inside a job. */
#ifndef POLICY_RECORD_H
#define POLICY_RECORD_H

#include "policy/store/event_table.h"

#include <jansson.h>
#include <stdint.h>

struct store_db;

/* Adds an event; takes the payload, also when it fails. ret_id may be NULL. */
int record_event(struct store_db *db, enum event_kind kind, json_t *payload, int64_t *ret_id);

/* The session's row as it is now becomes an event; the row remembers which. */
int record_session(struct store_db *db, enum event_kind kind, const uint8_t *session);

/* The one way in which a payload is written, so that texts can be compared. To be freed; NULL when
 * out of memory. */
char *record_text(const json_t *payload);

#endif
