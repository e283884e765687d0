/* How sessions are carried and recorded; see oversight.h. */
#include "policy/oversight.h"

#include <errno.h>
#include <string.h>

static const char *const relay_names[TERMINAL_RELAY_COUNT] = {
	[TERMINAL_RELAY_TRANSPARENT] = "transparent",
	[TERMINAL_RELAY_MEDIATED] = "mediated",
};

static const char *const recording_names[TERMINAL_RECORDING_COUNT] = {
	[TERMINAL_RECORDING_OFF] = "off",
	[TERMINAL_RECORDING_BEST_EFFORT] = "best-effort",
	[TERMINAL_RECORDING_REQUIRED] = "required",
};

const char *
terminal_relay_name(enum terminal_relay relay)
{
	return relay_names[relay];
}

const char *
terminal_recording_name(enum terminal_recording recording)
{
	return recording_names[recording];
}

int
terminal_relay_parse(const char *text, enum terminal_relay *ret_relay, struct field_error *error)
{
	for (int i = 0; i < TERMINAL_RELAY_COUNT; i++) {
		if (strcmp(relay_names[i], text) != 0)
			continue;
		*ret_relay = (enum terminal_relay)i;
		return 0;
	}
	return field_error_set(
		error, "relay", text, N_("one of transparent, mediated"), "mediated");
}

int
terminal_recording_parse(
	const char *text, enum terminal_recording *ret_recording, struct field_error *error)
{
	for (int i = 0; i < TERMINAL_RECORDING_COUNT; i++) {
		if (strcmp(recording_names[i], text) != 0)
			continue;
		*ret_recording = (enum terminal_recording)i;
		return 0;
	}
	return field_error_set(
		error, "recording", text, N_("one of off, best-effort, required"), "required");
}

bool
terminal_must_be_recorded(enum terminal_recording recording, bool four_eyes)
{
	return recording == TERMINAL_RECORDING_REQUIRED ||
	       (recording == TERMINAL_RECORDING_BEST_EFFORT && four_eyes);
}
