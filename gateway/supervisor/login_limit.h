/* How many refused sign-ins are logged: so many from one source, and so many in all, in some time. Every one of them
 * is in the journal all the same. Memory is bounded; no I/O, no clock: times are milliseconds of one monotonic
 * clock, given by the caller.
 */
#ifndef SUPERVISOR_LOGIN_LIMIT_H
#define SUPERVISOR_LOGIN_LIMIT_H

#include "policy/logins.h"

#include <stdint.h>

#define LOGIN_LIMIT_SOURCES 256
#define LOGIN_LIMIT_OF_SOURCE 20
#define LOGIN_LIMIT_OF_ALL 1000
#define LOGIN_LIMIT_MS (10 * 60 * 1000)

struct login_count {
	int64_t since_ms;
	uint32_t count;
};

/* Zeroed at first. Sources that share a place share its limit. */
struct login_limit {
	struct login_count sources[LOGIN_LIMIT_SOURCES], all;
};

/* Whether a refusal of this source (an address as text; of IPv6 its first 64 bits count) would be logged now. */
enum login_logging login_limit_ask(
	const struct login_limit *limit, const char *source, int64_t now_ms);

/* There was one. */
void login_limit_count(struct login_limit *limit, const char *source, int64_t now_ms);

#endif
