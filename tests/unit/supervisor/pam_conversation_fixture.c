/* See pam_conversation_fixture.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pam_conversation_fixture.h"

#include "base/cleanup.h"
#include "stack.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

uv_loop_t loop;
struct settings settings;
struct supervisor supervisor;
static char facility[] = "東病院";
char socket_path[108];

static const char *confdir;
static int listener;
uv_poll_t poll_listener;
bool by_hand;
struct channel *hand;
int heard;
static pid_t child;

struct pam_seen seen;

/* The store, played: a job is done in the next turn of the loop. */

int
sign_in_load(struct store_db *db, const char *typed, const char *source,
	struct sign_in_account *ret_account)
{
	(void)db;
	assert_string_equal(source, "10.2.3.4");
	memset(ret_account, 0, sizeof(*ret_account));
	memcpy(ret_account->hash, seen.account.hash, seen.account.hash_len + 1);
	ret_account->wait_ms = seen.account.wait_ms;
	ret_account->must_change = seen.account.must_change;
	ret_account->second_factor = (enum sign_in_second_factor)seen.account.second_factor;
	if (strcmp(typed, STACK_USER) == 0 || strcmp(typed, "jiro") == 0) {
		ret_account->number = typed[0] == 't' ? 7 : 8;
		strcpy(ret_account->full_id, "998-taro@hospital.example");
	}
	return seen.fail;
}

int
sign_in_keep(struct store_db *db, const struct sign_in_note *note, bool *ret_accepted)
{
	(void)db;
	assert_string_equal(note->typed, STACK_USER);
	seen.notes[seen.note_count++] = *note;
	*ret_accepted = note->what == SIGN_IN_BARRED ? seen.barred : !seen.refuse;
	return seen.fail;
}

static void
take_job(struct store_job *job)
{
	assert_in_range(seen.job_count, 0, JOBS_MOST - 1);
	seen.jobs[seen.job_count++] = job;
}

void
store_read(struct store *store, struct store_job *job)
{
	(void)store;
	take_job(job);
}

void
store_write(struct store *store, struct store_job *job)
{
	(void)store;
	take_job(job);
}

const char *
store_error_text(int status)
{
	return status == -ENOSPC ? "disk is full" : "?";
}

void
do_jobs(void)
{
	while (seen.job_count > 0 && !seen.slow) {
		struct store_job *job = seen.jobs[--seen.job_count];
		int status = job->work(NULL, job);

		job->done(job, status);
	}
}

/* Whoever listens at the socket. */

static void
become_sekisho_pam(int fd)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", "1", 1);
	if (dup2(fd, 3) == 3)
		execl(SEKISHO_PAM, SEKISHO_PAM, "--confdir", confdir, NULL);
	_exit(127);
}

static int
hear(struct channel *channel, union message_body *message)
{
	(void)channel;
	(void)message;
	heard++;
	return 0;
}

static const struct channel_handler hand_handlers[] = {
	{MSG_PAM_BEGIN, hear},
	{MSG_PAM_ANSWER, hear},
	{MSG_PAM_ACCOUNT, hear},
	{MSG_PAM_KEPT, hear},
	{0},
};

static void
on_connection(uv_poll_t *poll, int status, int ready)
{
	const struct channel_setup setup = {
		.self = PROCESS_PAM, .peer = PROCESS_SUPERVISOR, .handlers = hand_handlers};
	int fd = accept(listener, NULL, NULL);

	(void)poll;
	(void)ready;
	assert_int_equal(status, 0);
	assert_true(fd >= 0);
	if (by_hand) {
		assert_int_equal(channel_new(&setup, &fd, &hand), 0);
		return;
	}
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		become_sekisho_pam(fd);
	close(fd);
}

/* The user. */

static void
on_asked(void *owner, const struct pam_question *question)
{
	size_t len = strlen(seen.said);
	const char *answer = seen.always != NULL ? seen.always : seen.answers[seen.asked];

	assert_ptr_equal(owner, &seen);
	snprintf(seen.said + len, sizeof(seen.said) - len, "%s|%s%s|%s\n", question->info,
		question->info_is_error ? "!" : "", question->prompt,
		question->otpauth[0] != '\0' ? "picture" : "");
	if (seen.cancel) {
		seen.works_on = pam_conversation_leave(take_pointer(&seen.conversation));
		return;
	}
	if (answer == NULL)
		return;
	seen.asked++;
	pam_conversation_answer(seen.conversation, answer);
	/* A second one is nobody's. */
	pam_conversation_answer(seen.conversation, "again");
}

static void
on_ended(void *owner, const struct pam_ended *ended)
{
	assert_ptr_equal(owner, &seen);
	assert_false(seen.is_over);
	seen.is_over = true;
	seen.ended = *ended;
	snprintf(seen.info, sizeof(seen.info), "%s", ended->info);
	snprintf(seen.detail, sizeof(seen.detail), "%s", ended->detail);
	seen.conversation = NULL;
}

const struct pam_events events = {.asked = on_asked, .ended = on_ended};

void
start(const char *stack)
{
	confdir = stack_make(stack);
	assert_int_equal(pam_conversation_start(&supervisor, seen.typed, "10.2.3.4", &events, &seen,
				 &seen.conversation),
		0);
	assert_false(seen.is_over);
}

void
turn(void)
{
	uv_run(&loop, UV_RUN_ONCE);
	do_jobs();
}

void
until_over(void)
{
	while (!seen.is_over)
		turn();
}

enum pam_outcome
outcome(const char *stack)
{
	start(stack);
	until_over();
	return seen.ended.outcome;
}

int
pam_set_up(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	(void)state;
	memset(&seen, 0, sizeof(seen));
	seen.typed = STACK_USER;
	memset(&settings, 0, sizeof(settings));
	memset(&supervisor, 0, sizeof(supervisor));
	by_hand = false;
	heard = 0;
	child = 0;
	stack_account(&seen.account);
	snprintf(socket_path, sizeof(socket_path), "/tmp/sekisho-pam-test.%d", (int)getpid());
	strcpy(address.sun_path, socket_path);
	(void)unlink(socket_path);
	listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listener, 1), 0);
	uv_loop_init(&loop);
	uv_poll_init(&loop, &poll_listener, listener);
	uv_poll_start(&poll_listener, UV_READABLE, on_connection);
	settings.sign_in.pam_socket = socket_path;
	settings.sign_in.greeters = 2;
	settings.limits.greet_ms = 60000;
	settings.facility.name = facility;
	supervisor.settings = &settings;
	supervisor.loop = &loop;
	return 0;
}

void
reap(void)
{
	int status;

	if (child == 0)
		return;
	assert_int_equal(waitpid(child, &status, 0), child);
	child = 0;
}

int
pam_tear_down(void **state)
{
	(void)state;
	seen.slow = false;
	do_jobs();
	(void)pam_conversation_leave(seen.conversation);
	pam_conversations_stop(&supervisor);
	channel_free(take_pointer(&hand));
	uv_close((uv_handle_t *)&poll_listener, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	assert_int_equal(supervisor.pam_conversations, 0);
	close(listener);
	(void)unlink(socket_path);
	reap();
	stack_remove();
	return 0;
}
