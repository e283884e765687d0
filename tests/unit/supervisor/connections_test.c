/* gateway/supervisor/connections.c: a connection's stages, its one end, and who hears of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "connections_fakes.h"
#include "settings/settings.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

static struct settings settings;
static struct supervisor supervisor;
static uv_loop_t loop;

static int
setup(void **state)
{
	(void)state;
	memset(&seen, 0, sizeof(seen));
	settings.workers.connections = 10;
	settings.limits.drain_ms = 20;
	settings.limits.stall_ms = 1000;
	assert_int_equal(uv_loop_init(&loop), 0);
	supervisor = (struct supervisor){.state = SUPERVISOR_RUNNING,
		.loop = &loop,
		.settings = &settings,
		.next_connection = 1};
	return connections_new(&supervisor, &supervisor.connections);
}

static int
teardown(void **state)
{
	(void)state;
	assert_int_equal(connections_count(supervisor.connections), 0);
	assert_int_equal(connections_sessions(supervisor.connections), 0);
	assert_int_equal(seen.worker_connections, 0);
	assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
	assert_int_equal(uv_loop_close(&loop), 0);
	connections_free(supervisor.connections);
	return 0;
}

/* A new connection; *ret_client is the other end of its socket. */
static struct connection *
new_connection(int *ret_client)
{
	struct sockaddr_storage source = {.ss_family = AF_INET};
	struct connection *connection;
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	assert_int_equal(connection_new(&supervisor, 0, &ends[0], &source, &connection), 0);
	assert_int_equal(ends[0], -1);
	*ret_client = ends[1];
	return connection;
}

static void
give_session(struct connection *connection, uint8_t id)
{
	struct session_grant grant = {.session = {id}};

	assert_int_equal(connection_set_session(connection, &grant), 0);
}

static bool
is_shut(int client)
{
	char byte;

	return recv(client, &byte, 1, MSG_DONTWAIT) == 0;
}

static void
a_connection_is_there_until_it_is_over(void **state)
{
	auto_fd int client = -1;
	struct connection *connection = new_connection(&client);
	uint64_t id = connection->id;

	(void)state;
	assert_ptr_equal(connection_find(supervisor.connections, id), connection);
	assert_null(connection_find(supervisor.connections, id + 1));
	assert_int_equal(connections_count(supervisor.connections), 1);
	assert_false(is_shut(client));
	connection_over(connection, CLOSE_CLIENT_LEFT, "");
	connection_over(connection, CLOSE_OUR_MISTAKE, "again");
	assert_true(is_shut(client));
	assert_null(connection_find(supervisor.connections, id));
	assert_int_equal(connections_count(supervisor.connections), 0);
}

static void
a_worker_takes_it_if_there_is_room(void **state)
{
	auto_fd int client = -1;
	struct connection *connection = new_connection(&client);

	(void)state;
	connection_to_worker(connection);
	assert_int_equal(seen.sent, MSG_TAKE_CLIENT);
	assert_int_equal(seen.take.connection, connection->id);
	assert_int_equal(connection->stage, CONNECTION_RELAYED);
	assert_int_equal(seen.worker_connections, 1);
	connection_over(connection, CLOSE_CLIENT_LEFT, "");
}

static void
without_a_worker_or_room_it_is_over(void **state)
{
	auto_fd int one = -1, other = -1, third = -1;

	(void)state;
	seen.no_worker = true;
	connection_to_worker(new_connection(&one));
	assert_true(is_shut(one));
	seen.no_worker = false;
	seen.worker_connections = settings.workers.connections;
	connection_to_worker(new_connection(&other));
	assert_true(is_shut(other));
	assert_int_equal(seen.sent, 0);
	seen.worker_connections = 0;
	seen.worker_is_deaf = true;
	connection_to_worker(new_connection(&third));
	assert_true(is_shut(third));
}

static struct connection *
relayed(int *ret_client)
{
	struct connection *connection = new_connection(ret_client);

	connection_to_worker(connection);
	return connection;
}

static void
a_kill_before_a_worker_has_it_is_the_end(void **state)
{
	auto_fd int client = -1;

	(void)state;
	connection_kill(new_connection(&client), CLOSE_STOPPING);
	assert_true(is_shut(client));
	assert_int_equal(seen.kills, 0);
}

