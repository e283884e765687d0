/* A list searched from front to back: a settings file has some dozens of values. */
#include "settings/places.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int
places_add(
	struct settings_places **places, const char *path, unsigned int line, unsigned int column)
{
	struct settings_place *items;
	char *copy;

	if (*places == NULL)
		*places = calloc(1, sizeof(**places));
	if (*places == NULL)
		return -ENOMEM;
	items = reallocarray((*places)->items, (*places)->count + 1, sizeof(*items));
	if (items == NULL)
		return -ENOMEM;
	(*places)->items = items;
	copy = strdup(path);
	if (copy == NULL)
		return -ENOMEM;
	items[(*places)->count++] =
		(struct settings_place){.path = copy, .line = line, .column = column};
	return 0;
}

void
places_free(struct settings_places *places)
{
	if (places == NULL)
		return;
	for (size_t i = 0; i < places->count; i++)
		free(places->items[i].path);
	free(places->items);
	free(places);
}

struct settings_place
places_find(const struct settings_places *places, const char *path)
{
	for (size_t i = 0; places != NULL && i < places->count; i++) {
		if (strcmp(places->items[i].path, path) == 0)
			return places->items[i];
	}
	return (struct settings_place){0};
}
