/* Maintenance and restart windows (B6): when a terminal takes nobody. Pure but for the zone of the process (civil.h).
 *
 * A weekly window is one of the clock on the wall at the facility, as connection hours are: what that clock leaves out when
 * summer time begins is left out, what it shows twice comes twice. A dated one lies between two instants.
 */
#ifndef POLICY_WINDOWS_H
#define POLICY_WINDOWS_H

#include "policy/civil.h"
#include "policy/field_error.h"
#include "policy/protection.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WINDOW_TEXT_MAX 200 /* characters */
#define WINDOW_TEXT_SIZE (WINDOW_TEXT_MAX * 4 + 1)
#define WINDOWS_MOST 64 /* of a terminal, and of all of them */
#define WINDOW_DAYS 7
#define WINDOW_LONGEST_US (INT64_C(31) * 24 * 60 * 60 * 1000000) /* a dated one; longer is a slip */
#define WINDOW_NEVER INT64_MAX
#define WINDOW_TIME_SIZE 17 /* "2026-11-22 04:00" */

enum window_kind { WINDOW_MAINTENANCE, WINDOW_RESTART, WINDOW_KIND_COUNT };

struct window {
	int64_t number;
	int64_t terminal; /* 0: every terminal */
	enum window_kind kind;
	uint8_t days; /* weekly: bits of the days on which it begins, Monday is 1; 0: dated */
	uint16_t from, until;       /* weekly: minutes; until at or below from: of the next day */
	int64_t begins_us, ends_us; /* dated */
	char text[WINDOW_TEXT_SIZE];
	int64_t created_us;
	char created_by[ACTOR_SIZE];
};

const char *window_kind_name(enum window_kind kind); /* "restart" */
int window_kind_parse(const char *text, enum window_kind *ret_kind, struct field_error *error);
const char *window_day_name(unsigned day); /* 0: "mon" */

/* "mon" … "sun", "daily", "weekdays": adds the bits to *days. */
int window_day_parse(const char *text, uint8_t *days, struct field_error *error);

/* "04:00"; `until` may be 24:00. */
int window_minutes_parse(
	const char *from, const char *until, struct window *window, struct field_error *error);

/* Instants, or what calendar and clock in the facility show; the end must be after now_us. */
int window_dates_parse(const char *from, const char *until, int64_t now_us, struct window *window,
	struct field_error *error);
int window_text_parse(const char *text, char *ret_text, struct field_error *error);

/* "04:00" of a minute; ret_text has room for WINDOW_TIME_SIZE characters. */
void window_minute_format(uint16_t minute, char *ret_text);

/* An instant for who looks at it at another: "04:30" on the same day, else "2026-11-22 04:30". */
void window_time_format(int64_t instant_us, int64_t now_us, char *ret_text);

/* The first of them that takes nobody at an instant, or NULL. */
const struct window *windows_covering(const struct window *windows, size_t count, int64_t at_us);

/* That one, or else the one that begins next; NULL: none will. */
const struct window *windows_next(const struct window *windows, size_t count, int64_t at_us);

/* When the answer of windows_covering turns next from none to one or back; WINDOW_NEVER: not by itself. */
int64_t windows_change(const struct window *windows, size_t count, int64_t at_us);

#endif
