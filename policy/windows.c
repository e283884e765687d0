/* Maintenance and restart windows; see windows.h. */
#include "policy/windows.h"

#include "base/cleanup.h"
#include "policy/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define MINUTE_US INT64_C(60000000)
#define ALL_DAYS 0x7f
#define WEEKDAYS 0x1f

/* Every weekly window opens and closes once within so long, whatever the clock leaves out: a day is left out at most once. */
#define LOOK_AHEAD_US (INT64_C(16) * 86400 * 1000000)

static const char *const kind_names[WINDOW_KIND_COUNT] = {
	[WINDOW_MAINTENANCE] = "maintenance",
	[WINDOW_RESTART] = "restart",
};

static const char *const day_names[WINDOW_DAYS] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

const char *
window_kind_name(enum window_kind kind)
{
	return kind_names[kind];
}

int
window_kind_parse(const char *text, enum window_kind *ret_kind, struct field_error *error)
{
	for (int i = 0; i < WINDOW_KIND_COUNT; i++) {
		if (strcmp(text, kind_names[i]) != 0)
			continue;
		*ret_kind = (enum window_kind)i;
		return 0;
	}
	return field_error_set(error, "kind", text, "maintenance or restart", "restart");
}

const char *
window_day_name(unsigned day)
{
	return day_names[day % WINDOW_DAYS];
}

int
window_day_parse(const char *text, uint8_t *days, struct field_error *error)
{
	if (strcmp(text, "daily") == 0) {
		*days |= ALL_DAYS;
		return 0;
	}
	if (strcmp(text, "weekdays") == 0) {
		*days |= WEEKDAYS;
		return 0;
	}
	for (unsigned i = 0; i < WINDOW_DAYS; i++) {
		if (strcmp(text, day_names[i]) != 0)
			continue;
		*days |= (uint8_t)(1u << i);
		return 0;
	}
	return field_error_set(
		error, "days", text, "mon, tue, wed, thu, fri, sat, sun, daily or weekdays", "mon");
}

/* "04:00" as minutes, or -1. */
static int
read_minutes(const char *text)
{
	unsigned hours, minutes;
	char rest;

	if (strlen(text) != 5 || text[2] != ':' || strspn(text, "0123456789:") != 5 ||
		sscanf(text, "%2u:%2u%c", &hours, &minutes, &rest) != 2)
		return -1;
	if (minutes > 59 || hours > 24 || (hours == 24 && minutes > 0))
		return -1;
	return (int)(hours * 60 + minutes);
}

int
window_minutes_parse(
	const char *from, const char *until, struct window *window, struct field_error *error)
{
	int first = read_minutes(from), last = read_minutes(until);

	if (first < 0 || first == MINUTES_PER_DAY)
		return field_error_set(
			error, "from", from, "a time of day from 00:00 to 23:59", "04:00");
	if (last < 0)
		return field_error_set(
			error, "until", until, "a time of day from 00:00 to 24:00", "04:30");
	if (first == last % MINUTES_PER_DAY && last != MINUTES_PER_DAY)
		return field_error_set(error, "until", until,
			"another time than `from`; the whole day is 00:00 to 24:00", "04:30");
	window->from = (uint16_t)first;
	window->until = (uint16_t)last;
	return 0;
}

static int
refuse_time(const char *field, const char *text, struct field_error *error)
{
	return field_error_set(error, field, text,
		"a time at the facility, YYYY-MM-DD HH:MM, or an instant as RFC 3339 writes it; "
		"with days: HH:MM",
		"2026-11-22 01:00");
}

int
window_dates_parse(const char *from, const char *until, int64_t now_us, struct window *window,
	struct field_error *error)
{
	if (civil_instant_parse(from, &window->begins_us) < 0)
		return refuse_time("from", from, error);
	if (civil_instant_parse(until, &window->ends_us) < 0)
		return refuse_time("until", until, error);
	if (window->ends_us <= window->begins_us)
		return field_error_set(
			error, "until", until, "a time after `from`", "2026-11-22 05:00");
	if (window->ends_us - window->begins_us > WINDOW_LONGEST_US)
		return field_error_set(error, "until", until,
			"31 days after `from` at most; a terminal that nobody is to use for longer "
			"is taken out of service",
			"2026-11-22 05:00");
	if (window->ends_us <= now_us)
		return field_error_set(
			error, "until", until, "a time that is still to come", "2026-11-22 05:00");
	return 0;
}

int
window_text_parse(const char *text, char *ret_text, struct field_error *error)
{
	size_t len;
	const char *trimmed = text_trim(text, &len);
	int count = text_count(trimmed, len, TEXT_LINE);

	if (count < 0 || count > WINDOW_TEXT_MAX)
		return field_error_set(
			error, "text", text, "up to 200 printable characters", "the daily restart");
	memcpy(ret_text, trimmed, len);
	ret_text[len] = '\0';
	return 0;
}

void
window_minute_format(uint16_t minute, char *ret_text)
{
	snprintf(ret_text, WINDOW_TIME_SIZE, "%02u:%02u", minute / 60u % 100, minute % 60u);
}

