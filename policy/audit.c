/* Checkpoints, retention and verification of the event log; see audit.h. */
#include "policy/audit.h"

#include "base/bytes.h"
#include "policy/record.h"
#include "policy/store/session_table.h"
#include "policy/store/store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* While the gateway runs, a checkpoint is never much more than a minute away. */
#define UNSIGNED_MOST_US (60 * 60 * INT64_C(1000000))

int
audit_checkpoint(struct store_db *db, struct chain_checkpoint *ret_checkpoint, bool *ret_made)
{
	struct chain_event head;
	int64_t newest;
	int r;

	*ret_made = false;
	r = event_head(db, &head);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	r = checkpoint_newest(db, &newest);
	if (r < 0 || newest >= head.id)
		return r;
	*ret_checkpoint =
		(struct chain_checkpoint){.event_id = head.id, .time_us = store_db_now(db)};
	memcpy(ret_checkpoint->hash, head.hash, CHAIN_HASH_BYTES);
	r = chain_checkpoint_sign(ret_checkpoint, store_db_sealing(db));
	if (r == 0)
		r = checkpoint_insert(db, ret_checkpoint);
	*ret_made = r == 0;
	return r;
}

static int
erase_kind(struct store_db *db, enum event_kind kind, size_t *erased)
{
	const char *text = event_kind_text(kind);
	int64_t keep = event_kind_retention(text);
	int64_t before = store_db_now(db) - keep;
	struct event_erasure erasure;
	json_t *payload;
	int r;

	if (keep == 0)
		return 0;
	r = event_erase(db, kind, before, &erasure);
	if (r < 0 || erasure.count == 0)
		return r;
	*erased += (size_t)erasure.count;
	payload = json_object();
	(void)json_object_set_new(payload, "kind", json_string(text));
	(void)json_object_set_new(payload, "first", json_integer(erasure.first));
	(void)json_object_set_new(payload, "last", json_integer(erasure.last));
	(void)json_object_set_new(payload, "count", json_integer(erasure.count));
	(void)json_object_set_new(payload, "before", json_integer(before));
	return record_event(db, EVENT_KIND_RETENTION, payload, NULL);
}

int
audit_retention(struct store_db *db, size_t *ret_erased)
{
	int64_t keep = event_kind_retention(event_kind_text(EVENT_KIND_SESSION_END));
	int r = 0;

	*ret_erased = 0;
	for (int kind = 0; kind < EVENT_KIND_COUNT && r == 0; kind++)
		r = erase_kind(db, (enum event_kind)kind, ret_erased);
	if (r == 0)
		r = session_forget_old(db, store_db_now(db) - keep);
	return r;
}

/* What a retention event allows to be empty. */
struct erasure_grant {
	char kind[EVENT_KIND_SIZE];
	int64_t first;
	int64_t last;
	int64_t before_us;
};

struct verification {
	struct audit_report *report;
	const struct sealing *sealing;
	struct chain_verifier chain;
	struct erasure_grant *grants;
	size_t grant_count;
	int64_t now_us;
	int64_t oldest_unsigned_us; /* time of the first event that no checkpoint covers; 0: none */
	int64_t signed_until;       /* id of the last event that one covers */
};

static int
found_bad(struct verification *verification, int64_t event, const char *why)
{
	verification->report->bad_event = event;
	verification->report->why = why;
	return -EBADMSG;
}

/* A retention counts only for what had been kept long enough when it took place, and only if it has
 * taken place: an event from the future could excuse anything. */
static int
read_grant(const struct chain_event *event, int64_t now_us, struct erasure_grant *ret_grant)
{
	json_t *payload = json_loads(event->payload, 0, NULL);
	const char *kind = json_string_value(json_object_get(payload, "kind"));
	int64_t keep = kind == NULL ? -1 : event_kind_retention(kind);
	int r = -EBADMSG;

	ret_grant->first = json_integer_value(json_object_get(payload, "first"));
	ret_grant->last = json_integer_value(json_object_get(payload, "last"));
	ret_grant->before_us = json_integer_value(json_object_get(payload, "before"));
	if (keep > 0 && event->time_us <= now_us && ret_grant->last < event->id &&
		ret_grant->before_us <= event->time_us - keep) {
		memccpy(ret_grant->kind, kind, '\0', sizeof(ret_grant->kind));
		r = 0;
	}
	json_decref(payload);
	return r;
}

