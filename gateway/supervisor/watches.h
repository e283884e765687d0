/* Auditors who watch a running session or replay a recording (F7), each with an RDP client at an ordinary listener.
 *
 *	session watch, recording play   a ticket of one use and limits.ticket: in memory alone, as the SHA-256 of its secret
 *	DECIDE   its client shows it: handle "+w…". It is burnt; who watches what, from where, goes into the logs
 *	…        … and only then a sekisho-player is started: PLAY_FILE with the recording, open for reading alone, and its key;
 *	         PLAY_BEGIN; and GREET to the worker, to which the player is a back end as a greeter is
 *	GREET    as long as the watcher stays. A running session's watchers are noted in its recording, listed with it, and told
 *	         to its engineer (watchers_shown.h)
 *	PLAY_STATE  for four eyes (four_eyes.h) a watcher counts while the session is on his screen, as it is now: not before it is
 *	         there, not while he pauses, looks at what was, or is more than WATCH_BEHIND_MOST_MS behind, and not any more when
 *	         the recording that he sees is over
 *
 * The key of a running session is recordings.c's; that of another recording the auditor has opened himself, and sent. It is with
 * the ticket until that is used or dead, and with the player. For the loop thread.
 */
#ifndef SUPERVISOR_WATCHES_H
#define SUPERVISOR_WATCHES_H

#include "messages/channel.h"
#include "policy/recordings.h"
#include "supervisor/connections.h"

struct watches;
struct watch;

#define WATCH_KEY_BYTES 32
#define WATCH_TITLE_SIZE 256
#define WATCH_TICKETS_MOST 256
#define WATCH_BEHIND_MOST_MS 10000

struct watch_about {
	bool live;
	uint8_t session[SESSION_ID_BYTES];
	int64_t part;                      /* of a recording; live: unused */
	char actor[ACTOR_SIZE];            /* "unix:tanaka" */
	char account[ACCOUNT_ID_SIZE];     /* whose session, … */
	char terminal[TERMINAL_NAME_SIZE]; /* … on which terminal: for the log */
	char title[WATCH_TITLE_SIZE];      /* on the player's bar */
	uint8_t key[WATCH_KEY_BYTES];      /* of a recording; live: unused */
	uint32_t at_ms;                    /* where it begins */
};

/* Recordings that are being made (recordings.c). open: a descriptor of its own for reading the file, and its key, which the caller
 * wipes; -ENOENT: the session is not being recorded now; -ENOMEM: memory or descriptors are short. note: into the recording. */
struct watch_live {
	int (*open)(struct supervisor *supervisor, const uint8_t session[SESSION_ID_BYTES],
		int *ret_fd, uint8_t ret_key[WATCH_KEY_BYTES]);
	void (*note)(struct supervisor *supervisor, const uint8_t session[SESSION_ID_BYTES],
		const char *who, bool came);
};

/* Borrowed; before it was called no running session can be watched. */
void watches_set_live(struct watches *watches, const struct watch_live *live);

/* Whether a session can be watched now: 0, or why not, as watch_live's open has it. */
int watches_can_watch(struct watches *watches, const uint8_t session[SESSION_ID_BYTES]);

/* Every minute: keys of tickets that nobody has used are wiped. Accepts NULL. */
void watches_tidy(struct watches *watches);

int watches_new(struct supervisor *supervisor, struct watches **ret_watches);

/* When no connection is left. Wipes. Accepts NULL. */
void watches_free(struct watches *watches);

/* Makes a ticket. ret_secret is the only copy. Returns 0, -EUSERS (there are too many unused ones), or another negative errno. */
int watch_ticket_issue(struct watches *watches, const struct watch_about *about,
	char ret_handle[TICKET_HANDLE_SIZE], char ret_secret[TICKET_SECRET_SIZE],
	int64_t *ret_expires_us);

/* Nobody has been told of it: it is burnt. */
void watch_ticket_take_back(struct watches *watches, const char *handle);

/* Whether a client shows a handle of this kind. */
bool watch_is_meant(const struct msg_introduced *introduced);

/* connection->watch; on failure the connection is ended. */
void watch_start(struct connection *connection, const struct msg_introduced *introduced);

/* The connection is over: the player ends, and the logs say so. Takes the watch; NULL is accepted. */
void watch_end(struct watch *watch);

/* Why its connection really ended, where the worker knows no more than that its back end went. */
enum close_reason watch_reason(const struct connection *connection, enum close_reason reason);

/* For the summary line: who watches; "" without a watch. */
const char *watch_actor(const struct connection *connection);

/* The desktop of a session is on the screen: its engineer hears who watches already. */
void watches_desktop_began(const struct connection *connection);

/* [{"id", "by", "source", "since", "sees"}] of those who watch a session now, sees: it is on the screen as it is now; new reference. watches
 * NULL: nobody. NULL without memory: a list is whole, or there is none. */
json_t *watchers_json(const struct watches *watches, const uint8_t session[SESSION_ID_BYTES]);

/* What was recorded of a session goes no further: whoever watches that does not see the session any more, also where it goes on over another
 * connection with another recording. watches NULL: nobody. */
void watches_recording_over(struct watches *watches, const uint8_t session[SESSION_ID_BYTES]);

/* Watcher objects of control_methods.def, new reference: of all who watch or replay now, the last who came first. NULL as above. */
json_t *watches_json(const struct watches *watches);

/* The one that a person names, as such an object has it; NULL: there is none (any more). */
struct watch *watch_find(const struct watches *watches, const char *id);
json_t *watch_json(const struct watch *watch);

/* Somebody at the hospital has ended it: its client is told, and cut. What follows for the session is as when a watcher goes. */
void watch_cut(struct watch *watch);

/* For children_setup. */
extern const struct channel_handler player_messages[];
void player_ready(void *owner, struct child *child);
void player_died(void *owner, struct child *child);

#endif
