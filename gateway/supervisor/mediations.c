/* See mediations.h. What a sekisho-mediator says comes from a process that a jump host's bytes reach for as long as the session lasts:
 * a word about this one session. */
#include "supervisor/mediations.h"

#include "base/cleanup.h"
#include "mediator/outcomes.h"
#include "settings/settings.h"
#include "supervisor/children.h"
#include "supervisor/nla_logons.h"
#include "supervisor/notices.h"
#include "supervisor/principals.h"
#include "supervisor/refused_certificate.h"
#include "supervisor/resumes.h"
#include "supervisor/told_host.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define DETAIL_SIZE 256 /* more than any text of ENDED and the number before it */

struct mediation {
	struct connection *connection;
	struct child *child; /* NULL once it is gone */
	int theirs;          /* its end of the socketpair, until it has it */
	int workers;
	uint16_t port;
	bool has_begin; /* MEDIATE_BEGIN has gone */
	bool dialled;
	bool has_host; /* MEDIATE_HOST has gone */
	bool passed_through;
	struct msg_mediate_begin *begin; /* NULL once it has it */
	bool connected, by_nla;
	bool ended; /* it has said the last that it says */
	enum close_reason reason;
	char detail[DETAIL_SIZE];
};

static void
begin_done(struct mediation *mediation)
{
	if (mediation->begin == NULL)
		return;
	secret_wipe(mediation->begin, sizeof(*mediation->begin));
	free(take_pointer(&mediation->begin));
}

static void
close_end(int *fd)
{
	auto_fd int end = take_fd(fd);

	(void)end;
}

void
mediation_end(struct connection *connection)
{
	struct mediation *mediation = take_pointer(&connection->mediation);

	if (mediation == NULL)
		return;
	if (mediation->child != NULL)
		children_end_taken(mediation->child);
	begin_done(mediation);
	close_end(&mediation->theirs);
	close_end(&mediation->workers);
	free(mediation);
}

bool
mediation_is_there(const struct connection *connection)
{
	return connection->mediation != NULL;
}

int
mediation_send(struct connection *connection, enum message number, const void *body)
{
	struct mediation *mediation = connection->mediation;

	if (mediation == NULL)
		return -EOPNOTSUPP;
	if (mediation->child == NULL || !mediation->connected || mediation->ended)
		return -ENOTCONN;
	return children_send(mediation->child, number, body, -1);
}

/* Beginning */

/* FreeRDP's client would look for a KDC by itself; ours are the supervisor's to connect to (kdc_search.h). And who belongs to
 * such a realm is not brought to NTLM. */
static bool
needs_kerberos(const struct connection *connection, const struct terminal *terminal,
	const struct host_credentials *credentials, enum attach_nla nla)
{
	char principal[PRINCIPAL_SIZE];
	bool needs = nla != ATTACH_WITHOUT_NLA &&
		     principal_of(connection->supervisor->krb5, terminal, credentials, principal);

	secret_wipe(principal, sizeof(principal));
	return needs;
}

static int
begin_new(struct mediation *mediation, const struct terminal *terminal,
	const struct host_credentials *credentials, const struct auto_reconnect_cookie *cookie)
{
	struct msg_mediate_begin *begin = calloc(1, sizeof(*begin));

	if (begin == NULL)
		return -ENOMEM;
	TELL_TRUST(begin, terminal);
	if (host_credentials_given(credentials))
		TELL_CREDENTIALS(begin, credentials);
	if (cookie != NULL) {
		begin->host_logon_id = cookie->logon_id;
		begin->host_random_len = sizeof(cookie->random);
		memcpy(begin->host_random, cookie->random, sizeof(cookie->random));
	}
	mediation->begin = begin;
	return 0;
}

static int
make_ends(struct mediation *mediation)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	mediation->theirs = ends[0];
	mediation->workers = ends[1];
	return 0;
}

