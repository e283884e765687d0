/* gateway/relay/connection.c: the only door. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "relay/bridge.h"
#include "relay/connection_io.h"
#include "relay/introduction.h"
#include "relay/look_at_host.h"
#include "relay/nla_link.h"
#include "relay/phase_attach.h"
#include "relay/phase_greet.h"
#include "relay/phase_redirect.h"
#include "relay/record_link.h"
#include "relay/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/* What the door asks of the loop and of the supervisor. */
static struct {
	unsigned int moved, ended, closed, reports;
	struct msg_ended last_ended;
	uint32_t limit_ms;
	enum phase entered, left;
	bool table_has_it;
} seen;

static struct worker worker;
static struct connection *conn;
static bool no_memory;
static bool client_ended;

struct leg {
	int nothing;
};
static struct leg client_leg;

int
io_limit_open(struct connection *connection)
{
	conn = connection;
	return no_memory ? -ENOMEM : 0;
}

void
io_limit(struct connection *connection, uint32_t limit_ms)
{
	(void)connection;
	seen.limit_ms = limit_ms;
}

void
io_phase_changed(struct connection *connection)
{
	(void)connection;
}

void
io_close(struct connection *connection)
{
	(void)connection;
	seen.closed++;
}

void
nla_link_close(struct connection *connection)
{
	(void)connection;
}

void
record_link_close(struct connection *connection)
{
	(void)connection;
}

int
record_link_open(struct connection *connection, const struct msg_record_channel *channel, int *fd)
{
	(void)connection;
	(void)channel;
	(void)fd;
	return 0;
}

int
nla_link_open(struct connection *connection, int *fd)
{
	(void)connection;
	(void)fd;
	return 0;
}

int
leg_open(struct connection *connection, enum side side, int *fd)
{
	(void)close(take_fd(fd));
	connection->legs[side] = &client_leg;
	return 0;
}

void
worker_tell(struct worker *unused, enum message number, const void *body)
{
	(void)unused;
	seen.moved += number == MSG_MOVED;
	seen.reports += number == MSG_HOST_REPORT;
	if (number == MSG_ENDED) {
		seen.ended++;
		seen.last_ended = *(const struct msg_ended *)body;
	}
}

void
worker_add(struct worker *unused, struct connection *connection)
{
	(void)unused;
	(void)connection;
	seen.table_has_it = true;
}

void
worker_remove(struct worker *unused, struct connection *connection)
{
	(void)unused;
	(void)connection;
	seen.table_has_it = false;
}

void
introduction_free(struct introduction *introduction)
{
	(void)introduction;
}

void
attachment_free(struct attachment *attachment)
{
	(void)attachment;
}

void
bridge_free(struct bridge *bridge)
{
	(void)bridge;
}

int
look_take(struct connection *connection, const struct msg_look_at_host *message)
{
	(void)connection;
	(void)message;
	return 0;
}

void
early_attach_free(struct early_attach *early)
{
	(void)early;
}

bool
leg_is_open(const struct connection *connection, enum side side)
{
	return connection->legs[side] != NULL && !client_ended;
}

void
redirection_free(struct redirection *redirection)
{
	(void)redirection;
}

void
look_free(struct look *look)
{
	(void)look;
}

static void
enter(struct connection *connection)
{
	seen.entered = connection->phase;
}

static void
leave(struct connection *connection)
{
	seen.left = connection->phase;
}

static void
refuse_inside(struct connection *connection, enum side side, uint8_t *pdu, size_t len)
{
	(void)side;
	(void)pdu;
	(void)len;
	connection_close(connection, CLOSE_NOT_RDP, "first");
	connection_close(connection, CLOSE_EARLY_BYTES, "second");
	connection_close(connection, CLOSE_OUR_MISTAKE, "third");
}

#define OPS                                    \
	{                                      \
		.enter = enter, .leave = leave \
	}
