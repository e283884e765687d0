/* From the tree to struct settings: every key looked up in settings.def, every row looked for in the file.
 * The file is an administrator's; its mistakes are collected, not ended at the first. */
#include "base/cleanup.h"
#include "base/near_miss.h"
#include "settings/kinds.h"
#include "settings/places.h"
#include "settings/rows.h"
#include "settings/rules.h"
#include "settings/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PATH_SIZE 128

/* Every list field has this shape; see settings.h. */
struct any_list {
	char *items;
	size_t count;
};

struct loading {
	struct settings *settings;
	struct settings_errors *errors;
};

/* One group of keys being read: its rows' path, what messages call it, and where its fields are. */
struct group {
	const char *rows;  /* "listeners[]" */
	const char *shown; /* "listeners[2]" */
	char *base;
	const struct tree_node *node;
};

static int load_group(struct loading *loading, const struct group *group);

static void
join(char *ret_path, const char *parent, const char *key)
{
	snprintf(ret_path, PATH_SIZE, "%s%s%s", parent, parent[0] != '\0' ? "." : "", key);
}

static const struct settings_row *
find_key(const struct group *group, const char *key)
{
	for (size_t i = 0; i < settings_row_count; i++) {
		const struct settings_row *row = &settings_rows[i];

		if (settings_row_is_under(row, group->rows) &&
			strcmp(settings_row_key(row), key) == 0)
			return row;
	}
	return NULL;
}

/* The key that was meant: a sibling like it, or one of the same name under another key. */
static const char *
guess_key(const struct group *group, const char *key)
{
	struct near_miss miss;

	near_miss_init(&miss, key);
	for (size_t i = 0; i < settings_row_count; i++) {
		if (settings_row_is_under(&settings_rows[i], group->rows))
			near_miss_try(&miss, settings_row_key(&settings_rows[i]));
	}
	if (miss.best != NULL)
		return miss.best;
	for (size_t i = 0; i < settings_row_count; i++) {
		if (strcmp(settings_row_key(&settings_rows[i]), key) == 0)
			return settings_rows[i].path;
	}
	return NULL;
}

static void
list_keys(const struct group *group, char *ret_text, size_t size)
{
	size_t len = 0;

	ret_text[0] = '\0';
	for (size_t i = 0; i < settings_row_count && len < size; i++) {
		if (!settings_row_is_under(&settings_rows[i], group->rows))
			continue;
		snprintf(ret_text + len, size - len, "%s%s", len > 0 ? ", " : "",
			settings_row_key(&settings_rows[i]));
		len = strlen(ret_text);
	}
}

static void
complain_of_unknown_key(
	struct loading *loading, const struct group *group, const struct tree_node *key)
{
	const char *meant = guess_key(group, key->text);
	char known[512];
	char where[PATH_SIZE + 16] = "";

	if (group->shown[0] != '\0')
		snprintf(where, sizeof(where), " in `%s`", group->shown);
	list_keys(group, known, sizeof(known));
	if (meant != NULL)
		settings_errors_add(loading->errors, key->line, key->column,
			"unknown key `%s`%s; did you mean `%s`?", settings_shown(key->text), where,
			meant);
	else
		settings_errors_add(loading->errors, key->line, key->column,
			"unknown key `%s`%s; allowed are %s", settings_shown(key->text), where,
			known);
}

/* The line of an earlier key with the same name; 0 if there is none. */
static unsigned int
line_of_earlier(const struct tree_node *mapping, size_t at)
{
	for (size_t i = 0; i < at; i += 2) {
		if (mapping->items[i]->kind == TREE_TEXT &&
			strcmp(mapping->items[i]->text, mapping->items[at]->text) == 0)
			return mapping->items[i]->line;
	}
	return 0;
}

static bool
is_nothing(const struct tree_node *node)
{
	return node->kind == TREE_TEXT && node->plain && node->text[0] == '\0';
}

static int
load_items(struct loading *loading, const struct settings_row *row, const char *shown,
	const struct tree_node *list, struct any_list *field)
{
	char rows[PATH_SIZE];
	int result = 0;

	field->items = calloc(list->count, row->item_size);
	if (field->items == NULL)
		return -ENOMEM;
	field->count = list->count;
	snprintf(rows, sizeof(rows), "%s[]", row->path);
	for (size_t i = 0; i < list->count; i++) {
		char item[PATH_SIZE + 24];
		struct group group = {.rows = rows,
			.shown = item,
			.base = field->items + i * row->item_size,
			.node = list->items[i]};
		int r;

		snprintf(item, sizeof(item), "%s[%zu]", shown, i + 1);
		r = load_group(loading, &group);
		if (r == -ENOMEM)
			return r;
		if (r < 0)
			result = r;
	}
	return result;
}

