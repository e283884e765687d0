/* sekisho-mediator: carries one whole session between the relay worker and a jump host, over libfreerdp, and ends with it.
 *
 *	fd 2 the log   3 the supervisor
 *
 * Started when a session begins whose terminal says `--relay mediated`. MEDIATE_BEGIN brings the socket to the worker, who logs on, and by
 * which certificate the jump host is known; then the sandbox closes. MEDIATE_HOST brings the jump host's socket, and only then
 * is anything read from either. What the session's bytes can take over here is this session, and the credentials until the
 * log-on is done.
 */
#include "base/cleanup.h"
#include "base/lock_down.h"
#include "base/log.h"
#include "base/secret.h"
#include "mediator/mediation.h"
#include "mediator/notices.h"
#include "messages/channel.h"
#include "messages/supervised.h"
#include "notice/banner.h"
#include "supervisor/children.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGES_A_TURN 8

static struct {
	struct channel *supervisor;
	struct mediator_key key;
	struct msg_mediate_begin begin; /* its password is wiped once libfreerdp has it */
	struct host_trust trust;
	int worker_fd;
	struct mediation *mediation; /* NULL before MEDIATE_HOST */
	bool over;
} process = {.worker_fd = -1};

static int
fail(const char *what, int error)
{
	log_event(EV_MEDIATOR_FAILED, "what='%s' error='%s'", what, strerror(-error));
	return error;
}

static int
on_begin(struct channel *channel, union message_body *message)
{
	const struct msg_mediate_begin *begin = &message->mediate_begin;
	const struct host_trust_said said = {.kind = begin->trust,
		.pin = begin->pin,
		.pin_len = begin->pin_len,
		.ca_bundle = begin->ca_bundle,
		.ca_bundle_len = begin->ca_bundle_len,
		.name = begin->host_name};
	int r = said.kind > HOST_TRUST_CA ? -EINVAL : host_trust_init(&process.trust, &said);

	if (r < 0)
		return fail("the host's pin or CA", r);
	if (begin->nla > ATTACH_NLA_REQUIRED)
		return -EPROTO;
	process.begin = *begin;
	process.worker_fd = channel_take_fd(channel);
	return lock_down(LOCK_DOWN_MEDIATOR);
}

static int
on_host(struct channel *channel, union message_body *message)
{
	const struct mediation_setup setup = {.begin = &process.begin,
		.trust = &process.trust,
		.key = &process.key,
		.port = message->mediate_host.port};
	int host_fd = channel_take_fd(channel);
	int r = mediation_start(&setup, &process.worker_fd, &host_fd, &process.mediation);

	return r < 0 ? fail("libfreerdp", r) : 0;
}

static int
on_notice(struct channel *channel, union message_body *message)
{
	(void)channel;
	if (process.mediation != NULL)
		notices_show(mediation_notices(process.mediation), &message->notice_show);
	return 0;
}

static const struct channel_handler handlers[] = {
	{MSG_MEDIATE_BEGIN, on_begin},
	{MSG_MEDIATE_HOST, on_host},
	{MSG_NOTICE_SHOW, on_notice},
	{MSG_PING, supervised_on_ping},
	{MSG_NOTHING, NULL},
};

static int
meet_supervisor(void)
{
	const struct channel_setup setup = {
		.self = PROCESS_MEDIATOR, .peer = PROCESS_SUPERVISOR, .handlers = handlers};
	int r = supervised_meet(&setup, CHILD_FD_CHANNEL, &process.supervisor);

	return r < 0 ? fail("the supervisor's channel", r) : 0;
}

static int
prepare(void)
{
	const char *what = "";
	int r;

	(void)signal(SIGPIPE, SIG_IGN);
	r = lock_down_early();
	if (r == 0)
		r = lock_down_before_threads();
	if (r < 0)
		return r;
	r = mediation_warm_up(&what);
	if (r < 0)
		return fail(what, r);
	r = banner_warm_up(NULL, &what);
	if (r < 0)
		return fail(what, r);
	r = mediator_key_new(&process.key);
	if (r < 0)
		return fail("a key for nobody", r);
	return meet_supervisor();
}

/* The supervisor first: it must know why when the worker says that the host is gone. */
static int
tell_news(void)
{
	struct mediation_news news;
	struct msg_notice_over notice;
	int r = 0;

	mediation_take_news(process.mediation, &news);
	if (news.has_certificate)
		r = channel_send(
			process.supervisor, MSG_MEDIATE_CERTIFICATE, &news.certificate, -1);
	if (r == 0 && news.has_result)
		r = channel_send(process.supervisor, MSG_MEDIATE_RESULT, &news.result, -1);
	if (news.over)
		mediation_heard(process.mediation);
	while (r == 0 && notices_take(mediation_notices(process.mediation), &notice))
		r = channel_send(process.supervisor, MSG_NOTICE_OVER, &notice, -1);
	process.over = news.over;
	return r < 0 ? -ECONNRESET : 0;
}

static int
hear_supervisor(short revents)
{
	const char *why = NULL;
	int r;

	if ((revents & POLLOUT) != 0 && channel_flush(process.supervisor) < 0)
		return -ECONNRESET;
	if ((revents & ~POLLOUT) == 0)
		return 0;
	r = channel_receive(process.supervisor, MESSAGES_A_TURN, &why);
	if (r == 0 || r == -ECONNRESET)
		return r;
	return fail(why != NULL ? why : "the supervisor's channel", r);
}

static int
turn(void)
{
	struct pollfd waits[2] = {
		{.fd = channel_fd(process.supervisor),
			.events = (short)channel_events(process.supervisor)},
		{.fd = process.mediation == NULL ? -1 : mediation_fd(process.mediation),
			.events = POLLIN},
	};
	struct notices *notices =
		process.mediation == NULL ? NULL : mediation_notices(process.mediation);
	int r;

	if (poll(waits, ARRAY_SIZE(waits), notices == NULL ? -1 : notices_wait_ms(notices)) < 0)
		return errno == EINTR ? 0 : -errno;
	if (notices != NULL)
		notices_remind(notices);
	r = hear_supervisor(waits[0].revents);
	if (r == 0 && (waits[1].revents & POLLIN) != 0)
		r = tell_news();
	return r == 0 && process.over ? -ECONNRESET : r;
}

int
main(void)
{
	int r;

	log_init("sekisho-mediator");
	if (prepare() < 0)
		return CHILD_EXIT_UNUSABLE;
	do
		r = turn();
	while (r == 0);
	secret_wipe(&process.begin, sizeof(process.begin));
	/* In mid-session the library's threads are where they are: nothing waits for them. */
	if (!process.over)
		_exit(r == -ECONNRESET ? 0 : 1);
	mediation_free(process.mediation);
	host_trust_done(&process.trust);
	channel_free(process.supervisor);
	return r == -ECONNRESET ? 0 : 1;
}