const struct phase_ops phase_sniff = {.enter = enter, .leave = leave, .on_pdu = refuse_inside};
const struct phase_ops phase_secure = OPS, phase_introduce = OPS, phase_decide = OPS,
		       phase_greet = OPS, phase_attach = OPS, phase_attach_greeted = OPS,
		       phase_redirect = OPS, phase_bridge = OPS, phase_drain = OPS,
		       look_at_host = OPS;

static void
start(void)
{
	const struct msg_take_client take = {.connection = 9, .source = "192.0.2.1"};
	int fd = open("/dev/null", O_RDONLY);

	memset(&seen, 0, sizeof(seen));
	for (enum phase phase = 0; phase < PHASE_COUNT; phase++)
		worker.limit_ms[phase] = 100 + phase;
	connection_new_client(&worker, &take, &fd);
	assert_int_equal(fd, -1);
	assert_int_equal(conn->phase, PHASE_SNIFF);
}

static void
finish(void)
{
	connection_on_gone(conn);
	assert_false(seen.table_has_it);
}

static void
go_to(enum phase last)
{
	static const enum phase way[] = {
		PHASE_SECURE, PHASE_INTRODUCE, PHASE_DECIDE, PHASE_ATTACH, PHASE_BRIDGE};

	for (size_t i = 0; conn->phase != last; i++)
		connection_go(conn, way[i]);
}

static void
a_move_leaves_enters_times_and_tells(void **state)
{
	(void)state;
	start();
	assert_int_equal(seen.entered, PHASE_SNIFF);
	connection_go(conn, PHASE_SECURE);
	assert_int_equal(seen.left, PHASE_SNIFF);
	assert_int_equal(seen.entered, PHASE_SECURE);
	assert_int_equal(seen.limit_ms, 100 + PHASE_SECURE);
	assert_int_equal(seen.moved, 2);
	connection_close(conn, CLOSE_TOO_SLOW, NULL);
	finish();
}

static void
the_first_reason_wins(void **state)
{
	(void)state;
	start();
	connection_on_pdu(conn, SIDE_CLIENT, NULL, 0);
	assert_int_equal(conn->phase, PHASE_CLOSED);
	assert_int_equal(seen.ended, 1);
	assert_int_equal(seen.closed, 1);
	assert_int_equal(seen.last_ended.connection, 9);
	assert_int_equal(seen.last_ended.reason, CLOSE_NOT_RDP);
	assert_int_equal(seen.last_ended.phase, PHASE_SNIFF);
	assert_string_equal(seen.last_ended.detail, "first");
	finish();
}

/* The worker and its other connections go on. */
static void
a_client_without_memory_for_it_is_refused_alone(void **state)
{
	const struct msg_take_client take = {.connection = 9, .source = "192.0.2.1"};
	const struct msg_look_at_host look = {.connection = 10};
	auto_fd int fd = open("/dev/null", O_RDONLY);

	(void)state;
	memset(&seen, 0, sizeof(seen));
	no_memory = true;
	connection_new_client(&worker, &take, &fd);
	assert_int_equal(seen.ended, 1);
	assert_int_equal(seen.last_ended.connection, 9);
	assert_int_equal(seen.last_ended.reason, CLOSE_OUT_OF_ROOM);
	connection_new_look(&worker, &look, &fd);
	assert_int_equal(seen.ended, 2);
	assert_int_equal(seen.last_ended.connection, 10);
	no_memory = false;
	assert_false(seen.table_has_it);
}

struct end_case {
	enum phase phase;
	enum close_reason reason;
	bool drains;
};

static const struct end_case end_cases[] = {
	{PHASE_SNIFF, CLOSE_ADMIN_KILLED, false},
	{PHASE_SECURE, CLOSE_STOPPING, false},
	{PHASE_INTRODUCE, CLOSE_STOPPING, true},
	{PHASE_INTRODUCE, CLOSE_CLIENT_BAD_PDU, false},
	{PHASE_DECIDE, CLOSE_NO_TICKET, true},
	{PHASE_DECIDE, CLOSE_CLIENT_LEFT, false},
	{PHASE_ATTACH, CLOSE_HOST_CERTIFICATE, true},
	{PHASE_BRIDGE, CLOSE_ADMIN_KILLED, true},
	{PHASE_BRIDGE, CLOSE_HOST_LEFT, true},
	{PHASE_BRIDGE, CLOSE_CLIENT_LOGGED_OFF, true}, /* the host still gets the goodbye */
	{PHASE_BRIDGE, CLOSE_CLIENT_LOST, false},
	{PHASE_BRIDGE, CLOSE_CLIENT_BAD_PDU, false},
};

