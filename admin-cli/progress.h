/* How far something long has come, on the terminal. */
#ifndef ADMIN_PROGRESS_H
#define ADMIN_PROGRESS_H

#include <jansson.h>
#include <stddef.h>

/* {"what", "done", "of"} of a progress notification. Shown on standard error if that is a terminal, one line that
 * is written over. */
void progress_show(const json_t *parameters);

/* Takes the line away, if there is one. */
void progress_clear(void);

/* The line, without its carriage return, for tests: "Restoring [####......] 42 %". */
void progress_line(const json_t *parameters, char *ret_text, size_t size);

#endif
