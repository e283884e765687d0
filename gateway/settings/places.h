/* Where each value stood in the file (private to settings/). */
#ifndef SETTINGS_PLACES_H
#define SETTINGS_PLACES_H

#include "settings/errors.h"

struct settings_places {
	struct settings_place {
		char *path; /* with item numbers from 1: "listeners[2].name" */
		unsigned int line;
		unsigned int column;
	} * items;
	size_t count;
};

/* Returns 0 or -ENOMEM. */
int places_add(
	struct settings_places **places, const char *path, unsigned int line, unsigned int column);
void places_free(struct settings_places *places);

/* The place of a path; line 0 when it did not stand in the file. */
struct settings_place places_find(const struct settings_places *places, const char *path);

#endif
