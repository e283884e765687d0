/* How the sessions of a terminal are carried (D5), and what the hospital sees and keeps of them (F7). Pure.
 *
 *	transparent  PDUs pass as they are
 *	mediated     a process of its own understands the picture, and can write on it; it alone has the jump host's credentials
 *
 *	off          nothing is kept
 *	best-effort  recorded as far as it can be; what is missing is in the recording and in the log
 *	required     what cannot be recorded does not happen: the session ends, or does not begin
 */
#ifndef POLICY_OVERSIGHT_H
#define POLICY_OVERSIGHT_H

#include "policy/field_error.h"

#include <stdbool.h>

enum terminal_relay { TERMINAL_RELAY_TRANSPARENT, TERMINAL_RELAY_MEDIATED, TERMINAL_RELAY_COUNT };

enum terminal_recording {
	TERMINAL_RECORDING_OFF,
	TERMINAL_RECORDING_BEST_EFFORT,
	TERMINAL_RECORDING_REQUIRED,
	TERMINAL_RECORDING_COUNT
};

const char *terminal_relay_name(enum terminal_relay relay);             /* "mediated" */
const char *terminal_recording_name(enum terminal_recording recording); /* "best-effort" */

/* 0, or -EINVAL and the error. */
int terminal_relay_parse(
	const char *text, enum terminal_relay *ret_relay, struct field_error *error);
int terminal_recording_parse(
	const char *text, enum terminal_recording *ret_recording, struct field_error *error);

/* Sessions do not begin where they cannot be kept. Of those that somebody must watch, best-effort is no less: what is not recorded cannot be
 * watched. */
bool terminal_must_be_recorded(enum terminal_recording recording, bool four_eyes);

#endif
