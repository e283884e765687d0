/* gateway/supervisor/pam_conversation.c against sekisho-pam as it is built, started for each connection as systemd does it;
 * the store is played. What sekisho-pam itself and pam_sekisho.so do with a stack is seen here whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/secret.h"
#include "messages/channel.h"
#include "newcomers.h"
#include "policy/store/store.h"
#include "settings/settings.h"
#include "stack.h"
#include "supervisor/pam_conversation.h"

#include <errno.h>
#include <security/_pam_types.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#define JOBS_MOST 4

static uv_loop_t loop;
static struct settings settings;
static struct supervisor supervisor;
static char facility[] = "東病院";
static char path[108];

/* How the connection is answered: the built program with a stack, or by the test itself. */
static const char *confdir;
static int listener;
static uv_poll_t poll_listener;
static bool by_hand;
static struct channel *hand;
static int heard;
static pid_t child;

static struct {
	const char *typed; /* whom the user claims to be */
	struct pam_conversation *conversation;
	const char *answers[16];
	const char *always; /* to every question */
	int asked;
	char said[16384];
	bool is_over;
	struct pam_ended ended;
	char info[4200], detail[300];
	bool cancel; /* at the first question */

	struct msg_pam_account account;
	struct sign_in_note notes[20];
	int note_count;
	bool refuse;
	int fail; /* of the store */
	struct store_job *jobs[JOBS_MOST];
	int job_count;
	bool slow; /* the store does not answer */
} seen;

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
	*ret_accepted = !seen.refuse;
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

static void
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
on_connection(uv_poll_t *poll, int status, int events)
{
	const struct channel_setup setup = {
		.self = PROCESS_PAM, .peer = PROCESS_SUPERVISOR, .handlers = hand_handlers};
	int fd = accept(listener, NULL, NULL);

	(void)poll;
	(void)events;
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
		pam_conversation_cancel(take_pointer(&seen.conversation));
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

static const struct pam_events events = {.asked = on_asked, .ended = on_ended};

static void
start(const char *stack)
{
	confdir = stack_make(stack);
	assert_int_equal(pam_conversation_start(&supervisor, seen.typed, "10.2.3.4", &events, &seen,
				 &seen.conversation),
		0);
	assert_false(seen.is_over);
}

static void
turn(void)
{
	uv_run(&loop, UV_RUN_ONCE);
	do_jobs();
}

static void
until_over(void)
{
	while (!seen.is_over)
		turn();
}

static enum pam_outcome
outcome(const char *stack)
{
	start(stack);
	until_over();
	return seen.ended.outcome;
}

static int
set_up(void **state)
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
	snprintf(path, sizeof(path), "/tmp/sekisho-pam-test.%d", (int)getpid());
	strcpy(address.sun_path, path);
	(void)unlink(path);
	listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listener, 1), 0);
	uv_loop_init(&loop);
	uv_poll_init(&loop, &poll_listener, listener);
	uv_poll_start(&poll_listener, UV_READABLE, on_connection);
	settings.sign_in.pam_socket = path;
	settings.sign_in.greeters = 2;
	settings.limits.greet_ms = 60000;
	settings.facility.name = facility;
	supervisor.settings = &settings;
	supervisor.loop = &loop;
	return 0;
}

static void
reap(void)
{
	int status;

	if (child == 0)
		return;
	assert_int_equal(waitpid(child, &status, 0), child);
	child = 0;
}

