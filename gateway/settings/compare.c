/* Which keys a reload cannot take up, and taking up those that it can: as the rows of settings.def say. */
#include "settings/kinds.h"

#include <stdlib.h>
#include <string.h>

struct any_list {
	char *items;
	size_t count;
};

static const size_t field_sizes[] = {
#define KIND(name, type, parse, release, words) [KIND_##name] = sizeof(type),
#include "settings/kinds.def"
#undef KIND
};

static bool
same_text(const char *one, const char *other)
{
	if (one == NULL || other == NULL)
		return one == other;
	return strcmp(one, other) == 0;
}

static bool
same_names(const struct settings_names *one, const struct settings_names *other)
{
	if (one->count != other->count)
		return false;
	for (size_t i = 0; i < one->count; i++) {
		if (!same_text(one->items[i], other->items[i]))
			return false;
	}
	return true;
}

static bool
same_networks(const struct settings_networks *one, const struct settings_networks *other)
{
	if (one->count != other->count)
		return false;
	for (size_t i = 0; i < one->count; i++) {
		const struct settings_network *first = &one->items[i];
		const struct settings_network *second = &other->items[i];

		if (first->family != second->family || first->prefix != second->prefix ||
			memcmp(first->bytes, second->bytes, sizeof(first->bytes)) != 0)
			return false;
	}
	return true;
}

static bool
same_host(const struct settings_host *one, const struct settings_host *other)
{
	return one->port == other->port && same_text(one->name, other->name);
}

static bool
same_field(const struct settings_row *row, const void *one, const void *other)
{
	switch (row->kind) {
	case KIND_TEXT:
	case KIND_FACILITY_ID:
	case KIND_DOMAIN:
	case KIND_TIME_ZONE:
	case KIND_PATH:
	case KIND_LONG_TEXT:
	case KIND_DATE:
	case KIND_FOLDER:
		return same_text(*(char *const *)one, *(char *const *)other);
	case KIND_HOST:
		return same_host(one, other);
	case KIND_ENDPOINT:
		return same_text(((const struct settings_endpoint *)one)->text,
			((const struct settings_endpoint *)other)->text);
	case KIND_NETWORKS:
		return same_networks(one, other);
	case KIND_NAMES:
	case KIND_SERVICES:
	case KIND_PATHS:
	case KIND_AUDITORS:
		return same_names(one, other);
	case KIND_SIZE:
		return *(const uint64_t *)one == *(const uint64_t *)other;
	default:
		/* Numbers, times, words and sets of words are all 32 bits. */
		return *(const uint32_t *)one == *(const uint32_t *)other;
	}
}

static bool
same_list(const struct settings_row *list, const struct any_list *one, const struct any_list *other)
{
	size_t len = strlen(list->path);

	if (one->count != other->count)
		return false;
	for (size_t i = 0; i < settings_row_count; i++) {
		const struct settings_row *row = &settings_rows[i];

		if (strncmp(row->path, list->path, len) != 0 ||
			strncmp(row->path + len, "[].", 3) != 0)
			continue;
		for (size_t j = 0; j < one->count; j++) {
			size_t at = j * list->item_size + row->offset;

			if (!same_field(row, one->items + at, other->items + at))
				return false;
		}
	}
	return true;
}

static bool
same_row(const struct settings_row *row, const char *one, const char *other)
{
	if (row->type == ROW_GROUP || strstr(row->path, "[]") != NULL)
		return true;
	if (row->type == ROW_LIST)
		return same_list(row, (const struct any_list *)(const void *)(one + row->offset),
			(const struct any_list *)(const void *)(other + row->offset));
	return same_field(row, one + row->offset, other + row->offset);
}

char *
settings_restart_keys(const struct settings *old, const struct settings *new_settings)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	const char *between = "";

	if (out == NULL)
		return NULL;
	for (size_t i = 0; i < settings_row_count; i++) {
		const struct settings_row *row = &settings_rows[i];

		if (!row->restart || same_row(row, (const char *)old, (const char *)new_settings))
			continue;
		fprintf(out, "%s%s", between, row->path);
		between = ", ";
	}
	if (fclose(out) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

static void
swap_bytes(char *one, char *other, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char kept = one[i];

		one[i] = other[i];
		other[i] = kept;
	}
}

void
settings_take_changes(struct settings *running, struct settings *fresh)
{
	for (size_t i = 0; i < settings_row_count; i++) {
		const struct settings_row *row = &settings_rows[i];

		/* What stands in a list goes with the list. */
		if (row->restart || row->type == ROW_GROUP || strstr(row->path, "[]") != NULL)
			continue;
		swap_bytes((char *)running + row->offset, (char *)fresh + row->offset,
			row->type == ROW_LIST ? sizeof(struct any_list) : field_sizes[row->kind]);
	}
}
