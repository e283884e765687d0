/* An auditor who watches a running session that somebody must watch, or replays a recording, where something fails: memory, a descriptor,
 * the logs, the player, what is said to it and to workers. Nobody sees a picture who is not in the logs, no ticket lets in twice, the
 * engineer's input is open only while somebody sees the session; and nothing is left: no memory, no process, no descriptor. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "fail_nth.h"
#include "player/states.h"
#include "policy/logins.h"
#include "policy/store/memory.h"
#include "policy/store/store.h"
#include "settings/settings.h"
#include "supervisor/children.h"
#include "supervisor/four_eyes.h"
#include "supervisor/notices.h"
#include "supervisor/recording_files.h"
#include "supervisor/watches_private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define DESCRIPTORS 64
#define OPEN_FOR_ONE 3 /* the file, and both ends of the socketpair */

static char folder[] = "/tmp/sekisho-fail-watches-XXXXXX";
static struct settings settings = {.database = folder, .limits.ticket_ms = 60000};
static struct supervisor supervisor = {.settings = &settings};
static struct connection watcher, engineer;
static struct carried_session session;
static int player, worker; /* whose addresses are the children's */

/* One round: the nth call of ours to somebody else fails. */
static struct {
	unsigned int nth, calls;
	struct store_job *jobs[4], *again;
	size_t job_count;
	void *tag;
	unsigned int taken, ended, begun, over, store_failed;
	unsigned int logged, logged_over; /* in the administration log */
	int noted;                        /* in the recording */
	bool greeted;                     /* the watcher's worker has the player */
	bool shown;                       /* a ticket, and burnt */
	enum close_reason watcher, engineer;
	const char *action; /* of the job that runs */
	struct msg_introduced ticket;
} now;

int __wrap_children_take(struct children *, enum child_kind, void *, struct child **);
int __wrap_children_send(struct child *, enum message, const void *, int);
void __wrap_children_end_taken(struct child *);
void __wrap_children_hear(struct child *);
void *__wrap_child_tag(const struct child *);
void *__wrap_channel_owner(const struct channel *);
void __wrap_store_write(struct store *, struct store_job *);
void __wrap_connection_kill(struct connection *, enum close_reason);
void __wrap_connection_finished(struct connection *);
struct connection *__wrap_connection_find_session(const struct connections *, const uint8_t *);
int __wrap_login_record(struct store_db *, const struct login *);
int __wrap_admin_event(struct store_db *, const char *, const char *, const char *, json_t *,
	json_t *, const char *);
int __wrap_notice_show(struct connection *, const struct notice *, struct notice_waiter *);
void __wrap_log_event(enum event event, const char *format, ...);

static bool
fails(void)
{
	return ++now.calls == now.nth;
}

int
__wrap_children_take(
	struct children *children, enum child_kind kind, void *tag, struct child **ret_child)
{
	(void)children;
	assert_int_equal(kind, CHILD_PLAYER);
	if (fails())
		return -EAGAIN;
	now.tag = tag;
	now.taken++;
	*ret_child = (struct child *)(void *)&player;
	return 0;
}

int
__wrap_children_send(struct child *child, enum message number, const void *body, int fd)
{
	bool is_gate = number == MSG_INPUT_GATE;

	(void)body;
	assert_ptr_equal(child, number == MSG_GREET || is_gate ? &worker : &player);
	assert_true(is_gate || fcntl(fd, F_GETFD) >= 0);
	/* Before anything of a recording leaves this process, the logs have it, and the recording. */
	if (!is_gate) {
		assert_int_equal(now.logged, 1);
		assert_int_equal(now.noted, watcher.watch->about.live);
	}
	if (fails())
		return -EPIPE;
	now.greeted = now.greeted || number == MSG_GREET;
	return 0;
}

void
__wrap_children_end_taken(struct child *child)
{
	assert_ptr_equal(child, &player);
	now.tag = NULL;
	now.ended++;
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
	return now.tag;
}

void *
__wrap_channel_owner(const struct channel *channel)
{
	return (void *)(uintptr_t)channel;
}

void
__wrap_store_write(struct store *store, struct store_job *job)
{
	(void)store;
	assert_true(now.job_count < ARRAY_SIZE(now.jobs));
	now.jobs[now.job_count++] = job;
}

void
__wrap_connection_kill(struct connection *killed, enum close_reason reason)
{
	enum close_reason *of = killed == &watcher ? &now.watcher : &now.engineer;

	if (*of == CLOSE_NONE)
		*of = reason;
	killed->stage = CONNECTION_KILLED;
}