static int
tear_down(void **state)
{
	(void)state;
	seen.slow = false;
	do_jobs();
	pam_conversation_cancel(seen.conversation);
	channel_free(take_pointer(&hand));
	uv_close((uv_handle_t *)&poll_listener, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	assert_int_equal(supervisor.pam_conversations, 0);
	close(listener);
	(void)unlink(path);
	reap();
	stack_remove();
	return 0;
}

static void
the_right_password_signs_in(void **state)
{
	(void)state;
	seen.answers[0] = STACK_PASSWORD;
	assert_int_equal(outcome(STACK_SEKISHO), PAM_SIGNED_IN);
	assert_int_equal(seen.ended.account_number, 7);
	assert_string_equal(seen.said, "|Password|\n");
	assert_int_equal(seen.note_count, 2);
	assert_int_equal(seen.notes[0].what, SIGN_IN_PASSWORD_RIGHT);
	assert_int_equal(seen.notes[1].what, SIGN_IN_RIGHT);
}

static void
a_wrong_one_is_refused_and_counted(void **state)
{
	(void)state;
	seen.answers[0] = "wrong";
	assert_int_equal(outcome(STACK_SEKISHO), PAM_REFUSED);
	assert_string_equal(seen.info, "Account or password is wrong.");
	assert_string_equal(seen.detail, "authenticate: Authentication failure");
	assert_int_equal(seen.note_count, 1);
	assert_int_equal(seen.notes[0].what, SIGN_IN_PASSWORD_WRONG);
}

static void
who_has_to_wait_is_told_how_long(void **state)
{
	(void)state;
	seen.account.wait_ms = 4000;
	seen.answers[0] = STACK_PASSWORD;
	assert_int_equal(outcome(STACK_SEKISHO), PAM_WAIT);
	assert_int_equal(seen.ended.wait_ms, 4000);
	assert_int_equal(seen.note_count, 0);
}

static void
a_picture_and_a_change_come_through(void **state)
{
	(void)state;
	seen.account.second_factor = SECOND_FACTOR_TO_BIND;
	seen.answers[0] = STACK_PASSWORD;
	for (int i = 1; i < 6; i++)
		seen.answers[i] = "1";
	assert_int_equal(outcome(STACK_SEKISHO), PAM_REFUSED);
	assert_int_equal(seen.asked, 6);
	assert_non_null(strstr(seen.said, "\nRegister your telephone"));
	assert_non_null(strstr(seen.said, "|One-time code|picture\n"));
	assert_non_null(strstr(seen.said, "|!One-time code|picture\n"));

	tear_down(NULL);
	set_up(NULL);
	seen.account.must_change = 1;
	seen.answers[0] = STACK_PASSWORD;
	seen.answers[1] = seen.answers[2] = "Tsuki-to-hoshi 42";
	assert_int_equal(outcome(STACK_SEKISHO), PAM_SIGNED_IN);
	assert_int_equal(seen.note_count, 3);
	assert_int_equal(seen.notes[1].what, SIGN_IN_PASSWORD_NEW);
	assert_int_equal(seen.notes[2].what, SIGN_IN_RIGHT);
}

static void
a_store_that_fails_lets_nobody_in(void **state)
{
	(void)state;
	seen.fail = -ENOSPC;
	seen.answers[0] = STACK_PASSWORD;
	assert_int_equal(outcome(STACK_SEKISHO), PAM_UNAVAILABLE);
	assert_string_equal(seen.detail, "the database: disk is full");
}

/* C1: any stack. */
static void
another_stack_asks_in_its_own_words(void **state)
{
	(void)state;
	seen.answers[0] = "anything";
	assert_int_equal(outcome(STACK_MISBEHAVE("ask")), PAM_SIGNED_IN);
	assert_int_equal(seen.ended.account_number, 7);
	assert_string_equal(seen.said, "|Secret of the other stack|\n");
}

static void
an_account_phase_that_says_no_is_heard(void **state)
{
	(void)state;
	assert_int_equal(outcome(STACK_MISBEHAVE("allow expired")), PAM_NOT_ALLOWED);
	assert_string_equal(seen.detail, "account: User account has expired");
}

/* A directory of the hospital's may know its people by other names. */
static void
a_stack_may_say_whose_a_strange_name_is(void **state)
{
	(void)state;
	seen.typed = "jiro@directory.example";
	assert_int_equal(outcome(STACK_MISBEHAVE("rename")), PAM_SIGNED_IN);
	assert_int_equal(seen.ended.account_number, 8);
}

static void
a_stack_makes_no_other_account_of_one(void **state)
{
	(void)state;
	assert_int_equal(outcome(STACK_MISBEHAVE("rename")), PAM_UNAVAILABLE);
	assert_string_equal(
		seen.detail, "the user that PAM ended with is not the one it was asked about");
}

/* What pam_sekisho has found out of one account lets nobody else in. */
static void
the_account_that_was_looked_at_is_the_one_that_is_let_in(void **state)
{
	(void)state;
	seen.answers[0] = STACK_PASSWORD;
	assert_int_equal(outcome("auth required " PAM_SEKISHO_SO "\n"
				 "auth required " PAM_MISBEHAVE_SO " rename\n"
				 "account required " PAM_MISBEHAVE_SO " rename\n"),
		PAM_UNAVAILABLE);
}

static void
a_module_that_hangs_ends_with_the_deadline(void **state)
{
	static const char *const ways[] = {STACK_MISBEHAVE("hang"), STACK_MISBEHAVE("spin")};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		if (i > 0) {
			tear_down(NULL);
			set_up(NULL);
		}
		settings.limits.greet_ms = 200;
		assert_int_equal(outcome(ways[i]), PAM_UNAVAILABLE);
		/* The process has ended by itself, not because of us. */
		assert_string_equal(seen.detail, "sekisho-pam has ended before it was done");
	}
}

