/* See conversation.h. What modules say is other people's: bounded and made UTF-8 here, judged by the supervisor.
 *
 * Everything blocks: there is nothing else to do. channel.c does not, so a poll stands before it.
 */
#include "pam/conversation.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/sentence.h"
#include "base/utf_8.h"
#include "messages/channel.h"
#include "pam/binary_prompt.h"
#include "pam/steps.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <security/pam_appl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct conversation {
	struct channel *channel;
	timer_t deadline;
	struct msg_pam_begin begin;
	enum pam_step step;
	uint32_t serial; /* of the newest question */
	unsigned int prompts, texts;

	enum message awaited; /* the only one that may come now */
	bool has_arrived;
	union message_body *arrived;
};

/* The end, from wherever it is. Memory goes with the process. */
__attribute__((noreturn)) static void
leave(int status)
{
	_exit(status);
}

/* SIGKILL cannot be blocked, caught or forgotten by a module, and needs no turn of ours. */
static int
set_deadline(struct conversation *conversation, uint32_t ms)
{
	const struct itimerspec after = {
		.it_value = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000}};

	return timer_settime(conversation->deadline, 0, &after, NULL) < 0 ? -errno : 0;
}

static int
make_deadline(struct conversation *conversation)
{
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGKILL};

	if (timer_create(CLOCK_MONOTONIC, &event, &conversation->deadline) < 0)
		return -errno;
	return set_deadline(conversation, BEGIN_MOST_MS);
}

static int
arrive(struct channel *channel, enum message number, const void *body, size_t len)
{
	struct conversation *conversation = channel_owner(channel);

	if (conversation->awaited != number || conversation->has_arrived)
		return -EPROTO;
	memcpy(conversation->arrived, body, len);
	conversation->has_arrived = true;
	return 0;
}

static int
on_begin(struct channel *channel, union message_body *message)
{
	if (message->pam_begin.build_hash != messages_build_hash())
		return -EPROTO;
	return arrive(channel, MSG_PAM_BEGIN, message, sizeof(message->pam_begin));
}

static int
on_answer(struct channel *channel, union message_body *message)
{
	const struct conversation *conversation = channel_owner(channel);

	if (message->pam_answer.serial != conversation->serial)
		return -EPROTO;
	return arrive(channel, MSG_PAM_ANSWER, message, sizeof(message->pam_answer));
}

static int
on_account(struct channel *channel, union message_body *message)
{
	return arrive(channel, MSG_PAM_ACCOUNT, message, sizeof(message->pam_account));
}

static int
on_kept(struct channel *channel, union message_body *message)
{
	return arrive(channel, MSG_PAM_KEPT, message, sizeof(message->pam_kept));
}

static const struct channel_handler handlers[] = {
	{MSG_PAM_BEGIN, on_begin},
	{MSG_PAM_ANSWER, on_answer},
	{MSG_PAM_ACCOUNT, on_account},
	{MSG_PAM_KEPT, on_kept},
	{0},
};

/* Sends what is waiting and takes what comes, once. Leaves when the supervisor has gone or breaks a rule. */
static void
turn(struct conversation *conversation)
{
	struct pollfd poller = {.fd = channel_fd(conversation->channel),
		.events = (short)channel_events(conversation->channel)};
	const char *why = "the channel cannot be written";
	int r = 0;

	if (poll(&poller, 1, -1) < 0)
		return;
	if ((poller.revents & POLLOUT) != 0)
		r = channel_flush(conversation->channel);
	if (r == 0 && (poller.revents & ~POLLOUT) != 0)
		r = channel_receive(conversation->channel, 1, &why);
	if (r == 0)
		return;
	if (r != -ECONNRESET)
		log_event(EV_PAM_FAILED, "why='%s'", why);
	leave(r == -ECONNRESET ? EXIT_SUCCESS : EXIT_FAILURE);
}

static void
await(struct conversation *conversation, enum message number)
{
	conversation->awaited = number;
	conversation->has_arrived = false;
	while (!conversation->has_arrived)
		turn(conversation);
	conversation->awaited = MSG_NOTHING;
}

static void
send_message(struct conversation *conversation, enum message number, const void *body)
{
	int r = channel_send(conversation->channel, number, body, -1);

	/* A body that does not fit the table is a mistake of ours or a module that asks twice. */
	if (r < 0)
		leave(EXIT_FAILURE);
}

/* What PAM ended with. Everything of it has left when this returns. */
static void
tell_result(struct conversation *conversation, int code, const char *user, const char *why)
{
	struct msg_pam_result result = {
		.step = (uint8_t)conversation->step, .code = (uint32_t)code};

	strncpy(result.user, user, sizeof(result.user) - 1);
	strncpy(result.why, why, sentence_cut(why, sizeof(result.why) - 1));
	if (!utf_8_is_valid(result.user, strlen(result.user)))
		result.user[0] = '\0';
	if (!utf_8_is_valid(result.why, strlen(result.why)))
		result.why[0] = '\0';
	send_message(conversation, MSG_PAM_RESULT, &result);
	while ((channel_events(conversation->channel) & POLLOUT) != 0)
		turn(conversation);
}

