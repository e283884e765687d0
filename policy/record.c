/* Writing to the event log; see record.h. */
#include "policy/record.h"

#include "base/cleanup.h"
#include "policy/sessions.h"
#include "policy/store/log_table.h"
#include "policy/store/session_table.h"
#include "policy/store/store.h"

#include <errno.h>
#include <stdlib.h>

char *
record_text(const json_t *payload)
{
	return json_dumps(payload, JSON_COMPACT | JSON_SORT_KEYS);
}

int
record_event(struct store_db *db, enum event_kind kind, json_t *payload, int64_t *ret_id)
{
	auto_free char *text = payload == NULL ? NULL : record_text(payload);
	int64_t id;
	int r;

	r = text == NULL ? -ENOMEM : event_append(db, kind, text, &id);
	if (r == 0)
		r = log_fields_insert(db, event_kind_text(kind), payload, id, store_db_now(db));
	if (r == 0 && ret_id != NULL)
		*ret_id = id;
	json_decref(payload);
	return r;
}

int
record_session(struct store_db *db, enum event_kind kind, const uint8_t *session)
{
	json_t *row = NULL;
	int64_t event;
	int r;

	r = session_event_json(db, session, &row);
	if (r < 0)
		return r;
	r = record_event(db, kind, row, &event);
	return r < 0 ? r : session_set_event(db, session, event);
}

static json_t *
text_or_null(const char *text)
{
	return text == NULL || text[0] == '\0' ? json_null() : json_string(text);
}

static json_t *
object_or_null(json_t *object)
{
	return object == NULL ? json_null() : json_incref(object);
}

int
admin_event_with(struct store_db *db, const char *actor, const char *action, const char *target,
	json_t *before, json_t *after, const char *because, json_t *more)
{
	json_t *payload = more != NULL ? more : json_object();

	(void)json_object_set_new(payload, "actor", json_string(actor));
	(void)json_object_set_new(payload, "action", json_string(action));
	(void)json_object_set_new(payload, "target", json_string(target));
	(void)json_object_set_new(payload, "before", object_or_null(before));
	(void)json_object_set_new(payload, "after", object_or_null(after));
	(void)json_object_set_new(payload, "because", text_or_null(because));
	return record_event(db, EVENT_KIND_ADMIN, payload, NULL);
}

int
admin_event(struct store_db *db, const char *actor, const char *action, const char *target,
	json_t *before, json_t *after, const char *because)
{
	return admin_event_with(db, actor, action, target, before, after, because, NULL);
}
