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
#include <stdlib.h>
#include <string.h>

/* Records of one look. What comes faster is told later; it is on the disk. */
#define LOOK_MOST 200

struct log_tail {
	struct store_job job; /* first: the store gives it back */
	struct supervisor *supervisor;
	bool busy;
	bool from_mark;  /* programs elsewhere are told: begin where the last run ended */
	int64_t changes; /* of the store, at the last look */

	bool begun;
	int64_t told;
	int64_t replaced; /* the log is another one, and told up to here; -1: it is not */
	int64_t head;
	struct log_record records[LOOK_MOST];
	size_t count;
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

	(void)db;
	record->event = event->id;
	record->time_us = event->time_us;
	memcpy(record->hash, event->hash, sizeof(record->hash));
	(void)memccpy(record->kind, event->kind, '\0', sizeof(record->kind));
	record->payload = event->payload == NULL ? NULL : json_loads(event->payload, 0, NULL);
	tail->count++;
	return 0;
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
	if (!tail->begun && tail->from_mark)
		r = log_mark_get(db, "told", &tail->told);
	else if (!tail->begun)
		tail->told = head.id;
	/* A log that is shorter than it was comes from a backup. */
	if (tail->told > head.id)
		tail->told = head.id;
	return r < 0 && r != -ENOENT ? r : event_each(db, tail->told, LOOK_MOST, take_event, tail);
}

static void
tell(struct supervisor *supervisor, struct log_record *record)
{
	enum log_name log = log_of_event_kind(record->kind);

	if (record->payload == NULL)
		return;
	log_record_send(supervisor->settings, record);
	/* That one of several connections of a session is over is no row of its own. */
	if (supervisor->control == NULL || log == LOG_COUNT ||
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
look_done(struct store_job *job, int status)
{
	struct log_tail *tail = (struct log_tail *)job;

	tail->busy = false;
	if (status < 0) {
		if (status != -ESHUTDOWN)
			log_event(EV_STORE_FAILED, "what='new records' why='%s'",
				store_error_text(status));
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
	for (size_t i = 0; i < tail->count; i++) {
		tell(tail->supervisor, &tail->records[i]);
		tail->told = tail->records[i].event;
	}
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
		tail->begun = true;
		tail->replaced = -1;
	}
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

	if (tail == NULL)
		return -ENOMEM;
	tail->supervisor = supervisor;
	tail->from_mark = supervisor->settings->log.records != SETTINGS_RECORDS_OFF;
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
	tail->told = told;
	tail->replaced = told;
	tail->changes = -1;
	log_tail_look(supervisor);
}

int64_t
log_tail_told(const struct supervisor *supervisor)
{
	const struct log_tail *tail = supervisor->log_tail;

	return tail != NULL && tail->begun ? tail->told : 0;
}

void
log_tail_free(struct log_tail *tail)
{
	if (tail == NULL)
		return;
	forget_records(tail);
	free(tail);
}
