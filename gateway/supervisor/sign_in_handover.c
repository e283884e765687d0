/* From the choice of a terminal to its desktop; see sign_in_steps.def.
 *
 * In-band the worker takes the client over from the greeter, once the jump host is ready; a client that is
 * redirected connects again with a ticket, and this connection ends with REDIRECTED. Without a screen the jump host is
 * attached at once.
 */
#include "supervisor/sign_in_private.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/sentence.h"
#include "settings/settings.h"
#include "supervisor/children.h"
#include "supervisor/login_limit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static struct signed_in_request
request_of(const struct sign_in *sign_in)
{
	return (struct signed_in_request){
		.connection = sign_in->connection->id,
		.account_number = sign_in->account_number,
		.terminal_number = sign_in->offers[sign_in->chosen].number,
		.source = sign_in->source,
		.device = sign_in->device.device,
		.attendance = sign_in->attendance.given ? &sign_in->attendance : NULL,
		.logging = login_limit_ask(&sign_in->connection->supervisor->logins,
			sign_in->source, clock_boottime_ms()),
	};
}

/* The screen stays as it is until the desktop comes: it says what is happening. */
void
sign_in_connect(struct sign_in *sign_in)
{
	/* A screen that has died is not one that was never needed: it leads to the end. */
	if (!sign_in->greeted && !sign_in->page_waits) {
		sign_in_go(sign_in, sign_in->begun ? STEP_GO_ON : STEP_START);
		return;
	}
	(void)sign_in_page(sign_in, SCREEN_BUSY);
	sign_in_page_text(sign_in, N_("Connecting to %s."), sign_in->offers[sign_in->chosen].name);
	sign_in_page_show(sign_in);
}

static bool
passes_through(const struct sign_in *sign_in)
{
	return sign_in->offers[sign_in->chosen].passes_credentials &&
	       host_credentials_given(&sign_in->typed);
}

static bool
shall_redirect(const struct sign_in *sign_in)
{
	const struct connection *connection = sign_in->connection;
	enum settings_handover handover =
		connection->supervisor->settings->listeners.items[connection->listener].handover;

	if (sign_in->redirect_ignored || handover == SETTINGS_HANDOVER_IN_BAND)
		return false;
	/* A ticket has no password, and where it is passed through that is what this connection is for. */
	/* Where somebody is waited for, it is on this screen, too. */
	return handover == SETTINGS_HANDOVER_REDIRECT ||
	       (sign_in->may_redirect && !passes_through(sign_in) &&
		       !sign_in->offers[sign_in->chosen].four_eyes);
}

void
sign_in_shown(struct sign_in *sign_in, uint32_t serial)
{
	if (sign_in->step != STEP_CONNECT || serial != sign_in->page->serial)
		return;
	if (sign_in->begun)
		sign_in_go(sign_in, STEP_GO_ON);
	else
		sign_in_go(sign_in, shall_redirect(sign_in) ? STEP_REDIRECT : STEP_START);
}

static void
on_refused(
	struct connection *connection, enum close_reason reason, const struct session_grant *grant)
{
	(void)grant;
	/* Somebody was quicker: it is not the one whom the list named. */
	if (reason == CLOSE_TERMINAL_FULL)
		connection->sign_in->offers[connection->sign_in->chosen].used_by[0] = '\0';
	sign_in_sorry(connection->sign_in, reason, STEP_RULES);
}

static void
on_failed(struct connection *connection, enum close_reason reason)
{
	connection_drop_session(connection, reason, connection->worked_in);
	sign_in_sorry(connection->sign_in, reason, STEP_RULES);
}

static void
on_attached(struct connection *connection)
{
	sign_in_go(connection->sign_in, STEP_ATTACHED);
}

const struct session_start_events sign_in_start_events = {
	.refused = on_refused,
	.ready = sign_in_ready,
	.failed = on_failed,
	.attached = on_attached,
};

void
sign_in_start_session(struct sign_in *sign_in)
{
	const struct signed_in_request request = request_of(sign_in);
	const struct session_start_setup setup = {
		.events = &sign_in_start_events, .signed_in = &request, .typed = &sign_in->typed};

	/* By the start, whichever way it goes. */
	sign_in->noted = true;
	if (session_start_begin(sign_in->connection, &setup) < 0)
		sign_in_end(sign_in, CLOSE_OUT_OF_ROOM);
}

static int
redirect_work(struct store_db *db, struct store_job *store_job)
{
	struct sign_in_job *job = (struct sign_in_job *)store_job;

	return ticket_issue_redirect(db, &job->request, &job->ticket);
}

