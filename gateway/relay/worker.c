/* What the supervisor says to a relay worker, and what it is told. The messages are messages.def's; their
 * order and number were checked before they come here (messages/permits.c).
 */
#include "relay/worker.h"

#include "base/cleanup.h"
#include "key/key_method.h"
#include "messages/input_counts.h"
#include "relay/bridge.h"
#include "relay/phase_bridge.h"
#include "relay/phase_nla.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Far less than ends the channel: all sessions of the worker share it. */
#define UNHEARD_MOST (CHANNEL_QUEUE_MOST / 16)

static struct connection **
bucket(struct worker *worker, uint64_t connection)
{
	/* Ids count up: their low bits spread them. */
	return &worker->table[connection & (WORKER_BUCKETS - 1)];
}

struct connection *
worker_find(struct worker *worker, uint64_t connection)
{
	struct connection *conn = *bucket(worker, connection);

	while (conn != NULL && conn->id != connection)
		conn = conn->next;
	return conn;
}

void
worker_add(struct worker *worker, struct connection *conn)
{
	struct connection **first = bucket(worker, conn->id);

	conn->next = *first;
	*first = conn;
	worker->connections++;
	memory_note(&worker->memory, worker->connections);
}

void
worker_remove(struct worker *worker, struct connection *conn)
{
	struct connection **at = bucket(worker, conn->id);

	while (*at != conn)
		at = &(*at)->next;
	*at = conn->next;
	worker->connections--;
}

void
worker_tell(struct worker *worker, enum message number, const void *body)
{
	int r = channel_send(worker->supervisor, number, body, -1);

	/* Fields over their bound are ours to keep; the channel lives, the supervisor's limits go on. */
	if (r == -EINVAL || r == -EMSGSIZE || r == -EALREADY)
		log_event(EV_OUR_MISTAKE, "message=%s error='%s'", message_row(number)->name,
			strerror(-r));
}

bool
worker_is_unheard(const struct worker *worker)
{
	return channel_waiting(worker->supervisor) > UNHEARD_MOST;
}

struct permits_seen *
worker_connection_seen(void *owner, uint64_t connection)
{
	struct connection *conn = worker_find(owner, connection);

	return conn != NULL ? &conn->seen : NULL;
}

void
worker_end_all(struct worker *worker, enum close_reason reason)
{
	struct connection *conn, *next;

	for (size_t i = 0; i < WORKER_BUCKETS; i++)
		for (conn = worker->table[i]; conn != NULL; conn = next) {
			next = conn->next;
			if (conn->reason == CLOSE_NONE)
				connection_close(conn, reason, NULL);
		}
}

/* Handlers */

static int
on_configure(struct channel *channel, union message_body *message)
{
	struct worker *worker = channel_owner(channel);

	worker->configure = malloc(sizeof(*worker->configure));
	if (worker->configure == NULL)
		return -ENOMEM;
	*worker->configure = message->configure;
	return 0;
}

static int
on_take_client(struct channel *channel, union message_body *message)
{
	struct worker *worker = channel_owner(channel);
	auto_fd int fd = channel_take_fd(channel);

	if (worker_find(worker, message->take_client.connection) != NULL)
		return -EPROTO;
	connection_new_client(worker, &message->take_client, &fd);
	return 0;
}

static int
on_look_at_host(struct channel *channel, union message_body *message)
{
	struct worker *worker = channel_owner(channel);
	auto_fd int fd = channel_take_fd(channel);

	if (worker_find(worker, message->look_at_host.connection) != NULL)
		return -EPROTO;
	connection_new_look(worker, &message->look_at_host, &fd);
	return 0;
}

/* ATTACH and KILL for a connection that is gone have crossed its ENDED. */
static int
on_attach(struct channel *channel, union message_body *message)
{
	auto_fd int fd = channel_take_fd(channel);
	struct connection *conn = worker_find(channel_owner(channel), message->attach.connection);

	if (conn != NULL)
		connection_on_attach(conn, &message->attach, &fd);
	return 0;
}

static int
on_nla_channel(struct channel *channel, union message_body *message)
{
	auto_fd int fd = channel_take_fd(channel);
	struct connection *conn =
		worker_find(channel_owner(channel), message->nla_channel.connection);

	if (conn != NULL)
		connection_on_nla_channel(conn, &fd);
	return 0;
}

