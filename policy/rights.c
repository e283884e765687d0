/* Redirection rights; see rights.h. */
#include "policy/rights.h"

#include "base/cleanup.h"

#include <string.h>
#include <strings.h>

static const struct right_row rows[] = {
#define RIGHT(name_, bit, text, allowed, files, looking, meaning_) \
	{.right = SESSION_RIGHT_##name_, .name = (text), .meaning = (meaning_)},
#include "policy/rights.def"
#undef RIGHT
};

/* What else rights.def says of them; the other words are for its reader. */
enum { DENIED = 0, ALLOWED = 1, NO_FILES = 0, FILES = 2, LOOKS = 0, CONTROLS = 4 };

static const uint8_t properties[] = {
#define RIGHT(name, bit, text, allowed, files, looking, meaning) (allowed) | (files) | (looking),
#include "policy/rights.def"
#undef RIGHT
};

struct channel_row {
	const char *name;
	bool beginning; /* all that begin so */
	uint32_t rights;
};

/* The rights of a row, without the prefix of their names. */
enum {
#define RIGHT(name, bit, text, allowed, files, looking, meaning) name = SESSION_RIGHT_##name,
#include "policy/rights.def"
#undef RIGHT
};
#define DISPLAY SESSION_DISPLAY
#define TOUCH SESSION_TOUCH

static const struct channel_row static_channels[] = {
#define STATIC_CHANNEL(text, mask) {.name = (text), .rights = (mask)},
#include "policy/rights.def"
#undef STATIC_CHANNEL
};

static const struct channel_row dynamic_channels[] = {
#define DYNAMIC_CHANNEL(text, mask) {.name = (text), .rights = (mask)},
#define DYNAMIC_CHANNELS(text, mask) {.name = (text), .beginning = true, .rights = (mask)},
#include "policy/rights.def"
#undef DYNAMIC_CHANNEL
#undef DYNAMIC_CHANNELS
};

static uint32_t
rights_with(uint8_t property)
{
	uint32_t rights = 0;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if ((properties[i] & property) == property)
			rights |= rows[i].right;
	return rights;
}

uint32_t
session_rights_default(void)
{
	return rights_with(ALLOWED);
}

uint32_t
session_rights_all(void)
{
	return rights_with(0);
}

uint32_t
session_rights_of_files(void)
{
	return rights_with(FILES);
}

uint32_t
session_rights_of_control(void)
{
	return rights_with(CONTROLS);
}

uint32_t
session_rights_at_host(uint32_t rights)
{
	rights |= SESSION_DISPLAY;
	if ((rights & SESSION_LOOK_ONLY) != 0)
		return rights & ~(session_rights_of_control() | SESSION_TOUCH);
	return rights | SESSION_TOUCH;
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

uint32_t
session_rights_of_channel(const char *channel)
{
	for (size_t i = 0; i < ARRAY_SIZE(static_channels); i++)
		if (strcasecmp(static_channels[i].name, channel) == 0)
			return static_channels[i].rights;
	return 0;
}

static const struct channel_row *
find_dynamic(const char *channel)
{
	for (size_t i = 0; i < ARRAY_SIZE(dynamic_channels); i++) {
		const struct channel_row *row = &dynamic_channels[i];

		if (row->beginning ? strncasecmp(row->name, channel, strlen(row->name)) == 0
				   : strcasecmp(row->name, channel) == 0)
			return row;
	}
	return NULL;
}

uint32_t
session_rights_of_dynamic(const char *channel, const char *channels)
{
	const struct channel_row *row = find_dynamic(channel);

	if (row != NULL)
		return row->rights;
	return right_channels_have(channels, channel) ? SESSION_RIGHT_CHANNELS : 0;
}

bool
right_channel_is_name(const char *channel)
{
	size_t len = strlen(channel);

	for (size_t i = 0; i < len; i++)
		if (channel[i] <= ' ' || channel[i] > '~' || channel[i] == ',' || channel[i] == '"')
			return false;
	return len > 0 && len <= RIGHT_CHANNEL_MAX;
}

bool
right_channel_is_known(const char *channel)
{
	return find_dynamic(channel) != NULL;
}

bool
right_channels_have(const char *channels, const char *name)
{
	size_t len = strlen(name);

	while (len > 0 && *channels != '\0') {
		size_t item = strcspn(channels, ",");

		if (item == len && strncmp(channels, name, len) == 0)
			return true;
		channels += item;
		channels += *channels == ',';
	}
	return false;
}