/* … whatever the worker says then, and whoever else wants it. */
static void
the_first_kill_gives_the_reason(void **state)
{
	auto_fd int client = -1;
	struct connection *connection = relayed(&client);

	(void)state;
	give_session(connection, 1);
	connection_kill(connection, CLOSE_ADMIN_KILLED);
	connection_kill(connection, CLOSE_STOPPING);
	assert_int_equal(seen.kills, 1);
	assert_int_equal(seen.kill.connection, connection->id);
	assert_int_equal(seen.kill.reason, CLOSE_ADMIN_KILLED);
	assert_false(is_shut(client)); /* its worker tells it why */
	connection_over(connection, CLOSE_CLIENT_LEFT, "");
	assert_int_equal(seen.ends, 1);
	assert_int_equal(seen.end_reason, CLOSE_ADMIN_KILLED);
	connection_kill(connection, CLOSE_STOPPING);
	assert_int_equal(seen.kills, 1);
}

static void
a_worker_that_does_not_listen_is_bypassed(void **state)
{
	auto_fd int client = -1;
	struct connection *connection = relayed(&client);

	(void)state;
	seen.worker_is_deaf = true;
	connection_kill(connection, CLOSE_ADMIN_KILLED);
	assert_true(is_shut(client));
}

static void
a_session_is_cut_when_the_worker_takes_too_long(void **state)
{
	auto_fd int client = -1, silent = -1;
	struct connection *confirmed = relayed(&client), *ignored = relayed(&silent);

	(void)state;
	give_session(confirmed, 1);
	connection_kill(confirmed, CLOSE_ADMIN_KILLED);
	assert_true(connection_moved(confirmed, PHASE_SECURE));
	assert_true(connection_moved(confirmed, PHASE_INTRODUCE));
	assert_true(connection_moved(confirmed, PHASE_DRAIN));
	connection_kill(ignored, CLOSE_ADMIN_KILLED);
	while (connections_count(supervisor.connections) > 0)
		(void)uv_run(&loop, UV_RUN_ONCE);
	assert_true(is_shut(client));
	assert_true(is_shut(silent));
	assert_int_equal(seen.end_reason, CLOSE_ADMIN_KILLED);
	/* Where it worked, not the DRAIN that the kill led to. */
	assert_int_equal(seen.end_phase, PHASE_INTRODUCE);
}

/* It knows limits.attach itself, and has its own reason. */
static void
a_worker_that_never_says_how_attaching_ends_is_not_waited_for(void **state)
{
	auto_fd int client = -1, attached = -1;
	struct connection *endless = relayed(&client), *good = relayed(&attached);

	(void)state;
	settings.limits.attach_ms = 20;
	connection_attaching(endless);
	connection_attaching(good);
	connection_attach_over(good);
	while (endless->stage == CONNECTION_RELAYED)
		(void)uv_run(&loop, UV_RUN_ONCE);
	assert_int_equal(endless->reason, CLOSE_HOST_TOO_SLOW);
	assert_int_equal(good->stage, CONNECTION_RELAYED);
	/* Told to end: its patience is another one. */
	connection_attach_over(endless);
	while (connections_count(supervisor.connections) > 1)
		(void)uv_run(&loop, UV_RUN_ONCE);
	connection_over(good, CLOSE_CLIENT_LEFT, "");
}

/* Nothing is relayed to it: it has the time limit of DRAIN as well. */
static void
a_client_that_is_being_told_why_may_read_on(void **state)
{
	auto_fd int client = -1;
	struct connection *connection = relayed(&client);
	uint64_t began;

	(void)state;
	uv_update_time(&loop);
	began = uv_now(&loop);
	connection_kill(connection, CLOSE_NO_TICKET);
	connection->phase = PHASE_DRAIN;
	while (connections_count(supervisor.connections) > 0)
		(void)uv_run(&loop, UV_RUN_ONCE);
	assert_true(uv_now(&loop) - began >= 2 * CONNECTION_KILL_MS + settings.limits.drain_ms);
}