static int
on_record_channel(struct channel *channel, union message_body *message)
{
	auto_fd int fd = channel_take_fd(channel);
	struct connection *conn =
		worker_find(channel_owner(channel), message->record_channel.connection);

	if (conn != NULL)
		connection_on_record_channel(conn, &message->record_channel, &fd);
	return 0;
}

static int
on_host_credentials(struct channel *channel, union message_body *message)
{
	struct connection *conn =
		worker_find(channel_owner(channel), message->host_credentials.connection);

	if (conn != NULL)
		nla_on_host_credentials(conn, &message->host_credentials);
	return 0;
}

static int
on_greet(struct channel *channel, union message_body *message)
{
	auto_fd int fd = channel_take_fd(channel);
	struct connection *conn = worker_find(channel_owner(channel), message->greet.connection);

	if (conn != NULL)
		connection_on_greet(conn, message->greet.stays != 0, &fd);
	return 0;
}

static int
on_redirect(struct channel *channel, union message_body *message)
{
	struct connection *conn = worker_find(channel_owner(channel), message->redirect.connection);

	if (conn != NULL)
		connection_on_redirect(conn, &message->redirect);
	return 0;
}

static int
on_input_gate(struct channel *channel, union message_body *message)
{
	struct connection *conn =
		worker_find(channel_owner(channel), message->input_gate.connection);

	if (message->input_gate.open > 1)
		return -EPROTO;
	if (conn != NULL)
		bridge_on_input_gate(conn, message->input_gate.open != 0);
	return 0;
}

static int
on_kill(struct channel *channel, union message_body *message)
{
	struct connection *conn = worker_find(channel_owner(channel), message->kill.connection);

	if (message->kill.reason == CLOSE_NONE || message->kill.reason >= CLOSE_REASON_COUNT)
		return -EPROTO;
	/* One that is ending already goes on telling its first reason. */
	if (conn != NULL && conn->reason == CLOSE_NONE)
		connection_close(conn, (enum close_reason)message->kill.reason, NULL);
	return 0;
}

static int
on_ask_inputs(struct channel *channel, union message_body *message)
{
	const struct worker *worker = channel_owner(channel);
	struct msg_inputs *inputs = calloc(1, sizeof(*inputs));
	int r = 0;

	if (inputs == NULL)
		return 0; /* asked again in a minute */
	inputs->serial = message->ask_inputs.serial;
	for (size_t i = 0; r == 0 && i < WORKER_BUCKETS; i++) {
		for (const struct connection *conn = worker->table[i]; r == 0 && conn != NULL;
			conn = conn->next) {
			if (conn->phase != PHASE_BRIDGE || conn->bridge == NULL)
				continue;
			input_counts_add(
				inputs, &(struct input_count){conn->id, conn->bridge->inputs});
			if (!input_counts_full(inputs))
				continue;
			r = channel_send(channel, MSG_INPUTS, inputs, -1);
			inputs->counts_len = 0;
		}
	}
	inputs->last = 1;
	if (r == 0)
		r = channel_send(channel, MSG_INPUTS, inputs, -1);
	free(inputs);
	return r;
}

static int
on_ping(struct channel *channel, union message_body *message)
{
	struct worker *worker = channel_owner(channel);
	const struct msg_pong pong = {
		.serial = message->ping.serial,
		.connections = worker->connections,
		.bridges = worker->bridges,
	};

	(void)memory_give_back(&worker->memory, worker->connections);
	return channel_send(channel, MSG_PONG, &pong, -1);
}

static int
on_key_channel(struct channel *channel, union message_body *message)
{
	struct worker *worker = channel_owner(channel);
	auto_fd int fd = channel_take_fd(channel);

	(void)message;
	return key_client_replace(worker->key, &fd);
}

const struct channel_handler worker_handlers[] = {
	{MSG_CONFIGURE, on_configure},
	{MSG_TAKE_CLIENT, on_take_client},
	{MSG_LOOK_AT_HOST, on_look_at_host},
	{MSG_ATTACH, on_attach},
	{MSG_NLA_CHANNEL, on_nla_channel},
	{MSG_RECORD_CHANNEL, on_record_channel},
	{MSG_HOST_CREDENTIALS, on_host_credentials},
	{MSG_GREET, on_greet},
	{MSG_REDIRECT, on_redirect},
	{MSG_INPUT_GATE, on_input_gate},
	{MSG_KILL, on_kill},
	{MSG_ASK_INPUTS, on_ask_inputs},
	{MSG_PING, on_ping},
	{MSG_KEY_CHANNEL, on_key_channel},
	{MSG_NOTHING, NULL},
};
