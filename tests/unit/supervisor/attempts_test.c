/* gateway/supervisor/attempts.c: each step of the way from INTRODUCED to ATTACH, and an end at each of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "policy/store/store.h"
#include "settings/settings.h"
#include "supervisor/attempts.h"
#include "supervisor/children.h"
#include "supervisor/dial.h"
#include "supervisor/evidence.h"
#include "supervisor/sessions.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

static struct settings settings;
static struct settings_listener listener;
static struct supervisor supervisor;
static struct connection connection, older;
static struct carried_session older_session;
static char worker_place, search_place, dial_place;

/* What the others were asked for, and what they answer. */
static struct {
	struct evidence_question question;
	void (*found)(void *user, const struct evidence_result *result);
	void *found_user;
	struct store_job *job;
	struct session_request request;
	struct session_grant grant;
	int begin, status;
	struct dial_setup dial;
	bool dialling, evidence_cancelled, dial_cancelled;
	enum close_reason killed, older_killed;
	const char *because;
	bool attached, worker_is_deaf, no_memory;
	struct msg_attach attach;
	unsigned int starts, ends, finished;
	enum close_reason end_reason;
	enum phase end_phase;
} seen;

int
evidence_find(struct evidence *evidence, const struct evidence_question *question,
	void (*found)(void *user, const struct evidence_result *result), void *user,
	struct evidence_search **ret_search)
{
	(void)evidence;
	seen.question = *question;
	seen.found = found;
	seen.found_user = user;
	*ret_search = (struct evidence_search *)&search_place;
	return seen.no_memory ? -ENOMEM : 0;
}

void
evidence_cancel(struct evidence_search *search)
{
	seen.evidence_cancelled = search != NULL;
}

const char *
evidence_name(enum evidence_kind kind)
{
	return kind == EVIDENCE_NEIGHBOUR ? "neighbour" : "other";
}

void
store_write(struct store *store, struct store_job *job)
{
	(void)store;
	assert_null(seen.job);
	seen.job = job;
}

const char *
store_error_text(int status)
{
	(void)status;
	return "no";
}

int
session_begin(
	struct store_db *db, const struct session_request *request, struct session_grant *ret_grant)
{
	(void)db;
	seen.request = *request;
	*ret_grant = seen.grant;
	return seen.begin;
}

void
session_grant_done(struct session_grant *grant)
{
	(void)grant;
}

int
session_row(struct store_db *db, const uint8_t *session, json_t **ret_row)
{
	(void)db;
	(void)session;
	*ret_row = json_object();
	return 0;
}

int
dial_start(const struct dial_setup *setup, struct dial **ret_dial)
{
	seen.dial = *setup;
	seen.dialling = true;
	*ret_dial = (struct dial *)&dial_place;
	return 0;
}

void
dial_cancel(struct dial *dial)
{
	seen.dial_cancelled = dial != NULL;
}

int
children_send(struct child *worker, enum message number, const void *body, int fd)
{
	assert_ptr_equal(worker, &worker_place);
	assert_int_equal(number, MSG_ATTACH);
	assert_true(fd >= 0);
	seen.attach = *(const struct msg_attach *)body;
	seen.attached = !seen.worker_is_deaf;
	return seen.worker_is_deaf ? -ENOTCONN : 0;
}

void
connection_kill(struct connection *one, enum close_reason reason)
{
	if (one == &older) {
		seen.older_killed = reason;
		return;
	}
	assert_ptr_equal(one, &connection);
	if (one->stage != CONNECTION_RELAYED)
		return;
	seen.killed = reason;
	one->stage = CONNECTION_KILLED;
}

void
session_kill(struct connection *one, enum close_reason reason, const char *by, const char *because)
{
	(void)by;
	seen.because = because;
	connection_kill(one, reason);
}

void
connection_finished(struct connection *one)
{
	(void)one;
	seen.finished++;
}

struct connection *
connection_find(const struct connections *connections, uint64_t id)
{
	(void)connections;
	return id == older.id ? &older : id == connection.id ? &connection : NULL;
}

int
connection_set_session(struct connection *one, const struct session_grant *grant)
{
	(void)one;
	(void)grant;
	return seen.no_memory ? -ENOMEM : 0;
}

void
session_record_end(struct supervisor *unused, const struct carried_session *session, uint64_t id,
	enum close_reason reason, enum phase phase, const struct socket_bytes *bytes)
{
	(void)unused;
	(void)bytes;
	assert_int_equal(id, connection.id);
	assert_memory_equal(session->id, seen.grant.session, SESSION_ID_BYTES);
	seen.ends++;
	seen.end_reason = reason;
	seen.end_phase = phase;
}

