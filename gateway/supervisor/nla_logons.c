/* See nla_logons.h. What a sekisho-nla says comes from a process that a jump host's bytes reach: an outcome for its one session. */
#include "supervisor/nla_logons.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "settings/settings.h"
#include "supervisor/children.h"
#include "supervisor/kdc_search.h"
#include "supervisor/principals.h"
#include "supervisor/refused_certificate.h"
#include "supervisor/resumes.h"
#include "supervisor/told_host.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DETAIL_SIZE 256 /* more than any text of ENDED and the number before it */

struct nla_logon {
	struct connection *connection;
	struct child *child;       /* NULL once it is gone */
	struct kdc_search *search; /* from its first question for a KDC to its tickets */
	bool by_kerberos;
	bool has_tickets;
	int theirs; /* its end of the channel to the worker, until it has it */
	int workers;
	struct msg_nla_begin *begin;         /* NULL once it has it */
	struct host_credentials credentials; /* for a host that has no NLA, until that is known */
	bool has_result;
	enum close_reason reason;
	char detail[DETAIL_SIZE];
};

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

static void
begin_done(struct nla_logon *logon)
{
	if (logon->begin == NULL)
		return;
	secret_wipe(logon->begin, sizeof(*logon->begin));
	free(take_pointer(&logon->begin));
}

static void
close_end(int *fd)
{
	auto_fd int end = take_fd(fd);

	(void)end;
}

void
nla_logon_end(struct connection *connection)
{
	struct nla_logon *logon = take_pointer(&connection->nla);

	if (logon == NULL)
		return;
	kdc_search_end(logon->search);
	if (logon->child != NULL)
		children_end_taken(logon->child);
	begin_done(logon);
	host_credentials_done(&logon->credentials);
	close_end(&logon->theirs);
	close_end(&logon->workers);
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

static int
begin_new(struct nla_logon *logon, const struct terminal *terminal)
{
	struct msg_nla_begin *begin = calloc(1, sizeof(*begin));

	if (begin == NULL)
		return -ENOMEM;
	TELL_TRUST(begin, terminal);
	TELL_CREDENTIALS(begin, &logon->credentials);
	fill_in_kerberos(logon, begin, terminal);
	logon->begin = begin;
	return 0;
}

int
nla_logon_start(struct connection *connection, const struct terminal *terminal,
	struct host_credentials *credentials)
{
	struct nla_logon *logon = calloc(1, sizeof(*logon));
	int ends[2];
	int r;

	nla_logon_end(connection);
	if (logon == NULL)
		return -ENOMEM;
	logon->connection = connection;
	logon->theirs = logon->workers = -1;
	logon->credentials = *credentials;
	*credentials = (struct host_credentials){.mode = credentials->mode};
	connection->nla = logon;
	r = begin_new(logon, terminal);
	/* Its worker is told none, whatever it says of the host. */
	if (terminal->nla == TERMINAL_NLA_REQUIRED)
		host_credentials_done(&logon->credentials);
	if (r == 0)
		r = channel_pair(ends);
	if (r == 0) {
		logon->theirs = ends[0];
		logon->workers = ends[1];
		r = children_take(
			connection->supervisor->children, CHILD_NLA, logon, &logon->child);
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
		connection->worker, MSG_NLA_CHANNEL, &message, connection->nla->workers);

	close_end(&connection->nla->workers);
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
	if (logon->child != NULL)
		children_hear(logon->child);
	if (!logon->has_result || logon->reason == CLOSE_NONE)
		return reason;
	*detail = logon->detail;
	return logon->reason;
}

/* What administrators read: the number, Windows' name for it, and what sekisho-nla had to say. */
static void
note_detail(struct nla_logon *logon, const struct msg_nla_result *result)
{
	const char *name = nla_status_name((enum nla_outcome)result->outcome, result->status);

	if (result->status != 0)
		(void)snprintf(logon->detail, sizeof(logon->detail), "0x%08x%s%s%s%s",
			(unsigned int)result->status, name[0] == '\0' ? "" : " ", name,
			result->why[0] == '\0' ? "" : ": ", result->why);
	else
		(void)snprintf(logon->detail, sizeof(logon->detail), "%s", result->why);
}

static int
on_result(struct channel *channel, union message_body *message)
{
	const struct msg_nla_result *result = &message->nla_result;
	struct nla_logon *logon = child_tag(channel_owner(channel));

	if (logon == NULL)
		return 0;
	if (result->outcome >= NLA_OUTCOME_COUNT)
		return -EPROTO;
	logon->has_result = true;
	logon->reason = nla_close_reason((enum nla_outcome)result->outcome, result->status);
	note_detail(logon, result);
	host_credentials_done(&logon->credentials);
	kdc_search_end(take_pointer(&logon->search));
	return 0;
}

static void
on_kdc_found(void *owner, int fd, uint32_t limit_ms)
{
	const struct msg_kdc_socket message = {.limit_ms = limit_ms};
	struct nla_logon *logon = owner;

	(void)children_send(logon->child, MSG_KDC_SOCKET, &message, fd);
	close_end(&fd);
}

static void
on_kdc_none(void *owner, bool is_known)
{
	const struct msg_kdc_none message = {.is_known = is_known};
	struct nla_logon *logon = owner;

	(void)children_send(logon->child, MSG_KDC_NONE, &message, -1);
}

/* The worker hears of it by the end of its channel, and asks why (nla_logon_reason). */
static void
on_kdc_late(void *owner)
{
	struct nla_logon *logon = owner;

	kdc_search_end(take_pointer(&logon->search));
	logon->has_result = true;
	logon->reason = CLOSE_KERBEROS_NO_KDC;
	(void)snprintf(logon->detail, sizeof(logon->detail), "kerberos.deadline is over");
	host_credentials_done(&logon->credentials);
	children_end_taken(take_pointer(&logon->child));
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
	const struct msg_nla_certificate *told = &message->nla_certificate;
	struct nla_logon *logon = child_tag(channel_owner(channel));
	struct msg_certificate_refused refused = {
		.sha256_len = told->sha256_len,
		.not_before = told->not_before,
		.not_after = told->not_after,
	};

	if (logon == NULL)
		return 0;
	memcpy(refused.sha256, told->sha256, sizeof(refused.sha256));
	memcpy(refused.subject, told->subject, sizeof(refused.subject));
	memcpy(refused.issuer, told->issuer, sizeof(refused.issuer));
	memcpy(refused.names, told->names, sizeof(refused.names));
	memcpy(refused.distrust, told->distrust, sizeof(refused.distrust));
	return certificate_refused(logon->connection, &refused);
}

const struct channel_handler nla_messages[] = {
	{MSG_NLA_RESULT, on_result},
	{MSG_NLA_CERTIFICATE, on_certificate},
	{MSG_KDC_WANTED, on_kdc_wanted},
	{MSG_KDC_DONE, on_kdc_done},
	{MSG_NOTHING, NULL},
};

/* The password goes out. */
void
nla_ready(void *owner, struct child *child)
{
	struct nla_logon *logon = child_tag(child);

	(void)owner;
	if (logon->begin == NULL)
		return;
	(void)children_send(child, MSG_NLA_BEGIN, logon->begin, logon->theirs);
	begin_done(logon);
	close_end(&logon->theirs);
}

/* The worker hears of it by the end of its channel. */
void
nla_died(void *owner, struct child *child)
{
	struct nla_logon *logon = child_tag(child);

	(void)owner;
	logon->child = NULL;
	kdc_search_end(take_pointer(&logon->search));
	begin_done(logon);
	close_end(&logon->theirs);
}
