/* Initial passwords, which the gateway says once: shown, or written to a file for whoever hands them over (A10). */
#ifndef ADMIN_HANDOVER_H
#define ADMIN_HANDOVER_H

#include "admin-cli/command.h"

/* Asks the command's own method with these parameters (taken) and prints the result by the command's printer, then
 * the passwords in it. With --handover FILE they go into the file instead: it is made, with room for them on the
 * disk, before the gateway is asked, and if it cannot be written in the end after all, they are shown. */
enum admin_exit handover_ask(struct admin *admin, json_t *parameters);

#endif
