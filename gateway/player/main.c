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
#include "child/program.h"
#include "desk/desk.h"
#include "desk/keyboard.h"
#include "messages/supervised.h"
#include "player/player.h"
#include "recording/format.h"

#include <errno.h>
#include <sodium.h>

static struct {
	struct running running;
	struct player *player;
	struct keyboard *keyboard; /* NULL before PLAY_BEGIN: nobody is there */
} process;

static void
told(void *owner, const struct msg_play_state *state)
{
	(void)owner;
	program_say(&process.running, MSG_PLAY_STATE, state);
}

static int
on_play_file(struct channel *channel, union message_body *message)
{
	const struct msg_play_file *file = &message->play_file;
	auto_fd int fd = channel_take_fd(channel);

	if (file->key_len != RECORDING_KEY_BYTES)
		return program_fail(&process.running, "the recording's key", -EPROTO);
	player_take_file(process.player, &fd, file->key, file->live != 0, file->at_ms);
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
		return program_fail(&process.running, "the keyboard", r);
	setup.keyboard = process.keyboard;
	r = player_begin(process.player, &setup, &fd);
	if (r < 0)
		return program_fail(&process.running, "the RDP server", r);
	return lock_down(LOCK_DOWN_PLAYER);
}

static const struct channel_handler handlers[] = {
	{MSG_PLAY_FILE, on_play_file},
	{MSG_PLAY_BEGIN, on_play_begin},
	{MSG_PING, supervised_on_ping},
	{MSG_NOTHING, NULL},
};

static int
warm_up(const char **ret_what)
{
	int r;

	*ret_what = "libsodium";
	if (sodium_init() < 0)
		return -EIO;
	r = player_warm_up(NULL, ret_what);
	if (r < 0)
		return r;
	*ret_what = "libfreerdp";
	return player_new(&process.player);
}

/* Plays, then waits for whoever comes first. */
static int
turn(void)
{
	if (process.keyboard == NULL)
		return desk_turn(&process.running, NULL, -1);
	return desk_turn(
		&process.running, player_desk(process.player), player_step(process.player));
}

static void
done(int status)
{
	const struct msg_play_over over = {.watched_ms = player_watched_ms(process.player)};

	(void)status;
	if (process.keyboard != NULL) {
		program_say(&process.running, MSG_PLAY_OVER, &over);
		(void)channel_flush(process.running.supervisor);
	}
	player_free(process.player);
	keyboard_free(process.keyboard);
}

int
main(void)
{
	static const struct program program = {
		.name = "sekisho-player",
		.failed = EV_PLAYER_FAILED,
		.self = PROCESS_PLAYER,
		.starts_threads = true,
		.handlers = handlers,
		.messages_a_turn = 64,
		.warm_up = warm_up,
		.turn = turn,
		.done = done,
	};

	return program_main(&program, &process.running);
}
