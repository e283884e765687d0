/* Freeing, comparing and asking struct settings. */
#include "settings/settings.h"

#include "base/near_miss.h"
#include "settings/kinds.h"
#include "settings/places.h"
#include "settings/rows.h"

#include <stdlib.h>
#include <string.h>

struct any_list {
	char *items;
	size_t count;
};

static bool
is_in_list(const struct settings_row *row, const struct settings_row *list)
{
	size_t len = strlen(list->path);

	return strncmp(row->path, list->path, len) == 0 && strncmp(row->path + len, "[].", 3) == 0;
}

static void
free_list(const struct settings_row *list, struct any_list *field)
{
	for (size_t i = 0; i < field->count; i++) {
		for (size_t j = 0; j < settings_row_count; j++) {
			if (is_in_list(&settings_rows[j], list))
				kind_free(&settings_rows[j], field->items + i * list->item_size +
								     settings_rows[j].offset);
		}
	}
	free(field->items);
}

void
settings_free(struct settings *settings)
{
	if (settings == NULL)
		return;
	for (size_t i = 0; i < settings_row_count; i++) {
		const struct settings_row *row = &settings_rows[i];
		char *field = (char *)settings + row->offset;

		if (row->type == ROW_LIST)
			free_list(row, (struct any_list *)(void *)field);
		else if (row->type == ROW_SETTING && strstr(row->path, "[]") == NULL)
			kind_free(row, field);
	}
	places_free(settings->places);
	free(settings->file);
	free(settings);
}

uint32_t
settings_phase_limit_ms(const struct settings *settings, enum phase phase)
{
	const uint32_t none_ms = 0;

	switch (phase) {
#define PHASE(name, letter, limit, next, meanwhile) \
	case PHASE_##name:                          \
		return LIMIT_##limit;
#define LIMIT_none none_ms
#define LIMIT_admit settings->limits.admit_ms
#define LIMIT_sniff settings->limits.sniff_ms
#define LIMIT_secure settings->limits.secure_ms
#define LIMIT_introduce settings->limits.introduce_ms
#define LIMIT_decide settings->limits.decide_ms
#define LIMIT_greet settings->limits.greet_ms
#define LIMIT_attach settings->limits.attach_ms
#define LIMIT_redirect settings->limits.redirect_ms
#define LIMIT_drain settings->limits.drain_ms
#include "relay/phases.def"
#undef PHASE
	case PHASE_COUNT:
		break;
	}
	return none_ms;
}

const char *
settings_evidence_name(enum settings_evidence evidence)
{
	return kind_words(KIND_EVIDENCE).items[evidence];
}

const char *
settings_side_name(enum settings_side side)
{
	return kind_words(KIND_SIDE).items[side];
}

const char *
settings_tls_minimum_name(enum settings_tls_minimum minimum)
{
	return kind_words(KIND_TLS_MINIMUM).items[minimum];
}
