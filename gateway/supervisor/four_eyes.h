/* Four eyes: which sessions somebody at the hospital watches, and what follows where a terminal says that somebody must.
 *
 *	the session begins in the log, its recorder runs; nobody watches   ->  its engineer waits on the sign-in screen
 *	                                                                       (sign_in_watched.c), no jump host is dialled
 *	somebody comes                                                     ->  the jump host is attached
 *	the last one goes                                                  ->  input pauses at once: INPUT_GATE to the worker
 *	somebody comes again, to this connection or the one it goes on over  ->  it goes on
 *
 * Watchers are counted by session, whatever its terminal says and whether it has a connection now. For the loop thread.
 */
#ifndef SUPERVISOR_FOUR_EYES_H
#define SUPERVISOR_FOUR_EYES_H

#include "policy/sessions.h"
#include "supervisor/supervisor.h"

struct connection;
struct watched_session;

/* Somebody watches a session from now on. who: for the log ("unix:yamada"). Each call that returns 0 is followed by one of
 * four_eyes_watcher_left, also if the session ends before. Returns 0 or -ENOMEM: the watcher is to be let go. */
int four_eyes_watcher_came(
	struct supervisor *supervisor, const uint8_t session[SESSION_ID_BYTES], const char *who);
void four_eyes_watcher_left(
	struct supervisor *supervisor, const uint8_t session[SESSION_ID_BYTES], const char *who);

/* How many watch it now. */
uint32_t four_eyes_watchers(
	const struct supervisor *supervisor, const uint8_t session[SESSION_ID_BYTES]);

/* Right before ATTACH: the worker is told how the gate of a session stands that somebody must watch; of others nothing. Returns 0 or a
 * negative errno: then nothing may be attached. */
int four_eyes_before_attach(struct connection *connection);

/* Somebody must watch its session, and nobody does: it has no input now. */
bool four_eyes_pauses(const struct connection *connection);

/* A notice that lay on its screen is over: the one that says why there is no input, whose place it had taken, is shown again. */
void four_eyes_remind(struct connection *connection);

#endif
