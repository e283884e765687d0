/* A PAM conversation's end in the supervisor; see pam_conversation.h.
 *
 * The bytes come from sekisho-pam, whose modules are other people's code: what they say is bounded by messages.def and
 * shown to the user without control characters; what they report is kept only where it fits what they were told. They
 * can let this conversation's user in, which is their work, and nobody else.
 */
#include "supervisor/pam_conversation.h"

#include "base/cleanup.h"
#include "base/secret.h"
#include "messages/channel.h"
#include "pam/conversation.h"
#include "policy/store/store.h"
#include "settings/settings.h"
#include "supervisor/pam_rules.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <security/_pam_types.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#define MESSAGES_A_TURN 16
#define INFO_SIZE 4097 /* of SHOW.text, with NUL */
/* Beyond the deadline that sekisho-pam itself has: one that does not keep it. */
#define PATIENCE_MS 1000

/* One question to the store at a time. It lives until the store has answered, whether or not anybody still waits. */
struct question {
	struct store_job job;
	struct pam_conversation *conversation; /* NULL: nobody does */
	char typed[sizeof((struct msg_pam_begin *)NULL)->user];
	char named[sizeof((struct msg_pam_result *)NULL)->user]; /* of find: whom PAM ended with */
	char source[sizeof((struct msg_pam_begin *)NULL)->host];
	struct sign_in_account account; /* answer of load, and of find: the one that was named */
	int64_t typed_number;           /* answer of find: whose name was typed, 0: nobody's */
	struct msg_pam_report report;
	bool accepted; /* answer of keep */
};

static const char gone[] = "sekisho-pam has ended before it was done";

struct pam_conversation {
	struct supervisor *supervisor;
	const struct pam_events *events; /* NULL: nobody waits for it any more */
	void *owner;
	struct pam_conversation *next, **at; /* in supervisor->pam_unattended, then */
	struct channel *channel;             /* NULL: nobody answered */
	uv_poll_t poll;
	uv_timer_t timer;
	const char *timer_says;
	unsigned int open_handles;
	bool over;

	struct msg_pam_begin begin;
	unsigned int prompts; /* questions and texts that came */
	bool is_asked;        /* a question is with the user */
	bool answered;        /* one was: what was typed is looked at, unless the next one is */
	uint32_t serial;
	char info[INFO_SIZE];
	bool info_is_error;

	struct question *question;
	struct pam_told told;
	char detail[256];
};

/* The end */

static void
on_handle_closed(uv_handle_t *handle)
{
	struct pam_conversation *conversation = handle->data;

	if (--conversation->open_handles > 0)
		return;
	channel_free(conversation->channel);
	secret_wipe(conversation, sizeof(*conversation));
	free(conversation);
}

static void
let_go(struct pam_conversation *conversation)
{
	conversation->over = true;
	conversation->supervisor->pam_conversations--;
	if (conversation->at != NULL) {
		*conversation->at = conversation->next;
		if (conversation->next != NULL)
			conversation->next->at = conversation->at;
	}
	if (conversation->question != NULL)
		take_pointer(&conversation->question)->conversation = NULL;
	if (conversation->channel != NULL)
		channel_close(conversation->channel);
	uv_close((uv_handle_t *)&conversation->timer, on_handle_closed);
}

static void
finish(struct pam_conversation *conversation, enum pam_outcome outcome, int64_t account,
	const char *detail)
{
	const struct pam_ended ended = {
		.outcome = outcome,
		.wait_ms = outcome == PAM_WAIT ? conversation->told.wait_ms : 0,
		.info = conversation->info,
		.account_number = account,
		.barred = (conversation->told.accepted & 1u << SIGN_IN_BARRED) != 0,
		.detail = detail,
	};

	if (conversation->over)
		return;
	let_go(conversation);
	if (conversation->events != NULL)
		conversation->events->ended(conversation->owner, &ended);
}

static void
on_timer(uv_timer_t *timer)
{
	const struct pam_conversation *conversation = timer->data;

	finish(timer->data, PAM_UNAVAILABLE, 0, conversation->timer_says);
}

/* Ends it after so long, or, with 0, from the loop. */
static void
end_after(struct pam_conversation *conversation, uint64_t ms, const char *detail)
{
	conversation->timer_says = detail;
	(void)uv_timer_start(&conversation->timer, on_timer, ms, 0);
}

/* What the store is asked, and what becomes of its answers */

static int
load(struct store_db *db, struct store_job *job)
{
	struct question *question = (struct question *)job;

	return sign_in_load(db, question->typed, question->source, &question->account);
}