void
sessions_tell_start(struct supervisor *unused, json_t *row)
{
	(void)unused;
	assert_non_null(row);
	seen.starts++;
}

static int
setup(void **state)
{
	(void)state;
	memset(&seen, 0, sizeof(seen));
	listener.evidence = 1u << EVIDENCE_NEIGHBOUR | 1u << EVIDENCE_VOUCHED;
	settings.listeners.items = &listener;
	settings.listeners.count = 1;
	supervisor = (struct supervisor){.settings = &settings};
	connection = (struct connection){.id = 7,
		.supervisor = &supervisor,
		.stage = CONNECTION_RELAYED,
		.worker = (struct child *)&worker_place,
		.source = {.ss_family = AF_INET},
		.host_fd = -1};
	older_session = (struct carried_session){.id = {1}, .because = "fire drill"};
	older = (struct connection){.id = 5, .supervisor = &supervisor, .session = &older_session};
	seen.grant.session[0] = 1;
	seen.grant.terminal.trust = TERMINAL_TRUST_PIN;
	seen.grant.terminal.pin[0] = 0xab;
	seen.grant.terminal.rights = 3;
	strcpy(seen.grant.terminal.address, "pacs.example");
	seen.grant.terminal.port = 3389;
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	/* No attempt is left. */
	assert_null(connection.attempt);
	cleanup_close(&connection.host_fd);
	return 0;
}

/* connection_over, as far as the attempt goes. */
static void
end_connection(enum close_reason reason)
{
	attempt_abandon(take_pointer(&connection.attempt), reason, PHASE_DECIDE);
}

static void
introduce(void)
{
	static struct msg_introduced introduced;

	strcpy(introduced.routing_token, "Cookie: msts=+0123456789abcdef\r\n");
	strcpy(introduced.user, "secret-of-the-ticket");
	attempt_start(&connection, &introduced);
}

static void
find_device(bool found)
{
	const struct evidence_result result = {
		.found = found, .kind = EVIDENCE_NEIGHBOUR, .mac = {2, 0, 0, 0, 0, 1}};

	seen.found(seen.found_user, &result);
}

/* The store has done its work. */
static void
decide(int status)
{
	struct store_job *job = seen.job;

	assert_non_null(job);
	seen.job = NULL;
	if (status == 0)
		status = job->work(NULL, job);
	job->done(job, status);
}

static int
answer_dial(enum close_reason reason)
{
	struct dial_result result = {.reason = reason,
		.fd = reason == CLOSE_NONE ? open("/dev/null", O_RDONLY | O_CLOEXEC) : -1,
		.detail = "so"};

	assert_true(seen.dialling);
	seen.dialling = false;
	seen.dial.done(seen.dial.owner, &result);
	return result.fd;
}

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
	assert_int_equal(seen.attach.connection, 7);
	assert_int_equal(seen.attach.pin_len, TERMINAL_PIN_BYTES);
	assert_int_equal(seen.attach.pin[0], 0xab);
	assert_int_equal(seen.attach.ca_bundle_len, 0);
	assert_int_equal(seen.attach.rights, 3);
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
a_host_that_nobody_trusts_is_not_dialled(void **state)
{
	(void)state;
	seen.grant.terminal.trust = TERMINAL_TRUST_NONE;
	introduce();
	find_device(true);
	decide(0);
	assert_false(seen.dialling);
	assert_int_equal(seen.killed, CLOSE_HOST_CERTIFICATE);
	end_connection(CLOSE_HOST_CERTIFICATE);
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
	attempt_goes_on(&connection);
	assert_true(seen.dialling);
	answer_dial(CLOSE_NONE);
	assert_true(seen.attached);
	attempt_goes_on(&connection); /* nothing waits any more */
	assert_false(seen.dialling);
}

static void
one_that_was_cut_while_it_waited_does_not_dial(void **state)
{
	(void)state;
	continue_older();
	connection.stage = CONNECTION_KILLED;
	attempt_goes_on(&connection);
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

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
		TEST(a_host_that_nobody_trusts_is_not_dialled),
		TEST(a_dial_that_fails_gives_its_reason),
		TEST(a_host_that_answers_too_late_is_let_go),
		TEST(a_worker_that_does_not_listen_ends_it),
		TEST(the_older_connection_ends_before_the_host_is_dialled),
		TEST(one_that_was_cut_while_it_waited_does_not_dial),
		TEST(another_session_under_the_same_number_is_left_alone),
		TEST(what_is_being_cut_off_is_not_continued),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
