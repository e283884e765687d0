/* Fetches under way; see fetches.h. */
#include "supervisor/fetches.h"

#include <stdio.h>
#include <string.h>

static bool
has(const struct fetches *fetches, uint64_t client, const char *name)
{
	for (size_t i = 0; i < FETCHES_MOST; i++)
		if (fetches->items[i].client == client && strcmp(fetches->items[i].name, name) == 0)
			return true;
	return false;
}

bool
fetches_goes_on(const struct fetches *fetches, uint64_t client, const char *name, int64_t offset)
{
	return offset != 0 && has(fetches, client, name);
}

void
fetches_add(struct fetches *fetches, uint64_t client, const char *name)
{
	if (has(fetches, client, name))
		return;
	fetches->items[fetches->next].client = client;
	snprintf(fetches->items[fetches->next].name, FETCH_NAME_SIZE, "%s", name);
	fetches->next = (fetches->next + 1) % FETCHES_MOST;
}