static void
only_moves_of_the_table_are_believed(void **state)
{
	auto_fd int client = -1;
	struct connection *connection = relayed(&client);

	(void)state;
	assert_int_equal(connection->phase, PHASE_SNIFF);
	assert_false(connection_moved(connection, PHASE_BRIDGE));
	assert_false(connection_moved(connection, PHASE_COUNT));
	assert_false(connection_moved(connection, 255));
	assert_true(connection_moved(connection, PHASE_SNIFF)); /* no move */
	assert_true(connection_moved(connection, PHASE_SECURE));
	assert_int_equal(connection->worked_in, PHASE_SECURE);
	connection_over(connection, CLOSE_CLIENT_LEFT, "");
}

/* A connection over real TCP, which counts; *ret_client is the client's end. */
static struct connection *
tcp_connection(int *ret_client)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_storage source = {.ss_family = AF_INET};
	socklen_t len = sizeof(address);
	auto_fd int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct connection *connection;
	int fd;

	assert_int_equal(bind(listener, (struct sockaddr *)&address, len), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
	*ret_client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(*ret_client, (struct sockaddr *)&address, len), 0);
	fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	assert_int_equal(connection_new(&supervisor, 0, &fd, &source, &connection), 0);
	connection_to_worker(connection);
	return connection;
}

static void
what_passes_to_the_sign_in_screen_is_not_the_sessions(void **state)
{
	static const enum phase way[] = {PHASE_SECURE, PHASE_INTRODUCE, PHASE_DECIDE, PHASE_GREET,
		PHASE_ATTACH, PHASE_GREET, PHASE_ATTACH};
	static const char bytes[100];
	auto_fd int client = -1;
	struct connection *connection = tcp_connection(&client);

	(void)state;
	for (size_t i = 0; i < sizeof(way) / sizeof(way[0]); i++)
		assert_true(connection_moved(connection, way[i]));
	give_session(connection, 1);
	assert_int_equal(send(client, bytes, 100, 0), 100);
	assert_int_equal(connection_session_bytes(connection).received, 0);
	assert_true(connection_moved(connection, PHASE_BRIDGE));
	assert_int_equal(send(client, bytes, 30, 0), 30);
	assert_int_equal(connection_session_bytes(connection).received, 30);
	connection_over(connection, CLOSE_CLIENT_LEFT, "");
	assert_int_equal(seen.end_bytes.received, 30);
}

/* Without one, all of the connection is. */
static void
a_session_without_a_sign_in_screen_has_all_bytes(void **state)
{
	static const enum phase way[] = {
		PHASE_SECURE, PHASE_INTRODUCE, PHASE_DECIDE, PHASE_ATTACH, PHASE_BRIDGE};
	static const char bytes[100];
	auto_fd int client = -1;
	struct connection *connection = tcp_connection(&client);

	(void)state;
	assert_int_equal(send(client, bytes, 100, 0), 100);
	for (size_t i = 0; i < sizeof(way) / sizeof(way[0]); i++)
		assert_true(connection_moved(connection, way[i]));
	give_session(connection, 1);
	connection_over(connection, CLOSE_CLIENT_LEFT, "");
	assert_int_equal(seen.end_bytes.received, 100);
}

static void
a_verdict_counts_once_and_for_counted_ones_alone(void **state)
{
	auto_fd int client = -1, uncounted = -1;
	struct connection *connection = relayed(&client), *other = relayed(&uncounted);

	(void)state;
	connection->counted = true;
	connection_finished(connection);
	connection_finished(connection);
	connection_finished(other);
	assert_int_equal(seen.verdicts, 1);
	connection_over(connection, CLOSE_NO_TICKET, "");
	assert_int_equal(seen.penalties, 1);
	assert_true(seen.was_finished);
	assert_int_equal(seen.penalised, CLOSE_NO_TICKET);
	connection_over(other, CLOSE_NO_TICKET, "");
	assert_int_equal(seen.penalties, 1);
}

/* What a sign-in adds as it ends is for a connection that still counts. */
static void
a_sign_in_ends_before_its_source_is_let_off(void **state)
{
	auto_fd int client = -1;
	struct connection *connection = relayed(&client);

	(void)state;
	connection->counted = true;
	connection_over(connection, CLOSE_CLIENT_LEFT, "");
	assert_int_equal(seen.penalties, 1);
	assert_int_equal(seen.penalties_when_abandoned, 0);
}

