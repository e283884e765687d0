/* Who watches; see watches.h. What a player says comes from a process that a recording's bytes, and a client's, reach: it is how far
 * it has come, and that it is over. Tickets: watch_tickets.c.
 */
#include "supervisor/watches_private.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "player/states.h"
#include "policy/logins.h"
#include "policy/store/store.h"
#include "settings/settings.h"
#include "supervisor/children.h"
#include "supervisor/four_eyes.h"
#include "supervisor/recording_files.h"
#include "supervisor/watchers_shown.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define WATCH_ID_SIZE 17
#define LANGUAGE_JAPANESE 0x0411 /* low half of a keyboard layout: its language, MS-LCID */

static const char *
action_of(const struct watch *watch, bool over)
{
	if (watch->about.live)
		return over ? "session.watched" : "session.watch";
	return over ? "recording.played" : "recording.play";
}

/* What the logs say of it, in jobs of their own: the watch may be gone before they are done. One says that it begins, and later that
 * it is over. */
struct note {
	struct store_job job;
	struct watch *watch; /* NULL: nobody waits for it */
	const char *action;
	char actor[ACTOR_SIZE];
	char target[RECORDING_ID_SIZE];
	char source[SOCKET_TEXT_SIZE];
	char account[ACCOUNT_ID_SIZE], terminal[TERMINAL_NAME_SIZE];
	int64_t since_us; /* 0: it begins */
	int64_t watched_ms;
};

static int
note_work(struct store_db *db, struct store_job *job)
{
	const struct note *note = (const struct note *)job;
	const struct login login = {
		.application = "RDP",
		.account = note->actor,
		.name = "",
		.source = note->source,
	};
	json_t *after = json_pack("{s:s, s:s, s:s}", "account", note->account, "terminal",
		note->terminal, "source", note->source);
	char since[CLOCK_TEXT_SIZE];
	int r = after == NULL ? -ENOMEM : 0;

	if (r == 0 && note->since_us == 0) {
		r = login_record(db, &login);
	} else if (r == 0) {
		clock_format_utc(note->since_us, since);
		(void)json_object_set_new(after, "since", json_string(since));
		(void)json_object_set_new(
			after, "watched_seconds", json_integer(note->watched_ms / 1000));
	}
	if (r == 0)
		r = admin_event(db, note->actor, note->action, note->target, NULL, after, NULL);
	json_decref(after);
	return r;
}

static void
note_down(struct note *note, const struct watch *watch, bool over)
{
	*note = (struct note){.job.work = note_work,
		.action = action_of(watch, over),
		.since_us = over ? watch->began_us : 0,
		.watched_ms = watch->watched_ms};
	memcpy(note->actor, watch->about.actor, sizeof(note->actor));
	memcpy(note->target, watch->target, sizeof(note->target));
	memcpy(note->source, watch->source, sizeof(note->source));
	memcpy(note->account, watch->about.account, sizeof(note->account));
	memcpy(note->terminal, watch->about.terminal, sizeof(note->terminal));
}

/* Who must know of a watcher */

/* Not NULL: without it no ticket for a running session was issued. */
static const struct watch_live *
live_of(const struct watch *watch)
{
	return watch->connection->supervisor->watches->live;
}

static size_t
others(const struct watch *watch)
{
	size_t count = 0;

	for (const struct watch *other = watch->connection->supervisor->watches->first;
		other != NULL; other = other->next)
		count += other != watch && other->announced &&
			 memcmp(other->about.session, watch->about.session, SESSION_ID_BYTES) == 0;
	return count;
}

/* Once the logs have it. */
static void
announce(struct watch *watch, bool came)
{
	struct supervisor *supervisor = watch->connection->supervisor;

	if (!watch->about.live || watch->announced == came)
		return;
	watch->announced = came;
	live_of(watch)->note(supervisor, watch->about.session, watch->about.actor, came);
	watcher_show(supervisor, watch->about.session, watch->about.actor, came, others(watch));
}

/* For four eyes. */
static void
count(struct watch *watch, bool sees)
{
	struct supervisor *supervisor = watch->connection->supervisor;

	if (!watch->about.live || watch->counted == sees)
		return;
	if (!sees) {
		watch->counted = false;
		four_eyes_watcher_left(supervisor, watch->about.session, watch->about.actor);
	} else if (four_eyes_watcher_came(supervisor, watch->about.session, watch->about.actor) ==
		   0) {
		watch->counted = true;
	} else {
		connection_kill(watch->connection, CLOSE_OUT_OF_ROOM);
	}
}

