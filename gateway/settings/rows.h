/* The rows of settings.def and kinds.def as tables (private to settings/). */
#ifndef SETTINGS_ROWS_H
#define SETTINGS_ROWS_H

#include "settings/settings.h"

enum settings_kind {
#define KIND(name, type, parse, release, words) KIND_##name,
#include "settings/kinds.def"
#undef KIND
	KIND_COUNT
};

enum row_type {
	ROW_GROUP,   /* a key with keys under it */
	ROW_LIST,    /* a list of groups of keys */
	ROW_SETTING, /* a key with a value */
};

enum row_need {
	NEED_REQUIRED,
	NEED_OPTIONAL,
	NEED_DEFAULT,
};

struct settings_row {
	enum row_type type;
	const char *path; /* "listeners[].name" */
	enum settings_kind kind;
	size_t offset;    /* of the field, in struct settings or in the list's item */
	size_t item_size; /* ROW_LIST */
	enum row_need need;
	const char *default_text; /* NEED_DEFAULT, as it would be written */
	uint32_t least;
	uint32_t most;
	bool restart;
	const char *example;
	const char *paragraph;
};

extern const struct settings_row settings_rows[];
extern const size_t settings_row_count;

/* The row of a path without item numbers; NULL if there is none. */
const struct settings_row *settings_row_find(const char *path);

/* Whether the row is a direct child of the group or list item with this path ("" = the top). */
bool settings_row_is_under(const struct settings_row *row, const char *parent);

/* The last part of the path: "name" of "listeners[].name". */
const char *settings_row_key(const struct settings_row *row);

#endif
