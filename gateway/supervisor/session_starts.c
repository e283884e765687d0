/* From a verdict to ATTACH; see session_starts.h. */
#include "supervisor/session_starts.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "policy/store/store.h"
#include "settings/settings.h"
#include "supervisor/children.h"
#include "supervisor/credentials.h"
#include "supervisor/dial.h"
#include "supervisor/four_eyes.h"
#include "supervisor/mediations.h"
#include "supervisor/nla_logons.h"
#include "supervisor/recordings.h"
#include "supervisor/resumes.h"
#include "supervisor/sessions.h"
#include "supervisor/ticket.h"
#include "supervisor/told_host.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum start_step {
	START_BEGIN,      /* in the store: cannot be stopped */
	START_WAIT_OLDER, /* for the end of `grant.older_connection` */
	START_READY,      /* until session_start_go_on */
	START_DIAL,
	START_WAIT_RECORDER, /* the host has answered */
	START_OVER,          /* an event has said so; kept for the log */
};

struct session_start {
	struct store_job job;
	enum start_step step;
	const struct session_start_events *events;
	struct supervisor *supervisor;
	struct connection *connection; /* NULL once it is over */
	enum close_reason over_reason; /* … why, and where */
	enum phase over_phase;
	uint64_t connection_id;
	char source[SOCKET_TEXT_SIZE];
	int (*begin)(struct store_db *db, struct session_start *start);
	struct session_request ticket;
	struct shown_ticket shown; /* what `ticket` points to */
	struct signed_in_request signed_in;
	struct attendance attendance; /* … `signed_in` */
	struct host_credentials
		typed; /* at signing in: for a terminal that they are passed through to */
	struct session_resumption resumption;
	char account[CREDENTIAL_SIZE]; /* … `resumption` */
	struct session_grant grant;
	enum attach_nla
		nla; /* with another one than WITHOUT, connection->nla has the credentials */
	json_t *row; /* the session as `log connections` shows it */
	struct dial *dial;
};

static void
start_free(struct session_start *start)
{
	secret_wipe(&start->shown, sizeof(start->shown));
	host_credentials_done(&start->typed);
	secret_wipe(start->account,
		sizeof(start->account)); /* somebody may have typed a password there */
	session_grant_done(&start->grant);
	json_decref(start->row);
	free(start);
}

/* While the store works on it, the grant is the writer thread's. */
static bool
has_grant(const struct session_start *start)
{
	return start != NULL && start->step > START_BEGIN;
}

const char *
session_start_account(const struct session_start *start)
{
	return has_grant(start) ? start->grant.account : "";
}

const char *
session_start_terminal(const struct session_start *start)
{
	return has_grant(start) ? start->grant.terminal.name : "";
}

static void
fail(struct session_start *start, enum close_reason reason)
{
	start->step = START_OVER;
	nla_logon_end(start->connection);
	mediation_end(start->connection);
	start->events->failed(start->connection, reason);
}

/* What the jump host is told of who logs on; it was held for this alone. */
static void
fill_in_credentials(struct msg_attach *attach, struct host_credentials *credentials)
{
	if (host_credentials_given(credentials))
		TELL_CREDENTIALS(attach, credentials);
	host_credentials_done(credentials);
}

/* A session that cannot be given a cookie goes on without. */
static void
add_cookies(struct session_start *start, struct msg_attach *attach)
{
	const struct supervisor *supervisor = start->supervisor;
	struct auto_reconnect_cookie cookie;
	struct client_info_cookie shown;

	if (supervisor->settings->limits.grace_ms > 0 &&
		resume_issue(supervisor->resumes, start->grant.session, &cookie) == 0) {
		attach->resume_id = cookie.logon_id;
		attach->resume_random_len = sizeof(cookie.random);
		memcpy(attach->resume_random, cookie.random, sizeof(cookie.random));
	}
	/* A mediator has it already. */
	if (start->connection->mediation == NULL &&
		resume_for_host(supervisor->resumes, start->grant.session,
			start->grant.terminal.version, &shown)) {
		attach->host_logon_id = shown.logon_id;
		attach->host_verifier_len = sizeof(shown.verifier);
		memcpy(attach->host_verifier, shown.verifier, sizeof(shown.verifier));
	}
	secret_wipe(&cookie, sizeof(cookie));
	secret_wipe(&shown, sizeof(shown));
}

