/* Redirection rights; see rights.h. */
#include "policy/rights.h"

#include "base/cleanup.h"

#include <string.h>
#include <strings.h>

static const struct right_row rows[] = {
#define RIGHT(name_, bit, text, allowed, files, channels_, meaning_) \
	{.right = SESSION_RIGHT_##name_,                             \
		.name = (text),                                      \
		.channels = (channels_),                             \
		.meaning = (meaning_)},
#include "policy/rights.def"
#undef RIGHT
};

uint32_t
session_rights_default(void)
{
	enum { DENIED = 0, ALLOWED = 1 };
	uint32_t rights = 0;

#define RIGHT(name, bit, text, allowed, files, channels, meaning) \
	if ((allowed) == ALLOWED)                                 \
		rights |= SESSION_RIGHT_##name;
#include "policy/rights.def"
#undef RIGHT
	return rights;
}

uint32_t
session_rights_of_files(void)
{
	enum { NO_FILES = 0, FILES = 1 };
	uint32_t rights = 0;

#define RIGHT(name, bit, text, allowed, files, channels, meaning) \
	if ((files) == FILES)                                     \
		rights |= SESSION_RIGHT_##name;
#include "policy/rights.def"
#undef RIGHT
	return rights;
}

const struct right_row *
session_right_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	return NULL;
}

const struct right_row *
session_right_at(size_t at)
{
	return at < ARRAY_SIZE(rows) ? &rows[at] : NULL;
}

/* Is `name` one of the names in a list joined by commas? */
static int
list_has(const char *list, const char *name)
{
	size_t len = strlen(name);

	while (len > 0 && *list != '\0') {
		size_t item = strcspn(list, ",");

		if (item == len && strncasecmp(list, name, len) == 0)
			return 1;
		list += item;
		list += *list == ',';
	}
	return 0;
}

uint32_t
session_right_of_channel(const char *channel)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (list_has(rows[i].channels, channel))
			return rows[i].right;
	return 0;
}
