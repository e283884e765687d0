/* gateway/supervisor/attempts.c, session_starts.c: each step of the way from INTRODUCED to ATTACH, and an end at each of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "attempts_fixture.h"
#include "no_recordings.h"
#include "supervisor/attempts.h"
#include "supervisor/session_starts.h"

#include <errno.h>
#include <fcntl.h>

static void
the_whole_way_ends_in_attach(void **state)
{
	(void)state;
	introduce();
	find_device(true);
	assert_false(seen.dialling); /* the start is on disk before */
	decide(0);
	assert_int_equal(seen.starts, 1);
	assert_int_equal(seen.finished, 1);
	assert_true(seen.request.device.known);
	assert_string_equal(seen.request.device.kind, "neighbour");
	assert_string_equal(seen.dial.host, seen.grant.terminal.address);
	assert_int_equal(seen.dial.port, 3389);
	assert_false(seen.attached);
	answer_dial(CLOSE_NONE);
	assert_true(seen.attached);
	assert_true(seen.gate_told);
	assert_true(seen.attaching);
	assert_int_equal(seen.attach.connection, 7);
	assert_int_equal(seen.attach.pin_len, TERMINAL_PIN_BYTES);
	assert_int_equal(seen.attach.pin[0], 0xab);
	assert_int_equal(seen.attach.ca_bundle_len, 0);
	assert_int_equal(seen.attach.rights, 3);
	assert_int_equal(seen.attach.resume_random_len, 16);
	assert_int_equal(seen.attach.host_verifier_len, 0);
	assert_int_equal(seen.killed, CLOSE_NONE);
	assert_true(connection.host_fd >= 0);
}

static void
a_ca_goes_without_a_pin(void **state)
{
	(void)state;
	seen.grant.terminal.trust = TERMINAL_TRUST_CA;
	seen.grant.terminal.ca_bundle = (char[]){"PEM"};
	introduce();
	find_device(true);
	decide(0);
	answer_dial(CLOSE_NONE);
	assert_int_equal(seen.attach.trust, 1);
	assert_int_equal(seen.attach.pin_len, 0);
	assert_int_equal(seen.attach.ca_bundle_len, 3);
	assert_string_equal(seen.attach.host_name, "pacs.example");
}

/* What a ticket vouches for is the store's to say. */
static void
vouching_is_not_looked_up(void **state)
{
	(void)state;
	introduce();
	assert_int_equal(seen.question.accepted, 1u << EVIDENCE_NEIGHBOUR);
	find_device(false);
	decide(0);
	assert_true(seen.request.vouched_accepted);
	assert_false(seen.request.device.known);
	assert_string_equal(seen.request.device.kind, "none");
	end_connection(CLOSE_CLIENT_LEFT);
	assert_true(seen.dial_cancelled);

	listener.evidence = 1u << EVIDENCE_NEIGHBOUR;
	seen.dialling = false;
	introduce();
	find_device(false);
	decide(0);
	assert_false(seen.request.vouched_accepted);
	end_connection(CLOSE_CLIENT_LEFT);
}

static void
a_verdict_against_it_is_told_and_nothing_dialled(void **state)
{
	(void)state;
	seen.grant.reason = CLOSE_NO_TICKET;
	introduce();
	find_device(true);
	decide(0);
	assert_int_equal(seen.killed, CLOSE_NO_TICKET);
	assert_int_equal(seen.finished, 1);
	assert_int_equal(seen.starts, 0);
	assert_false(seen.dialling);
	end_connection(CLOSE_NO_TICKET);
	assert_int_equal(seen.ends, 0);
}

static void
what_is_not_on_disk_is_not_relayed(void **state)
{
	(void)state;
	introduce();
	find_device(true);
	decide(-ENOSPC);
	assert_int_equal(seen.killed, CLOSE_NOT_LOGGED);
	assert_int_equal(seen.starts, 0);
	assert_false(seen.dialling);
	end_connection(CLOSE_NOT_LOGGED);
}

static void
a_client_that_left_during_the_search_is_forgotten(void **state)
{
	(void)state;
	introduce();
	end_connection(CLOSE_CLIENT_LEFT);
	assert_true(seen.evidence_cancelled);
	assert_null(seen.job);
}

