/* When a session is told that it will end: so long before as the settings say, once each. Pure. */
#ifndef SUPERVISOR_NOTICE_TIMES_H
#define SUPERVISOR_NOTICE_TIMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NOTICE_TIMES 3

/* What a session was told; begins as {0}. */
struct notice_told {
	int64_t ends_us;   /* … that it ends then; 0: nothing */
	int64_t before_us; /* … so long before, of the times in the settings */
};

/* Whether it is to be told now. before_us: the times, 0 for none, in any order. An end that moves by less than a minute is the same
 * one: what it rests on may be known by the minute. */
bool notice_is_due(struct notice_told *told, const int64_t before_us[NOTICE_TIMES], int64_t ends_us,
	int64_t now_us);

/* Minutes until then, for people: never less than are left. */
uint32_t notice_minutes(int64_t ends_us, int64_t now_us);

#endif
