/* settings.def, included twice: once for the table, once so that the compiler compares the type of every
 * field with the type that its kind writes. */
#include "settings/rows.h"

#include <string.h>

#define KIND(name, type, parse, release, words) typedef type kind_type_##name;
#include "settings/kinds.def"
#undef KIND

#define REQUIRED NEED_REQUIRED, NULL
#define OPTIONAL NEED_OPTIONAL, NULL
#define DEFAULT(text) NEED_DEFAULT, text
#define RELOAD false
#define RESTART true

#define ROW_NEED(which, text) .need = which, .default_text = text
#define ROW_NEED_OF(...) ROW_NEED(__VA_ARGS__)

#define FIELD(structure, field) (((struct structure *)0)->field)

#define GROUP(path_, paragraph_) {.type = ROW_GROUP, .path = path_, .paragraph = paragraph_},
#define LIST(path_, structure, field, need_, fewest, most_, when, paragraph_) \
	{.type = ROW_LIST,                                                    \
		.path = path_,                                                \
		.offset = offsetof(struct structure, field),                  \
		.item_size = sizeof(*FIELD(structure, field).items),          \
		ROW_NEED_OF(need_),                                           \
		.least = fewest,                                              \
		.most = most_,                                                \
		.restart = when,                                              \
		.paragraph = paragraph_},
#define SETTING(path_, kind_, structure, field, need_, least_, most_, when, example_, paragraph_) \
	{.type = ROW_SETTING,                                                                     \
		.path = path_,                                                                    \
		.kind = KIND_##kind_,                                                             \
		.offset = offsetof(struct structure, field),                                      \
		ROW_NEED_OF(need_),                                                               \
		.least = least_,                                                                  \
		.most = most_,                                                                    \
		.restart = when,                                                                  \
		.example = example_,                                                              \
		.paragraph = paragraph_},
const struct settings_row settings_rows[] = {
#include "settings/settings.def"
};
#undef GROUP
#undef LIST
#undef SETTING

const size_t settings_row_count = sizeof(settings_rows) / sizeof(settings_rows[0]);

#define GROUP(path, paragraph)
#define LIST(path, structure, field, need, fewest, most, when, paragraph)
#define SETTING(path, kind, structure, field, need, least, most, when, example, paragraph) \
	_Static_assert(__builtin_types_compatible_p(                                       \
			       __typeof__(FIELD(structure, field)), kind_type_##kind),     \
		path " has another type than its kind");
#include "settings/settings.def"
#undef GROUP
#undef LIST
#undef SETTING

const struct settings_row *
settings_row_find(const char *path)
{
	for (size_t i = 0; i < settings_row_count; i++) {
		if (strcmp(settings_rows[i].path, path) == 0)
			return &settings_rows[i];
	}
	return NULL;
}

const char *
settings_row_key(const struct settings_row *row)
{
	const char *dot = strrchr(row->path, '.');

	return dot != NULL ? dot + 1 : row->path;
}

bool
settings_row_is_under(const struct settings_row *row, const char *parent)
{
	size_t len = strlen(parent);
	const char *key = settings_row_key(row);

	if (len == 0)
		return key == row->path;
	return key == row->path + len + 1 && strncmp(row->path, parent, len) == 0;
}
