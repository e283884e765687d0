/* rdp_host - a small jump host for tests and benchmarks: one process, thousands of connections, TLS
 * security only. It serves a desktop of coloured tiles, answers mouse events of rdp_client at once,
 * or misbehaves (host_modes.c). What happens is printed as lines of key=value. */
#include "host.h"
#include "host_nla.h"

#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	RECORDS_A_TURN = 16,
	READS_A_TURN = 16,
	EVENTS = 256,
	TICK_MS = 2,
	IDLE_MS = 200,
};

static volatile sig_atomic_t stop_asked, totals_asked, pause_asked;

static void
on_signal(int number)
{
	if (number == SIGUSR1)
		totals_asked = 1;
	else if (number == SIGUSR2)
		pause_asked = 1;
	else
		stop_asked = 1;
}

static void
close_connection(struct host_connection *connection, int error)
{
	static const char *const steps[] = {
		"request", "tls", "nla", "initial", "domain", "activation", "ready"};
	struct host *host = connection->host;

	if (!host->options.quiet)
		printf("event=closed id=%lu step=%s sent=%llu received=%llu records=%llu "
		       "why='%s'\n",
			connection->id, steps[connection->step],
			(unsigned long long)connection->stream.sent,
			(unsigned long long)connection->stream.received,
			(unsigned long long)connection->records,
			connection->why != NULL ? connection->why : strerror(-error));
	host->received += connection->stream.received;
	host->sent += connection->stream.sent;
	host->records += connection->records;
	if (connection->step != HOST_READY)
		host->failed++;
	host_nla_done(connection);
	LIST_REMOVE(connection, all);
	host->open--;
	stream_done(&connection->stream);
	free(connection);
}

/* 1: nothing more is wanted of what has come. */
static int
take_frame(void *owner, const uint8_t *frame, size_t len)
{
	struct host_connection *connection = owner;
	int r = host_frame(connection, frame, len);

	return r == 0 && connection->ignoring ? 1 : r;
}

static int
take_frames(struct host_connection *connection)
{
	struct stream *stream = &connection->stream;
	int r;

	if (connection->step == HOST_NLA && !connection->ignoring) {
		r = host_nla_take(connection);
		if (r < 0 || connection->step == HOST_NLA)
			return r;
	}
	r = connection->ignoring ? 1
				 : stream_frames(stream, take_frame, connection, &connection->why);

	if (r == 1)
		stream_consume(stream, stream->in_len);
	return r < 0 ? r : 0;
}

static int
go_on_with_tls(struct host_connection *connection)
{
	int r = stream_handshake(&connection->stream);

	if (r == -EAGAIN)
		return 0;
	if (r < 0)
		connection->why = "TLS failed";
	if (r == 0 && (connection->host->options.nla_user != NULL ||
			      connection->host->options.nla_keytab != NULL))
		return host_nla_begin(connection);
	if (r == 0)
		connection->step =
			connection->host->options.tls_first ? HOST_REQUEST : HOST_INITIAL;
	return r;
}

static int
read_connection(struct host_connection *connection)
{
	for (int i = 0; i < READS_A_TURN; i++) {
		int r;

		if (connection->step == HOST_TLS && !connection->ignoring)
			return go_on_with_tls(connection);
		r = stream_receive(&connection->stream);
		if (r == -EAGAIN)
			return 0;
		if (r == -EPIPE)
			connection->why = "the client closed";
		if (r >= 0)
			r = take_frames(connection);
		if (r < 0)
			return r;
	}
	return 0;
}

/* How many records it may have sent by now. */
static uint64_t
records_due(const struct host_connection *connection, uint64_t now)
{
	const struct host_options *options = &connection->host->options;
	uint64_t due = UINT64_MAX;

	if (options->record_bytes == 0 || options->paused || connection->step != HOST_READY ||
		connection->ignoring)
		return 0;
	if (options->rate != 0)
		due = (now - connection->ready_ns) / 1000 * options->rate / 1000000;
	return options->count != 0 && options->count < due ? options->count : due;
}

