/* See connections_fakes.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "connections_fakes.h"

#include "supervisor/attempts.h"
#include "supervisor/notices.h"
#include "supervisor/penalties.h"
#include "supervisor/reconnects.h"
#include "supervisor/session_starts.h"
#include "supervisor/sessions.h"
#include "supervisor/sign_ins.h"
#include "supervisor/start.h"
#include "supervisor/transfers.h"
#include "supervisor/watches.h"

#include <errno.h>

struct connections_seen seen;

static char worker_place;
#define WORKER ((struct child *)&worker_place)

struct child *
children_pick_worker(struct children *children)
{
	(void)children;
	return seen.no_worker ? NULL : WORKER;
}

uint32_t
child_connections(const struct child *child)
{
	(void)child;
	return seen.worker_connections;
}

void
child_add_connection(struct child *worker)
{
	(void)worker;
	seen.worker_connections++;
}

void
child_remove_connection(struct child *worker)
{
	(void)worker;
	seen.worker_connections--;
}

int
children_send(struct child *worker, enum message number, const void *body, int fd)
{
	assert_ptr_equal(worker, WORKER);
	seen.sent = number;
	if (number == MSG_KILL) {
		seen.kill = *(const struct msg_kill *)body;
		seen.kills++;
		assert_int_equal(fd, -1);
	} else {
		seen.take = *(const struct msg_take_client *)body;
		assert_true(fd >= 0);
	}
	return seen.worker_is_deaf ? -ENOTCONN : 0;
}

void
attempt_abandon(struct attempt *attempt)
{
	(void)attempt;
}

void
reconnect_abandon(struct reconnect *reconnect)
{
	(void)reconnect;
}

const char *
session_start_account(const struct session_start *start)
{
	(void)start;
	return "";
}

const char *
session_start_terminal(const struct session_start *start)
{
	(void)start;
	return "";
}

void
session_start_abandon(struct session_start *start, enum close_reason reason, enum phase phase)
{
	(void)start;
	(void)reason;
	(void)phase;
}

void
session_start_older_over(struct connection *connection)
{
	seen.went_on = connection;
}

const char *
sign_in_account(const struct sign_in *sign_in)
{
	(void)sign_in;
	return "";
}

const char *
sign_in_terminal(const struct sign_in *sign_in)
{
	(void)sign_in;
	return "";
}

void
notices_connection_over(struct connection *connection)
{
	(void)connection;
}

void
transfers_finish(struct connection *connection)
{
	(void)connection;
}

void
sign_in_abandon(struct sign_in *sign_in, enum close_reason reason)
{
	(void)reason;
	(void)sign_in;
	seen.penalties_when_abandoned = seen.penalties;
}

void
session_record_end(struct supervisor *unused, const struct carried_session *session,
	uint64_t connection, enum close_reason reason, enum phase phase,
	const struct socket_bytes *bytes)
{
	(void)unused;
	(void)session;
	seen.end_bytes = *bytes;
	/* The table no longer knows what is being recorded as over. */
	assert_true(connection != 0);
	seen.ends++;
	seen.end_reason = reason;
	seen.end_phase = phase;
}

void
penalties_verdict(struct penalties *penalties, const struct sockaddr *source)
{
	(void)penalties;
	(void)source;
	seen.verdicts++;
}

void
penalties_end(struct penalties *penalties, const struct sockaddr *source, bool finished,
	enum close_reason reason, int64_t now_ms)
{
	(void)penalties;
	(void)source;
	(void)now_ms;
	seen.penalties++;
	seen.was_finished = finished;
	seen.penalised = reason;
}

void
supervisor_maybe_drained(struct supervisor *unused)
{
	(void)unused;
	seen.drained++;
}

void
watch_end(struct watch *watch)
{
	(void)watch;
}

const char *
watch_actor(const struct connection *connection)
{
	(void)connection;
	return "";
}