void
__wrap_connection_finished(struct connection *finished)
{
	assert_ptr_equal(finished, &watcher);
	assert_true(now.greeted);
}

struct connection *
__wrap_connection_find_session(const struct connections *connections, const uint8_t *id)
{
	(void)connections;
	return memcmp(id, session.id, SESSION_ID_BYTES) == 0 ? &engineer : NULL;
}

int
__wrap_login_record(struct store_db *db, const struct login *login)
{
	(void)db;
	assert_string_equal(login->account, "unix:tanaka");
	return fails() ? -EIO : 0;
}

int
__wrap_admin_event(struct store_db *db, const char *actor, const char *action, const char *target,
	json_t *before, json_t *after, const char *because)
{
	(void)db;
	(void)target;
	(void)before;
	(void)because;
	assert_string_equal(actor, "unix:tanaka");
	assert_non_null(after);
	now.action = action;
	return fails() ? -EIO : 0;
}

int
__wrap_notice_show(
	struct connection *shown, const struct notice *notice, struct notice_waiter *waiter)
{
	(void)shown;
	(void)notice;
	(void)waiter;
	return -EOPNOTSUPP; /* as on a transparent session, which cannot be written on */
}

void
__wrap_log_event(enum event event, const char *format, ...)
{
	(void)format;
	now.begun += event == EV_WATCH_BEGAN;
	now.over += event == EV_WATCH_ENDED;
	now.store_failed += event == EV_STORE_FAILED;
}

static int
open_live(struct supervisor *of, const uint8_t id[SESSION_ID_BYTES], int *ret_fd,
	uint8_t ret_key[WATCH_KEY_BYTES])
{
	(void)of;
	(void)id;
	if (fails())
		return -ENOENT;
	*ret_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (*ret_fd < 0)
		return -ENOMEM;
	memset(ret_key, 0x5a, WATCH_KEY_BYTES);
	return 0;
}

static void
note_live(struct supervisor *of, const uint8_t id[SESSION_ID_BYTES], const char *who, bool came)
{
	(void)of;
	(void)id;
	(void)who;
	now.noted += came ? 1 : -1;
}

static const struct watch_live live = {open_live, note_live};

/* As the store does it. */
static int
work(struct store_job *job)
{
	unsigned long failures = memory_failures();
	int r;

	memory_scope_begin();
	r = job->work(NULL, job);
	memory_scope_end();
	if (r == 0 && memory_failures() != failures)
		r = -ENOMEM;
	if (r < 0)
		return r;
	if (strcmp(now.action, "session.watch") == 0 || strcmp(now.action, "recording.play") == 0)
		now.logged++;
	else
		now.logged_over++;
	return 0;
}

static void
store_does_all(void)
{
	for (size_t i = 0; i < now.job_count; i++) {
		struct store_job *job = now.jobs[i];
		int r = work(job);

		if (r < 0 && job->stubborn)
			now.again = job;
		else
			job->done(job, r);
	}
	now.job_count = 0;
}

/* What is stubborn is done when there is memory again, and a disk. */
static void
store_does_the_rest(void)
{
	struct store_job *job = take_pointer(&now.again);

	if (job != NULL)
		job->done(job, work(job));
}

static int
lowest_free(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)close(fd);
	return fd;
}

static void
prepare(unsigned int nth)
{
	struct sockaddr_in *source = (struct sockaddr_in *)&watcher.source;

	memset(&now, 0, sizeof(now));
	now.nth = nth;
	session = (struct carried_session){.four_eyes = true, .gated = true};
	memset(session.id, 0xab, sizeof(session.id));
	engineer = (struct connection){.id = 1,
		.supervisor = &supervisor,
		.stage = CONNECTION_RELAYED,
		.worker = (struct child *)(void *)&worker,
		.session = &session};
	watcher = (struct connection){.id = 2,
		.supervisor = &supervisor,
		.stage = CONNECTION_RELAYED,
		.worker = (struct child *)(void *)&worker};
	source->sin_family = AF_INET;
	source->sin_addr.s_addr = htonl(0x0a000005);
}

static int
issue(bool is_live)
{
	struct watch_about about = {.live = is_live, .part = 1, .actor = "unix:tanaka"};
	char handle[TICKET_HANDLE_SIZE], secret[TICKET_SECRET_SIZE];
	int64_t expires_us;
	int r;

	memset(about.session, 0xab, sizeof(about.session));
	r = watch_ticket_issue(supervisor.watches, &about, handle, secret, &expires_us);
	if (r < 0)
		return r;
	strcpy(now.ticket.user, handle);
	strcpy((char *)now.ticket.password, secret);
	return 0;
}

