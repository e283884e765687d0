/* See nla_logons.h. What a sekisho-nla says comes from a process that a jump host's bytes reach: an outcome for its one session. */
#include "supervisor/nla_logons.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "settings/settings.h"
#include "supervisor/host_child.h"
#include "supervisor/kdc_search.h"
#include "supervisor/principals.h"
#include "supervisor/refused_certificate.h"
#include "supervisor/resumes.h"
#include "supervisor/told_host.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct nla_logon {
	struct connection *connection;
	struct host_child host;
	struct kdc_search *search; /* from its first question for a KDC to its tickets */
	bool by_kerberos;
	bool has_tickets;
	struct host_credentials credentials; /* for a host that has no NLA, until that is known */
	bool has_result;
};

static const struct host_child_kind kind = {.kind = CHILD_NLA,
	.socket_type = SOCK_SEQPACKET,
	.begin = MSG_NLA_BEGIN,
	.begin_size = sizeof(struct msg_nla_begin)};

enum close_reason
nla_wanted(const struct terminal *terminal, const struct host_credentials *credentials,
	enum attach_nla *ret_nla)
{
	bool given = host_credentials_given(credentials);

	if (terminal->nla == TERMINAL_NLA_REQUIRED && !given)
		return CLOSE_HOST_WANTS_NLA;
	*ret_nla = ATTACH_WITHOUT_NLA;
	if (given && terminal->nla != TERMINAL_NLA_OFF)
		*ret_nla = terminal->nla == TERMINAL_NLA_REQUIRED ? ATTACH_NLA_REQUIRED
								  : ATTACH_NLA_IF_OFFERED;
	return CLOSE_NONE;
}

void
nla_logon_end(struct connection *connection)
{
	struct nla_logon *logon = take_pointer(&connection->nla);

	if (logon == NULL)
		return;
	kdc_search_end(logon->search);
	host_child_done(&logon->host);
	host_credentials_done(&logon->credentials);
	free(logon);
}

void
nla_logon_succeeded(struct connection *connection)
{
	const struct nla_logon *logon = connection->nla;

	if (logon != NULL && logon->credentials.mode == CREDENTIALS_PASS_THROUGH)
		resume_needs_password(connection->supervisor->resumes, connection->session->id);
	nla_logon_end(connection);
}

static void
fill_in_kerberos(
	struct nla_logon *logon, struct msg_nla_begin *begin, const struct terminal *terminal)
{
	const struct krb5_conf *conf = logon->connection->supervisor->krb5;

	logon->by_kerberos = principal_of(conf, terminal, &logon->credentials, begin->principal);
	if (logon->by_kerberos)
		(void)snprintf(begin->krb5, sizeof(begin->krb5), "%s", conf->relations);
}

static void
fill_in(struct nla_logon *logon, const struct terminal *terminal)
{
	struct msg_nla_begin *begin = logon->host.begin;

	TELL_TRUST(begin, terminal);
	TELL_CREDENTIALS(begin, &logon->credentials);
	fill_in_kerberos(logon, begin, terminal);
}

int
nla_logon_start(struct connection *connection, const struct terminal *terminal,
	struct host_credentials *credentials)
{
	struct nla_logon *logon = calloc(1, sizeof(*logon));
	int r;

	nla_logon_end(connection);
	if (logon == NULL)
		return -ENOMEM;
	logon->connection = connection;
	logon->credentials = *credentials;
	*credentials = (struct host_credentials){.mode = credentials->mode};
	connection->nla = logon;
	r = host_child_init(&logon->host, &kind);
	if (r == 0) {
		fill_in(logon, terminal);
		/* Its worker is told none, whatever it says of the host. */
		if (terminal->nla == TERMINAL_NLA_REQUIRED)
			host_credentials_done(&logon->credentials);
		r = host_child_start(&logon->host, connection->supervisor->children, logon);
	}
	if (r < 0)
		nla_logon_end(connection);
	return r;
}

int
nla_logon_to_worker(struct connection *connection)
{
	const struct msg_nla_channel message = {.connection = connection->id};
	int r = children_send(
		connection->worker, MSG_NLA_CHANNEL, &message, connection->nla->host.workers);

	host_child_close_workers(&connection->nla->host);
	return r;
}

int
nla_logon_not_offered(struct connection *connection)
{
	struct msg_host_credentials message = {.connection = connection->id};
	struct nla_logon *logon = connection->nla;
	int r;

	if (logon == NULL || connection->host_fd < 0 ||
		!host_credentials_given(&logon->credentials))
		return -EPROTO;
	TELL_CREDENTIALS(&message, &logon->credentials);
	r = children_send(connection->worker, MSG_HOST_CREDENTIALS, &message, -1);
	secret_wipe(&message, sizeof(message));
	nla_logon_end(connection);
	return r;
}

