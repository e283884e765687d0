/* supervisor/watches.c: an auditor watches; in the place of children, store and four eyes is what records that they were asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "player/states.h"
#include "policy/store/store.h"
#include "settings/settings.h"
#include "supervisor/children.h"
#include "supervisor/four_eyes.h"
#include "supervisor/watches_private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct settings settings = {.limits.ticket_ms = 60000};
static struct supervisor supervisor = {.settings = &settings};
static struct connection connection;
static int player; /* whose address is the child's */

static struct {
	struct store_job *jobs[4];
	size_t job_count;
	void *tag;
	int take_answer;
	enum message sent[8];
	size_t sent_count;
	uint8_t key[WATCH_KEY_BYTES];
	bool stays;
	enum close_reason killed;
	int finished, came, left, noted, ended, shown;
	size_t others;
	bool is_recorded;
} fake;

int __wrap_children_take(struct children *, enum child_kind, void *, struct child **);
int __wrap_children_send(struct child *, enum message, const void *, int);
void __wrap_children_end_taken(struct child *);
void __wrap_children_hear(struct child *);
void *__wrap_child_tag(const struct child *);
void __wrap_store_write(struct store *, struct store_job *);
void __wrap_connection_kill(struct connection *, enum close_reason);
void __wrap_connection_finished(struct connection *);
int __wrap_four_eyes_watcher_came(struct supervisor *, const uint8_t *, const char *);
void __wrap_four_eyes_watcher_left(struct supervisor *, const uint8_t *, const char *);
void *__wrap_channel_owner(const struct channel *);
void __wrap_watcher_show(struct supervisor *, const uint8_t *, const char *, bool, size_t);

int
__wrap_children_take(
	struct children *children, enum child_kind kind, void *tag, struct child **ret_child)
{
	(void)children;
	assert_int_equal(kind, CHILD_PLAYER);
	if (fake.take_answer < 0)
		return fake.take_answer;
	fake.tag = tag;
	*ret_child = (struct child *)(void *)&player;
	return 0;
}

