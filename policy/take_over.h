/* Taking a full terminal over (B5, A20): where the terminal says so, an account of higher priority gets the place of the lowest
 * one; of several, that of the session that began last. Inside a job; reading suffices.
 */
#ifndef POLICY_TAKE_OVER_H
#define POLICY_TAKE_OVER_H

#include "policy/sessions.h"

struct take_over {
	bool room;     /* the terminal is not full (any more) */
	bool possible; /* it is, and this session would make place */
	uint8_t session[SESSION_ID_BYTES];
};

/* What an account can do about a terminal. 0 or a negative errno. */
int take_over_look(
	struct store_db *db, int64_t account, int64_t terminal, struct take_over *ret_view);

#endif
