/* The parts of rdp_client: rdp_client.c (loop, options, numbers), client_numbers.c,
 * client_sequence.c (the connection sequence), client_modes.c (hostile clients). */
#ifndef TESTS_PEERS_CLIENT_H
#define TESTS_PEERS_CLIENT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "loop.h"
#include "sequence.h"

struct client_connection;

/* A way to misbehave. NULL: as usual. A hook that returns an error closes the connection. */
struct client_mode {
	const char *name;
	const char *help;
	int (*on_connect)(
		struct client_connection *connection); /* instead of the Connection Request */
	int (*on_tick)(
		struct client_connection *connection, uint64_t now_ns); /* whenever time passes */
	int (*on_ready)(struct client_connection *connection);          /* after Font Map came */
	int (*on_desktop)(struct client_connection
			*connection); /* the first Font Map, though another is awaited */
	int (*on_demand)(struct client_connection *connection); /* another Demand Active came */
	void (*prepare)(SSL_CTX *tls);
	bool stays;   /* where a Server Redirection would lead it away */
	bool patient; /* with FreeRDP's proxy, as xfreerdp is: activations anew at any time, mouse
			 events that get lost before its host is there */
};

/* One byte of one PDU that is sent changed. */
struct client_change {
	int pdu; /* counted from 1, the Connection Request; 0: none */
	size_t at;
	int by;
};

struct client_options {
	const char *connect;
	const char *user;
	const char *password;
	const char *token;   /* line of the Connection Request, without CRLF; NULL: none */
	const char *tickets; /* file of lines "user password [token]", one for each connection */
	const struct client_mode *mode;
	struct client_change change;
	unsigned long connections;
	unsigned parallel;     /* set-ups under way at a time */
	unsigned pings;        /* mouse events a second and connection */
	unsigned start_rate;   /* set-ups begun a second; 0: no limit */
	unsigned long seconds; /* stay that long after the last one is ready */
	unsigned long timeout; /* seconds for all set-ups */
	unsigned desktops;     /* ready at the Font Map of this one; 0, 1: the first */
	bool again;            /* leave when ready and begin anew, for `seconds` */
	bool tls_first;
	bool no_message_channel;
	bool quiet;
};

enum client_step {
	CLIENT_CONNECTING,
	CLIENT_REQUEST, /* waits for the Connection Confirm */
	CLIENT_TLS,
	CLIENT_INITIAL,    /* waits for Connect-Response */
	CLIENT_DOMAIN,     /* waits for Attach User Confirm and join confirms */
	CLIENT_INFO,       /* waits for licensing and Demand Active */
	CLIENT_ACTIVATION, /* waits for Font Map */
	CLIENT_READY,
	CLIENT_STEPS,
};

struct client_connection {
	struct client *client;
	struct stream stream;
	unsigned long id;
	enum client_step step;
	bool watching_writes;
	bool not_reading;
	const char *why;
	char user[512];
	char password[512];
	char token[8192];
	int sent_pdus;
	struct gcc_server server;
	uint16_t joined; /* confirms so far */
	struct sequence_address address;
	uint32_t error_info; /* of Set Error Info; 0: none came */
	int reason;          /* of the Disconnect Provider Ultimatum; -1: none came */
	unsigned activations;
	bool deactivated;  /* Deactivate All came, and Demand Active not yet */
	bool in_fragments; /* of a fast-path update */
	uint64_t began_ns, ready_ns, ping_ns, next_ns;
	uint32_t ping_number;
	bool ping_open;
	bool answered; /* a mouse event was */
	uint64_t updates;
	unsigned progress; /* of a mode */
	LIST_ENTRY(client_connection) all;
};

/* Numbers to take percentiles of. */
struct client_numbers {
	uint32_t *values; /* units of 10 ns, so that 42 s fit */
	size_t count;
	size_t size;
};

struct client {
	struct client_options options;
	SSL_CTX *tls;
	int epoll;
	void *tickets; /* FILE, or NULL */
	LIST_HEAD(, client_connection) connections;
	unsigned long begun, setting_up, ready, open, ended, failed;
	uint64_t received, sent, updates, pings;
	uint64_t began_ns, all_ready_ns, next_begin_ns;
	struct client_numbers setups;
	struct client_numbers round_trips;
};

int client_frame(struct client_connection *connection, const uint8_t *frame, size_t len);
int client_begin(struct client_connection *connection); /* TCP is connected */
int client_tls_done(struct client_connection *connection);
int client_ping(struct client_connection *connection);

/* Sends one PDU, with the change that was asked for. */
int client_send(struct client_connection *connection, struct bytes_writer *writer);
int client_send_request(struct client_connection *connection, uint32_t protocols);

void client_numbers_add(struct client_numbers *numbers, uint64_t ns);
/* Prints " NAME_count=... NAME_p50_us=..." and so on, without a line end. Sorts them. */
void client_numbers_print(const char *name, struct client_numbers *numbers);

const struct client_mode *client_mode_find(const char *name);
void client_modes_print(void);

#endif
