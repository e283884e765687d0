/* rdp_client - a small RDP client for tests and benchmarks: one process, thousands of connections,
 * TLS security only. It measures set-ups, bytes and round trips (against rdp_host, which answers
 * its mouse events), or misbehaves (client_modes.c). What happens is printed as lines of key=value.
 *
 * Exit status: 0 all connections became ready (in a mode that is hostile before that: the other
 * side closed all of them in time), 1 not, 2 wrong usage. */
#include "client.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	READS_A_TURN = 16,
	EVENTS = 256,
	TICK_MS = 1,
	IDLE_MS = 50,
	NS_A_SECOND = 1000000000,
};

static volatile sig_atomic_t stop_asked;

static void
on_signal(int number)
{
	(void)number;
	stop_asked = 1;
}

static void
free_connection(struct client_connection *connection)
{
	LIST_REMOVE(connection, all);
	connection->client->open--;
	stream_done(&connection->stream);
	free(connection);
}

static void
count_end(struct client *client, const struct client_connection *connection)
{
	client->received += connection->stream.received;
	client->sent += connection->stream.sent;
	client->updates += connection->updates;
	client->ended++;
	if (connection->step == CLIENT_READY)
		return;
	client->setting_up--;
	client->failed++;
}

static void
close_connection(struct client_connection *connection, int error)
{
	static const char *const steps[] = {
		"connecting", "request", "tls", "initial", "domain", "info", "activation", "ready"};
	struct client *client = connection->client;

	if (!client->options.quiet)
		printf("event=closed id=%lu step=%s after_ms=%.1f error_info=0x%x reason=%d "
		       "received=%llu activations=%u why='%s'\n",
			connection->id, steps[connection->step],
			(double)(loop_now_ns() - connection->began_ns) / 1e6,
			(unsigned)connection->error_info, connection->reason,
			(unsigned long long)connection->stream.received, connection->activations,
			connection->why != NULL ? connection->why : strerror(-error));
	count_end(client, connection);
	free_connection(connection);
}

static int
take_frame(void *owner, const uint8_t *frame, size_t len)
{
	return client_frame(owner, frame, len);
}

static int
go_on_with_tls(struct client_connection *connection)
{
	int r = stream_handshake(&connection->stream);

	if (r == -EAGAIN)
		return 0;
	if (r < 0)
		connection->why = "TLS failed";
	return r < 0 ? r : client_tls_done(connection);
}

static int
read_connection(struct client_connection *connection)
{
	for (int i = 0; i < READS_A_TURN; i++) {
		int r;

		if (connection->step == CLIENT_TLS) {
			r = go_on_with_tls(connection);
			if (r < 0 || connection->step == CLIENT_TLS)
				return r;
		}
		r = stream_receive(&connection->stream);
		if (r == -EAGAIN)
			return 0;
		if (r == -EPIPE)
			connection->why = connection->why != NULL ? connection->why : "end of file";
		if (r >= 0)
			r = stream_frames(
				&connection->stream, take_frame, connection, &connection->why);
		if (r < 0)
			return r;
	}
	return 0;
}

static void
update_watch(struct client_connection *connection)
{
	struct epoll_event none = {.data.ptr = connection};
	bool writing = connection->stream.wants_write || connection->step == CLIENT_CONNECTING;

	if (connection->not_reading) {
		(void)epoll_ctl(
			connection->client->epoll, EPOLL_CTL_MOD, connection->stream.fd, &none);
		return;
	}
	if (writing == connection->watching_writes)
		return;
	connection->watching_writes = writing;
	loop_watch(connection->client->epoll, connection->stream.fd, connection, writing, false);
}

