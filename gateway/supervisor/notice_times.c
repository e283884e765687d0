/* See notice_times.h. */
#include "supervisor/notice_times.h"

#define MINUTE_US INT64_C(60000000)
#define SLACK_US INT64_C(2000000) /* a minute's timer comes a little early or late */

/* The shortest of the times that has come; 0: none has. */
static int64_t
time_that_has_come(const int64_t before_us[NOTICE_TIMES], int64_t left_us)
{
	int64_t shortest = 0;

	for (size_t i = 0; i < NOTICE_TIMES; i++) {
		if (before_us[i] > 0 && left_us <= before_us[i] + SLACK_US &&
			(shortest == 0 || before_us[i] < shortest))
			shortest = before_us[i];
	}
	return shortest;
}

bool
notice_is_due(struct notice_told *told, const int64_t before_us[NOTICE_TIMES], int64_t ends_us,
	int64_t now_us)
{
	int64_t moved = ends_us - told->ends_us;
	int64_t come;

	if (ends_us == 0 || ends_us <= now_us) {
		*told = (struct notice_told){0};
		return false;
	}
	if (moved <= -MINUTE_US || moved >= MINUTE_US)
		*told = (struct notice_told){0};
	come = time_that_has_come(before_us, ends_us - now_us);
	if (come == 0 || (told->before_us != 0 && told->before_us <= come))
		return false;
	*told = (struct notice_told){.ends_us = ends_us, .before_us = come};
	return true;
}

uint32_t
notice_minutes(int64_t ends_us, int64_t now_us)
{
	int64_t left = ends_us - now_us - SLACK_US;

	return left > 0 ? (uint32_t)((left + MINUTE_US - 1) / MINUTE_US) : 1;
}
