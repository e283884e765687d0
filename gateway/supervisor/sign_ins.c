/* The life of a sign-in; see sign_ins.h and sign_in_steps.def. */
#include "supervisor/sign_in_private.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "policy/accounts.h"
#include "settings/settings.h"
#include "supervisor/login_refusals.h"
#include "supervisor/penalties.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sign_in_step_row {
	void (*enter)(struct sign_in *sign_in);
	void (*answered)(struct sign_in *sign_in, const struct msg_answer *answer);
	enum sign_in_time time;
	enum sign_in_step cancel;
};

static const struct sign_in_step_row steps[] = {
#define STEP(name, enter, answered, time, cancel, meanwhile) \
	{enter, answered, TIME_##time, STEP_##cancel},
#include "supervisor/sign_in_steps.def"
#undef STEP
};

bool
sign_in_is_over(const struct sign_in *sign_in)
{
	return sign_in->connection == NULL || sign_in->connection->stage != CONNECTION_RELAYED;
}

void
sign_in_end(struct sign_in *sign_in, enum close_reason reason)
{
	connection_kill(sign_in->connection, reason);
}

/* What the step has under way is not wanted any more. */
static void
stop_step(struct sign_in *sign_in)
{
	sign_in_leave_pam(sign_in);
	attendance_forget(take_pointer(&sign_in->waiting));
	if (sign_in->job != NULL)
		sign_in->job->sign_in = NULL;
	sign_in->job = NULL;
}

/* Until the sign-in as a whole has taken too long: whoever goes to and fro between its steps gets no more than twice of
 * each. */
static uint64_t
left_ms(const struct sign_in *sign_in)
{
	const struct settings *settings = sign_in->connection->supervisor->settings;
	int64_t most_ms =
		2 * ((int64_t)settings->limits.greet_ms + (int64_t)settings->limits.consent_ms);
	int64_t left = sign_in->since_ms + most_ms - clock_boottime_ms();

	return left > 0 ? (uint64_t)left : 0;
}

static void
on_clock(uv_timer_t *timer)
{
	struct sign_in *sign_in = timer->data;

	if (sign_in_is_over(sign_in))
		return;
	if ((sign_in->time == TIME_NUMBER || sign_in->time == TIME_CONSENT) &&
		left_ms(sign_in) > 0) {
		stop_step(sign_in);
		sign_in_too_late(sign_in);
		return;
	}
	if (sign_in->time == TIME_WATCHER) {
		sign_in_unwatched(sign_in);
		return;
	}
	sign_in_end(sign_in, sign_in->step == STEP_SORRY ? sign_in->sorry : CLOSE_SIGN_IN_TOO_LONG);
}

static void
run_clock(struct sign_in *sign_in)
{
	const struct settings *settings = sign_in->connection->supervisor->settings;
	const uint64_t times[] = {
		[TIME_SIGNING_IN] = settings->limits.greet_ms,
		[TIME_CHOOSING] = settings->limits.greet_ms,
		[TIME_NUMBER] = settings->limits.consent_ms,
		[TIME_CONSENT] = settings->limits.consent_ms,
		[TIME_WATCHER] = settings->limits.watcher_ms,
		[TIME_OTHERS] = 0,
	};
	uint64_t ms = times[sign_in->time];
	uint64_t left = left_ms(sign_in);

	if (sign_in->time == TIME_OTHERS)
		uv_timer_stop(&sign_in->clock);
	else
		uv_timer_start(&sign_in->clock, on_clock, left < ms ? left : ms, 0);
}

void
sign_in_go(struct sign_in *sign_in, enum sign_in_step step)
{
	assert(step < STEP_COUNT);
	if (sign_in_is_over(sign_in))
		return;
	sign_in->step = step;
	if (steps[step].time != sign_in->time) {
		sign_in->time = steps[step].time;
		run_clock(sign_in);
	}
	if (steps[step].enter != NULL)
		steps[step].enter(sign_in);
}

void
sign_in_start_over(struct sign_in *sign_in)
{
	sign_in->account_number = 0;
	sign_in->full_id[0] = sign_in->person[0] = '\0';
	sign_in->notice = 0;
	sign_in->farewell[0] = '\0';
	sign_in->attendance = (struct attendance){0};
	free(take_pointer(&sign_in->offers));
	sign_in->offer_count = sign_in->chosen = 0;
	credentials_done(&sign_in->credentials);
	host_credentials_done(&sign_in->typed);
	secret_done(&sign_in->typed_before);
}

void
sign_in_note_refusal(struct sign_in *sign_in, enum close_reason reason, const char *why)
{
	log_event(EV_SIGN_IN_REFUSED, "conn=%llx src=%s user='%s' reason=%s detail='%s'",
		(unsigned long long)sign_in->connection->id, sign_in->source,
		log_quote(sign_in_account(sign_in)), close_reason_row(reason)->name,
		log_quote(why));
	login_refusal_record(sign_in->connection, sign_in->credentials.account, reason);
	sign_in->noted = true;
}

/* An attempt that comes to nothing, if the log does not have it already. */
static void
note_given_up(struct sign_in *sign_in, enum close_reason reason)
{
	if (sign_in->noted)
		return;
	login_refusal_record(sign_in->connection, sign_in->credentials.account, reason);
	sign_in->noted = true;
}

static void
cancel(struct sign_in *sign_in)
{
	enum sign_in_step step = steps[sign_in->step].cancel;

	/* Whoever does not acknowledge the banner gets no further, whatever it holds back. */
	if (step == STEP_OVER || sign_in->held != NULL || sign_in->by_ticket) {
		sign_in_end(sign_in,
			sign_in->step == STEP_SORRY ? sign_in->sorry : CLOSE_SIGN_IN_CANCELLED);
		return;
	}
	stop_step(sign_in);
	if (sign_in->step == STEP_WATCHED)
		sign_in_leave_watched(sign_in, CLOSE_SIGN_IN_CANCELLED);
	if (step == STEP_BACK) {
		note_given_up(sign_in, CLOSE_SIGN_IN_CANCELLED);
		sign_in_start_over(sign_in);
		step = STEP_CREDENTIALS;
	}
	sign_in->chooses = step == STEP_RULES;
	sign_in_go(sign_in, step);
}

static void
on_answered(void *owner, const struct msg_answer *answer)
{
	struct sign_in *sign_in = owner;

	if (sign_in_is_over(sign_in))
		return;
	if (answer->action == SCREEN_CANCEL)
		cancel(sign_in);
	else if (sign_in->held != NULL)
		sign_in_page_release(sign_in);
	else if (steps[sign_in->step].answered != NULL)
		steps[sign_in->step].answered(sign_in, answer);
}

static void
on_shown(void *owner, uint32_t serial)
{
	struct sign_in *sign_in = owner;

	if (sign_in_is_over(sign_in))
		return;
	sign_in_note_page(sign_in, serial);
	if (sign_in->held == NULL)
		sign_in_shown(sign_in, serial);
}

static void
on_greeter_lost(uv_timer_t *timer)
{
	struct sign_in *sign_in = timer->data;

	if (!sign_in_is_over(sign_in))
		sign_in_end(sign_in, CLOSE_GREETER_FAULT);
}

/* A greeter whose client has gone ends before the worker has said so: that is no fault. */
static void
on_died(void *owner)
{
	struct sign_in *sign_in = owner;

	greeter_end(take_pointer(&sign_in->greeter));
	uv_timer_start(&sign_in->patience, on_greeter_lost, CONNECTION_KILL_MS, 0);
}

const struct greeter_events sign_in_greeter_events = {
	.answered = on_answered,
	.shown = on_shown,
	.died = on_died,
};

static void
job_done(struct store_job *store_job, int status)
{
	struct sign_in_job *job = (struct sign_in_job *)store_job;
	struct sign_in *sign_in = job->sign_in;

	if (status < 0)
		log_event(EV_STORE_FAILED, "what='a sign-in' why='%s'", store_error_text(status));
	if (sign_in != NULL) {
		sign_in->job = NULL;
		if (!sign_in_is_over(sign_in))
			job->done(sign_in, job, status);
	}
	free(job->offers);
	secret_free(job); /* the hospital's number, a redirection's */
}

struct sign_in_job *
sign_in_job_new(struct sign_in *sign_in, int (*work)(struct store_db *db, struct store_job *job),
	void (*done)(struct sign_in *sign_in, struct sign_in_job *job, int status))
{
	struct sign_in_job *job = calloc(1, sizeof(*job));

	if (job == NULL) {
		sign_in_end(sign_in, CLOSE_OUT_OF_ROOM);
		return NULL;
	}
	job->job.work = work;
	job->job.done = job_done;
	job->sign_in = sign_in;
	job->done = done;
	memcpy(job->source, sign_in->source, sizeof(job->source));
	return job;
}

void
sign_in_job_hand_in(struct sign_in *sign_in, struct sign_in_job *job)
{
	sign_in->job = job;
	store_write(sign_in->connection->supervisor->store, &job->job);
}

static const struct sockaddr *
address_of(const struct sign_in *sign_in)
{
	return (const struct sockaddr *)&sign_in->connection->source;
}

static bool
is_exempt(const struct sign_in *sign_in)
{
	return settings_networks_contain(
		&sign_in->connection->supervisor->settings->sources.exempt, address_of(sign_in));
}

void
sign_in_penalise(struct sign_in *sign_in, uint32_t units)
{
	login_refusal_penalise(sign_in->connection, units);
}

uint32_t
sign_in_must_wait(const struct sign_in *sign_in)
{
	uint32_t wait_ms = is_exempt(sign_in)
				   ? 0
				   : penalties_wait_ms(sign_in->connection->supervisor->penalties,
					     address_of(sign_in), clock_boottime_ms());

	return (wait_ms + 999) / 1000;
}

/* Before anything is done for it: a flood of sign-ins must not take what running sessions need. */
static enum close_reason
too_many(const struct connection *connection)
{
	const struct supervisor *supervisor = connection->supervisor;
	const struct settings *settings = supervisor->settings;
	const struct sockaddr *address = (const struct sockaddr *)&connection->source;
	uint32_t all = 0, of_source = 0;

	for (const struct sign_in *one = supervisor->sign_ins; one != NULL; one = one->next) {
		all++;
		of_source += penalties_same_source(supervisor->penalties, address, address_of(one));
	}
	if (all >= settings->sign_in.greeters)
		return CLOSE_SIGN_IN_BUSY;
	if (of_source >= settings->sign_in.greeters_per_source &&
		!settings_networks_contain(&settings->sources.exempt, address))
		return CLOSE_SIGN_IN_SOURCE_BUSY;
	return CLOSE_NONE;
}

uint32_t
sign_ins_count(const struct supervisor *supervisor)
{
	uint32_t count = 0;

	for (const struct sign_in *one = supervisor->sign_ins; one != NULL; one = one->next)
		count++;
	return count;
}

static void
on_handle_closed(uv_handle_t *handle)
{
	struct sign_in *sign_in = handle->data;

	if (--sign_in->open_handles == 0)
		free(sign_in);
}

static struct sign_in *
sign_in_new(struct connection *connection)
{
	struct sign_in *sign_in = calloc(1, sizeof(*sign_in));

	if (sign_in == NULL)
		return NULL;
	sign_in->page = calloc(1, sizeof(*sign_in->page));
	if (sign_in->page == NULL) {
		free(sign_in);
		return NULL;
	}
	(void)uv_timer_init(connection->supervisor->loop, &sign_in->clock);
	(void)uv_timer_init(connection->supervisor->loop, &sign_in->patience);
	sign_in->clock.data = sign_in->patience.data = sign_in;
	sign_in->open_handles = 2;
	sign_in->connection = connection;
	sign_in->since_ms = clock_boottime_ms();
	sign_in->at = &connection->supervisor->sign_ins;
	sign_in->next = *sign_in->at;
	if (sign_in->next != NULL)
		sign_in->next->at = &sign_in->next;
	*sign_in->at = sign_in;
	return sign_in;
}

static void
on_device(void *owner)
{
	struct sign_in *sign_in = owner;

	if (sign_in->step == STEP_DEVICE)
		sign_in_go(sign_in, STEP_DEVICE);
}

struct sign_in *
sign_in_new_for_ticket(struct connection *connection)
{
	enum close_reason reason = too_many(connection);
	struct sign_in *sign_in = reason == CLOSE_NONE ? sign_in_new(connection) : NULL;

	if (sign_in == NULL) {
		connection_kill(connection, reason != CLOSE_NONE ? reason : CLOSE_OUT_OF_ROOM);
		return NULL;
	}
	connection->sign_in = sign_in;
	sign_in->keyboard_layout = connection->keyboard_layout;
	(void)socket_text_without_port(address_of(sign_in), sign_in->source);
	session_start_hand_over(connection, &sign_in_start_events);
	return sign_in;
}

void
sign_in_start(struct connection *connection, const struct msg_introduced *introduced)
{
	enum close_reason reason = too_many(connection);
	struct sign_in *sign_in;

	if (reason != CLOSE_NONE) {
		struct credentials credentials = {0};

		credentials_set_user(&credentials, introduced->user);
		login_refusal_record(connection, credentials.account, reason);
		secret_wipe(
			&credentials, sizeof(credentials)); /* the password may be the account */
		connection_kill(connection, reason);
		return;
	}
	sign_in = sign_in_new(connection);
	if (sign_in == NULL) {
		connection_kill(connection, CLOSE_OUT_OF_ROOM);
		return;
	}
	connection->sign_in = sign_in;
	sign_in->keyboard_layout = introduced->keyboard_layout;
	sign_in->may_redirect = introduced->may_redirect != 0;
	(void)socket_text_without_port(address_of(sign_in), sign_in->source);
	credentials_set_user(&sign_in->credentials, introduced->user);
	if (connection->signs_in_again)
		sentence_set(&sign_in->form_error,
			N_("The connection was lost. Sign in again: your password was not kept."));
	run_clock(sign_in);
	if (credentials_set_password(
		    &sign_in->credentials, introduced->password, introduced->password_len) < 0 ||
		device_search_start(&sign_in->device, connection, on_device, sign_in) < 0) {
		sign_in_end(sign_in, CLOSE_OUT_OF_ROOM);
		return;
	}
	sign_in_go(sign_in, STEP_BANNER);
}

/* How it ended, if that was neither a desktop nor a refusal that the log has already: given up, too late, a screen that
 * failed. */
static void
note_end(struct sign_in *sign_in, enum close_reason reason)
{
	if (reason == CLOSE_NONE || reason == CLOSE_REDIRECTED)
		return;
	sign_in_forget_ticket(sign_in);
	note_given_up(sign_in, reason);
}

void
sign_in_abandon(struct sign_in *sign_in, enum close_reason reason)
{
	if (sign_in == NULL)
		return;
	note_end(sign_in, reason);
	stop_step(sign_in);
	device_search_cancel(&sign_in->device);
	greeter_end(take_pointer(&sign_in->greeter));
	sign_in_start_over(sign_in);
	secret_free(take_pointer(&sign_in->page));
	secret_free(take_pointer(&sign_in->held));
	sign_in->connection = NULL;
	*sign_in->at = sign_in->next;
	if (sign_in->next != NULL)
		sign_in->next->at = sign_in->at;
	uv_close((uv_handle_t *)&sign_in->clock, on_handle_closed);
	uv_close((uv_handle_t *)&sign_in->patience, on_handle_closed);
}

/* What no account can be called stands in no log: somebody may have typed the password there. */
const char *
sign_in_account(const struct sign_in *sign_in)
{
	const struct settings *settings = sign_in->connection->supervisor->settings;
	const char *typed = sign_in->credentials.account;
	struct field_error unused;
	struct facility facility;
	char id[ACCOUNT_ID_SIZE];

	snprintf(facility.prefix, sizeof(facility.prefix), "%s", settings->facility.id);
	snprintf(facility.domain, sizeof(facility.domain), "%s", settings->facility.domain);
	return typed[0] == '\0' || account_id_parse(&facility, typed, id, &unused) == 0 ? typed
											: "?";
}

const char *
sign_in_terminal(const struct sign_in *sign_in)
{
	return sign_in->chosen < sign_in->offer_count ? sign_in->offers[sign_in->chosen].name : "";
}
