/* The parameters of a command whose first argument names a session or a recording. */
#ifndef ADMIN_RECORDING_NAMED_H
#define ADMIN_RECORDING_NAMED_H

#include "admin-cli/command.h"

/* With `id` as it was typed, or copied from a table, which cuts ids with an ellipsis; new reference. */
json_t *named_parameters(const struct admin *admin, const char *argument);

#endif
