/* The health of terminals; see health.h.
 *
 * Due times live here; everything else is asked of the store before each look, so that nothing here can be older
 * than what an administrator has just changed.
 */
#include "supervisor/health.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "policy/store/health_table.h"
#include "policy/store/store.h"
#include "policy/store/terminal_table.h"
#include "rdp/x224.h"
#include "settings/settings.h"
#include "supervisor/connections.h"
#include "supervisor/health_log.h"
#include "supervisor/host_findings.h"
#include "supervisor/looks.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define AT_ONCE 6
#define CONNECT_MS 5000 /* a host that takes longer is none to work on */
#define ANSWER_MS 10000
/* After the name service did not answer: threads of it still hang in the question. */
#define NAMES_PAUSE_MS 30000
#define LIST_EVERY_MS (10 * 60 * 1000)
#define SOON_MS 1000 /* for what could not be looked at just now */
/* After a terminal has ended its last session. */
#define CLOSELY_EVERY_MS 2000
#define CLOSELY_FOR_MS (2 * 60 * 1000)
/* Sessions that end within this time have ended by one cause. */
#define TOGETHER_MS 10000

/* What the loop knows of a terminal. */
struct watched {
	int64_t terminal;
	int64_t due_ms; /* of the loop's clock */
	uint32_t warnings;
	bool looking;
	bool listed; /* found when all were read the last time */
	int64_t closely_until_ms;
	uint32_t dropped; /* sessions that it has closed, one soon after the other … */
	int64_t dropped_ms, dropped_us; /* … since when, by the loop's clock and by people's */
	bool dropped_all;               /* several, and none is left */
};

struct health {
	struct supervisor *supervisor;
	uv_timer_t timer;
	struct watched *items; /* by number */
	size_t count, room;
	size_t under_way;
	bool naming; /* a look by name is under way */
	int64_t names_from_ms;
	bool stopping;

	struct store_job list_job;
	bool listing;
	int64_t list_due_ms;
	struct health_watch *listed;
	size_t listed_count;
};

/* One look, from the store and back to it. */
struct visit {
	struct store_job job;
	struct health *health;
	int64_t terminal;
	struct terminal host;
	bool named;
	int64_t began_ms;
	bool postponed; /* it did not come to it */
	bool known;     /* `before` has been read */
	struct terminal_health before, next;
	struct health_change change;
};

static void schedule(struct health *health);

void
health_limits_from(const struct settings *settings, struct health_limits *ret_limits)
{
	*ret_limits = (struct health_limits){
		.away_us = (int64_t)settings->health.away_ms * 1000,
		.certificate_us = (int64_t)settings->health.certificate_warning_ms * 1000,
		.restart_us = (int64_t)settings->health.restart_warning_ms * 1000,
	};
}

static int64_t
now_ms(const struct health *health)
{
	return (int64_t)uv_now(health->supervisor->loop);
}

static uint32_t
every_ms(const struct health *health)
{
	return health->supervisor->settings->health.every_ms;
}

/* A number below `below` (not 0) that scatters terminals and rounds; nothing depends on its being unknown. */
static int64_t
scatter(int64_t terminal, int64_t round, int64_t below)
{
	uint64_t mixed = ((uint64_t)terminal + (uint64_t)round * 31) * UINT64_C(0x9e3779b97f4a7c15);

	return (int64_t)((mixed >> 32) % (uint64_t)below);
}

/* Up to a tenth sooner or later, so that terminals drift apart. */
static int64_t
next_due(const struct health *health, const struct watched *watched)
{
	int64_t every = every_ms(health);

	if (now_ms(health) < watched->closely_until_ms && every > CLOSELY_EVERY_MS)
		every = CLOSELY_EVERY_MS;
	return now_ms(health) + every - every / 10 +
	       scatter(watched->terminal, now_ms(health), every / 5 + 1);
}

static struct watched *
find(const struct health *health, int64_t terminal)
{
	for (size_t i = 0; i < health->count; i++)
		if (health->items[i].terminal == terminal)
			return &health->items[i];
	return NULL;
}

