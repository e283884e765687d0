/* Clients' connections; see connections.h. */
#include "supervisor/connections.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "settings/settings.h"
#include "supervisor/attempts.h"
#include "supervisor/children.h"
#include "supervisor/mediations.h"
#include "supervisor/nla_logons.h"
#include "supervisor/notices.h"
#include "supervisor/penalties.h"
#include "supervisor/reconnects.h"
#include "supervisor/recordings.h"
#include "supervisor/session_starts.h"
#include "supervisor/sessions.h"
#include "supervisor/sign_ins.h"
#include "supervisor/start.h"
#include "supervisor/transfers.h"
#include "supervisor/watches.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHAINS 4096 /* a power of two; ids are sequential and so spread evenly */

struct connections {
	struct connection *chains[CHAINS];
	size_t count;
	size_t sessions;
	struct memory_watch memory;
	struct supervisor *supervisor;
};

int
connections_new(struct supervisor *supervisor, struct connections **ret_connections)
{
	struct connections *connections = calloc(1, sizeof(*connections));

	if (connections == NULL)
		return -ENOMEM;
	connections->supervisor = supervisor;
	*ret_connections = connections;
	return 0;
}

void
connections_free(struct connections *connections)
{
	assert(connections == NULL || connections->count == 0);
	free(connections);
}

bool
connections_give_memory_back(struct connections *connections)
{
	return memory_give_back(&connections->memory, connections->count);
}

size_t
connections_count(const struct connections *connections)
{
	return connections->count;
}

size_t
connections_sessions(const struct connections *connections)
{
	return connections->sessions;
}

struct connection *
connection_find(const struct connections *connections, uint64_t id)
{
	struct connection *connection = connections->chains[id % CHAINS];

	while (connection != NULL && connection->id != id)
		connection = connection->next;
	return connection;
}

struct connection *
connection_find_session(
	const struct connections *connections, const uint8_t session[SESSION_ID_BYTES])
{
	for (size_t i = 0; i < CHAINS; i++) {
		struct connection *connection = connections->chains[i];

		for (; connection != NULL; connection = connection->next) {
			/* The one that was told to make place is still here for a moment. */
			if (connection->session != NULL && connection->reason != CLOSE_CONTINUED &&
				memcmp(connection->session->id, session, SESSION_ID_BYTES) == 0)
				return connection;
		}
	}
	return NULL;
}

void
connections_each(struct connections *connections,
	void (*visit)(void *context, struct connection *connection), void *context)
{
	for (size_t i = 0; i < CHAINS; i++) {
		struct connection *next;

		for (struct connection *at = connections->chains[i]; at != NULL; at = next) {
			next = at->next;
			visit(context, at);
		}
	}
}

static void
table_remove(struct connections *connections, struct connection *connection)
{
	struct connection **at = &connections->chains[connection->id % CHAINS];

	while (*at != connection)
		at = &(*at)->next;
	*at = connection->next;
	connections->count--;
	if (connection->session != NULL)
		connections->sessions--;
}

static void
on_handle_closed(uv_handle_t *handle)
{
	struct connection *connection = handle->data;

	if (--connection->open_handles > 0)
		return;
	free(connection->header);
	free(connection->session);
	free(connection);
}

