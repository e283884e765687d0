/* Parts of a recording object, as people read them. */
#ifndef ADMIN_PRINT_RECORDING_H
#define ADMIN_PRINT_RECORDING_H

#include <jansson.h>

/* Translated; they live as value_text's do. */
const char *recording_state_shown(const json_t *recording);
const char *recording_why_shown(const json_t *recording);
const char *recording_erased_because_shown(const json_t *recording);

#endif
