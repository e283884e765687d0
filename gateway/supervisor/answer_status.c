/* gateway.status: what the loop counts. */
#include "base/cleanup.h"
#include "base/clock.h"
#include "policy/method_call.h"
#include "settings/settings.h"
#include "supervisor/children.h"
#include "supervisor/connections.h"
#include "supervisor/control_calls.h"
#include "supervisor/greeters.h"
#include "supervisor/health.h"
#include "supervisor/penalties.h"
#include "supervisor/recording_files.h"
#include "supervisor/sign_ins.h"

#include <sys/statvfs.h>
#include <unistd.h>

/* The sources with the highest penalties. */
#define PENALTIES_SHOWN 10

static void
add_worker(void *context, struct child *worker)
{
	json_array_append_new(context,
		json_pack("{s:I, s:i, s:I}", "number", (json_int_t)child_number(worker), "pid",
			child_pid(worker), "connections", (json_int_t)child_connections(worker)));
}

static json_t *
listeners_json(const struct settings *settings)
{
	json_t *list = json_array();

	for (size_t i = 0; i < settings->listeners.count; i++) {
		const struct settings_listener *listener = &settings->listeners.items[i];

		json_array_append_new(list,
			json_pack("{s:s, s:s, s:s, s:b}", "name", listener->name, "address",
				listener->address.text, "side", settings_side_name(listener->side),
				"proxy", listener->proxy == SETTINGS_PROXY_V2));
	}
	return list;
}

static json_t *
penalties_json(const struct supervisor *supervisor)
{
	struct penalised worst[PENALTIES_SHOWN];
	size_t count = penalties_worst(
		supervisor->penalties, clock_boottime_ms(), worst, ARRAY_SIZE(worst));
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(
			list, json_pack("{s:s, s:I}", "source", worst[i].source, "seconds",
				      (json_int_t)(worst[i].penalty_ms + 999) / 1000));
	return list;
}

/* What sessions and watchers have for themselves: how many there are, and may be. */
static void
add_helpers(const struct supervisor *supervisor, json_t *status)
{
	static const struct {
		enum child_kind kind;
		const char *count, *most;
	} helpers[] = {
		{CHILD_MEDIATOR, "mediators", "mediators_most"},
		{CHILD_RECORDER, "recorders", "recorders_most"},
		{CHILD_PLAYER, "players", "players_most"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(helpers); i++) {
		(void)json_object_set_new(status, helpers[i].count,
			json_integer(children_taken(supervisor->children, helpers[i].kind)));
		(void)json_object_set_new(status, helpers[i].most,
			json_integer(children_most(supervisor->children, helpers[i].kind)));
	}
}

static void
add_recordings(const struct supervisor *supervisor, json_t *status)
{
	struct statvfs disk;

	(void)json_object_set_new(status, "recording_keys",
		json_integer((json_int_t)supervisor->settings->recording.auditors.count));
	(void)json_object_set_new(status, "recording_least_free",
		json_integer((json_int_t)supervisor->settings->recording.least_free_bytes));
	if (statvfs(recording_files_folder(supervisor->recording_files), &disk) == 0)
		(void)json_object_set_new(status, "recording_free",
			json_integer((json_int_t)disk.f_bavail * (json_int_t)disk.f_frsize));
}

void
method_gateway_status(struct control_call *call)
{
	const struct supervisor *supervisor = call->supervisor;
	struct penalty_numbers numbers =
		penalties_numbers(supervisor->penalties, clock_boottime_ms());
	struct health_numbers terminals = health_numbers(supervisor->health);
	json_t *workers = json_array(), *status;

	children_each_worker(supervisor->children, add_worker, workers);
	status = json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:I, s:s, s:o, s:o, s:I, s:I, s:I, s:I, "
			   "s:I, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
		"version", SEKISHO_VERSION, "facility", supervisor->settings->facility.name,
		"prefix", supervisor->settings->facility.id, "time_zone",
		supervisor->settings->facility.time_zone, "state",
		supervisor->state == SUPERVISOR_RUNNING ? "running" : "stopping", "ready_since",
		instant_json(supervisor->ready_us), "pid", (json_int_t)getpid(), "tls_minimum",
		settings_tls_minimum_name(supervisor->settings->tls.minimum), "listeners",
		listeners_json(supervisor->settings), "workers", workers, "sessions",
		(json_int_t)connections_sessions(supervisor->connections), "connections",
		(json_int_t)numbers.connections, "unfinished", (json_int_t)numbers.unfinished,
		"sources", (json_int_t)numbers.sources, "penalised", (json_int_t)numbers.penalised,
		"penalties", penalties_json(supervisor), "sign_ins",
		(json_int_t)sign_ins_count(supervisor), "sign_ins_most",
		(json_int_t)supervisor->settings->sign_in.greeters, "greeters_warm",
		(json_int_t)greeters_warm(supervisor), "greeters_busy",
		(json_int_t)greeters_busy(supervisor), "store_pending",
		(json_int_t)store_pending(supervisor->store), "terminals_watched",
		(json_int_t)terminals.watched, "terminals_warned", (json_int_t)terminals.warned);
	if (status != NULL) {
		add_helpers(supervisor, status);
		add_recordings(supervisor, status);
	}
	control_call_answer(call, status);
}