static void
a_module_that_ends_the_process_ends_the_sign_in(void **state)
{
	static const char *const ways[] = {STACK_MISBEHAVE("crash"), STACK_MISBEHAVE("leave")};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		if (i > 0) {
			tear_down(NULL);
			set_up(NULL);
		}
		assert_int_equal(outcome(ways[i]), PAM_UNAVAILABLE);
	}
}

static void
a_module_that_asks_on_is_cut_off(void **state)
{
	(void)state;
	seen.always = "x";
	assert_int_equal(outcome(STACK_MISBEHAVE("ask-on")), PAM_UNAVAILABLE);
	assert_string_equal(seen.detail, "authenticate: a module asks too much");
	assert_non_null(strstr(seen.said, "Question 31|"));
	assert_null(strstr(seen.said, "Question 32|"));
}

static void
a_module_that_talks_on_is_cut_short(void **state)
{
	(void)state;
	assert_int_equal(outcome(STACK_MISBEHAVE("talk-on")), PAM_SIGNED_IN);
	assert_non_null(strstr(seen.info, "Text 63"));
	assert_null(strstr(seen.info, "Text 64"));
}

static void
what_is_no_text_is_not_shown(void **state)
{
	(void)state;
	seen.answers[0] = "x";
	assert_int_equal(outcome(STACK_MISBEHAVE("babble")), PAM_SIGNED_IN);
	assert_memory_equal(seen.said, "|?[2J関xxx", 11);
	assert_true(strlen(seen.said) < 2100);
}

static void
binary_prompts_of_others_are_not_understood(void **state)
{
	(void)state;
	assert_int_equal(outcome(STACK_MISBEHAVE("binary")), PAM_SIGNED_IN);
	assert_int_equal(seen.job_count, 0);
}

static void
a_stack_that_is_not_there_lets_nobody_in(void **state)
{
	(void)state;
	assert_int_equal(outcome("auth required /nowhere/pam_nothing.so\n"), PAM_UNAVAILABLE);
	assert_true(strncmp(seen.detail, "authenticate: ", 14) == 0);
}

static void
nobody_at_the_socket_is_told_from_the_loop(void **state)
{
	(void)state;
	(void)unlink(path);
	assert_int_equal(outcome(""), PAM_UNAVAILABLE);
	assert_string_equal(seen.detail, "sekisho-pam cannot be reached");
}

/* Nobody takes them from the queue; the loop never waits. */
static void
a_queue_that_is_full_is_nobody(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fds[16];
	int count = 0;

	(void)state;
	uv_poll_stop(&poll_listener);
	strcpy(address.sun_path, path);
	for (bool room = true; room && count < 16; count++) {
		fds[count] = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0);
		room = connect(fds[count], (struct sockaddr *)&address, sizeof(address)) == 0;
	}
	assert_in_range(count, 1, 15);
	assert_int_equal(outcome(""), PAM_UNAVAILABLE);
	assert_string_equal(seen.detail, "sekisho-pam cannot be reached");
	for (int i = 0; i < count; i++)
		close(fds[i]);
}

static void
more_than_there_may_be_are_refused(void **state)
{
	struct pam_conversation *other = NULL;

	(void)state;
	settings.sign_in.greeters = 1;
	seen.answers[0] = NULL;
	start(STACK_SEKISHO);
	assert_int_equal(
		pam_conversation_start(&supervisor, STACK_USER, "10.2.3.4", &events, &seen, &other),
		-EUSERS);
	assert_null(other);
}

static void
names_that_no_message_carries_are_refused(void **state)
{
	static char endless[514];
	static const char *const names[] = {"", "\xff", endless};
	struct pam_conversation *other = NULL;

	(void)state;
	memset(endless, 'x', sizeof(endless) - 1);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_int_equal(pam_conversation_start(
					 &supervisor, names[i], "10.2.3.4", &events, &seen, &other),
			-EINVAL);
	(void)stack_make("");
}

static void
a_user_who_leaves_in_a_question_is_forgotten(void **state)
{
	(void)state;
	seen.cancel = true;
	start(STACK_SEKISHO);
	while (seen.said[0] == '\0')
		turn();
	reap(); /* the process goes with the conversation */
	assert_false(seen.is_over);
}

