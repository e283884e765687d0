/* Start and stop; see start.h. */
#include "supervisor/start.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/lock_down.h"
#include "base/log.h"
#include "policy/sealing.h"
#include "policy/store/store.h"
#include "settings/krb5_conf.h"
#include "settings/settings.h"
#include "supervisor/accept.h"
#include "supervisor/backups.h"
#include "supervisor/children.h"
#include "supervisor/configure.h"
#include "supervisor/connections.h"
#include "supervisor/control_server.h"
#include "supervisor/evidence.h"
#include "supervisor/greeter_messages.h"
#include "supervisor/health.h"
#include "supervisor/log_tail.h"
#include "supervisor/looks.h"
#include "supervisor/mediations.h"
#include "supervisor/nla_logons.h"
#include "supervisor/outputs.h"
#include "supervisor/pam_conversation.h"
#include "supervisor/passed.h"
#include "supervisor/penalties.h"
#include "supervisor/recording_files.h"
#include "supervisor/recordings.h"
#include "supervisor/reload.h"
#include "supervisor/resumes.h"
#include "supervisor/session_log.h"
#include "supervisor/sessions.h"
#include "supervisor/watches.h"
#include "supervisor/worker_messages.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#define CHILDREN_STOP_MS 1000
/* Records that cannot be written after this are left to the next start, which finds their sessions open. */
#define DRAIN_MOST_MS 8000
/* Descriptors beside those of connections: listeners, database, channels, control socket, files of evidence. */
#define DESCRIPTORS_BESIDE 512
#define DESCRIPTORS_PER_CONNECTION 2
/* A sekisho-nla, -mediator or -recorder: its channel, its output, and its file or sockets on their way to it. */
#define DESCRIPTORS_PER_CHILD 4

/* Everything of a start that its files do not share. */
struct gateway {
	struct supervisor supervisor; /* first: what the others know is inside this */
	uv_loop_t loop;
	uv_async_t store_async;
	uv_signal_t terminate, interrupt, hang_up;
	uv_timer_t watchdog, drain;
	struct store_job left_open_job;
	json_t *left_open; /* rows of the sessions that a crash left open */
	bool children_stopping;
	int exit_status;
};

static struct gateway *
gateway_of(struct supervisor *supervisor)
{
	return (struct gateway *)supervisor;
}

static void
on_closed(uv_handle_t *handle)
{
	(void)handle;
}

static void
close_handle(void *handle)
{
	if (!uv_is_closing(handle))
		uv_close(handle, on_closed);
}

static void
on_evidence_closed(void *user)
{
	(void)user;
}

/* The last step of a stop: the loop ends once these handles are closed. */
static void
on_children_stopped(void *owner)
{
	struct gateway *gateway = owner;

	/* No job is waiting any more, or none that could be done. Jobs that end now may hand in others. */
	store_close(gateway->supervisor.store);
	gateway->supervisor.store = NULL;
	log_tail_stop(gateway->supervisor.log_tail);
	evidence_free(take_pointer(&gateway->supervisor.evidence), on_evidence_closed, NULL);
	close_handle(&gateway->store_async);
	close_handle(&gateway->terminate);
	close_handle(&gateway->interrupt);
	close_handle(&gateway->hang_up);
	close_handle(&gateway->watchdog);
	close_handle(&gateway->drain);
}

static void
stop_children(struct gateway *gateway)
{
	if (gateway->children_stopping)
		return;
	gateway->children_stopping = true;
	if (gateway->supervisor.children != NULL)
		children_stop(gateway->supervisor.children, CHILDREN_STOP_MS);
	else
		on_children_stopped(gateway);
}

void
supervisor_maybe_drained(struct supervisor *supervisor)
{
	if (supervisor->state == SUPERVISOR_STOPPING &&
		connections_count(supervisor->connections) == 0 &&
		looks_count(supervisor->looks) == 0 && recordings_count(supervisor) == 0 &&
		(supervisor->store == NULL || store_pending(supervisor->store) == 0))
		stop_children(gateway_of(supervisor));
}

