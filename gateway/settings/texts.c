#include "settings/texts.h"

#include "base/auditor_key.h"
#include "base/cleanup.h"

#include <ctype.h>
#include <string.h>
#include <time.h>

static bool
consists_of(const char *text, const char *more)
{
	for (; *text != '\0'; text++) {
		if (!isalnum((unsigned char)*text) && strchr(more, *text) == NULL)
			return false;
	}
	return true;
}

static bool
is_facility_id(const char *text)
{
	return strspn(text, "0123456789-") == strlen(text);
}

static bool
is_domain(const char *text)
{
	if (text[0] == '.' || text[0] == '-' || strstr(text, "..") != NULL)
		return false;
	return text[0] != '\0' && text[strlen(text) - 1] != '.' && consists_of(text, ".-");
}

static bool
is_time_zone(const char *text)
{
	return isalpha((unsigned char)text[0]) && consists_of(text, "_+-/");
}

/* Behind `/link/.` nobody would see a link. */
static bool
is_path(const char *text)
{
	if (text[0] != '/')
		return false;
	while (*text == '/') {
		size_t len = strcspn(++text, "/");

		if (text[0] == '\0' || (len > 0 && strncmp(text, "..", len) == 0))
			return false;
		text += len;
	}
	return true;
}

static bool
is_name(const char *text)
{
	return text[0] != '\0' && text[0] != '-' && consists_of(text, "._-$@\\") &&
	       strlen(text) <= 64;
}

/* It stands in lists of a CSV file, between commas, where a spreadsheet would take some texts for formulas. */
static bool
is_service(const char *text)
{
	size_t len = strlen(text);

	if (len == 0 || len > 64 || strchr("=+-@ ", text[0]) != NULL || text[len - 1] == ' ')
		return false;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == ',' || text[i] == '"' ||
			text[i] == '\177')
			return false;
	return true;
}

static bool
is_auditor(const char *text)
{
	return auditor_key_read(text, &(struct auditor_key){0}) == 0;
}

/* "2026-11-21", a day that the calendar has. */
static bool
is_date(const char *text)
{
	struct tm day = {0}, same;
	const char *end = strptime(text, "%Y-%m-%d", &day);

	if (strlen(text) != 10 || end == NULL || *end != '\0')
		return false;
	same = day;
	return timegm(&same) != -1 && same.tm_mday == day.tm_mday;
}

bool
text_is_of_kind(enum settings_kind kind, const char *text)
{
	static bool (*const checks[KIND_COUNT])(const char *text) = {
		[KIND_FACILITY_ID] = is_facility_id,
		[KIND_DOMAIN] = is_domain,
		[KIND_TIME_ZONE] = is_time_zone,
		[KIND_PATH] = is_path,
		[KIND_FOLDER] = is_path,
		[KIND_PATHS] = is_path,
		[KIND_NAMES] = is_name,
		[KIND_SERVICES] = is_service,
		[KIND_AUDITORS] = is_auditor,
		[KIND_DATE] = is_date,
	};

	return checks[kind] == NULL || checks[kind](text);
}
