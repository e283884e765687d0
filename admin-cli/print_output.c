/* Exports (A14), for people: the list of outputs. */
#include "admin-cli/command.h"
#include "admin-cli/print.h"
#include "admin-cli/said.h"
#include "admin-cli/table.h"
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
validity_shown(const json_t *output, char *room, size_t size)
{
	struct tm parts = {0};
	long long left_s;

	if (strcmp(value_text(output, "state"), "done") != 0 ||
		strptime(value_text(output, "expires"), "%Y-%m-%dT%H:%M:%S", &parts) == NULL)
		return "";
	left_s = (long long)timegm(&parts) - (long long)(clock_now() / 1000000);
	if (left_s <= 0)
		snprintf(room, size, "%s", _("over"));
	else if (left_s < DAY_S)
		snprintf(room, size, _("%lld hours left"), (left_s + HOUR_S - 1) / HOUR_S);
	else
		snprintf(room, size, _("%lld days left"), (left_s + DAY_S - 1) / DAY_S);
	return room;
}

void
print_outputs(const struct admin *admin, const json_t *result)
{
	const struct table_column columns[] = {
		{_("ID"), 0},
		{_("Created at"), 0},
		{_("Kind of export"), 0},
		{_("Status"), 0},
		{_("File size"), 0},
		{_("Completed at"), 0},
		{_("Kept for"), 0},
		{_("Requested by"), 30},
		{_("Why it failed"), 60},
	};
	const json_t *rows = value_rows(result, "outputs");
	struct table *table = table_new(columns, ARRAY_SIZE(columns));
	const json_t *output;
	char room[64];
	size_t i;

	(void)admin;
	if (table == NULL)
		return;
	json_array_foreach (rows, i, output) {
		bool done = strcmp(value_text(output, "state"), "done") == 0;

		table_cell(table, value_text(output, "id"));
		table_cell(table, value_time(output, "created"));
		table_cell(table, _("User list"));
		table_cell(table, state_shown(output));
		table_cell(table, done ? value_bytes(output, "bytes") : "");
		table_cell(table, value_time(output, "completed"));
		table_cell(table, validity_shown(output, room, sizeof(room)));
		table_cell(table, value_text(output, "requested_by"));
		table_cell(table, said_translate(value_text(output, "why")));
	}
	table_print(table, stdout);
	table_free(table);
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
