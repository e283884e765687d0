/* Sessions that the event log knows newer things of; see session_news.h. */
#include "policy/session_news.h"

#include "base/bytes.h"
#include "policy/store/session_table.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

/* The session's place, or the one where it belongs. The ids are random; the news never fill their room. */
static struct session_newest *
place_of(struct session_news *news, const uint8_t *session)
{
	size_t at;

	memcpy(&at, session, sizeof(at));
	for (at %= SESSION_NEWS_PLACES;
		news->newest[at].event != 0 &&
		memcmp(news->newest[at].session, session, SESSION_ID_BYTES) != 0;)
		at = (at + 1) % SESSION_NEWS_PLACES;
	return &news->newest[at];
}

void
session_news_add(struct session_news *news, const char *session, int64_t event, bool begins)
{
	struct session_newest *newest;
	uint8_t id[SESSION_ID_BYTES];
	char hex[SESSION_HEX + 1];

	memcpy(hex, session, SESSION_HEX);
	hex[SESSION_HEX] = '\0';
	if (bytes_from_hex(hex, id, sizeof(id)) < 0)
		return;
	newest = place_of(news, id);
	if (newest->event == 0) {
		assert(news->count < SESSION_NEWS_MOST);
		news->count++;
		memcpy(newest->session, id, sizeof(id));
	}
	newest->event = event;
	if (begins && !news->begun)
		memcpy(news->first, id, sizeof(id));
	news->begun = news->begun || begins;
}

static int
note_row(const uint8_t *session, int64_t last, void *argument)
{
	struct session_newest *newest = place_of(argument, session);

	if (newest->event != 0 && last >= newest->event)
		newest->known = true;
	return 0;
}

static int
look_up(struct store_db *db, const struct session_newest *newest, session_news_found *found,
	void *argument)
{
	char hex[SESSION_HEX + 1];
	int64_t last = -1;
	int r;

	r = session_last_event(db, newest->session, &last);
	if (r < 0 && r != -ENOENT)
		return r;
	bytes_to_hex(newest->session, SESSION_ID_BYTES, hex);
	return last < newest->event ? found(newest->event, hex, last, argument) : 0;
}

int
session_news_check(
	struct session_news *news, struct store_db *db, session_news_found *found, void *argument)
{
	int r = 0;

	if (news->begun)
		r = session_each_last_event(db, news->first, (int64_t)news->count, note_row, news);
	for (size_t i = 0; i < SESSION_NEWS_PLACES && r == 0; i++)
		if (news->newest[i].event != 0 && !news->newest[i].known)
			r = look_up(db, &news->newest[i], found, argument);
	memset(news, 0, sizeof(*news));
	return r;
}
