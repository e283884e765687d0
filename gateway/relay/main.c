/* sekisho-worker: relays the sessions that the supervisor gives it.
 *
 *	fd 2 the log   3 the supervisor   4 sekisho-key
 *
 * It opens no file, no socket and no database. Order of its life: refuse what must never be possible, say
 * HELLO, hear CONFIGURE, make everything that needs the system, close the sandbox, and only then read
 * bytes from outside. It ends when the supervisor's channel does, and ends its sessions first: exit status 0,
 * or CHILD_EXIT_UNUSABLE if it could not begin.
 */
#include "base/lock_down.h"
#include "base/log.h"
#include "key/key_method.h"
#include "messages/supervised.h"
#include "relay/connection_io.h"
#include "relay/tls_contexts.h"
#include "relay/worker.h"
#include "supervisor/children.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <uv.h>

#define CONFIGURE_WAIT_MS 10000
#define KEY_LIMIT_MS 1000
#define KEY_START_MS 4000 /* less than the watchdog gives us */
#define MESSAGES_A_TURN 16

struct process_state {
	struct worker worker;
	uv_loop_t loop;
	uv_poll_t channel_poll;
	uv_prepare_t prepare;
	bool looping;  /* channel_poll is in use */
	bool stopping; /* the supervisor is gone */
};

static struct process_state process;

static int
fail(const char *what, int error)
{
	log_event(EV_WORKER_FAILED, "what='%s' error='%s'", what, strerror(-error));
	return error;
}

/* The supervisor's messages while there is no loop: CONFIGURE alone. */
static int
hear_configure(struct worker *worker)
{
	struct channel *channel = worker->supervisor;
	struct pollfd wanted = {.fd = channel_fd(channel), .events = POLLIN};
	int r;

	while (worker->configure == NULL) {
		r = poll(&wanted, 1, CONFIGURE_WAIT_MS);
		if (r < 0 && errno != EINTR)
			return -errno;
		if (r == 0)
			return -ETIMEDOUT;
		r = channel_receive(channel, 1, NULL);
		if (r < 0)
			return r;
	}
	return 0;
}

static void
set_limits(uint32_t *limit_ms, const struct msg_configure *configure)
{
	limit_ms[PHASE_SNIFF] = configure->sniff_ms;
	limit_ms[PHASE_SECURE] = configure->secure_ms;
	limit_ms[PHASE_INTRODUCE] = configure->introduce_ms;
	limit_ms[PHASE_DECIDE] = configure->decide_ms;
	limit_ms[PHASE_GREET] = configure->greet_ms;
	limit_ms[PHASE_ATTACH] = configure->attach_ms;
	limit_ms[PHASE_REDIRECT] = configure->redirect_ms;
	limit_ms[PHASE_DRAIN] = configure->drain_ms;
}

static int
apply_configure(struct worker *worker)
{
	const struct msg_configure *configure = worker->configure;
	const char *why = "";
	int r;

	set_limits(worker->limit_ms, configure);
	r = tls_context_for_clients(configure->certificate_chain, configure->certificate_chain_len,
		configure->tls_minimum, worker->key, &worker->client_tls, &why);
	if (r < 0)
		return fail(why, r);
	r = tls_context_check_key(worker->client_tls, worker->key, KEY_START_MS);
	/* Without sekisho-key there is nothing to compare; the supervisor starts it again. */
	if (r == -EKEYREJECTED)
		return fail("tls.key does not belong to the certificate in tls.certificate", r);
	r = tls_context_for_hosts(configure->tls_minimum, &worker->host_tls);
	if (r < 0)
		return fail("TLS towards jump hosts", r);
	r = io_new(&process.loop, configure->stall_ms, &worker->io);
	if (r < 0)
		return fail("no memory", r);
	return 0;
}

static void
stop(void)
{
	if (process.stopping)
		return;
	process.stopping = true;
	worker_end_all(&process.worker, CLOSE_STOPPING);
}

static void
on_channel(uv_poll_t *poll, int status, int events)
{
	struct channel *channel = process.worker.supervisor;
	const char *why = NULL;
	int r = 0;

	(void)poll;
	if (status >= 0 && (events & UV_WRITABLE))
		r = channel_flush(channel);
	/* An error of the poll is a supervisor that is gone; reading tells. */
	if (r >= 0 && (status < 0 || (events & UV_READABLE)))
		r = channel_receive(channel, MESSAGES_A_TURN, &why);
	if (r < 0 && r != -ECONNRESET)
		(void)fail(why != NULL ? why : "the supervisor's channel", r);
	if (r < 0)
		channel_close(channel);
}

static void
on_channel_events(struct channel *channel)
{
	int events = channel_events(channel);

	if (!process.looping)
		return;
	if (events == 0)
		(void)uv_poll_stop(&process.channel_poll);
	else
		(void)uv_poll_start(&process.channel_poll,
			((events & POLLIN) ? UV_READABLE : 0) |
				((events & POLLOUT) ? UV_WRITABLE : 0),
			on_channel);
}

/* Before every wait: a channel that broke while something was sent is found here. */
static void
on_prepare(uv_prepare_t *prepare)
{
	(void)prepare;
	if (channel_fd(process.worker.supervisor) < 0)
		stop();
	if (process.stopping && process.worker.connections == 0)
		uv_stop(&process.loop);
}

static int
start_loop(struct channel *channel)
{
	int r = uv_poll_init(&process.loop, &process.channel_poll, channel_fd(channel));

	if (r < 0)
		return fail("the supervisor's channel cannot be polled", r);
	process.looping = true;
	on_channel_events(channel);
	(void)uv_prepare_init(&process.loop, &process.prepare);
	(void)uv_prepare_start(&process.prepare, on_prepare);
	return 0;
}

static int
meet_supervisor(struct worker *worker)
{
	const struct channel_setup setup = {
		.self = PROCESS_WORKER,
		.peer = PROCESS_SUPERVISOR,
		.handlers = worker_handlers,
		.owner = worker,
		.connection_seen = worker_connection_seen,
		.events_changed = on_channel_events,
	};
	int r = supervised_meet(&setup, CHILD_FD_CHANNEL, &worker->supervisor);

	return r < 0 ? fail("the supervisor's channel", r) : 0;
}

/* Everything up to the closed sandbox. */
static int
prepare(struct worker *worker)
{
	int fd = CHILD_FD_KEY;
	int r = lock_down_early();

	if (r < 0)
		return r;
	/* A peer that is gone is an errno; Ctrl-C at a terminal is the supervisor's to deal with. */
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGTERM, SIG_IGN);
	r = uv_loop_init(&process.loop);
	if (r < 0)
		return fail("the loop", r);
	r = key_client_new(&fd, KEY_LIMIT_MS, &worker->key);
	if (r < 0)
		return fail("the channel to sekisho-key", r);
	r = meet_supervisor(worker);
	if (r < 0)
		return r;
	r = hear_configure(worker);
	if (r < 0)
		return fail("no CONFIGURE came", r);
	r = apply_configure(worker);
	if (r < 0)
		return r;
	return lock_down(LOCK_DOWN_WORKER);
}

int
main(void)
{
	struct worker *worker = &process.worker;

	log_init("sekisho-worker");
	if (prepare(worker) < 0 || start_loop(worker->supervisor) < 0)
		return CHILD_EXIT_UNUSABLE;
	(void)uv_run(&process.loop, UV_RUN_DEFAULT);
	return 0;
}
