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
#include "base/secret.h"
#include "child/program.h"
#include "mediator/mediation.h"
#include "mediator/notices.h"
#include "messages/supervised.h"
#include "notice/banner.h"

#include <errno.h>
#include <unistd.h>

static struct {
	struct running running;
	struct mediator_key key;
	struct msg_mediate_begin begin; /* its password is wiped once libfreerdp has it */
	struct host_trust trust;
	int worker_fd;
	struct mediation *mediation; /* NULL before MEDIATE_HOST */
} process = {.worker_fd = -1};

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
		return program_fail(&process.running, "the host's pin or CA", r);
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
		.port = message->mediate_host.port,
		.activate_ms = message->mediate_host.activate_ms};
	int host_fd = channel_take_fd(channel);
	int r = mediation_start(&setup, &process.worker_fd, &host_fd, &process.mediation);

	return r < 0 ? program_fail(&process.running, "libfreerdp", r) : 0;
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
warm_up(const char **ret_what)
{
	int r = mediation_warm_up(ret_what);

	if (r == 0)
		r = banner_warm_up(NULL, ret_what);
	if (r < 0)
		return r;
	*ret_what = "a key for nobody";
	return mediator_key_new(&process.key);
}

/* The supervisor first: it must know why when the worker says that the host is gone. */
static void
tell_news(void)
{
	struct mediation_news news;
	struct msg_notice_over notice;

	mediation_take_news(process.mediation, &news);
	if (news.has_certificate)
		program_say(&process.running, MSG_MEDIATE_CERTIFICATE, &news.certificate);
	if (news.has_result)
		program_say(&process.running, MSG_MEDIATE_RESULT, &news.result);
	if (news.over)
		mediation_heard(process.mediation);
	while (notices_take(mediation_notices(process.mediation), &notice))
		program_say(&process.running, MSG_NOTICE_OVER, &notice);
	process.running.over = news.over;
}

static int
wait_ms(void)
{
	if (process.mediation == NULL)
		return -1;
	return program_sooner(notices_wait_ms(mediation_notices(process.mediation)),
		mediation_wait_ms(process.mediation));
}

static int
turn(void)
{
	struct pollfd waits[2] = {
		[1] = {.fd = process.mediation == NULL ? -1 : mediation_fd(process.mediation),
			.events = POLLIN}};
	int r = program_wait(&process.running, waits, ARRAY_SIZE(waits), wait_ms());

	if (r < 0)
		return r;
	if (process.mediation != NULL) {
		notices_remind(mediation_notices(process.mediation));
		mediation_look_at_clock(process.mediation);
	}
	r = program_hear(&process.running, waits[0].revents);
	if (r == 0 && (waits[1].revents & POLLIN) != 0)
		tell_news();
	return r;
}

static void
done(int status)
{
	secret_wipe(&process.begin, sizeof(process.begin));
	/* In mid-session the library's threads are where they are: nothing waits for them. */
	if (!process.running.over)
		_exit(status);
	mediation_free(process.mediation);
	host_trust_done(&process.trust);
}

int
main(void)
{
	static const struct program program = {
		.name = "sekisho-mediator",
		.failed = EV_MEDIATOR_FAILED,
		.self = PROCESS_MEDIATOR,
		.starts_threads = true,
		.handlers = handlers,
		.messages_a_turn = 8,
		.warm_up = warm_up,
		.turn = turn,
		.done = done,
	};

	return program_main(&program, &process.running);
}