/* The transaction cannot be stopped: a start that it made is ended again, with the reason of the end. */
static void
a_client_that_left_during_the_verdict_has_an_end_in_the_log(void **state)
{
	(void)state;
	introduce();
	find_device(true);
	end_connection(CLOSE_CLIENT_LEFT);
	decide(0);
	assert_int_equal(seen.starts, 1);
	assert_int_equal(seen.ends, 1);
	assert_int_equal(seen.end_reason, CLOSE_CLIENT_LEFT);
	assert_int_equal(seen.end_phase, PHASE_DECIDE);
	assert_false(seen.dialling);

	/* Nothing began, nothing ends. */
	introduce();
	find_device(true);
	end_connection(CLOSE_CLIENT_LEFT);
	decide(-EIO);
	seen.grant.reason = CLOSE_NO_TICKET;
	introduce();
	find_device(true);
	end_connection(CLOSE_CLIENT_LEFT);
	decide(0);
	assert_int_equal(seen.starts, 1);
	assert_int_equal(seen.ends, 1);
}

/* Told to end while the store decided: the end record is connection_over's, the host is not dialled. */
static void
a_connection_that_was_cut_during_the_verdict_goes_no_further(void **state)
{
	(void)state;
	introduce();
	find_device(true);
	connection.stage = CONNECTION_KILLED;
	decide(0);
	assert_false(seen.dialling);
	assert_int_equal(seen.ends, 0);
	end_connection(CLOSE_STOPPING);
}

static void
without_memory_for_the_session_its_start_is_undone(void **state)
{
	(void)state;
	introduce();
	find_device(true);
	seen.no_memory = true;
	decide(0);
	assert_int_equal(seen.killed, CLOSE_OUT_OF_ROOM);
	assert_int_equal(seen.ends, 1);
	assert_int_equal(seen.end_reason, CLOSE_OUT_OF_ROOM);
	end_connection(CLOSE_OUT_OF_ROOM);

	connection.stage = CONNECTION_RELAYED;
	introduce(); /* no memory for a search */
	assert_int_equal(seen.killed, CLOSE_OUT_OF_ROOM);
	end_connection(CLOSE_OUT_OF_ROOM);
}

static void
a_dial_that_fails_gives_its_reason(void **state)
{
	(void)state;
	introduce();
	find_device(true);
	decide(0);
	answer_dial(CLOSE_HOST_UNREACHABLE);
	assert_int_equal(seen.killed, CLOSE_HOST_UNREACHABLE);
	assert_false(seen.attached);
	end_connection(CLOSE_HOST_UNREACHABLE);
	assert_false(seen.dial_cancelled); /* it is over */
}

static void
a_host_that_answers_too_late_is_let_go(void **state)
{
	int fd;

	(void)state;
	introduce();
	find_device(true);
	decide(0);
	connection.stage = CONNECTION_KILLED;
	fd = answer_dial(CLOSE_NONE);
	assert_int_equal(fcntl(fd, F_GETFD), -1); /* closed */
	assert_false(seen.attached);
	assert_int_equal(connection.host_fd, -1);
	end_connection(CLOSE_STOPPING);
}

static void
a_worker_that_does_not_listen_ends_it(void **state)
{
	(void)state;
	introduce();
	find_device(true);
	decide(0);
	seen.worker_is_deaf = true;
	answer_dial(CLOSE_NONE);
	assert_int_equal(seen.killed, CLOSE_WORKER_DIED);
	end_connection(CLOSE_WORKER_DIED);
}

static void
what_cannot_be_gated_is_not_attached(void **state)
{
	(void)state;
	introduce();
	find_device(true);
	decide(0);
	seen.gate = -ENOTCONN;
	answer_dial(CLOSE_NONE);
	assert_false(seen.attached);
	assert_int_equal(seen.killed, CLOSE_WORKER_DIED);
	end_connection(CLOSE_WORKER_DIED);
}

static void
continue_older(void)
{
	seen.grant.continued = true;
	seen.grant.older_connection = older.id;
	introduce();
	find_device(true);
	decide(0);
}

static void
the_older_connection_ends_before_the_host_is_dialled(void **state)
{
	(void)state;
	continue_older();
	assert_int_equal(seen.older_killed, CLOSE_CONTINUED);
	assert_int_equal(older.awaited_by, connection.id);
	assert_false(seen.dialling);
	session_start_older_over(&connection);
	assert_true(seen.dialling);
	answer_dial(CLOSE_NONE);
	assert_true(seen.attached);
	session_start_older_over(&connection); /* nothing waits any more */
	assert_false(seen.dialling);
}

