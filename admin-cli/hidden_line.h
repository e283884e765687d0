/* A password that a person types, or that a program gives on standard input. */
#ifndef ADMIN_HIDDEN_LINE_H
#define ADMIN_HIDDEN_LINE_H

#include "admin-cli/command.h"
#include "base/secret.h"

/* At a terminal it is asked for twice (again NULL: once), and not shown; else standard input is one line. ADMIN_DONE, or the reason has been
 * told. The caller calls secret_done. */
enum admin_exit hidden_line_read(
	const struct admin *admin, const char *prompt, const char *again, struct secret *ret_line);

#endif
