/* A client's bytes through the sign-in screen's process: libfreerdp's server, keyboard, screen. The library itself is as it is installed;
 * what is ours is instrumented. Whatever comes, it ends with the client, and works through all of it in turns.
 */
#include "fuzz.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "desk/keyboard.h"
#include "greeter/peer.h"
#include "greeter/screen.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define TURNS_MOST 4096

struct stand {
	struct peer *peer;
	int client;
};

/* One for all: a layout takes longer to read than most inputs. */
static struct keyboard *keyboard;

static void
answered(void *owner, const struct msg_answer *answer)
{
	(void)owner;
	fuzz_expect(answer->secret_len <= sizeof(answer->secret));
}

static void
shown(void *owner, uint32_t serial)
{
	(void)owner;
	fuzz_expect(serial == 1);
}

static void
warm_up(void)
{
	const char *why = "";

	if (keyboard != NULL)
		return;
	fuzz_expect(desk_warm_up() == 0);
	fuzz_expect(screen_warm_up(GREETER_CATALOGUE, &why) == 0);
	fuzz_expect(keyboard_new(0x0411, &keyboard) == 0);
}

static void
begin(struct stand *stand)
{
	static const struct msg_show show = {.serial = 1, .screen = SCREEN_SIGN_IN};
	struct peer_setup setup = {.facility = "Test Hospital",
		.language = "en",
		.now_ms = clock_boottime_ms,
		.answered = answered,
		.shown = shown};
	int ends[2];

	warm_up();
	(void)keyboard_synchronize(keyboard, false, false);
	setup.keyboard = keyboard;
	fuzz_expect(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
	stand->client = ends[1];
	fuzz_expect(peer_new(&stand->peer) == 0);
	fuzz_expect(peer_begin(stand->peer, &setup, &ends[0]) == 0);
	fuzz_expect(peer_show(stand->peer, &show) == 0);
}

static void
drop_answers(struct stand *stand)
{
	uint8_t answers[65536];

	while (recv(stand->client, answers, sizeof(answers), 0) > 0)
		;
}

/* Returns what desk_serve said last. */
static int
serve(struct stand *stand)
{
	struct pollfd waits = {.fd = desk_fd(peer_desk(stand->peer))};
	int r = 0;

	for (int turns = 0; r == 0; turns++) {
		fuzz_expect(turns < TURNS_MOST);
		waits.events = desk_events(peer_desk(stand->peer));
		/* All of the input is there: what is not ready now will never be. */
		if (poll(&waits, 1, 0) == 0 && desk_wait_ms(peer_desk(stand->peer)) != 0)
			return 0;
		r = desk_serve(peer_desk(stand->peer), waits.revents);
		drop_answers(stand);
	}
	return r;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct stand stand = {.client = -1};

	begin(&stand);
	if (len > 0)
		(void)send(stand.client, bytes, len, MSG_NOSIGNAL);
	(void)shutdown(stand.client, SHUT_WR);
	fuzz_expect(serve(&stand) < 0);
	peer_free(stand.peer);
	(void)close(stand.client);
	return 0;
}

/* What libfreerdp's client says when it comes in, types and looks around is a file in seeds/greeter; this alone gets as far as the
 * MCS connection. */
void
fuzz_give_seeds(struct fuzz_seeds *seeds)
{
	static const uint8_t request[] = {3, 0, 0, 19, 14, 0xe0, 0, 0, 0, 0, 0, 1, 0, 8, 0, 1, 0, 0,
		0, 3, 0, 0, 8, 2, 0xf0, 0x80, 0x28};

	fuzz_seed(seeds, request, sizeof(request));
}
