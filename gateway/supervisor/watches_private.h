/* What watches.c and watch_tickets.c share. */
#ifndef SUPERVISOR_WATCHES_PRIVATE_H
#define SUPERVISOR_WATCHES_PRIVATE_H

#include "supervisor/event_allowance.h"
#include "supervisor/watches.h"

struct note;
struct watch_ticket;

struct watches {
	struct supervisor *supervisor;
	struct watch_ticket *tickets; /* unused ones, and dead ones until somebody asks */
	size_t ticket_count;
	struct watch *first;           /* those whose connection is there */
	const struct watch_live *live; /* NULL: no session can be watched */
};

/* Somebody with a client. */
struct watch {
	struct watch *next;
	struct connection *connection;
	struct watch_about about; /* its key is wiped */
	char target[RECORDING_ID_SIZE];
	char source[SOCKET_TEXT_SIZE];
	uint32_t keyboard_layout;
	struct note *note; /* while the logs are being told that it begins */
	struct note *last; /* for its end, which memory must not keep from them */
	struct child *child;
	int file;    /* until the player has them … */
	int players; /* … its end of the socketpair */
	int workers; /* … the worker's */
	uint8_t key[WATCH_KEY_BYTES];
	bool announced; /* in the recording, and to the engineer: from when a player was taken */
	bool counted;   /* four_eyes_watcher_came was called: the session is on his screen */
	bool past;      /* the recording that it shows is over: it counts no more */
	bool ending;    /* what its player still says counts for nothing */
	bool over;      /* the player has said so */
	uint8_t state;
	struct event_allowance broken; /* SK2764 */
	int64_t began_us;              /* 0: not yet */
	int64_t watched_ms;
};

/* Burns the ticket that a client shows. CLOSE_NONE, with *ret_about; or why not: then none is burnt. */
enum close_reason watch_ticket_redeem(struct watches *watches,
	const struct msg_introduced *introduced, struct watch_about *ret_about);

#endif
