/* One mediated session: FreeRDP's proxy library between the relay worker and a jump host. In sekisho-mediator, which has one, in the
 * library's own threads; news of it come by mediation_fd, for the process's loop.
 *
 *	worker leg   libfreerdp's server, without TLS, over a socketpair (worker_leg.c). Up to the client's Client Info it answers at
 *	             once; then it waits until the jump host's desktop has begun, so that everything that can go wrong there
 *	             goes wrong before the worker has told its client of a jump host
 *	host leg     libfreerdp's client, over the socket that the supervisor has connected (host_leg.c): TLS, the certificate, NLA,
 *	             licensing, capabilities. It connects to nothing else, and never again
 *	between      pictures, pointers, keys and channels, by the library
 */
#ifndef MEDIATOR_MEDIATION_H
#define MEDIATOR_MEDIATION_H

#include "mediator/configuration.h"
#include "mediator/outcomes.h"
#include "messages/messages.h"
#include "relay/host_certificate.h"

#include <stdbool.h>

struct mediation;

/* libfreerdp, WinPR and OpenSSL read and start what they need once, for nobody. Before the sandbox closes. Returns 0 or a negative
 * errno; *ret_what says what is missing. */
int mediation_warm_up(const char **ret_what);

struct mediation_setup {
	struct msg_mediate_begin *begin; /* the password in it is taken over and wiped */
	const struct host_trust *trust;  /* stays where it is */
	const struct mediator_key *key;
	uint16_t port;        /* of the jump host, for the log of libfreerdp alone */
	uint32_t activate_ms; /* MEDIATE_HOST */
};

/* Both sockets are taken, also on failure. Returns 0 or a negative errno. */
int mediation_start(const struct mediation_setup *setup, int *worker_fd, int *host_fd,
	struct mediation **ret_mediation);

/* Ends the threads, which may take a second, wipes and frees. Accepts NULL. */
void mediation_free(struct mediation *mediation);

/* Readable when there is something new. */
int mediation_fd(const struct mediation *mediation);

/* Milliseconds until mediation_look_at_clock has something to do; -1: it has not. */
int mediation_wait_ms(struct mediation *mediation);

/* A jump host whose desktop has begun in words alone is not waited for. */
void mediation_look_at_clock(struct mediation *mediation);

struct notices;

/* What lies on its screen (notices.h): what is new of it comes by mediation_fd, too. */
struct notices *mediation_notices(const struct mediation *mediation);

struct mediation_news {
	bool has_certificate; /* first */
	struct msg_mediate_certificate certificate;
	bool has_result;
	struct msg_mediate_result result;
	bool over; /* nothing comes behind this; mediation_heard */
};

/* What is new since the last call. */
void mediation_take_news(struct mediation *mediation, struct mediation_news *ret_news);

/* The supervisor has been told that it is over: now the worker may see it. */
void mediation_heard(struct mediation *mediation);

#endif