static void
a_user_who_leaves_while_the_store_is_asked_is_forgotten(void **state)
{
	(void)state;
	seen.slow = true;
	seen.answers[0] = STACK_PASSWORD;
	start(STACK_SEKISHO);
	while (seen.job_count == 0)
		turn();
	pam_conversation_cancel(take_pointer(&seen.conversation));
	seen.slow = false;
	do_jobs();
	reap();
	assert_false(seen.is_over);
}

/* A sekisho-pam that has been taken over. */

static void
start_by_hand(void)
{
	by_hand = true;
	start("");
	while (hand == NULL)
		turn();
}

static void
until_heard(int count)
{
	for (;;) {
		assert_int_equal(channel_receive(hand, 4, NULL), 0);
		if (heard >= count)
			break;
		turn();
	}
}

static void
say(enum message number, const void *body)
{
	assert_int_equal(channel_send(hand, number, body, -1), 0);
}

static void
report(enum sign_in_report what)
{
	const struct msg_pam_report message = {.what = (uint8_t)what};

	say(MSG_PAM_REPORT, &message);
}

static void
reports_that_do_not_fit_end_it(void **state)
{
	static const struct {
		enum sign_in_second_factor factor;
		enum sign_in_report reports[3]; /* the last one is too much */
		int count;
		uint32_t wait_ms;
	} cases[] = {
		{SECOND_FACTOR_NONE, {SIGN_IN_RIGHT}, 1, 0},
		{SECOND_FACTOR_NONE, {SIGN_IN_PASSWORD_NEW}, 1, 0},
		{SECOND_FACTOR_NONE, {SIGN_IN_PASSWORD_WRONG, SIGN_IN_PASSWORD_RIGHT}, 2, 0},
		{SECOND_FACTOR_NONE, {SIGN_IN_PASSWORD_RIGHT, SIGN_IN_CODE_RIGHT}, 2, 0},
		{SECOND_FACTOR_BOUND, {SIGN_IN_PASSWORD_RIGHT, SIGN_IN_RIGHT}, 2, 0},
		{SECOND_FACTOR_BOUND, {SIGN_IN_PASSWORD_RIGHT, SIGN_IN_PASSWORD_NEW}, 2, 0},
		{SECOND_FACTOR_BOUND, {SIGN_IN_PASSWORD_RIGHT, SIGN_IN_BOUND}, 2, 0},
		{SECOND_FACTOR_TO_BIND, {SIGN_IN_PASSWORD_RIGHT, SIGN_IN_RIGHT}, 2, 0},
		{SECOND_FACTOR_TO_BIND, {SIGN_IN_PASSWORD_RIGHT, SIGN_IN_BOUND, SIGN_IN_BOUND}, 3,
			0},
		{SECOND_FACTOR_NONE, {SIGN_IN_PASSWORD_RIGHT}, 1, 1000},
		{SECOND_FACTOR_NONE, {(enum sign_in_report)200}, 1, 0},
	};
	const struct msg_pam_ask ask = {.version = 1};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		if (i > 0) {
			tear_down(NULL);
			set_up(NULL);
		}
		seen.account.second_factor = (uint8_t)cases[i].factor;
		seen.account.wait_ms = cases[i].wait_ms;
		start_by_hand();
		say(MSG_PAM_ASK, &ask);
		until_heard(2); /* PAM_BEGIN, PAM_ACCOUNT */
		for (int at = 0; at < cases[i].count; at++) {
			report(cases[i].reports[at]);
			if (at + 1 < cases[i].count)
				until_heard(3 + at);
		}
		until_over();
		assert_int_equal(seen.ended.outcome, PAM_UNAVAILABLE);
		assert_int_equal(seen.note_count, cases[i].count - 1);
	}
}

static void
reports_without_a_question_end_it(void **state)
{
	const struct msg_pam_result in = {.step = 2, .user = ""};
	const struct msg_pam_prompt prompt = {.serial = 1, .style = PAM_PROMPT_ECHO_ON};

	(void)state;
	start_by_hand();
	until_heard(1);
	say(MSG_PAM_RESULT, &in); /* success, of nobody */
	until_over();
	assert_int_equal(seen.ended.outcome, PAM_UNAVAILABLE);

	tear_down(NULL);
	set_up(NULL);
	start_by_hand();
	until_heard(1);
	say(MSG_PAM_PROMPT, &prompt);
	say(MSG_PAM_PROMPT, &prompt); /* while one is with the user */
	until_over();
	assert_int_equal(seen.ended.outcome, PAM_UNAVAILABLE);
	assert_string_equal(seen.detail, "the message makes no sense now");
}