static void
on_drain_over(uv_timer_t *timer)
{
	stop_children(timer->data);
}

static void
end_as_stopping(void *context, struct connection *connection)
{
	(void)context;
	connection_kill(connection, CLOSE_STOPPING);
}

static void
stop(struct gateway *gateway, int exit_status)
{
	struct supervisor *supervisor = &gateway->supervisor;

	if (supervisor->state == SUPERVISOR_STOPPING)
		return;
	supervisor->state = SUPERVISOR_STOPPING;
	gateway->exit_status = exit_status;
	(void)sd_notify(0, "STOPPING=1");
	log_event(
		EV_GATEWAY_STOPPING, "sessions=%zu", connections_sessions(supervisor->connections));
	listeners_close(take_pointer(&supervisor->listeners));
	control_server_close(take_pointer(&supervisor->control));
	sessions_stop_minutes(supervisor);
	uv_timer_start(&gateway->drain, on_drain_over, DRAIN_MOST_MS, 0);
	health_stop(supervisor->health);
	looks_stop(supervisor->looks);
	outputs_stop(supervisor->outputs);
	backups_stop(supervisor->backups);
	pam_conversations_stop(supervisor);
	connections_each(supervisor->connections, end_as_stopping, NULL);
	recordings_stop(supervisor);
	supervisor_maybe_drained(supervisor);
}

/* `file` is the one it is about, or NULL. */
static void
fail_about(struct gateway *gateway, const char *what, const char *file, const char *why)
{
	log_event(EV_GATEWAY_FAILED, "what='%s' file='%s' why='%s'", what, log_quote(file),
		log_quote(why));
	stop(gateway, EXIT_FAILURE);
}

static void
fail(struct gateway *gateway, const char *what, const char *why)
{
	fail_about(gateway, what, NULL, why);
}

static void
on_stop_signal(uv_signal_t *signal, int number)
{
	(void)number;
	stop(signal->data, EXIT_SUCCESS);
}

static void
on_hang_up(uv_signal_t *signal, int number)
{
	struct gateway *gateway = signal->data;

	(void)number;
	if (gateway->supervisor.state == SUPERVISOR_RUNNING)
		supervisor_reload(&gateway->supervisor);
}

static void
on_store_done(uv_async_t *async)
{
	struct gateway *gateway = async->data;

	if (gateway->supervisor.store == NULL)
		return;
	(void)store_collect(gateway->supervisor.store);
	log_tail_look(&gateway->supervisor);
	supervisor_maybe_drained(&gateway->supervisor);
}

static void
on_watchdog(uv_timer_t *timer)
{
	(void)timer;
	(void)sd_notify(0, "WATCHDOG=1");
}

static void
start_watchdog(struct gateway *gateway)
{
	uint64_t limit_us = 0;

	if (sd_watchdog_enabled(0, &limit_us) > 0)
		uv_timer_start(&gateway->watchdog, on_watchdog, 0, limit_us / 1000 / 3 + 1);
}

/* Step 4: every worker is running. */
static void
on_children_ready(void *owner)
{
	struct gateway *gateway = owner;
	struct supervisor *supervisor = &gateway->supervisor;
	const char *why = "no memory";

	if (supervisor->state != SUPERVISOR_STARTING)
		return;
	if (sessions_start_minutes(supervisor) < 0 ||
		listeners_open(supervisor, &supervisor->listeners, &why) < 0 ||
		control_server_open(supervisor, &supervisor->control, &why) < 0 ||
		health_start(supervisor, &supervisor->health) < 0) {
		fail(gateway, "sockets", why);
		return;
	}
	if (passed_left() > 0) {
		log_event(EV_SOCKET_LEFT, "count=%d", passed_left());
		fail(gateway, "sockets", "systemd passed a socket that no setting names");
		return;
	}
	if (lock_down(LOCK_DOWN_SUPERVISOR) < 0) {
		fail(gateway, "sandbox", "it could not be closed");
		return;
	}
	supervisor->state = SUPERVISOR_RUNNING;
	supervisor->ready_us = clock_now();
	start_watchdog(gateway);
	(void)sd_notify(0, "READY=1");
	log_event(EV_GATEWAY_READY, "version=%s listeners=%zu workers=%u", SEKISHO_VERSION,
		supervisor->settings->listeners.count, supervisor->settings->workers.count);
}

