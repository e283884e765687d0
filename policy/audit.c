/* Checkpoints and retention of the event log; see audit.h. */
#include "policy/audit.h"

#include "base/clock.h"
#include "policy/record.h"
#include "policy/store/log_table.h"
#include "policy/store/session_table.h"
#include "policy/store/store.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#define DAY_US (24 * 60 * 60 * INT64_C(1000000))
/* Some 20 ms of the writer's time. */
#define PORTION 500
#define QUIET_HOUR 3
#define CLOCK_MOVED_US (8 * DAY_US)

/* The newest checkpoint covers all that the older ones do. One for each day is kept, so that signatures of years
 * neither pile up nor make a verification slow. */
static int
thin_out(struct store_db *db, int64_t older, int64_t older_us)
{
	if (older == 0 || older_us / DAY_US != store_db_now(db) / DAY_US)
		return 0;
	return checkpoint_delete(db, older);
}

int
audit_checkpoint(struct store_db *db, struct chain_checkpoint *ret_checkpoint, bool *ret_made)
{
	struct chain_event head;
	int64_t newest, newest_us;
	int r;

	*ret_made = false;
	r = event_head(db, &head);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	r = checkpoint_newest(db, &newest, &newest_us);
	if (r < 0 || newest >= head.id)
		return r;
	*ret_checkpoint =
		(struct chain_checkpoint){.event_id = head.id, .time_us = store_db_now(db)};
	memcpy(ret_checkpoint->hash, head.hash, CHAIN_HASH_BYTES);
	r = chain_checkpoint_sign(ret_checkpoint, store_db_sealing(db));
	if (r == 0)
		r = checkpoint_insert(db, ret_checkpoint);
	if (r == 0)
		r = thin_out(db, newest, newest_us);
	*ret_made = r == 0;
	return r;
}

static int
record_erasure(struct store_db *db, enum event_kind kind, const struct event_erasure *erasure,
	int64_t before, const char *by)
{
	json_t *payload = json_object();

	(void)json_object_set_new(payload, "kind", json_string(event_kind_text(kind)));
	(void)json_object_set_new(payload, "first", json_integer(erasure->first));
	(void)json_object_set_new(payload, "last", json_integer(erasure->last));
	(void)json_object_set_new(payload, "count", json_integer(erasure->count));
	(void)json_object_set_new(payload, "before", json_integer(before));
	(void)json_object_set_new(payload, "by", json_string(by));
	return record_event(db, EVENT_KIND_RETENTION, payload, NULL);
}

/* A session goes with the event of its end. What was recorded of it before is older, and of a kind that stands
 * before SESSION_END: it has been erased already. */
static int
erase_kind(struct store_db *db, enum event_kind kind, const char *by, int64_t *ret_erased)
{
	int64_t keep = event_kind_retention(event_kind_text(kind));
	int64_t before = store_db_now(db) - keep;
	struct event_erasure erasure;
	int r;

	*ret_erased = 0;
	if (keep == 0)
		return 0;
	r = event_erase(db, kind, before, PORTION, &erasure);
	if (r < 0 || erasure.count == 0)
		return r;
	if (kind == EVENT_KIND_SESSION_END)
		r = session_forget(db, erasure.until_us);
	*ret_erased = erasure.count;
	return r < 0 ? r : record_erasure(db, kind, &erasure, before, by);
}

int
audit_retention(struct store_db *db, const char *by, int64_t *ret_erased)
{
	int r = 0;

	*ret_erased = 0;
	for (int kind = 0; kind < EVENT_KIND_COUNT && r == 0 && *ret_erased == 0; kind++)
		r = erase_kind(db, (enum event_kind)kind, by, ret_erased);
	return r;
}

static json_t *
instant_json(int64_t at_us)
{
	char text[CLOCK_TEXT_SIZE];

	clock_format_utc(at_us, text);
	return json_string(text);
}

int
audit_retention_due(struct store_db *db, json_t **ret_kinds)
{
	json_t *kinds = json_array();
	int r = 0;

	for (int i = 0; i < EVENT_KIND_COUNT && r == 0; i++) {
		const char *text = event_kind_text((enum event_kind)i);
		int64_t keep = event_kind_retention(text);
		int64_t before = store_db_now(db) - keep;
		int64_t count, oldest;

		if (keep == 0)
			continue;
		r = event_count_old(db, (enum event_kind)i, before, &count, &oldest);
		if (r == 0 && count > 0)
			(void)json_array_append_new(
				kinds, json_pack("{s:s, s:I, s:o, s:o, s:I}", "kind", text, "days",
					       (json_int_t)(keep / DAY_US), "before",
					       instant_json(before), "oldest", instant_json(oldest),
					       "count", (json_int_t)count));
	}
	if (r < 0) {
		json_decref(kinds);
		return r;
	}
	*ret_kinds = kinds;
	return 0;
}

/* The last time that it was three at night in the facility's zone (TZ). */
static int64_t
last_quiet_hour(int64_t now_us)
{
	time_t now = (time_t)(now_us / 1000000);
	struct tm local;
	time_t quiet;

	localtime_r(&now, &local);
	if (local.tm_hour < QUIET_HOUR)
		local.tm_mday--;
	local.tm_hour = QUIET_HOUR;
	local.tm_min = local.tm_sec = 0;
	local.tm_isdst = -1;
	quiet = mktime(&local);
	return (int64_t)quiet * 1000000;
}

int
audit_retention_tonight(struct store_db *db, enum audit_night *ret_night)
{
	int64_t now = store_db_now(db);
	int64_t done;
	int r;

	r = log_mark_get(db, "retention", &done);
	if (r < 0)
		return r;
	/* 0: there has never been one. A clock put back by a little has its next night soon enough. */
	if (done != 0 && (done - now > DAY_US || now - done > CLOCK_MOVED_US)) {
		*ret_night = AUDIT_NIGHT_WAITS;
		return audit_retention_done(db);
	}
	*ret_night = done < last_quiet_hour(now) ? AUDIT_NIGHT_DUE : AUDIT_NIGHT_DONE;
	return 0;
}

int
audit_retention_done(struct store_db *db)
{
	return log_mark_set(db, "retention", store_db_now(db));
}