static struct watched *
add(struct health *health, int64_t terminal)
{
	struct watched *grown;

	if (health->count == health->room) {
		grown = reallocarray(health->items, health->room + 64, sizeof(*grown));
		if (grown == NULL)
			return NULL;
		health->items = grown;
		health->room += 64;
	}
	health->items[health->count] = (struct watched){.terminal = terminal, .listed = true};
	return &health->items[health->count++];
}

static void
forget(struct health *health, int64_t terminal)
{
	struct watched *watched = find(health, terminal);

	if (watched != NULL)
		*watched = health->items[--health->count];
}

struct health_numbers
health_numbers(const struct health *health)
{
	struct health_numbers numbers = {0};

	if (health == NULL)
		return numbers;
	numbers.watched = health->count;
	for (size_t i = 0; i < health->count; i++)
		numbers.warned += health->items[i].warnings != 0;
	return numbers;
}

/* One look */

static void
visit_end(struct visit *visit)
{
	struct health *health = visit->health;
	struct watched *watched = find(health, visit->terminal);

	health->under_way--;
	if (visit->named)
		health->naming = false;
	if (watched != NULL) {
		watched->looking = false;
		/* Touched meanwhile: it stays due. */
		if (watched->due_ms > 0 && visit->postponed)
			watched->due_ms = now_ms(health) + SOON_MS;
		else if (watched->due_ms > 0)
			watched->due_ms = next_due(health, watched);
	}
	terminal_done(&visit->host);
	free(visit);
	schedule(health);
}

static int
save_work(struct store_db *db, struct store_job *job)
{
	return health_save(db, &((struct visit *)job)->next);
}

static void
save_done(struct store_job *job, int status)
{
	struct visit *visit = (struct visit *)job;
	struct watched *watched = find(visit->health, visit->terminal);

	/* What could not be written is found again by the next look, and logged then. */
	if (status < 0)
		log_event(EV_STORE_FAILED, "what='health' terminal='%s' why='%s'",
			log_quote(visit->host.name), store_error_text(status));
	else
		health_log(&visit->host, &visit->next, &visit->change);
	if (status == 0 && watched != NULL)
		watched->warnings = visit->next.warnings;
	visit_end(visit);
}

static void
on_seen(void *owner, enum close_reason reason, const char *detail,
	const struct msg_host_report *report)
{
	struct visit *visit = owner;
	struct health *health = visit->health;
	struct watched *watched = find(health, visit->terminal);
	struct health_limits limits;
	struct host_seen seen;
	char why[HEALTH_WHY_SIZE];

	/* Only a silent name service holds threads; one that does not know the name has answered. */
	if (visit->named && reason == CLOSE_HOST_NAME &&
		now_ms(health) - visit->began_ms >= health->supervisor->settings->limits.resolve_ms)
		health->names_from_ms = now_ms(health) + NAMES_PAUSE_MS;
	if (!host_spoke(reason)) {
		visit_end(visit);
		return;
	}
	host_seen_by_look(reason, detail, report, why, &seen);
	seen.dropped_us = watched != NULL && watched->dropped_all ? watched->dropped_us : 0;
	health_limits_from(health->supervisor->settings, &limits);
	health_next(visit->known ? &visit->before : NULL, &seen, &limits, clock_now(), &visit->next,
		&visit->change);
	visit->next.terminal = visit->terminal;
	if (watched != NULL)
		watched->dropped_all = false;
	if (!visit->change.write) {
		visit_end(visit);
		return;
	}
	visit->job = (struct store_job){.work = save_work, .done = save_done};
	store_write(health->supervisor->store, &visit->job);
}

struct carried {
	int64_t terminal;
	bool found;
};

static void
note_carried(void *context, struct connection *connection)
{
	struct carried *carried = context;

	carried->found |= connection->session != NULL && connection->stage != CONNECTION_OVER &&
			  connection->phase == PHASE_BRIDGE &&
			  connection->session->terminal_number == carried->terminal;
}

static bool
has_session(const struct health *health, int64_t terminal)
{
	struct carried carried = {.terminal = terminal};

	connections_each(health->supervisor->connections, note_carried, &carried);
	return carried.found;
}

