/* What mediation.c, worker_leg.c and host_leg.c share; used by them alone. Two threads of the library run here, the worker leg's and the
 * host leg's, and the process's own: what is below `lock` is touched under it alone.
 */
#ifndef MEDIATOR_MEDIATION_PRIVATE_H
#define MEDIATOR_MEDIATION_PRIVATE_H

#include "base/secret.h"
#include "mediator/host_answers.h"
#include "mediator/mediation.h"
#include "mediator/notices.h"

#include <pthread.h>
#include <stdatomic.h>

#include <freerdp/freerdp.h>
#include <freerdp/peer.h>
#include <freerdp/server/proxy/proxy_context.h>
#include <freerdp/server/proxy/proxy_modules_api.h>
#include <freerdp/server/proxy/proxy_server.h>
#include <freerdp/transport_io.h>

enum mediation_step {
	MEDIATION_CONNECTING, /* the host's desktop has not begun; the worker leg waits in its Client Info */
	MEDIATION_READY, /* it has: the worker leg goes on, the host leg waits for the client's activation */
	MEDIATION_OVER,
};

struct mediation {
	proxyServer *server;
	struct notices *notices; /* has a lock of its own */
	const struct host_trust *trust;
	struct msg_mediate_begin *begin;
	rdpTransportIo worker_io; /* of the library, before ours */
	rdpTransportIo host_io;
	BOOL (*post_connect)(freerdp_peer *peer);                                        /* … */
	BOOL (*desktop_resize)(struct rdp_context *context);                             /* … */
	BOOL (*bitmap_update)(struct rdp_context *context, const BITMAP_UPDATE *update); /* … */
	BOOL (*synchronize)(rdpInput *input, UINT32 flags);                              /* … */
	DWORD (*get_event_handles)(freerdp_peer *peer, HANDLE *handles, DWORD count);    /* … */
	BOOL (*check_descriptor)(freerdp_peer *peer);                                    /* … */
	HANDLE wake;                 /* the worker leg's thread looks at `resize` */
	struct host_answers answers; /* the host leg's */
	atomic_int peeked_fd;        /* the library's, to be looked at; -1: it has closed it */
	atomic_bool host_broke;      /* either leg's */
	atomic_bool host_closed;     /* … */
	bool host_said_end;          /* the host leg's */
	bool asked;                  /* the worker leg's: the host leg was started */

	pthread_mutex_t lock;
	pthread_cond_t changed;
	enum mediation_step step;
	bool active; /* the worker's client has the desktop of the size that the host has */
	bool resize; /* the host has another desktop: the worker leg's thread shall tell its client */
	bool mute; /* nothing more is written to the worker: it sees what the host did, an end without a word */
	bool heard;                /* mediation_heard */
	uint32_t activate_ms;      /* constant */
	int64_t activate_until_ms; /* of clock_boottime_ms; 0: the host is not waited for */
	int host_fd;               /* until the host leg has it */
	int news_fd;
	struct mediation_news news;
	enum mediate_outcome ended; /* what was told last; CONNECTED while all is well */
};

struct mediation *mediation_of(rdpContext *context);

/* Moves on and wakes whoever waits. */
void mediation_go(struct mediation *mediation, enum mediation_step step);

/* In a leg's thread: it is over, and the supervisor shall know before the worker sees it. */
void mediation_end(struct mediation *mediation);

/* What the host leg or the worker leg knows: the first thing that is wrong is told, what follows from it is not. `why` NULL: the row's
 * text. */
void mediation_tell(struct mediation *mediation, enum mediate_outcome outcome, uint32_t status,
	const char *why);
void mediation_tell_certificate(
	struct mediation *mediation, const struct msg_nla_certificate *refused);

/* Hooks, by the leg that they belong to. */
BOOL worker_leg_initialize(struct mediation *mediation, freerdp_peer *peer);
void worker_leg_activated(struct mediation *mediation);
/* The client has the desktop: now the host goes on to its own, and has so long for it. */
void mediation_await_host(struct mediation *mediation);

/* The host has. */
void mediation_host_is_active(struct mediation *mediation);

BOOL host_leg_prepare(struct mediation *mediation, pClientContext *client);
BOOL host_leg_verify(struct mediation *mediation, pClientContext *client);
void host_leg_connected(struct mediation *mediation, pClientContext *client);
void host_leg_failed(struct mediation *mediation, pClientContext *client);
void host_leg_ended(struct mediation *mediation);

#endif