static bool
wants_to_send(const struct host_connection *connection)
{
	return connection->host->options.rate == 0 &&
	       records_due(connection, 0) > connection->records;
}

/* The record as an update in so many frames, 2.2.9.1.2.1; what is in them only a real client would mind. */
static int
send_fragments(struct host_connection *connection, unsigned count)
{
	enum {
		UPDATE_HEADER_AT = 3,
		NEXT = 0x30,
		FIRST = 0x20,
		LAST = 0x10,
	};
	struct host *host = connection->host;
	uint8_t *header = host->record + UPDATE_HEADER_AT;
	int r = 0;

	for (unsigned i = 0; i < count && r == 0; i++) {
		*header = (uint8_t)((*header & 0x0f) | (i == 0                  ? FIRST
							       : i == count - 1 ? LAST
										: NEXT));
		r = stream_send(&connection->stream, host->record, host->record_len);
	}
	return r;
}

static int
send_record(struct host_connection *connection)
{
	const struct host *host = connection->host;

	if (host->options.fragments > 1)
		return send_fragments(connection, host->options.fragments);
	return stream_send(&connection->stream, host->record, host->record_len);
}

static int
send_records(struct host_connection *connection, uint64_t now)
{
	uint64_t due = records_due(connection, now);
	int r = 0;

	for (int i = 0; i < RECORDS_A_TURN && r == 0; i++) {
		if (connection->stream.out_len > 0 || connection->records >= due)
			break;
		r = send_record(connection);
		connection->records++;
	}
	return r;
}

static void
update_watch(struct host_connection *connection)
{
	bool writing = connection->stream.wants_write || wants_to_send(connection);

	if (writing == connection->watching_writes)
		return;
	connection->watching_writes = writing;
	loop_watch(connection->host->epoll, connection->stream.fd, connection, writing, false);
}

static void
serve(struct host_connection *connection, uint32_t events)
{
	int r = 0;

	if ((events & EPOLLOUT) != 0 && connection->step != HOST_TLS)
		r = stream_flush(&connection->stream);
	if (r == 0)
		r = read_connection(connection);
	if (r == 0)
		r = send_records(connection, loop_now_ns());
	if (r < 0)
		close_connection(connection, r);
	else
		update_watch(connection);
}

static int
begin_connection(struct host_connection *connection)
{
	const struct host *host = connection->host;

	if (host->options.mode->on_accept != NULL)
		return host->options.mode->on_accept(connection);
	if (!host->options.tls_first)
		return 0;
	connection->step = HOST_TLS;
	return stream_start_tls(&connection->stream, host->tls, true);
}

static void
accept_connection(struct host *host, int fd)
{
	struct host_connection *connection = calloc(1, sizeof(*connection));
	int one = 1;
	int r;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (connection == NULL || stream_init(&connection->stream, fd) < 0)
		loop_die("accept", "out of memory");
	connection->host = host;
	connection->id = ++host->accepted;
	connection->address = (struct sequence_address){.kind = MCS_SEND_DATA_INDICATION,
		.user = 1002,
		.channel = MCS_IO_CHANNEL,
		.share_id = SEQUENCE_SHARE_ID};
	LIST_INSERT_HEAD(&host->connections, connection, all);
	host->open++;
	loop_watch(host->epoll, fd, connection, false, true);
	if (!host->options.quiet)
		printf("event=accepted id=%lu\n", connection->id);
	r = begin_connection(connection);
	if (r < 0)
		close_connection(connection, r);
}

