/* Memory that runs out in a PAM conversation, at the supervisor's end: whoever signs in does so whole, or is told that it does not
 * work; never is somebody let in by it. sekisho-pam is played, and needs no memory; so is the store. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "fail_nth.h"
#include "messages/messages.h"
#include "policy/store/store.h"
#include "settings/settings.h"
#include "supervisor/pam_conversation.h"

#include <errno.h>
#include <security/_pam_types.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static uv_loop_t loop;
static struct settings settings;
static struct supervisor supervisor;
static char path[64], name[] = "Aoba";
static int listener;

static struct {
	struct pam_conversation *conversation;
	struct store_job *job; /* that the store has been handed */
	unsigned int ended, reports;
	enum pam_outcome outcome;
	int64_t account;
} seen;

int
sign_in_load(struct store_db *db, const char *typed, const char *source,
	struct sign_in_account *ret_account)
{
	(void)db;
	(void)typed;
	(void)source;
	*ret_account = (struct sign_in_account){.number = 7, .hash = "$y$j9T$salt$hash"};
	return 0;
}

int
sign_in_keep(struct store_db *db, const struct sign_in_note *note, bool *ret_accepted)
{
	(void)db;
	(void)note;
	seen.reports++;
	*ret_accepted = true;
	return 0;
}

void
store_read(struct store *store, struct store_job *job)
{
	(void)store;
	assert_null(seen.job);
	seen.job = job;
}

void
store_write(struct store *store, struct store_job *job)
{
	store_read(store, job);
}

const char *
store_error_text(int status)
{
	(void)status;
	return "no";
}

static void
on_asked(void *owner, const struct pam_question *question)
{
	(void)owner;
	(void)question;
	pam_conversation_answer(seen.conversation, "right");
}

static void
on_ended(void *owner, const struct pam_ended *ended)
{
	(void)owner;
	seen.ended++;
	seen.outcome = ended->outcome;
	seen.account = ended->account_number;
	seen.conversation = NULL;
}

static const struct pam_events events = {.asked = on_asked, .ended = on_ended};

static void
serve(void)
{
	struct store_job *job = take_pointer(&seen.job);

	uv_run(&loop, UV_RUN_NOWAIT);
	if (job != NULL)
		job->done(job, job->work(NULL, job));
}

static void
say(int peer, enum message number, const void *body)
{
	static uint8_t room[MESSAGE_MOST_BYTES];
	int len = message_put(number, body, room, sizeof(room));

	assert_true(len > 0);
	(void)send(peer, room, (size_t)len, MSG_NOSIGNAL);
	for (int i = 0; i < 4; i++)
		serve();
}

/* A conversation as pam_sekisho's goes. */
static void
converse(void)
{
	const struct msg_pam_prompt prompt = {
		.serial = 1, .style = PAM_PROMPT_ECHO_OFF, .text = "Password: "};
	const struct msg_pam_ask ask = {.version = 1};
	const struct msg_pam_report reports[] = {
		{.what = SIGN_IN_PASSWORD_RIGHT}, {.what = SIGN_IN_RIGHT}};
	const struct msg_pam_result result = {.step = 2, .user = "taro"};
	int peer = accept(listener, NULL, NULL);

	assert_true(peer >= 0);
	say(peer, MSG_PAM_PROMPT, &prompt);
	say(peer, MSG_PAM_ASK, &ask);
	say(peer, MSG_PAM_REPORT, &reports[0]);
	say(peer, MSG_PAM_REPORT, &reports[1]);
	say(peer, MSG_PAM_RESULT, &result);
	(void)close(peer);
}

static void
a_conversation_ends_well_or_lets_nobody_in(void **state)
{
	struct fail_run run;

	(void)state;
	fail_begin(&run);
	while (fail_next(&run)) {
		int r;

		memset(&seen, 0, sizeof(seen));
		assert_int_equal(uv_loop_init(&loop), 0);
		fail_arm(&run);
		r = pam_conversation_start(
			&supervisor, "taro", "10.2.3.4", &events, &seen, &seen.conversation);
		if (r == 0)
			converse();
		fail_disarm(&run);
		while (r == 0 && seen.ended == 0)
			serve();
		assert_true(r == 0 || (run.hit && r == -ENOMEM));
		if (r == 0 && seen.outcome == PAM_SIGNED_IN) {
			assert_int_equal(seen.account, 7);
			assert_int_equal(seen.reports, 2);
		} else if (r == 0) {
			assert_true(run.hit);
			assert_int_equal(seen.outcome, PAM_UNAVAILABLE);
			assert_int_equal(seen.account, 0);
		}
		/* Refused after it had connected: nobody is in the queue for the next one. */
		for (int left = 0; left >= 0;) {
			left = accept(listener, NULL, NULL);
			if (left >= 0)
				(void)close(left);
		}
		assert_int_equal(supervisor.pam_conversations, 0);
		uv_run(&loop, UV_RUN_DEFAULT);
		assert_int_equal(uv_loop_close(&loop), 0);
	}
	assert_true(run.tried >= 8);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_conversation_ends_well_or_lets_nobody_in)};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int r;

	(void)signal(SIGPIPE, SIG_IGN);
	snprintf(path, sizeof(path), "/tmp/sekisho-fail-pam.%d", (int)getpid());
	strcpy(address.sun_path, path);
	(void)unlink(path);
	listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
		listen(listener, 4) < 0)
		return 2;
	settings.sign_in.pam_socket = path;
	settings.sign_in.greeters = 2;
	settings.limits.greet_ms = 60000;
	settings.facility.name = name;
	supervisor.settings = &settings;
	supervisor.loop = &loop;
	fail_catch_libraries();
	r = cmocka_run_group_tests(tests, NULL, NULL);
	(void)close(listener);
	(void)unlink(path);
	return r;
}