/* The engineer has input exactly while the watcher sees the session, or none at all. */
static void
expect_gate(void)
{
	bool open = session.input_open && engineer.stage == CONNECTION_RELAYED;

	assert_false(open && (!now.greeted || watcher.watch == NULL || !watcher.watch->counted));
	if (watcher.watch == NULL || !watcher.watch->counted)
		assert_int_equal(four_eyes_watchers(&supervisor, session.id), 0);
}

static void
says(enum play_state state)
{
	union message_body message = {
		.play_state = {.state = state, .at_ms = 5000, .length_ms = 5000}};
	const struct channel_handler *handler = player_messages;

	while (handler->number != MSG_PLAY_STATE)
		handler++;
	if (now.tag != NULL)
		(void)handler->function(NULL, &message);
	expect_gate();
}

/* Said or not, the key and the descriptors are the player's business alone. */
static void
expect_given_away(const struct watch *of)
{
	const uint8_t wiped[WATCH_KEY_BYTES] = {0};

	assert_memory_equal(of->key, wiped, sizeof(wiped));
	assert_true(of->file < 0 && of->players < 0 && of->workers < 0);
}

/* From the ticket in his hand to his going. */
static void
watch(void)
{
	watch_start(&watcher, &now.ticket);
	now.shown = watcher.watch != NULL;
	store_does_all();
	expect_gate();
	if (now.tag != NULL && watcher.stage == CONNECTION_RELAYED) {
		player_ready(&supervisor, watcher.watch->child);
		expect_given_away(watcher.watch);
	}
	says(PLAY_LIVE);
	says(PLAY_PAUSED);
	says(PLAY_LIVE);
	watch_end(take_pointer(&watcher.watch));
	expect_gate();
	store_does_all();
}

/* Also: who began is in the logs with his end, and the ticket is worth nothing, or as much as before. */
static void
expect_nothing_left(int lowest)
{
	struct watch_about about;

	store_does_the_rest();
	assert_int_equal(watch_ticket_redeem(supervisor.watches, &now.ticket, &about),
		now.shown ? CLOSE_NO_TICKET : CLOSE_NONE);
	assert_int_equal(supervisor.watches->ticket_count, 0);
	assert_null(supervisor.watches->first);
	assert_null(supervisor.watched);
	assert_false(session.input_open && engineer.stage == CONNECTION_RELAYED);
	assert_int_equal(now.taken, now.ended);
	assert_int_equal(now.noted, 0);
	assert_int_equal(now.begun, now.over);
	assert_int_equal(now.begun, now.logged_over);
	assert_int_equal(lowest_free(), lowest);
}

static void
call_that_fails_lets_nobody_see_what_is_not_in_the_logs(void **state)
{
	int lowest = lowest_free();
	size_t alive = fail_alive();

	(void)state;
	for (int is_live = 0; is_live < 2; is_live++) {
		unsigned int nth = 0;

		do {
			prepare(++nth);
			assert_int_equal(issue(is_live != 0), 0);
			watch();
			/* Not one of them is without effect, or unsaid. */
			assert_int_equal(now.calls >= nth, now.watcher != CLOSE_NONE ||
								   now.engineer != CLOSE_NONE ||
								   now.again != NULL);
			if (now.watcher == CLOSE_NOT_LOGGED)
				assert_true(now.store_failed == 1 && now.taken == 0);
			if (now.engineer != CLOSE_NONE)
				assert_int_equal(now.engineer, CLOSE_WORKER_DIED);
			expect_nothing_left(lowest);
			assert_int_equal(fail_alive(), alive);
		} while (now.calls >= nth);
		assert_true(nth > (is_live ? 10 : 7));
		assert_true(now.greeted && now.begun == 1);
	}
}

static void
memory_that_fails_does_so_too(void **state)
{
	int lowest = lowest_free();
	struct fail_run run;

	(void)state;
	for (int is_live = 0; is_live < 2; is_live++) {
		fail_begin(&run);
		while (fail_next(&run)) {
			prepare(0);
			assert_int_equal(issue(is_live != 0), 0);
			fail_arm(&run);
			watch();
			fail_disarm(&run);
			assert_true(now.greeted || now.watcher == CLOSE_OUT_OF_ROOM ||
				    now.watcher == CLOSE_NOT_LOGGED);
			assert_int_equal(run.hit, now.watcher != CLOSE_NONE || now.again != NULL);
			expect_nothing_left(lowest);
		}
		assert_true(run.tried > 10);
	}
}

