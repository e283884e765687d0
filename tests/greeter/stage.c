/* See stage.h. */
#include "stage.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHANNEL 3
#define MESSAGES_A_TURN 64

static _Noreturn void
die(const char *what)
{
	fprintf(stderr, "stage: %s: %s\n", what, strerror(errno));
	exit(2);
}

static int
on_hello(struct channel *channel, union message_body *message)
{
	struct stage *stage = channel_owner(channel);

	stage->hello = message->hello.build_hash == messages_build_hash();
	return stage->hello ? 0 : -EPROTO;
}

static int
on_shown(struct channel *channel, union message_body *message)
{
	struct stage *stage = channel_owner(channel);

	stage->shown = message->shown.serial;
	return 0;
}

static int
on_answer(struct channel *channel, union message_body *message)
{
	struct stage *stage = channel_owner(channel);

	stage->answer = message->answer;
	stage->answers++;
	return 0;
}

static int
on_pong(struct channel *channel, union message_body *message)
{
	struct stage *stage = channel_owner(channel);

	(void)message;
	stage->pongs++;
	return 0;
}

static int
on_play_state(struct channel *channel, union message_body *message)
{
	struct stage *stage = channel_owner(channel);

	stage->play = message->play_state;
	stage->states |= 1u << stage->play.state;
	stage->plays++;
	return 0;
}

static int
on_play_over(struct channel *channel, union message_body *message)
{
	struct stage *stage = channel_owner(channel);

	stage->over = true;
	stage->watched_ms = message->play_over.watched_ms;
	return 0;
}

static const struct channel_handler handlers[] = {
	{MSG_PLAY_STATE, on_play_state},
	{MSG_PLAY_OVER, on_play_over},
	{MSG_HELLO, on_hello},
	{MSG_SHOWN, on_shown},
	{MSG_ANSWER, on_answer},
	{MSG_PONG, on_pong},
	{MSG_NOTHING, NULL},
};

/* With the variables that children.c leaves a child. */
static _Noreturn void
become(const char *program)
{
	static const char *const kept[] = {"ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"};
	char values[ARRAY_SIZE(kept)][512];
	char *environment[ARRAY_SIZE(kept) + 2] = {
		(char[]){"GLIBC_TUNABLES=glibc.malloc.tcache_count=0"}};
	size_t count = 1;

	for (size_t i = 0; i < ARRAY_SIZE(kept); i++) {
		if (getenv(kept[i]) == NULL)
			continue;
		snprintf(values[i], sizeof(values[i]), "%s=%s", kept[i], getenv(kept[i]));
		environment[count++] = values[i];
	}
	execle(program, program, (char *)NULL, environment);
	die(program);
}

static void
start(struct stage *stage, const char *program, enum process process)
{
	const struct channel_setup setup = {
		.self = PROCESS_SUPERVISOR, .peer = process, .handlers = handlers, .owner = stage};
	int ends[2];

	memset(stage, 0, sizeof(*stage));
	if (channel_pair(ends) < 0)
		die("a channel");
	stage->pid = fork();
	if (stage->pid < 0)
		die("fork");
	if (stage->pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (ends[1] == CHANNEL)
			(void)fcntl(CHANNEL, F_SETFD, 0);
		else if (dup2(ends[1], CHANNEL) < 0)
			die("dup2");
		(void)close_range(CHANNEL + 1, ~0u, 0);
		become(program);
	}
	(void)close(ends[1]);
	if (channel_new(&setup, &ends[0], &stage->channel) < 0)
		die("the channel");
}

void
stage_start(struct stage *stage, const char *program)
{
	start(stage, program, PROCESS_GREETER);
}

void
stage_start_player(struct stage *stage, const char *program)
{
	start(stage, program, PROCESS_PLAYER);
}

int
stage_play(struct stage *stage, int fd, const uint8_t key[32], bool live, const char *language)
{
	struct msg_play_file file = {.key_len = 32, .live = live, .at_ms = stage->begin_ms};
	struct msg_play_begin begin = {
		.title = "sato on pacs-01, 2026-11-22 10:15", .keyboard_layout = 0x409};
	int ends[2];

	memcpy(file.key, key, 32);
	snprintf(begin.language, sizeof(begin.language), "%s", language);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		die("a socketpair");
	if (channel_send(stage->channel, MSG_PLAY_FILE, &file, fd) < 0 ||
		channel_send(stage->channel, MSG_PLAY_BEGIN, &begin, ends[1]) < 0)
		die("PLAY_BEGIN");
	(void)close(ends[1]);
	return ends[0];
}

int
stage_begin(struct stage *stage, uint32_t keyboard_layout, int fd)
{
	struct msg_begin_screen begin = {
		.facility = "Test Hospital", .language = "en", .keyboard_layout = keyboard_layout};
	int ends[2] = {-1, -1};

	if (fd < 0) {
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
			die("a socketpair");
		fd = ends[1];
	}
	if (channel_send(stage->channel, MSG_BEGIN_SCREEN, &begin, fd) < 0)
		die("BEGIN_SCREEN");
	(void)close(fd);
	return ends[0];
}

void
stage_show(struct stage *stage, const struct msg_show *show)
{
	struct msg_show one = *show;

	one.serial = ++stage->serial;
	if (channel_send(stage->channel, MSG_SHOW, &one, -1) < 0)
		stage->gone = true;
}

void
stage_ping(struct stage *stage)
{
	const struct msg_ping ping = {.serial = stage->pongs + 1};

	if (channel_send(stage->channel, MSG_PING, &ping, -1) < 0)
		stage->gone = true;
}

void
stage_serve(struct stage *stage)
{
	const char *why = NULL;
	int r = stage->gone ? 0 : channel_receive(stage->channel, MESSAGES_A_TURN, &why);

	if (r >= 0)
		return;
	stage->gone = true;
	if (r != -ECONNRESET)
		stage->broke = why != NULL ? why : strerror(-r);
}

bool
stage_serve_until(struct stage *stage, int64_t limit_ms)
{
	struct pollfd wanted = {.fd = channel_fd(stage->channel), .events = POLLIN};
	int64_t left = limit_ms - clock_boottime_ms();

	if (stage->gone || left <= 0)
		return false;
	if (poll(&wanted, 1, (int)left) < 0 && errno != EINTR)
		die("poll");
	stage_serve(stage);
	return true;
}

bool
stage_wait(struct stage *stage, const uint32_t *value, uint32_t least, int limit_ms)
{
	int64_t limit = clock_boottime_ms() + limit_ms;

	while (*value < least)
		if (!stage_serve_until(stage, limit))
			return false;
	return true;
}

bool
stage_wait_gone(struct stage *stage, int limit_ms)
{
	int64_t limit = clock_boottime_ms() + limit_ms;

	while (stage_serve_until(stage, limit))
		;
	return stage->gone;
}

int
stage_end(struct stage *stage)
{
	int status = 0;

	channel_free(take_pointer(&stage->channel));
	if (waitpid(stage->pid, &status, 0) < 0)
		die("waitpid");
	secret_wipe(&stage->answer, sizeof(stage->answer));
	return status;
}
