/* sekisho-nla: logs on to one jump host by NLA, in the name of one session, and ends.
 *
 *	fd 2 the log   3 the supervisor   5 the relay worker
 *
 * Started when a session begins whose jump host shall have NLA. NLA_BEGIN brings who logs on, with the password, by which certificate the
 * host is known, and the channel to the worker, which has TLS with the host and carries what is said. Then the sandbox
 * closes, and only then bytes of the host are read. Nothing leaves before its certificate was compared here. The supervisor
 * is told how it ended, the worker whether it may go on.
 */
#include "base/cleanup.h"
#include "base/lock_down.h"
#include "child/program.h"
#include "messages/supervised.h"
#include "nla/credssp.h"
#include "nla/errand.h"
#include "nla/host.h"
#include "nla/krb5_profile.h"
#include "rdp/x224.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define KEY_MOST 8192 /* RSA with 16384 bits has 2 KB */

static struct {
	struct running running;
	struct channel *worker;   /* NULL before NLA_BEGIN */
	struct msg_nla_begin who; /* wiped once CredSSP has its copy */
	struct host_trust trust;
	uint8_t key[KEY_MOST]; /* of the host, from its certificate */
	size_t key_len;
	uint32_t protocol;
	struct errand errand;    /* by Kerberos, the tickets come before CredSSP */
	struct credssp *credssp; /* NULL before NLA_HOST */
	struct msg_nla_to_host answer;
} process;

/* The supervisor first: it must know why when the worker says that it could not go on. */
static int
finish(enum nla_outcome outcome, uint32_t status, const char *why)
{
	struct msg_nla_result result = {.outcome = (uint8_t)outcome, .status = status};
	const struct msg_nla_done done = {.accepted = outcome == NLA_ACCEPTED};
	int r;

	if (why != NULL)
		(void)snprintf(result.why, sizeof(result.why), "%s", why);
	process.running.over = true;
	r = channel_send(process.running.supervisor, MSG_NLA_RESULT, &result, -1);
	return r < 0 ? r : channel_send(process.worker, MSG_NLA_DONE, &done, -1);
}

/* What the machine has written goes out; what it waits for comes in. */
static int
go_on(enum credssp_wants wants, const struct bytes_writer *out)
{
	uint32_t status;
	const char *why;
	enum nla_outcome outcome;

	if (out->len > 0) {
		process.answer.wants = (uint8_t)wants;
		process.answer.bytes_len = (uint32_t)out->len;
		if (channel_send(process.worker, MSG_NLA_TO_HOST, &process.answer, -1) < 0)
			return -ECONNRESET;
	}
	if (wants != CREDSSP_NOTHING)
		return 0;
	outcome = credssp_outcome(process.credssp, &status, &why);
	return finish(outcome, status, why);
}

static const char *
principal(void)
{
	return process.who.principal[0] != '\0' ? process.who.principal : NULL;
}

static int
begin_credssp(void)
{
	const struct secret password = {process.who.password, process.who.password_len};
	const struct credssp_setup setup = {
		.identity = {.user = process.who.user,
			.domain = process.who.domain,
			.password = &password,
			.host_name = process.who.host_name,
			.principal = principal()},
		.public_key = {process.key, process.key_len},
		.authorisation = process.protocol == RDP_PROTOCOL_HYBRID_EX,
	};
	struct bytes_writer out;
	int r = credssp_new(&setup, &process.credssp);

	secret_wipe(process.who.password, sizeof(process.who.password));
	if (r < 0)
		return finish(r == -ENOTSUP ? NLA_NO_PACKAGE : NLA_OUT_OF_ROOM, 0,
			r == -ENOTSUP ? "WinPR has no package for it" : NULL);
	bytes_writer_init(&out, process.answer.bytes, TS_REQUEST_MAX);
	return go_on(credssp_begin(process.credssp, &out), &out);
}

static int
begin_errand(void)
{
	const struct secret password = {process.who.password, process.who.password_len};
	const struct tickets_setup setup = {.principal = process.who.principal,
		.password = &password,
		.host_name = process.who.host_name};

	return errand_start(&process.errand, &setup, process.running.supervisor);
}

/* Once: the tickets are there, or will not be. */
static int
after_errand(int r)
{
	struct errand *errand = &process.errand;

	if (r < 0 || !errand->over || process.credssp != NULL || process.running.over)
		return r;
	if (errand->outcome != NLA_ACCEPTED)
		return finish(errand->outcome, errand->status, errand->why);
	errand_done(errand);
	return begin_credssp();
}

static int
on_host(struct channel *channel, union message_body *message)
{
	const struct msg_nla_host *host = &message->nla_host;
	const struct pdu_bytes ders = {host->certificates, host->certificates_len};
	struct msg_nla_certificate refused;
	int r = nla_host_judge(&process.trust, &ders, process.key, sizeof(process.key),
		&process.key_len, &refused);

	(void)channel;
	process.protocol = host->protocol;
	if (r == -EKEYREJECTED &&
		channel_send(process.running.supervisor, MSG_NLA_CERTIFICATE, &refused, -1) < 0)
		return -ECONNRESET;
	if (r == -EKEYREJECTED)
		return finish(NLA_CERTIFICATE, 0, "the certificate is not the trusted one");
	if (r < 0)
		return finish(NLA_MALFORMED, 0, "a certificate that cannot be read");
	return principal() != NULL ? after_errand(begin_errand()) : begin_credssp();
}

