/* Sessions, the check of the logs and the gateway's state, for people. */
#include "admin-cli/command.h"
#include "admin-cli/print.h"
#include "admin-cli/table.h"
#include "admin-cli/text.h"
#include "admin-cli/values.h"
#include "base/cleanup.h"

#include <string.h>

#define SHORT_ID 8

static const char *
short_id(const json_t *session)
{
	static char id[SHORT_ID + 1];

	snprintf(id, sizeof(id), "%s", value_text(session, "id"));
	return id;
}

void
print_sessions(const struct admin *admin, const json_t *result)
{
	const struct table_column columns[] = {
		{_("Session"), 0},
		{_("State"), 0},
		{_("Account"), 40},
		{_("User name"), 30},
		{_("Terminal"), 40},
		{_("Since"), 0},
		{_("Source address"), 0},
		{_("Device"), 0},
		{_("Evidence"), 0},
		{_("From the client"), 0},
		{_("To the client"), 0},
	};
	const json_t *rows = value_rows(result, "sessions");
	struct table *table = table_new(columns, ARRAY_SIZE(columns));
	size_t i;
	json_t *session;

	(void)admin;
	if (table == NULL)
		return;
	json_array_foreach (rows, i, session) {
		table_cell(table, short_id(session));
		table_cell(table, value_session_state(session));
		table_cell(table, value_text(session, "account"));
		table_cell(table, value_text(session, "name"));
		table_cell(table, value_text(session, "terminal"));
		table_cell(table, value_time(session, "since"));
		table_cell(table, value_text(session, "source"));
		table_cell(table, value_text(session, "device"));
		table_cell(table, value_word(session, "evidence"));
		table_cell(table, value_bytes(session, "bytes_from_client"));
		table_cell(table, value_bytes(session, "bytes_to_client"));
	}
	table_print(table, stdout);
	table_free(table);
	(void)fflush(stdout);
	fprintf(stderr, ngettext("%zu session\n", "%zu sessions\n", json_array_size(rows)),
		json_array_size(rows));
}

/* A running one has `id` and `since`, an ended one is a row of the history. */
void
print_session(const struct admin *admin, const json_t *result)
{
	static const struct value_row rows[] = {
		{"session", VALUE_TEXT},
		{"account", VALUE_TEXT},
		{"name", VALUE_TEXT},
		{"terminal", VALUE_TEXT},
		{"state", VALUE_SESSION_STATE},
		{"phase", VALUE_TEXT},
		{"since", VALUE_TIME},
		{"start", VALUE_TIME},
		{"end", VALUE_TIME},
		{"duration_seconds", VALUE_DURATION},
		{"reason", VALUE_WORD},
		{"reason_code", VALUE_TEXT},
		{"by", VALUE_TEXT},
		{"because", VALUE_TEXT},
		{"source", VALUE_TEXT},
		{"device", VALUE_TEXT},
		{"evidence", VALUE_WORD},
		{"bytes_from_client", VALUE_BYTES},
		{"bytes_to_client", VALUE_BYTES},
	};
	json_t *shown = json_copy((json_t *)result);

	(void)admin;
	if (json_object_get(shown, "session") == NULL)
		(void)json_object_set(shown, "session", json_object_get(shown, "id"));
	values_print(shown, rows, ARRAY_SIZE(rows));
	json_decref(shown);
}

void
print_session_killed(const struct admin *admin, const json_t *result)
{
	const json_t *killed = json_object_get(result, "killed");

	(void)admin;
	if (!json_is_object(killed))
		killed = result;
	printf(_("The session of %s on %s has been disconnected.\n"),
		text_shown(value_text(killed, "account")),
		text_shown(value_text(killed, "terminal")));
}

static void
print_findings(const json_t *result)
{
	const json_t *findings = json_object_get(result, "findings");
	json_int_t all = json_integer_value(json_object_get(result, "found"));
	json_t *finding;
	size_t i;

	printf("%s\n\n", _("The logs have been changed."));
	json_array_foreach (findings, i, finding) {
		if (json_integer_value(json_object_get(finding, "event")) != 0)
			printf(_("event %s: %s"), value_text(finding, "event"),
				_(value_text(finding, "why")));
		else
			printf("%s", _(value_text(finding, "why")));
		if (value_text(finding, "detail")[0] != '\0')
			printf(" (%s)", text_shown(value_text(finding, "detail")));
		putchar('\n');
	}
	if (all > (json_int_t)json_array_size(findings))
		printf(_("… and %lld more\n"),
			(long long)all - (long long)json_array_size(findings));
	putchar('\n');
}

void
print_verified(const struct admin *admin, const json_t *result)
{
	static const struct value_row rows[] = {
		{"events", VALUE_TEXT},
		{"erased", VALUE_TEXT},
		{"checkpoints", VALUE_TEXT},
		{"sessions", VALUE_TEXT},
		{"head", VALUE_TEXT},
	};

	(void)admin;
	if (json_is_true(json_object_get(result, "whole")))
		printf("%s\n\n",
			_("The logs are whole: nothing has been changed, taken out or put in."));
	else
		print_findings(result);
	values_print(result, rows, ARRAY_SIZE(rows));
}

static void
print_listeners(const json_t *listeners)
{
	const struct table_column columns[] = {
		{_("Listener"), 0}, {_("Address"), 0}, {_("Side"), 0}, {_("PROXY v2"), 0}};
	struct table *table = table_new(columns, ARRAY_SIZE(columns));
	size_t i;
	json_t *listener;

	if (table == NULL)
		return;
	json_array_foreach (listeners, i, listener) {
		table_cell(table, value_text(listener, "name"));
		table_cell(table, value_text(listener, "address"));
		table_cell(table, value_word(listener, "side"));
		table_cell(table, value_yes(listener, "proxy"));
	}
	putchar('\n');
	table_print(table, stdout);
	table_free(table);
}

static void
print_workers(const json_t *workers)
{
	const struct table_column columns[] = {
		{_("Worker"), 0}, {_("Process"), 0}, {_("Connections"), 0}};
	struct table *table = table_new(columns, ARRAY_SIZE(columns));
	size_t i;
	json_t *worker;

	if (table == NULL)
		return;
	json_array_foreach (workers, i, worker) {
		table_cell(table, value_text(worker, "number"));
		table_cell(table, value_text(worker, "pid"));
		table_cell(table, value_text(worker, "connections"));
	}
	putchar('\n');
	table_print(table, stdout);
	table_free(table);
}

void
print_status(const struct admin *admin, const json_t *result)
{
	static const struct value_row rows[] = {
		{"facility", VALUE_TEXT},
		{"state", VALUE_WORD},
		{"ready_since", VALUE_TIME},
		{"version", VALUE_TEXT},
		{"pid", VALUE_TEXT},
		{"time_zone", VALUE_TEXT},
		{"tls_minimum", VALUE_TEXT},
		{"sessions", VALUE_TEXT},
		{"connections", VALUE_TEXT},
		{"unfinished", VALUE_TEXT},
		{"sources", VALUE_TEXT},
		{"store_pending", VALUE_TEXT},
		{"terminals_watched", VALUE_TEXT},
		{"terminals_warned", VALUE_TEXT},
	};

	(void)admin;
	values_print(result, rows, ARRAY_SIZE(rows));
	print_listeners(json_object_get(result, "listeners"));
	print_workers(json_object_get(result, "workers"));
}
