/* sekisho-player: shows one watcher one recording, or what a running session shows, as an RDP server behind the relay worker, and ends with
 * him.
 *
 *	fd 2 the log   3 the supervisor
 *
 * Hears PLAY_FILE (the recording, read only, and its key) and PLAY_BEGIN (the socket to the worker), closes its sandbox, and only
 * then reads what a client or a jump host said. It knows no account, and no recording but this. Exits with 0 when the watcher
 * or the supervisor goes.
 */
#include "base/cleanup.h"
#include "base/lock_down.h"
#include "base/log.h"
#include "desk/keyboard.h"
#include "messages/channel.h"
#include "messages/supervised.h"
#include "player/player.h"
#include "recording/format.h"
#include "supervisor/children.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <string.h>

#define MESSAGES_A_TURN 64

static struct {
	struct channel *supervisor;
	struct player *player;
	struct keyboard *keyboard; /* NULL before PLAY_BEGIN: nobody is there */
	int failed;                /* negative errno: it ends */
} process;

static int
fail(const char *what, int error)
{
	process.failed = error;
	log_event(EV_PLAYER_FAILED, "what='%s' error='%s'", what, strerror(-error));
	return error;
}

static void
told(void *owner, const struct msg_play_state *state)
{
	(void)owner;
	if (channel_send(process.supervisor, MSG_PLAY_STATE, state, -1) < 0)
		process.failed = -ECONNRESET;
}

static int
on_play_file(struct channel *channel, union message_body *message)
{
	const struct msg_play_file *file = &message->play_file;
	auto_fd int fd = channel_take_fd(channel);

	if (file->key_len != RECORDING_KEY_BYTES)
		return fail("the recording's key", -EPROTO);
	player_take_file(process.player, &fd, file->key, file->live != 0);
	return 0;
}

/* The watcher's keyboard is known now, and its files are read before nothing can be opened any more. */
static int
on_play_begin(struct channel *channel, union message_body *message)
{
	const struct msg_play_begin *begin = &message->play_begin;
	struct player_setup setup = {
		.title = begin->title, .language = begin->language, .told = told};
	auto_fd int fd = channel_take_fd(channel);
	int r = keyboard_new(begin->keyboard_layout, &process.keyboard);

	if (r < 0)
		return fail("the keyboard", r);
	setup.keyboard = process.keyboard;
	r = player_begin(process.player, &setup, &fd);
	if (r < 0)
		return fail("the RDP server", r);
	return lock_down(LOCK_DOWN_PLAYER);
}

static const struct channel_handler handlers[] = {
	{MSG_PLAY_FILE, on_play_file},
	{MSG_PLAY_BEGIN, on_play_begin},
	{MSG_PING, supervised_on_ping},
	{MSG_NOTHING, NULL},
};

static int
prepare(void)
{
	const struct channel_setup setup = {
		.self = PROCESS_PLAYER, .peer = PROCESS_SUPERVISOR, .handlers = handlers};
	const char *why = "";
	int r;

	(void)signal(SIGPIPE, SIG_IGN);
	r = lock_down_early();
	if (r == 0)
		r = lock_down_before_threads();
	if (r < 0)
		return r;
	if (sodium_init() < 0)
		return fail("libsodium", -EIO);
	r = player_warm_up(NULL, &why);
	if (r < 0)
		return fail(why, r);
	r = player_new(&process.player);
	if (r < 0)
		return fail("libfreerdp", r);
	r = supervised_meet(&setup, CHILD_FD_CHANNEL, &process.supervisor);
	return r < 0 ? fail("the supervisor's channel", r) : 0;
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

/* One turn: plays, then waits for whoever comes first. Returns a negative errno when it is over. */
static int
turn(void)
{
	struct pollfd waits[2] = {
		{.fd = channel_fd(process.supervisor),
			.events = (short)channel_events(process.supervisor)},
		{.fd = -1},
	};
	int wait_ms = -1;
	int r;

	if (process.keyboard != NULL) {
		struct desk *desk = player_desk(process.player);
		int desk_ms;

		wait_ms = player_step(process.player);
		desk_ms = desk_wait_ms(desk);
		if (desk_ms >= 0 && desk_ms < wait_ms)
			wait_ms = desk_ms;
		waits[1] = (struct pollfd){.fd = desk_fd(desk), .events = desk_events(desk)};
	}
	if (poll(waits, ARRAY_SIZE(waits), wait_ms) < 0)
		return errno == EINTR ? 0 : -errno;
	r = hear_supervisor(waits[0].revents);
	if (r < 0 || process.keyboard == NULL)
		return r;
	r = desk_serve(player_desk(process.player), waits[1].revents);
	if (r < 0 && r != -ECONNRESET)
		return fail("the RDP server", r);
	return r < 0 ? r : process.failed;
}

static void
say_over(void)
{
	const struct msg_play_over over = {.watched_ms = player_watched_ms(process.player)};

	if (process.keyboard != NULL &&
		channel_send(process.supervisor, MSG_PLAY_OVER, &over, -1) == 0)
		(void)channel_flush(process.supervisor);
}

int
main(void)
{
	int r;

	log_init("sekisho-player");
	if (prepare() < 0)
		return CHILD_EXIT_UNUSABLE;
	do
		r = turn();
	while (r == 0);
	say_over();
	player_free(process.player);
	keyboard_free(process.keyboard);
	channel_free(process.supervisor);
	return r == -ECONNRESET ? 0 : 1;
}
