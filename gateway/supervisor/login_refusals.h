/* A refusal that no transaction of the policy has recorded. For the loop thread. */
#ifndef SUPERVISOR_LOGIN_REFUSALS_H
#define SUPERVISOR_LOGIN_REFUSALS_H

#include "supervisor/connections.h"

/* typed: what was given as the account, "": nothing. */
void login_refusal_record(
	const struct connection *connection, const char *typed, enum close_reason reason);

/* A failure that does not end its connection adds to the penalty of its source. */
void login_refusal_penalise(const struct connection *connection, uint32_t units);

#endif