/* The session as it is now is on his screen. */
static bool
sees_session(const struct msg_play_state *told)
{
	uint32_t behind_ms = told->length_ms > told->at_ms ? told->length_ms - told->at_ms : 0;

	return (told->state == PLAY_LIVE || told->state == PLAY_PLAYING) &&
	       behind_ms <= WATCH_BEHIND_MOST_MS;
}

/* The player */

static void
close_end(int *fd)
{
	auto_fd int end = take_fd(fd);

	(void)end;
}

static int
to_player(struct watch *watch, struct child *child)
{
	struct msg_play_file file = {.key_len = sizeof(watch->key),
		.live = watch->about.live,
		.at_ms = watch->about.at_ms};
	struct msg_play_begin begin = {
		.connection = watch->connection->id,
		.keyboard_layout = watch->keyboard_layout,
	};
	int r;

	memcpy(file.key, watch->key, sizeof(watch->key));
	(void)snprintf(begin.title, sizeof(begin.title), "%s", watch->about.title);
	(void)snprintf(begin.language, sizeof(begin.language), "%s",
		(watch->keyboard_layout & 0xffff) == LANGUAGE_JAPANESE ? "ja" : "en");
	r = children_send(child, MSG_PLAY_FILE, &file, watch->file);
	secret_wipe(&file, sizeof(file));
	return r < 0 ? r : children_send(child, MSG_PLAY_BEGIN, &begin, watch->players);
}

void
player_ready(void *owner, struct child *child)
{
	struct watch *watch = child_tag(child);
	struct msg_greet greet = {.stays = 1};
	int r;

	(void)owner;
	r = to_player(watch, child);
	greet.connection = watch->connection->id;
	if (r == 0)
		r = children_send(watch->connection->worker, MSG_GREET, &greet, watch->workers);
	secret_wipe(watch->key, sizeof(watch->key));
	close_end(&watch->file);
	close_end(&watch->players);
	close_end(&watch->workers);
	if (r < 0)
		connection_kill(watch->connection, CLOSE_PLAYER_FAULT);
	else
		connection_finished(watch->connection);
}

void
player_died(void *owner, struct child *child)
{
	struct watch *watch = child_tag(child);

	(void)owner;
	watch->child = NULL;
	count(watch, false);
	connection_kill(watch->connection, watch->over ? CLOSE_CLIENT_LEFT : CLOSE_PLAYER_FAULT);
}

/* Whoever seeks in it meets the place again and again. */
static void
tell_broken(struct watch *watch, const struct msg_play_state *told)
{
	uint32_t missed;

	if (event_allowed(&watch->broken, clock_boottime_ms(), &missed))
		log_event(EV_RECORDING_BROKEN,
			"conn=%" PRIx64 " recording=%s at_ms=%" PRIu32 " why='%s' missed=%" PRIu32,
			watch->connection->id, watch->target, told->at_ms, log_quote(told->why),
			missed);
}

static int
on_state(struct channel *channel, union message_body *message)
{
	const struct msg_play_state *told = &message->play_state;
	struct watch *watch = child_tag(channel_owner(channel));

	if (watch == NULL)
		return 0;
	if (told->state >= PLAY_STATE_COUNT)
		return -EPROTO;
	if (told->state == PLAY_BROKEN && watch->state != PLAY_BROKEN)
		tell_broken(watch, told);
	watch->state = told->state;
	if (!watch->ending && !watch->past && watch->connection->stage == CONNECTION_RELAYED)
		count(watch, sees_session(told));
	return 0;
}

static int
on_over(struct channel *channel, union message_body *message)
{
	struct watch *watch = child_tag(channel_owner(channel));

	if (watch == NULL)
		return 0;
	watch->over = true;
	watch->watched_ms = (int64_t)message->play_over.watched_ms;
	return 0;
}

const struct channel_handler player_messages[] = {
	{MSG_PLAY_STATE, on_state},
	{MSG_PLAY_OVER, on_over},
	{MSG_NOTHING, NULL},
};

enum close_reason
watch_reason(const struct connection *connection, enum close_reason reason)
{
	const struct watch *watch = connection->watch;

	if (watch == NULL || reason != CLOSE_GREETER_FAULT)
		return reason;
	if (watch->child != NULL)
		children_hear(watch->child);
	return watch->over ? CLOSE_CLIENT_LEFT : CLOSE_PLAYER_FAULT;
}

/* Beginning and end */

static enum close_reason
begin_player(struct watch *watch)
{
	int ends[2];
	int r;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0)
		return CLOSE_OUT_OF_ROOM;
	watch->players = ends[0];
	watch->workers = ends[1];
	r = children_take(
		watch->connection->supervisor->children, CHILD_PLAYER, watch, &watch->child);
	if (r == -EUSERS)
		return CLOSE_WATCH_BUSY;
	if (r < 0)
		return CLOSE_OUT_OF_ROOM;
	announce(watch, true);
	return CLOSE_NONE;
}

