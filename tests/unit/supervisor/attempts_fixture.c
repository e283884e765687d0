/* The neighbours of attempts.c, played; see attempts_fixture.h. */
#include "attempts_fixture.h"

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
#include "supervisor/four_eyes.h"
#include "supervisor/resumes.h"
#include "supervisor/session_starts.h"
#include "supervisor/sign_ins.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

static struct settings settings;
static struct supervisor supervisor;
static char worker_place, search_place, dial_place;
struct settings_listener listener;
struct connection connection, older;
struct carried_session older_session;
struct attempt_seen seen;

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

void
sign_in_enter(struct connection *entering, const struct session_grant *grant)
{
	assert_ptr_equal(entering, &connection);
	assert_int_equal(grant->reason, CLOSE_NONE);
	seen.readies++;
	if (!seen.keeps_waiting)
		session_start_go_on(entering);
}

int
four_eyes_before_attach(struct connection *asked)
{
	assert_ptr_equal(asked, &connection);
	assert_false(seen.attached); /* the gate first */
	seen.gate_told = true;
	return seen.gate;
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

int
session_begin_signed_in(struct store_db *db, const struct signed_in_request *request,
	struct session_grant *ret_grant)
{
	(void)db;
	(void)request;
	(void)ret_grant;
	fail(); /* a ticket is no sign-in */
	return -EINVAL;
}

int
session_resume(struct store_db *db, const struct session_resumption *request,
	struct session_grant *ret_grant)
{
	(void)db;
	(void)request;
	(void)ret_grant;
	fail(); /* nor is it a cookie */
	return -EINVAL;
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
connection_attaching(struct connection *one)
{
	assert_ptr_equal(one, &connection);
	assert_true(seen.attached);
	seen.attaching = true;
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

int
attempt_setup(void **state)
{
	(void)state;
	memset(&seen, 0, sizeof(seen));
	listener.evidence = 1u << EVIDENCE_NEIGHBOUR | 1u << EVIDENCE_VOUCHED;
	settings.listeners.items = &listener;
	settings.listeners.count = 1;
	settings.limits.grace_ms = 60000;
	supervisor = (struct supervisor){.settings = &settings, .resumes = resumes_new()};
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

int
attempt_teardown(void **state)
{
	(void)state;
	/* No attempt is left. */
	assert_null(connection.attempt);
	assert_null(connection.start);
	cleanup_close(&connection.host_fd);
	resumes_free(take_pointer(&supervisor.resumes));
	return 0;
}

/* connection_over, as far as the attempt goes. */
void
end_connection(enum close_reason reason)
{
	attempt_abandon(take_pointer(&connection.attempt));
	session_start_abandon(take_pointer(&connection.start), reason, PHASE_DECIDE);
}

void
introduce(void)
{
	static struct msg_introduced introduced;

	strcpy(introduced.routing_token, "Cookie: msts=+0123456789abcdef\r\n");
	strcpy(introduced.user, "secret-of-the-ticket");
	introduced.keyboard_layout = 0x411;
	attempt_start(&connection, &introduced);
}

void
find_device(bool found)
{
	const struct evidence_result result = {
		.found = found, .kind = EVIDENCE_NEIGHBOUR, .mac = {2, 0, 0, 0, 0, 1}};

	seen.found(seen.found_user, &result);
}

/* The store has done its work. */
void
decide(int status)
{
	struct store_job *job = seen.job;

	assert_non_null(job);
	seen.job = NULL;
	if (status == 0)
		status = job->work(NULL, job);
	job->done(job, status);
}

int
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