static void
one_that_was_cut_while_it_waited_does_not_dial(void **state)
{
	(void)state;
	continue_older();
	connection.stage = CONNECTION_KILLED;
	session_start_older_over(&connection);
	assert_false(seen.dialling);
	end_connection(CLOSE_STOPPING);
}

/* Numbers of connections begin again with each start of the gateway. */
static void
another_session_under_the_same_number_is_left_alone(void **state)
{
	(void)state;
	older_session.id[0] = 2;
	continue_older();
	assert_int_equal(seen.older_killed, CLOSE_NONE);
	assert_true(seen.dialling);
	end_connection(CLOSE_CLIENT_LEFT);
}

static void
what_is_being_cut_off_is_not_continued(void **state)
{
	(void)state;
	older.reason = CLOSE_ADMIN_KILLED;
	continue_older();
	assert_int_equal(seen.killed, CLOSE_ADMIN_KILLED);
	assert_string_equal(seen.because, "fire drill");
	assert_false(seen.dialling);
	end_connection(CLOSE_ADMIN_KILLED);
}

/* What a terminal asks for is not left out: no jump host is dialled. */
static void
a_session_that_cannot_be_recorded_goes_no_further(void **state)
{
	(void)state;
	no_recordings_refuse = CLOSE_RECORDING_NO_KEYS;
	introduce();
	find_device(true);
	decide(0);
	assert_int_equal(seen.killed, CLOSE_RECORDING_NO_KEYS);
	assert_false(seen.dialling);
	end_connection(CLOSE_RECORDING_NO_KEYS);
	no_recordings_refuse = CLOSE_NONE;
}

/* What has to be told or waited for comes between the start record and the jump host. */
static void
nobody_is_dialled_before_it_is_ready(void **state)
{
	(void)state;
	seen.keeps_waiting = true;
	introduce();
	find_device(true);
	decide(0);
	assert_int_equal(seen.readies, 1);
	assert_int_equal(connection.keyboard_layout, 0x411);
	assert_false(seen.dialling);
	session_start_go_on(&connection);
	assert_true(seen.dialling);
	session_start_go_on(&connection); /* once */
	answer_dial(CLOSE_NONE);
	assert_true(seen.attached);
}

static void
who_leaves_before_it_is_ready_is_not_dialled_for(void **state)
{
	(void)state;
	seen.keeps_waiting = true;
	introduce();
	find_device(true);
	decide(0);
	connection.stage = CONNECTION_KILLED;
	session_start_go_on(&connection);
	assert_false(seen.dialling);
	end_connection(CLOSE_CLIENT_LEFT);
}

/* It was told when it began. */
static void
a_session_that_goes_on_does_not_wait(void **state)
{
	(void)state;
	seen.keeps_waiting = true;
	continue_older();
	assert_int_equal(seen.older_killed, CLOSE_CONTINUED);
	session_start_older_over(&connection);
	assert_int_equal(seen.readies, 0);
	assert_true(seen.dialling);
	answer_dial(CLOSE_NONE);
	assert_true(seen.attached);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, attempt_setup, attempt_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_whole_way_ends_in_attach),
		TEST(a_ca_goes_without_a_pin),
		TEST(vouching_is_not_looked_up),
		TEST(a_verdict_against_it_is_told_and_nothing_dialled),
		TEST(what_is_not_on_disk_is_not_relayed),
		TEST(a_client_that_left_during_the_search_is_forgotten),
		TEST(a_client_that_left_during_the_verdict_has_an_end_in_the_log),
		TEST(a_connection_that_was_cut_during_the_verdict_goes_no_further),
		TEST(without_memory_for_the_session_its_start_is_undone),
		TEST(a_dial_that_fails_gives_its_reason),
		TEST(a_host_that_answers_too_late_is_let_go),
		TEST(a_worker_that_does_not_listen_ends_it),
		TEST(what_cannot_be_gated_is_not_attached),
		TEST(the_older_connection_ends_before_the_host_is_dialled),
		TEST(one_that_was_cut_while_it_waited_does_not_dial),
		TEST(another_session_under_the_same_number_is_left_alone),
		TEST(what_is_being_cut_off_is_not_continued),
		TEST(a_session_that_cannot_be_recorded_goes_no_further),
		TEST(nobody_is_dialled_before_it_is_ready),
		TEST(who_leaves_before_it_is_ready_is_not_dialled_for),
		TEST(a_session_that_goes_on_does_not_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
