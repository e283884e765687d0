/* How soon a TCP peer that is silently gone is noticed while nothing is sent to it: asked when it has been quiet for half of
 * limits.stall, and given up (TCP_USER_TIMEOUT) after the whole of it. In seconds, which is what the kernel takes. */
#ifndef BASE_KEEPALIVE_H
#define BASE_KEEPALIVE_H

#include <stdint.h>

static inline int
keepalive_seconds(uint32_t milliseconds, int most)
{
	int seconds = (int)(milliseconds / 1000);

	return seconds < 1 ? 1 : seconds > most ? most : seconds;
}

/* TCP_KEEPIDLE */
static inline int
keepalive_idle(uint32_t stall_ms)
{
	return keepalive_seconds(stall_ms / 2, 30);
}

/* TCP_KEEPINTVL */
static inline int
keepalive_interval(uint32_t stall_ms)
{
	return keepalive_seconds(stall_ms / 6, 10);
}

#endif
