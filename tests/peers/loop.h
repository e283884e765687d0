/* What rdp_host and rdp_client share besides PDUs: addresses, the clock, epoll, TLS contexts. */
#ifndef TESTS_PEERS_LOOP_H
#define TESTS_PEERS_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/ssl.h>

#include "stream.h"

/* What a peer needs of its process: on_signal for SIGTERM and SIGINT, no SIGPIPE, output by lines, and as many
 * descriptors as it may have. */
void loop_prepare_process(void (*on_signal)(int number));

uint64_t loop_now_ns(void);

/* "127.0.0.1:3389" or "unix:PATH". Returns a socket, or ends the program with a message: wrong arguments are the
 * script's mistake. */
int loop_listen(const char *address);
/* Begins to connect; the socket becomes writable when it is done. Returns the socket or an
 * error. */
int loop_connect(const char *address);

/* Watches fd for reading, and for writing if asked. data comes back from epoll_wait. */
void loop_watch(int epoll, int fd, void *data, bool writing, bool is_new);

/* Certificate and key from PEM files, or (NULL, NULL) made on the spot. Ends the program if they
 * cannot be read. */
SSL_CTX *loop_server_context(const char *certificate, const char *key);
SSL_CTX *loop_client_context(void);

/* SHA-256 of the certificate as 64 hexadecimal digits. */
void loop_fingerprint(SSL_CTX *context, char *ret_text);

/* The number behind an option, from 0 to max; ends the program with a message if it is none. */
unsigned long loop_number(const char *option, const char *text, unsigned long max);

_Noreturn void loop_die(const char *what, const char *detail);

#endif
