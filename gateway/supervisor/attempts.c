/* From INTRODUCED to ATTACH; see attempts.h. */
#include "supervisor/attempts.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "policy/store/store.h"
#include "settings/settings.h"
#include "supervisor/children.h"
#include "supervisor/dial.h"
#include "supervisor/evidence.h"
#include "supervisor/sessions.h"
#include "supervisor/ticket.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum attempt_step {
	ATTEMPT_EVIDENCE,
	ATTEMPT_BEGIN,      /* in the store: cannot be stopped */
	ATTEMPT_WAIT_OLDER, /* for the end of `grant.older_connection` */
	ATTEMPT_DIAL,
};

struct attempt {
	struct store_job job;
	enum attempt_step step;
	struct supervisor *supervisor;
	struct connection *connection; /* NULL once it is over */
	enum close_reason over_reason; /* … why, and where */
	enum phase over_phase;
	uint64_t connection_id;
	struct shown_ticket shown;
	char source[SOCKET_TEXT_SIZE];
	struct session_request request;
	struct session_grant grant;
	json_t *row;         /* the session as `log connections` shows it */
	bool evidence_asked; /* the listener accepts a kind that can be looked up */
	struct evidence_search *search;
	struct dial *dial;
};

static void
attempt_free(struct attempt *attempt)
{
	secret_wipe(&attempt->shown, sizeof(attempt->shown));
	session_grant_done(&attempt->grant);
	json_decref(attempt->row);
	free(attempt);
}

/* While the store works on it, the grant is the writer thread's. */
static bool
has_grant(const struct attempt *attempt)
{
	return attempt != NULL && attempt->step > ATTEMPT_BEGIN;
}

const char *
attempt_account(const struct attempt *attempt)
{
	return has_grant(attempt) ? attempt->grant.account : "";
}

const char *
attempt_terminal(const struct attempt *attempt)
{
	return has_grant(attempt) ? attempt->grant.terminal.name : "";
}

/* ATTACH: everything the worker needs to know about the jump host. */
static int
send_attach(struct attempt *attempt)
{
	const struct terminal *terminal = &attempt->grant.terminal;
	struct connection *connection = attempt->connection;
	auto_free struct msg_attach *attach = calloc(1, sizeof(*attach));

	if (attach == NULL)
		return -ENOMEM;
	attach->connection = connection->id;
	attach->session_len = SESSION_ID_BYTES;
	memcpy(attach->session, attempt->grant.session, SESSION_ID_BYTES);
	attach->trust = terminal->trust == TERMINAL_TRUST_CA;
	if (terminal->trust == TERMINAL_TRUST_PIN) {
		attach->pin_len = TERMINAL_PIN_BYTES;
		memcpy(attach->pin, terminal->pin, TERMINAL_PIN_BYTES);
	} else {
		attach->ca_bundle_len =
			(uint32_t)strnlen(terminal->ca_bundle, TERMINAL_CA_BUNDLE_MAX);
		memcpy(attach->ca_bundle, terminal->ca_bundle, attach->ca_bundle_len);
	}
	snprintf(attach->host_name, sizeof(attach->host_name), "%s", terminal->address);
	attach->rights = terminal->rights;
	return children_send(connection->worker, MSG_ATTACH, attach, connection->host_fd);
}

static void
on_dialled(void *owner, const struct dial_result *result)
{
	struct attempt *attempt = owner;
	struct connection *connection = attempt->connection;
	int fd = result->fd;
	int r;

	attempt->dial = NULL;
	if (connection->stage != CONNECTION_RELAYED) {
		cleanup_close(&fd);
		return;
	}
	if (result->reason != CLOSE_NONE) {
		log_event(EV_DIAL_FAILED, "conn=%llx host='%s' address='%s' port=%u detail='%s'",
			(unsigned long long)connection->id, log_quote(attempt->grant.terminal.name),
			log_quote(attempt->grant.terminal.address),
			(unsigned int)attempt->grant.terminal.port, result->detail);
		connection_kill(connection, result->reason);
		return;
	}
	connection->host_fd = fd;
	socket_set_session_options(fd, attempt->supervisor->settings->limits.stall_ms);
	r = send_attach(attempt);
	if (r < 0) {
		connection_kill(connection, r == -ENOMEM ? CLOSE_OUT_OF_ROOM : CLOSE_WORKER_DIED);
		return;
	}
	connection->attempt = NULL;
	attempt_free(attempt);
}