static void
a_claim_to_be_another_account_ends_it(void **state)
{
	const struct msg_pam_result in = {.step = 2, .user = "jiro"};
	const struct msg_pam_ask ask = {.version = 1};

	for (int asks = 0; asks < 2; asks++) {
		if (asks > 0) {
			tear_down(state);
			set_up(state);
		}
		start_by_hand();
		until_heard(1);
		if (asks > 0) {
			say(MSG_PAM_ASK, &ask);
			until_heard(2);
		}
		say(MSG_PAM_RESULT, &in);
		until_over();
		assert_int_equal(seen.ended.outcome, PAM_UNAVAILABLE);
		assert_int_equal(seen.ended.account_number, 0);
	}
}

static void
one_that_never_stops_talking_is_ended(void **state)
{
	const struct msg_pam_prompt text = {.style = PAM_TEXT_INFO, .text = "and"};

	(void)state;
	start_by_hand();
	until_heard(1);
	for (int i = 0; i < 200 && !seen.is_over; i++) {
		(void)channel_send(hand, MSG_PAM_PROMPT, &text, -1);
		turn();
	}
	assert_true(seen.is_over);
	assert_int_equal(seen.ended.outcome, PAM_UNAVAILABLE);
	assert_string_equal(seen.detail, "the message makes no sense now");
}

static void
one_that_says_nothing_is_waited_for_only_so_long(void **state)
{
	(void)state;
	settings.limits.greet_ms = 1;
	start_by_hand();
	until_over();
	assert_string_equal(seen.detail, "the conversation took too long");
}

/* sekisho-pam ends after its result, while the store is still asked whom it let in. */
static void
one_that_has_gone_silences_nobody_who_came_since(void **state)
{
	const struct msg_pam_result in = {.step = 2, .user = STACK_USER};
	struct newcomers newcomers;

	(void)state;
	start_by_hand();
	until_heard(1);
	seen.slow = true;
	say(MSG_PAM_RESULT, &in);
	channel_free(take_pointer(&hand));
	while (seen.job_count == 0)
		turn();
	/* Its end is there already. */
	(void)uv_run(&loop, UV_RUN_NOWAIT);
	newcomers_arrive(&newcomers, &loop);
	(void)uv_run(&loop, UV_RUN_NOWAIT);
	seen.slow = false;
	do_jobs();
	assert_true(seen.is_over);
	assert_int_equal(seen.ended.outcome, PAM_SIGNED_IN);
	(void)uv_run(&loop, UV_RUN_NOWAIT);
	newcomers_speak(&newcomers);
	for (int i = 0; i < 4; i++)
		(void)uv_run(&loop, UV_RUN_NOWAIT);
	newcomers_leave(&newcomers, &loop);
	assert_int_equal(newcomers.heard, NEWCOMERS);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(the_right_password_signs_in),
		TEST(a_wrong_one_is_refused_and_counted),
		TEST(who_has_to_wait_is_told_how_long),
		TEST(a_picture_and_a_change_come_through),
		TEST(a_store_that_fails_lets_nobody_in),
		TEST(another_stack_asks_in_its_own_words),
		TEST(an_account_phase_that_says_no_is_heard),
		TEST(a_stack_may_say_whose_a_strange_name_is),
		TEST(a_stack_makes_no_other_account_of_one),
		TEST(the_account_that_was_looked_at_is_the_one_that_is_let_in),
		TEST(a_module_that_hangs_ends_with_the_deadline),
		TEST(a_module_that_ends_the_process_ends_the_sign_in),
		TEST(a_module_that_asks_on_is_cut_off),
		TEST(a_module_that_talks_on_is_cut_short),
		TEST(what_is_no_text_is_not_shown),
		TEST(binary_prompts_of_others_are_not_understood),
		TEST(a_stack_that_is_not_there_lets_nobody_in),
		TEST(nobody_at_the_socket_is_told_from_the_loop),
		TEST(a_queue_that_is_full_is_nobody),
		TEST(more_than_there_may_be_are_refused),
		TEST(names_that_no_message_carries_are_refused),
		TEST(a_user_who_leaves_in_a_question_is_forgotten),
		TEST(a_user_who_leaves_while_the_store_is_asked_is_forgotten),
		TEST(reports_that_do_not_fit_end_it),
		TEST(reports_without_a_question_end_it),
		TEST(a_claim_to_be_another_account_ends_it),
		TEST(one_that_never_stops_talking_is_ended),
		TEST(one_that_says_nothing_is_waited_for_only_so_long),
		TEST(one_that_has_gone_silences_nobody_who_came_since),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
