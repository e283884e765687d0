/* Periods of the logs (F5): the past 7 days, the past 24 hours, or days both of which are included. */
#ifndef ADMIN_PERIOD_H
#define ADMIN_PERIOD_H

#include <stddef.h>
#include <stdint.h>

struct period {
	int64_t from_s;  /* seconds since 1970, first included */
	int64_t until_s; /* first no longer included; INT64_MAX = still open */
};

/* Texts are NULL where nothing was given. Days and hours are those of $TZ. Returns 0, or -EINVAL with a
 * sentence for people in their language. */
int period_read(const char *from, const char *until, const char *last, int64_t now_s,
	struct period *ret_period, char *ret_why, size_t size);

#endif
