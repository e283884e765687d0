/* How running sessions stand: whether they must end, and when they will by themselves. What the store does not know, when
 * somebody last touched keyboard or mouse, comes from the caller. Inside a job; reading suffices. 0 or a negative errno.
 */
#ifndef POLICY_SESSION_OUTLOOK_H
#define POLICY_SESSION_OUTLOOK_H

#include "policy/sessions.h"

struct session_outlook {
	uint8_t session[SESSION_ID_BYTES]; /* in */
	int64_t idle_since_us;             /* in: the last input; 0: not known */

	enum close_reason reason; /* out: CLOSE_NONE: it may go on now (or has ended) */
	const char *rule;         /* … that says no, or NULL */
	int64_t ends_us;          /* out: when it ends by itself; 0: never */
	const char *ends_by;      /* … by which rule, or NULL */
};

/* Whether each must end now. */
int session_outlooks_now(struct store_db *db, struct session_outlook *outlooks, size_t count);

/* The same, and when it will. */
int session_outlooks(struct store_db *db, struct session_outlook *outlooks, size_t count);

#endif
