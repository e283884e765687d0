/* What both ways back to a session share, by its ticket (session_begin.c) or by automatic reconnection. Inside a job; 0 or a
 * negative errno. Private to policy.
 */
#ifndef POLICY_SESSION_CONTINUE_H
#define POLICY_SESSION_CONTINUE_H

#include "policy/session_start.h"
#include "policy/store/session_table.h"

struct session_refusal {
	enum close_reason reason; /* CLOSE_NONE: it goes on */
	const char *rule;
};

/* Fresh evidence must name the device that was there before, if one was. */
bool session_is_same_device(
	const struct device_evidence *before, const struct device_evidence *device);

/* It runs, or it was lost so recently that its client may come back. */
bool session_may_go_on(const struct store_db *db, const struct session_record *session);

/* Another connection carries the session from now on, if it is active or lost within the grace time, comes from the same source
 * and device, and the running rules allow it. session: NULL if there is none. A refusal is the caller's to record. */
int session_continue(struct store_db *db, struct session_start *start,
	const struct session_record *session, struct session_refusal *ret_refusal);

#endif
