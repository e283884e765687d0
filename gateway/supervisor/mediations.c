/* See mediations.h. What a sekisho-mediator says comes from a process that a jump host's bytes reach for as long as the session lasts:
 * a word about this one session. */
#include "supervisor/mediations.h"

#include "base/cleanup.h"
#include "mediator/outcomes.h"
#include "settings/settings.h"
#include "supervisor/host_child.h"
#include "supervisor/nla_logons.h"
#include "supervisor/notices.h"
#include "supervisor/principals.h"
#include "supervisor/refused_certificate.h"
#include "supervisor/resumes.h"
#include "supervisor/told_host.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct mediation {
	struct connection *connection;
	struct host_child host;
	uint16_t port;
	bool dialled;
	bool has_host; /* MEDIATE_HOST has gone */
	bool passed_through;
	bool connected, by_nla;
	bool ended; /* it has said the last that it says */
};

static const struct host_child_kind kind = {.kind = CHILD_MEDIATOR,
	.socket_type = SOCK_STREAM,
	.begin = MSG_MEDIATE_BEGIN,
	.begin_size = sizeof(struct msg_mediate_begin)};

void
mediation_end(struct connection *connection)
{
	struct mediation *mediation = take_pointer(&connection->mediation);

	if (mediation == NULL)
		return;
	host_child_done(&mediation->host);
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
	if (mediation->host.child == NULL || !mediation->connected || mediation->ended)
		return -ENOTCONN;
	return children_send(mediation->host.child, number, body, -1);
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

static void
fill_in(struct msg_mediate_begin *begin, const struct terminal *terminal, enum attach_nla nla,
	const struct host_credentials *credentials, const struct auto_reconnect_cookie *cookie)
{
	begin->nla = (uint8_t)nla;
	TELL_TRUST(begin, terminal);
	if (host_credentials_given(credentials))
		TELL_CREDENTIALS(begin, credentials);
	if (cookie != NULL) {
		begin->host_logon_id = cookie->logon_id;
		begin->host_random_len = sizeof(cookie->random);
		memcpy(begin->host_random, cookie->random, sizeof(cookie->random));
	}
}

static int
prepare(struct connection *connection, const struct terminal *terminal, enum attach_nla nla,
	const struct host_credentials *credentials, const struct auto_reconnect_cookie *cookie)
{
	struct mediation *mediation = calloc(1, sizeof(*mediation));
	int r;

	if (mediation == NULL)
		return -ENOMEM;
	mediation->connection = connection;
	mediation->passed_through = credentials->mode == CREDENTIALS_PASS_THROUGH;
	connection->mediation = mediation;
	r = host_child_init(&mediation->host, &kind);
	if (r < 0)
		return r;
	fill_in(mediation->host.begin, terminal, nla, credentials, cookie);
	return host_child_start(&mediation->host, connection->supervisor->children, mediation);
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
		reason = reason_of(prepare(connection, terminal, nla, credentials, cookie));
	host_credentials_done(credentials);
	if (reason != CLOSE_NONE)
		mediation_end(connection);
	return reason;
}

/* Behind MEDIATE_BEGIN. One that does not take it dies, and with it the socketpair: the worker says so. */
static void
send_host(struct mediation *mediation)
{
	const struct settings *settings = mediation->connection->supervisor->settings;
	const struct msg_mediate_host message = {
		.port = mediation->port, .activate_ms = (uint32_t)settings->limits.attach_ms};

	if (mediation->host.begin != NULL || !mediation->dialled || mediation->has_host ||
		mediation->host.child == NULL)
		return;
	mediation->has_host = true;
	(void)children_send(
		mediation->host.child, MSG_MEDIATE_HOST, &message, mediation->connection->host_fd);
}

int
mediation_dialled(struct connection *connection, uint16_t port, int *ret_fd)
{
	struct mediation *mediation = connection->mediation;

	mediation->port = port;
	mediation->dialled = true;
	*ret_fd = mediation->host.workers;
	send_host(mediation);
	return *ret_fd < 0 ? -EBADF : 0;
}

void
mediation_attached(struct connection *connection)
{
	host_child_close_workers(&connection->mediation->host);
}

void
mediation_succeeded(struct connection *connection)
{
	const struct mediation *mediation = connection->mediation;

	if (mediation != NULL && mediation->passed_through && mediation->by_nla)
		resume_needs_password(connection->supervisor->resumes, connection->session->id);
}

void
mediator_ready(void *owner, struct child *child)
{
	struct mediation *mediation = child_tag(child);

	(void)owner;
	host_child_ready(&mediation->host);
	send_host(mediation);
}

/* The worker hears of it by the end of the socketpair, and asks why (mediation_reason). */
void
mediator_died(void *owner, struct child *child)
{
	struct mediation *mediation = child_tag(child);

	(void)owner;
	host_child_died(&mediation->host);
}

/* How it stands */

static int
on_result(struct channel *channel, union message_body *message)
{
	const struct msg_mediate_result *result = &message->mediate_result;
	enum mediate_outcome outcome = (enum mediate_outcome)result->outcome;
	struct mediation *mediation = child_tag(channel_owner(channel));

	if (mediation == NULL)
		return 0;
	if (result->outcome >= MEDIATE_OUTCOME_COUNT || mediation->ended ||
		(outcome == MEDIATE_CONNECTED && mediation->connected))
		return -EPROTO;
	if (outcome == MEDIATE_CONNECTED) {
		mediation->connected = true;
		mediation->by_nla = result->status == 1;
		return 0;
	}
	mediation->ended = true;
	host_child_note(&mediation->host, mediate_close_reason(outcome, result->status),
		result->status,
		outcome == MEDIATE_LOGON_REFUSED ? nla_status_name(NLA_REFUSED, result->status)
						 : "",
		result->why);
	return 0;
}

/* The same event as where the worker has found it. */
static int
on_certificate(struct channel *channel, union message_body *message)
{
	struct mediation *mediation = child_tag(channel_owner(channel));
	struct msg_certificate_refused refused = {0};

	if (mediation == NULL)
		return 0;
	COPY_CERTIFICATE(&refused, &message->mediate_certificate);
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
	if (mediation->host.child != NULL)
		children_hear(mediation->host.child);
	if (!mediation->ended) {
		*detail = mediation->connected ? "" : "before the desktop began";
		return CLOSE_MEDIATOR_DIED;
	}
	if (mediation->host.reason == CLOSE_NONE)
		return reason;
	*detail = mediation->host.detail;
	return mediation->host.reason;
}