static void
dial(struct attempt *attempt)
{
	const struct terminal *terminal = &attempt->grant.terminal;
	const struct settings *settings = attempt->supervisor->settings;
	const struct dial_setup setup = {
		.loop = attempt->supervisor->loop,
		.host = terminal->address,
		.port = terminal->port,
		.resolve_ms = settings->limits.resolve_ms,
		.connect_ms = settings->limits.dial_ms,
		.done = on_dialled,
		.owner = attempt,
	};

	attempt->step = ATTEMPT_DIAL;
	if (terminal->trust == TERMINAL_TRUST_NONE) {
		connection_kill(attempt->connection, CLOSE_HOST_CERTIFICATE);
		return;
	}
	if (dial_start(&setup, &attempt->dial) < 0)
		connection_kill(attempt->connection, CLOSE_OUT_OF_ROOM);
}

/* The connection that carries the session of this grant until now, or NULL. Numbers of connections begin again
 * with each start of the gateway, so that the number alone may be another client's. */
static struct connection *
find_older(const struct attempt *attempt)
{
	const struct session_grant *grant = &attempt->grant;
	struct connection *older =
		connection_find(attempt->supervisor->connections, grant->older_connection);

	if (!grant->continued || older == NULL || older == attempt->connection ||
		older->session == NULL ||
		memcmp(older->session->id, grant->session, SESSION_ID_BYTES) != 0)
		return NULL;
	return older;
}

/* A session has one connection: the older one ends before the jump host is dialled again. */
static void
close_older_or_dial(struct attempt *attempt)
{
	struct connection *older = find_older(attempt);

	if (older == NULL) {
		dial(attempt);
		return;
	}
	/* What is being cut off is not continued. */
	if (older->reason != CLOSE_NONE &&
		close_reason_row(older->reason)->state == END_STATE_KILLED) {
		session_kill(attempt->connection, older->reason, older->session->by,
			older->session->because);
		return;
	}
	attempt->step = ATTEMPT_WAIT_OLDER;
	older->awaited_by = attempt->connection_id;
	connection_kill(older, CLOSE_CONTINUED);
}

void
attempt_goes_on(struct connection *connection)
{
	struct attempt *attempt = connection->attempt;

	if (attempt != NULL && attempt->step == ATTEMPT_WAIT_OLDER &&
		connection->stage == CONNECTION_RELAYED)
		dial(attempt);
}

static int
begin_work(struct store_db *db, struct store_job *job)
{
	struct attempt *attempt = (struct attempt *)job;
	int r;

	session_grant_done(&attempt->grant);
	attempt->grant = (struct session_grant){0};
	json_decref(attempt->row);
	attempt->row = NULL;
	r = session_begin(db, &attempt->request, &attempt->grant);
	if (r < 0 || attempt->grant.reason != CLOSE_NONE)
		return r;
	return session_row(db, attempt->grant.session, &attempt->row);
}

/* The start is on disk but its connection is not there any more. */
static void
undo_start(struct attempt *attempt, enum close_reason reason, enum phase phase)
{
	struct carried_session session = {0};
	const struct socket_bytes none = {0};

	memcpy(session.id, attempt->grant.session, SESSION_ID_BYTES);
	session_record_end(
		attempt->supervisor, &session, attempt->connection_id, reason, phase, &none);
}

