/* See program.h. */
#include "child/program.h"

#include "base/lock_down.h"
#include "messages/supervised.h"
#include "supervisor/children.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

static const char supervisors_channel[] = "the supervisor's channel";

int
program_fail(struct running *running, const char *what, int error)
{
	running->failed = error;
	log_event(running->program->failed, "what='%s' error='%s'", what, strerror(-error));
	return error;
}

void
program_say(struct running *running, enum message number, const void *body)
{
	if (channel_send(running->supervisor, number, body, -1) < 0)
		running->failed = -ECONNRESET;
}

static int
meet_supervisor(struct running *running)
{
	const struct channel_setup setup = {.self = running->program->self,
		.peer = PROCESS_SUPERVISOR,
		.handlers = running->program->handlers};
	int r = supervised_meet(&setup, CHILD_FD_CHANNEL, &running->supervisor);

	return r < 0 ? program_fail(running, supervisors_channel, r) : 0;
}

static int
start(struct running *running)
{
	const char *what = "";
	int r;

	(void)signal(SIGPIPE, SIG_IGN);
	r = lock_down_early();
	if (r == 0 && running->program->starts_threads)
		r = lock_down_before_threads();
	if (r < 0)
		return r;
	r = running->program->warm_up(&what);
	if (r < 0)
		return program_fail(running, what, r);
	return meet_supervisor(running);
}

int
program_wait(struct running *running, struct pollfd *waits, nfds_t count, int most_ms)
{
	waits[0] = (struct pollfd){.fd = channel_fd(running->supervisor),
		.events = (short)channel_events(running->supervisor)};
	return poll(waits, count, most_ms) < 0 && errno != EINTR ? -errno : 0;
}

int
program_sooner(int one_ms, int other_ms)
{
	if (one_ms < 0 || (other_ms >= 0 && other_ms < one_ms))
		return other_ms;
	return one_ms;
}

int
program_receive(struct running *running, struct channel *channel, const char *who)
{
	const char *why = NULL;
	int r = channel_receive(channel, running->program->messages_a_turn, &why);

	if (running->failed < 0)
		return running->failed; /* a handler has said why */
	if (r == 0 || r == -ECONNRESET || running->over)
		return r;
	return program_fail(running, why != NULL ? why : who, r);
}

int
program_hear(struct running *running, short revents)
{
	if ((revents & POLLOUT) != 0 && channel_flush(running->supervisor) < 0)
		return -ECONNRESET;
	if ((revents & ~POLLOUT) == 0)
		return 0;
	return program_receive(running, running->supervisor, supervisors_channel);
}

int
program_main(const struct program *program, struct running *running)
{
	int r, status;

	running->program = program;
	log_init(program->name);
	if (start(running) < 0)
		return CHILD_EXIT_UNUSABLE;
	do {
		r = program->turn();
		if (r == 0)
			r = running->failed;
	} while (r == 0 && !running->over);
	status = r == 0 || r == -ECONNRESET ? 0 : 1;
	program->done(status);
	channel_free(running->supervisor);
	return status;
}