static void
on_noted(struct store_job *job, int status)
{
	struct note *note = (struct note *)job;
	struct watch *watch = note->watch;
	enum close_reason reason;

	if (status < 0)
		log_event(EV_STORE_FAILED, "what='watching' why='%s'", store_error_text(status));
	if (watch == NULL) {
		free(note);
		return;
	}
	watch->note = NULL;
	watch->last = note;
	if (watch->connection->stage != CONNECTION_RELAYED)
		return;
	reason = status < 0 ? CLOSE_NOT_LOGGED : begin_player(watch);
	if (reason != CLOSE_NONE) {
		connection_kill(watch->connection, reason);
		return;
	}
	watch->began_us = clock_now();
	log_event(EV_WATCH_BEGAN, "conn=%" PRIx64 " src=%s by='%s' %s=%s", watch->connection->id,
		watch->source, log_quote(watch->about.actor),
		watch->about.live ? "session" : "recording", watch->target);
}

/* The file, and the key for it. Returns 0, -ENOMEM (memory or descriptors are short), or another negative errno. */
static int
open_file(struct watch *watch)
{
	struct supervisor *supervisor = watch->connection->supervisor;

	if (watch->about.live)
		return live_of(watch)->open(
			supervisor, watch->about.session, &watch->file, watch->key);
	watch->file = recording_files_read(
		supervisor->recording_files, watch->about.session, watch->about.part);
	memcpy(watch->key, watch->about.key, sizeof(watch->key));
	secret_wipe(watch->about.key, sizeof(watch->about.key));
	return watch->file < 0 ? watch->file : 0;
}

static enum close_reason
begin(struct watch *watch)
{
	int r = open_file(watch);
	struct note *note;

	if (r < 0 && r != -ENOMEM)
		return watch->about.live ? CLOSE_WATCH_TOO_LATE : CLOSE_RECORDING_GONE;
	note = r < 0 ? NULL : calloc(1, sizeof(*note));
	if (note == NULL)
		return CLOSE_OUT_OF_ROOM;
	note_down(note, watch, false);
	note->watch = watch;
	note->job.done = on_noted;
	watch->note = note;
	store_write(watch->connection->supervisor->store, &note->job);
	return CLOSE_NONE;
}

static struct watch *
watch_new(struct connection *connection, const struct msg_introduced *introduced)
{
	struct watches *watches = connection->supervisor->watches;
	struct watch *watch = calloc(1, sizeof(*watch));

	if (watch == NULL)
		return NULL;
	watch->connection = connection;
	watch->file = watch->players = watch->workers = -1;
	watch->keyboard_layout = introduced->keyboard_layout;
	(void)socket_text_without_port((const struct sockaddr *)&connection->source, watch->source);
	watch->next = watches->first;
	watches->first = watch;
	connection->watch = watch;
	return watch;
}

void
watch_start(struct connection *connection, const struct msg_introduced *introduced)
{
	struct watch *watch = watch_new(connection, introduced);
	enum close_reason reason;

	if (watch == NULL) {
		connection_kill(connection, CLOSE_OUT_OF_ROOM);
		return;
	}
	reason = watch_ticket_redeem(connection->supervisor->watches, introduced, &watch->about);
	if (reason == CLOSE_NONE) {
		recording_id(watch->about.session, watch->about.live ? 1 : watch->about.part,
			watch->target);
		reason = begin(watch);
	}
	if (reason != CLOSE_NONE)
		connection_kill(connection, reason);
}

static void
on_end_noted(struct store_job *job, int status)
{
	if (status < 0 && status != -ESHUTDOWN)
		log_event(EV_STORE_FAILED, "what='watching' why='%s'", store_error_text(status));
	free(job);
}

static void
record_end(struct watch *watch)
{
	struct note *note;

	if (watch->began_us == 0)
		return;
	if (watch->broken.missed > 0)
		log_event(EV_RECORDING_BROKEN,
			"conn=%" PRIx64 " recording=%s why='the same, again' missed=%" PRIu32,
			watch->connection->id, watch->target, event_allowance_rest(&watch->broken));
	log_event(EV_WATCH_ENDED, "conn=%" PRIx64 " by='%s' %s=%s watched_seconds=%" PRId64,
		watch->connection->id, log_quote(watch->about.actor),
		watch->about.live ? "session" : "recording", watch->target,
		watch->watched_ms / 1000);
	note = take_pointer(&watch->last);
	note_down(note, watch, true);
	note->job.done = on_end_noted;
	note->job.stubborn = true;
	store_write(watch->connection->supervisor->store, &note->job);
}

