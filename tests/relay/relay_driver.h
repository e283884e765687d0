/* What relay_driver was told on its command line. */
#ifndef RELAY_DRIVER_H
#define RELAY_DRIVER_H

#include "messages/messages.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

struct settings {
	const char *programs;
	const char *certificate;
	const char *key;
	uint32_t listen_port;
	struct sockaddr_in host;
	struct sockaddr_in loud_host;
	struct msg_attach attach; /* pin or CA, name, rights */
	bool trusts;              /* a pin or a CA was given, or seen */
	bool configured;          /* the worker said HELLO and was told what it needs */
	uint32_t refuse;          /* enum close_reason, or CLOSE_NONE */
	uint32_t stall_ms;        /* TCP_USER_TIMEOUT; 0: 10 seconds */
	uint32_t attach_ms, redirect_ms, drain_ms; /* time limits; 0: as usual */
	const char *greeter;                       /* its socket, or NULL */
	const char *record;                        /* a folder for recordings, or NULL */
	bool mediated;                             /* each session has a mediator */
	bool at_once;
	bool quiet;
};

extern struct settings settings;

/* Everything of the command line, into settings; a mistake ends the program. */
void read_options(int count, char **values);

void read_host(const char *text, struct sockaddr_in *ret_host);
uint32_t reason_of(const char *name);

struct channel;

/* Starts the program, which has this end of a channel. */
void start_for_session(const char *name, int channel_fd);

/* Starts a recorder for this connection and tells the worker, before ATTACH. */
void record(struct channel *worker, uint64_t connection);

/* Starts a mediator, which has the host's socket, trusted as `attach` says, and fills in what the worker is to be told of it. Returns
 * the end of the socketpair for ATTACH. */
int mediate(struct msg_attach *attach, int host_fd);

void die(const char *what, int error) __attribute__((noreturn));

#endif