static bool
is_a_name(const char *address)
{
	struct in6_addr unused;

	return inet_pton(AF_INET, address, &unused) != 1 &&
	       inet_pton(AF_INET6, address, &unused) != 1;
}

/* A terminal with a session is there: why knock? Unless it is still written down as away, or has just dropped those before. */
static bool
is_known_to_be_there(const struct visit *visit)
{
	const struct watched *watched = find(visit->health, visit->terminal);

	return (!visit->known || visit->before.reachable) &&
	       (watched == NULL || !watched->dropped_all) &&
	       has_session(visit->health, visit->terminal);
}

/* It gives way to other looks, and to the name service. */
static bool
may_look(struct visit *visit)
{
	struct health *health = visit->health;
	bool named = is_a_name(visit->host.address);

	if (health->stopping)
		return false;
	if (looks_busy(health->supervisor->looks) ||
		(named && (health->naming || now_ms(health) < health->names_from_ms))) {
		visit->postponed = true;
		return false;
	}
	visit->named = named;
	visit->began_ms = now_ms(health);
	health->naming |= named;
	return true;
}

static int
visit_work(struct store_db *db, struct store_job *job)
{
	struct visit *visit = (struct visit *)job;
	int r;

	terminal_done(&visit->host);
	visit->host = (struct terminal){0};
	r = terminal_load(db, visit->terminal, &visit->host);
	if (r == 0 && !visit->host.in_service)
		r = -ENOENT;
	if (r < 0)
		return r;
	r = health_load(db, visit->terminal, &visit->before);
	visit->known = r == 0;
	return r == -ENOENT ? 0 : r;
}

static void
visit_read(struct store_job *job, int status)
{
	struct visit *visit = (struct visit *)job;
	const struct look_setup setup = {
		.terminal = &visit->host,
		.protocols = RDP_PROTOCOL_SSL | RDP_PROTOCOL_HYBRID | RDP_PROTOCOL_HYBRID_EX,
		.secure = true,
		.connect_ms = CONNECT_MS,
		.answer_ms = ANSWER_MS,
		.done = on_seen,
		.owner = visit,
	};

	/* Deleted, or out of service: it is on nobody's list until it is touched again. */
	if (status == -ENOENT)
		forget(visit->health, visit->terminal);
	if (status < 0 || is_known_to_be_there(visit) || !may_look(visit) ||
		look_start(visit->health->supervisor->looks, &setup) < 0)
		visit_end(visit);
}

static void
visit_begin(struct health *health, struct watched *watched)
{
	struct visit *visit = calloc(1, sizeof(*visit));

	watched->due_ms = next_due(health, watched);
	if (visit == NULL)
		return;
	watched->looking = true;
	health->under_way++;
	visit->health = health;
	visit->terminal = watched->terminal;
	visit->job = (struct store_job){.work = visit_work, .done = visit_read};
	store_read(health->supervisor->store, &visit->job);
}

/* All terminals */

static int
list_work(struct store_db *db, struct store_job *job)
{
	struct health *health = (struct health *)((char *)job - offsetof(struct health, list_job));

	free(health->listed);
	health->listed = NULL;
	return health_list(db, &health->listed, &health->listed_count);
}

/* New ones are spread over the whole interval. */
static void
take_list(struct health *health)
{
	for (size_t i = 0; i < health->count; i++)
		health->items[i].listed = false;
	for (size_t i = 0; i < health->listed_count; i++) {
		const struct health_watch *watch = &health->listed[i];
		struct watched *watched = find(health, watch->terminal);

		if (watched == NULL) {
			watched = add(health, watch->terminal);
			if (watched == NULL)
				break;
			watched->due_ms =
				now_ms(health) + 1 + scatter(watch->terminal, 0, every_ms(health));
		}
		watched->warnings = watch->warnings;
		watched->listed = true;
	}
	for (size_t i = health->count; i-- > 0;)
		if (!health->items[i].listed)
			forget(health, health->items[i].terminal);
}

static void
list_done(struct store_job *job, int status)
{
	struct health *health = (struct health *)((char *)job - offsetof(struct health, list_job));

	health->listing = false;
	if (status == 0 && every_ms(health) > 0)
		take_list(health);
	free(health->listed);
	health->listed = NULL;
	schedule(health);
}

