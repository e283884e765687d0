/* The processes of the supervisor's children: their start, their death and their starting again;
 * see children.h. */
#include "supervisor/children_private.h"

#include "base/cleanup.h"
#include "base/lock_down.h"
#include "base/log.h"
#include "supervisor/children_spawn.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PING_MS 1000
#define HUNG_MS 5000
#define MOST_WORKERS 64

/* The wait before a child is started again: none if it had lived for long, else doubled each
 * time. */
#define LIVED_LONG_MS 10000
#define FIRST_WAIT_MS 100
#define LONGEST_WAIT_MS 10000

void
children_handle_gone(struct children *children)
{
	children->open_handles--;
	if (children->open_handles == 0 && children->setup.stopped != NULL)
		children->setup.stopped(children->setup.owner);
}

/* Descriptor 4: the PEM for sekisho-key, a signing channel for a worker. */
static int
open_fourth(struct child *child, int *ret_fd)
{
	bool is_key = child->slot->process == PROCESS_KEY;
	int fd;

	if (child_is_worker(child))
		return child_new_key_channel(child, ret_fd);
	fd = open(is_key ? child->slot->children->key_path : "/dev/null",
		O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

static int
child_start_process(struct slot *slot, struct child *child, int *ret_channel, int *ret_output)
{
	struct children *children = slot->children;
	char path[PATH_MAX];
	auto_fd int ours = -1, theirs = -1, fourth = -1, output = -1, writes = -1;
	struct child_program program;
	int ends[2];
	int r = child_program_path(children->directory, slot->program, path, sizeof(path));

	if (r == 0)
		r = open_fourth(child, &fourth);
	if (r == 0)
		r = channel_pair(ends);
	if (r < 0)
		return r;
	ours = ends[0];
	theirs = ends[1];
	r = child_output_pipe(&output, &writes);
	program = (struct child_program){.path = path,
		.name = slot->program,
		.niceness = child_first_niceness(slot),
		.output = writes,
		.channel = theirs,
		.fourth = fourth};
	if (r == 0)
		r = child_spawn(&program, &child->pid);
	if (r < 0)
		return r;
	*ret_channel = take_fd(&ours);
	*ret_output = take_fd(&output);
	return 0;
}

int
slot_start(struct slot *slot)
{
	struct child *child = calloc(1, sizeof(*child));
	auto_fd int channel = -1, output = -1;
	int r;

	if (child == NULL)
		return -ENOMEM;
	child->slot = slot;
	child->number = ++slot->children->last_number;
	child->started_ms = uv_now(slot->children->setup.loop);
	child->owes_since_ms = child->started_ms + 1;
	r = child_start_process(slot, child, &channel, &output);
	if (r == 0) {
		r = child_output_new(slot->children->setup.loop, &output, slot->program,
			(int)child->pid, &child->output);
		if (r == 0)
			r = child_watch(child, &channel);
		if (r < 0) {
			(void)kill(child->pid, SIGKILL);
			(void)waitpid(child->pid, NULL, 0);
		}
	}
	if (r < 0) {
		child_output_end(child->output);
		channel_free(child->channel);
		free(child);
		return r;
	}
	slot->child = child;
	log_event(EV_CHILD_STARTED, "program='%s' pid=%d number=%u", slot->program, (int)child->pid,
		child->number);
	if (slot->process == PROCESS_KEY)
		children_renew_key_channels(slot->children);
	return 0;
}

static void slot_fill_later(struct slot *slot);

static void
slot_fill(uv_timer_t *timer)
{
	struct slot *slot = timer->data;
	int r;

	if (slot->children->stopping || slot->child != NULL)
		return;
	r = slot_start(slot);
	if (r < 0) {
		log_event(EV_CHILD_NOT_STARTED, "program='%s' error='%s'", slot->program,
			strerror(-r));
		slot_fill_later(slot);
	}
}

void
slot_fill_in(struct slot *slot, uint64_t wait_ms)
{
	(void)uv_timer_start(&slot->timer, slot_fill, wait_ms, 0);
}

static void
slot_fill_later(struct slot *slot)
{
	slot->wait_ms = slot->wait_ms == 0 ? FIRST_WAIT_MS : 2 * slot->wait_ms;
	if (slot->wait_ms > LONGEST_WAIT_MS)
		slot->wait_ms = LONGEST_WAIT_MS;
	(void)uv_timer_start(&slot->timer, slot_fill, slot->wait_ms, 0);
}

/* It ended as we, or its task, made it end; we may have been faster than its own exit. What crashed before it was ended is no such thing. */
static bool
is_expected(const struct child *child, int status)
{
	bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;

	if (child->ended_by != ENDED_BY_ITSELF)
		return killed || WIFEXITED(status);
	/* Whoever serves one client ends with it. */
	return child->taken && (killed || status == 0);
}

static void
log_death(const struct child *child, int status)
{
	bool by_filter = WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;

	if (is_expected(child, status))
		return;
	log_event(by_filter ? EV_CHILD_SANDBOX : EV_CHILD_DIED,
		"program='%s' pid=%d %s=%d connections=%u", child->slot->program, (int)child->pid,
		WIFSIGNALED(status) ? "signal" : "status",
		WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), child->connections);
}

static void close_if_empty(struct children *children);

/* Whoever had taken it hears of it. */
static void
say_died(struct child *child)
{
	struct children *children = child->slot->children;

	if (child->slot->kind != NULL)
		child_kind_died(child);
	else if (child_is_worker(child) && children->setup.worker_died != NULL)
		children->setup.worker_died(children->setup.owner, child);
}

/* Its process is gone. */
static void
child_gone(struct child *child, int status)
{
	struct slot *slot = child->slot;
	struct children *children = slot->children;
	bool unusable = WIFEXITED(status) && WEXITSTATUS(status) == CHILD_EXIT_UNUSABLE;
	bool was_taken;

	child->reaped = true;
	/* What it had said before it died counts. */
	(void)channel_receive(child->channel, UINT_MAX, NULL);
	channel_close(child->channel);
	child_output_end(child->output);
	log_death(child, status);
	slot->child = NULL;
	say_died(child);
	if (uv_now(children->setup.loop) - child->started_ms >= LIVED_LONG_MS)
		slot->wait_ms = 0;
	was_taken = child->taken;
	child_unwatch(child);
	if (children->stopping) {
		close_if_empty(children);
		return;
	}
	if (was_taken) {
		slot->wait_ms = 0;
		children_warm_up(children);
		return;
	}
	slot_fill_later(slot);
	/* Without a sign-in screen tickets still work. */
	if (unusable && slot->kind == NULL)
		children_say_failed(children);
}

static void
on_sigchld(uv_signal_t *handle, int signal_number)
{
	struct children *children = handle->data;

	(void)signal_number;
	for (unsigned int i = 0; i < children->slot_count; i++) {
		struct child *child = children->slots[i].child;
		int status;

		if (child != NULL && waitpid(child->pid, &status, WNOHANG) == child->pid)
			child_gone(child, status);
	}
}

static void
on_watchdog(uv_timer_t *timer)
{
	struct children *children = timer->data;

	for (unsigned int i = 0; i < children->slot_count; i++) {
		if (children->slots[i].child != NULL)
			child_check(children->slots[i].child);
	}
}

/* Ours and the supervisor's. */
static struct channel_handler *
join_handlers(const struct channel_handler *more)
{
	struct channel_handler *joined;
	size_t count = 0;

	while (more != NULL && more[count].function != NULL)
		count++;
	joined = calloc(CHILD_OWN_HANDLERS + count + 1, sizeof(*joined));
	if (joined == NULL)
		return NULL;
	memcpy(joined, child_own_handlers, CHILD_OWN_HANDLERS * sizeof(*joined));
	if (count > 0)
		memcpy(joined + CHILD_OWN_HANDLERS, more, count * sizeof(*joined));
	return joined;
}

static unsigned int
slots_wanted(const struct children_setup *setup)
{
	unsigned int wanted = 1 + setup->workers;

	for (unsigned int kind = 0; kind < CHILD_KIND_COUNT; kind++)
		wanted += child_kind_slots((enum child_kind)kind, &setup->kinds[kind]);
	return wanted;
}

static int
join_all_handlers(struct children *children)
{
	children->worker_handlers = join_handlers(children->setup.worker_handlers);
	if (children->worker_handlers == NULL)
		return -ENOMEM;
	for (unsigned int kind = 0; kind < CHILD_KIND_COUNT; kind++) {
		children->kind_handlers[kind] = join_handlers(children->setup.kinds[kind].handlers);
		if (children->kind_handlers[kind] == NULL)
			return -ENOMEM;
	}
	return 0;
}

static int
copy_setup(struct children *children, const struct children_setup *setup)
{
	children->setup = *setup;
	if (setup->ping_ms == 0)
		children->setup.ping_ms = PING_MS;
	if (setup->hung_ms == 0)
		children->setup.hung_ms = HUNG_MS;
	children->configure = malloc(sizeof(*children->configure));
	children->key_path = strdup(setup->key_path);
	children->directory = setup->directory == NULL ? NULL : strdup(setup->directory);
	children->slots = calloc(slots_wanted(setup), sizeof(*children->slots));
	if (children->configure == NULL || children->key_path == NULL || children->slots == NULL ||
		(setup->directory != NULL && children->directory == NULL))
		return -ENOMEM;
	*children->configure = *setup->configure;
	return join_all_handlers(children);
}

/* Who belongs into a slot: sekisho-key, workers, and then kind after kind. */
static void
slot_assign(struct slot *slot, const struct children_setup *setup, unsigned int number)
{
	unsigned int first = 1 + setup->workers;

	slot->process = number == 0 ? PROCESS_KEY : PROCESS_WORKER;
	slot->program = number == 0 ? "sekisho-key" : "sekisho-worker";
	for (unsigned int kind = 0; kind < CHILD_KIND_COUNT && number >= first; kind++) {
		slot->kind = child_kind_row((enum child_kind)kind);
		slot->process = slot->kind->process;
		slot->program = slot->kind->program;
		first += child_kind_slots((enum child_kind)kind, &setup->kinds[kind]);
	}
}

static int
start_handles(struct children *children)
{
	uv_loop_t *loop = children->setup.loop;
	uint64_t every_ms = children->setup.ping_ms;
	int r;

	for (unsigned int i = 0; i < slots_wanted(&children->setup); i++) {
		struct slot *slot = &children->slots[i];

		slot->children = children;
		slot_assign(slot, &children->setup, i);
		(void)uv_timer_init(loop, &slot->timer);
		slot->timer.data = slot;
		children->slot_count++;
	}
	(void)uv_timer_init(loop, &children->watchdog);
	(void)uv_timer_init(loop, &children->stop_limit);
	children->watchdog.data = children->stop_limit.data = children;
	children->open_handles += children->slot_count + 2;
	r = uv_signal_init(loop, &children->died);
	if (r < 0)
		return r;
	children->open_handles++;
	children->died.data = children;
	r = uv_signal_start(&children->died, on_sigchld, SIGCHLD);
	if (r == 0)
		r = uv_timer_start(&children->watchdog, on_watchdog, every_ms, every_ms);
	return r;
}

int
children_start(const struct children_setup *setup, struct children **ret_children)
{
	struct children *children = calloc(1, sizeof(*children));
	int r;

	assert(setup->workers >= 1 && setup->workers <= MOST_WORKERS);
	if (children == NULL)
		return -ENOMEM;
	r = copy_setup(children, setup);
	if (r < 0) {
		children_free(children);
		return r;
	}
	*ret_children = children;
	r = start_handles(children);
	for (unsigned int i = 0; i <= setup->workers && r == 0; i++) {
		r = slot_start(&children->slots[i]);
		if (r < 0)
			log_event(EV_CHILD_NOT_STARTED, "program='%s' error='%s'",
				children->slots[i].program, strerror(-r));
	}
	if (r == 0)
		children_warm_up(children);
	return r;
}

static void
handle_closed(uv_handle_t *handle)
{
	children_handle_gone(handle->data);
}

static void
slot_timer_closed(uv_handle_t *handle)
{
	const struct slot *slot = handle->data;

	children_handle_gone(slot->children);
}

/* Once nothing runs any more, lets go of everything. */
static void
close_if_empty(struct children *children)
{
	for (unsigned int i = 0; i < children->slot_count; i++) {
		if (children->slots[i].child != NULL)
			return;
	}
	if (uv_is_closing((uv_handle_t *)&children->watchdog))
		return;
	for (unsigned int i = 0; i < children->slot_count; i++)
		uv_close((uv_handle_t *)&children->slots[i].timer, slot_timer_closed);
	uv_close((uv_handle_t *)&children->died, handle_closed);
	uv_close((uv_handle_t *)&children->watchdog, handle_closed);
	uv_close((uv_handle_t *)&children->stop_limit, handle_closed);
}

static void
on_stop_limit(uv_timer_t *timer)
{
	struct children *children = timer->data;

	for (unsigned int i = 0; i < children->slot_count; i++) {
		if (children->slots[i].child != NULL)
			child_kill(children->slots[i].child);
	}
}

void
children_stop(struct children *children, uint64_t limit_ms)
{
	if (children->stopping)
		return;
	children->stopping = true;
	uv_timer_stop(&children->watchdog);
	for (unsigned int i = 0; i < children->slot_count; i++) {
		struct child *child = children->slots[i].child;

		uv_timer_stop(&children->slots[i].timer);
		if (child == NULL)
			continue;
		child->ended_by = ENDED_BY_STOP;
		channel_close(child->channel);
	}
	(void)uv_timer_start(&children->stop_limit, on_stop_limit, limit_ms, 0);
	close_if_empty(children);
}

void
children_free(struct children *children)
{
	if (children == NULL)
		return;
	assert(children->open_handles == 0);
	free(children->configure);
	free(children->key_path);
	free(children->directory);
	free(children->slots);
	free(children->worker_handlers);
	for (unsigned int kind = 0; kind < CHILD_KIND_COUNT; kind++)
		free(children->kind_handlers[kind]);
	free(children);
}

bool
child_is_running(const struct child *child)
{
	return child != NULL && child->is_ready && channel_fd(child->channel) >= 0;
}

struct child *
children_pick_worker(struct children *children)
{
	struct child *best = NULL;

	for (unsigned int i = 1; i <= children->setup.workers; i++) {
		struct child *child = children->slots[i].child;

		if (child_is_running(child) &&
			(best == NULL || child->connections < best->connections))
			best = child;
	}
	return best;
}

void
children_each_worker(struct children *children,
	void (*on_worker)(void *context, struct child *worker), void *context)
{
	for (unsigned int i = 1; i <= children->setup.workers; i++) {
		if (child_is_running(children->slots[i].child))
			on_worker(context, children->slots[i].child);
	}
}

int
children_send(struct child *worker, enum message number, const void *body, int fd)
{
	return channel_send(worker->channel, number, body, fd);
}

void
child_add_connection(struct child *worker)
{
	worker->connections++;
}

void
child_remove_connection(struct child *worker)
{
	assert(worker->connections > 0);
	worker->connections--;
}

void
child_set_asked(struct child *worker, uint32_t serial)
{
	worker->asked = serial;
}

uint32_t
child_asked(const struct child *worker)
{
	return worker->asked;
}

uint32_t
child_number(const struct child *child)
{
	return child->number;
}

int
child_pid(const struct child *child)
{
	return (int)child->pid;
}

uint32_t
child_connections(const struct child *child)
{
	return child->connections;
}

void *
child_owner(const struct child *child)
{
	return child->slot->children->setup.owner;
}

int
children_key_pid(const struct children *children)
{
	const struct child *key = children->slots[0].child;

	return child_is_running(key) ? (int)key->pid : 0;
}