static int
collect_grant(struct store_db *db, const struct chain_event *event, void *argument)
{
	struct verification *verification = argument;
	struct erasure_grant grant, *grown;

	(void)db;
	if (strcmp(event->kind, event_kind_text(EVENT_KIND_RETENTION)) != 0 ||
		event->payload == NULL)
		return 0;
	if (read_grant(event, verification->now_us, &grant) < 0)
		return 0;
	grown = realloc(verification->grants, (verification->grant_count + 1) * sizeof(*grown));
	if (grown == NULL)
		return -ENOMEM;
	verification->grants = grown;
	grown[verification->grant_count++] = grant;
	return 0;
}

static bool
erasure_is_granted(const struct verification *verification, const struct chain_event *event)
{
	for (size_t i = 0; i < verification->grant_count; i++) {
		const struct erasure_grant *grant = &verification->grants[i];

		if (strcmp(grant->kind, event->kind) == 0 && event->id >= grant->first &&
			event->id <= grant->last && event->time_us < grant->before_us)
			return true;
	}
	return false;
}

/* A session that began must stand in the connection history. */
static int
check_session_exists(
	struct store_db *db, const struct chain_event *event, struct verification *verification)
{
	json_t *payload = json_loads(event->payload, 0, NULL);
	const char *hex = json_string_value(json_object_get(payload, "session"));
	struct session_record session;
	uint8_t id[SESSION_ID_BYTES];
	int r = hex == NULL ? -EINVAL : bytes_from_hex(hex, id, sizeof(id));

	json_decref(payload);
	if (r == 0)
		r = session_load(db, id, &session);
	if (r == -ENOENT || r == -EINVAL)
		return found_bad(verification, event->id,
			"its session is missing from the connection history");
	return r;
}

static int
check_event(struct store_db *db, const struct chain_event *event, void *argument)
{
	struct verification *verification = argument;
	struct audit_report *report = verification->report;
	const char *why;
	int r;

	r = chain_verify_next(
		&verification->chain, event, erasure_is_granted(verification, event), &why);
	if (r < 0)
		return found_bad(verification, event->id, why);
	if (event->id > verification->signed_until && verification->oldest_unsigned_us == 0)
		verification->oldest_unsigned_us = event->time_us;
	report->events++;
	memcpy(report->head, event->hash, sizeof(report->head));
	if (event->payload == NULL)
		report->erased++;
	else if (strcmp(event->kind, event_kind_text(EVENT_KIND_SESSION_START)) == 0)
		return check_session_exists(db, event, verification);
	return 0;
}

static int
check_checkpoint(
	const struct chain_checkpoint *checkpoint, const uint8_t *event_hash, void *argument)
{
	struct verification *verification = argument;
	const char *why;

	if (event_hash == NULL)
		return found_bad(verification, checkpoint->event_id,
			"it was removed: a checkpoint was signed for it");
	if (chain_verify_checkpoint(checkpoint, event_hash, verification->sealing, &why) < 0)
		return found_bad(verification, checkpoint->event_id, why);
	verification->report->checkpoints++;
	return 0;
}

/* The row must say, to the letter, what the event of its last change says. */
static int
check_session(struct store_db *db, json_t *row, int64_t event, void *argument)
{
	static const char why[] = "the connection history says something else than it";
	char *text = record_text(row);
	char *payload = NULL;
	int r;

	r = event_payload(db, event, &payload);
	if (r == -ENOENT ||
		(r == 0 && (payload == NULL || text == NULL || strcmp(text, payload) != 0)))
		r = found_bad(argument, event, why);
	free(text);
	free(payload);
	return r;
}

static int
verify_all(struct store_db *db, struct verification *verification)
{
	int r;

	r = checkpoint_newest(db, &verification->signed_until);
	if (r == 0)
		r = event_each(db, collect_grant, verification);
	if (r == 0)
		r = event_each(db, check_event, verification);
	if (r == 0)
		r = checkpoint_each(db, check_checkpoint, verification);
	if (r == 0)
		r = session_each(db, check_session, verification);
	if (r == 0 && verification->oldest_unsigned_us != 0 &&
		verification->now_us - verification->oldest_unsigned_us > UNSIGNED_MOST_US)
		r = found_bad(verification, verification->signed_until + 1,
			"no checkpoint was signed in the hour after it");
	return r;
}

int
audit_verify(struct store_db *db, struct audit_report *ret_report)
{
	struct verification verification = {
		.report = ret_report,
		.sealing = store_db_sealing(db),
		.now_us = store_db_now(db),
	};
	int r;

	*ret_report = (struct audit_report){0};
	chain_verifier_init(&verification.chain);
	r = verify_all(db, &verification);
	free(verification.grants);
	return r == -EBADMSG ? 0 : r;
}