int
connection_new(struct supervisor *supervisor, uint16_t listener, int *fd,
	const struct sockaddr_storage *source, struct connection **ret_connection)
{
	struct connections *connections = supervisor->connections;
	struct connection *connection = calloc(1, sizeof(*connection));
	socklen_t len = sizeof(connection->local);
	int r;

	if (connection == NULL)
		return -ENOMEM;
	r = uv_timer_init(supervisor->loop, &connection->timer);
	if (r < 0) {
		free(connection);
		return r;
	}
	connection->timer.data = connection;
	connection->open_handles = 1;
	connection->supervisor = supervisor;
	connection->id = supervisor->next_connection++;
	connection->stage = CONNECTION_ADMITTING;
	connection->phase = connection->worked_in = PHASE_ADMIT;
	connection->listener = listener;
	connection->source = *source;
	(void)socket_text((const struct sockaddr *)source, connection->source_text);
	connection->began_us = clock_now();
	connection->client_fd = take_fd(fd);
	connection->host_fd = -1;
	/* Without it evidence only lacks a hint; a socket that has gone already ends soon enough. */
	if (getsockname(connection->client_fd, (struct sockaddr *)&connection->local, &len) < 0)
		connection->local.ss_family = AF_UNSPEC;
	connection->next = connections->chains[connection->id % CHAINS];
	connections->chains[connection->id % CHAINS] = connection;
	connections->count++;
	memory_note(&connections->memory, connections->count);
	*ret_connection = connection;
	return 0;
}

void
connection_to_worker(struct connection *connection)
{
	struct supervisor *supervisor = connection->supervisor;
	struct child *worker = children_pick_worker(supervisor->children);
	struct msg_take_client take = {
		.connection = connection->id, .listener = connection->listener};
	int r;

	uv_timer_stop(&connection->timer);
	if (worker == NULL ||
		child_connections(worker) >= supervisor->settings->workers.connections) {
		connection_over(
			connection, worker == NULL ? CLOSE_NO_WORKER : CLOSE_OUT_OF_ROOM, "");
		return;
	}
	socket_set_session_options(connection->client_fd, supervisor->settings->limits.stall_ms);
	snprintf(take.source, sizeof(take.source), "%s", connection->source_text);
	connection->worker = worker;
	connection->stage = CONNECTION_RELAYED;
	connection->phase = connection->worked_in = PHASE_SNIFF;
	child_add_connection(worker);
	r = children_send(worker, MSG_TAKE_CLIENT, &take, connection->client_fd);
	if (r < 0)
		connection_over(connection, CLOSE_NO_WORKER, "");
}

static void
shut(int *fd)
{
	if (*fd < 0)
		return;
	/* The worker has a descriptor of the same socket: closing ours alone would end nothing. */
	(void)shutdown(*fd, SHUT_RDWR);
	(void)close(take_fd(fd));
}

/* The one line at the end of every connection. Bytes are those on the wire, by TCP's own count. */
static void
log_summary(const struct connection *connection, enum close_reason reason, enum phase phase,
	const struct socket_bytes *bytes, const char *detail)
{
	const struct close_reason_row *row = close_reason_row(reason);
	uint64_t seconds = (uint64_t)(clock_now() - connection->began_us) / 1000000;
	const struct carried_session *session = connection->session;
	const char *account = session != NULL             ? session->account
			      : connection->watch != NULL ? watch_actor(connection)
			      : connection->sign_in != NULL
				      ? sign_in_account(connection->sign_in)
				      : session_start_account(connection->start);
	const char *terminal = session != NULL ? session->terminal
			       : connection->sign_in != NULL
				       ? sign_in_terminal(connection->sign_in)
				       : session_start_terminal(connection->start);

	log_event(row->event,
		"conn=%" PRIx64 " src=%s session=%s user='%s' host='%s' end=%c%c in=%" PRIu64
		" out=%" PRIu64 " for=%02" PRIu64 ":%02" PRIu64 ":%02" PRIu64 "%s%s%s",
		connection->id, connection->source_text,
		connection->session != NULL ? connection->session->id_text : "-",
		log_quote(account), log_quote(terminal), row->who, phase_row(phase)->letter,
		bytes->received, bytes->sent, seconds / 3600, seconds / 60 % 60, seconds % 60,
		detail[0] == '\0' ? "" : " detail='", log_quote(detail),
		detail[0] == '\0' ? "" : "'");
}

/* A slow client is a nuisance; a slow verdict is our own affair. */
static enum close_reason
penalised_reason(enum close_reason reason, enum phase phase)
{
	return reason == CLOSE_TOO_SLOW && phase >= PHASE_DECIDE ? CLOSE_NONE : reason;
}