static void
accept_all(struct host *host)
{
	int fd;

	while ((fd = accept4(host->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
		accept_connection(host, fd);
}

static void
print_totals(const struct host *host)
{
	uint64_t received = host->received, sent = host->sent, records = host->records;
	const struct host_connection *at;

	LIST_FOREACH(at, &host->connections, all)
	{
		received += at->stream.received;
		sent += at->stream.sent;
		records += at->records;
	}
	printf("event=totals accepted=%lu open=%lu ready=%lu failed=%lu sent=%llu received=%llu "
	       "records=%llu pings=%llu\n",
		host->accepted, host->open, host->ready, host->failed, (unsigned long long)sent,
		(unsigned long long)received, (unsigned long long)records,
		(unsigned long long)host->pings);
}

/* With a rate, somebody is due at any time. */
static void
tick(struct host *host)
{
	uint64_t now = loop_now_ns();
	struct host_connection *next;

	for (struct host_connection *at = LIST_FIRST(&host->connections); at != NULL; at = next) {
		int r = send_records(at, now);

		next = LIST_NEXT(at, all);
		if (r < 0)
			close_connection(at, r);
		else
			update_watch(at);
	}
}

static void
follow_signals(struct host *host)
{
	if (totals_asked) {
		totals_asked = 0;
		print_totals(host);
	}
	if (pause_asked) {
		struct host_connection *at;

		pause_asked = 0;
		host->options.paused = !host->options.paused;
		LIST_FOREACH(at, &host->connections, all)
		{
			at->ready_ns = loop_now_ns();
			at->records = 0;
		}
		tick(host);
	}
}

static void
run(struct host *host)
{
	bool ticking = host->options.record_bytes != 0 && host->options.rate != 0;
	struct epoll_event events[EVENTS];

	while (!stop_asked) {
		int count = epoll_wait(host->epoll, events, EVENTS, ticking ? TICK_MS : IDLE_MS);

		for (int i = 0; i < count; i++) {
			if (events[i].data.ptr == NULL)
				accept_all(host);
			else
				serve(events[i].data.ptr, events[i].events);
		}
		if (ticking)
			tick(host);
		follow_signals(host);
	}
}

static void
start(struct host *host)
{
	struct sockaddr_in in;
	socklen_t len = sizeof(in);
	char fingerprint[65];

	host->tls = loop_server_context(host->options.certificate, host->options.key);
	host->listener = loop_listen(host->options.listen);
	host->epoll = epoll_create1(EPOLL_CLOEXEC);
	loop_watch(host->epoll, host->listener, NULL, false, true);
	if (host->options.record_bytes != 0) {
		host->record = malloc(FAST_PATH_MAX);
		host->record_len =
			sequence_update_write(host->record, host->options.record_bytes, 1);
	}
	if (getsockname(host->listener, (struct sockaddr *)&in, &len) < 0)
		loop_die("getsockname", strerror(errno));
	loop_fingerprint(host->tls, fingerprint);
	printf("event=listening port=%u fingerprint=%s mode=%s record=%zu\n", ntohs(in.sin_port),
		fingerprint, host->options.mode->name, host->record_len);
}

static void
stop(struct host *host)
{
	struct host_connection *at;

	while ((at = LIST_FIRST(&host->connections)) != NULL) {
		at->why = "the host was stopped";
		close_connection(at, -ESHUTDOWN);
	}
	print_totals(host);
	free(host->record);
	SSL_CTX_free(host->tls);
	(void)close(host->listener);
	(void)close(host->epoll);
}

static const struct option names[] = {
	{"listen", required_argument, NULL, 'l'},
	{"certificate", required_argument, NULL, 'c'},
	{"key", required_argument, NULL, 'k'},
	{"mode", required_argument, NULL, 'm'},
	{"nla", required_argument, NULL, 'N'},
	{"nla-keytab", required_argument, NULL, 'K'},
	{"nla-status", required_argument, NULL, 'S'},
	{"nla-authorised", required_argument, NULL, 'A'},
	{"record", required_argument, NULL, 'r'},
	{"rate", required_argument, NULL, 'n'},
	{"count", required_argument, NULL, 'C'},
	{"channel-base", required_argument, NULL, 'b'},
	{"fragments", required_argument, NULL, 'f'},
	{"tls-first", no_argument, NULL, 't'},
	{"plain", no_argument, NULL, 'P'},
	{"paused", no_argument, NULL, 'p'},
	{"quiet", no_argument, NULL, 'q'},
	{"help", no_argument, NULL, 'h'},
	{0},
};

static void
print_help(void)
{
	printf("rdp_host [OPTIONS]   a small RDP host for tests\n"
	       "  --listen ADDR:PORT    default 127.0.0.1:0; the port is printed; or unix:PATH\n"
	       "  --certificate FILE    with --key FILE; default: made on the spot\n"
	       "  --record BYTES        fast-path updates of about this size (156 to 16384) ...\n"
	       "  --rate N              ... so many a second; default 0, as fast as it goes\n"
	       "  --count N             ... so many in all; default 0, without end\n"
	       "  --paused              send none until SIGUSR2, which toggles\n"
	       "  --channel-base N      first static channel id, default 1104; 1004 is usual\n"
	       "  --fragments N         each of them as N fragments\n"
	       "  --tls-first           TLS before X.224: behind a plain TLS proxy\n"
	       "  --plain               no TLS: a sign-in screen behind the relay worker\n"
	       "  --quiet               only the listening and the totals line\n"
	       "  --nla USER:PASSWORD   NLA alone, for this user\n"
	       "  --nla-keytab FILE     NLA alone, by Kerberos alone, for this file's services\n"
	       "  --nla-status NUMBER   the NTSTATUS that others are told (else it hangs up)\n"
	       "  --nla-authorised N    PROTOCOL_HYBRID_EX, and N in its four bytes (0: may log "
	       "on)\n"
	       "  --mode MODE\n");
	host_modes_print();
	printf("SIGUSR1 prints the totals, SIGTERM prints them and ends.\n");
}

static void
take_option(struct host_options *options, int option)
{
	switch (option) {
	case 'l':
		options->listen = optarg;
		return;
	case 'c':
		options->certificate = optarg;
		return;
	case 'k':
		options->key = optarg;
		return;
	case 'N':
		options->nla_user = strsep(&optarg, ":");
		options->nla_password = optarg != NULL ? optarg : "";
		break;
	case 'K':
		options->nla_keytab = optarg;
		break;
	case 'S':
		options->nla_status = (uint32_t)strtoul(optarg, NULL, 0);
		break;
	case 'A':
		options->nla_authorised = optarg;
		break;
	case 'm':
		options->mode = host_mode_find(optarg);
		if (options->mode == NULL)
			loop_die(optarg, "no such mode; see --help");
		return;
	case 'r':
		options->record_bytes = loop_number("--record", optarg, 16384);
		if (options->record_bytes < 156)
			loop_die("--record", "expected 156 to 16384");
		return;
	case 'n':
		options->rate = (unsigned)loop_number("--rate", optarg, 100000);
		return;
	case 'C':
		options->count = loop_number("--count", optarg, UINT32_MAX);
		return;
	case 'b':
		options->channel_base = (uint16_t)loop_number("--channel-base", optarg, 60000);
		return;
	case 'f':
		options->fragments = (unsigned)loop_number("--fragments", optarg, 1000);
		return;
	case 't':
		options->tls_first = true;
		return;
	case 'P':
		options->plain = true;
		return;
	case 'p':
		options->paused = true;
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
prepare_process(void)
{
	const struct sigaction action = {.sa_handler = on_signal};

	loop_prepare_process(on_signal);
	(void)sigaction(SIGUSR1, &action, NULL);
	(void)sigaction(SIGUSR2, &action, NULL);
}

int
main(int argc, char **argv)
{
	struct host host = {.options = {.listen = "127.0.0.1:0",
				    .channel_base = 1104,
				    .mode = host_mode_find("normal")}};
	int option;

	while ((option = getopt_long(argc, argv, "", names, NULL)) != -1)
		take_option(&host.options, option);
	if (optind != argc)
		loop_die(argv[optind], "not an option; see --help");
	prepare_process();
	start(&host);
	run(&host);
	stop(&host);
	return 0;
}