static void
redirect_done(struct sign_in *sign_in, struct sign_in_job *job, int status)
{
	struct connection *connection = sign_in->connection;
	struct msg_redirect redirect = {
		.connection = connection->id, .session = job->ticket.session};

	if (status < 0) {
		sign_in_sorry(sign_in, CLOSE_NOT_LOGGED, STEP_RULES);
		return;
	}
	if (job->ticket.reason != CLOSE_NONE) {
		login_limit_count(
			&connection->supervisor->logins, sign_in->source, clock_boottime_ms());
		sign_in->noted = true;
		sign_in_sorry(sign_in, job->ticket.reason, STEP_RULES);
		return;
	}
	memcpy(sign_in->redirected_by, job->ticket.handle, sizeof(sign_in->redirected_by));
	snprintf(redirect.load_balance_info, sizeof(redirect.load_balance_info), "%s",
		job->ticket.handle);
	if (children_send(connection->worker, MSG_REDIRECT, &redirect, -1) < 0)
		sign_in_end(sign_in, CLOSE_WORKER_DIED);
	secret_wipe(&redirect, sizeof(redirect));
}

void
sign_in_redirect(struct sign_in *sign_in)
{
	struct sign_in_job *job = sign_in_job_new(sign_in, redirect_work, redirect_done);

	if (job == NULL)
		return;
	job->request = request_of(sign_in);
	job->request.source = job->source;
	job->attendance = sign_in->attendance;
	if (job->request.attendance != NULL)
		job->request.attendance = &job->attendance;
	sign_in_job_hand_in(sign_in, job);
}

static int
withdraw_work(struct store_db *db, struct store_job *store_job)
{
	struct sign_in_job *job = (struct sign_in_job *)store_job;

	return ticket_withdraw_redirect(db, job->ticket.handle, &job->withdrawn);
}

/* A client that has come back with it meanwhile has its session there. A ticket that cannot be taken back may still be good:
 * nothing begins beside it, and the end tries once more. */
static void
withdraw_done(struct sign_in *sign_in, struct sign_in_job *job, int status)
{
	if (status < 0) {
		sign_in_end(sign_in, CLOSE_NOT_LOGGED);
		return;
	}
	sign_in->redirected_by[0] = '\0';
	if (job->withdrawn)
		sign_in_go(sign_in, STEP_START);
	else
		sign_in_end(sign_in, CLOSE_REDIRECTED);
}

/* Not before that is on the disk does the session begin here: there is never one by the ticket besides. */
void
sign_in_withdraw(struct sign_in *sign_in)
{
	struct sign_in_job *job = sign_in_job_new(sign_in, withdraw_work, withdraw_done);

	if (job == NULL)
		return;
	memcpy(job->ticket.handle, sign_in->redirected_by, sizeof(job->ticket.handle));
	sign_in_job_hand_in(sign_in, job);
}

void
sign_in_forget_ticket(struct sign_in *sign_in)
{
	struct sign_in_job *job;

	if (sign_in->redirected_by[0] == '\0')
		return;
	job = sign_in_job_new(sign_in, withdraw_work, NULL);
	if (job == NULL)
		return; /* it dies after limits.ticket */
	memcpy(job->ticket.handle, sign_in->redirected_by, sizeof(job->ticket.handle));
	job->sign_in = NULL;
	store_write(sign_in->connection->supervisor->store, &job->job);
}

int
sign_in_returned(struct connection *connection, const struct msg_returned *returned)
{
	struct sign_in *sign_in = connection->sign_in;

	if (sign_in == NULL || sign_in_is_over(sign_in))
		return 0;
	if (sign_in->step == STEP_REDIRECT && returned->reason == CLOSE_REDIRECT_IGNORED) {
		sign_in->redirect_ignored = true;
		sign_in_go(sign_in, STEP_WITHDRAW);
		return 0;
	}
	if (sign_in->step != STEP_ATTACHED || returned->reason == CLOSE_REDIRECT_IGNORED)
		return -EPROTO;
	log_event(EV_ATTACH_FAILED, "conn=%llx user='%s' host='%s' reason=%s detail='%s'",
		(unsigned long long)connection->id, log_quote(sign_in->credentials.account),
		log_quote(sign_in_terminal(sign_in)), close_reason_row(returned->reason)->name,
		log_quote(returned->detail));
	connection_drop_session(connection, (enum close_reason)returned->reason, PHASE_ATTACH);
	sign_in_sorry(sign_in, (enum close_reason)returned->reason, STEP_RULES);
	return 0;
}
