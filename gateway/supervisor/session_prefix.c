/* The first digits of a session's id; see session_prefix.h. */
#include "supervisor/session_prefix.h"

#include "base/bytes.h"

#include <errno.h>
#include <string.h>

/* The typed digits, and behind them as many of this one as are missing. */
static int
fill(const char *text, size_t len, char digit, uint8_t ret_id[SESSION_ID_BYTES])
{
	char whole[SESSION_PREFIX_MOST + 1];

	memcpy(whole, text, len);
	memset(whole + len, digit, SESSION_PREFIX_MOST - len);
	whole[SESSION_PREFIX_MOST] = '\0';
	return bytes_from_hex(whole, ret_id, SESSION_ID_BYTES);
}

int
session_prefix_parse(const char *text, struct session_prefix *ret_prefix)
{
	struct session_prefix prefix;
	size_t len = strlen(text);

	if (len < SESSION_PREFIX_LEAST || len > SESSION_PREFIX_MOST ||
		fill(text, len, '0', prefix.low) < 0 || fill(text, len, 'f', prefix.high) < 0)
		return -EINVAL;
	*ret_prefix = prefix;
	return 0;
}

bool
session_prefix_fits(const struct session_prefix *prefix, const uint8_t session[SESSION_ID_BYTES])
{
	return memcmp(session, prefix->low, SESSION_ID_BYTES) >= 0 &&
	       memcmp(session, prefix->high, SESSION_ID_BYTES) <= 0;
}
