/* Days and times of day at the facility; see civil.h. */
#include "policy/civil.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static bool
is_leap_year(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int
days_in_month(int year, int month)
{
	static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return month == 2 && is_leap_year(year) ? 29 : days[month - 1];
}

void
civil_from_instant(int64_t instant_us, struct civil_time *ret_time)
{
	time_t seconds = (time_t)(instant_us / 1000000);
	struct tm parts;

	localtime_r(&seconds, &parts);
	ret_time->date.year = (int16_t)(parts.tm_year + 1900);
	ret_time->date.month = (uint8_t)(parts.tm_mon + 1);
	ret_time->date.day = (uint8_t)parts.tm_mday;
	ret_time->minute = (uint16_t)(parts.tm_hour * 60 + parts.tm_min);
}

int64_t
civil_day_start(struct civil_date date)
{
	struct tm parts = {.tm_year = date.year - 1900,
		.tm_mon = date.month - 1,
		.tm_mday = date.day,
		.tm_isdst = -1};
	int64_t instant = ((int64_t)mktime(&parts) * 1000000 / CIVIL_GRID_US - 16) * CIVIL_GRID_US;
	struct civil_time time;

	/* mktime may have answered with either side of a jump: look from four hours before. */
	for (;; instant += CIVIL_GRID_US) {
		civil_from_instant(instant, &time);
		if (civil_date_compare(time.date, date) >= 0)
			return instant;
	}
}

bool
civil_date_valid(struct civil_date date)
{
	return date.year >= 1900 && date.year <= 9999 && date.month >= 1 && date.month <= 12 &&
	       date.day >= 1 && date.day <= days_in_month(date.year, date.month);
}

int
civil_date_compare(struct civil_date one, struct civil_date other)
{
	if (one.year != other.year)
		return one.year - other.year;
	if (one.month != other.month)
		return one.month - other.month;
	return one.day - other.day;
}

struct civil_date
civil_date_add_years(struct civil_date date, int years)
{
	int last;

	date.year = (int16_t)(date.year + years);
	last = days_in_month(date.year, date.month);
	if (date.day > last)
		date.day = (uint8_t)last;
	return date;
}

static void
step_forward(struct civil_date *date)
{
	if (date->day < days_in_month(date->year, date->month)) {
		date->day++;
		return;
	}
	date->day = 1;
	if (date->month++ < 12)
		return;
	date->month = 1;
	date->year++;
}

static void
step_back(struct civil_date *date)
{
	if (date->day-- > 1)
		return;
	if (date->month-- == 1) {
		date->month = 12;
		date->year--;
	}
	date->day = (uint8_t)days_in_month(date->year, date->month);
}

struct civil_date
civil_date_add_days(struct civil_date date, int days)
{
	for (; days > 0; days--)
		step_forward(&date);
	for (; days < 0; days++)
		step_back(&date);
	return date;
}

void
civil_date_format(struct civil_date date, char *ret_text)
{
	snprintf(ret_text, CIVIL_DATE_SIZE, "%04u-%02u-%02u", (unsigned)date.year % 10000u,
		date.month % 100u, date.day % 100u);
}

/* Reads exactly `count` digits. Returns -1 if there are others. */
static int
read_digits(const char *text, int count)
{
	int value = 0;

	for (int i = 0; i < count; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		value = value * 10 + (text[i] - '0');
	}
	return value;
}

int
civil_date_parse(const char *text, struct civil_date *ret_date)
{
	struct civil_date date;
	int year, month, day;

	if (text == NULL || strlen(text) != CIVIL_DATE_SIZE - 1 || text[4] != '-' || text[7] != '-')
		return -EINVAL;
	year = read_digits(text, 4);
	month = read_digits(text + 5, 2);
	day = read_digits(text + 8, 2);
	if (year < 0 || month < 0 || day < 0)
		return -EINVAL;
	date = (struct civil_date){
		.year = (int16_t)year, .month = (uint8_t)month, .day = (uint8_t)day};
	if (!civil_date_valid(date))
		return -EINVAL;
	*ret_date = date;
	return 0;
}

/* ".25" as microseconds; steps over it. A seventh digit and those after it are dropped. */
static int64_t
read_fraction(const char **text)
{
	int64_t value = 0, unit = 100000;

	if (**text != '.')
		return 0;
	for ((*text)++; **text >= '0' && **text <= '9'; (*text)++) {
		value += (**text - '0') * unit;
		unit /= 10;
	}
	return value;
}

/* "Z" or "+09:00" to the end of the text, in seconds. */
static int
read_offset(const char *text, int *ret_seconds)
{
	int hours, minutes;

	*ret_seconds = 0;
	if (strcmp(text, "Z") == 0 || strcmp(text, "z") == 0)
		return 0;
	if ((text[0] != '+' && text[0] != '-') || strlen(text) != 6 || text[3] != ':')
		return -EINVAL;
	hours = read_digits(text + 1, 2);
	minutes = read_digits(text + 4, 2);
	if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59)
		return -EINVAL;
	*ret_seconds = (hours * 60 + minutes) * (text[0] == '+' ? 60 : -60);
	return 0;
}