static void
close_handles(struct connection *connection)
{
	/* Opening the poll handle counted it; see accept.c. */
	if (connection->open_handles > 1) {
		uv_poll_stop(&connection->poll);
		uv_close((uv_handle_t *)&connection->poll, on_handle_closed);
	}
	uv_close((uv_handle_t *)&connection->timer, on_handle_closed);
}

void
connection_over(struct connection *connection, enum close_reason reason, const char *detail)
{
	struct supervisor *supervisor = connection->supervisor;
	struct socket_bytes bytes = socket_bytes(connection->client_fd);
	struct socket_bytes of_session = connection_session_bytes(connection);
	enum phase phase = connection->worked_in;
	uint64_t id = connection->id;
	struct connection *successor;

	if (connection->stage == CONNECTION_OVER)
		return;
	if (connection->reason != CLOSE_NONE)
		reason = connection->reason;
	transfers_finish(connection);
	notices_connection_over(connection);
	if (connection->worker != NULL)
		child_remove_connection(connection->worker);
	connection->worker = NULL;
	connection->stage = CONNECTION_OVER;
	close_handles(connection);
	shut(&connection->client_fd);
	shut(&connection->host_fd);
	log_summary(connection, reason, phase, &bytes, detail);
	/* May add to the penalty of its source, which knows its connections alone. */
	sign_in_abandon(take_pointer(&connection->sign_in), reason);
	if (connection->counted)
		penalties_end(supervisor->penalties, (const struct sockaddr *)&connection->source,
			connection->finished, penalised_reason(reason, phase), clock_boottime_ms());
	if (connection->session != NULL)
		session_record_end(supervisor, connection->session, id, reason, phase, &of_session);
	attempt_abandon(take_pointer(&connection->attempt));
	reconnect_abandon(take_pointer(&connection->reconnect));
	session_start_abandon(take_pointer(&connection->start), reason, phase);
	nla_logon_end(connection);
	watch_end(take_pointer(&connection->watch));
	mediation_end(connection);
	recording_connection_over(connection, reason);
	table_remove(supervisor->connections, connection);
	successor = connection_find(supervisor->connections, connection->awaited_by);
	if (successor != NULL)
		session_start_older_over(successor);
	if (supervisor->state == SUPERVISOR_STOPPING)
		supervisor_maybe_drained(supervisor);
}

/* The worker did not end it in time. */
static void
on_kill_timeout(uv_timer_t *timer)
{
	struct connection *connection = timer->data;
	bool confirmed = connection->phase == PHASE_DRAIN;

	/* A client that is being refused may take its time to read why; nothing is relayed to it any more.
	 * A session's sockets end now: what the kernel holds for the client is still delivered. */
	if (confirmed && connection->session == NULL && connection->stage == CONNECTION_KILLED &&
		uv_timer_get_repeat(timer) == 0) {
		uint32_t drain_ms = connection->supervisor->settings->limits.drain_ms;

		uv_timer_start(timer, on_kill_timeout, drain_ms + CONNECTION_KILL_MS,
			drain_ms + CONNECTION_KILL_MS);
		return;
	}
	connection_over(connection, connection->reason,
		confirmed ? "the client did not read" : "cut past its worker");
}

void
connection_kill(struct connection *connection, enum close_reason reason)
{
	const struct msg_kill kill = {.connection = connection->id, .reason = reason};
	int r;

	if (connection->stage == CONNECTION_ADMITTING)
		connection_over(connection, reason, "");
	if (connection->stage != CONNECTION_RELAYED)
		return;
	connection->reason = reason;
	connection->stage = CONNECTION_KILLED;
	uv_timer_start(&connection->timer, on_kill_timeout, CONNECTION_KILL_MS, 0);
	r = children_send(connection->worker, MSG_KILL, &kill, -1);
	if (r < 0)
		connection_over(connection, reason, "its worker does not listen");
}