static int
prepare(struct connection *connection, const struct terminal *terminal,
	struct host_credentials *credentials, const struct auto_reconnect_cookie *cookie)
{
	struct mediation *mediation = calloc(1, sizeof(*mediation));
	int r;

	if (mediation == NULL)
		return -ENOMEM;
	mediation->connection = connection;
	mediation->theirs = mediation->workers = -1;
	mediation->passed_through = credentials->mode == CREDENTIALS_PASS_THROUGH;
	connection->mediation = mediation;
	r = begin_new(mediation, terminal, credentials, cookie);
	if (r == 0)
		r = make_ends(mediation);
	if (r == 0)
		r = children_take(connection->supervisor->children, CHILD_MEDIATOR, mediation,
			&mediation->child);
	return r;
}

static enum close_reason
reason_of(int r)
{
	switch (r) {
	case 0:
		return CLOSE_NONE;
	case -EUSERS:
		return CLOSE_MEDIATOR_BUSY;
	case -ENOMEM:
	case -EMFILE:
	case -ENFILE:
		return CLOSE_OUT_OF_ROOM;
	default:
		return CLOSE_MEDIATOR_FAULT;
	}
}

enum close_reason
mediation_start(struct connection *connection, const struct terminal *terminal,
	struct host_credentials *credentials, const struct auto_reconnect_cookie *cookie)
{
	enum attach_nla nla = ATTACH_WITHOUT_NLA;
	enum close_reason reason = nla_wanted(terminal, credentials, &nla);

	mediation_end(connection);
	if (reason == CLOSE_NONE && needs_kerberos(connection, terminal, credentials, nla))
		reason = CLOSE_MEDIATOR_KERBEROS;
	if (reason == CLOSE_NONE)
		reason = reason_of(prepare(connection, terminal, credentials, cookie));
	host_credentials_done(credentials);
	if (reason != CLOSE_NONE)
		mediation_end(connection);
	else
		connection->mediation->begin->nla = (uint8_t)nla;
	return reason;
}

static int
send_host(struct mediation *mediation)
{
	const struct settings *settings = mediation->connection->supervisor->settings;
	const struct msg_mediate_host message = {
		.port = mediation->port, .activate_ms = (uint32_t)settings->limits.attach_ms};

	if (!mediation->has_begin || !mediation->dialled || mediation->has_host ||
		mediation->child == NULL)
		return 0;
	mediation->has_host = true;
	return children_send(
		mediation->child, MSG_MEDIATE_HOST, &message, mediation->connection->host_fd);
}

int
mediation_dialled(struct connection *connection, uint16_t port, int *ret_fd)
{
	struct mediation *mediation = connection->mediation;

	mediation->port = port;
	mediation->dialled = true;
	*ret_fd = mediation->workers;
	/* One that does not take it dies, and with it the socketpair: the worker says so. */
	(void)send_host(mediation);
	return mediation->workers < 0 ? -EBADF : 0;
}

void
mediation_attached(struct connection *connection)
{
	close_end(&connection->mediation->workers);
}

void
mediation_succeeded(struct connection *connection)
{
	const struct mediation *mediation = connection->mediation;

	if (mediation != NULL && mediation->passed_through && mediation->by_nla)
		resume_needs_password(connection->supervisor->resumes, connection->session->id);
}

/* The password goes out. */
void
mediator_ready(void *owner, struct child *child)
{
	struct mediation *mediation = child_tag(child);

	(void)owner;
	if (mediation->begin == NULL)
		return;
	(void)children_send(child, MSG_MEDIATE_BEGIN, mediation->begin, mediation->theirs);
	begin_done(mediation);
	close_end(&mediation->theirs);
	mediation->has_begin = true;
	(void)send_host(mediation);
}

/* The worker hears of it by the end of the socketpair, and asks why (mediation_reason). */
void
mediator_died(void *owner, struct child *child)
{
	struct mediation *mediation = child_tag(child);

	(void)owner;
	mediation->child = NULL;
	begin_done(mediation);
	close_end(&mediation->theirs);
}

