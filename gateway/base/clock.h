/* The time, which tests can set. Everything that needs "now" asks here. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

/* Microseconds since 1970-01-01T00:00:00Z: for records and for people. */
int64_t clock_now(void);

/* Milliseconds since boot, counting suspension (CLOCK_BOOTTIME): for limits. */
int64_t clock_boottime_ms(void);

/* For tests: both clocks stand still at these values; clock_release lets them run again. */
void clock_hold(int64_t now_us, int64_t boottime_ms);
void clock_release(void);

/* RFC 3339 in UTC with microseconds, "2026-11-20T08:30:00.000000Z"; room for CLOCK_TEXT_SIZE characters. */
void clock_format_utc(int64_t now_us, char *ret_text);

#define CLOCK_TEXT_SIZE 40

#endif