static void
on_children_failed(void *owner)
{
	fail(owner, "workers", "a process of the gateway cannot run; the lines before say why");
}

static bool
someone_may_sign_in(const struct settings *settings)
{
	for (size_t i = 0; i < settings->listeners.count; i++) {
		if (settings->listeners.items[i].sign_in == SETTINGS_SIGN_IN_ON)
			return true;
	}
	return false;
}

/* Who comes with a ticket sees the screen, too, where a terminal's sessions are recorded or must be watched. */
#define WARM_WITHOUT_SIGN_IN 1

/* Step 3. */
static void
start_children(struct gateway *gateway)
{
	struct supervisor *supervisor = &gateway->supervisor;
	const struct settings *settings = supervisor->settings;
	auto_free struct msg_configure *configure = calloc(1, sizeof(*configure));
	struct children_setup setup = {
		.loop = supervisor->loop,
		.workers = settings->workers.count,
		.configure = configure,
		.key_path = settings->tls.key,
		.hung_ms = settings->limits.watchdog_ms,
		.worker_handlers = worker_messages,
		.owner = supervisor,
		.connection_seen = worker_connection_seen,
		.ready = on_children_ready,
		.failed = on_children_failed,
		.worker_died = worker_died,
		.kinds[CHILD_GREETER] = {.most = settings->sign_in.greeters,
			.warm = someone_may_sign_in(settings) ? settings->sign_in.warm_greeters
							      : WARM_WITHOUT_SIGN_IN,
			.handlers = greeter_messages,
			.died = greeter_died},
		.kinds[CHILD_PLAYER] = {.most = settings->limits.players,
			.handlers = player_messages,
			.ready = player_ready,
			.died = player_died},
		.kinds[CHILD_NLA] = {.most = settings->limits.nla,
			.handlers = nla_messages,
			.ready = nla_ready,
			.died = nla_died},
		.kinds[CHILD_MEDIATOR] = {.most = settings->limits.mediators,
			.handlers = mediator_messages,
			.ready = mediator_ready,
			.died = mediator_died},
		.kinds[CHILD_RECORDER] = recorder_kind,
		.stopped = on_children_stopped,
	};
	int r;

	setup.kinds[CHILD_RECORDER].most = settings->limits.recorders;
	r = configure == NULL ? -ENOMEM : configure_fill(settings, configure);
	if (r < 0) {
		fail_about(gateway, "TLS certificate", settings->tls.certificate, strerror(-r));
		return;
	}
	r = children_start(&setup, &supervisor->children);
	if (r < 0)
		fail(gateway, "workers", strerror(-r));
}

static int
left_open_work(struct store_db *db, struct store_job *job)
{
	struct gateway *gateway =
		(struct gateway *)((char *)job - offsetof(struct gateway, left_open_job));

	json_decref(take_pointer(&gateway->left_open));
	return sessions_close_left_open(db, &gateway->left_open);
}

static void
left_open_done(struct store_job *job, int status)
{
	struct gateway *gateway =
		(struct gateway *)((char *)job - offsetof(struct gateway, left_open_job));
	json_t *row;
	size_t i;

	if (gateway->supervisor.state != SUPERVISOR_STARTING)
		return;
	if (status < 0) {
		fail_about(gateway, "database", gateway->supervisor.settings->database,
			store_error_text(status));
		return;
	}
	if (json_array_size(gateway->left_open) > 0)
		log_event(EV_LEFT_OPEN_ENDED, "sessions=%zu", json_array_size(gateway->left_open));
	json_array_foreach (gateway->left_open, i, row)
		sessions_tell_gone(&gateway->supervisor, CLOSE_GATEWAY_DIED, row);
	json_decref(take_pointer(&gateway->left_open));
	start_children(gateway);
}

