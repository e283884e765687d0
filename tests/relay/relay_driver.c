/* A supervisor for tests and benchmarks of sekisho-worker alone: no policy, no log, no evidence. Starts one
 * worker and sekisho-key, accepts on loopback, answers every INTRODUCED with ATTACH of one jump host, and
 * prints each message as a line of text on standard output.
 *
 *	relay_driver --programs DIR --certificate PEM --key PEM --listen PORT --host ADDRESS:PORT
 *		[--loud-host ADDRESS:PORT] [--pin HEX | --ca PEM --name NAME] [--rights N] [--refuse REASON] [--stall MS]
 *		[--attach-limit MS] [--redirect-limit MS] [--greeter PATH [--at-once]] [--record FOLDER] [--mediated]
 *		[--quiet]
 *
 * Commands on standard input, a line each: "kill ID REASON", "attach ID ADDRESS:PORT [PIN]", "redirect ID TOKEN SESSION",
 * "look", "ping", "quit". Without --pin and --ca it first looks at the host, and trusts what it saw. A user called "loud"
 * goes to --loud-host, with the same trust. With --greeter everybody but the user "direct" sees a sign-in screen first: an
 * RDP server without TLS that listens on this Unix socket; with --at-once ATTACH follows GREET at once. --quiet: no line for
 * what each connection does. A reason is a name of close_reasons.def.
 */
#include "relay_driver.h"

#include "base/cleanup.h"
#include "base/lock_down.h"
#include "messages/channel.h"
#include "policy/rights.h"
#include "relay/close_reasons.h"
#include "relay/phases.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#define CONNECTIONS_MAX 32768

static struct channel *worker;
static struct channel *key;
static struct permits_seen seen[CONNECTIONS_MAX];
static int duplicates[CONNECTIONS_MAX]; /* of the client's socket, as the supervisor keeps them */
static uint64_t last_connection;
static int key_spare = -1; /* the other end of the signing channel, until sekisho-key said HELLO */

void
die(const char *what, int error)
{
	(void)fprintf(stderr, "relay_driver: %s: %s\n", what, strerror(error));
	exit(1);
}

#define SAY(...)                             \
	do {                                 \
		if (!settings.quiet)         \
			printf(__VA_ARGS__); \
	} while (0)

static struct permits_seen *
connection_seen(void *owner, uint64_t connection)
{
	(void)owner;
	return connection > 0 && connection <= last_connection && connection < CONNECTIONS_MAX
		       ? &seen[connection]
		       : NULL;
}

static int
dial_host(const struct sockaddr_in *host)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (const struct sockaddr *)host, sizeof(*host)) < 0)
		die("the jump host", errno);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(const int){1}, sizeof(int));
	return fd;
}

/* As the supervisor's end of a socketpair would be. */
static int
dial_greeter(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", settings.greeter);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
		fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
		die("the greeter", errno);
	return fd;
}

static int
attach(uint64_t connection, const struct sockaddr_in *host, const char *pin)
{
	static struct msg_attach message;
	auto_fd int fd = dial_host(host);

	message = settings.attach;
	message.connection = connection;
	if (pin[0] != '\0' && bytes_from_hex(pin, message.pin, 32) < 0)
		die("attach", EINVAL);
	if (settings.record != NULL)
		record(worker, connection);
	if (settings.mediated) {
		auto_fd int mediated = mediate(&message, fd);

		return channel_send(worker, MSG_ATTACH, &message, mediated);
	}
	return channel_send(worker, MSG_ATTACH, &message, fd);
}

static int
greet(uint64_t connection)
{
	const struct msg_greet message = {.connection = connection};
	auto_fd int fd = dial_greeter();
	int r = channel_send(worker, MSG_GREET, &message, fd);

	return r < 0 || !settings.at_once ? r : attach(connection, &settings.host, "");
}

static void
kill_connection(uint64_t connection, uint32_t reason)
{
	const struct msg_kill message = {.connection = connection, .reason = reason};

	(void)channel_send(worker, MSG_KILL, &message, -1);
}

static void
look_at_host(void)
{
	auto_fd int fd = dial_host(&settings.host);
	static struct msg_look_at_host look = {.protocols = 1, .secure = 1, .trust = 2};

	look.connection = ++last_connection;
	duplicates[look.connection % CONNECTIONS_MAX] = -1;
	(void)channel_send(worker, MSG_LOOK_AT_HOST, &look, fd);
}

/* Messages from the worker */

