/* Sessions, the check of the logs and the gateway's state, for people. */
#include "admin-cli/command.h"
#include "admin-cli/list.h"
#include "admin-cli/print.h"
#include "admin-cli/said.h"
#include "admin-cli/text.h"
#include "admin-cli/values.h"
#include "base/cleanup.h"

#include <string.h>

#define SHORT_ID 8

static const char *
short_id(const json_t *session)
{
	static char id[SHORT_ID + 1];

	snprintf(id, sizeof(id), "%s",
		value_text(session, json_object_get(session, "id") != NULL ? "id" : "session"));
	return id;
}

/* "unix:tanaka (10.0.0.5), …" */
static const char *
watchers_shown(const json_t *session)
{
	static char room[256];
	const json_t *watcher;
	size_t i, used = 0;

	room[0] = '\0';
	json_array_foreach (json_object_get(session, "watchers"), i, watcher) {
		if (used < sizeof(room))
			used += (size_t)snprintf(room + used, sizeof(room) - used, "%s%s (%s)",
				i > 0 ? ", " : "", value_text(watcher, "by"),
				value_text(watcher, "source"));
	}
	return room;
}

static const char *
recorded_shown(const json_t *session)
{
	static char room[256];
	const char *recorded = value_text(session, "recorded");

	if (strcmp(recorded, "until") != 0)
		return strcmp(recorded, "yes") == 0 ? _("yes") : "";
	/* TRANSLATORS: a session was recorded until this time, and goes on. */
	snprintf(room, sizeof(room), _("until %s"), value_time(session, "recorded_until"));
	return room;
}

/* "until 10:32:05: its recorder ended before the session did" */
static const char *
recorded_explained(const json_t *session)
{
	static char room[512];
	const char *why = said_translate(value_text(session, "not_recorded_why"));
	const char *recorded = recorded_shown(session);

	if (why[0] == '\0')
		return recorded;
	snprintf(room, sizeof(room), "%s: %s", recorded[0] != '\0' ? recorded : _("no"), why);
	return room;
}

void
print_sessions(const struct admin *admin, const json_t *result)
{
	static const struct list_column columns[] = {
		{N_("Session"), 0, .shown = short_id},
		{N_("State"), 0, NULL, VALUE_SESSION_STATE},
		{N_("Phase"), 0, "phase", VALUE_WORD},
		{N_("Account"), 40, "account", VALUE_TEXT},
		{N_("User name"), 30, "name", VALUE_TEXT},
		{N_("Terminal"), 40, "terminal", VALUE_TEXT},
		{N_("Since"), 0, "since", VALUE_TIME},
		{N_("Idle since"), 0, "idle_since", VALUE_TIME},
		{N_("Will end"), 0, "ends", VALUE_TIME},
		{N_("Why"), 0, "ends_by", VALUE_WORD},
		{N_("Source address"), 0, "source", VALUE_TEXT},
		{N_("Device"), 0, "device", VALUE_TEXT},
		{N_("Evidence"), 0, "evidence", VALUE_WORD},
		{N_("Watched by"), 30, .shown = watchers_shown},
		{N_("Recorded"), 0, .shown = recorded_shown},
		{N_("Let in by"), 24, "let_in_by", VALUE_TEXT},
		{N_("From the client"), 0, "bytes_from_client", VALUE_BYTES},
		{N_("To the client"), 0, "bytes_to_client", VALUE_BYTES},
	};
	size_t count = list_print(value_rows(result, "sessions"), columns, ARRAY_SIZE(columns));

	(void)admin;
	fprintf(stderr, ngettext("%zu session\n", "%zu sessions\n", count), count);
}

