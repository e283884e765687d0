/* Who watches or replays now (F7), for people. */
#include "admin-cli/command.h"
#include "admin-cli/list.h"
#include "admin-cli/print.h"
#include "admin-cli/text.h"
#include "admin-cli/values.h"
#include "base/cleanup.h"

#include <stdio.h>

#define SHORT_ID 8

/* As session list and recording list are asked for one. */
static const char *
short_target(const json_t *watcher)
{
	static char id[SHORT_ID + 1];

	snprintf(id, sizeof(id), "%s", value_text(watcher, "of"));
	return id;
}

static const char *
what_shown(const json_t *watcher)
{
	if (!json_is_true(json_object_get(watcher, "live")))
		return _("replays");
	return json_is_true(json_object_get(watcher, "sees")) ? _("watches")
							      : _("does not see it now");
}

void
print_watchers(const struct admin *admin, const json_t *result)
{
	static const struct list_column columns[] = {
		{N_("Watcher"), 0, "id", VALUE_TEXT},
		{N_("Who"), 40, "by", VALUE_TEXT},
		{N_("Source address"), 0, "source", VALUE_TEXT},
		{N_("Since"), 0, "since", VALUE_TIME},
		{N_("What"), 0, .shown = what_shown},
		{N_("Session"), 0, .shown = short_target},
		{N_("To be watched"), 0, "title", VALUE_TEXT},
	};
	size_t count = list_print(value_rows(result, "watchers"), columns, ARRAY_SIZE(columns));

	(void)admin;
	fprintf(stderr, ngettext("%zu watcher\n", "%zu watchers\n", count), count);
}

void
print_watcher_ended(const struct admin *admin, const json_t *result)
{
	const json_t *watcher = json_object_get(result, "ended");

	(void)admin;
	printf(_("%s does not watch any more: %s.\n"), value_text(watcher, "by"),
		value_text(watcher, "title"));
}