static int
on_hello(struct channel *channel, union message_body *message)
{
	static struct msg_configure configure = {
		.tls_minimum = 0x0303,
		.sniff_ms = 5000,
		.secure_ms = 5000,
		.introduce_ms = 5000,
		.decide_ms = 5000,
		.greet_ms = 60000,
		.redirect_ms = 5000,
		.attach_ms = 10000,
		.drain_ms = 1000,
		.stall_ms = 10000,
	};
	FILE *file = fopen(settings.certificate, "re");

	(void)message;
	if (file == NULL)
		die(settings.certificate, errno);
	configure.certificate_chain_len = (uint32_t)fread(
		configure.certificate_chain, 1, sizeof(configure.certificate_chain) - 1, file);
	(void)fclose(file);
	if (settings.stall_ms != 0)
		configure.stall_ms = settings.stall_ms;
	if (settings.attach_ms != 0)
		configure.attach_ms = settings.attach_ms;
	if (settings.drain_ms != 0)
		configure.drain_ms = settings.drain_ms;
	if (settings.redirect_ms != 0)
		configure.redirect_ms = settings.redirect_ms;
	settings.configured = true;
	return channel_send(channel, MSG_CONFIGURE, &configure, -1);
}

static int
on_introduced(struct channel *channel, union message_body *message)
{
	const struct msg_introduced *introduced = &message->introduced;
	bool is_loud = strcmp(introduced->user, "loud") == 0;

	(void)channel;
	SAY("INTRODUCED connection=%" PRIu64
	    " token='%s' user='%s' domain='%s' password=%u bytes channels='%s' %ux%u "
	    "client='%s' build=%u may_redirect=%u autologon=%u session=%u\n",
		introduced->connection, introduced->routing_token, introduced->user,
		introduced->domain, introduced->password_len, introduced->channels,
		introduced->width, introduced->height, introduced->client_name,
		introduced->client_build, introduced->may_redirect, introduced->autologon,
		introduced->redirected_session);
	if (settings.refuse != CLOSE_NONE) {
		kill_connection(introduced->connection, settings.refuse);
		return 0;
	}
	if (settings.greeter != NULL && strcmp(introduced->user, "direct") != 0)
		return greet(introduced->connection);
	return attach(introduced->connection, is_loud ? &settings.loud_host : &settings.host, "");
}

static int
on_returned(struct channel *channel, union message_body *message)
{
	(void)channel;
	SAY("RETURNED connection=%" PRIu64 " reason=%s detail='%s'\n", message->returned.connection,
		close_reason_row(message->returned.reason)->name, message->returned.detail);
	return 0;
}

static int
on_moved(struct channel *channel, union message_body *message)
{
	(void)channel;
	SAY("MOVED connection=%" PRIu64 " phase=%s\n", message->moved.connection,
		phase_row(message->moved.phase)->name);
	return 0;
}

static int
on_file_moved(struct channel *channel, union message_body *message)
{
	const struct msg_file_moved *moved = &message->file_moved;

	(void)channel;
	SAY("FILE connection=%" PRIu64 " move=%u way=%u bytes=%" PRIu64 " missed=%" PRIu32
	    " path='%s'\n",
		moved->connection, moved->move, moved->way, moved->bytes, moved->missed,
		moved->path);
	return 0;
}

static int
on_certificate_refused(struct channel *channel, union message_body *message)
{
	const struct msg_certificate_refused *refused = &message->certificate_refused;
	char hex[65] = "";

	(void)channel;
	bytes_to_hex(refused->sha256, refused->sha256_len, hex);
	SAY("CERTIFICATE_REFUSED connection=%" PRIu64 " sha256=%s distrust='%s'\n",
		refused->connection, hex, refused->distrust);
	return 0;
}

static int
on_ended(struct channel *channel, union message_body *message)
{
	const struct msg_ended *ended = &message->ended;
	int *duplicate = &duplicates[ended->connection % CONNECTIONS_MAX];

	(void)channel;
	SAY("ENDED connection=%" PRIu64 " reason=%s phase=%s in=%" PRIu64 " out=%" PRIu64
	    " detail='%s'\n",
		ended->connection, close_reason_row(ended->reason)->name,
		phase_row(ended->phase)->name, ended->bytes_from_client, ended->bytes_to_client,
		ended->detail);
	if (*duplicate >= 0)
		(void)close(take_fd(duplicate));
	return 0;
}