static int
on_kdc_socket(struct channel *channel, union message_body *message)
{
	auto_fd int fd = channel_take_fd(channel);

	return after_errand(errand_on_socket(&process.errand, &fd, message->kdc_socket.limit_ms));
}

static int
on_kdc_none(struct channel *channel, union message_body *message)
{
	(void)channel;
	return after_errand(errand_on_none(&process.errand, message->kdc_none.is_known));
}

static int
on_from_host(struct channel *channel, union message_body *message)
{
	const struct msg_nla_from_host *from = &message->nla_from_host;
	struct bytes_writer out;

	(void)channel;
	if (process.credssp == NULL || process.running.over)
		return -EPROTO;
	bytes_writer_init(&out, process.answer.bytes, TS_REQUEST_MAX);
	return go_on(credssp_on_bytes(process.credssp, from->bytes, from->bytes_len, &out), &out);
}

static const struct channel_handler worker_handlers[] = {
	{MSG_NLA_HOST, on_host},
	{MSG_NLA_FROM_HOST, on_from_host},
	{MSG_NOTHING, NULL},
};

static int
on_begin(struct channel *channel, union message_body *message)
{
	const struct msg_nla_begin *begin = &message->nla_begin;
	const struct host_trust_said said = {.kind = begin->trust,
		.pin = begin->pin,
		.pin_len = begin->pin_len,
		.ca_bundle = begin->ca_bundle,
		.ca_bundle_len = begin->ca_bundle_len,
		.name = begin->host_name};
	const struct channel_setup setup = {.self = PROCESS_NLA,
		.peer = PROCESS_WORKER,
		.handlers = worker_handlers,
		.without_descriptors = true};
	auto_fd int fd = channel_take_fd(channel);
	int r = channel_new(&setup, &fd, &process.worker);

	if (r < 0)
		return program_fail(&process.running, "the worker's channel", r);
	r = said.kind == HOST_TRUST_NOBODY ? -EINVAL : host_trust_init(&process.trust, &said);
	if (r < 0)
		return program_fail(&process.running, "the host's pin or CA", r);
	process.who = *begin;
	if (principal() != NULL && !krb5_profile_is_used())
		return program_fail(&process.running, "libkrb5 that is told what to do", -ENOTSUP);
	krb5_profile_set(process.who.krb5);
	return lock_down(LOCK_DOWN_NLA);
}

static const struct channel_handler supervisor_handlers[] = {
	{MSG_NLA_BEGIN, on_begin},
	{MSG_KDC_SOCKET, on_kdc_socket},
	{MSG_KDC_NONE, on_kdc_none},
	{MSG_PING, supervised_on_ping},
	{MSG_NOTHING, NULL},
};

/* WinPR and OpenSSL open what they need once, for nobody. */
static void
rehearse(void)
{
	static uint8_t room[TS_REQUEST_MAX];
	const struct secret none = {0};
	const struct credssp_setup setup = {.identity = {.user = "nobody",
						    .domain = "",
						    .password = &none,
						    .host_name = "none"},
		.public_key = {room, 1}};
	struct credssp *credssp = NULL;
	struct bytes_writer out;

	if (credssp_new(&setup, &credssp) < 0)
		return;
	bytes_writer_init(&out, room, sizeof(room));
	(void)credssp_begin(credssp, &out);
	credssp_free(credssp);
}

static int
warm_up(const char **ret_what)
{
	int r;

	errand_init(&process.errand);
	/* WinPR's log would hold what jump hosts say. */
	(void)setenv("WLOG_LEVEL", "OFF", 1);
	*ret_what = "the legacy provider of OpenSSL, which has MD4 and RC4 for NTLM";
	r = sspi_self_test();
	if (r == 0)
		rehearse();
	return r;
}

static int
turn(void)
{
	int most_ms;
	struct pollfd waits[3] = {
		[1] = {.fd = process.worker == NULL ? -1 : channel_fd(process.worker),
			.events = POLLIN},
		[2] = errand_wait(&process.errand, &most_ms),
	};
	int r = program_wait(&process.running, waits, ARRAY_SIZE(waits), most_ms);

	if (r == 0)
		r = program_hear(&process.running, waits[0].revents);
	if (r == 0 && waits[1].revents != 0)
		r = program_receive(&process.running, process.worker, "the worker's channel");
	/* Another socket may have come in the meantime, under the number of the old one: it is asked without waiting. */
	if (r == 0 && !process.running.over)
		r = after_errand(errand_turn(&process.errand, waits[2].revents));
	return r;
}

static void
done(int status)
{
	(void)status;
	errand_done(&process.errand);
	credssp_free(process.credssp);
	secret_wipe(&process.who, sizeof(process.who));
	host_trust_done(&process.trust);
	channel_free(process.worker);
}

int
main(void)
{
	static const struct program program = {
		.name = "sekisho-nla",
		.failed = EV_NLA_FAILED,
		.self = PROCESS_NLA,
		.handlers = supervisor_handlers,
		.messages_a_turn = 8,
		.warm_up = warm_up,
		.turn = turn,
		.done = done,
	};

	return program_main(&program, &process.running);
}