static int
find(struct store_db *db, struct store_job *job)
{
	struct question *question = (struct question *)job;
	int r;

	r = load(db, job);
	question->typed_number = question->account.number;
	secret_wipe(&question->account, sizeof(question->account));
	return r < 0 ? r : sign_in_load(db, question->named, question->source, &question->account);
}

static int
keep(struct store_db *db, struct store_job *job)
{
	struct question *question = (struct question *)job;
	const struct msg_pam_report *report = &question->report;
	const struct sign_in_note note = {
		.what = (enum sign_in_report)report->what,
		.typed = question->typed,
		.source = question->source,
		.step = report->step,
		.hash = (const char *)report->hash,
		.seed = report->seed,
		.seed_len = report->seed_len,
	};

	question->accepted = false;
	return sign_in_keep(db, &note, &question->accepted);
}

/* The conversation that waits for it, or NULL; a store that failed ends it. */
static struct pam_conversation *
answered(struct question *question, int status)
{
	struct pam_conversation *conversation = take_pointer(&question->conversation);

	if (conversation == NULL)
		return NULL;
	conversation->question = NULL;
	if (status >= 0)
		return conversation;
	snprintf(conversation->detail, sizeof(conversation->detail), "the database: %s",
		store_error_text(status));
	finish(conversation, PAM_UNAVAILABLE, 0, conversation->detail);
	return NULL;
}

static void
send_message(struct pam_conversation *conversation, enum message number, const void *body)
{
	int r = channel_send(conversation->channel, number, body, -1);

	/* A channel that has closed has already said so (events_changed). */
	if (r < 0)
		channel_close(conversation->channel);
}

static void
on_loaded(struct store_job *job, int status)
{
	struct question *question = (struct question *)job;
	struct pam_conversation *conversation = answered(question, status);
	struct msg_pam_account message = {0};

	if (conversation != NULL) {
		conversation->told = (struct pam_told){.something = true,
			.number = question->account.number,
			.wait_ms = question->account.wait_ms,
			.second_factor = question->account.second_factor};
		pam_fill_account(conversation->supervisor->settings, question->typed,
			&question->account, &message);
		send_message(conversation, MSG_PAM_ACCOUNT, &message);
		secret_wipe(&message, sizeof(message));
	}
	secret_free(question);
}

static void
on_kept(struct store_job *job, int status)
{
	struct question *question = (struct question *)job;
	struct pam_conversation *conversation = answered(question, status);
	const struct msg_pam_kept message = {.accepted = question->accepted};

	if (conversation != NULL) {
		if (question->accepted)
			conversation->told.accepted |= 1u << question->report.what;
		send_message(conversation, MSG_PAM_KEPT, &message);
	}
	secret_free(question);
}

/* PAM has let somebody in: whom? */
static void
on_found(struct store_job *job, int status)
{
	struct question *question = (struct question *)job;
	struct pam_conversation *conversation = answered(question, status);

	if (conversation != NULL &&
		!pam_may_be(&conversation->told, question->typed_number, question->account.number))
		finish(conversation, PAM_UNAVAILABLE, 0,
			"the user that PAM ended with is not the one it was asked about");
	else if (conversation != NULL)
		finish(conversation, PAM_SIGNED_IN, question->account.number, "signed in");
	secret_free(question);
}

/* -EPROTO: the answer to another question is still awaited. */
static int
new_question(struct pam_conversation *conversation, struct question **ret_question)
{
	struct question *question;

	if (conversation->question != NULL)
		return -EPROTO;
	question = calloc(1, sizeof(*question));
	if (question == NULL)
		return -ENOMEM;
	question->conversation = conversation;
	snprintf(question->typed, sizeof(question->typed), "%s", conversation->begin.user);
	snprintf(question->source, sizeof(question->source), "%s", conversation->begin.host);
	conversation->question = question;
	*ret_question = question;
	return 0;
}

/* What sekisho-pam says */

static void
add_info(struct pam_conversation *conversation, const struct msg_pam_prompt *prompt)
{
	char text[sizeof(prompt->text)];
	size_t len = strlen(conversation->info);
	size_t need;

	pam_clean_text(prompt->text, TEXT_LINES, text);
	/* With a line's end before it and NUL behind. What does not fit any more is not shown: the greeter would not either. */
	need = (len > 0) + strlen(text) + 1;
	if (text[0] == '\0' || len + need > sizeof(conversation->info))
		return;
	if (len > 0)
		conversation->info[len++] = '\n';
	memcpy(conversation->info + len, text, strlen(text) + 1);
	conversation->info_is_error |= prompt->style == PAM_ERROR_MSG;
}

static void
forget_info(struct pam_conversation *conversation)
{
	conversation->info[0] = '\0';
	conversation->info_is_error = false;
}

