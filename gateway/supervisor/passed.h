/* Sockets that systemd passes on (sd_listen_fds(3)): each is taken by whoever is configured for its address.
 */
#ifndef SUPERVISOR_PASSED_H
#define SUPERVISOR_PASSED_H

#include <stddef.h>
#include <sys/socket.h>

/* Looks at what was passed. Returns how many, or a negative errno. Once, before anything else is opened. */
int passed_init(void);

/* The listening socket that is bound to this address, now the caller's; -ENOENT if there is none. */
int passed_take_tcp(const struct sockaddr *address);
int passed_take_unix(const char *path);

/* How many nobody has taken: an error of the configuration. */
int passed_left(void);

#endif