static int
finish_connect(struct client_connection *connection)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (getsockopt(connection->stream.fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		error = errno;
	return error != 0 ? -error : client_begin(connection);
}

static void
serve(struct client_connection *connection, uint32_t events)
{
	int r = 0;

	if (connection->step == CLIENT_CONNECTING)
		r = finish_connect(connection);
	else if ((events & EPOLLOUT) != 0 && connection->step != CLIENT_TLS)
		r = stream_flush(&connection->stream);
	if (connection->not_reading && (events & (EPOLLHUP | EPOLLERR)) != 0)
		r = -ECONNRESET;
	if (r == 0 && !connection->not_reading)
		r = read_connection(connection);
	if (r < 0)
		close_connection(connection, r);
	else
		update_watch(connection);
}

/* The next line of --tickets, or what the options say. */
static void
take_identity(struct client *client, struct client_connection *connection)
{
	const struct client_options *options = &client->options;
	char line[sizeof(connection->token) + 1100];
	char *token;

	if (client->tickets == NULL) {
		(void)snprintf(connection->user, sizeof(connection->user), "%s", options->user);
		(void)snprintf(connection->password, sizeof(connection->password), "%s",
			options->password);
		(void)snprintf(connection->token, sizeof(connection->token), "%s",
			options->token != NULL ? options->token : "");
		return;
	}
	if (fgets(line, sizeof(line), client->tickets) == NULL)
		loop_die(options->tickets, "fewer lines than connections");
	line[strcspn(line, "\n")] = '\0';
	(void)sscanf(line, "%511s %511s", connection->user, connection->password);
	token = strchr(line, ' ');
	token = token != NULL ? strchr(token + 1, ' ') : NULL;
	(void)snprintf(
		connection->token, sizeof(connection->token), "%s", token != NULL ? token + 1 : "");
}

static void
begin_connection(struct client *client)
{
	struct client_connection *connection = calloc(1, sizeof(*connection));
	int fd = loop_connect(client->options.connect);

	client->begun++;
	if (fd < 0) {
		printf("event=closed id=%lu step=connecting why='%s'\n", client->begun,
			strerror(-fd));
		client->failed++;
		client->ended++;
		free(connection);
		return;
	}
	if (connection == NULL || stream_init(&connection->stream, fd) < 0)
		loop_die("connect", "out of memory");
	connection->client = client;
	connection->id = client->begun;
	connection->reason = -1;
	connection->began_ns = loop_now_ns();
	take_identity(client, connection);
	LIST_INSERT_HEAD(&client->connections, connection, all);
	client->open++;
	client->setting_up++;
	connection->watching_writes = true;
	loop_watch(client->epoll, fd, connection, true, true);
}

static bool
may_begin(const struct client *client, uint64_t now)
{
	const struct client_options *options = &client->options;
	bool more = options->again ? now < client->began_ns + options->seconds * NS_A_SECOND
				   : client->begun < options->connections;

	if (options->again && client->open >= options->connections)
		return false;
	return more && client->setting_up < options->parallel && now >= client->next_begin_ns;
}

static void
begin_connections(struct client *client, uint64_t now)
{
	while (may_begin(client, now)) {
		begin_connection(client);
		if (client->options.start_rate == 0)
			continue;
		/* From the time planned, not from now: late ones are made up for, within a
		 * second. */
		if (client->next_begin_ns + NS_A_SECOND < now)
			client->next_begin_ns = now;
		client->next_begin_ns += NS_A_SECOND / client->options.start_rate;
	}
}

/* Before the first answer, a mouse event may have been lost (struct client_mode). */
static bool
awaits_answer(const struct client_connection *connection)
{
	bool lost = connection->client->options.mode->patient && !connection->answered &&
		    connection->ping_ns != 0;

	return connection->ping_open && !lost;
}

static int
tick_connection(struct client_connection *connection, uint64_t now)
{
	const struct client_options *options = &connection->client->options;

	if (options->mode->on_tick != NULL)
		return options->mode->on_tick(connection, now);
	if (options->pings == 0 || connection->step != CLIENT_READY || awaits_answer(connection) ||
		connection->not_reading || now < connection->next_ns)
		return 0;
	connection->next_ns = now + NS_A_SECOND / options->pings;
	return client_ping(connection);
}

static void
tick(struct client *client, uint64_t now)
{
	struct client_connection *next;

	for (struct client_connection *at = LIST_FIRST(&client->connections); at != NULL;
		at = next) {
		int r = tick_connection(at, now);

		next = LIST_NEXT(at, all);
		if (r < 0)
			close_connection(at, r);
		else
			update_watch(at);
	}
}

static bool
is_over(struct client *client, uint64_t now)
{
	const struct client_options *options = &client->options;
	bool all_begun = options->again
				 ? !may_begin(client, now) && client->open == 0 &&
					   now >= client->began_ns + options->seconds * NS_A_SECOND
				 : client->begun == options->connections;

	if (stop_asked || (all_begun && client->open == 0))
		return true;
	if (!all_begun || client->setting_up > 0)
		return now > client->began_ns +
				     (options->timeout + (options->again ? options->seconds : 0)) *
					     NS_A_SECOND;
	if (client->all_ready_ns == 0) {
		client->all_ready_ns = now;
		printf("event=all_ready ready=%lu failed=%lu\n", client->ready, client->failed);
	}
	return now >= client->all_ready_ns + options->seconds * NS_A_SECOND;
}

static void
run(struct client *client)
{
	bool ticking = client->options.pings > 0 || client->options.mode->on_tick != NULL ||
		       client->options.start_rate > 0;
	struct epoll_event events[EVENTS];
	uint64_t now = loop_now_ns();

	client->began_ns = now;
	while (!is_over(client, now)) {
		int count;

		begin_connections(client, now);
		count = epoll_wait(client->epoll, events, EVENTS, ticking ? TICK_MS : IDLE_MS);
		for (int i = 0; i < count; i++)
			serve(events[i].data.ptr, events[i].events);
		now = loop_now_ns();
		if (ticking)
			tick(client, now);
	}
}

/* What is still open was not closed by the other side. */
static void
stop(struct client *client, unsigned long *ret_left)
{
	struct client_connection *at;

	*ret_left = client->open;
	LIST_FOREACH(at, &client->connections, all)
	{
		client->received += at->stream.received;
		client->sent += at->stream.sent;
		client->updates += at->updates;
		(void)shutdown(at->stream.fd, SHUT_WR);
	}
	while ((at = LIST_FIRST(&client->connections)) != NULL)
		free_connection(at);
}

static void
print_totals(struct client *client, unsigned long left)
{
	printf("event=totals begun=%lu ready=%lu failed=%lu ended=%lu left=%lu seconds=%.3f "
	       "received=%llu sent=%llu updates=%llu pings=%llu",
		client->begun, client->ready, client->failed, client->ended, left,
		(double)(loop_now_ns() - client->began_ns) / 1e9,
		(unsigned long long)client->received, (unsigned long long)client->sent,
		(unsigned long long)client->updates, (unsigned long long)client->pings);
	client_numbers_print("setup", &client->setups);
	client_numbers_print("round_trip", &client->round_trips);
	printf("\n");
}

static const struct option names[] = {
	{"connect", required_argument, NULL, 'a'},
	{"user", required_argument, NULL, 'u'},
	{"password", required_argument, NULL, 'p'},
	{"token", required_argument, NULL, 't'},
	{"tickets", required_argument, NULL, 'T'},
	{"connections", required_argument, NULL, 'n'},
	{"parallel", required_argument, NULL, 'P'},
	{"start-rate", required_argument, NULL, 'r'},
	{"again", no_argument, NULL, 'g'},
	{"desktops", required_argument, NULL, 'd'},
	{"pings", required_argument, NULL, 'i'},
	{"seconds", required_argument, NULL, 's'},
	{"timeout", required_argument, NULL, 'o'},
	{"change", required_argument, NULL, 'c'},
	{"tls-first", no_argument, NULL, 'f'},
	{"no-message-channel", no_argument, NULL, 'M'},
	{"mode", required_argument, NULL, 'm'},
	{"quiet", no_argument, NULL, 'q'},
	{"help", no_argument, NULL, 'h'},
	{0},
};

static void
print_help(void)
{
	printf("rdp_client --connect ADDR:PORT [OPTIONS]   a small RDP client for tests\n"
	       "  --user NAME --password TEXT   in the Client Info, inside TLS\n"
	       "  --token LINE          in the Connection Request, e.g. 'Cookie: msts=+handle'\n"
	       "  --tickets FILE        lines 'user password [token]', one for each connection\n"
	       "  --connections N       default 1\n"
	       "  --parallel N          set-ups under way at a time, default 20\n"
	       "  --start-rate N        set-ups begun a second\n"
	       "  --again               leave when ready and begin anew, for --seconds\n"
	       "  --desktops N          ready on the Nth desktop: behind a sign-in screen there "
	       "are two\n"
	       "  --pings N             mouse events a second and connection, one open at a time\n"
	       "  --seconds N           stay that long after all are ready, default 0\n"
	       "  --timeout N           seconds for all set-ups, default 30\n"
	       "  --change PDU:OFFSET:DELTA   add DELTA to a byte of the PDU-th PDU sent: 1 the\n"
	       "                        Connection Request, 2 Connect-Initial, 3 Erect Domain,\n"
	       "                        4 Attach User, 5.. joins, then Client Info, ...\n"
	       "  --tls-first           TLS before X.224: through a plain TLS proxy\n"
	       "  --no-message-channel  do not ask for one\n"
	       "  --quiet               only the totals\n"
	       "  --mode MODE\n");
	client_modes_print();
}

static void
take_change(struct client_change *ret_change)
{
	char rest;

	if (sscanf(optarg, "%d:%zu:%d%c", &ret_change->pdu, &ret_change->at, &ret_change->by,
		    &rest) != 3)
		loop_die("--change", "expected PDU:OFFSET:DELTA");
}

/* Options that are a number. Returns false if it is none of them. */
static bool
take_number(struct client_options *options, int option)
{
	switch (option) {
	case 'n':
		options->connections = loop_number("--connections", optarg, 100000);
		return true;
	case 'P':
		options->parallel = (unsigned)loop_number("--parallel", optarg, 100000);
		return true;
	case 'r':
		options->start_rate = (unsigned)loop_number("--start-rate", optarg, 100000);
		return true;
	case 'd':
		options->desktops = (unsigned)loop_number("--desktops", optarg, 100);
		return true;
	case 'i':
		options->pings = (unsigned)loop_number("--pings", optarg, 10000);
		return true;
	case 's':
		options->seconds = loop_number("--seconds", optarg, 86400);
		return true;
	case 'o':
		options->timeout = loop_number("--timeout", optarg, 86400);
		return true;
	default:
		return false;
	}
}

static void
take_mode(struct client_options *options)
{
	options->mode = client_mode_find(optarg);
	if (options->mode == NULL)
		loop_die(optarg, "no such mode; see --help");
}

static void
take_option(struct client_options *options, int option)
{
	switch (option) {
	case 'a':
		options->connect = optarg;
		return;
	case 'u':
		options->user = optarg;
		return;
	case 'p':
		options->password = optarg;
		return;
	case 't':
		options->token = optarg;
		return;
	case 'T':
		options->tickets = optarg;
		return;
	case 'g':
		options->again = true;
		return;
	case 'c':
		take_change(&options->change);
		return;
	case 'f':
		options->tls_first = true;
		return;
	case 'M':
		options->no_message_channel = true;
		return;
	case 'm':
		take_mode(options);
		return;
	case 'q':
		options->quiet = true;
		return;
	case 'h':
		print_help();
		exit(0);
	default:
		exit(2);
	}
}

static void
prepare(struct client *client)
{
	loop_prepare_process(on_signal);
	client->tls = loop_client_context();
	client->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (client->options.mode->prepare != NULL)
		client->options.mode->prepare(client->tls);
	if (client->options.tickets == NULL)
		return;
	client->tickets = fopen(client->options.tickets, "r");
	if (client->tickets == NULL)
		loop_die(client->options.tickets, strerror(errno));
}

static void
done(struct client *client)
{
	free(client->setups.values);
	free(client->round_trips.values);
	SSL_CTX_free(client->tls);
	(void)close(client->epoll);
	if (client->tickets != NULL)
		(void)fclose(client->tickets);
}

int
main(int argc, char **argv)
{
	struct client client = {.options = {.user = "user",
					.password = "password",
					.mode = client_mode_find("normal"),
					.connections = 1,
					.parallel = 20,
					.timeout = 30}};
	unsigned long left;
	bool hostile;
	int option;

	while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (!take_number(&client.options, option))
			take_option(&client.options, option);
	}
	if (optind != argc || client.options.connect == NULL)
		loop_die("usage", "--connect is needed, and nothing but options; see --help");
	prepare(&client);
	run(&client);
	stop(&client, &left);
	print_totals(&client, left);
	hostile = client.options.mode->on_connect != NULL || client.options.mode->prepare != NULL ||
		  client.options.change.pdu != 0;
	done(&client);
	return (hostile ? left : client.failed + (client.ready == 0)) == 0 ? 0 : 1;
}