static int
on_host_report(struct channel *channel, union message_body *message)
{
	const struct msg_host_report *report = &message->host_report;
	char hex[65] = "";

	(void)channel;
	bytes_to_hex(report->sha256, report->sha256_len, hex);
	printf("HOST_REPORT reason=%s protocol=%u tls=%x sha256=%s subject='%s' names='%s'\n",
		close_reason_row(report->reason)->name, report->protocol, report->tls_version, hex,
		report->subject, report->names);
	if (!settings.trusts && report->sha256_len == 32) {
		memcpy(settings.attach.pin, report->sha256, 32);
		settings.attach.pin_len = 32;
		settings.trusts = true;
	}
	return 0;
}

static int
on_pong(struct channel *channel, union message_body *message)
{
	(void)channel;
	printf("PONG connections=%u bridges=%u\n", message->pong.connections,
		message->pong.bridges);
	return 0;
}

static const struct channel_handler worker_handlers[] = {
	{MSG_HELLO, on_hello},
	{MSG_INTRODUCED, on_introduced},
	{MSG_MOVED, on_moved},
	{MSG_RETURNED, on_returned},
	{MSG_ENDED, on_ended},
	{MSG_FILE_MOVED, on_file_moved},
	{MSG_CERTIFICATE_REFUSED, on_certificate_refused},
	{MSG_HOST_REPORT, on_host_report},
	{MSG_PONG, on_pong},
	{MSG_NOTHING, NULL},
};

static int
on_key_hello(struct channel *channel, union message_body *message)
{
	auto_fd int fd = take_fd(&key_spare);
	const struct msg_key_add_worker add = {.worker = 1};

	(void)message;
	return fd < 0 ? 0 : channel_send(channel, MSG_KEY_ADD_WORKER, &add, fd);
}

static const struct channel_handler key_handlers[] = {
	{MSG_HELLO, on_key_hello},
	{MSG_NOTHING, NULL},
};

/* Children */

static void
exec_child(const char *name, int channel_fd, int other_fd)
{
	char path[4096];

	(void)snprintf(path, sizeof(path), "%s/%s", settings.programs, name);
	/* Out of the way of 3 and 4 first. */
	channel_fd = fcntl(channel_fd, F_DUPFD, 10);
	other_fd = fcntl(other_fd, F_DUPFD, 10);
	if (dup2(open("/dev/null", O_RDWR), 0) < 0 || dup2(channel_fd, CHILD_FD_CHANNEL) < 0 ||
		dup2(other_fd, CHILD_FD_KEY) < 0 || dup2(2, 1) < 0)
		_exit(127);
	(void)close_range(5, ~0u, 0);
	/* As the supervisor starts them: children_spawn.c says why. */
	(void)setenv("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0", 1);
	(void)execl(path, name, (char *)NULL);
	_exit(127);
}

void
start_for_session(const char *name, int channel_fd)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork", errno);
	if (pid == 0)
		exec_child(name, channel_fd, channel_fd);
	SAY("STARTED %s pid=%d\n", name, (int)pid);
}

static struct channel *
start_child(const char *name, enum process peer, const struct channel_handler *handlers,
	int other_fd, pid_t *ret_pid)
{
	const struct channel_setup setup = {
		.self = PROCESS_SUPERVISOR,
		.peer = peer,
		.handlers = handlers,
		.connection_seen = connection_seen,
	};
	struct channel *channel = NULL;
	int ends[2];

	if (channel_pair(ends) < 0)
		die("socketpair", errno);
	*ret_pid = fork();
	if (*ret_pid == 0)
		exec_child(name, ends[1], other_fd);
	(void)close(ends[1]);
	if (*ret_pid < 0 || channel_new(&setup, &ends[0], &channel) < 0)
		die(name, errno);
	printf("STARTED %s pid=%d\n", name, (int)*ret_pid);
	return channel;
}

static void
start_children(pid_t pids[2])
{
	int ends[2];
	auto_fd int pem = open(settings.key, O_RDONLY | O_CLOEXEC);

	if (pem < 0)
		die(settings.key, errno);
	if (channel_pair(ends) < 0)
		die("socketpair", errno);
	key_spare = ends[1];
	worker = start_child("sekisho-worker", PROCESS_WORKER, worker_handlers, ends[0], &pids[0]);
	(void)close(ends[0]);
	key = start_child("sekisho-key", PROCESS_KEY, key_handlers, pem, &pids[1]);
}

/* Clients and commands */

static int
open_listener(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_port = htons((uint16_t)settings.listen_port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int one = 1;

	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&address, len) < 0 || listen(fd, 4096) < 0)
		die("listen", errno);
	(void)getsockname(fd, (struct sockaddr *)&address, &len);
	printf("LISTENING port=%u\n", ntohs(address.sin_port));
	return fd;
}