int
__wrap_children_send(struct child *child, enum message number, const void *body, int fd)
{
	(void)child;
	assert_true(fcntl(fd, F_GETFD) >= 0);
	if (number == MSG_PLAY_FILE) {
		const struct msg_play_file *file = body;

		assert_int_equal(file->key_len, WATCH_KEY_BYTES);
		memcpy(fake.key, file->key, WATCH_KEY_BYTES);
		/* For reading alone. */
		assert_int_equal(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	}
	if (number == MSG_GREET)
		fake.stays = ((const struct msg_greet *)body)->stays != 0;
	fake.sent[fake.sent_count++] = number;
	return 0;
}

void
__wrap_children_end_taken(struct child *child)
{
	(void)child;
	fake.ended++;
}

void
__wrap_children_hear(struct child *child)
{
	(void)child;
}

void *
__wrap_child_tag(const struct child *child)
{
	(void)child;
	return fake.tag;
}

void
__wrap_store_write(struct store *store, struct store_job *job)
{
	(void)store;
	fake.jobs[fake.job_count++] = job;
}

void
__wrap_connection_kill(struct connection *killed, enum close_reason reason)
{
	if (fake.killed == CLOSE_NONE)
		fake.killed = reason;
	killed->stage = CONNECTION_KILLED;
}

void
__wrap_connection_finished(struct connection *finished)
{
	(void)finished;
	fake.finished++;
}

int
__wrap_four_eyes_watcher_came(struct supervisor *of, const uint8_t *session, const char *who)
{
	(void)of;
	(void)session;
	assert_string_equal(who, "unix:tanaka");
	fake.came++;
	return 0;
}

void
__wrap_four_eyes_watcher_left(struct supervisor *of, const uint8_t *session, const char *who)
{
	(void)of;
	(void)session;
	(void)who;
	fake.left++;
}

void
__wrap_watcher_show(
	struct supervisor *of, const uint8_t *session, const char *who, bool came, size_t others)
{
	(void)of;
	assert_int_equal(session[0], 0xab);
	assert_string_equal(who, "unix:tanaka");
	fake.shown += came ? 1 : -1;
	fake.others = others;
}

void *
__wrap_channel_owner(const struct channel *channel)
{
	return (void *)(uintptr_t)channel;
}

static int
open_live(struct supervisor *of, const uint8_t session[SESSION_ID_BYTES], int *ret_fd,
	uint8_t ret_key[WATCH_KEY_BYTES])
{
	(void)of;
	assert_int_equal(session[0], 0xab);
	if (!fake.is_recorded)
		return -ENOENT;
	memset(ret_key, 0x5a, WATCH_KEY_BYTES);
	*ret_fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	return 0;
}

static void
note_live(
	struct supervisor *of, const uint8_t session[SESSION_ID_BYTES], const char *who, bool came)
{
	(void)of;
	(void)session;
	(void)who;
	fake.noted += came ? 1 : -1;
}

static const struct watch_live live = {open_live, note_live};

static int
set_up(void **state)
{
	struct sockaddr_in *source = (struct sockaddr_in *)&connection.source;

	(void)state;
	memset(&fake, 0, sizeof(fake));
	fake.is_recorded = true;
	connection = (struct connection){
		.id = 7, .supervisor = &supervisor, .stage = CONNECTION_RELAYED};
	source->sin_family = AF_INET;
	source->sin_addr.s_addr = htonl(0x0a000005);
	clock_hold(INT64_C(1795143600000000), 1000000);
	if (watches_new(&supervisor, &supervisor.watches) < 0)
		return -1;
	watches_set_live(supervisor.watches, &live);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	watch_end(take_pointer(&connection.watch));
	for (size_t i = 0; i < fake.job_count; i++)
		free(fake.jobs[i]);
	watches_free(take_pointer(&supervisor.watches));
	clock_release();
	return 0;
}

/* The store has done the oldest job. */
static void
job_done(int status)
{
	struct store_job *job = fake.jobs[0];

	memmove(fake.jobs, fake.jobs + 1, sizeof(fake.jobs[0]) * --fake.job_count);
	job->done(job, status);
}

static void
begin(bool is_live)
{
	struct watch_about about = {.live = is_live, .part = 1, .actor = "unix:tanaka"};
	struct msg_introduced introduced = {.keyboard_layout = 0x411};
	char handle[TICKET_HANDLE_SIZE], secret[TICKET_SECRET_SIZE];
	int64_t expires_us;

	memset(about.session, 0xab, sizeof(about.session));
	assert_int_equal(
		watch_ticket_issue(supervisor.watches, &about, handle, secret, &expires_us), 0);
	strcpy(introduced.user, handle);
	strcpy((char *)introduced.password, secret);
	watch_start(&connection, &introduced);
}

static void
begin_watching(bool is_live)
{
	begin(is_live);
	job_done(0);
	player_ready(&supervisor, connection.watch->child);
}

/* The player. */
static int
hear(uint8_t state, uint32_t at_ms, uint32_t length_ms)
{
	union message_body message = {
		.play_state = {.state = state, .at_ms = at_ms, .length_ms = length_ms}};
	const struct channel_handler *handler = player_messages;

	while (handler->number != MSG_PLAY_STATE)
		handler++;
	return handler->function(NULL, &message);
}

static void
says(enum play_state state, uint32_t at_ms, uint32_t length_ms)
{
	assert_int_equal(hear((uint8_t)state, at_ms, length_ms), 0);
}

static void
assert_counts(bool counts)
{
	assert_int_equal(fake.came - fake.left, counts ? 1 : 0);
}

static void
only_who_sees_the_session_counts_for_four_eyes(void **state)
{
	(void)state;
	begin_watching(true);
	assert_counts(false);
	says(PLAY_WAITING, 0, 0);
	assert_counts(false);
	says(PLAY_SEEKING, 0, 60000);
	assert_counts(false);
	says(PLAY_LIVE, 60000, 60000);
	assert_counts(true);
	says(PLAY_LIVE, 65000, 65000);
	assert_int_equal(fake.came, 1);
	says(PLAY_PAUSED, 65000, 66000);
	assert_counts(false);
	says(PLAY_PLAYING, 66000, 66000 + WATCH_BEHIND_MOST_MS);
	assert_counts(true);
	says(PLAY_PLAYING, 66000, 66001 + WATCH_BEHIND_MOST_MS);
	assert_counts(false);
	says(PLAY_LIVE, 90000, 90000);
	assert_counts(true);
	says(PLAY_SEEKING, 0, 90000);
	assert_counts(false);
	says(PLAY_LIVE, 90000, 90000);
	assert_counts(true);
	says(PLAY_ENDED, 90000, 90000);
	assert_counts(false);
	says(PLAY_LIVE, 90000, 90000);
	assert_counts(true);
	says(PLAY_BROKEN, 90000, 90000);
	assert_counts(false);
	assert_int_equal(hear(PLAY_STATE_COUNT, 0, 0), -EPROTO);
	/* He was there all the time: nobody is told that he went. */
	assert_int_equal(fake.noted, 1);
	assert_int_equal(fake.shown, 1);
}

static void
who_replays_a_recording_watches_nobody(void **state)
{
	struct watch about = {.about.live = false};

	(void)state;
	about.connection = &connection;
	fake.tag = &about;
	says(PLAY_LIVE, 5000, 5000);
	assert_int_equal(fake.came, 0);
}

/* A recorder that has died leaves a file whose end looks like now, for ever. */
static void
who_sees_what_is_recorded_no_more_does_not_count(void **state)
{
	uint8_t session[SESSION_ID_BYTES];

	(void)state;
	begin_watching(true);
	says(PLAY_LIVE, 5000, 5000);
	memset(session, 0xac, sizeof(session));
	watches_recording_over(supervisor.watches, session);
	assert_counts(true);
	memset(session, 0xab, sizeof(session));
	watches_recording_over(supervisor.watches, session);
	assert_counts(false);
	says(PLAY_LIVE, 5000, 5000);
	assert_counts(false);
	/* He is still there. */
	assert_int_equal(fake.noted, 1);
	assert_int_equal(fake.killed, CLOSE_NONE);
	watches_recording_over(NULL, session);
}

/* What a player says last, when its connection is being ended, counts nobody. */
static void
connection_that_is_over_counts_nobody(void **state)
{
	(void)state;
	begin_watching(true);
	connection.stage = CONNECTION_KILLED;
	says(PLAY_LIVE, 5000, 5000);
	assert_counts(false);
}

static void
desktop_that_begins_hears_who_watches_already(void **state)
{
	static struct carried_session session;
	struct connection engineer = {.supervisor = &supervisor, .session = &session};

	(void)state;
	memset(session.id, 0xab, sizeof(session.id));
	watches_desktop_began(&engineer);
	assert_int_equal(fake.shown, 0);
	begin_watching(true);
	assert_int_equal(fake.shown, 1);
	watches_desktop_began(&engineer);
	assert_int_equal(fake.shown, 2);
	assert_int_equal(fake.others, 0);
	session.id[0] = 1;
	watches_desktop_began(&engineer);
	assert_int_equal(fake.shown, 2);
}

/* The logs first, then the player, then everybody who must know. */
static void
nobody_watches_before_it_is_in_the_log(void **state)
{
	static const uint8_t wiped[WATCH_KEY_BYTES];

	(void)state;
	begin(true);
	assert_int_equal(fake.job_count, 1);
	assert_null(fake.tag);
	assert_int_equal(fake.came, 0);
	job_done(0);
	assert_ptr_equal(fake.tag, connection.watch);
	assert_int_equal(fake.came, 0);
	assert_int_equal(fake.noted, 1);
	assert_int_equal(fake.shown, 1);
	assert_int_equal(fake.sent_count, 0);
	player_ready(&supervisor, connection.watch->child);
	assert_int_equal(fake.sent_count, 3);
	assert_int_equal(fake.sent[0], MSG_PLAY_FILE);
	assert_int_equal(fake.sent[1], MSG_PLAY_BEGIN);
	assert_int_equal(fake.sent[2], MSG_GREET);
	assert_true(fake.stays);
	assert_int_equal(fake.key[0], 0x5a);
	assert_memory_equal(connection.watch->key, wiped, sizeof(wiped));
	assert_int_equal(fake.finished, 1);
	assert_int_equal(fake.killed, CLOSE_NONE);
}

static void
who_goes_is_counted_noted_and_logged(void **state)
{
	json_t *watchers;

	(void)state;
	begin(true);
	job_done(0);
	player_ready(&supervisor, connection.watch->child);
	watchers = watchers_json(supervisor.watches, connection.watch->about.session);
	assert_int_equal(json_array_size(watchers), 1);
	assert_string_equal(
		json_string_value(json_object_get(json_array_get(watchers, 0), "source")),
		"10.0.0.5");
	assert_true(json_is_false(json_object_get(json_array_get(watchers, 0), "sees")));
	json_decref(watchers);
	says(PLAY_LIVE, 5000, 5000);
	watch_end(take_pointer(&connection.watch));
	assert_int_equal(fake.came, 1);
	assert_int_equal(fake.left, 1);
	assert_int_equal(fake.noted, 0);
	assert_int_equal(fake.shown, 0);
	assert_int_equal(fake.ended, 1);
	assert_int_equal(fake.job_count, 1);
	assert_true(fake.jobs[0]->stubborn);
	job_done(0);
}

/* watcher.end: found by the id that the list has, cut with a reason of its own, and it counts no more from then on. */
static void
who_is_cut_is_found_told_and_counts_no_more(void **state)
{
	json_t *all;
	char id[17];

	(void)state;
	begin(true);
	all = watches_json(supervisor.watches);
	assert_int_equal(json_array_size(all), 0); /* the logs do not have him yet */
	json_decref(all);
	job_done(0);
	player_ready(&supervisor, connection.watch->child);
	says(PLAY_LIVE, 5000, 5000);
	all = watches_json(supervisor.watches);
	assert_int_equal(json_array_size(all), 1);
	assert_true(json_is_true(json_object_get(json_array_get(all, 0), "sees")));
	assert_true(json_is_true(json_object_get(json_array_get(all, 0), "live")));
	(void)snprintf(id, sizeof(id), "%s",
		json_string_value(json_object_get(json_array_get(all, 0), "id")));
	json_decref(all);
	assert_null(watch_find(supervisor.watches, ""));
	assert_null(watch_find(supervisor.watches, "0"));
	assert_null(watch_find(NULL, id));
	assert_ptr_equal(watch_find(supervisor.watches, id), connection.watch);
	watch_cut(connection.watch);
	assert_int_equal(fake.killed, CLOSE_WATCH_CUT);
	assert_counts(false);
	says(PLAY_LIVE, 6000, 6000);
	assert_counts(false);
	assert_null(watch_find(supervisor.watches, id));
	watch_end(take_pointer(&connection.watch));
	assert_int_equal(fake.left, 1);
	assert_int_equal(fake.noted, 0);
	job_done(0);
}

static void
what_cannot_be_logged_is_not_watched(void **state)
{
	(void)state;
	begin(true);
	job_done(-ENOSPC);
	assert_int_equal(fake.killed, CLOSE_NOT_LOGGED);
	assert_null(fake.tag);
	assert_int_equal(fake.came, 0);
}

static void
client_that_goes_while_it_is_logged_watches_nothing(void **state)
{
	(void)state;
	begin(true);
	watch_end(take_pointer(&connection.watch));
	assert_int_equal(fake.job_count, 1);
	job_done(0);
	assert_null(fake.tag);
	assert_int_equal(fake.came + fake.left, 0);
}

static void
too_many_watch(void **state)
{
	(void)state;
	fake.take_answer = -EUSERS;
	begin(true);
	job_done(0);
	assert_int_equal(fake.killed, CLOSE_WATCH_BUSY);
	assert_int_equal(fake.came, 0);
}

static void
session_that_has_ended_meanwhile_is_not_watched(void **state)
{
	(void)state;
	fake.is_recorded = false;
	begin(true);
	assert_int_equal(fake.killed, CLOSE_WATCH_TOO_LATE);
	assert_int_equal(fake.job_count, 0);
}

static void
wrong_ticket_opens_nothing(void **state)
{
	struct msg_introduced introduced = {.user = "+w00000000000000a"};

	(void)state;
	watch_start(&connection, &introduced);
	assert_int_equal(fake.killed, CLOSE_NO_TICKET);
	assert_int_equal(fake.job_count, 0);
}

static void
player_that_dies_costs_its_watcher_alone(void **state)
{
	(void)state;
	begin(true);
	job_done(0);
	player_ready(&supervisor, connection.watch->child);
	says(PLAY_LIVE, 5000, 5000);
	assert_int_equal(watch_reason(&connection, CLOSE_GREETER_FAULT), CLOSE_PLAYER_FAULT);
	assert_int_equal(watch_reason(&connection, CLOSE_TOO_SLOW), CLOSE_TOO_SLOW);
	player_died(&supervisor, connection.watch->child);
	assert_int_equal(fake.killed, CLOSE_PLAYER_FAULT);
	assert_int_equal(fake.left, 1);  /* at once … */
	assert_int_equal(fake.noted, 1); /* … and this when its connection is over */
}

static void
player_whose_watcher_has_gone_has_not_failed(void **state)
{
	(void)state;
	begin(true);
	job_done(0);
	player_ready(&supervisor, connection.watch->child);
	connection.watch->over = true;
	assert_int_equal(watch_reason(&connection, CLOSE_GREETER_FAULT), CLOSE_CLIENT_LEFT);
	player_died(&supervisor, connection.watch->child);
	assert_int_equal(fake.killed, CLOSE_CLIENT_LEFT);
}

#define IN_OUT(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_OUT(nobody_watches_before_it_is_in_the_log),
		IN_OUT(who_goes_is_counted_noted_and_logged),
		IN_OUT(only_who_sees_the_session_counts_for_four_eyes),
		IN_OUT(who_replays_a_recording_watches_nobody),
		IN_OUT(who_sees_what_is_recorded_no_more_does_not_count),
		IN_OUT(connection_that_is_over_counts_nobody),
		IN_OUT(desktop_that_begins_hears_who_watches_already),
		IN_OUT(who_is_cut_is_found_told_and_counts_no_more),
		IN_OUT(what_cannot_be_logged_is_not_watched),
		IN_OUT(client_that_goes_while_it_is_logged_watches_nothing),
		IN_OUT(too_many_watch),
		IN_OUT(session_that_has_ended_meanwhile_is_not_watched),
		IN_OUT(wrong_ticket_opens_nothing),
		IN_OUT(player_that_dies_costs_its_watcher_alone),
		IN_OUT(player_whose_watcher_has_gone_has_not_failed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
