/* The time, which tests can set; see clock.h. */
#include "base/clock.h"

#include <stdbool.h>
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

static char *
put_digits(char *at, unsigned int value, int digits, char behind)
{
	for (int i = digits - 1; i >= 0; i--) {
		at[i] = (char)('0' + value % 10);
		value /= 10;
	}
	at[digits] = behind;
	return at + digits + 1;
}

/* By hand: logs are full of instants, and snprintf would take most of the time that a row of them costs. */
void
clock_format_utc(int64_t now_us, char *ret_text)
{
	time_t seconds = (time_t)(now_us / 1000000);
	struct tm parts;

	gmtime_r(&seconds, &parts);
	ret_text = put_digits(ret_text, (unsigned int)(parts.tm_year + 1900), 4, '-');
	ret_text = put_digits(ret_text, (unsigned int)(parts.tm_mon + 1), 2, '-');
	ret_text = put_digits(ret_text, (unsigned int)parts.tm_mday, 2, 'T');
	ret_text = put_digits(ret_text, (unsigned int)parts.tm_hour, 2, ':');
	ret_text = put_digits(ret_text, (unsigned int)parts.tm_min, 2, ':');
	ret_text = put_digits(ret_text, (unsigned int)parts.tm_sec, 2, '.');
	ret_text = put_digits(ret_text, (unsigned int)(now_us % 1000000), 6, 'Z');
	*ret_text = '\0';
}
