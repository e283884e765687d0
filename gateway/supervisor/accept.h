/* Listeners: the only sockets of the gateway that accept, and they never leave the supervisor. An accepted
 * connection passes the PROXY header (where the listener expects one), the limits of its source and
 * perhaps a delay; then a worker gets it.
 */
#ifndef SUPERVISOR_ACCEPT_H
#define SUPERVISOR_ACCEPT_H

#include "supervisor/supervisor.h"

struct listeners;

/* Opens the settings' listeners, taking sockets from `passed` (systemd's, see passed.h) where their address fits.
 * Returns 0 or a negative errno with *ret_why a text for the log. */
int listeners_open(
	struct supervisor *supervisor, struct listeners **ret_listeners, const char **ret_why);

/* No connection is accepted from here on; freed once the handles are closed. Accepts NULL. */
void listeners_close(struct listeners *listeners);

/* Sets the limits of sources as the settings have them. */
void listeners_apply_limits(struct supervisor *supervisor);

#endif