static int
on_prompt(struct channel *channel, union message_body *message)
{
	struct pam_conversation *conversation = channel_owner(channel);
	const struct msg_pam_prompt *prompt = &message->pam_prompt;
	char text[sizeof(prompt->text)];
	const struct pam_question question = {
		.style = prompt->style,
		.prompt = text,
		.info = conversation->info,
		.info_is_error = conversation->info_is_error,
		.otpauth = (const char *)prompt->otpauth,
	};

	/* sekisho-pam ends by itself a module that asks on; one that has been taken over does not. */
	if (conversation->is_asked || conversation->prompts++ >= PROMPTS_MOST + TEXTS_MOST)
		return -EPROTO;
	switch (prompt->style) {
	case PAM_TEXT_INFO:
	case PAM_ERROR_MSG:
		add_info(conversation, prompt);
		return 0;
	case PAM_PROMPT_ECHO_OFF:
	case PAM_PROMPT_ECHO_ON:
		if (conversation->events == NULL) {
			let_go(conversation);
			return 0;
		}
		pam_clean_text(prompt->text, TEXT_LINE, text);
		conversation->is_asked = true;
		conversation->serial = prompt->serial;
		conversation->events->asked(conversation->owner, &question);
		if (!conversation->over)
			forget_info(conversation);
		return 0;
	default:
		return -EPROTO;
	}
}

static int
on_ask(struct channel *channel, union message_body *message)
{
	struct pam_conversation *conversation = channel_owner(channel);
	struct question *question;
	int r = message->pam_ask.version == 1 ? 0 : -EPROTO;

	if (r == 0)
		r = new_question(conversation, &question);
	if (r < 0)
		return r;
	question->job.work = load;
	question->job.done = on_loaded;
	store_read(conversation->supervisor->store, &question->job);
	return 0;
}

static int
on_report(struct channel *channel, union message_body *message)
{
	struct pam_conversation *conversation = channel_owner(channel);
	struct question *question;
	int r = pam_may_report(&conversation->told, message->pam_report.what) ? 0 : -EPROTO;

	if (r == 0)
		r = new_question(conversation, &question);
	if (r < 0)
		return r;
	conversation->told.reports++;
	question->report = message->pam_report;
	question->job.work = keep;
	question->job.done = on_kept;
	store_write(conversation->supervisor->store, &question->job);
	return 0;
}

static int
on_result(struct channel *channel, union message_body *message)
{
	struct pam_conversation *conversation = channel_owner(channel);
	const struct msg_pam_result *result = &message->pam_result;
	struct question *question;
	int r;

	if (result->code == PAM_SUCCESS) {
		/* Who is still being asked something has not been let in. */
		r = result->user[0] == '\0' || conversation->is_asked
			    ? -EPROTO
			    : new_question(conversation, &question);
		if (r < 0)
			return r;
		snprintf(question->named, sizeof(question->named), "%s", result->user);
		question->job.work = find;
		question->job.done = on_found;
		store_read(conversation->supervisor->store, &question->job);
		return 0;
	}
	snprintf(conversation->detail, sizeof(conversation->detail), "%s: %s",
		pam_step_name(result->step), result->why);
	finish(conversation, pam_outcome_of(result, &conversation->told), 0, conversation->detail);
	return 0;
}

static const struct channel_handler handlers[] = {
	{MSG_PAM_PROMPT, on_prompt},
	{MSG_PAM_ASK, on_ask},
	{MSG_PAM_REPORT, on_report},
	{MSG_PAM_RESULT, on_result},
	{0},
};

static void
on_channel(uv_poll_t *poll, int status, int events)
{
	struct pam_conversation *conversation = poll->data;
	const char *why = "its channel cannot be written";
	int r = 0;

	if (status == 0 && (events & UV_WRITABLE) != 0)
		r = channel_flush(conversation->channel);
	/* An error of the poll is a peer that closed with something unread; reading tells. */
	if (r == 0 && (status < 0 || (events & UV_READABLE) != 0))
		r = channel_receive(conversation->channel, MESSAGES_A_TURN, &why);
	if (r == 0 || conversation->over)
		return;
	/* A result is the last that comes: it ends, and the store is still being asked whom it let in. */
	if (r == -ECONNRESET && conversation->question != NULL &&
		conversation->question->job.done == on_found)
		return;
	finish(conversation, PAM_UNAVAILABLE, 0, r == -ECONNRESET ? gone : why);
}

