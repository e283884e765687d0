/* New records of the logs; see log_tail.h. */
#include "supervisor/log_tail.h"

#include "base/log.h"
#include "policy/store/event_table.h"
#include "policy/store/log_table.h"
#include "policy/store/session_table.h"
#include "policy/store/store.h"
#include "settings/settings.h"
#include "supervisor/control_server.h"
#include "supervisor/log_records.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Records of one look. What comes faster is told later; it is on the disk. */
#define LOOK_MOST 200
/* Until what did not take a record is asked again: at first, and at most. */
#define PAUSE_LEAST_MS 10
#define PAUSE_MOST_MS 1000
#define SILENCE_MS 5000 /* for so long nothing is said of it */

/* Programs elsewhere, who may be away or slow; what they do not take waits in the database. */
struct elsewhere {
	bool wanted;
	struct log_records records;
	int64_t sent; /* the last event that they have been told of; begins where the last run ended */
	bool pausing;
	uint64_t pause_ms;
	uint64_t failed_ms; /* of the loop's clock: since then none has gone; 0: it goes */
	bool complained;
	uv_timer_t timer;
};

struct log_tail {
	struct store_job job; /* first: the store gives it back */
	struct supervisor *supervisor;
	bool busy;
	int64_t changes; /* of the store, at the last look */

	bool begun;
	int64_t told;     /* the last event that those who follow have been told of */
	int64_t replaced; /* the log is another one, and told up to here; -1: it is not */
	int64_t from;     /* the look under way begins behind this one */
	int64_t head;
	struct log_record records[LOOK_MOST];
	size_t count;
	struct elsewhere elsewhere;
};

static void
forget_records(struct log_tail *tail)
{
	for (size_t i = 0; i < tail->count; i++)
		json_decref(tail->records[i].payload);
	tail->count = 0;
}

static int
take_event(struct store_db *db, const struct chain_event *event, void *argument)
{
	struct log_tail *tail = argument;
	struct log_record *record = &tail->records[tail->count];
	json_error_t error;

	(void)db;
	record->event = event->id;
	record->time_us = event->time_us;
	memcpy(record->hash, event->hash, sizeof(record->hash));
	(void)memccpy(record->kind, event->kind, '\0', sizeof(record->kind));
	record->payload = NULL;
	tail->count++;
	if (event->payload == NULL)
		return 0;
	record->payload = json_loads(event->payload, 0, &error);
	/* What is no JSON has been tampered with: `log verify` says so. */
	return record->payload == NULL && json_error_code(&error) == json_error_out_of_memory
		       ? -ENOMEM
		       : 0;
}

/* While programs elsewhere are behind, the records that they are still to be sent come again. */
static int64_t
look_from(const struct log_tail *tail)
{
	const struct elsewhere *elsewhere = &tail->elsewhere;

	return elsewhere->wanted && !elsewhere->pausing && elsewhere->sent < tail->told
		       ? elsewhere->sent
		       : tail->told;
}

/* The first look: nobody follows yet, and programs elsewhere know of what the last run sent. */
static int
find_beginning(struct store_db *db, struct log_tail *tail)
{
	tail->told = tail->head;
	tail->elsewhere.sent = tail->head;
	return tail->elsewhere.wanted ? log_mark_get(db, "told", &tail->elsewhere.sent) : 0;
}

/* A log that is shorter than it was comes from a backup. */
static void
keep_within(struct log_tail *tail)
{
	if (tail->told > tail->head)
		tail->told = tail->head;
	if (tail->elsewhere.sent > tail->head)
		tail->elsewhere.sent = tail->head;
}

static int
look_work(struct store_db *db, struct store_job *job)
{
	struct log_tail *tail = (struct log_tail *)job;
	struct chain_event head = {0};
	int r;

	forget_records(tail);
	r = event_head(db, &head);
	if (r < 0 && r != -ENOENT)
		return r;
	tail->head = head.id;
	if (!tail->begun) {
		r = find_beginning(db, tail);
		if (r < 0 && r != -ENOENT)
			return r;
		keep_within(tail);
		tail->from = look_from(tail);
	}
	return event_each(db, tail->from < head.id ? tail->from : head.id, INT64_MAX, LOOK_MOST,
		take_event, tail);
}

static void
on_pause_over(uv_timer_t *timer)
{
	struct log_tail *tail = timer->data;

	tail->elsewhere.pausing = false;
	tail->changes = -1;
	log_tail_look(tail->supervisor);
}

static void
pause_sending(struct log_tail *tail)
{
	struct elsewhere *elsewhere = &tail->elsewhere;

	/* Stopping: it is sent after the next start. */
	if (uv_is_closing((uv_handle_t *)&elsewhere->timer))
		return;
	elsewhere->pausing = true;
	elsewhere->pause_ms = elsewhere->pause_ms == 0 ? PAUSE_LEAST_MS : 2 * elsewhere->pause_ms;
	if (elsewhere->pause_ms > PAUSE_MOST_MS)
		elsewhere->pause_ms = PAUSE_MOST_MS;
	uv_timer_start(&elsewhere->timer, on_pause_over, elsewhere->pause_ms, 0);
}

static void
not_sent(struct log_tail *tail, int error)
{
	struct elsewhere *elsewhere = &tail->elsewhere;
	uint64_t now_ms = uv_now(tail->supervisor->loop);

	if (elsewhere->failed_ms == 0)
		elsewhere->failed_ms = now_ms;
	if (!elsewhere->complained && now_ms - elsewhere->failed_ms >= SILENCE_MS) {
		elsewhere->complained = true;
		log_event(EV_RECORDS_WAIT, "sent=%" PRId64 " newest=%" PRId64 " why='%s'",
			elsewhere->sent, tail->head,
			error == -EAGAIN ? "it does not read" : strerror(-error));
	}
	pause_sending(tail);
}

