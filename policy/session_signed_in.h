/* What both ways on from a sign-in share. Private to policy. */
#ifndef POLICY_SESSION_SIGNED_IN_H
#define POLICY_SESSION_SIGNED_IN_H

#include "policy/session_start.h"
#include "policy/sign_in.h"

/* Everything that the decision needs; start->grant is set before. The caller calls gathered_facts_done, also after an
 * error. 0 or a negative errno. */
int signed_in_start(
	struct store_db *db, const struct signed_in_request *request, struct session_start *start);

#endif
