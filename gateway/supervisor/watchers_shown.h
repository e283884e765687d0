/* Who watches, told to the engineer where the terminal says so (--show-watchers): by a notice on the screen of a mediated session. A
 * transparent one cannot be written on; its engineer has read before the desktop that it may be watched (sign_in_told.c).
 */
#ifndef SUPERVISOR_WATCHERS_SHOWN_H
#define SUPERVISOR_WATCHERS_SHOWN_H

#include "policy/sessions.h"
#include "supervisor/supervisor.h"

#include <string.h>

/* Of "unix:yamada" the name: the engineer knows people at the hospital, not the gateway's accounts. */
static inline const char *
watcher_name(const char *who)
{
	const char *colon = strchr(who, ':');

	return colon != NULL ? colon + 1 : who;
}

/* A watcher has come to a session, or gone, and so many others are there. who: "unix:yamada". Nothing is shown while input is paused
 * because nobody watches: the notice that says so stays, and the one that input goes on has the name (four_eyes.c). */
void watcher_show(struct supervisor *supervisor, const uint8_t session[SESSION_ID_BYTES],
	const char *who, bool came, size_t others);

#endif