static void
accept_client(int listener)
{
	struct msg_take_client take = {0};
	struct sockaddr_in address;
	socklen_t len = sizeof(address);
	int fd = accept4(listener, (struct sockaddr *)&address, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	take.connection = ++last_connection;
	if (last_connection >= CONNECTIONS_MAX)
		die("too many connections for a test", ENOBUFS);
	(void)snprintf(take.source, sizeof(take.source), "127.0.0.1:%u", ntohs(address.sin_port));
	duplicates[take.connection] = fd;
	if (channel_send(worker, MSG_TAKE_CLIENT, &take, fd) < 0)
		die("the worker", EPIPE);
	SAY("TAKEN connection=%" PRIu64 "\n", take.connection);
}

static bool
obey(const char *line)
{
	const struct msg_ping ping = {.serial = 1};
	struct msg_redirect redirect = {0};
	struct sockaddr_in host = {0};
	uint64_t connection;
	char reason[64], address[64], pin[65] = "";

	if (sscanf(line, "attach %" SCNu64 " %63s %64s", &connection, address, pin) >= 2) {
		read_host(address, &host);
		(void)attach(connection, &host, pin);
	} else if (sscanf(line, "redirect %" SCNu64 " %128s %" SCNu32, &redirect.connection,
			   redirect.load_balance_info, &redirect.session) == 3) {
		(void)channel_send(worker, MSG_REDIRECT, &redirect, -1);
	} else if (sscanf(line, "kill %" SCNu64 " %63s", &connection, reason) == 2) {
		kill_connection(connection, reason_of(reason));
	} else if (strncmp(line, "look", 4) == 0) {
		look_at_host();
	} else if (strncmp(line, "ping", 4) == 0) {
		(void)channel_send(worker, MSG_PING, &ping, -1);
	} else if (strncmp(line, "quit", 4) == 0) {
		return false;
	}
	return true;
}

static void
run(int listener)
{
	bool stdin_open = true;
	char line[256];

	for (;;) {
		/* Clients are taken once it is known whom to trust. */
		struct pollfd wanted[] = {
			{.fd = channel_fd(worker), .events = (short)channel_events(worker)},
			{.fd = channel_fd(key), .events = (short)channel_events(key)},
			{.fd = settings.trusts && settings.configured ? listener : -1,
				.events = POLLIN},
			{.fd = stdin_open ? 0 : -1, .events = POLLIN},
		};

		(void)fflush(stdout);
		if (poll(wanted, ARRAY_SIZE(wanted), -1) < 0)
			die("poll", errno);
		if (wanted[0].revents & POLLOUT)
			(void)channel_flush(worker);
		if (wanted[0].revents & (POLLIN | POLLHUP) && channel_receive(worker, 64, NULL) < 0)
			return;
		if (wanted[1].revents && channel_receive(key, 64, NULL) < 0)
			return;
		if (wanted[2].revents)
			accept_client(listener);
		if (wanted[3].revents) {
			ssize_t n = read(0, line, sizeof(line) - 1);

			if (n <= 0) {
				stdin_open = false;
				continue;
			}
			line[n] = '\0';
			if (!obey(line))
				return;
		}
	}
}

int
main(int count, char **values)
{
	pid_t pids[2];
	int listener, status = 0;

	settings.attach.rights = session_rights_default();
	read_options(count, values);
	if (settings.programs == NULL || settings.certificate == NULL || settings.key == NULL ||
		settings.host.sin_port == 0)
		die("--programs, --certificate, --key and --host are needed", EINVAL);
	memset(duplicates, 0xff, sizeof(duplicates));
	log_init("relay_driver");
	start_children(pids);
	listener = open_listener();
	if (!settings.trusts) {
		/* Sent only after CONFIGURE: the worker's HELLO is heard first. */
		while (!settings.trusts && worker != NULL) {
			struct pollfd wanted = {.fd = channel_fd(worker), .events = POLLIN};

			if (poll(&wanted, 1, 10000) <= 0 || channel_receive(worker, 1, NULL) < 0)
				die("the worker", EPIPE);
			if (last_connection == 0)
				look_at_host();
		}
	}
	run(listener);
	channel_free(worker);
	channel_free(key);
	for (int i = 0; i < 2; i++) {
		(void)waitpid(pids[i], &status, 0);
		printf("EXITED pid=%d status=%d\n", (int)pids[i], status);
	}
	return 0;
}