static void
on_attach_over(uv_timer_t *timer)
{
	connection_kill(timer->data, CLOSE_HOST_TOO_SLOW);
}

void
connection_attaching(struct connection *connection)
{
	uint64_t attach_ms = connection->supervisor->settings->limits.attach_ms;

	if (connection->stage == CONNECTION_RELAYED)
		uv_timer_start(
			&connection->timer, on_attach_over, 2 * attach_ms + CONNECTION_KILL_MS, 0);
}

void
connection_attach_over(struct connection *connection)
{
	if (connection->stage == CONNECTION_RELAYED)
		uv_timer_stop(&connection->timer);
}

void
connection_finished(struct connection *connection)
{
	if (!connection->counted || connection->finished)
		return;
	connection->finished = true;
	penalties_verdict(
		connection->supervisor->penalties, (const struct sockaddr *)&connection->source);
}

bool
connection_moved(struct connection *connection, uint8_t phase)
{
	if (phase == connection->phase)
		return true;
	if (phase >= PHASE_COUNT || !phase_may_go_to(connection->phase, (enum phase)phase))
		return false;
	connection->phase = (enum phase)phase;
	if (phase != PHASE_DRAIN && phase != PHASE_CLOSED)
		connection->worked_in = connection->phase;
	if (phase == PHASE_GREET)
		connection->greeted = true;
	if (phase == PHASE_BRIDGE && connection->greeted)
		connection->before_desktop = socket_bytes(connection->client_fd);
	return true;
}

struct socket_bytes
connection_session_bytes(const struct connection *connection)
{
	struct socket_bytes bytes = socket_bytes(connection->client_fd);

	if (!connection->greeted)
		return bytes;
	if (connection->worked_in != PHASE_BRIDGE)
		return (struct socket_bytes){0};
	bytes.received -= connection->before_desktop.received;
	bytes.sent -= connection->before_desktop.sent;
	return bytes;
}

int
connection_set_session(struct connection *connection, const struct session_grant *grant)
{
	struct carried_session *session = calloc(1, sizeof(*session));

	if (session == NULL)
		return -ENOMEM;
	memcpy(session->id, grant->session, SESSION_ID_BYTES);
	bytes_to_hex(session->id, SESSION_ID_BYTES, session->id_text);
	session->started_us = grant->started_us;
	session->input_at_ms = clock_boottime_ms();
	session->account_number = grant->account_number;
	session->terminal_number = grant->terminal_number;
	session->terminal_version = grant->terminal.version;
	session->rights = grant->terminal.rights;
	session->four_eyes = grant->terminal.four_eyes;
	session->show_watchers = grant->terminal.show_watchers;
	snprintf(session->account, sizeof(session->account), "%s", grant->account);
	snprintf(session->account_full, sizeof(session->account_full), "%s", grant->account_full);
	snprintf(session->account_name, sizeof(session->account_name), "%s", grant->account_name);
	snprintf(session->terminal, sizeof(session->terminal), "%s", grant->terminal.name);
	session->device = grant->device;
	session->attendance = grant->attendance;
	session->pinned = grant->terminal.trust == TERMINAL_TRUST_PIN;
	memcpy(session->pin, grant->terminal.pin, sizeof(session->pin));
	connection->session = session;
	connection->supervisor->connections->sessions++;
	return 0;
}

void
connection_drop_session(struct connection *connection, enum close_reason reason, enum phase phase)
{
	struct carried_session *session = take_pointer(&connection->session);
	const struct socket_bytes none = {0};

	nla_logon_end(connection);
	mediation_end(connection);
	recording_connection_over(connection, reason);
	if (session == NULL)
		return;
	connection->supervisor->connections->sessions--;
	session_record_end(connection->supervisor, session, connection->id, reason, phase, &none);
	free(session);
	shut(&connection->host_fd);
}
