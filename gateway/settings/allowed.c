/* What each kind of value allows, in words: for messages and for the manual. */
#include "settings/kinds.h"

#include <string.h>

/* "90000" ms as "90s": the largest unit that divides it. */
static const char *
duration_text(uint32_t ms, char *text, size_t size)
{
	static const struct {
		uint32_t ms;
		const char *name;
	} units[] = {{86400000, "d"}, {3600000, "h"}, {60000, "min"}, {1000, "s"}};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (ms != 0 && ms % units[i].ms == 0) {
			snprintf(text, size, "%u%s", ms / units[i].ms, units[i].name);
			return text;
		}
	}
	snprintf(text, size, ms == 0 ? "0" : "%ums", ms);
	return text;
}

static void
describe_words(const struct settings_words *words, const char *start, char *ret_text, size_t size)
{
	size_t len = strlen(start);

	snprintf(ret_text, size, "%s", start);
	for (size_t i = 0; i < words->count && len < size; i++) {
		snprintf(ret_text + len, size - len, "%s%s",
			i == 0                 ? ""
			: i + 1 < words->count ? ", "
					       : " or ",
			words->items[i]);
		len = strlen(ret_text);
	}
}

void
kind_describe(const struct settings_row *row, char *ret_text, size_t size)
{
	struct settings_words words = kind_words(row->kind);
	char least[32];
	char most[32];

	switch (row->kind) {
	case KIND_TEXT:
		snprintf(ret_text, size, "a text of %u to %u characters", row->least, row->most);
		return;
	case KIND_FACILITY_ID:
		snprintf(ret_text, size, "digits and hyphens, at most %u", row->most);
		return;
	case KIND_DOMAIN:
		snprintf(ret_text, size, "a domain name without @");
		return;
	case KIND_TIME_ZONE:
		snprintf(ret_text, size, "the name of a time zone in tzdata");
		return;
	case KIND_PATH:
		snprintf(ret_text, size, "the absolute path of a file%s",
			row->most < 4095 ? ", at most 107 characters" : "");
		return;
	case KIND_CORES:
		snprintf(ret_text, size, "a number from %u to %u, or cores", row->least, row->most);
		return;
	case KIND_NUMBER:
		snprintf(ret_text, size, "a number from %u to %u", row->least, row->most);
		return;
	case KIND_DURATION:
		snprintf(ret_text, size, "a time from %s to %s",
			duration_text(row->least, least, sizeof(least)),
			duration_text(row->most, most, sizeof(most)));
		return;
	case KIND_HOST:
		snprintf(ret_text, size, "a host name or address, and a port");
		return;
	case KIND_ENDPOINT:
		snprintf(ret_text, size, "a numeric address and a port");
		return;
	case KIND_NETWORKS:
		snprintf(ret_text, size, "a list of up to %u networks or addresses", row->most);
		return;
	case KIND_NAMES:
		snprintf(ret_text, size, "a list of up to %u names of users or groups", row->most);
		return;
	case KIND_SERVICES:
		snprintf(ret_text, size,
			"a list of up to %u names of at most 64 bytes, no comma, no quotes, the "
			"first character none of = + - @",
			row->most);
		return;
	case KIND_PATHS:
		snprintf(ret_text, size, "a list of up to %u absolute paths", row->most);
		return;
	case KIND_EVIDENCE:
		describe_words(&words, "a list of ", ret_text, size);
		return;
	case KIND_SIDE:
	case KIND_PROXY:
	case KIND_TLS_MINIMUM:
	case KIND_LEASE_FORMAT:
	case KIND_HOURS_END:
	case KIND_LOG_FORMAT:
	case KIND_LOG_RECORDS:
		describe_words(&words, "", ret_text, size);
		return;
	case KIND_COUNT:
		break;
	}
	snprintf(ret_text, size, "a value");
}
