/* The parts of rdp_host: rdp_host.c (loop, options), host_sequence.c (the connection sequence),
host_nla.c (NLA), host_modes.c (what else a jump host may do). */
#ifndef TESTS_PEERS_HOST_H
#define TESTS_PEERS_HOST_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "loop.h"
#include "sequence.h"

struct host_connection;
struct credssp_host;

/* A way to misbehave: what happens instead at a point of the sequence. NULL: as usual. A hook that
 * returns an error closes the connection. */
struct host_mode {
	const char *name;
	const char *help;
	int (*on_accept)(struct host_connection *connection);
	int (*on_request)(struct host_connection *connection);
	int (*on_initial)(struct host_connection *connection);
	int (*on_info)(struct host_connection *connection);
	int (*on_ready)(struct host_connection *connection); /* after Font Map was sent */
};

struct host_options {
	const char *listen;
	const char *certificate;
	const char *key;
	const struct host_mode *mode;
	size_t record_bytes; /* 0: send nothing by itself */
	unsigned rate;       /* records a second and connection; 0: as fast as it goes */
	uint64_t count;      /* records a connection; 0: without end */
	uint16_t channel_base;
	unsigned fragments; /* frames of a record; 0: it is one update */
	bool tls_first;     /* TLS before X.224, as behind a plain TLS proxy */
	bool plain;         /* no TLS behind X.224: a sign-in screen behind the relay worker */
	bool paused;        /* SIGUSR2 toggles */
	bool quiet;
	/* NLA alone, for this user; NULL: TLS security */
	const char *nla_user;
	const char *nla_password;
	const char *nla_keytab; /* by Kerberos alone */
	uint32_t nla_status;    /* what it answers others; 0: it hangs up */
	const char *
		nla_authorised; /* PROTOCOL_HYBRID_EX, if asked for, with this number; NULL: HYBRID */
};

enum host_step {
	HOST_REQUEST, /* X.224 Connection Request */
	HOST_TLS,
	HOST_NLA,        /* CredSSP (host_nla.c) */
	HOST_INITIAL,    /* Connect-Initial */
	HOST_DOMAIN,     /* Erect Domain to the last join; ends with Client Info */
	HOST_ACTIVATION, /* Confirm Active to Font List */
	HOST_READY,
	HOST_STEPS,
};

struct host_connection {
	struct host *host;
	struct stream stream;
	unsigned long id;
	enum host_step step;
	bool watching_writes;
	bool ignoring; /* read and throw away: a mode plays dead */
	const char *why;
	uint32_t requested_protocols;
	uint32_t protocol; /* the selected one */
	struct credssp_host *nla;
	uint16_t channel_count;   /* static channels the client asked for */
	uint16_t message_channel; /* 0: none */
	struct sequence_address address;
	uint64_t ready_ns;
	uint64_t records;
	LIST_ENTRY(host_connection) all;
};

struct host {
	struct host_options options;
	SSL_CTX *tls;
	int epoll;
	int listener;
	LIST_HEAD(, host_connection) connections;
	uint8_t *record;
	size_t record_len;
	unsigned long accepted, open, ready, failed;
	uint64_t received, sent, records, pings; /* of closed connections, and pings of all */
};

/* Handles one whole frame that has come. Returns 0 or an error that closes the connection, with
 * connection->why set. */
int host_frame(struct host_connection *connection, const uint8_t *frame, size_t len);

/* The usual answers, which modes also use. */
int host_send(struct host_connection *connection, struct bytes_writer *writer);
int host_send_confirm(struct host_connection *connection);
int host_send_response(struct host_connection *connection);
int host_send_licence_and_demand(struct host_connection *connection);

int host_require_nla(struct host_connection *connection);

const struct host_mode *host_mode_find(const char *name);
void host_modes_print(void);

#endif
