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
#include "child/program.h"
#include "desk/allowance.h"
#include "desk/desk.h"
#include "desk/keyboard.h"
#include "greeter/peer.h"
#include "greeter/screen.h"
#include "messages/supervised.h"

#include <malloc.h>
#include <time.h>

static struct {
	struct running running;
	struct peer *peer;
	struct keyboard *keyboard; /* NULL before BEGIN_SCREEN: nobody is there */
	struct allowance allowance;
} process;

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
	program_say(&process.running, MSG_ANSWER, answer);
}

static void
shown(void *owner, uint32_t serial)
{
	const struct msg_shown message = {.serial = serial};

	(void)owner;
	program_say(&process.running, MSG_SHOWN, &message);
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
		return program_fail(&process.running, "the keyboard", r);
	setup.keyboard = process.keyboard;
	r = peer_begin(process.peer, &setup, &fd);
	if (r < 0)
		return program_fail(&process.running, "the RDP server", r);
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

/* What takes time is done while nobody waits. */
static int
warm_up(const char **ret_what)
{
	int r = desk_warm_up();

	*ret_what = "libfreerdp";
	if (r == 0)
		r = peer_new(&process.peer);
	if (r == 0)
		r = screen_warm_up(NULL, ret_what);
	if (r == 0)
		(void)malloc_trim(0); /* what this alone needed: some of these wait all day */
	return r;
}

/* A client that has used up its share of the processor waits: neither is it
 * read, which holds it back as far as its own socket, nor drawn for; the supervisor is answered. */
static int
turn(void)
{
	struct desk *desk = process.keyboard != NULL ? peer_desk(process.peer) : NULL;
	int pause_ms = 0;

	if (desk != NULL)
		pause_ms = allowance_wait_ms(
			&process.allowance, clock_boottime_ms() * 1000, processor_us());
	return pause_ms > 0 ? desk_turn(&process.running, NULL, pause_ms)
			    : desk_turn(&process.running, desk, -1);
}

static void
done(int status)
{
	(void)status;
	peer_free(process.peer);
	keyboard_free(process.keyboard);
}

int
main(void)
{
	static const struct program program = {
		.name = "sekisho-greeter",
		.failed = EV_GREETER_FAILED,
		.self = PROCESS_GREETER,
		.starts_threads = true,
		.handlers = handlers,
		.messages_a_turn = 64,
		.warm_up = warm_up,
		.turn = turn,
		.done = done,
	};

	return program_main(&program, &process.running);
}
