/* Collecting the mistakes of a file (private to settings/). */
#ifndef SETTINGS_ERRORS_H
#define SETTINGS_ERRORS_H

#include "settings/settings.h"

/* At most this many are kept; the last then says that there are more. */
#define SETTINGS_ERRORS_MOST 50

/* Adds one. Without memory the mistake still counts. */
void settings_errors_add(struct settings_errors *errors, unsigned int line, unsigned int column,
	const char *format, ...) __attribute__((format(printf, 4, 5)));
void settings_errors_warn(struct settings_errors *errors, unsigned int line, unsigned int column,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

/* By line and column; those with the same place stay in the order in which they were found. */
void settings_errors_sort(struct settings_errors *errors);

/* Text of the file, fit for a message: cut after 60 bytes, at a character. One of four buffers in turn. */
const char *settings_shown(const char *text);

#endif