/* How it stands */

/* What administrators read: the number, Windows' name for it, and what sekisho-mediator had to say. */
static void
note_detail(struct mediation *mediation, const struct msg_mediate_result *result)
{
	const char *name = result->outcome == MEDIATE_LOGON_REFUSED
				   ? nla_status_name(NLA_REFUSED, result->status)
				   : "";

	if (result->status != 0)
		(void)snprintf(mediation->detail, sizeof(mediation->detail), "0x%08x%s%s%s%s",
			(unsigned int)result->status, name[0] == '\0' ? "" : " ", name,
			result->why[0] == '\0' ? "" : ": ", result->why);
	else
		(void)snprintf(mediation->detail, sizeof(mediation->detail), "%s", result->why);
}

static int
on_result(struct channel *channel, union message_body *message)
{
	const struct msg_mediate_result *result = &message->mediate_result;
	struct mediation *mediation = child_tag(channel_owner(channel));

	if (mediation == NULL)
		return 0;
	if (result->outcome >= MEDIATE_OUTCOME_COUNT || mediation->ended ||
		(result->outcome == MEDIATE_CONNECTED && mediation->connected))
		return -EPROTO;
	if (result->outcome == MEDIATE_CONNECTED) {
		mediation->connected = true;
		mediation->by_nla = result->status == 1;
		return 0;
	}
	mediation->ended = true;
	mediation->reason =
		mediate_close_reason((enum mediate_outcome)result->outcome, result->status);
	note_detail(mediation, result);
	return 0;
}

/* The same event as where the worker has found it. */
static int
on_certificate(struct channel *channel, union message_body *message)
{
	const struct msg_mediate_certificate *told = &message->mediate_certificate;
	struct mediation *mediation = child_tag(channel_owner(channel));
	struct msg_certificate_refused refused = {
		.sha256_len = told->sha256_len,
		.not_before = told->not_before,
		.not_after = told->not_after,
	};

	if (mediation == NULL)
		return 0;
	memcpy(refused.sha256, told->sha256, sizeof(refused.sha256));
	memcpy(refused.subject, told->subject, sizeof(refused.subject));
	memcpy(refused.issuer, told->issuer, sizeof(refused.issuer));
	memcpy(refused.names, told->names, sizeof(refused.names));
	memcpy(refused.distrust, told->distrust, sizeof(refused.distrust));
	return certificate_refused(mediation->connection, &refused);
}

static int
on_notice_over(struct channel *channel, union message_body *message)
{
	struct mediation *mediation = child_tag(channel_owner(channel));

	return mediation == NULL ? 0 : notice_heard(mediation->connection, &message->notice_over);
}

const struct channel_handler mediator_messages[] = {
	{MSG_MEDIATE_RESULT, on_result},
	{MSG_MEDIATE_CERTIFICATE, on_certificate},
	{MSG_NOTICE_OVER, on_notice_over},
	{MSG_NOTHING, NULL},
};

/* Words of the worker for a host that is not there any more. */
static bool
is_host_gone(enum close_reason reason)
{
	return reason == CLOSE_HOST_GONE || reason == CLOSE_HOST_LOST ||
	       reason == CLOSE_HOST_REFUSED;
}

enum close_reason
mediation_reason(struct connection *connection, enum close_reason reason, const char **detail)
{
	struct mediation *mediation = connection->mediation;

	if (mediation == NULL || !is_host_gone(reason))
		return reason;
	/* It says so before the worker can see it; which channel the loop heard first is chance. */
	if (mediation->child != NULL)
		children_hear(mediation->child);
	if (!mediation->ended) {
		*detail = mediation->connected ? "" : "before the desktop began";
		return CLOSE_MEDIATOR_DIED;
	}
	if (mediation->reason == CLOSE_NONE)
		return reason;
	*detail = mediation->detail;
	return mediation->reason;
}
