/* Periods of the logs. mktime(3) knows the days on which clocks are put forward or back. */
#include "admin-cli/period.h"

#include "admin-cli/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DAY_S 86400
#define DEFAULT_DAYS 7

static int refuse(char *ret_why, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int
refuse(char *ret_why, size_t size, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(ret_why, size, format, arguments);
	va_end(arguments);
	return -EINVAL;
}

/* "2026-11-20", "2026/11/20", "2026-11-20T08:30", "2026-11-20 08:30". */
static bool
read_moment(const char *text, struct tm *ret_date, bool *ret_has_time)
{
	struct tm date = {.tm_isdst = -1};
	struct tm checked;
	int len = 0;
	int all = 0;

	if (sscanf(text, "%4d%*1[-/]%2d%*1[-/]%2d%n%*1[T ]%2d:%2d%n", &date.tm_year, &date.tm_mon,
		    &date.tm_mday, &len, &date.tm_hour, &date.tm_min, &all) < 3 ||
		len == 0 || !(text[0] >= '0' && text[0] <= '9'))
		return false;
	*ret_has_time = all > 0;
	if (text[all > 0 ? all : len] != '\0' || date.tm_hour > 23 || date.tm_min > 59 ||
		date.tm_hour < 0 || date.tm_min < 0)
		return false;
	date.tm_year -= 1900;
	date.tm_mon -= 1;
	checked = date;
	/* 31 April comes back as 1 May. At noon, so that no clock change can move it to another day. */
	checked.tm_hour = 12;
	if (mktime(&checked) == -1 || checked.tm_mday != date.tm_mday ||
		checked.tm_mon != date.tm_mon)
		return false;
	*ret_date = date;
	return true;
}

static int
read_day(const char *name, const char *text, bool end_of_day, int64_t *ret_s, char *ret_why,
	size_t size)
{
	struct tm date;
	bool has_time;

	if (!read_moment(text, &date, &has_time))
		return refuse(ret_why, size,
			_("%s: found `%s`; allowed is a day such as 2026-11-20, or "
			  "2026-11-20T08:30"),
			name, text_shown(text));
	if (end_of_day && !has_time)
		date.tm_mday++;
	*ret_s = mktime(&date);
	return 0;
}

static int
read_last(const char *text, int64_t *ret_s, char *ret_why, size_t size)
{
	static const struct {
		const char *name;
		int64_t s;
	} units[] = {{"min", 60}, {"h", 3600}, {"d", DAY_S}, {"w", 7 * DAY_S}};
	char *end;
	long number = strtol(text, &end, 10);

	for (size_t i = 0; text[0] >= '0' && text[0] <= '9' && i < sizeof(units) / sizeof(units[0]);
		i++) {
		if (strcmp(end, units[i].name) == 0 && number > 0 && number <= 100000) {
			*ret_s = number * units[i].s;
			return 0;
		}
	}
	return refuse(ret_why, size,
		_("--last: found `%s`; allowed is a time such as 30min, 24h, 7d or 4w"),
		text_shown(text));
}

int
period_read(const char *from, const char *until, const char *last, int64_t now_s,
	struct period *ret_period, char *ret_why, size_t size)
{
	struct period period = {.until_s = INT64_MAX};
	int64_t length_s = DEFAULT_DAYS * DAY_S;
	int r = 0;

	if (last != NULL && (from != NULL || until != NULL))
		return refuse(ret_why, size,
			_("--last says the whole period: leave out --from and --until"));
	if (last != NULL)
		r = read_last(last, &length_s, ret_why, size);
	if (r == 0 && until != NULL)
		r = read_day("--until", until, true, &period.until_s, ret_why, size);
	if (r == 0 && from != NULL)
		r = read_day("--from", from, false, &period.from_s, ret_why, size);
	if (r < 0)
		return r;
	if (from == NULL)
		period.from_s = (until != NULL ? period.until_s : now_s) - length_s;
	if (period.from_s >= period.until_s)
		return refuse(ret_why, size, _("--from %s is after --until %s"), text_shown(from),
			text_shown(until));
	*ret_period = period;
	return 0;
}
