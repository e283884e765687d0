/* The sockets of connections: the only place where the relay touches libuv and OpenSSL's SSL. A leg is
 * one socket, first plain, then under TLS; what is done with its bytes is for the phase to say
 * (struct phase_ops): legs only call connection_on_...
 *
 * Fairness: in one turn of the loop every relaying leg moves at most LEG_BUDGET bytes, then at most one
 * TLS handshake anywhere advances by one step. Backpressure: a side whose bytes become the other side's
 * output is not read while such output waits. Idle legs hold no buffers.
 */
#ifndef RELAY_CONNECTION_IO_H
#define RELAY_CONNECTION_IO_H

#include "relay/connection.h"

#include <stddef.h>
#include <stdint.h>

struct ssl_ctx_st;
struct ssl_st;
struct io; /* one for the worker: the loop's queues and the buffer that all legs read into */

/* Returns 0 or a negative errno. loop is a uv_loop_t; stall_ms goes to TCP_USER_TIMEOUT. It lives as long
 * as the loop. */
int io_new(void *loop, uint32_t stall_ms, struct io **ret_io);

/* Takes *fd (leaves -1), also on failure. Nothing is read before the phase says so.
 * Returns 0 or a negative errno. */
int leg_open(struct connection *conn, enum side side, int *fd);

/* Closes one side's socket for good; another may be opened in its place. The connection goes on. */
void leg_drop(struct connection *conn, enum side side);

/* Starts TLS: as a server on the client's side, as a client towards a host. `prepare` may set up the
 * SSL (names, verification) and returns 0 or a negative errno; it may be NULL. Ends in on_secured or
 * on_tls_failed. Returns 0 or a negative errno. */
int leg_secure(struct connection *conn, enum side side, struct ssl_ctx_st *context,
	int (*prepare)(struct connection *conn, struct ssl_st *ssl));

/* The SSL of a secured leg, for looking at the peer's certificate. NULL while plain. */
struct ssl_st *leg_ssl(struct connection *conn, enum side side);

/* True if bytes wait in a plain leg's socket right now. */
bool leg_has_early_bytes(struct connection *conn, enum side side);

/* Sends; what the socket does not take waits in the leg, and on_sent follows once it is gone. A broken
 * connection is reported by on_end later, not here. Without a leg the bytes are dropped. */
void leg_send(struct connection *conn, enum side side, const void *bytes, size_t len);

/* There is a leg, and its peer has not ended. */
bool leg_is_open(const struct connection *conn, enum side side);

/* Output of this side is waiting. False without a leg. */
bool leg_is_waiting(const struct connection *conn, enum side side);

/* How many bytes of it. */
size_t leg_waiting(const struct connection *conn, enum side side);

/* No more output: TLS close_notify and the TCP half close. */
void leg_finish(struct connection *conn, enum side side);

/* The phase, and so what is wanted of the legs, has changed. */
void io_phase_changed(struct connection *conn);

/* on_time_limit after so many milliseconds; 0 = no limit. One limit at a time. */
int io_limit_open(struct connection *conn);
void io_limit(struct connection *conn, uint32_t limit_ms);

/* Shuts both sockets down and closes every handle; connection_on_gone follows. */
void io_close(struct connection *conn);

#endif