void
window_time_format(int64_t instant_us, int64_t now_us, char *ret_text)
{
	char day[CIVIL_DATE_SIZE];
	struct civil_time time, now;

	civil_from_instant(instant_us, &time);
	civil_from_instant(now_us, &now);
	if (civil_date_compare(time.date, now.date) == 0) {
		window_minute_format(time.minute, ret_text);
		return;
	}
	civil_date_format(time.date, day);
	snprintf(ret_text, WINDOW_TIME_SIZE, "%s %02u:%02u", day, time.minute / 60u % 24,
		time.minute % 60u);
}

/* Monday is 0: Sakamoto's rule, from whose Sunday it is turned by one. */
static unsigned
weekday(struct civil_date date)
{
	static const int offsets[] = {0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4};
	int year = date.year - (date.month < 3);

	return (unsigned)(year + year / 4 - year / 100 + year / 400 + offsets[date.month - 1] +
			  date.day + 6) %
	       WINDOW_DAYS;
}

static bool
begins_on(const struct window *window, unsigned day)
{
	return (window->days & 1u << day % WINDOW_DAYS) != 0;
}

static bool
covers(const struct window *window, int64_t at_us, const struct civil_time *at)
{
	unsigned today = weekday(at->date);

	if (window->days == 0)
		return at_us >= window->begins_us && at_us < window->ends_us;
	if (window->from < window->until)
		return begins_on(window, today) && at->minute >= window->from &&
		       at->minute < window->until;
	return (begins_on(window, today) && at->minute >= window->from) ||
	       (begins_on(window, today + WINDOW_DAYS - 1) && at->minute < window->until);
}

const struct window *
windows_covering(const struct window *windows, size_t count, int64_t at_us)
{
	struct civil_time at;

	if (count == 0)
		return NULL;
	civil_from_instant(at_us, &at);
	for (size_t i = 0; i < count; i++)
		if (covers(&windows[i], at_us, &at))
			return &windows[i];
	return NULL;
}

/* The earlier of `first` and the next time at which the clock shows this minute, if it runs evenly until then. */
static int64_t
earlier_minute(int64_t first, int64_t at_us, const struct civil_time *at, uint16_t minute)
{
	int ahead = (minute % MINUTES_PER_DAY - at->minute + MINUTES_PER_DAY) % MINUTES_PER_DAY;
	int64_t instant = (at_us / MINUTE_US + ahead) * MINUTE_US;

	return instant > at_us && instant < first ? instant : first;
}

static int64_t
earlier_instant(int64_t first, int64_t at_us, int64_t instant)
{
	return instant > at_us && instant < first ? instant : first;
}

/* Between two of these instants nothing turns: the clock jumps only on the grid. */
static int64_t
next_look(const struct window *windows, size_t count, int64_t at_us)
{
	int64_t first = (at_us / CIVIL_GRID_US + 1) * CIVIL_GRID_US;
	struct civil_time at;

	civil_from_instant(at_us, &at);
	for (size_t i = 0; i < count; i++) {
		if (windows[i].days == 0) {
			first = earlier_instant(first, at_us, windows[i].begins_us);
			first = earlier_instant(first, at_us, windows[i].ends_us);
		} else {
			first = earlier_minute(first, at_us, &at, windows[i].from);
			first = earlier_minute(first, at_us, &at, windows[i].until);
		}
	}
	return first;
}

/* Dated windows may lie years ahead, where no weekly one is. */
static int64_t
first_date_after(const struct window *windows, size_t count, int64_t at_us)
{
	int64_t first = WINDOW_NEVER;

	for (size_t i = 0; i < count; i++) {
		if (windows[i].days != 0)
			continue;
		first = earlier_instant(first, at_us, windows[i].begins_us);
		first = earlier_instant(first, at_us, windows[i].ends_us);
	}
	return first;
}

static bool
any_weekly(const struct window *windows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (windows[i].days != 0)
			return true;
	return false;
}

int64_t
windows_change(const struct window *windows, size_t count, int64_t at_us)
{
	bool closed = windows_covering(windows, count, at_us) != NULL;
	bool weekly = any_weekly(windows, count);
	int64_t last = at_us + LOOK_AHEAD_US;

	while (at_us < last || !weekly) {
		at_us = weekly ? next_look(windows, count, at_us)
			       : first_date_after(windows, count, at_us);
		if (at_us == WINDOW_NEVER)
			return WINDOW_NEVER;
		if ((windows_covering(windows, count, at_us) != NULL) != closed)
			return at_us;
	}
	/* The weekly ones never let anybody in, or are hidden behind a dated one that is longer than that. */
	for (at_us = first_date_after(windows, count, at_us); at_us != WINDOW_NEVER;
		at_us = first_date_after(windows, count, at_us)) {
		if ((windows_covering(windows, count, at_us) != NULL) != closed)
			return at_us;
	}
	return WINDOW_NEVER;
}

const struct window *
windows_next(const struct window *windows, size_t count, int64_t at_us)
{
	const struct window *covering = windows_covering(windows, count, at_us);
	int64_t change;

	if (covering != NULL)
		return covering;
	change = windows_change(windows, count, at_us);
	return change == WINDOW_NEVER ? NULL : windows_covering(windows, count, change);
}
