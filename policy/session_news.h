/* What a stretch of the event log says of sessions: of each one the newest event.
 *
 * A row of the connection history is written together with the event of its last change, so that a row which is older than
 * an event of its session was put back, or taken away. Several events of one session mostly come close together: the row
 * is looked up once for all of them.
 */
#ifndef POLICY_SESSION_NEWS_H
#define POLICY_SESSION_NEWS_H

#include "policy/sessions.h"

#include <stdint.h>

struct store_db;

#define SESSION_NEWS_MOST 4096 /* a power of two */
#define SESSION_HEX (2 * SESSION_ID_BYTES)

struct session_news {
	struct {
		char session[SESSION_HEX]; /* as events write it, without an end */
		int64_t event;             /* 0: none */
	} newest[SESSION_NEWS_MOST];
};

/* Called of an event that its session's row does not know of; `last` is the event that it does, -1 if there is no row. A
 * negative errno ends the search. */
typedef int session_news_found(int64_t event, const char *session, int64_t last, void *argument);

/* The next event of the stretch; of session SESSION_HEX bytes are read. Those that found no room any more are looked up. */
int session_news_add(struct session_news *news, struct store_db *db, const char *session,
	int64_t event, session_news_found *found, void *argument);

/* At the end of the stretch, in the transaction in which its events were read: all that are left. */
int session_news_check(
	struct session_news *news, struct store_db *db, session_news_found *found, void *argument);

#endif
