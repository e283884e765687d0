/* Maintenance and restart windows, for people. */
#include "admin-cli/command.h"
#include "admin-cli/list.h"
#include "admin-cli/print.h"
#include "admin-cli/text.h"
#include "admin-cli/values.h"
#include "base/cleanup.h"

#include <string.h>

static const char *
terminal(const json_t *window)
{
	const char *name = value_text(window, "terminal");

	return name[0] != '\0' ? name : _("every terminal");
}

/* A time of day of a weekly window, an instant of a dated one. */
static const char *
edge(const json_t *window, const char *key)
{
	return json_is_array(json_object_get(window, "days")) ? value_text(window, key)
							      : value_time(window, key);
}

static const char *
begins(const json_t *window)
{
	return edge(window, "from");
}

static const char *
ends(const json_t *window)
{
	return edge(window, "until");
}

/* When somebody who looks at the list meets it next. */
static const char *
next(const json_t *window)
{
	static char texts[4][80];
	static unsigned int at;
	char *text = texts[at++ % 4];
	const char *changes = value_time(window, "changes");

	if (json_is_true(json_object_get(window, "closed")))
		snprintf(text, sizeof(texts[0]), _("closed until %s"), changes);
	else
		snprintf(text, sizeof(texts[0]), "%s", changes);
	return text;
}

/* "2026-11-22 04:00:00": its first characters. */
#define DAY_LENGTH 10
#define MINUTE_LENGTH 16

/* A weekly window's times are the facility's; of an instant the day is left out where it has been said. */
static void
format_span(const json_t *window, char *ret_text, size_t size)
{
	const json_t *days = json_object_get(window, "days");
	const char *from = begins(window), *until = ends(window);
	bool same_day = strncmp(from, until, DAY_LENGTH) == 0;

	if (!json_is_array(days))
		snprintf(ret_text, size, "%.*s–%.*s", MINUTE_LENGTH, from,
			same_day ? MINUTE_LENGTH - DAY_LENGTH - 1 : MINUTE_LENGTH,
			same_day ? until + DAY_LENGTH + 1 : until);
	else if (json_array_size(days) == 7 || json_is_true(json_object_get(window, "closed")))
		snprintf(ret_text, size, "%s–%s", from, until);
	else
		snprintf(ret_text, size, "%.*s %s–%s", DAY_LENGTH, value_time(window, "changes"),
			from, until);
}

const char *
print_window_span(const json_t *terminal_object)
{
	static char text[160];
	const json_t *window = json_object_get(terminal_object, "window");
	char span[80];

	if (!json_is_object(window))
		return "";
	format_span(window, span, sizeof(span));
	snprintf(text, sizeof(text),
		json_is_true(json_object_get(window, "closed")) ? _("%s %s, now") : "%s %s",
		value_word(window, "kind"), span);
	return text;
}

size_t
print_window_rows(const json_t *rows)
{
	static const struct list_column columns[] = {
		{N_("Number"), 0, "number", VALUE_TEXT},
		{N_("Terminal"), 50, .shown = terminal},
		{N_("Kind"), 0, "kind", VALUE_WORD},
		{N_("Days"), 40, "days", VALUE_WORDS},
		{N_("From"), 0, .shown = begins},
		{N_("Until"), 0, .shown = ends},
		{N_("Next"), 0, .shown = next},
		{N_("Text"), 60, "text", VALUE_TEXT},
	};

	return list_print(rows, columns, ARRAY_SIZE(columns));
}

void
print_windows(const struct admin *admin, const json_t *result)
{
	size_t count = print_window_rows(value_rows(result, "windows"));

	(void)admin;
	fprintf(stderr, ngettext("%zu window\n", "%zu windows\n", count), count);
}

void
print_window_added(const struct admin *admin, const json_t *result)
{
	(void)admin;
	printf(_("Window %s has been added for %s.\n"), value_text(result, "number"),
		text_shown(terminal(result)));
	if (json_is_true(json_object_get(result, "closed")))
		printf(_("It has begun: nobody can connect until %s, and sessions have been "
			 "ended.\n"),
			value_time(result, "changes"));
	else if (!json_is_null(json_object_get(result, "changes")))
		printf(_("It begins next at %s.\n"), value_time(result, "changes"));
}

void
print_window_deleted(const struct admin *admin, const json_t *result)
{
	(void)admin;
	printf(_("Window %s of %s has been deleted.\n"), value_text(result, "number"),
		text_shown(terminal(result)));
}
