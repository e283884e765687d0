/* See four_eyes.h. */
#include "supervisor/four_eyes.h"

#include "base/log.h"
#include "base/sentence.h"
#include "supervisor/children.h"
#include "supervisor/connections.h"
#include "supervisor/notices.h"
#include "supervisor/sign_ins.h"
#include "supervisor/watchers_shown.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define RESUMED_SECONDS 10

/* As many as there are watchers at most, who are few (limits.players). */
struct watched_session {
	struct watched_session *next;
	uint8_t id[SESSION_ID_BYTES];
	uint32_t watchers;
};

/* Where the entry stands, or would. */
static struct watched_session **
find(struct watched_session **first, const uint8_t *session)
{
	struct watched_session **at = first;

	while (*at != NULL && memcmp((*at)->id, session, SESSION_ID_BYTES) != 0)
		at = &(*at)->next;
	return at;
}

uint32_t
four_eyes_watchers(const struct supervisor *supervisor, const uint8_t session[SESSION_ID_BYTES])
{
	const struct watched_session *watched = supervisor->watched;

	while (watched != NULL && memcmp(watched->id, session, SESSION_ID_BYTES) != 0)
		watched = watched->next;
	return watched != NULL ? watched->watchers : 0;
}

static int
tell_gate(const struct connection *connection, bool open)
{
	const struct msg_input_gate gate = {.connection = connection->id, .open = open};

	return children_send(connection->worker, MSG_INPUT_GATE, &gate, -1);
}

static void
note(const struct connection *connection, enum event event, const char *who)
{
	const struct carried_session *session = connection->session;

	log_event(event, "conn=%llx session=%s user='%s' host='%s' by='%s'",
		(unsigned long long)connection->id, session->id_text,
		log_quote(session->account_full), log_quote(session->terminal), log_quote(who));
}

/* On the screen of a mediated session; a transparent one cannot be written on. It stays until somebody watches again (four_eyes_remind),
 * and takes the place of whatever lay there. */
static void
tell_engineer(struct connection *connection, bool open, const char *who)
{
	struct notice notice = {.seconds = open ? RESUMED_SECONDS : 0};

	if (!open)
		sentence_set(&notice.text,
			N_("Nobody at the hospital watches any more: your keyboard and mouse are "
			   "paused until somebody does."));
	else if (connection->session->show_watchers)
		sentence_set(&notice.text, N_("Auditor %s watches this session: you can go on."),
			watcher_name(who));
	else
		sentence_set(
			&notice.text, N_("Somebody at the hospital watches again: you can go on."));
	(void)notice_show(connection, &notice, NULL);
}

/* Of a session that has no connection now, or whose desktop is not being attached yet, nothing is told: four_eyes_before_attach. A
 * worker that cannot be told is one that nobody can hold to it. */
static void
set_input(struct supervisor *supervisor, const uint8_t *session, bool open, const char *who)
{
	struct connection *connection = connection_find_session(supervisor->connections, session);

	if (connection == NULL || connection->stage != CONNECTION_RELAYED)
		return;
	if (open && connection->sign_in != NULL)
		sign_in_watcher_came(connection->sign_in);
	if (!connection->session->gated)
		return;
	if (tell_gate(connection, open) < 0) {
		connection_kill(connection, CLOSE_WORKER_DIED);
		return;
	}
	connection->session->input_open = open;
	note(connection, open ? EV_INPUT_RESUMED : EV_INPUT_PAUSED, who);
	tell_engineer(connection, open, who);
}

int
four_eyes_watcher_came(
	struct supervisor *supervisor, const uint8_t session[SESSION_ID_BYTES], const char *who)
{
	struct watched_session **at = find(&supervisor->watched, session);

	if (*at == NULL) {
		*at = calloc(1, sizeof(**at));
		if (*at == NULL)
			return -ENOMEM;
		memcpy((*at)->id, session, SESSION_ID_BYTES);
	}
	if ((*at)->watchers++ == 0)
		set_input(supervisor, session, true, who);
	return 0;
}

void
four_eyes_watcher_left(
	struct supervisor *supervisor, const uint8_t session[SESSION_ID_BYTES], const char *who)
{
	struct watched_session **at = find(&supervisor->watched, session);
	struct watched_session *watched = *at;

	if (watched == NULL || --watched->watchers > 0)
		return;
	*at = watched->next;
	free(watched);
	set_input(supervisor, session, false, who);
}

int
four_eyes_before_attach(struct connection *connection)
{
	struct carried_session *session = connection->session;
	int r;

	if (session == NULL || !session->four_eyes)
		return 0;
	session->input_open = four_eyes_watchers(connection->supervisor, session->id) > 0;
	r = tell_gate(connection, session->input_open);
	if (r < 0)
		return r;
	session->gated = true;
	if (!session->input_open)
		note(connection, EV_INPUT_PAUSED, "");
	return 0;
}

bool
four_eyes_pauses(const struct connection *connection)
{
	const struct carried_session *session = connection->session;

	return session != NULL && session->four_eyes && !session->input_open;
}

void
four_eyes_remind(struct connection *connection)
{
	if (four_eyes_pauses(connection))
		tell_engineer(connection, false, "");
}