static void
a_slow_verdict_is_not_the_clients_fault(void **state)
{
	static const struct {
		enum phase phase;
		enum close_reason penalised;
	} rows[] = {
		{PHASE_SNIFF, CLOSE_TOO_SLOW},
		{PHASE_INTRODUCE, CLOSE_TOO_SLOW},
		{PHASE_DECIDE, CLOSE_NONE},
		{PHASE_ATTACH, CLOSE_NONE},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_fd int client = -1;
		struct connection *connection = relayed(&client);

		connection->counted = true;
		connection->worked_in = rows[i].phase;
		connection_over(connection, CLOSE_TOO_SLOW, "");
		assert_int_equal(seen.penalised, rows[i].penalised);
	}
}

static void
who_waited_for_the_end_goes_on(void **state)
{
	auto_fd int one = -1, other = -1;
	struct connection *older = relayed(&one), *successor = relayed(&other);

	(void)state;
	older->awaited_by = successor->id;
	connection_over(older, CLOSE_CONTINUED, "");
	assert_ptr_equal(seen.went_on, successor);
	seen.went_on = NULL;
	/* One that nobody waits for, and one whose successor has gone. */
	successor->awaited_by = older->id;
	connection_over(successor, CLOSE_CLIENT_LEFT, "");
	assert_null(seen.went_on);
}

static void
a_session_is_found_on_the_connection_that_carries_it_on(void **state)
{
	static const uint8_t id[SESSION_ID_BYTES] = {1}, none[SESSION_ID_BYTES] = {2};
	auto_fd int one = -1, other = -1;
	struct connection *older = relayed(&one), *newer = relayed(&other);

	(void)state;
	give_session(older, 1);
	assert_ptr_equal(connection_find_session(supervisor.connections, id), older);
	give_session(newer, 1);
	connection_kill(older, CLOSE_CONTINUED);
	assert_ptr_equal(connection_find_session(supervisor.connections, id), newer);
	assert_null(connection_find_session(supervisor.connections, none));
	assert_int_equal(connections_sessions(supervisor.connections), 2);
	connection_over(older, CLOSE_CONTINUED, "");
	connection_over(newer, CLOSE_CLIENT_LEFT, "");
}

static void
end_it(void *context, struct connection *connection)
{
	++*(unsigned int *)context;
	connection_over(connection, CLOSE_STOPPING, "");
}

/* More than there are chains: some of them share one. */
static void
a_walk_may_end_each_one_it_is_given(void **state)
{
	enum { MANY = 40 };
	int clients[MANY];
	unsigned int visited = 0;

	(void)state;
	for (int i = 0; i < MANY; i++) {
		supervisor.next_connection = 1 + (uint64_t)i * 2048;
		(void)new_connection(&clients[i]);
	}
	supervisor.state = SUPERVISOR_STOPPING;
	connections_each(supervisor.connections, end_it, &visited);
	assert_int_equal(visited, MANY);
	assert_int_equal(seen.drained, MANY); /* each may have been the last */
	for (int i = 0; i < MANY; i++)
		close(clients[i]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_connection_is_there_until_it_is_over),
		TEST(a_worker_takes_it_if_there_is_room),
		TEST(without_a_worker_or_room_it_is_over),
		TEST(a_kill_before_a_worker_has_it_is_the_end),
		TEST(the_first_kill_gives_the_reason),
		TEST(a_worker_that_does_not_listen_is_bypassed),
		TEST(a_worker_that_never_says_how_attaching_ends_is_not_waited_for),
		TEST(a_session_is_cut_when_the_worker_takes_too_long),
		TEST(a_client_that_is_being_told_why_may_read_on),
		TEST(only_moves_of_the_table_are_believed),
		TEST(what_passes_to_the_sign_in_screen_is_not_the_sessions),
		TEST(a_session_without_a_sign_in_screen_has_all_bytes),
		TEST(a_verdict_counts_once_and_for_counted_ones_alone),
		TEST(a_sign_in_ends_before_its_source_is_let_off),
		TEST(a_slow_verdict_is_not_the_clients_fault),
		TEST(who_waited_for_the_end_goes_on),
		TEST(a_session_is_found_on_the_connection_that_carries_it_on),
		TEST(a_walk_may_end_each_one_it_is_given),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
