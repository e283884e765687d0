/* The relay worker as its connections see it: the table of connections, the limits it was given, and
 * what it tells the supervisor. One for the process.
 */
#ifndef RELAY_WORKER_H
#define RELAY_WORKER_H

#include "base/memory.h"
#include "messages/channel.h"
#include "relay/connection.h"

struct io;
struct key_client;
struct ssl_ctx_st;

#define WORKER_BUCKETS 1024 /* of the table; a power of two */

struct worker {
	struct io *io;
	struct channel *supervisor;
	struct key_client *key;
	struct msg_configure *configure; /* NULL until it was heard */
	struct ssl_ctx_st *client_tls;   /* server side of TLS, towards clients */
	struct ssl_ctx_st *host_tls;     /* client side of TLS, towards jump hosts */
	uint32_t limit_ms[PHASE_COUNT];  /* 0: none */
	uint32_t connections;
	uint32_t bridges;
	struct memory_watch memory;
	struct connection *table[WORKER_BUCKETS];
};

/* NULL if there is none. */
struct connection *worker_find(struct worker *worker, uint64_t connection);
void worker_add(struct worker *worker, struct connection *conn);
void worker_remove(struct worker *worker, struct connection *conn);

/* Sends a message about a connection. A channel that is closed already is no mistake: the worker is
 * ending then. */
void worker_tell(struct worker *worker, enum message number, const void *body);

/* The supervisor is behind with what it was told. What can wait should, lest one session's news end them all. */
bool worker_is_unheard(const struct worker *worker);

/* What the supervisor says; the channel's owner is the struct worker. */
extern const struct channel_handler worker_handlers[];
struct permits_seen *worker_connection_seen(void *owner, uint64_t connection);

/* Ends every connection: the supervisor is gone or says so. */
void worker_end_all(struct worker *worker, enum close_reason reason);

#endif