/* A module that would go on asking does not get the word again. */
__attribute__((noreturn)) static void
end_for_asking_too_much(struct conversation *conversation)
{
	static const char why[] = "a module asks too much";

	log_event(EV_PAM_FAILED, "why='%s'", why);
	tell_result(conversation, PAM_ABORT, "", why);
	leave(EXIT_FAILURE);
}

/* Any bytes as UTF-8, cut at a character's end. ret_text has room for size bytes. */
static void
make_utf_8(const char *text, char *ret_text, size_t size)
{
	size_t left = strlen(text), len = 0;

	while (left > 0) {
		uint32_t character;
		size_t step = utf_8_read(text, left, &character);
		size_t bytes = step == 0 ? 1 : step;

		if (len + bytes >= size)
			break;
		if (step == 0)
			ret_text[len] = '?';
		else
			memcpy(ret_text + len, text, step);
		len += bytes;
		text += bytes;
		left -= bytes;
	}
	ret_text[len] = '\0';
}

/* Sends one question or text; for a question the answer is in conversation->arrived then. */
static void
put_prompt(struct conversation *conversation, struct msg_pam_prompt *prompt)
{
	bool is_question =
		prompt->style == PAM_PROMPT_ECHO_OFF || prompt->style == PAM_PROMPT_ECHO_ON;

	if (is_question && ++conversation->prompts > PROMPTS_MOST)
		end_for_asking_too_much(conversation);
	if (!is_question && ++conversation->texts > TEXTS_MOST)
		return;
	prompt->serial = ++conversation->serial;
	send_message(conversation, MSG_PAM_PROMPT, prompt);
	if (is_question)
		await(conversation, MSG_PAM_ANSWER);
}

/* Returns a code of PAM. *ret_answer is malloc's, NULL for what is not answered. */
static int
pass_text(struct conversation *conversation, const struct pam_message *message, char **ret_answer)
{
	struct msg_pam_prompt prompt = {.style = (uint8_t)message->msg_style};
	struct msg_pam_answer *answer = &conversation->arrived->pam_answer;
	bool is_question = message->msg_style == PAM_PROMPT_ECHO_OFF ||
			   message->msg_style == PAM_PROMPT_ECHO_ON;

	make_utf_8(message->msg == NULL ? "" : message->msg, prompt.text, sizeof(prompt.text));
	put_prompt(conversation, &prompt);
	if (!is_question)
		return PAM_SUCCESS;
	*ret_answer = calloc(1, answer->answer_len + 1);
	if (*ret_answer != NULL)
		memcpy(*ret_answer, answer->answer, answer->answer_len);
	secret_wipe(answer, sizeof(*answer));
	return *ret_answer == NULL ? PAM_BUF_ERR : PAM_SUCCESS;
}

/* What pam_sekisho.so may say to the supervisor, and what it hears. */
static enum message
answer_to(enum message question)
{
	switch (question) {
	case MSG_PAM_PROMPT:
		return MSG_PAM_ANSWER;
	case MSG_PAM_ASK:
		return MSG_PAM_ACCOUNT;
	case MSG_PAM_REPORT:
		return MSG_PAM_KEPT;
	default:
		return MSG_NOTHING;
	}
}

static int
make_frame(enum message number, void *body, size_t body_bytes, char **ret_frame)
{
	char *frame = malloc(BINARY_PROMPT_MOST);
	int len = frame == NULL ? -ENOMEM
				: binary_prompt_put(number, body, frame, BINARY_PROMPT_MOST);

	secret_wipe(body, body_bytes);
	if (len < 0) {
		secret_free(frame);
		return PAM_BUF_ERR;
	}
	*ret_frame = frame;
	return PAM_SUCCESS;
}

static int
pass_message(struct conversation *conversation, const void *frame, char **ret_answer)
{
	auto_free union message_body *body = calloc(1, sizeof(*body));
	const struct message_row *row;
	enum message answer;
	int len = frame == NULL ? -EPROTO : binary_prompt_length(frame);

	if (body == NULL)
		return PAM_BUF_ERR;
	/* Another module's, or a module of another build: it hears that nobody understands it. */
	if (len < 0 || binary_prompt_get(frame, (size_t)len, &row, body) < 0)
		return PAM_CONV_ERR;
	answer = answer_to(row->number);
	if (answer == MSG_PAM_ANSWER && body->pam_prompt.style != PAM_PROMPT_ECHO_OFF &&
		body->pam_prompt.style != PAM_PROMPT_ECHO_ON)
		answer = MSG_NOTHING;
	if (answer == MSG_PAM_ANSWER) {
		put_prompt(conversation, &body->pam_prompt);
	} else if (answer != MSG_NOTHING) {
		send_message(conversation, row->number, body);
		await(conversation, answer);
	}
	message_wipe(row, body);
	return answer == MSG_NOTHING ? PAM_CONV_ERR
				     : make_frame(answer, conversation->arrived,
					       message_row(answer)->body_bytes, ret_answer);
}

