/* The time, which tests can set; see clock.h. */
#include "base/clock.h"

#include <stdbool.h>
#include <stdio.h>
#include <time.h>

static struct {
	bool held;
	int64_t now_us;
	int64_t boottime_ms;
} hold;

static int64_t
read_clock(clockid_t id, int64_t per_second)
{
	struct timespec at;

	clock_gettime(id, &at);
	return (int64_t)at.tv_sec * per_second + (int64_t)at.tv_nsec / (1000000000 / per_second);
}

int64_t
clock_now(void)
{
	return hold.held ? hold.now_us : read_clock(CLOCK_REALTIME, 1000000);
}

int64_t
clock_boottime_ms(void)
{
	return hold.held ? hold.boottime_ms : read_clock(CLOCK_BOOTTIME, 1000);
}

void
clock_hold(int64_t now_us, int64_t boottime_ms)
{
	hold.held = true;
	hold.now_us = now_us;
	hold.boottime_ms = boottime_ms;
}

void
clock_release(void)
{
	hold.held = false;
}

void
clock_format_utc(int64_t now_us, char *ret_text)
{
	time_t seconds = (time_t)(now_us / 1000000);
	struct tm parts;

	gmtime_r(&seconds, &parts);
	snprintf(ret_text, CLOCK_TEXT_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ",
		(parts.tm_year + 1900) % 10000, (parts.tm_mon + 1) % 100, parts.tm_mday % 100,
		parts.tm_hour % 100, parts.tm_min % 100, parts.tm_sec % 100,
		(int)(now_us % 1000000));
}