static void
wake_loop(void *argument)
{
	(void)uv_async_send(argument);
}

static int
open_store(struct gateway *gateway, const char **ret_why)
{
	struct supervisor *supervisor = &gateway->supervisor;
	const struct settings *settings = supervisor->settings;
	struct policy_settings policy;
	const struct store_options options = {
		.path = settings->database,
		.settings = &policy,
		.sealing = supervisor->sealing,
		.notify = wake_loop,
		.notify_argument = &gateway->store_async,
	};

	policy_settings_from(settings, &policy);
	return store_open(&options, &supervisor->store, ret_why);
}

/* What is wrong with the file was told when the settings were loaded, unless it has changed since. */
static int
read_krb5_conf(struct supervisor *supervisor)
{
	struct settings_errors errors = {0};
	int r = 0;

	if (supervisor->settings->kerberos.config != NULL)
		r = krb5_conf_read(supervisor->settings, &supervisor->krb5, &errors);
	settings_errors_done(&errors);
	return r;
}

/* Step 2. */
static void
start_store(struct gateway *gateway)
{
	struct supervisor *supervisor = &gateway->supervisor;
	char folder_why[RECORDING_FILES_WHY_SIZE];
	const char *why = "no memory";
	int r;

	r = sealing_open(supervisor->settings->facility_key, &supervisor->sealing, &why);
	if (r < 0) {
		fail_about(gateway, "facility key", supervisor->settings->facility_key, why);
		return;
	}
	r = open_store(gateway, &why);
	if (r < 0) {
		fail_about(gateway, "database", supervisor->settings->database, why);
		return;
	}
	r = read_krb5_conf(supervisor);
	if (r < 0) {
		fail_about(
			gateway, "Kerberos", supervisor->settings->kerberos.config, strerror(-r));
		return;
	}
	r = backups_new(supervisor, &supervisor->backups);
	if (r < 0) {
		fail(gateway, "backups", strerror(-r));
		return;
	}
	r = session_log_open(supervisor->settings->session_log, &supervisor->session_log);
	if (r < 0) {
		fail_about(gateway, "session.log", supervisor->settings->session_log, strerror(-r));
		return;
	}
	r = log_tail_start(supervisor);
	if (r < 0) {
		fail(gateway, "logs", strerror(-r));
		return;
	}
	r = evidence_new(supervisor->loop, supervisor->settings, &supervisor->evidence, &why);
	if (r < 0) {
		fail(gateway, "device evidence", why);
		return;
	}
	gateway->left_open_job.work = left_open_work;
	gateway->left_open_job.done = left_open_done;
	store_write(supervisor->store, &gateway->left_open_job);
	if (outputs_open(supervisor, &supervisor->outputs, &why) < 0)
		fail_about(gateway, "outputs", supervisor->settings->database, why);
	if (recording_files_open(supervisor, &supervisor->recording_files, folder_why) < 0)
		fail(gateway, "recordings", folder_why);
	if (watches_new(supervisor, &supervisor->watches) < 0)
		fail(gateway, "recordings", "libsodium cannot be used, or memory is short");
}

static void
raise_descriptor_limit(const struct settings *settings)
{
	uint64_t wanted = (uint64_t)settings->workers.count * settings->workers.connections *
				  DESCRIPTORS_PER_CONNECTION +
			  ((uint64_t)settings->limits.nla + settings->limits.mediators +
				  settings->limits.recorders) *
				  DESCRIPTORS_PER_CHILD +
			  DESCRIPTORS_BESIDE;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_max != RLIM_INFINITY && limit.rlim_max < wanted)
		log_event(EV_FEW_DESCRIPTORS, "limit=%llu wanted=%llu",
			(unsigned long long)limit.rlim_max, (unsigned long long)wanted);
}