static void
was_sent(struct elsewhere *elsewhere, int64_t event)
{
	elsewhere->sent = event;
	elsewhere->pause_ms = 0;
	elsewhere->failed_ms = 0;
	if (elsewhere->complained)
		log_event(EV_RECORDS_GO, "from=%" PRId64, event);
	elsewhere->complained = false;
}

static void
send_elsewhere(struct log_tail *tail, const struct log_record *record)
{
	struct elsewhere *elsewhere = &tail->elsewhere;
	int r;

	/* A look that began during a pause does not have those that wait: they go first. */
	if (!elsewhere->wanted || elsewhere->pausing || tail->from > elsewhere->sent ||
		record->event <= elsewhere->sent)
		return;
	r = log_record_send(&elsewhere->records, record);
	if (r < 0)
		not_sent(tail, r);
	else
		was_sent(elsewhere, record->event);
}

static void
tell_followers(struct supervisor *supervisor, struct log_record *record)
{
	enum log_name log = log_of_event_kind(record->kind);

	/* That one of several connections of a session is over is no row of its own. */
	if (record->payload == NULL || supervisor->control == NULL || log == LOG_COUNT ||
		strcmp(record->kind, event_kind_text(EVENT_KIND_SESSION_CONNECTION)) == 0 ||
		!control_server_is_followed(supervisor->control))
		return;
	if (log == LOG_CONNECTIONS)
		session_json_for_people(record->payload);
	else
		(void)log_event_row(record->event, record->time_us, record->payload);
	control_server_tell(supervisor->control, log, record->payload);
}

static void
tell_all(struct log_tail *tail)
{
	for (size_t i = 0; i < tail->count; i++) {
		struct log_record *record = &tail->records[i];

		send_elsewhere(tail, record);
		if (record->event <= tail->told)
			continue;
		tell_followers(tail->supervisor, record);
		tail->told = record->event;
	}
}

static void
look_done(struct store_job *job, int status)
{
	struct log_tail *tail = (struct log_tail *)job;

	tail->busy = false;
	if (status < 0) {
		if (status != -ESHUTDOWN) {
			log_event(EV_STORE_FAILED, "what='new records' why='%s'",
				store_error_text(status));
			pause_sending(tail);
		}
		forget_records(tail);
		return;
	}
	/* What was read is of the log that was there before, or of long ago. */
	if (tail->replaced >= 0) {
		forget_records(tail);
		log_tail_look(tail->supervisor);
		return;
	}
	tail->begun = true;
	keep_within(tail);
	tell_all(tail);
	if (tail->count == LOOK_MOST)
		tail->changes = -1;
	forget_records(tail);
	log_tail_look(tail->supervisor);
}

void
log_tail_look(struct supervisor *supervisor)
{
	struct log_tail *tail = supervisor->log_tail;
	int64_t changes;

	if (tail == NULL || tail->busy || supervisor->store == NULL)
		return;
	changes = store_changes(supervisor->store);
	if (changes == tail->changes)
		return;
	if (tail->replaced >= 0) {
		tail->told = tail->replaced;
		tail->elsewhere.sent = tail->replaced;
		tail->begun = true;
		tail->replaced = -1;
	}
	tail->from = look_from(tail);
	tail->changes = changes;
	tail->busy = true;
	tail->job.work = look_work;
	tail->job.done = look_done;
	store_read(supervisor->store, &tail->job);
}

int
log_tail_start(struct supervisor *supervisor)
{
	struct log_tail *tail = calloc(1, sizeof(*tail));
	int r;

	if (tail == NULL)
		return -ENOMEM;
	r = uv_timer_init(supervisor->loop, &tail->elsewhere.timer);
	if (r < 0) {
		free(tail);
		return r;
	}
	tail->elsewhere.timer.data = tail;
	tail->elsewhere.wanted = supervisor->settings->log.records != SETTINGS_RECORDS_OFF;
	log_records_init(&tail->elsewhere.records, supervisor->settings);
	tail->supervisor = supervisor;
	tail->changes = -1;
	tail->replaced = -1;
	supervisor->log_tail = tail;
	log_tail_look(supervisor);
	return 0;
}

void
log_tail_replaced(struct supervisor *supervisor, int64_t told)
{
	struct log_tail *tail = supervisor->log_tail;

	if (tail == NULL)
		return;
	tail->replaced = told;
	tail->changes = -1;
	log_tail_look(supervisor);
}

int64_t
log_tail_told(const struct supervisor *supervisor)
{
	const struct log_tail *tail = supervisor->log_tail;

	if (tail == NULL || (!tail->begun && tail->replaced < 0))
		return 0;
	if (tail->replaced >= 0)
		return tail->replaced;
	return tail->elsewhere.wanted ? tail->elsewhere.sent : tail->told;
}

void
log_tail_stop(struct log_tail *tail)
{
	if (tail != NULL && !uv_is_closing((uv_handle_t *)&tail->elsewhere.timer))
		uv_close((uv_handle_t *)&tail->elsewhere.timer, NULL);
}

void
log_tail_free(struct log_tail *tail)
{
	if (tail == NULL)
		return;
	forget_records(tail);
	log_records_done(&tail->elsewhere.records);
	free(tail);
}
