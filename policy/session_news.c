/* Sessions that the event log knows newer things of; see session_news.h. */
#include "policy/session_news.h"

#include "base/bytes.h"
#include "policy/store/session_table.h"

#include <errno.h>
#include <string.h>

static int
look_up(struct store_db *db, int64_t event, const char *session, session_news_found *found,
	void *argument)
{
	char hex[SESSION_HEX + 1];
	uint8_t id[SESSION_ID_BYTES];
	int64_t last = -1;
	int r;

	memcpy(hex, session, SESSION_HEX);
	hex[SESSION_HEX] = '\0';
	if (bytes_from_hex(hex, id, sizeof(id)) < 0)
		return 0;
	r = session_last_event(db, id, &last);
	if (r < 0 && r != -ENOENT)
		return r;
	return last < event ? found(event, hex, last, argument) : 0;
}

/* The ids are random; four digits of one. */
static size_t
place(const char *session)
{
	size_t at = 0;

	for (size_t i = 0; i < 4; i++)
		at = at * 31 + (unsigned char)session[i];
	return at % SESSION_NEWS_MOST;
}

int
session_news_add(struct session_news *news, struct store_db *db, const char *session, int64_t event,
	session_news_found *found, void *argument)
{
	size_t at = place(session);
	int r = 0;

	if (news->newest[at].event != 0 &&
		memcmp(news->newest[at].session, session, SESSION_HEX) != 0)
		r = look_up(db, news->newest[at].event, news->newest[at].session, found, argument);
	memcpy(news->newest[at].session, session, SESSION_HEX);
	news->newest[at].event = event;
	return r;
}

int
session_news_check(
	struct session_news *news, struct store_db *db, session_news_found *found, void *argument)
{
	int r = 0;

	for (size_t i = 0; i < SESSION_NEWS_MOST; i++) {
		if (news->newest[i].event != 0 && r == 0)
			r = look_up(db, news->newest[i].event, news->newest[i].session, found,
				argument);
		news->newest[i].event = 0;
	}
	return r;
}