static int
load_list(struct loading *loading, const struct settings_row *row, const char *shown, char *base,
	const struct tree_node *node)
{
	struct any_list *field = (struct any_list *)(void *)(base + row->offset);
	size_t count = is_nothing(node) ? 0 : node->count;

	if (node->kind == TREE_BAD)
		return -EINVAL;
	if (node->kind != TREE_LIST && !(is_nothing(node) && row->least == 0)) {
		settings_errors_add(loading->errors, node->line, node->column,
			"`%s`: found %s; allowed is a list, each item beginning with `- `", shown,
			tree_describe(node));
		return -EINVAL;
	}
	if (count < row->least || count > row->most) {
		settings_errors_add(loading->errors, node->line, node->column,
			"`%s`: found %zu items; allowed are %u to %u", shown, count, row->least,
			row->most);
		return -EINVAL;
	}
	if (count == 0)
		return 0;
	return load_items(loading, row, shown, node, field);
}

static int
load_row(struct loading *loading, const struct group *parent, const struct settings_row *row,
	const struct tree_node *node)
{
	char shown[PATH_SIZE];
	struct group group = {
		.rows = row->path, .shown = shown, .base = parent->base, .node = node};
	int r;

	join(shown, parent->shown, settings_row_key(row));
	r = places_add(&loading->settings->places, shown, node->line, node->column);
	if (r < 0)
		return r;
	switch (row->type) {
	case ROW_GROUP:
		return load_group(loading, &group);
	case ROW_LIST:
		return load_list(loading, row, shown, parent->base, node);
	case ROW_SETTING:
		break;
	}
	return kind_parse(row, shown, node, loading->errors, parent->base + row->offset);
}

/* A default is read as if it stood in the file: what the manual shows is what happens. */
static int
load_default(struct loading *loading, const struct group *parent, const struct settings_row *row)
{
	struct tree_node *node = NULL;
	int r;

	r = tree_read(row->default_text, strlen(row->default_text), loading->errors, &node);
	if (r == 0)
		r = kind_parse(row, row->path, node, loading->errors, parent->base + row->offset);
	tree_free(node);
	return r;
}

static int
load_absent(struct loading *loading, const struct group *parent, const struct settings_row *row)
{
	const struct tree_node nothing = {
		.kind = TREE_MAPPING, .line = parent->node->line, .column = parent->node->column};
	char shown[PATH_SIZE];
	struct group group = {
		.rows = row->path, .shown = shown, .base = parent->base, .node = &nothing};

	join(shown, parent->shown, settings_row_key(row));
	if (row->type == ROW_GROUP)
		return load_group(loading, &group);
	if (row->need == NEED_DEFAULT)
		return load_default(loading, parent, row);
	if (row->need == NEED_OPTIONAL)
		return 0;
	settings_errors_add(loading->errors, parent->node->line, parent->node->column,
		"`%s` is missing%s%s", shown, row->example != NULL ? "; for example " : "",
		row->example != NULL ? row->example : "");
	return -EINVAL;
}

/* Finds the row of one key, or complains. NULL: skip its value. */
static const struct settings_row *
look_up(struct loading *loading, const struct group *group, size_t at)
{
	const struct tree_node *key = group->node->items[at];
	const struct settings_row *row;
	unsigned int earlier;

	if (key->kind == TREE_BAD)
		return NULL;
	if (key->kind != TREE_TEXT) {
		settings_errors_add(loading->errors, key->line, key->column,
			"found %s where a key belongs", tree_describe(key));
		return NULL;
	}
	earlier = line_of_earlier(group->node, at);
	if (earlier != 0) {
		settings_errors_add(loading->errors, key->line, key->column,
			"key `%s` stands here twice, first in line %u", settings_shown(key->text),
			earlier);
		return NULL;
	}
	row = find_key(group, key->text);
	if (row == NULL)
		complain_of_unknown_key(loading, group, key);
	return row;
}

static int
load_keys(struct loading *loading, const struct group *group, bool *ret_seen)
{
	int result = 0;

	for (size_t i = 0; i + 1 < group->node->count; i += 2) {
		const struct settings_row *row = look_up(loading, group, i);
		int r = -EINVAL;

		if (row != NULL) {
			ret_seen[row - settings_rows] = true;
			r = load_row(loading, group, row, group->node->items[i + 1]);
		}
		if (r == -ENOMEM)
			return r;
		if (r < 0)
			result = r;
	}
	return result;
}