void
print_ended_sessions(const json_t *result)
{
	static const struct list_column columns[] = {
		{N_("Session"), 0, .shown = short_id},
		{N_("State"), 0, NULL, VALUE_SESSION_STATE},
		{N_("Account"), 40, "account", VALUE_TEXT},
		{N_("User name"), 30, "name", VALUE_TEXT},
		{N_("Terminal"), 40, "terminal", VALUE_TEXT},
		{N_("Start"), 0, "start", VALUE_TIME},
		{N_("End"), 0, "end", VALUE_TIME},
		{N_("Ended by"), 24, "by", VALUE_TEXT},
		{N_("Let in by"), 24, "let_in_by", VALUE_TEXT},
		{N_("Control"), 0, "let_in_control", VALUE_YES},
		{N_("Clipboard, drives, devices"), 0, "let_in_files", VALUE_YES},
	};
	size_t count = list_print(value_rows(result, "sessions"), columns, ARRAY_SIZE(columns));

	fprintf(stderr, ngettext("%zu session\n", "%zu sessions\n", count), count);
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
		{"phase", VALUE_WORD},
		{"since", VALUE_TIME},
		{"idle_since", VALUE_TIME},
		{"ends", VALUE_TIME},
		{"ends_by", VALUE_WORD},
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
		{"let_in_by", VALUE_TEXT},
		{"let_in_control", VALUE_YES},
		{"let_in_files", VALUE_YES},
		{"rights", VALUE_WORDS},
		{"mediated", VALUE_YES},
		{"four_eyes", VALUE_YES},
		{"watched_by", VALUE_TEXT},
		{"recorded", VALUE_TEXT},
		{"bytes_from_client", VALUE_BYTES},
		{"bytes_to_client", VALUE_BYTES},
	};
	json_t *shown = json_copy((json_t *)result);

	(void)admin;
	if (json_object_get(shown, "session") == NULL)
		(void)json_object_set(shown, "session", json_object_get(shown, "id"));
	if (json_array_size(json_object_get(shown, "watchers")) > 0)
		(void)json_object_set_new(shown, "watched_by", json_string(watchers_shown(result)));
	if (recorded_explained(result)[0] != '\0')
		(void)json_object_set_new(
			shown, "recorded", json_string(recorded_explained(result)));
	else
		(void)json_object_del(shown, "recorded");
	values_print(shown, rows, ARRAY_SIZE(rows));
	json_decref(shown);
}

void
print_session_notice(const struct admin *admin, const json_t *result)
{
	static const struct list_column columns[] = {
		{N_("Session"), 0, .shown = short_id},
		{N_("Account"), 40, "account", VALUE_TEXT},
		{N_("Terminal"), 40, "terminal", VALUE_TEXT},
		{N_("Message"), 0, "result", VALUE_WORD},
	};
	size_t shown = (size_t)json_integer_value(json_object_get(result, "shown"));
	size_t count = list_print(value_rows(result, "sessions"), columns, ARRAY_SIZE(columns));

	(void)admin;
	fprintf(stderr, _("on %zu of %zu screens\n"), shown, count);
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
	static const struct list_column columns[] = {
		{N_("Listener"), 0, "name", VALUE_TEXT},
		{N_("Address"), 0, "address", VALUE_TEXT},
		{N_("Side"), 0, "side", VALUE_WORD},
		{N_("PROXY v2"), 0, "proxy", VALUE_YES},
	};

	putchar('\n');
	(void)list_print(listeners, columns, ARRAY_SIZE(columns));
}

static void
print_workers(const json_t *workers)
{
	static const struct list_column columns[] = {
		{N_("Worker"), 0, "number", VALUE_TEXT},
		{N_("Process"), 0, "pid", VALUE_TEXT},
		{N_("Connections"), 0, "connections", VALUE_TEXT},
	};

	putchar('\n');
	(void)list_print(workers, columns, ARRAY_SIZE(columns));
}

static void
print_penalties(const json_t *penalties)
{
	static const struct list_column columns[] = {
		{N_("Penalised source"), 0, "source", VALUE_TEXT},
		{N_("Penalty of (s)"), 0, "seconds", VALUE_TEXT},
	};

	if (json_array_size(penalties) == 0)
		return;
	putchar('\n');
	(void)list_print(penalties, columns, ARRAY_SIZE(columns));
}

/* "3 (at most 32)" */
static void
add_share(json_t *object, const char *name, const char *count, const char *most)
{
	const json_t *used = json_object_get(object, count);
	char text[80];

	if (used == NULL)
		return;
	(void)snprintf(text, sizeof(text), _("%lld (at most %lld)"),
		(long long)json_integer_value(used),
		(long long)json_integer_value(json_object_get(object, most)));
	(void)json_object_set_new(object, name, json_string(text));
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
		{"penalised", VALUE_TEXT},
		{"sign_ins", VALUE_TEXT},
		{"sign_ins_most", VALUE_TEXT},
		{"greeters_busy", VALUE_TEXT},
		{"greeters_warm", VALUE_TEXT},
		{"mediated_now", VALUE_TEXT},
		{"recorded_now", VALUE_TEXT},
		{"watchers_now", VALUE_TEXT},
		{"recording_keys", VALUE_TEXT},
		{"recording_free", VALUE_BYTES},
		{"recording_least_free", VALUE_BYTES},
		{"store_pending", VALUE_TEXT},
		{"terminals_watched", VALUE_TEXT},
		{"terminals_warned", VALUE_TEXT},
	};
	json_t *shown = json_copy((json_t *)result);

	(void)admin;
	add_share(shown, "mediated_now", "mediators", "mediators_most");
	add_share(shown, "recorded_now", "recorders", "recorders_most");
	add_share(shown, "watchers_now", "players", "players_most");
	values_print(shown, rows, ARRAY_SIZE(rows));
	json_decref(shown);
	print_listeners(json_object_get(result, "listeners"));
	print_workers(json_object_get(result, "workers"));
	print_penalties(json_object_get(result, "penalties"));
}