void
health_read_again(struct health *health)
{
	if (health == NULL || health->listing || health->stopping)
		return;
	health->listing = true;
	health->list_due_ms = now_ms(health) + LIST_EVERY_MS;
	health->list_job = (struct store_job){.work = list_work, .done = list_done};
	store_read(health->supervisor->store, &health->list_job);
}

/* The timer */

static struct watched *
most_due(const struct health *health)
{
	struct watched *first = NULL;

	for (size_t i = 0; i < health->count; i++) {
		struct watched *watched = &health->items[i];

		if (!watched->looking && (first == NULL || watched->due_ms < first->due_ms))
			first = watched;
	}
	return first;
}

static void
on_due(uv_timer_t *timer)
{
	struct health *health = timer->data;
	struct watched *watched;

	if (now_ms(health) >= health->list_due_ms)
		health_read_again(health);
	while (health->under_way < AT_ONCE && (watched = most_due(health)) != NULL &&
		watched->due_ms <= now_ms(health))
		visit_begin(health, watched);
	schedule(health);
}

/* With all places taken the end of a look comes here again. */
static void
schedule(struct health *health)
{
	struct watched *watched = most_due(health);
	int64_t due_ms = health->list_due_ms;

	if (health->stopping)
		return;
	if (every_ms(health) == 0) {
		uv_timer_stop(&health->timer);
		return;
	}
	if (watched != NULL && watched->due_ms < due_ms && health->under_way < AT_ONCE)
		due_ms = watched->due_ms;
	due_ms -= now_ms(health);
	uv_timer_start(&health->timer, on_due, due_ms > 0 ? (uint64_t)due_ms : 0, 0);
}

/* NULL: it cannot be watched, or nothing is. */
static struct watched *
find_or_add(struct health *health, int64_t terminal)
{
	struct watched *watched;

	if (health == NULL || health->stopping || every_ms(health) == 0)
		return NULL;
	watched = find(health, terminal);
	return watched != NULL ? watched : add(health, terminal);
}

void
health_touched(struct health *health, int64_t terminal)
{
	struct watched *watched = find_or_add(health, terminal);

	if (watched == NULL)
		return;
	watched->due_ms = 0;
	schedule(health);
}

void
health_session_dropped(struct health *health, int64_t terminal, bool closed)
{
	struct watched *watched = find_or_add(health, terminal);

	if (watched == NULL)
		return;
	if (closed &&
		(watched->dropped == 0 || now_ms(health) - watched->dropped_ms > TOGETHER_MS)) {
		watched->dropped = 0;
		watched->dropped_ms = now_ms(health);
		watched->dropped_us = clock_now();
	}
	watched->dropped += closed;
	if (has_session(health, terminal))
		return;
	watched->dropped_all = watched->dropped > 1;
	watched->closely_until_ms = now_ms(health) + CLOSELY_FOR_MS;
	watched->due_ms = 0;
	schedule(health);
}

void
health_reload(struct health *health)
{
	if (health == NULL)
		return;
	if (every_ms(health) == 0)
		health->count = 0;
	/* A shorter interval counts at once. */
	for (size_t i = 0; i < health->count; i++)
		if (health->items[i].due_ms > now_ms(health) + every_ms(health))
			health->items[i].due_ms = next_due(health, &health->items[i]);
	health_read_again(health);
	schedule(health);
}

int
health_start(struct supervisor *supervisor, struct health **ret_health)
{
	struct health *health = calloc(1, sizeof(*health));
	int r;

	if (health == NULL)
		return -ENOMEM;
	r = uv_timer_init(supervisor->loop, &health->timer);
	if (r < 0) {
		free(health);
		return r;
	}
	health->timer.data = health;
	health->supervisor = supervisor;
	health_read_again(health);
	*ret_health = health;
	return 0;
}

void
health_stop(struct health *health)
{
	if (health == NULL || health->stopping)
		return;
	health->stopping = true;
	uv_close((uv_handle_t *)&health->timer, NULL);
}

void
health_free(struct health *health)
{
	if (health == NULL)
		return;
	free(health->items);
	free(health);
}
