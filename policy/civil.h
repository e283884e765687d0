/* Days and times of day as people at the facility count them. Pure but for what turns instants into days and back,
 * which uses the zone of the process: the supervisor sets TZ from the settings before it starts threads.
 */
#ifndef POLICY_CIVIL_H
#define POLICY_CIVIL_H

#include <stdbool.h>
#include <stdint.h>

struct civil_date {
	int16_t year;  /* 1900-9999 */
	uint8_t month; /* 1-12 */
	uint8_t day;   /* 1-31 */
};

struct civil_time {
	struct civil_date date;
	uint16_t minute; /* of the day: 0-1439, as the clock on the wall shows it */
};

#define CIVIL_DATE_SIZE 11
#define MINUTES_PER_DAY 1440

/* What calendar and clock in the facility show at an instant (microseconds since 1970). */
void civil_from_instant(int64_t instant_us, struct civil_time *ret_time);

/* The first instant of a day: 01:00 where summer time begins at midnight. */
int64_t civil_day_start(struct civil_date date);

/* Instants at which the clock on the wall can show a half hour, or jump: no zone of today is off by less. */
#define CIVIL_GRID_US (INT64_C(15) * 60 * 1000000)

bool civil_date_valid(struct civil_date date);

/* Below, at or above 0, as memcmp. */
int civil_date_compare(struct civil_date one, struct civil_date other);

/* The same day some years on; 29 February becomes 28 where there is none (A3). */
struct civil_date civil_date_add_years(struct civil_date date, int years);
struct civil_date civil_date_add_days(struct civil_date date, int days);

/* "YYYY-MM-DD"; ret_text has room for CIVIL_DATE_SIZE characters. */
void civil_date_format(struct civil_date date, char *ret_text);

/* Reads exactly that form. Returns 0 or -EINVAL. */
int civil_date_parse(const char *text, struct civil_date *ret_date);

/* An instant as RFC 3339 writes it, "2026-11-20T08:30:00Z", with or without a fraction, in UTC or with
 * an offset. Returns 0 or -EINVAL. */
int instant_parse(const char *text, int64_t *ret_us);

/* The same, or what calendar and clock in the facility show: "2026-11-20 08:30", with or without seconds. Of a time
 * that comes twice at the end of summer time, the first; one that is left out is taken as if it were not. */
int civil_instant_parse(const char *text, int64_t *ret_us);

#endif