static void
unlink_watch(struct watches *watches, struct watch *watch)
{
	struct watch **at = &watches->first;

	while (*at != watch)
		at = &(*at)->next;
	*at = watch->next;
}

/* A player that was never heard of again has shown pictures as long as its client was there. */
static void
hear_last(struct watch *watch)
{
	if (watch->child != NULL)
		children_hear(watch->child);
	if (!watch->over && watch->began_us != 0)
		watch->watched_ms = (clock_now() - watch->began_us) / 1000;
}

void
watch_end(struct watch *watch)
{
	if (watch == NULL)
		return;
	watch->ending = true;
	hear_last(watch);
	if (watch->child != NULL)
		children_end_taken(take_pointer(&watch->child));
	if (watch->note != NULL)
		watch->note->watch = NULL;
	count(watch, false);
	announce(watch, false);
	record_end(watch);
	free(watch->last);
	unlink_watch(watch->connection->supervisor->watches, watch);
	close_end(&watch->file);
	close_end(&watch->players);
	close_end(&watch->workers);
	secret_wipe(watch, sizeof(*watch));
	free(watch);
}

const char *
watch_actor(const struct connection *connection)
{
	return connection->watch != NULL ? connection->watch->about.actor : "";
}

void
watches_desktop_began(const struct connection *connection)
{
	const struct carried_session *session = connection->session;
	const struct watches *watches = connection->supervisor->watches;
	const struct watch *watch = watches == NULL || session == NULL ? NULL : watches->first;

	while (watch != NULL && (!watch->announced || memcmp(watch->about.session, session->id,
							      SESSION_ID_BYTES) != 0))
		watch = watch->next;
	if (watch != NULL)
		watcher_show(connection->supervisor, session->id, watch->about.actor, true,
			others(watch));
}

void
watches_recording_over(struct watches *watches, const uint8_t session[SESSION_ID_BYTES])
{
	for (struct watch *watch = watches == NULL ? NULL : watches->first; watch != NULL;
		watch = watch->next) {
		if (!watch->about.live ||
			memcmp(watch->about.session, session, SESSION_ID_BYTES) != 0)
			continue;
		watch->past = true;
		count(watch, false);
	}
}

/* As the journal names its connection. */
static void
id_of(const struct watch *watch, char ret_id[WATCH_ID_SIZE])
{
	(void)snprintf(ret_id, WATCH_ID_SIZE, "%" PRIx64, watch->connection->id);
}

json_t *
watch_json(const struct watch *watch)
{
	char since[CLOCK_TEXT_SIZE], id[WATCH_ID_SIZE];

	id_of(watch, id);
	clock_format_utc(watch->began_us, since);
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:b}", "id", id, "by",
		watch->about.actor, "source", watch->source, "since", since, "of", watch->target,
		"title", watch->about.title, "live", watch->about.live, "sees", watch->counted);
}

json_t *
watches_json(const struct watches *watches)
{
	json_t *all = json_array();

	for (const struct watch *watch = watches == NULL ? NULL : watches->first; watch != NULL;
		watch = watch->next)
		if (watch->began_us != 0 && !watch->ending &&
			json_array_append_new(all, watch_json(watch)) < 0) {
			json_decref(all);
			return NULL;
		}
	return all;
}

struct watch *
watch_find(const struct watches *watches, const char *id)
{
	struct watch *watch = watches == NULL ? NULL : watches->first;
	char its_id[WATCH_ID_SIZE];

	for (; watch != NULL; watch = watch->next) {
		id_of(watch, its_id);
		if (watch->began_us != 0 && !watch->ending && strcmp(its_id, id) == 0)
			return watch;
	}
	return NULL;
}

void
watch_cut(struct watch *watch)
{
	watch->ending = true;
	count(watch, false);
	connection_kill(watch->connection, CLOSE_WATCH_CUT);
}

json_t *
watchers_json(const struct watches *watches, const uint8_t session[SESSION_ID_BYTES])
{
	json_t *watchers = json_array();

	for (const struct watch *watch = watches == NULL ? NULL : watches->first; watch != NULL;
		watch = watch->next) {
		char since[CLOCK_TEXT_SIZE], id[WATCH_ID_SIZE];

		if (!watch->announced ||
			memcmp(watch->about.session, session, SESSION_ID_BYTES) != 0)
			continue;
		id_of(watch, id);
		clock_format_utc(watch->began_us, since);
		if (json_array_append_new(
			    watchers, json_pack("{s:s, s:s, s:s, s:s, s:b}", "id", id, "by",
					      watch->about.actor, "source", watch->source, "since",
					      since, "sees", watch->counted)) < 0) {
			json_decref(watchers);
			return NULL;
		}
	}
	return watchers;
}
