/* Recordings (F7), for people. */
#include "admin-cli/print_recording.h"

#include "admin-cli/command.h"
#include "admin-cli/print.h"
#include "admin-cli/said.h"
#include "admin-cli/text.h"
#include "admin-cli/values.h"
#include "base/cleanup.h"

#include <stdio.h>
#include <string.h>

const char *
recording_state_shown(const json_t *recording)
{
	static const struct {
		const char *state, *shown;
	} states[] = {
		{"running", N_("being recorded")},
		{"closed", N_("recorded")},
		{"not-closed", N_("not closed")},
		{"failed", N_("recording failed")},
		{"erased", N_("erased")},
	};
	const char *state = value_text(recording, "state");

	for (size_t i = 0; i < ARRAY_SIZE(states); i++)
		if (strcmp(states[i].state, state) == 0)
			return _(states[i].shown);
	return state;
}

const char *
recording_why_shown(const json_t *recording)
{
	return said_translate(value_text(recording, "why"));
}

const char *
recording_erased_because_shown(const json_t *recording)
{
	return said_translate(value_text(recording, "erased_because"));
}

void
print_recording(const struct admin *admin, const json_t *result)
{
	static const struct value_row rows[] = {
		{"recording", VALUE_TEXT},
		{"account", VALUE_TEXT},
		{"name", VALUE_TEXT},
		{"terminal", VALUE_TEXT},
		{"state", VALUE_TEXT},
		{"why", VALUE_TEXT},
		{"start", VALUE_TIME},
		{"end", VALUE_TIME},
		{"duration_seconds", VALUE_DURATION},
		{"bytes", VALUE_BYTES},
		{"gaps", VALUE_TEXT},
		{"auditors", VALUE_LIST},
		{"hash", VALUE_TEXT},
		{"header", VALUE_TEXT},
		{"held", VALUE_TIME},
		{"held_by", VALUE_TEXT},
		{"held_because", VALUE_TEXT},
		{"recording_erased", VALUE_TIME},
		{"erased_by", VALUE_TEXT},
		{"erased_because", VALUE_TEXT},
	};
	static const struct {
		const char *from, *to;
	} renamed[] = {{"id", "recording"}, {"started", "start"}, {"ended", "end"},
		{"erased", "recording_erased"}};
	json_t *shown = json_copy((json_t *)result);

	(void)admin;
	for (size_t i = 0; i < ARRAY_SIZE(renamed); i++)
		(void)json_object_set(
			shown, renamed[i].to, json_object_get(result, renamed[i].from));
	(void)json_object_set_new(shown, "state", json_string(recording_state_shown(result)));
	if (json_is_string(json_object_get(result, "why")))
		(void)json_object_set_new(shown, "why", json_string(recording_why_shown(result)));
	if (json_is_string(json_object_get(result, "erased_because")))
		(void)json_object_set_new(shown, "erased_because",
			json_string(recording_erased_because_shown(result)));
	values_print(shown, rows, ARRAY_SIZE(rows));
	json_decref(shown);
}

void
print_recording_held(const struct admin *admin, const json_t *result)
{
	(void)admin;
	printf(_("Recording %s is held, and is not erased before it is released.\n"),
		value_text(result, "id"));
}

void
print_recording_released(const struct admin *admin, const json_t *result)
{
	(void)admin;
	printf(_("Recording %s is not held any more: it is erased when its time is over.\n"),
		value_text(result, "id"));
}

void
print_recording_deleted(const struct admin *admin, const json_t *result)
{
	(void)admin;
	printf(_("Recording %s has been erased.\n"),
		value_text(json_object_get(result, "recording"), "id"));
}