/* ATTACH: everything the worker needs to know about the jump host. */
static int
send_attach(struct session_start *start)
{
	const struct terminal *terminal = &start->grant.terminal;
	struct connection *connection = start->connection;
	struct msg_attach *attach = calloc(1, sizeof(*attach));
	int fd = connection->host_fd;
	int r;

	if (attach == NULL)
		return -ENOMEM;
	attach->connection = connection->id;
	attach->session_len = SESSION_ID_BYTES;
	memcpy(attach->session, start->grant.session, SESSION_ID_BYTES);
	if (connection->mediation != NULL)
		attach->trust = HOST_TRUST_MEDIATED;
	else
		TELL_TRUST(attach, terminal);
	attach->rights = terminal->rights;
	attach->nla = (uint8_t)start->nla;
	snprintf(attach->channels, sizeof(attach->channels), "%s", terminal->channels);
	fill_in_credentials(attach, &start->grant.credentials);
	add_cookies(start, attach);
	r = four_eyes_before_attach(connection);
	if (r == 0 && connection->nla != NULL)
		r = nla_logon_to_worker(connection);
	if (r == 0 && connection->mediation != NULL)
		r = mediation_dialled(connection, terminal->port, &fd);
	if (r == 0)
		r = recording_to_worker(connection);
	if (r == 0)
		r = children_send(connection->worker, MSG_ATTACH, attach, fd);
	if (connection->mediation != NULL)
		mediation_attached(connection);
	secret_free(attach);
	return r;
}

/* The jump host has answered, and nothing is missing. */
static void
attach(struct session_start *start)
{
	const struct session_start_events *events = start->events;
	struct connection *connection = start->connection;
	int r = send_attach(start);

	if (r < 0) {
		connection_kill(connection, r == -ENOMEM ? CLOSE_OUT_OF_ROOM : CLOSE_WORKER_DIED);
		return;
	}
	connection_attaching(connection);
	connection->start = NULL;
	start_free(start);
	if (events->attached != NULL)
		events->attached(connection);
}

void
session_start_recorded(struct connection *connection)
{
	if (connection->start != NULL && connection->start->step == START_WAIT_RECORDER &&
		connection->stage == CONNECTION_RELAYED)
		attach(connection->start);
}

void
session_start_not_recorded(struct connection *connection, enum close_reason reason)
{
	struct session_start *start = connection->start;

	if (!has_grant(start) || start->step == START_OVER ||
		connection->stage != CONNECTION_RELAYED) {
		connection_kill(connection, reason);
		return;
	}
	dial_cancel(take_pointer(&start->dial));
	fail(start, reason);
}

static void
on_dialled(void *owner, const struct dial_result *result)
{
	struct session_start *start = owner;
	struct connection *connection = start->connection;
	int fd = result->fd;

	start->dial = NULL;
	if (connection->stage != CONNECTION_RELAYED) {
		cleanup_close(&fd);
		return;
	}
	if (result->reason != CLOSE_NONE) {
		log_event(EV_DIAL_FAILED, "conn=%llx host='%s' address='%s' port=%u detail='%s'",
			(unsigned long long)connection->id, log_quote(start->grant.terminal.name),
			log_quote(start->grant.terminal.address),
			(unsigned int)start->grant.terminal.port, result->detail);
		fail(start, result->reason);
		return;
	}
	connection->host_fd = fd;
	socket_set_session_options(fd, start->supervisor->settings->limits.stall_ms);
	start->step = START_WAIT_RECORDER;
	if (recording_is_ready(connection))
		attach(start);
}

/* The process gets ready while the jump host is dialled. */
static enum close_reason
prepare_nla(struct session_start *start)
{
	struct session_grant *grant = &start->grant;
	enum close_reason reason = nla_wanted(&grant->terminal, &grant->credentials, &start->nla);

	if (reason != CLOSE_NONE || start->nla == ATTACH_WITHOUT_NLA)
		return reason;
	switch (nla_logon_start(start->connection, &grant->terminal, &grant->credentials)) {
	case 0:
		return CLOSE_NONE;
	case -EUSERS:
		return CLOSE_NLA_BUSY;
	default:
		return CLOSE_NLA_FAULT;
	}
}

static enum close_reason
prepare_mediation(struct session_start *start)
{
	struct session_grant *grant = &start->grant;
	struct auto_reconnect_cookie cookie;
	bool has_cookie = resume_of_host(
		start->supervisor->resumes, grant->session, grant->terminal.version, &cookie);
	enum close_reason reason = mediation_start(start->connection, &grant->terminal,
		&grant->credentials, has_cookie ? &cookie : NULL);

	secret_wipe(&cookie, sizeof(cookie));
	return reason;
}

