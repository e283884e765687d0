/* A datagram socket of syslog or of journald: a record goes at once and whole, or not at all. syslog(3) and
 * sd_journal_sendv(3) wait for a daemon that is slow, or lose what they were given; neither may be done to the
 * supervisor's loop and to the records of the logs. For one thread.
 */
#ifndef SUPERVISOR_LOG_SOCKET_H
#define SUPERVISOR_LOG_SOCKET_H

#include <stddef.h>
#include <sys/uio.h>

struct log_socket {
	const char *path; /* kept, not copied */
	int fd;           /* -1: not connected */
};

void log_socket_init(struct log_socket *socket, const char *path);
void log_socket_done(struct log_socket *socket);

/* Returns 0; -EAGAIN when the daemon has not read what it was sent before; -EMSGSIZE when this is longer than a
 * datagram may be; another negative errno when there is nobody. */
int log_socket_send(struct log_socket *socket, const struct iovec *parts, size_t count);

/* The same for what is too long: the bytes go as a sealed file in memory, as journald takes them. */
int log_socket_send_file(struct log_socket *socket, const struct iovec *parts, size_t count);

#endif
