/* sekisho-key's channels; see key_server.h. One thread, one poll: what is signed takes less time
 * than a switch to another would save. */
#include "key/key_server.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/lock_down.h"
#include "base/log.h"
#include "messages/channel.h"
#include "messages/supervised.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The supervisor runs at most 64 workers; while one is replaced, both are there. */
#define MOST_WORKERS 128

/* A worker that asks for what it may not have is written of once in this time. */
#define LOG_EVERY_MS 60000

struct asker {
	struct key_server *server;
	struct channel *channel; /* NULL: a free place */
	uint32_t worker;
	int64_t spent_until_ms; /* see may_sign */
	int64_t logged_ms;
};

struct key_server {
	struct signer *signer;
	struct channel *supervisor;
	struct asker askers[MOST_WORKERS];
};

/* Each signature moves spent_until on by 1 / KEY_SIGNATURES_A_SECOND seconds, from now at the
 * earliest; it may be a second ahead of the clock. */
static bool
may_sign(struct asker *asker)
{
	int64_t now_ms = clock_boottime_ms();

	if (asker->spent_until_ms < now_ms)
		asker->spent_until_ms = now_ms;
	if (asker->spent_until_ms >= now_ms + 1000)
		return false;
	asker->spent_until_ms += 1000 / KEY_SIGNATURES_A_SECOND;
	return true;
}

static void
log_refused(struct asker *asker, const char *why)
{
	int64_t now_ms = clock_boottime_ms();

	if (asker->logged_ms != 0 && now_ms < asker->logged_ms + LOG_EVERY_MS)
		return;
	asker->logged_ms = now_ms;
	log_event(EV_KEY_REFUSED, "worker=%u why='%s'", asker->worker, why);
}

static int
on_key_sign(struct channel *channel, union message_body *message)
{
	struct asker *asker = channel_owner(channel);
	const struct msg_key_sign *sign = &message->key_sign;
	struct msg_key_signature answer = {.serial = sign->serial, .failed = 1};
	size_t len;
	int r;

	if (!may_sign(asker)) {
		log_refused(asker, "too many signatures in a second");
		return channel_send(channel, MSG_KEY_SIGNATURE, &answer, -1);
	}
	r = signer_sign(asker->server->signer, sign->scheme, sign->input, sign->input_len,
		answer.signature, sizeof(answer.signature) - 1, &len);
	if (r == -EPERM)
		log_refused(asker, "not a signature of this key's kind");
	if (r == 0) {
		answer.failed = 0;
		answer.signature_len = (uint32_t)len;
	}
	return channel_send(channel, MSG_KEY_SIGNATURE, &answer, -1);
}

static const struct channel_handler worker_handlers[] = {
	{MSG_KEY_SIGN, on_key_sign},
	{0},
};

static struct asker *
free_place(struct key_server *server)
{
	for (size_t i = 0; i < MOST_WORKERS; i++) {
		if (server->askers[i].channel == NULL)
			return &server->askers[i];
	}
	return NULL;
}

static int
on_key_add_worker(struct channel *channel, union message_body *message)
{
	struct key_server *server = channel_owner(channel);
	struct asker *asker = free_place(server);
	auto_fd int fd = channel_take_fd(channel);
	struct channel_setup setup = {
		.self = PROCESS_KEY,
		.peer = PROCESS_WORKER,
		.handlers = worker_handlers,
		.owner = asker,
	};

	if (asker == NULL)
		return -EPROTO;
	*asker = (struct asker){.server = server, .worker = message->key_add_worker.worker};
	return channel_new(&setup, &fd, &asker->channel);
}

static const struct channel_handler supervisor_handlers[] = {
	{MSG_PING, supervised_on_ping},
	{MSG_KEY_ADD_WORKER, on_key_add_worker},
	{0},
};

/* At most one question of each worker in a round, so that none waits for another's thousand. */
static void
serve_asker(struct asker *asker)
{
	const char *why;
	int r = channel_receive(asker->channel, 1, &why);

	if (r == 0)
		return;
	if (r != -ECONNRESET)
		log_refused(asker, why);
	channel_free(asker->channel);
	asker->channel = NULL;
}

static int
serve_round(struct key_server *server)
{
	struct pollfd waiting[1 + MOST_WORKERS];
	struct asker *askers[MOST_WORKERS];
	nfds_t count = 1;

	waiting[0] = (struct pollfd){.fd = channel_fd(server->supervisor), .events = POLLIN};
	for (size_t i = 0; i < MOST_WORKERS; i++) {
		struct asker *asker = &server->askers[i];

		if (asker->channel == NULL)
			continue;
		askers[count - 1] = asker;
		waiting[count++] =
			(struct pollfd){.fd = channel_fd(asker->channel), .events = POLLIN};
	}
	if (poll(waiting, count, -1) < 0)
		return errno == EINTR ? 0 : -errno;
	for (nfds_t i = 1; i < count; i++) {
		if (waiting[i].revents != 0)
			serve_asker(askers[i - 1]);
	}
	return waiting[0].revents != 0 ? channel_receive(server->supervisor, 8, NULL) : 0;
}

static void
server_free(struct key_server *server)
{
	channel_free(server->supervisor);
	for (size_t i = 0; i < MOST_WORKERS; i++)
		channel_free(server->askers[i].channel);
	free(server);
}

int
key_server_run(struct signer *signer)
{
	struct key_server *server = calloc(1, sizeof(*server));
	struct channel_setup setup = {
		.self = PROCESS_KEY,
		.peer = PROCESS_SUPERVISOR,
		.handlers = supervisor_handlers,
		.owner = server,
	};
	int r;

	if (server == NULL)
		return -ENOMEM;
	server->signer = signer;
	r = supervised_meet(&setup, CHILD_FD_CHANNEL, &server->supervisor);
	while (r == 0)
		r = serve_round(server);
	server_free(server);
	return r == -ECONNRESET ? 0 : r;
}
