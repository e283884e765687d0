/* Taking a full terminal over (B5, A20): where the terminal says so, an account of higher priority gets the place of the lowest
 * one; of several, that of the session that began last. Inside a job; reading suffices.
 */
#ifndef POLICY_TAKE_OVER_H
#define POLICY_TAKE_OVER_H

#include "policy/sessions.h"

struct take_over {
	enum close_reason
		reason; /* CLOSE_NONE: it is not full (any more). What the session would be refused for */
	bool possible; /* … because it is full and nothing else, and this one would make place: */
	uint8_t session[SESSION_ID_BYTES];
	uint32_t priority; /* of the account there */
	char used_by
		[HOLDER_SIZE]; /* it is full: one who holds it, as this engineer may know, or "" */
};

/* What an account can do about a terminal now, from this device. All rules are asked: nobody makes place for who would not get it.
 * 0 or a negative errno. */
int take_over_look(struct store_db *db, int64_t account, int64_t terminal,
	const struct device_evidence *device, struct take_over *ret_view);

#endif
