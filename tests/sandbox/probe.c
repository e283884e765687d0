/* Runs the probes of one profile: sandbox_probe worker|key|greeter|nla|player|recorder|supervisor. Prints TAP; see probe.h. */
#include "probe.h"

#include "base/cleanup.h"
#include "base/lock_down_parts.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct {
	const char *name;
	probe_function *function;
	int expected[LOCK_DOWN_COUNT];
	const char *what;
} probes[] = {
#define PROBE(name, worker, key, greeter, nla, mediator, player, recorder, supervisor, what) \
	{#name, probe_##name,                                                                \
		{[LOCK_DOWN_WORKER] = worker,                                                \
			[LOCK_DOWN_KEY] = key,                                               \
			[LOCK_DOWN_GREETER] = greeter,                                       \
			[LOCK_DOWN_NLA] = nla,                                               \
			[LOCK_DOWN_MEDIATOR] = mediator,                                     \
			[LOCK_DOWN_PLAYER] = player,                                         \
			[LOCK_DOWN_RECORDER] = recorder,                                     \
			[LOCK_DOWN_SUPERVISOR] = supervisor},                                \
		what},
#include "probes.def"
#undef PROBE
};

static void
die(const char *what)
{
	perror(what);
	exit(2);
}

static int
listen_on_loopback(int *ret_port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
		listen(fd, 64) < 0 || getsockname(fd, (struct sockaddr *)&address, &len) < 0)
		die("a listener on loopback");
	*ret_port = ntohs(address.sin_port);
	return fd;
}

/* A channel-like pair with one end at `number`; the other end stays open somewhere. */
static void
put_channel(int number)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) < 0 || dup2(ends[0], number) < 0)
		die("a channel");
}

static void
fill_hands(struct probe_hands *hands)
{
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, hands->stream) < 0)
		die("a pair of streams");
	hands->unbound = socket(AF_INET, SOCK_STREAM, 0);
	hands->datagram = socket(AF_INET, SOCK_DGRAM, 0);
	if (hands->unbound < 0 || hands->datagram < 0)
		die("sockets");
}

static void
run_in_child(enum lock_down_profile profile, probe_function *function, struct probe_hands *hands)
{
	uv_loop_t loop;
	int r;

	put_channel(CHILD_FD_CHANNEL);
	put_channel(CHILD_FD_KEY);
	fill_hands(hands);
	hands->loop = &loop;
	if (lock_down_early() < 0 || uv_loop_init(&loop) < 0 || lock_down(profile) < 0)
		_exit(99);
	r = function(hands);
	_exit(r < 0 || r > 98 ? 98 : r);
}

/* A probe ends by itself; one that hangs has failed. */
static int
wait_for(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) < 0)
		die("waitpid");
	return status;
}

static bool
is_expected(int status, int expected)
{
	if (expected == KILLED)
		return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
	if (expected == ABORTED)
		return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
	return WIFEXITED(status) && WEXITSTATUS(status) == expected;
}

static const char *
outcome(int status)
{
	static char text[80];

	if (WIFSIGNALED(status))
		snprintf(text, sizeof(text), "ended by %s", strsignal(WTERMSIG(status)));
	else if (WEXITSTATUS(status) == 99)
		snprintf(text, sizeof(text), "could not enter the sandbox");
	else
		snprintf(text, sizeof(text), "%s",
			WEXITSTATUS(status) == 0 ? "worked" : strerror(WEXITSTATUS(status)));
	return text;
}

/* Whatever a probe does, the gateway's port must go on accepting. */
static bool
port_accepts(int listener, int port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	auto_fd int client = socket(AF_INET, SOCK_STREAM, 0);
	auto_fd int accepted = -1;
	struct pollfd waiting = {.fd = listener, .events = POLLIN};

	if (client < 0 || connect(client, (struct sockaddr *)&address, sizeof(address)) < 0)
		return false;
	if (poll(&waiting, 1, 5000) != 1)
		return false;
	accepted = accept(listener, NULL, NULL);
	return accepted >= 0;
}

static bool
run_probe(size_t i, enum lock_down_profile profile)
{
	struct probe_hands hands = {.parent = getpid()};
	int status;
	bool good;
	pid_t pid;

	/* Made anew for each probe. High, out of the way of the numbered descriptors. */
	auto_fd int first = listen_on_loopback(&hands.port);
	auto_fd int listener = fcntl(first, F_DUPFD_CLOEXEC, 20);

	hands.listener = listener;
	fflush(NULL);
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0) {
		alarm(20);
		run_in_child(profile, probes[i].function, &hands);
	}
	status = wait_for(pid);
	good = is_expected(status, probes[i].expected[profile]);
	if (good && !port_accepts(listener, hands.port)) {
		printf("# the port was shut\n");
		good = false;
	}
	printf("%s - %s: %s (%s)\n", good ? "ok" : "not ok", probes[i].name, probes[i].what,
		outcome(status));
	return good;
}

static enum lock_down_profile
profile_of(const char *name)
{
	enum lock_down_profile profile = 0;

	while (profile < LOCK_DOWN_COUNT && strcmp(lock_down_filter_name(profile), name) != 0)
		profile++;
	return profile;
}

int
main(int argc, char **argv)
{
	enum lock_down_profile profile;
	unsigned int tried = 0, failed = 0;

	if (LOCK_DOWN_SANITIZED) {
		printf("skipped: AddressSanitizer needs a wider filter (%s); run this on a plain "
		       "build\n",
			lock_down_filter_name(LOCK_DOWN_WORKER));
		return 77;
	}
	profile = argc == 2 ? profile_of(argv[1]) : LOCK_DOWN_COUNT;
	if (profile == LOCK_DOWN_COUNT) {
		fprintf(stderr, "usage: sandbox_probe worker|key|greeter|player|supervisor\n");
		return 2;
	}
	log_init("sandbox_probe");
	if (lock_down_landlock_version() == 0)
		printf("# this kernel has no Landlock: the filter alone is tried\n");
	for (size_t i = 0; i < ARRAY_SIZE(probes); i++) {
		if (probes[i].expected[profile] == NOT_ASKED)
			continue;
		tried++;
		failed += !run_probe(i, profile);
	}
	printf("1..%u\n# %u of %u probes did not end as they must\n", tried, failed, tried);
	return failed > 0;
}