static void
an_end_goes_by_way_of_drain_where_something_can_be_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(end_cases) / sizeof(end_cases[0]); i++) {
		const struct end_case *row = &end_cases[i];

		start();
		go_to(row->phase);
		assert_int_equal(worker.bridges, row->phase == PHASE_BRIDGE);
		connection_close(conn, row->reason, NULL);
		assert_int_equal(conn->phase, row->drains ? PHASE_DRAIN : PHASE_CLOSED);
		assert_int_equal(worker.bridges, 0);
		assert_int_equal(seen.ended, !row->drains);
		if (row->drains)
			connection_close(conn, CLOSE_OUR_MISTAKE, "drained");
		assert_int_equal(seen.ended, 1);
		assert_int_equal(seen.last_ended.reason, row->reason);
		assert_int_equal(seen.last_ended.phase, row->phase);
		finish();
	}
}

/* One that followed a redirection is gone; there is nobody to wait for. */
static void
who_has_left_is_told_nothing(void **state)
{
	(void)state;
	for (int ended = 0; ended < 2; ended++) {
		start();
		go_to(PHASE_DECIDE);
		connection_go(conn, PHASE_GREET);
		connection_go(conn, PHASE_REDIRECT);
		client_ended = ended;
		connection_close(conn, CLOSE_REDIRECTED, NULL);
		assert_int_equal(conn->phase, ended ? PHASE_CLOSED : PHASE_DRAIN);
		client_ended = false;
		connection_close(conn, CLOSE_REDIRECTED, NULL);
		assert_int_equal(seen.last_ended.reason, CLOSE_REDIRECTED);
		assert_int_equal(seen.last_ended.phase, PHASE_REDIRECT);
		finish();
	}
}

static void
behind_the_sign_in_screen_a_host_is_attached_by_other_rules(void **state)
{
	(void)state;
	start();
	go_to(PHASE_DECIDE);
	connection_go(conn, PHASE_ATTACH);
	assert_ptr_equal(conn->ops, &phase_attach);
	assert_int_equal(connection_counterpart(conn, SIDE_CLIENT), SIDE_HOST);
	connection_close(conn, CLOSE_CLIENT_LEFT, NULL);
	finish();

	start();
	go_to(PHASE_DECIDE);
	conn->legs[SIDE_GREETER] = &client_leg;
	connection_go(conn, PHASE_GREET);
	connection_go(conn, PHASE_ATTACH);
	assert_ptr_equal(conn->ops, &phase_attach_greeted);
	assert_int_equal(connection_counterpart(conn, SIDE_CLIENT), SIDE_GREETER);
	assert_int_equal(connection_counterpart(conn, SIDE_HOST), SIDE_CLIENT);
	connection_peer_ended(conn, SIDE_GREETER, 0, false);
	assert_int_equal(conn->reason, CLOSE_GREETER_FAULT);
	connection_close(conn, CLOSE_GREETER_FAULT, NULL);
	finish();
}

/* What a phase does not name is refused, not ignored. */
static void
an_event_without_a_slot_ends_the_connection(void **state)
{
	const struct msg_attach *attach = test_calloc(1, sizeof(*attach));
	int fd = -1;

	(void)state;
	start();
	go_to(PHASE_SECURE);
	connection_on_pdu(conn, SIDE_CLIENT, NULL, 0);
	assert_int_equal(seen.last_ended.reason, CLOSE_OUR_MISTAKE);
	finish();

	start();
	go_to(PHASE_SECURE);
	connection_on_secured(conn, SIDE_CLIENT);
	assert_int_equal(seen.last_ended.reason, CLOSE_OUR_MISTAKE);
	finish();

	start();
	connection_on_attach(conn, attach, &fd);
	assert_int_equal(seen.last_ended.reason, CLOSE_OUR_MISTAKE);
	finish();

	start();
	connection_on_time_limit(conn);
	assert_int_equal(seen.last_ended.reason, CLOSE_TOO_SLOW);
	finish();
	test_free((void *)attach);
}