static void
begin_done(struct store_job *job, int status)
{
	struct attempt *attempt = (struct attempt *)job;
	struct connection *connection = attempt->connection;
	const struct session_grant *grant = &attempt->grant;
	bool started = status == 0 && grant->reason == CLOSE_NONE;

	if (status < 0)
		log_event(EV_STORE_FAILED, "conn=%llx what='start of a session' why='%s'",
			(unsigned long long)attempt->connection_id, store_error_text(status));
	if (started)
		sessions_tell_start(attempt->supervisor, attempt->row);
	else if (status == 0)
		login_limit_count(
			&attempt->supervisor->logins, attempt->source, clock_boottime_ms());
	attempt->step = ATTEMPT_WAIT_OLDER;
	if (connection == NULL) {
		if (started)
			undo_start(attempt, attempt->over_reason, attempt->over_phase);
		attempt_free(attempt);
		return;
	}
	connection_finished(connection);
	if (started && connection_set_session(connection, grant) < 0) {
		undo_start(attempt, CLOSE_OUT_OF_ROOM, PHASE_DECIDE);
		connection_kill(connection, CLOSE_OUT_OF_ROOM);
		return;
	}
	if (connection->stage != CONNECTION_RELAYED)
		return;
	if (started)
		close_older_or_dial(attempt);
	else
		connection_kill(connection, status < 0 ? CLOSE_NOT_LOGGED : grant->reason);
}

static void
begin(struct attempt *attempt)
{
	struct supervisor *supervisor = attempt->supervisor;

	attempt->step = ATTEMPT_BEGIN;
	attempt->request.logging =
		login_limit_ask(&supervisor->logins, attempt->source, clock_boottime_ms());
	attempt->job.work = begin_work;
	attempt->job.done = begin_done;
	store_write(supervisor->store, &attempt->job);
}

static void
on_evidence(void *user, const struct evidence_result *result)
{
	struct attempt *attempt = user;
	struct device_evidence *device = &attempt->request.device;

	attempt->search = NULL;
	if (attempt->connection->stage != CONNECTION_RELAYED)
		return;
	device->known = result->found;
	if (result->found)
		memcpy(device->mac.octets, result->mac, sizeof(device->mac.octets));
	snprintf(device->kind, sizeof(device->kind), "%s",
		result->found ? evidence_name(result->kind) : "none");
	if (attempt->evidence_asked)
		log_event(EV_EVIDENCE, "conn=%llx src=%s kind=%s detail='%s'",
			(unsigned long long)attempt->connection_id, attempt->source, device->kind,
			log_quote(result->detail));
	begin(attempt);
}

static void
find_evidence(struct attempt *attempt)
{
	const struct connection *connection = attempt->connection;
	uint32_t accepted =
		attempt->supervisor->settings->listeners.items[connection->listener].evidence;
	const struct evidence_question question = {
		.source = (const struct sockaddr *)&connection->source,
		.local = connection->local.ss_family == AF_UNSPEC
				 ? NULL
				 : (const struct sockaddr *)&connection->local,
		/* What a ticket vouches for is known once it is redeemed: in the transaction. */
		.accepted = accepted & ~(1u << EVIDENCE_VOUCHED),
	};

	attempt->evidence_asked = question.accepted != 0;
	attempt->request.vouched_accepted = (accepted & 1u << EVIDENCE_VOUCHED) != 0;
	if (evidence_find(attempt->supervisor->evidence, &question, on_evidence, attempt,
		    &attempt->search) < 0)
		connection_kill(attempt->connection, CLOSE_OUT_OF_ROOM);
}

void
attempt_start(struct connection *connection, const struct msg_introduced *introduced)
{
	struct attempt *attempt = calloc(1, sizeof(*attempt));

	if (attempt == NULL) {
		connection_kill(connection, CLOSE_OUT_OF_ROOM);
		return;
	}
	attempt->supervisor = connection->supervisor;
	attempt->connection = connection;
	attempt->connection_id = connection->id;
	connection->attempt = attempt;
	(void)socket_text_without_port(
		(const struct sockaddr *)&connection->source, attempt->source);
	ticket_shown(introduced, &attempt->shown);
	attempt->request.connection = connection->id;
	attempt->request.handle = attempt->shown.handle;
	attempt->request.secret = attempt->shown.secret;
	attempt->request.source = attempt->source;
	find_evidence(attempt);
}

void
attempt_abandon(struct attempt *attempt, enum close_reason reason, enum phase phase)
{
	if (attempt == NULL)
		return;
	attempt->connection = NULL;
	attempt->over_reason = reason;
	attempt->over_phase = phase;
	evidence_cancel(take_pointer(&attempt->search));
	dial_cancel(take_pointer(&attempt->dial));
	if (attempt->step != ATTEMPT_BEGIN)
		attempt_free(attempt);
}