static void
a_ticket_is_issued_or_there_is_none(void **state)
{
	struct watch_about about;
	struct fail_run run;

	(void)state;
	fail_begin(&run);
	while (fail_next(&run)) {
		int r;

		prepare(0);
		fail_arm(&run);
		r = issue(true);
		fail_disarm(&run);
		assert_int_equal(r, run.hit ? -ENOMEM : 0);
		assert_int_equal(supervisor.watches->ticket_count, r == 0);
		if (r == 0)
			assert_int_equal(
				watch_ticket_redeem(supervisor.watches, &now.ticket, &about),
				CLOSE_NONE);
	}
	assert_true(run.tried >= 2);
}

/* For the file, or for the way from player to worker. */
static void
descriptors_that_fail_are_called_so(void **state)
{
	int lowest = lowest_free(), taken[DESCRIPTORS], count;

	(void)state;
	for (int at = 0; at < 2 * (OPEN_FOR_ONE + 1); at++) {
		int left = at / 2;

		prepare(0);
		assert_int_equal(issue(at % 2 != 0), 0);
		for (count = 0; count < (int)ARRAY_SIZE(taken); count++) {
			taken[count] = open("/dev/null", O_RDONLY | O_CLOEXEC);
			if (taken[count] < 0)
				break;
		}
		assert_true(count > OPEN_FOR_ONE);
		for (int spare = 0; spare < left; spare++)
			(void)close(taken[--count]);
		watch();
		while (count > 0)
			(void)close(taken[--count]);
		assert_int_equal(now.watcher, left < OPEN_FOR_ONE ? CLOSE_OUT_OF_ROOM : CLOSE_NONE);
		assert_int_equal(now.greeted, left == OPEN_FOR_ONE);
		expect_nothing_left(lowest);
	}
}

/* Somebody whom it leaves out would watch unseen. */
static void
who_watches_is_listed_whole_or_not_at_all(void **state)
{
	struct fail_run run;

	(void)state;
	prepare(0);
	assert_int_equal(issue(true), 0);
	watch_start(&watcher, &now.ticket);
	store_does_all();
	fail_begin(&run);
	while (fail_next(&run)) {
		json_t *all, *of_session;

		fail_arm(&run);
		all = watches_json(supervisor.watches);
		of_session = watchers_json(supervisor.watches, session.id);
		fail_disarm(&run);
		assert_true(all == NULL || json_array_size(all) == 1);
		assert_true(of_session == NULL || json_array_size(of_session) == 1);
		assert_int_equal(run.hit, all == NULL || of_session == NULL);
		json_decref(all);
		json_decref(of_session);
	}
	assert_true(run.tried > 20);
	watch_end(take_pointer(&watcher.watch));
	store_does_all();
}

static int
set_up(void **state)
{
	const struct rlimit few = {DESCRIPTORS, DESCRIPTORS};
	char why[RECORDING_FILES_WHY_SIZE], path[RECORDING_PATH_SIZE];
	int fd;

	(void)state;
	clock_hold(INT64_C(1795143600000000), 1000000);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	assert_non_null(mkdtemp(folder));
	settings.recording.directory = folder;
	if (recording_files_open(&supervisor, &supervisor.recording_files, why) < 0 ||
		watches_new(&supervisor, &supervisor.watches) < 0)
		return -1;
	now.jobs[0]->done(now.jobs[0], -ESHUTDOWN); /* of an empty folder */
	prepare(0);
	recording_files_path(supervisor.recording_files, session.id, 1, path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	watches_set_live(supervisor.watches, &live);
	return fd < 0 ? -1 : close(fd);
}

static int
tear_down(void **state)
{
	char path[RECORDING_PATH_SIZE];

	(void)state;
	recording_files_path(supervisor.recording_files, session.id, 1, path);
	(void)unlink(path);
	watches_free(supervisor.watches);
	recording_files_free(supervisor.recording_files);
	clock_release();
	return rmdir(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(call_that_fails_lets_nobody_see_what_is_not_in_the_logs),
		cmocka_unit_test(memory_that_fails_does_so_too),
		cmocka_unit_test(a_ticket_is_issued_or_there_is_none),
		cmocka_unit_test(descriptors_that_fail_are_called_so),
		cmocka_unit_test(who_watches_is_listed_whole_or_not_at_all),
	};

	fail_catch_libraries();
	memory_watch_json();
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