/* Verdict and end have crossed on the channel: no mistake of anybody. */
static void
an_attach_that_comes_too_late_is_let_go(void **state)
{
	const struct msg_attach *attach = test_calloc(1, sizeof(*attach));
	int fd = -1;

	(void)state;
	start();
	go_to(PHASE_DECIDE);
	connection_close(conn, CLOSE_STOPPING, NULL);
	connection_on_attach(conn, attach, &fd);
	assert_int_equal(conn->phase, PHASE_DRAIN);
	connection_close(conn, CLOSE_STOPPING, NULL);
	assert_int_equal(seen.last_ended.reason, CLOSE_STOPPING);
	finish();
	test_free((void *)attach);
}

static void
ends_of_peers_are_told_apart(void **state)
{
	const struct {
		enum side side;
		int error;
		bool waited;
		enum close_reason reason;
	} rows[] = {
		{SIDE_CLIENT, 0, false, CLOSE_CLIENT_LEFT},
		{SIDE_CLIENT, -ECONNRESET, false, CLOSE_CLIENT_LOST},
		{SIDE_CLIENT, -ETIMEDOUT, false, CLOSE_CLIENT_LOST},
		{SIDE_CLIENT, -ETIMEDOUT, true, CLOSE_CLIENT_STALLED},
		{SIDE_CLIENT, -EPROTO, false, CLOSE_CLIENT_BAD_PDU},
		{SIDE_HOST, 0, false, CLOSE_HOST_GONE},
		{SIDE_HOST, -ECONNRESET, true, CLOSE_HOST_LOST},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		start();
		go_to(PHASE_BRIDGE);
		connection_on_end(conn, rows[i].side, rows[i].error, rows[i].waited);
		assert_int_equal(conn->reason, rows[i].reason);
		if (conn->phase != PHASE_CLOSED)
			connection_close(conn, CLOSE_OUR_MISTAKE, NULL);
		finish();
	}
}

static void
a_look_without_client_ends_without_drain(void **state)
{
	static const struct msg_look_at_host look = {.connection = 3};
	int fd = open("/dev/null", O_RDONLY);

	(void)state;
	memset(&seen, 0, sizeof(seen));
	connection_new_look(&worker, &look, &fd);
	assert_int_equal(conn->phase, PHASE_ATTACH);
	assert_int_equal(seen.limit_ms, 100 + PHASE_ATTACH);
	assert_null(conn->legs[SIDE_CLIENT]);
	connection_close(conn, CLOSE_CHECK_DONE, NULL);
	assert_int_equal(conn->phase, PHASE_CLOSED);
	assert_int_equal(seen.left, PHASE_ATTACH); /* where the report is sent */
	assert_int_equal(seen.last_ended.reason, CLOSE_CHECK_DONE);
	finish();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_move_leaves_enters_times_and_tells),
		cmocka_unit_test(the_first_reason_wins),
		cmocka_unit_test(a_client_without_memory_for_it_is_refused_alone),
		cmocka_unit_test(an_end_goes_by_way_of_drain_where_something_can_be_told),
		cmocka_unit_test(an_event_without_a_slot_ends_the_connection),
		cmocka_unit_test(an_attach_that_comes_too_late_is_let_go),
		cmocka_unit_test(ends_of_peers_are_told_apart),
		cmocka_unit_test(a_look_without_client_ends_without_drain),
		cmocka_unit_test(who_has_left_is_told_nothing),
		cmocka_unit_test(behind_the_sign_in_screen_a_host_is_attached_by_other_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