/* The channel's hook. Closed by a send that failed: that is told from the loop. */
static void
events_changed(struct channel *channel)
{
	struct pam_conversation *conversation = channel_owner(channel);
	int events = channel_events(channel);

	if (events != 0) {
		(void)uv_poll_start(&conversation->poll,
			UV_READABLE | ((events & POLLOUT) != 0 ? UV_WRITABLE : 0), on_channel);
		return;
	}
	/* While the descriptor is open: epoll forgets its number once more when the handle is closed, and later it would be
	 * another's, who would never be heard again. */
	uv_close((uv_handle_t *)&conversation->poll, on_handle_closed);
	if (!conversation->over &&
		(conversation->question == NULL || conversation->question->job.done != on_found))
		end_after(conversation, 0, gone);
}

/* The beginning */

/* -EAGAIN: more wait for sekisho-pam than its socket lets wait. */
static int
reach(const char *path, int *ret_fd)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	auto_fd int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	*ret_fd = take_fd(&fd);
	return 0;
}

/* Takes *fd. */
static int
watch(struct pam_conversation *conversation, int *fd)
{
	const struct channel_setup setup = {
		.self = PROCESS_SUPERVISOR,
		.peer = PROCESS_PAM,
		.handlers = handlers,
		.owner = conversation,
		.events_changed = events_changed,
	};
	struct channel *channel;
	int r = channel_new(&setup, fd, &channel);

	if (r < 0)
		return r;
	r = uv_poll_init(conversation->supervisor->loop, &conversation->poll, channel_fd(channel));
	if (r < 0) {
		channel_free(channel);
		return r;
	}
	conversation->channel = channel;
	conversation->poll.data = conversation;
	conversation->open_handles++;
	r = uv_poll_start(&conversation->poll, UV_READABLE, on_channel);
	if (r == 0)
		r = channel_send(conversation->channel, MSG_PAM_BEGIN, &conversation->begin, -1);
	return r;
}

/* Either with a channel, or with a timer that says that there is nobody. */
static int
begin(struct pam_conversation *conversation)
{
	const struct settings *settings = conversation->supervisor->settings;
	int fd = -1;
	int r = reach(settings->sign_in.pam_socket, &fd);

	if (r < 0) {
		end_after(conversation, 0, "sekisho-pam cannot be reached");
		return 0;
	}
	end_after(conversation, (uint64_t)settings->limits.greet_ms + PATIENCE_MS,
		"the conversation took too long");
	return watch(conversation, &fd);
}

int
pam_conversation_start(struct supervisor *supervisor, const char *user, const char *source,
	const struct pam_events *events, void *owner, struct pam_conversation **ret_conversation)
{
	struct pam_conversation *conversation;
	int r;

	if (supervisor->pam_conversations >= supervisor->settings->sign_in.greeters)
		return -EUSERS;
	conversation = calloc(1, sizeof(*conversation));
	if (conversation == NULL)
		return -ENOMEM;
	conversation->supervisor = supervisor;
	conversation->events = events;
	conversation->owner = owner;
	r = pam_fill_begin(supervisor->settings, user, source, &conversation->begin);
	if (r < 0) {
		free(conversation);
		return r;
	}
	(void)uv_timer_init(supervisor->loop, &conversation->timer);
	conversation->timer.data = conversation;
	conversation->open_handles = 1;
	supervisor->pam_conversations++;
	r = begin(conversation);
	if (r < 0) {
		let_go(conversation);
		return r;
	}
	*ret_conversation = conversation;
	return 0;
}

void
pam_conversation_answer(struct pam_conversation *conversation, const char *answer)
{
	struct msg_pam_answer message = {.serial = conversation->serial};

	if (!conversation->is_asked || conversation->over)
		return;
	conversation->is_asked = false;
	conversation->answered = true;
	message.answer_len = (uint32_t)strnlen(answer, sizeof(message.answer) - 1);
	memcpy(message.answer, answer, message.answer_len);
	send_message(conversation, MSG_PAM_ANSWER, &message);
	secret_wipe(&message, sizeof(message));
}

bool
pam_conversation_leave(struct pam_conversation *conversation)
{
	struct pam_conversation **first;

	if (conversation == NULL || conversation->over)
		return false;
	if (!conversation->answered || conversation->is_asked ||
		conversation->supervisor->state == SUPERVISOR_STOPPING) {
		let_go(conversation);
		return false;
	}
	first = &conversation->supervisor->pam_unattended;
	conversation->events = NULL;
	conversation->at = first;
	conversation->next = *first;
	if (conversation->next != NULL)
		conversation->next->at = &conversation->next;
	*first = conversation;
	return true;
}

void
pam_conversations_stop(struct supervisor *supervisor)
{
	while (supervisor->pam_unattended != NULL)
		let_go(supervisor->pam_unattended);
}
