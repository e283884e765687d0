/* gateway/supervisor/pam_conversation.c against sekisho-pam as it is built, started for each connection as systemd does it;
 * the store is played. What sekisho-pam itself and pam_sekisho.so do with a stack is seen here whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "pam_conversation_fixture.h"
#include "stack.h"

#include <errno.h>
#include <security/_pam_types.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

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

	pam_tear_down(NULL);
	pam_set_up(NULL);
	seen.account.must_change = 1;
	seen.answers[0] = STACK_PASSWORD;
	seen.answers[1] = seen.answers[2] = "Tsuki-to-hoshi 42";
	assert_int_equal(outcome(STACK_SEKISHO), PAM_SIGNED_IN);
	assert_int_equal(seen.note_count, 4);
	assert_int_equal(seen.notes[1].what, SIGN_IN_BARRED);
	assert_int_equal(seen.notes[2].what, SIGN_IN_PASSWORD_NEW);
	assert_int_equal(seen.notes[3].what, SIGN_IN_RIGHT);
	assert_false(seen.ended.barred);
}

static void
who_is_barred_is_signed_in_as_such_and_told_why_by_the_rules(void **state)
{
	(void)state;
	seen.account.must_change = 1;
	seen.barred = true;
	seen.answers[0] = STACK_PASSWORD;
	assert_int_equal(outcome(STACK_SEKISHO), PAM_SIGNED_IN);
	assert_int_equal(seen.note_count, 2);
	assert_true(seen.ended.barred);
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
			pam_tear_down(NULL);
			pam_set_up(NULL);
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
			pam_tear_down(NULL);
			pam_set_up(NULL);
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
	(void)unlink(socket_path);
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
	strcpy(address.sun_path, socket_path);
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
	assert_false(seen.works_on);
}

/* Types `password`, is asked about in the store, and leaves. */
static void
leave_while_it_is_looked_at(const char *password)
{
	seen.slow = true;
	seen.answers[0] = password;
	start(STACK_SEKISHO);
	while (seen.job_count == 0)
		turn();
	assert_true(pam_conversation_leave(take_pointer(&seen.conversation)));
	assert_int_equal(supervisor.pam_conversations, 1);
	seen.slow = false;
	do_jobs();
}

static void
until_nobody_is_asked_about(void)
{
	while (supervisor.pam_conversations > 0)
		turn();
	reap();
	assert_false(seen.is_over);
	assert_int_equal(seen.asked, 1);
}

/* It costs as much as one who stays, and leaving earlier is no way of guessing. */
static void
a_password_whose_user_has_left_is_counted(void **state)
{
	(void)state;
	leave_while_it_is_looked_at("wrong");
	until_nobody_is_asked_about();
	assert_int_equal(seen.note_count, 1);
	assert_int_equal(seen.notes[0].what, SIGN_IN_PASSWORD_WRONG);
}

static void
nothing_more_is_asked_of_a_user_who_has_left(void **state)
{
	(void)state;
	seen.account.second_factor = SECOND_FACTOR_BOUND;
	leave_while_it_is_looked_at(STACK_PASSWORD);
	until_nobody_is_asked_about();
	assert_int_equal(seen.note_count, 1);
	assert_int_equal(seen.notes[0].what, SIGN_IN_PASSWORD_RIGHT);
	assert_string_equal(seen.said, "|Password|\n");
}

/* The password was right, no code was tried: nothing has been guessed at, and earlier failures stay as they are. */
static void
who_leaves_before_a_code_is_typed_is_not_charged(void **state)
{
	(void)state;
	seen.account.second_factor = SECOND_FACTOR_BOUND;
	seen.answers[0] = STACK_PASSWORD;
	start(STACK_SEKISHO);
	while (strstr(seen.said, "One-time code") == NULL)
		turn();
	assert_false(pam_conversation_leave(take_pointer(&seen.conversation)));
	assert_int_equal(supervisor.pam_conversations, 0);
	reap();
	assert_int_equal(seen.note_count, 1);
	assert_int_equal(seen.notes[0].what, SIGN_IN_PASSWORD_RIGHT);
}

static void
those_who_have_left_hold_up_no_stop(void **state)
{
	(void)state;
	leave_while_it_is_looked_at("wrong");
	pam_conversations_stop(&supervisor);
	assert_int_equal(supervisor.pam_conversations, 0);
	reap();

	pam_tear_down(state);
	pam_set_up(state);
	seen.slow = true;
	seen.answers[0] = "wrong";
	start(STACK_SEKISHO);
	while (seen.job_count == 0)
		turn();
	supervisor.state = SUPERVISOR_STOPPING;
	assert_false(pam_conversation_leave(take_pointer(&seen.conversation)));
	assert_int_equal(supervisor.pam_conversations, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, pam_set_up, pam_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_right_password_signs_in),
		TEST(a_wrong_one_is_refused_and_counted),
		TEST(who_has_to_wait_is_told_how_long),
		TEST(a_picture_and_a_change_come_through),
		TEST(who_is_barred_is_signed_in_as_such_and_told_why_by_the_rules),
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
		TEST(a_password_whose_user_has_left_is_counted),
		TEST(nothing_more_is_asked_of_a_user_who_has_left),
		TEST(who_leaves_before_a_code_is_typed_is_not_charged),
		TEST(those_who_have_left_hold_up_no_stop),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