static int
load_group(struct loading *loading, const struct group *group)
{
	auto_free bool *seen = calloc(settings_row_count, sizeof(*seen));
	int result;

	if (seen == NULL)
		return -ENOMEM;
	if (group->node->kind == TREE_BAD)
		return -EINVAL;
	if (group->node->kind != TREE_MAPPING && !is_nothing(group->node)) {
		char known[512];

		list_keys(group, known, sizeof(known));
		settings_errors_add(loading->errors, group->node->line, group->node->column,
			"%s%s%s: found %s; allowed are the keys %s, each followed by `: ` and its "
			"value",
			group->shown[0] != '\0' ? "`" : "the file", group->shown,
			group->shown[0] != '\0' ? "`" : "", tree_describe(group->node), known);
		return -EINVAL;
	}
	result = load_keys(loading, group, seen);
	if (result == -ENOMEM)
		return result;
	for (size_t i = 0; i < settings_row_count; i++) {
		int r;

		if (seen[i] || !settings_row_is_under(&settings_rows[i], group->rows))
			continue;
		r = load_absent(loading, group, &settings_rows[i]);
		if (r == -ENOMEM)
			return r;
		if (r < 0)
			result = r;
	}
	return result;
}

/* Reads what can be read. *ret_settings is set even when there are mistakes, so that more can be checked;
 * errors->mistakes decides. Returns 0 or -ENOMEM. */
static int
read_settings(const char *name, const void *bytes, size_t len, struct settings **ret_settings,
	struct settings_errors *errors)
{
	struct settings *settings = calloc(1, sizeof(*settings));
	struct loading loading = {.settings = settings, .errors = errors};
	struct group top = {.rows = "", .shown = "", .base = (char *)settings};
	struct tree_node *root = NULL;
	int r;

	if (settings == NULL)
		return -ENOMEM;
	settings->file = strdup(name);
	if (errors->file == NULL)
		errors->file = strdup(name);
	r = settings->file == NULL || errors->file == NULL ? -ENOMEM : 0;
	if (r == 0)
		r = tree_read(bytes, len, errors, &root);
	if (r == 0) {
		top.node = root;
		r = load_group(&loading, &top);
		if (r != -ENOMEM)
			settings_check_rules(settings, errors);
	}
	tree_free(root);
	if (r == -ENOMEM) {
		settings_free(settings);
		return r;
	}
	*ret_settings = settings;
	return 0;
}

/* Gives the settings away if they are good. */
static int
finish(struct settings *settings, struct settings **ret_settings, struct settings_errors *errors)
{
	settings_errors_sort(errors);
	if (errors->mistakes > 0) {
		settings_free(settings);
		return -EINVAL;
	}
	*ret_settings = settings;
	return 0;
}

int
settings_parse(const char *name, const void *bytes, size_t len, struct settings **ret_settings,
	struct settings_errors *errors)
{
	struct settings *settings = NULL;
	int r;

	r = read_settings(name, bytes, len, &settings, errors);
	if (r < 0)
		return r;
	return finish(settings, ret_settings, errors);
}

/* Reads a regular file, at most one byte more than we accept. */
static int
read_file(const char *path, struct settings_errors *errors, char **ret_bytes, size_t *ret_len)
{
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	auto_free char *bytes = malloc(TREE_BYTES_MOST + 1);
	struct stat status;
	size_t len = 0;

	if (bytes == NULL)
		return -ENOMEM;
	if (fd < 0 || fstat(fd, &status) < 0) {
		settings_errors_add(errors, 0, 0, "cannot be read: %s", strerror(errno));
		return -EINVAL;
	}
	if (!S_ISREG(status.st_mode)) {
		settings_errors_add(errors, 0, 0, "is not a file but %s",
			S_ISDIR(status.st_mode) ? "a folder" : "a device, pipe or socket");
		return -EINVAL;
	}
	while (len < TREE_BYTES_MOST + 1) {
		ssize_t got = read(fd, bytes + len, TREE_BYTES_MOST + 1 - len);

		if (got < 0) {
			settings_errors_add(errors, 0, 0, "cannot be read: %s", strerror(errno));
			return -EINVAL;
		}
		if (got == 0)
			break;
		len += (size_t)got;
	}
	*ret_bytes = take_pointer(&bytes);
	*ret_len = len;
	return 0;
}

int
settings_load(const char *path, struct settings **ret_settings, struct settings_errors *errors)
{
	struct settings *settings = NULL;
	auto_free char *bytes = NULL;
	size_t len = 0;
	int r;

	if (errors->file == NULL)
		errors->file = strdup(path);
	if (errors->file == NULL)
		return -ENOMEM;
	r = read_file(path, errors, &bytes, &len);
	if (r < 0)
		return r;
	r = read_settings(path, bytes, len, &settings, errors);
	if (r < 0)
		return r;
	r = settings_check(settings, errors);
	if (r == -ENOMEM) {
		settings_free(settings);
		return r;
	}
	return finish(settings, ret_settings, errors);
}
