/* See syncing.h. */
#include "recorder/syncing.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

/* A descriptor comes, what fdatasync has said goes back. The descriptor of this end is its own. */
static void *
sync_on_demand(void *argument)
{
	auto_fd int fd = (int)(intptr_t)argument;
	int file, r = 0;

	while (write(fd, &r, sizeof(r)) == sizeof(r) &&
		read(fd, &file, sizeof(file)) == sizeof(file))
		r = fdatasync(file) < 0 ? -errno : 0;
	return NULL;
}

static int
start_thread(pthread_t *ret_thread, int fd)
{
	pthread_attr_t attributes;
	int r = -pthread_attr_init(&attributes);

	if (r < 0)
		return r;
	(void)pthread_attr_setstacksize(&attributes, 128 << 10);
	r = -pthread_create(ret_thread, &attributes, sync_on_demand, (void *)(intptr_t)fd);
	(void)pthread_attr_destroy(&attributes);
	return r;
}

int
syncing_start(struct syncing *syncing)
{
	int ends[2], began, r;

	*syncing = (struct syncing){.fd = -1};
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	syncing->fd = ends[0];
	r = start_thread(&syncing->thread, ends[1]);
	if (r < 0) {
		(void)close(ends[1]);
		cleanup_close(&syncing->fd);
		syncing->fd = -1;
		return r;
	}
	r = read(syncing->fd, &began, sizeof(began)) == sizeof(began) ? 0 : -EIO;
	if (r == 0 && fcntl(syncing->fd, F_SETFL, O_NONBLOCK) < 0)
		r = -errno;
	if (r < 0)
		syncing_done(syncing);
	return r;
}

void
syncing_done(struct syncing *syncing)
{
	if (syncing->fd < 0)
		return;
	(void)close(syncing->fd);
	syncing->fd = -1;
	if (syncing->runs)
		(void)pthread_detach(syncing->thread);
	else
		(void)pthread_join(syncing->thread, NULL);
}

int
syncing_fd(const struct syncing *syncing)
{
	return syncing->fd;
}

/* What the thread has said; or it is gone, and with it what it was asked for. */
static int
take_answer(struct syncing *syncing)
{
	bool asked = syncing->runs;
	ssize_t got;
	int answer;

	if (syncing->fd < 0)
		return 0;
	got = read(syncing->fd, &answer, sizeof(answer));
	if (got < 0)
		return 0;
	syncing->runs = syncing->late = false;
	if (got == sizeof(answer))
		return answer;
	syncing_done(syncing);
	return asked ? -EIO : 0;
}

/* Without a thread nothing comes to the disk: that is said of all that should have. */
static int
ask(struct syncing *syncing, int file, uint64_t written, uint32_t ms)
{
	syncing->from = syncing->asked;
	syncing->asked = written;
	syncing->asked_ms = ms;
	syncing->is_dirty = false;
	syncing->runs = syncing->fd >= 0 && write(syncing->fd, &file, sizeof(file)) == sizeof(file);
	return syncing->runs ? 0 : -EIO;
}

int
syncing_turn(struct syncing *syncing, int file, uint64_t written, uint32_t ms, uint32_t stall_ms)
{
	int r = take_answer(syncing);

	if (written > syncing->asked && !syncing->is_dirty) {
		syncing->is_dirty = true;
		syncing->dirty_ms = ms;
	}
	/* What was not taken is told before anything else is asked for. */
	if (r == 0 && !syncing->runs && syncing->is_dirty &&
		(ms - syncing->dirty_ms >= SYNCING_EVERY_MS ||
			written - syncing->asked >= SYNCING_BYTES))
		r = ask(syncing, file, written, ms);
	if (r == 0 && syncing->runs && !syncing->late && ms - syncing->asked_ms >= stall_ms) {
		syncing->late = true;
		r = -ETIME;
	}
	return r;
}

int
syncing_wait_ms(const struct syncing *syncing, uint32_t ms, uint32_t stall_ms)
{
	uint32_t since = syncing->runs ? syncing->asked_ms : syncing->dirty_ms;
	uint32_t most = syncing->runs ? stall_ms : SYNCING_EVERY_MS;

	if (syncing->runs ? syncing->late : !syncing->is_dirty)
		return -1;
	return ms - since >= most ? 0 : (int)(most - (ms - since));
}