static int
pass_one(struct conversation *conversation, const struct pam_message *message, char **ret_answer)
{
	switch (message->msg_style) {
	case PAM_PROMPT_ECHO_OFF:
	case PAM_PROMPT_ECHO_ON:
	case PAM_TEXT_INFO:
	case PAM_ERROR_MSG:
		return pass_text(conversation, message, ret_answer);
	case PAM_BINARY_PROMPT:
		return pass_message(conversation, message->msg, ret_answer);
	default:
		return PAM_CONV_ERR;
	}
}

static int
converse(int count, const struct pam_message **messages, struct pam_response **ret_responses,
	void *owner)
{
	struct pam_response *responses;
	int r = PAM_SUCCESS;

	if (count <= 0 || count > PAM_MAX_NUM_MSG)
		return PAM_CONV_ERR;
	responses = calloc((size_t)count, sizeof(*responses));
	if (responses == NULL)
		return PAM_BUF_ERR;
	for (int i = 0; i < count && r == PAM_SUCCESS; i++)
		r = pass_one(owner, messages[i], &responses[i].resp);
	if (r == PAM_SUCCESS) {
		*ret_responses = responses;
		return r;
	}
	for (int i = 0; i < count; i++)
		secret_free(responses[i].resp);
	free(responses);
	return r;
}

static int
start(const struct conversation *conversation, const struct pam_conv *conv, const char *confdir,
	pam_handle_t **ret_pam)
{
	int r = confdir == NULL
			? pam_start(SEKISHO_SERVICE, conversation->begin.user, conv, ret_pam)
			: pam_start_confdir(SEKISHO_SERVICE, conversation->begin.user, conv,
				  confdir, ret_pam);

	if (r == PAM_SUCCESS)
		r = pam_set_item(*ret_pam, PAM_RHOST, conversation->begin.host);
	/* Some modules want to know where somebody sits. */
	if (r == PAM_SUCCESS)
		r = pam_set_item(*ret_pam, PAM_TTY, SEKISHO_SERVICE);
	return r;
}

/* The steps after START. Returns the code of the one that said no, or PAM_SUCCESS. */
static int
go_through(struct conversation *conversation, pam_handle_t *pam)
{
	int r;

	conversation->step = PAM_STEP_AUTHENTICATE;
	r = pam_authenticate(pam, PAM_DISALLOW_NULL_AUTHTOK);
	if (r != PAM_SUCCESS)
		return r;
	conversation->step = PAM_STEP_ACCOUNT;
	r = pam_acct_mgmt(pam, PAM_DISALLOW_NULL_AUTHTOK);
	if (r != PAM_NEW_AUTHTOK_REQD)
		return r;
	conversation->step = PAM_STEP_CHANGE;
	return pam_chauthtok(pam, PAM_CHANGE_EXPIRED_AUTHTOK);
}

static int
hold(struct conversation *conversation, const char *confdir)
{
	const struct pam_conv conv = {.conv = converse, .appdata_ptr = conversation};
	pam_handle_t *pam = NULL;
	const void *user = NULL;
	int r = start(conversation, &conv, confdir, &pam);

	if (r == PAM_SUCCESS)
		r = go_through(conversation, pam);
	if (r == PAM_SUCCESS)
		r = pam_get_item(pam, PAM_USER, &user);
	if (r == PAM_SUCCESS && user == NULL)
		r = PAM_SYSTEM_ERR;
	tell_result(conversation, r, user == NULL ? "" : user, pam_strerror(pam, r));
	if (pam != NULL)
		(void)pam_end(pam, r);
	return EXIT_SUCCESS;
}

int
conversation_run(int *fd, const char *confdir)
{
	struct conversation conversation = {.arrived = calloc(1, sizeof(*conversation.arrived))};
	const struct channel_setup setup = {.self = PROCESS_PAM,
		.peer = PROCESS_SUPERVISOR,
		.handlers = handlers,
		.owner = &conversation};
	uint32_t ms;
	int r = conversation.arrived == NULL ? -ENOMEM : make_deadline(&conversation);

	if (r == 0)
		r = channel_new(&setup, fd, &conversation.channel);
	if (r == 0) {
		await(&conversation, MSG_PAM_BEGIN);
		conversation.begin = conversation.arrived->pam_begin;
		ms = conversation.begin.deadline_ms;
		r = set_deadline(
			&conversation, ms < 1 || ms > DEADLINE_MOST_MS ? DEADLINE_MOST_MS : ms);
	}
	if (r == 0)
		r = hold(&conversation, confdir);
	if (r < 0)
		log_event(EV_PAM_FAILED, "why='%s'", strerror(-r));
	channel_free(conversation.channel);
	secret_free(conversation.arrived);
	return r < 0 ? EXIT_FAILURE : r;
}