static enum close_reason
prepare_host(struct session_start *start)
{
	return start->grant.terminal.relay == TERMINAL_RELAY_MEDIATED ? prepare_mediation(start)
								      : prepare_nla(start);
}

static void
dial(struct session_start *start)
{
	const struct terminal *terminal = &start->grant.terminal;
	const struct settings *settings = start->supervisor->settings;
	const struct dial_setup setup = {
		.loop = start->supervisor->loop,
		.host = terminal->address,
		.port = terminal->port,
		.resolve_ms = settings->limits.resolve_ms,
		.connect_ms = settings->limits.dial_ms,
		.done = on_dialled,
		.owner = start,
	};
	enum close_reason reason;

	start->step = START_DIAL;
	reason = prepare_host(start);
	if (reason != CLOSE_NONE) {
		fail(start, reason);
		return;
	}
	if (dial_start(&setup, &start->dial) < 0)
		connection_kill(start->connection, CLOSE_OUT_OF_ROOM);
}

/* The engineer may have to be told something, or to wait, before the jump host hears of it. */
static void
ready(struct session_start *start)
{
	if (start->events->ready == NULL || start->grant.continued) {
		dial(start);
		return;
	}
	start->step = START_READY;
	start->events->ready(start->connection, &start->grant);
}

void
session_start_hand_over(struct connection *connection, const struct session_start_events *events)
{
	assert(connection->start->step == START_READY);
	connection->start->events = events;
}

void
session_start_go_on(struct connection *connection)
{
	struct session_start *start = connection->start;

	if (start != NULL && start->step == START_READY && connection->stage == CONNECTION_RELAYED)
		dial(start);
}

/* The connection that carries the session of this grant until now, or NULL. Numbers of connections begin again
 * with each start of the gateway, so that the number alone may be another client's. */
static struct connection *
find_older(const struct session_start *start)
{
	const struct session_grant *grant = &start->grant;
	struct connection *older =
		connection_find(start->supervisor->connections, grant->older_connection);

	if (!grant->continued || older == NULL || older == start->connection ||
		older->session == NULL ||
		memcmp(older->session->id, grant->session, SESSION_ID_BYTES) != 0)
		return NULL;
	return older;
}

/* A session has one connection: the older one ends before the jump host is dialled again. */
static void
close_older_or_go_on(struct session_start *start)
{
	struct connection *older = find_older(start);

	if (older == NULL) {
		ready(start);
		return;
	}
	/* What is being cut off is not continued. */
	if (older->reason != CLOSE_NONE &&
		close_reason_row(older->reason)->state == END_STATE_KILLED) {
		session_kill(start->connection, older->reason, older->session->by,
			older->session->because);
		return;
	}
	start->step = START_WAIT_OLDER;
	older->awaited_by = start->connection_id;
	connection_kill(older, CLOSE_CONTINUED);
}

void
session_start_older_over(struct connection *connection)
{
	struct session_start *start = connection->start;

	if (start != NULL && start->step == START_WAIT_OLDER &&
		connection->stage == CONNECTION_RELAYED)
		ready(start);
}

static int
begin_by_ticket(struct store_db *db, struct session_start *start)
{
	return session_begin(db, &start->ticket, &start->grant);
}

static int
begin_signed_in(struct store_db *db, struct session_start *start)
{
	return session_begin_signed_in(db, &start->signed_in, &start->grant);
}

static int
begin_again(struct store_db *db, struct session_start *start)
{
	return session_resume(db, &start->resumption, &start->grant);
}

static int
begin_work(struct store_db *db, struct store_job *job)
{
	struct session_start *start = (struct session_start *)job;
	int r;

	session_grant_done(&start->grant);
	start->grant = (struct session_grant){0};
	json_decref(start->row);
	start->row = NULL;
	r = start->begin(db, start);
	if (r < 0 || start->grant.reason != CLOSE_NONE)
		return r;
	return session_row(db, start->grant.session, &start->row);
}

/* The start is on disk but its connection is not there any more. */
static void
undo_start(struct session_start *start, enum close_reason reason, enum phase phase)
{
	struct carried_session session = {0};
	const struct socket_bytes none = {0};

	memcpy(session.id, start->grant.session, SESSION_ID_BYTES);
	session_record_end(start->supervisor, &session, start->connection_id, reason, phase, &none);
}

/* Without any, or with more than a jump host could be told, the engineer types there. */
static void
pass_through(struct session_start *start)
{
	const struct host_credentials *typed = &start->typed;

	if (host_credentials_given(typed))
		(void)host_credentials_set(
			&start->grant.credentials, typed->user, typed->domain, &typed->password);
}

