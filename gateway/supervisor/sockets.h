/* TCP and Unix sockets of the supervisor: listening, options, what has gone over the wire.
 */
#ifndef SUPERVISOR_SOCKETS_H
#define SUPERVISOR_SOCKETS_H

#include <stdint.h>
#include <sys/socket.h>

/* "10.2.3.4:51234", "[fd00::1]:51234"; an IPv4-mapped address is shown as IPv4. */
#define SOCKET_TEXT_SIZE 64

/* Writes the address with its port, or without (as inet_ntop does, no brackets). Returns ret_text. */
const char *socket_text(const struct sockaddr *address, char *ret_text);
const char *socket_text_without_port(const struct sockaddr *address, char *ret_text);

/* An IPv4-mapped IPv6 address becomes an IPv4 one; everything else stays. */
void socket_unmap(struct sockaddr_storage *address);

/* Both return a listening, non-blocking, close-on-exec socket or a negative errno. The Unix one replaces a
 * socket that nobody listens on any more and is open to every local user: roles are asked of the peer. */
int socket_listen_tcp(const struct sockaddr *address, socklen_t len);
int socket_listen_unix(const char *path);

/* What both legs of a session get: no delay, keep-alive, an end to unanswered data after stall_ms, and little
 * unsent data in the kernel, so that a slow peer holds back its session and not megabytes. */
void socket_set_session_options(int fd, uint32_t stall_ms);

struct socket_bytes {
	uint64_t received;
	uint64_t sent; /* acknowledged by the peer */
};

/* Bytes on the wire so far, by TCP_INFO; zeros if the socket does not tell. */
struct socket_bytes socket_bytes(int fd);

#endif
