/* What a look at a terminal has changed, in the gateway's own log: once, when it begins or is over. */
#ifndef SUPERVISOR_HEALTH_LOG_H
#define SUPERVISOR_HEALTH_LOG_H

#include "policy/terminal_health.h"

void health_log(const struct terminal *host, const struct terminal_health *health,
	const struct health_change *change);

#endif