static void
begin_done(struct store_job *job, int status)
{
	struct session_start *start = (struct session_start *)job;
	struct connection *connection = start->connection;
	const struct session_grant *grant = &start->grant;
	bool started = status == 0 && grant->reason == CLOSE_NONE;
	enum close_reason reason;

	if (status < 0)
		log_event(EV_STORE_FAILED, "conn=%llx what='start of a session' why='%s'",
			(unsigned long long)start->connection_id, store_error_text(status));
	if (started && grant->credentials.mode == CREDENTIALS_PASS_THROUGH)
		pass_through(start);
	host_credentials_done(&start->typed);
	if (started)
		sessions_tell_start(start->supervisor, start->row);
	else if (status == 0)
		login_limit_count(&start->supervisor->logins, start->source, clock_boottime_ms());
	start->step = START_WAIT_OLDER;
	if (connection == NULL) {
		if (started)
			undo_start(start, start->over_reason, start->over_phase);
		start_free(start);
		return;
	}
	connection_finished(connection);
	if (started && connection_set_session(connection, grant) < 0) {
		undo_start(start, CLOSE_OUT_OF_ROOM, PHASE_DECIDE);
		connection_kill(connection, CLOSE_OUT_OF_ROOM);
		return;
	}
	if (connection->stage != CONNECTION_RELAYED)
		return;
	if (started) {
		reason = recording_prepare(connection, grant);
		if (reason == CLOSE_NONE)
			close_older_or_go_on(start);
		else
			fail(start, reason);
		return;
	}
	start->step = START_OVER;
	start->events->refused(connection, status < 0 ? CLOSE_NOT_LOGGED : grant->reason, grant);
}

static void
copy_ticket(struct session_start *start, const struct session_request *ticket)
{
	start->begin = begin_by_ticket;
	start->ticket = *ticket;
	snprintf(start->shown.handle, sizeof(start->shown.handle), "%s", ticket->handle);
	snprintf(start->shown.secret, sizeof(start->shown.secret), "%s", ticket->secret);
	start->ticket.handle = start->shown.handle;
	start->ticket.secret = start->shown.secret;
	start->ticket.connection = start->connection_id;
	start->ticket.source = start->source;
}

static void
copy_signed_in(struct session_start *start, const struct signed_in_request *signed_in)
{
	start->begin = begin_signed_in;
	start->signed_in = *signed_in;
	if (signed_in->attendance != NULL) {
		start->attendance = *signed_in->attendance;
		start->signed_in.attendance = &start->attendance;
	}
	start->signed_in.connection = start->connection_id;
	start->signed_in.source = start->source;
}

static void
copy_resumption(struct session_start *start, const struct session_resumption *resumption)
{
	start->begin = begin_again;
	start->resumption = *resumption;
	start->resumption.connection = start->connection_id;
	start->resumption.source = start->source;
	start->resumption.account = start->account;
	snprintf(start->account, sizeof(start->account), "%s", resumption->account);
}

int
session_start_begin(struct connection *connection, const struct session_start_setup *setup)
{
	struct supervisor *supervisor = connection->supervisor;
	struct session_start *start = calloc(1, sizeof(*start));

	if (start == NULL)
		return -ENOMEM;
	session_start_abandon(
		take_pointer(&connection->start), CLOSE_CLIENT_LEFT, connection->worked_in);
	start->supervisor = supervisor;
	start->connection = connection;
	start->connection_id = connection->id;
	start->events = setup->events;
	(void)socket_text_without_port((const struct sockaddr *)&connection->source, start->source);
	if (setup->typed != NULL && host_credentials_set(&start->typed, setup->typed->user,
					    setup->typed->domain, &setup->typed->password) < 0) {
		start_free(start);
		return -ENOMEM;
	}
	if (setup->ticket != NULL)
		copy_ticket(start, setup->ticket);
	else if (setup->signed_in != NULL)
		copy_signed_in(start, setup->signed_in);
	else
		copy_resumption(start, setup->resumption);
	start->ticket.logging = start->signed_in.logging = start->resumption.logging =
		login_limit_ask(&supervisor->logins, start->source, clock_boottime_ms());
	start->job.work = begin_work;
	start->job.done = begin_done;
	connection->start = start;
	store_write(supervisor->store, &start->job);
	return 0;
}

void
session_start_abandon(struct session_start *start, enum close_reason reason, enum phase phase)
{
	if (start == NULL)
		return;
	start->connection = NULL;
	start->over_reason = reason;
	start->over_phase = phase;
	dial_cancel(take_pointer(&start->dial));
	if (start->step != START_BEGIN)
		start_free(start);
}
