/* A session named by the first digits of its id: people read eight of them in a table, and type what they need. Pure. */
#ifndef SUPERVISOR_SESSION_PREFIX_H
#define SUPERVISOR_SESSION_PREFIX_H

#include "policy/sessions.h"

#include <stdbool.h>
#include <stdint.h>

#define SESSION_PREFIX_LEAST 7
#define SESSION_PREFIX_MOST (2 * SESSION_ID_BYTES)

/* The ids that begin so, from the first possible one to the last. */
struct session_prefix {
	uint8_t low[SESSION_ID_BYTES];
	uint8_t high[SESSION_ID_BYTES];
};

/* 7 to 32 hexadecimal digits; else -EINVAL. */
int session_prefix_parse(const char *text, struct session_prefix *ret_prefix);

bool session_prefix_fits(
	const struct session_prefix *prefix, const uint8_t session[SESSION_ID_BYTES]);

#endif
