/* --help of the program, a group or a verb, from commands.def. */
#ifndef ADMIN_HELP_H
#define ADMIN_HELP_H

#include "admin-cli/arguments.h"

#include <stdio.h>

void help_print(FILE *out, const struct arguments *arguments);

/* "sekisho-admin account add ACCOUNT --family-name NAME … [options]" */
void help_synopsis(FILE *out, const struct command_row *command);

#endif
