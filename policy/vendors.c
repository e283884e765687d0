/* What the fields of a vendor may hold; see vendors.h. */
#include "policy/vendors.h"

#include "base/sentence.h"
#include "policy/text.h"

#include <errno.h>
#include <string.h>

static const char *const kind_names[VENDOR_KIND_COUNT] = {
	[VENDOR_GENERAL] = "general",
	[VENDOR_SERVER] = "server",
};

static const char *const state_names[VENDOR_STATE_COUNT] = {
	[VENDOR_ACTIVE] = "active",
	[VENDOR_SUSPENDED] = "suspended",
};

const char *
vendor_kind_name(enum vendor_kind kind)
{
	return kind_names[kind];
}

const char *
vendor_state_name(enum vendor_state state)
{
	return state_names[state];
}

/* The name stands in cells of CSV files, where a spreadsheet takes one that begins with = + - @ for a
 * formula. */
int
vendor_name_parse(const char *text, char *ret_name, struct field_error *error)
{
	static const char rule[] =
		N_("1 to 64 printable characters, no quotes, the first not one of = + - @");
	size_t len;
	const char *name = text_trim(text, &len);
	int count = text_count(name, len, TEXT_LINE);

	if (count <= 0 || count > VENDOR_NAME_MAX || strchr("=+-@", name[0]) != NULL ||
		memchr(name, '"', len) != NULL)
		return field_error_set(error, "name", text, rule, "関所メディカル株式会社");
	memcpy(ret_name, name, len);
	ret_name[len] = '\0';
	return 0;
}

int
vendor_kind_parse(const char *text, enum vendor_kind *ret_kind, struct field_error *error)
{
	for (int i = 0; i < VENDOR_KIND_COUNT; i++) {
		if (strcmp(kind_names[i], text) != 0)
			continue;
		*ret_kind = (enum vendor_kind)i;
		return 0;
	}
	return field_error_set(error, "kind", text, "server or general", "general");
}

int
vendor_state_parse(const char *text, enum vendor_state *ret_state, struct field_error *error)
{
	for (int i = 0; i < VENDOR_STATE_COUNT; i++) {
		if (strcmp(state_names[i], text) != 0)
			continue;
		*ret_state = (enum vendor_state)i;
		return 0;
	}
	return field_error_set(error, "state", text, "active or suspended", "suspended");
}

int
vendor_note_parse(const char *text, char *ret_note, struct field_error *error)
{
	size_t len = strlen(text);
	int count = text_count(text, len, TEXT_LINES);

	if (count < 0 || count > VENDOR_NOTE_MAX)
		return field_error_set(error, "note", text, "at most 1000 printable characters",
			"24 h: +81 3 0000 0000");
	memcpy(ret_note, text, len + 1);
	return 0;
}
