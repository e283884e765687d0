/* See session_time.h. */
#include "admin-cli/session_time.h"

bool
session_time_read(const char *text, uint32_t *ret_ms)
{
	uint64_t seconds = 0, part = 0;
	int digits = 0, colons = 0;

	for (; *text != '\0'; text++) {
		if (*text >= '0' && *text <= '9' && digits < 6) {
			part = 10 * part + (uint64_t)(*text - '0');
			digits++;
		} else if (*text == ':' && digits > 0 && colons < 2) {
			seconds = (seconds + part) * 60;
			part = 0;
			digits = 0;
			colons++;
		} else {
			return false;
		}
		if (colons > 0 && part > 59)
			return false;
	}
	seconds += part;
	if (digits == 0 || seconds > UINT32_MAX / 1000)
		return false;
	*ret_ms = (uint32_t)seconds * 1000;
	return true;
}
