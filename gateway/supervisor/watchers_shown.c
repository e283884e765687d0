/* See watchers_shown.h. */
#include "supervisor/watchers_shown.h"

#include "supervisor/connections.h"
#include "supervisor/four_eyes.h"
#include "supervisor/notices.h"

#define SHOWN_SECONDS 10

void
watcher_show(struct supervisor *supervisor, const uint8_t session[SESSION_ID_BYTES],
	const char *who, bool came, size_t others)
{
	struct connection *connection = connection_find_session(supervisor->connections, session);
	struct notice notice = {.seconds = SHOWN_SECONDS};

	if (connection == NULL || connection->session == NULL ||
		!connection->session->show_watchers || four_eyes_pauses(connection))
		return;
	if (came)
		sentence_set(
			&notice.text, N_("Auditor %s watches this session."), watcher_name(who));
	else if (others > 0)
		sentence_set(&notice.text, N_("Auditor %s does not watch this session any more."),
			watcher_name(who));
	else
		sentence_set(&notice.text, N_("Nobody watches this session any more."));
	(void)notice_show(connection, &notice, NULL);
}