static int
watch_signals(struct gateway *gateway)
{
	const struct {
		uv_signal_t *handle;
		uv_signal_cb function;
		int number;
	} signals[] = {
		{&gateway->terminate, on_stop_signal, SIGTERM},
		{&gateway->interrupt, on_stop_signal, SIGINT},
		{&gateway->hang_up, on_hang_up, SIGHUP},
	};
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(signals) && r == 0; i++) {
		r = uv_signal_init(&gateway->loop, signals[i].handle);
		signals[i].handle->data = gateway;
		if (r == 0)
			r = uv_signal_start(
				signals[i].handle, signals[i].function, signals[i].number);
	}
	return r;
}

/* Step 1. What fails here fails on every machine or none: there is no orderly way back. */
static int
init(struct gateway *gateway, struct settings *settings)
{
	struct supervisor *supervisor = &gateway->supervisor;
	int r;

	if (settings->log.format == SETTINGS_LOG_JSON)
		log_as_json();
	supervisor->settings = settings;
	supervisor->loop = &gateway->loop;
	supervisor->next_connection = 1;
	r = passed_init();
	if (r < 0)
		return r;
	if (setenv("TZ", settings->facility.time_zone, 1) < 0)
		return -errno;
	tzset();
	/* Names are resolved on libuv's threads: one slow name service must not hold up the other dials. */
	(void)setenv("UV_THREADPOOL_SIZE", "16", 0);
	(void)signal(SIGPIPE, SIG_IGN);
	raise_descriptor_limit(settings);
	r = uv_loop_init(&gateway->loop);
	if (r < 0)
		return r;
	r = watch_signals(gateway);
	if (r == 0)
		r = uv_async_init(&gateway->loop, &gateway->store_async, on_store_done);
	if (r == 0)
		r = uv_timer_init(&gateway->loop, &gateway->watchdog);
	if (r == 0)
		r = uv_timer_init(&gateway->loop, &gateway->drain);
	gateway->store_async.data = gateway;
	gateway->drain.data = gateway;
	if (r == 0)
		r = connections_new(supervisor, &supervisor->connections);
	supervisor->resumes = resumes_new();
	if (r == 0)
		r = looks_new(supervisor, &supervisor->looks);
	listeners_apply_limits(supervisor);
	if (r == 0 && (supervisor->penalties == NULL || supervisor->resumes == NULL))
		r = -ENOMEM;
	return r;
}

static void
done(struct gateway *gateway)
{
	struct supervisor *supervisor = &gateway->supervisor;

	children_free(supervisor->children);
	connections_free(supervisor->connections);
	resumes_free(supervisor->resumes);
	looks_free(supervisor->looks);
	health_free(supervisor->health);
	outputs_free(supervisor->outputs);
	recording_files_free(take_pointer(&supervisor->recording_files));
	watches_free(supervisor->watches);
	backups_free(supervisor->backups);
	penalties_free(supervisor->penalties);
	session_log_close(supervisor->session_log);
	log_tail_free(supervisor->log_tail);
	json_decref(gateway->left_open); /* of a start that failed */
	sealing_free(supervisor->sealing);
	krb5_conf_free(supervisor->krb5);
	settings_free(supervisor->settings);
}

int
supervisor_run(struct settings *settings)
{
	struct gateway *gateway = calloc(1, sizeof(*gateway));
	int exit_status, r;

	r = gateway == NULL ? -ENOMEM : init(gateway, settings);
	if (r < 0) {
		log_event(EV_GATEWAY_FAILED, "what='start' why='%s'", strerror(-r));
		return EXIT_FAILURE;
	}
	start_store(gateway);
	(void)uv_run(&gateway->loop, UV_RUN_DEFAULT);
	done(gateway);
	r = uv_loop_close(&gateway->loop);
	assert(r == 0);
	exit_status = gateway->exit_status;
	free(gateway);
	return exit_status;
}