enum close_reason
nla_logon_reason(struct connection *connection, enum close_reason reason, const char **detail)
{
	struct nla_logon *logon = connection->nla;

	if (logon == NULL || (reason != CLOSE_HOST_LOGON && reason != CLOSE_NLA_FAULT))
		return reason;
	/* It says so before it tells the worker; which channel the loop heard first is chance. */
	if (logon->host.child != NULL)
		children_hear(logon->host.child);
	if (!logon->has_result || logon->host.reason == CLOSE_NONE)
		return reason;
	*detail = logon->host.detail;
	return logon->host.reason;
}

static int
on_result(struct channel *channel, union message_body *message)
{
	const struct msg_nla_result *result = &message->nla_result;
	enum nla_outcome outcome = (enum nla_outcome)result->outcome;
	struct nla_logon *logon = child_tag(channel_owner(channel));

	if (logon == NULL)
		return 0;
	if (result->outcome >= NLA_OUTCOME_COUNT)
		return -EPROTO;
	logon->has_result = true;
	host_child_note(&logon->host, nla_close_reason(outcome, result->status), result->status,
		nla_status_name(outcome, result->status), result->why);
	host_credentials_done(&logon->credentials);
	kdc_search_end(take_pointer(&logon->search));
	return 0;
}

static void
on_kdc_found(void *owner, int fd, uint32_t limit_ms)
{
	const struct msg_kdc_socket message = {.limit_ms = limit_ms};
	struct nla_logon *logon = owner;
	auto_fd int taken = fd;

	(void)children_send(logon->host.child, MSG_KDC_SOCKET, &message, taken);
}

static void
on_kdc_none(void *owner, bool is_known)
{
	const struct msg_kdc_none message = {.is_known = is_known};
	struct nla_logon *logon = owner;

	(void)children_send(logon->host.child, MSG_KDC_NONE, &message, -1);
}

/* The worker hears of it by the end of its channel, and asks why (nla_logon_reason). */
static void
on_kdc_late(void *owner)
{
	struct nla_logon *logon = owner;

	kdc_search_end(take_pointer(&logon->search));
	logon->has_result = true;
	host_child_note(&logon->host, CLOSE_KERBEROS_NO_KDC, 0, "", "kerberos.deadline is over");
	host_credentials_done(&logon->credentials);
	children_end_taken(take_pointer(&logon->host.child));
}

static int
search_new(struct nla_logon *logon)
{
	const struct supervisor *supervisor = logon->connection->supervisor;
	const struct kdc_search_setup setup = {
		.loop = supervisor->loop,
		.conf = supervisor->krb5,
		.deadline_ms = supervisor->settings->kerberos.deadline_ms,
		.connection = logon->connection->id,
		.owner = logon,
		.found = on_kdc_found,
		.none = on_kdc_none,
		.late = on_kdc_late,
	};

	return kdc_search_new(&setup, &logon->search);
}

static int
on_kdc_wanted(struct channel *channel, union message_body *message)
{
	const struct msg_kdc_wanted *wanted = &message->kdc_wanted;
	struct nla_logon *logon = child_tag(channel_owner(channel));
	int r = 0;

	if (logon == NULL)
		return 0;
	if (!logon->by_kerberos || logon->has_tickets || logon->has_result)
		return -EPROTO;
	if (logon->search == NULL)
		r = search_new(logon);
	return r < 0 ? r : kdc_search_next(logon->search, wanted->realm, wanted->failed);
}

static int
on_kdc_done(struct channel *channel, union message_body *message)
{
	struct nla_logon *logon = child_tag(channel_owner(channel));

	(void)message;
	if (logon == NULL)
		return 0;
	logon->has_tickets = true;
	kdc_search_end(take_pointer(&logon->search));
	return 0;
}

/* The same event as where the worker has found it. */
static int
on_certificate(struct channel *channel, union message_body *message)
{
	struct nla_logon *logon = child_tag(channel_owner(channel));
	struct msg_certificate_refused refused = {0};

	if (logon == NULL)
		return 0;
	COPY_CERTIFICATE(&refused, &message->nla_certificate);
	return certificate_refused(logon->connection, &refused);
}

const struct channel_handler nla_messages[] = {
	{MSG_NLA_RESULT, on_result},
	{MSG_NLA_CERTIFICATE, on_certificate},
	{MSG_KDC_WANTED, on_kdc_wanted},
	{MSG_KDC_DONE, on_kdc_done},
	{MSG_NOTHING, NULL},
};

void
nla_ready(void *owner, struct child *child)
{
	struct nla_logon *logon = child_tag(child);

	(void)owner;
	host_child_ready(&logon->host);
}

/* The worker hears of it by the end of its channel. */
void
nla_died(void *owner, struct child *child)
{
	struct nla_logon *logon = child_tag(child);

	(void)owner;
	kdc_search_end(take_pointer(&logon->search));
	host_child_died(&logon->host);
}
