/* What workers say; see worker_messages.h. */
#include "supervisor/worker_messages.h"

#include "base/cleanup.h"
#include "base/secret.h"
#include "settings/settings.h"
#include "supervisor/attempts.h"
#include "supervisor/children.h"
#include "supervisor/connections.h"
#include "supervisor/idle.h"
#include "supervisor/looks.h"
#include "supervisor/mediations.h"
#include "supervisor/nla_logons.h"
#include "supervisor/reconnects.h"
#include "supervisor/recordings.h"
#include "supervisor/refused_certificate.h"
#include "supervisor/resumes.h"
#include "supervisor/sign_ins.h"
#include "supervisor/ticket.h"
#include "supervisor/transfers.h"
#include "supervisor/watches.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

static struct child *
sender(const struct channel *channel)
{
	return channel_owner(channel);
}

/* The sender's own connection, or NULL: it is over already, or was never the sender's. */
static struct connection *
own_connection(const struct channel *channel, uint64_t id)
{
	const struct supervisor *supervisor = child_owner(sender(channel));
	struct connection *connection = connection_find(supervisor->connections, id);

	return connection != NULL && connection->worker == sender(channel) ? connection : NULL;
}

struct permits_seen *
worker_connection_seen(void *owner, struct child *worker, uint64_t id)
{
	const struct supervisor *supervisor = owner;
	struct connection *connection = connection_find(supervisor->connections, id);

	if (connection != NULL)
		return connection->worker == worker ? &connection->seen : NULL;
	return look_seen(supervisor->looks, worker, id);
}

/* Verdicts are the policy's, kills are people's, and only here is known that a session goes on elsewhere: from a worker
 * that was not told so, such a reason would hide how a session ended, or that it did. */
static bool
may_be_a_workers(enum close_reason reason)
{
	char who = close_reason_row(reason)->who;

	return who != 'P' && who != 'A' && reason != CLOSE_CONTINUED;
}

/* Those who deal with the jump host beside the worker know more of it. */
static enum close_reason
exact_reason(struct connection *connection, uint32_t reason, const char **detail)
{
	enum close_reason exact = nla_logon_reason(connection, (enum close_reason)reason, detail);

	return mediation_reason(connection, exact, detail);
}

static int
on_ended(struct channel *channel, union message_body *message)
{
	struct connection *connection = own_connection(channel, message->ended.connection);
	const struct supervisor *supervisor = child_owner(sender(channel));
	uint32_t reason = message->ended.reason;

	const char *detail = message->ended.detail;

	if (connection == NULL) {
		look_ended(supervisor->looks, sender(channel), message->ended.connection);
		return 0;
	}
	if (reason == CLOSE_NONE || reason >= CLOSE_REASON_COUNT ||
		(connection->reason == CLOSE_NONE && !may_be_a_workers((enum close_reason)reason)))
		return -EPROTO;
	/* The phase of its last MOVED is the same; this one may be of a move that was not worth a message. */
	if (message->ended.phase < PHASE_COUNT && message->ended.phase != PHASE_DRAIN &&
		message->ended.phase != PHASE_CLOSED && connection->reason == CLOSE_NONE)
		connection->worked_in = (enum phase)message->ended.phase;
	reason = watch_reason(connection, (enum close_reason)reason);
	reason = exact_reason(connection, reason, &detail);
	connection_over(connection, (enum close_reason)reason, detail);
	return 0;
}

static bool
may_sign_in(const struct connection *connection)
{
	return connection->supervisor->settings->listeners.items[connection->listener].sign_in ==
	       SETTINGS_SIGN_IN_ON;
}

/* By a ticket, or by signing in. */
static void
begin(struct connection *connection, const struct msg_introduced *introduced)
{
	struct shown_ticket shown;

	if (watch_is_meant(introduced)) {
		watch_start(connection, introduced);
		return;
	}
	ticket_shown(introduced, &shown);
	secret_wipe(shown.secret, sizeof(shown.secret));
	if (shown.handle[0] == '\0' && may_sign_in(connection))
		sign_in_start(connection, introduced);
	else
		attempt_start(connection, introduced);
}

static int
on_introduced(struct channel *channel, union message_body *message)
{
	struct connection *connection = own_connection(channel, message->introduced.connection);

	/* Told to end in the meantime: nothing to decide any more. */
	if (connection == NULL || connection->stage != CONNECTION_RELAYED)
		return 0;
	connection->keyboard_layout = message->introduced.keyboard_layout;
	if (!reconnect_start(connection, &message->introduced, begin))
		begin(connection, &message->introduced);
	return 0;
}

/* The session that a worker speaks of when it tells of cookies. */
static int
own_session(const struct channel *channel, uint64_t id, struct connection **ret_connection)
{
	struct connection *connection = own_connection(channel, id);

	*ret_connection = NULL;
	if (connection == NULL || connection->stage != CONNECTION_RELAYED)
		return 0;
	if (connection->session == NULL)
		return -EPROTO;
	*ret_connection = connection;
	return 0;
}

