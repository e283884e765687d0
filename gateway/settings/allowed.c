/* What each kind of value allows, in words: for messages and for the manual. */
#include "settings/kinds.h"

#include <stdio.h>
#include <string.h>

struct unit {
	uint32_t of; /* how many of the row's own */
	const char *name;
};

/* The largest unit first, the row's own last. */
static const struct unit times[] = {
	{86400000, "d"}, {3600000, "h"}, {60000, "min"}, {1000, "s"}, {1, "ms"}};
static const struct unit sizes[] = {{1u << 20, "TB"}, {1u << 10, "GB"}, {1, "MB"}};

/* "90000" ms as "90s": the largest unit that divides it. */
static const char *
measure_text(const struct unit *units, uint32_t number, char *text, size_t size)
{
	if (number == 0)
		return "0";
	while (number % units->of != 0)
		units++;
	snprintf(text, size, "%u%s", number / units->of, units->name);
	return text;
}

/* How the words of a row go on between `text` and `after`. */
enum measure {
	MEASURE_WORDS, /* the kind's own, after the text */
	MEASURE_NONE,
	MEASURE_MOST,  /* the row's */
	MEASURE_RANGE, /* from its least to its most */
	MEASURE_TIMES, /* the same, with units */
	MEASURE_SIZES,
};

/* A kind that is one of a few words needs no row. */
static const struct {
	enum measure measure;
	const char *text;
	const char *after;
} allowed[KIND_COUNT] = {
	[KIND_TEXT] = {MEASURE_RANGE, "a text of ", " characters"},
	[KIND_LONG_TEXT] = {MEASURE_RANGE, "a text of ",
		" characters, in several lines if need be"},
	[KIND_DATE] = {MEASURE_NONE, "a day as year-month-day", ""},
	[KIND_FACILITY_ID] = {MEASURE_MOST, "digits and hyphens, at most ", ""},
	[KIND_DOMAIN] = {MEASURE_NONE, "a domain name without @", ""},
	[KIND_TIME_ZONE] = {MEASURE_NONE, "the name of a time zone in tzdata", ""},
	[KIND_PATH] = {MEASURE_NONE, "the absolute path of a file without `.` and `..`", ""},
	[KIND_FOLDER] = {MEASURE_NONE, "the absolute path of a folder without `.` and `..`", ""},
	[KIND_NUMBER] = {MEASURE_RANGE, "a number from ", ""},
	[KIND_CORES] = {MEASURE_RANGE, "a number from ", ", or cores"},
	[KIND_DURATION] = {MEASURE_TIMES, "a time from ", ""},
	[KIND_SIZE] = {MEASURE_SIZES, "a size from ", ""},
	[KIND_HOST] = {MEASURE_NONE, "a host name or address, and a port", ""},
	[KIND_ENDPOINT] = {MEASURE_NONE, "a numeric address and a port", ""},
	[KIND_NETWORKS] = {MEASURE_MOST, "a list of up to ", " networks or addresses"},
	[KIND_NAMES] = {MEASURE_MOST, "a list of up to ", " names of users or groups"},
	[KIND_SERVICES] = {MEASURE_MOST, "a list of up to ",
		" names of at most 64 bytes, no comma, no quotes, the first character none of "
		"= + - @"},
	[KIND_AUDITORS] = {MEASURE_MOST, "a list of up to ",
		" lines that `sekisho-admin recording key` has printed, whole"},
	[KIND_PATHS] = {MEASURE_MOST, "a list of up to ", " absolute paths without `.` and `..`"},
	[KIND_EVIDENCE] = {MEASURE_WORDS, "a list of ", ""},
};

static void
describe_words(const struct settings_words *words, char *ret_text, size_t size)
{
	size_t len = 0;

	ret_text[0] = '\0';
	for (size_t i = 0; i < words->count && len < size; i++) {
		snprintf(ret_text + len, size - len, "%s%s",
			i == 0                 ? ""
			: i + 1 < words->count ? ", "
					       : " or ",
			words->items[i]);
		len = strlen(ret_text);
	}
}

static void
describe_measure(const struct settings_row *row, char *ret_text, size_t size)
{
	struct settings_words words = kind_words(row->kind);
	const struct unit *units = allowed[row->kind].measure == MEASURE_SIZES ? sizes : times;
	char least[32], most[32];

	switch (allowed[row->kind].measure) {
	case MEASURE_WORDS:
		describe_words(&words, ret_text, size);
		break;
	case MEASURE_NONE:
		ret_text[0] = '\0';
		break;
	case MEASURE_MOST:
		snprintf(ret_text, size, "%u", row->most);
		break;
	case MEASURE_RANGE:
		snprintf(ret_text, size, "%u to %u", row->least, row->most);
		break;
	case MEASURE_TIMES:
	case MEASURE_SIZES:
		snprintf(ret_text, size, "%s to %s",
			measure_text(units, row->least, least, sizeof(least)),
			measure_text(units, row->most, most, sizeof(most)));
		break;
	}
}

void
kind_describe(const struct settings_row *row, char *ret_text, size_t size)
{
	const char *text = allowed[row->kind].text, *after = allowed[row->kind].after;
	char measure[200];

	/* A socket's path must fit into its address. */
	if (row->kind == KIND_PATH && row->most < 4095)
		after = ", at most 107 characters";
	describe_measure(row, measure, sizeof(measure));
	snprintf(ret_text, size, "%s%s%s", text != NULL ? text : "", measure,
		after != NULL ? after : "");
}
