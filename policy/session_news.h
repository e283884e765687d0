/* What a stretch of the event log says of sessions: of each one the newest event.
 *
 * A row of the connection history is written together with the event of its last change, so that a row which is older than
 * an event of its session was put back, or taken away. Sessions that begin one after the other are neighbours in the
 * history, too: their rows are read in one go; what is not among them is looked up one by one.
 */
#ifndef POLICY_SESSION_NEWS_H
#define POLICY_SESSION_NEWS_H

#include "policy/sessions.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store_db;

#define SESSION_NEWS_MOST 5000   /* events of a stretch */
#define SESSION_NEWS_PLACES 8192 /* a power of two */
#define SESSION_HEX (2 * SESSION_ID_BYTES)

struct session_news {
	struct session_newest {
		uint8_t session[SESSION_ID_BYTES];
		int64_t event; /* 0: none */
		bool known;    /* to the session's row */
	} newest[SESSION_NEWS_PLACES];
	size_t count;                    /* sessions */
	uint8_t first[SESSION_ID_BYTES]; /* the one that began first */
	bool begun;                      /* there is one */
};

/* Called of an event that its session's row does not know of; `last` is the event that it does, -1 if there is no row. A
 * negative errno ends the search. */
typedef int session_news_found(int64_t event, const char *session, int64_t last, void *argument);

/* The next event of the stretch; of session SESSION_HEX bytes are read. begins: it is the session's first. */
void session_news_add(struct session_news *news, const char *session, int64_t event, bool begins);

/* At the end of the stretch, in the transaction in which its events were read. */
int session_news_check(
	struct session_news *news, struct store_db *db, session_news_found *found, void *argument);

#endif