int
instant_parse(const char *text, int64_t *ret_us)
{
	char day[CIVIL_DATE_SIZE];
	struct civil_date date;
	struct tm parts = {0};
	int64_t fraction;
	int offset;

	if (strlen(text) < sizeof("2026-11-20T08:30:00Z") - 1 || text[13] != ':' ||
		text[16] != ':' || strchr("Tt ", text[10]) == NULL)
		return -EINVAL;
	memcpy(day, text, sizeof(day) - 1);
	day[sizeof(day) - 1] = '\0';
	parts.tm_hour = read_digits(text + 11, 2);
	parts.tm_min = read_digits(text + 14, 2);
	parts.tm_sec = read_digits(text + 17, 2);
	if (civil_date_parse(day, &date) < 0 || parts.tm_hour < 0 || parts.tm_hour > 23 ||
		parts.tm_min < 0 || parts.tm_min > 59 || parts.tm_sec < 0 || parts.tm_sec > 60)
		return -EINVAL;
	text += 19;
	fraction = read_fraction(&text);
	if (read_offset(text, &offset) < 0)
		return -EINVAL;
	parts.tm_year = date.year - 1900;
	parts.tm_mon = date.month - 1;
	parts.tm_mday = date.day;
	*ret_us = ((int64_t)timegm(&parts) - offset) * 1000000 + fraction;
	return 0;
}

/* "2026-11-20 08:30" or "… 08:30:15" as if it were UTC. */
static int
read_wall_clock(const char *text, int64_t *ret_seconds)
{
	char day[CIVIL_DATE_SIZE];
	struct civil_date date;
	struct tm parts = {0};
	size_t len = strlen(text);

	if ((len != 16 && len != 19) || strchr("Tt ", text[10]) == NULL || text[13] != ':' ||
		(len == 19 && text[16] != ':'))
		return -EINVAL;
	memcpy(day, text, sizeof(day) - 1);
	day[sizeof(day) - 1] = '\0';
	parts.tm_hour = read_digits(text + 11, 2);
	parts.tm_min = read_digits(text + 14, 2);
	parts.tm_sec = len == 19 ? read_digits(text + 17, 2) : 0;
	if (civil_date_parse(day, &date) < 0 || parts.tm_hour < 0 || parts.tm_hour > 23 ||
		parts.tm_min < 0 || parts.tm_min > 59 || parts.tm_sec < 0 || parts.tm_sec > 59)
		return -EINVAL;
	parts.tm_year = date.year - 1900;
	parts.tm_mon = date.month - 1;
	parts.tm_mday = date.day;
	*ret_seconds = (int64_t)timegm(&parts);
	return 0;
}

static int64_t
zone_offset(int64_t seconds)
{
	time_t instant = (time_t)seconds;
	struct tm parts;

	localtime_r(&instant, &parts);
	return parts.tm_gmtoff;
}

int
civil_instant_parse(const char *text, int64_t *ret_us)
{
	int64_t wall, before, after;

	if (instant_parse(text, ret_us) == 0)
		return 0;
	if (read_wall_clock(text, &wall) < 0)
		return -EINVAL;
	/* By the offset of the day before, or by that of the day after if the clock has jumped since. */
	before = wall - zone_offset(wall - 86400);
	after = wall - zone_offset(wall + 86400);
	if (zone_offset(before) != wall - before && zone_offset(after) == wall - after)
		before = after;
	*ret_us = before * 1000000;
	return 0;
}
