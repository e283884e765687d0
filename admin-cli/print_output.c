/* Exports (A14), for people: the list of outputs. */
#include "admin-cli/command.h"
#include "admin-cli/list.h"
#include "admin-cli/print.h"
#include "admin-cli/said.h"
#include "admin-cli/text.h"
#include "admin-cli/values.h"
#include "base/cleanup.h"
#include "base/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define HOUR_S 3600
#define DAY_S (24 * HOUR_S)

static const char *
state_shown(const json_t *output)
{
	static const struct {
		const char *state, *shown;
	} states[] = {
		{"waiting", N_("Waiting")},
		{"running", N_("In progress")},
		{"done", N_("Complete")},
		{"failed", N_("Failed")},
	};
	const char *state = value_text(output, "state");

	for (size_t i = 0; i < ARRAY_SIZE(states); i++)
		if (strcmp(states[i].state, state) == 0)
			return _(states[i].shown);
	return state;
}

/* The days that are left, the one that has begun counted; hours on the last day. */
static const char *
validity_shown(const json_t *output)
{
	static char room[64];
	struct tm parts = {0};
	long long left_s;

	if (strcmp(value_text(output, "state"), "done") != 0 ||
		strptime(value_text(output, "expires"), "%Y-%m-%dT%H:%M:%S", &parts) == NULL)
		return "";
	left_s = (long long)timegm(&parts) - (long long)(clock_now() / 1000000);
	if (left_s <= 0)
		snprintf(room, sizeof(room), "%s", _("over"));
	else if (left_s < DAY_S)
		snprintf(room, sizeof(room), _("%lld hours left"), (left_s + HOUR_S - 1) / HOUR_S);
	else
		snprintf(room, sizeof(room), _("%lld days left"), (left_s + DAY_S - 1) / DAY_S);
	return room;
}

static const char *
kind_shown(const json_t *output)
{
	(void)output; /* there is no other */
	return _("User list");
}

static const char *
size_shown(const json_t *output)
{
	bool done = strcmp(value_text(output, "state"), "done") == 0;

	return done ? value_bytes(output, "bytes") : "";
}

/* The verbs of `export` that it is ready for. */
static const char *
actions_shown(const json_t *output)
{
	const char *state = value_text(output, "state");

	if (strcmp(state, "done") == 0)
		return "get, delete";
	return strcmp(state, "failed") == 0 ? "delete" : "";
}

static const char *
why_shown(const json_t *output)
{
	return said_translate(value_text(output, "why"));
}

void
print_outputs(const struct admin *admin, const json_t *result)
{
	static const struct list_column columns[] = {
		{N_("ID"), 0, "id", VALUE_TEXT},
		{N_("Created at"), 0, "created", VALUE_TIME},
		{N_("Kind of export"), 0, .shown = kind_shown},
		{N_("Status"), 0, .shown = state_shown},
		{N_("Size of the file"), 0, .shown = size_shown},
		{N_("Completed at"), 0, "completed", VALUE_TIME},
		{N_("Kept for"), 0, .shown = validity_shown},
		{N_("Actions"), 0, .shown = actions_shown},
		{N_("Requested by"), 30, "requested_by", VALUE_TEXT},
		{N_("Why it failed"), 60, .shown = why_shown},
	};

	(void)admin;
	(void)list_print(value_rows(result, "outputs"), columns, ARRAY_SIZE(columns));
}

void
print_output_requested(const struct admin *admin, const json_t *result)
{
	const char *id = value_text(json_object_get(result, "output"), "id");

	(void)admin;
	printf(_("Export %s is being made. `export list` shows when it is complete; then:\n"
		 "  sekisho-admin export get %s --output FILE\n"),
		id, id);
}

void
print_output_deleted(const struct admin *admin, const json_t *result)
{
	(void)admin;
	printf(_("Deleted export %s.\n"), value_text(json_object_get(result, "output"), "id"));
}
