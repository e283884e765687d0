/* sekisho-greeter: shows one client the sign-in screen, as an RDP server behind the relay worker, and ends with it.
 *
 *	fd 2 the log   3 the supervisor
 *
 * Started before it is needed, and warmed up; waits for BEGIN_SCREEN, which brings the socket to the worker, closes
 * its sandbox, and only then reads what a client sent. It knows no account, no password but what is typed here, and no
 * terminal but those it is told. Exits with 0 when the client or the supervisor goes.
 */
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/lock_down.h"
#include "base/log.h"
#include "base/secret.h"
#include "desk/allowance.h"
#include "desk/keyboard.h"
#include "greeter/peer.h"
#include "greeter/screen.h"
#include "messages/channel.h"
#include "messages/supervised.h"
#include "supervisor/children.h"

#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MESSAGES_A_TURN 64

static struct {
	struct channel *supervisor;
	struct peer *peer;
	struct keyboard *keyboard; /* NULL before BEGIN_SCREEN: nobody is there */
	struct allowance allowance;
	int failed; /* negative errno: it ends */
} process;

static int
fail(const char *what, int error)
{
	process.failed = error;
	log_event(EV_GREETER_FAILED, "what='%s' error='%s'", what, strerror(-error));
	return error;
}

static int64_t
processor_us(void)
{
	struct timespec spent = {0};

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
	return spent.tv_sec * INT64_C(1000000) + spent.tv_nsec / 1000;
}

static void
answered(void *owner, const struct msg_answer *answer)
{
	(void)owner;
	if (channel_send(process.supervisor, MSG_ANSWER, answer, -1) < 0)
		process.failed = -ECONNRESET;
}

static void
shown(void *owner, uint32_t serial)
{
	const struct msg_shown message = {.serial = serial};

	(void)owner;
	if (channel_send(process.supervisor, MSG_SHOWN, &message, -1) < 0)
		process.failed = -ECONNRESET;
}

/* The client's keyboard is known now, and its files are read before nothing can be opened any more. */
static int
on_begin_screen(struct channel *channel, union message_body *message)
{
	const struct msg_begin_screen *begin = &message->begin_screen;
	struct peer_setup setup = {
		.facility = begin->facility,
		.language = begin->language,
		.now_ms = clock_boottime_ms,
		.answered = answered,
		.shown = shown,
	};
	auto_fd int fd = channel_take_fd(channel);
	int r = keyboard_new(begin->keyboard_layout, &process.keyboard);

	if (r < 0)
		return fail("the keyboard", r);
	setup.keyboard = process.keyboard;
	r = peer_begin(process.peer, &setup, &fd);
	if (r < 0)
		return fail("the RDP server", r);
	allowance_begin(&process.allowance, clock_boottime_ms() * 1000, processor_us());
	return lock_down(LOCK_DOWN_GREETER);
}

static int
on_choice(struct channel *channel, union message_body *message)
{
	(void)channel;
	return peer_choice(process.peer, &message->choice);
}

static int
on_show(struct channel *channel, union message_body *message)
{
	(void)channel;
	return peer_show(process.peer, &message->show);
}

static const struct channel_handler handlers[] = {
	{MSG_BEGIN_SCREEN, on_begin_screen},
	{MSG_CHOICE, on_choice},
	{MSG_SHOW, on_show},
	{MSG_PING, supervised_on_ping},
	{MSG_NOTHING, NULL},
};

static int
meet_supervisor(void)
{
	const struct channel_setup setup = {
		.self = PROCESS_GREETER, .peer = PROCESS_SUPERVISOR, .handlers = handlers};
	int r = supervised_meet(&setup, CHILD_FD_CHANNEL, &process.supervisor);

	return r < 0 ? fail("the supervisor's channel", r) : 0;
}

/* What takes time is done while nobody waits. */
static int
prepare(void)
{
	const char *why = "";
	int r;

	(void)signal(SIGPIPE, SIG_IGN);
	r = lock_down_early();
	if (r == 0)
		r = lock_down_before_threads();
	if (r < 0)
		return r;
	r = desk_warm_up();
	if (r == 0)
		r = peer_new(&process.peer);
	if (r < 0)
		return fail("libfreerdp", r);
	r = screen_warm_up(NULL, &why);
	if (r < 0)
		return fail(why, r);
	(void)malloc_trim(0); /* what warming up alone needed: some of these wait all day */
	return meet_supervisor();
}

static int
hear_supervisor(short revents)
{
	const char *why = NULL;
	int r;

	if ((revents & POLLOUT) != 0 && channel_flush(process.supervisor) < 0)
		return -ECONNRESET;
	if ((revents & ~POLLOUT) == 0)
		return 0;
	r = channel_receive(process.supervisor, MESSAGES_A_TURN, &why);
	if (process.failed < 0)
		return process.failed; /* a handler has said why */
	if (r == 0 || r == -ECONNRESET)
		return r;
	return fail(why != NULL ? why : "the supervisor's channel", r);
}

/* One turn. Returns a negative errno when it is over. A client that has used up its share of the processor waits: neither is it
 * read, which holds it back as far as its own socket, nor drawn for; the supervisor is answered. */
static int
turn(void)
{
	struct pollfd waits[2] = {
		{.fd = channel_fd(process.supervisor),
			.events = (short)channel_events(process.supervisor)},
		{.fd = -1},
	};
	int wait_ms = -1, pause_ms = 0;
	int r;

	if (process.keyboard != NULL)
		pause_ms = allowance_wait_ms(
			&process.allowance, clock_boottime_ms() * 1000, processor_us());
	if (pause_ms > 0) {
		wait_ms = pause_ms;
	} else if (process.keyboard != NULL) {
		waits[1] = (struct pollfd){.fd = desk_fd(peer_desk(process.peer)),
			.events = desk_events(peer_desk(process.peer))};
		wait_ms = desk_wait_ms(peer_desk(process.peer));
	}
	if (poll(waits, ARRAY_SIZE(waits), wait_ms) < 0)
		return errno == EINTR ? 0 : -errno;
	r = hear_supervisor(waits[0].revents);
	if (r < 0 || process.keyboard == NULL || pause_ms > 0)
		return r;
	r = desk_serve(peer_desk(process.peer), waits[1].revents);
	if (r < 0 && r != -ECONNRESET)
		return fail("the RDP server", r);
	return r < 0 ? r : process.failed;
}

int
main(void)
{
	int r;

	log_init("sekisho-greeter");
	if (prepare() < 0)
		return CHILD_EXIT_UNUSABLE;
	do
		r = turn();
	while (r == 0);
	peer_free(process.peer);
	keyboard_free(process.keyboard);
	channel_free(process.supervisor);
	return r == -ECONNRESET ? 0 : 1;
}