static int
on_host_cookie(struct channel *channel, union message_body *message)
{
	const struct msg_host_cookie *told = &message->host_cookie;
	struct auto_reconnect_cookie cookie = {.logon_id = told->logon_id};
	struct connection *connection;
	int r = own_session(channel, told->connection, &connection);

	if (r == 0 && told->random_len != AUTO_RECONNECT_RANDOM_LEN)
		r = -EPROTO;
	if (r < 0 || connection == NULL)
		return r;
	memcpy(cookie.random, told->random, sizeof(cookie.random));
	resume_host_cookie(connection->supervisor->resumes, connection->session->id,
		connection->session->terminal_version, &cookie);
	secret_wipe(&cookie, sizeof(cookie));
	return 0;
}

static int
on_cookie_given(struct channel *channel, union message_body *message)
{
	struct connection *connection;
	int r = own_session(channel, message->cookie_given.connection, &connection);

	if (r == 0 && connection != NULL)
		resume_given(connection->supervisor->resumes, connection->session->id);
	return r;
}

/* The worker was told of a jump host: the start is on disk, its socket with the worker, and nothing under way that would
 * go on with a sign-in which the desktop has ended. */
static bool
has_jump_host(const struct connection *connection)
{
	return connection->session != NULL && connection->start == NULL && connection->host_fd >= 0;
}

static int
on_moved(struct channel *channel, union message_body *message)
{
	struct connection *connection = own_connection(channel, message->moved.connection);

	if (connection == NULL)
		return 0;
	/* Told to end: whatever it says of a desktop moves nothing any more. */
	if (message->moved.phase == PHASE_BRIDGE && !has_jump_host(connection))
		return connection->stage == CONNECTION_RELAYED ? -EPROTO : 0;
	if (!connection_moved(connection, message->moved.phase))
		return -EPROTO;
	/* The desktop has taken the place of the sign-in screen. */
	if (connection->phase == PHASE_BRIDGE) {
		sign_in_abandon(take_pointer(&connection->sign_in), CLOSE_NONE);
		nla_logon_succeeded(connection);
		mediation_succeeded(connection);
		connection_attach_over(connection);
		watches_desktop_began(connection);
	}
	return 0;
}

static int
on_returned(struct channel *channel, union message_body *message)
{
	struct connection *connection = own_connection(channel, message->returned.connection);
	uint32_t reason = message->returned.reason;
	const char *detail = message->returned.detail;

	if (connection == NULL)
		return 0;
	if (reason == CLOSE_NONE || reason >= CLOSE_REASON_COUNT ||
		!may_be_a_workers((enum close_reason)reason))
		return -EPROTO;
	reason = exact_reason(connection, reason, &detail);
	if (reason != message->returned.reason) {
		message->returned.reason = reason;
		(void)snprintf(
			message->returned.detail, sizeof(message->returned.detail), "%s", detail);
	}
	nla_logon_end(connection);
	mediation_end(connection);
	connection_attach_over(connection);
	return sign_in_returned(connection, &message->returned);
}

static int
on_certificate_refused(struct channel *channel, union message_body *message)
{
	const struct msg_certificate_refused *told = &message->certificate_refused;
	struct connection *connection;
	int r = own_session(channel, told->connection, &connection);

	return r < 0 || connection == NULL ? r : certificate_refused(connection, told);
}

static int
on_nla_not_offered(struct channel *channel, union message_body *message)
{
	struct connection *connection =
		own_connection(channel, message->nla_not_offered.connection);

	if (connection == NULL || connection->stage != CONNECTION_RELAYED)
		return 0;
	return nla_logon_not_offered(connection);
}

static int
on_record_gap(struct channel *channel, union message_body *message)
{
	struct connection *connection = own_connection(channel, message->record_gap.connection);

	return connection == NULL ? 0 : recording_gap(connection, &message->record_gap);
}

static int
on_host_report(struct channel *channel, union message_body *message)
{
	const struct supervisor *supervisor = child_owner(sender(channel));

	look_reported(supervisor->looks, sender(channel), &message->host_report);
	return 0;
}

static int
on_file_moved(struct channel *channel, union message_body *message)
{
	struct connection *connection = own_connection(channel, message->file_moved.connection);

	return connection == NULL ? 0 : transfer_told(connection, &message->file_moved);
}

static int
on_inputs(struct channel *channel, union message_body *message)
{
	return idle_told(child_owner(sender(channel)), sender(channel), &message->inputs);
}

const struct channel_handler worker_messages[] = {
	{MSG_INPUTS, on_inputs},
	{MSG_ENDED, on_ended},
	{MSG_INTRODUCED, on_introduced},
	{MSG_MOVED, on_moved},
	{MSG_RETURNED, on_returned},
	{MSG_HOST_REPORT, on_host_report},
	{MSG_CERTIFICATE_REFUSED, on_certificate_refused},
	{MSG_HOST_COOKIE, on_host_cookie},
	{MSG_COOKIE_GIVEN, on_cookie_given},
	{MSG_NLA_NOT_OFFERED, on_nla_not_offered},
	{MSG_FILE_MOVED, on_file_moved},
	{MSG_RECORD_GAP, on_record_gap},
	{MSG_NOTHING, NULL},
};

static void
end_if_carried_by(void *context, struct connection *connection)
{
	if (connection->worker == context)
		connection_over(connection, CLOSE_WORKER_DIED, "");
}

void
worker_died(void *owner, struct child *worker)
{
	const struct supervisor *supervisor = owner;

	connections_each(supervisor->connections, end_if_carried_by, worker);
	looks_worker_died(supervisor->looks, worker);
}
