/* Verification of the event log: the chain itself; see audit.h and audit_verify.c. */
#include "policy/audit_check.h"

#include "base/sentence.h"
#include "policy/logs.h"
#include "policy/store/event_table.h"
#include "policy/store/field_sum.h"
#include "policy/store/index_check.h"
#include "policy/store/integrity.h"
#include "policy/store/store.h"

#include <errno.h>
#include <string.h>

/* While the gateway runs, a checkpoint is never much more than a minute away. */
#define UNSIGNED_MOST_US (60 * 60 * INT64_C(1000000))
/* Ids of one stretch, which is a portion if none is missing. */
#define STRETCH SESSION_NEWS_MOST

static int
found_news(int64_t event, const char *session, int64_t last, void *argument)
{
	audit_found(argument, event,
		last < 0 ? N_("its session is missing from the connection history")
			 : N_("the connection history says what was before it"),
		session);
	return 0;
}

static void
note_session(struct check *check, const struct chain_event *event)
{
	static const char key[] = "\"session\":\"";
	const char *at = strstr(event->payload, key);

	if (at == NULL || strnlen(at + strlen(key), SESSION_HEX) < SESSION_HEX)
		return;
	session_news_add(&check->news, at + strlen(key), event->id,
		strcmp(event->kind, event_kind_text(EVENT_KIND_SESSION_START)) == 0);
}

static int
check_event(struct store_db *db, const struct chain_event *event, void *argument)
{
	struct check *check = argument;
	struct audit_report *report = &check->report;
	bool erased = event->payload == NULL;
	const char *why;

	(void)db;
	if (chain_verify_next(&check->chain, event,
		    erased && erasures_allow(&check->erasures, event), &why) < 0)
		audit_found(check, event->id, why, "");
	if (event->id > check->verification->signed_until && check->oldest_unsigned_us == 0)
		check->oldest_unsigned_us = event->time_us;
	report->events++;
	report->erased += erased;
	audit_saw(check, event->id);
	if (!erased && event->id <= check->verification->until) {
		field_sum_add_event(&check->fields_sum.of_events, event);
		index_sum_add_event(&check->kinds_sum.of_events, event);
	}
	if (!erased && strncmp(event->kind, "session.", 8) == 0 &&
		log_of_event_kind(event->kind) == LOG_CONNECTIONS)
		note_session(check, event);
	return 0;
}

static int
collect_erasure(struct store_db *db, const struct chain_event *event, void *argument)
{
	struct check *check = argument;

	if (event->id > check->newest)
		check->newest = event->id;
	if (event->payload == NULL ||
		strcmp(event->kind, event_kind_text(EVENT_KIND_RETENTION)) != 0)
		return 0;
	return erasures_add(&check->erasures, event, store_db_now(db));
}

/* Erasures that came in since the last portion, then the events of this one: in one transaction, so that whatever
 * is empty in it has been accounted for. */
static int
check_portion(struct check *check, int64_t until)
{
	int r;

	r = event_each(check->db, check->newest, INT64_MAX, INT64_MAX, collect_erasure, check);
	check->seen = 0;
	if (r == 0)
		r = event_each(check->db, check->last, until, STRETCH, check_event, check);
	return r < 0 ? r
		     : audit_read_failed(check, check->last,
			       session_news_check(&check->news, check->db, found_news, check));
}

/* Whoever has the stretch before it sees whether that event is as it should be. */
static int
follow_event_before(struct check *check, int64_t id)
{
	struct chain_event before = {0};
	int r = event_at_or_before(check->db, id, &before);

	chain_verifier_follow(&check->chain, before.id, before.hash);
	return r == -ENOENT ? 0 : r;
}

/* The first one begins with, and the last one goes on to, whatever number somebody has given to a row. */
static int
check_stretch(struct check *check, int64_t at, int64_t last)
{
	int64_t until = at == last ? INT64_MAX : (at + 1) * STRETCH, before;
	int r;

	check->last = at == 0 ? INT64_MIN : at * STRETCH;
	r = follow_event_before(check, check->last);
	do {
		before = check->last;
		if (r == 0)
			r = check_portion(check, until);
		if (r == 0)
			r = audit_go_on(check, check->seen);
	} while (r == 0 && check->last < until && audit_is_more(check, before));
	return audit_read_failed(
		check, check->last < 0 ? 1 : check->last + (check->last < INT64_MAX), r);
}

static int
check_checkpoint(
	const struct chain_checkpoint *checkpoint, const uint8_t *event_hash, void *argument)
{
	struct check *check = argument;
	const char *why;

	if (event_hash == NULL)
		audit_found(check, checkpoint->event_id,
			N_("it was removed: a checkpoint was signed for it"), "");
	else if (chain_verify_checkpoint(
			 checkpoint, event_hash, store_db_sealing(check->db), &why) < 0)
		audit_found(check, checkpoint->event_id, why, "");
	check->report.checkpoints++;
	return 0;
}

/* All that there are by now. */
static int
collect_erasures(struct check *check)
{
	struct event_place place = {INT64_MIN, 0};
	struct chain_event head;
	int r;

	r = event_head(check->db, &head);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	r = event_each_of_kind(check->db, event_kind_text(EVENT_KIND_RETENTION), &place, INT64_MAX,
		collect_erasure, check);
	check->newest = head.id;
	return r;
}

int
audit_check_chain(struct check *check)
{
	struct verification *verification = check->verification;
	int64_t most = 0, last, at;
	int r;

	chain_verifier_init(&check->chain);
	r = integrity_events_most(check->db, &most);
	/* Somebody may have given a row a number that is far away. */
	last = (verification->until < most ? verification->until : most) / STRETCH;
	if (last < 0)
		last = 0;
	if (r == 0)
		r = collect_erasures(check);
	while (r == 0 && (at = atomic_fetch_add(&verification->stretch, 1)) <= last)
		r = check_stretch(check, at, last);
	chain_verifier_done(&check->chain);
	return r;
}

int
audit_check_checkpoints(struct check *check)
{
	return audit_read_failed(check, 0, checkpoint_each(check->db, check_checkpoint, check));
}

void
audit_check_chain_end(struct check *first, const struct check *second)
{
	const struct check *last = first->chain.last_id >= second->chain.last_id ? first : second;
	int64_t unsigned_us = first->oldest_unsigned_us;

	memcpy(first->report.head, last->chain.last_hash, sizeof(first->report.head));
	if (unsigned_us == 0 ||
		(second->oldest_unsigned_us != 0 && second->oldest_unsigned_us < unsigned_us))
		unsigned_us = second->oldest_unsigned_us;
	if (unsigned_us != 0 && store_db_now(first->db) - unsigned_us > UNSIGNED_MOST_US)
		audit_found(first, first->verification->signed_until + 1,
			N_("no checkpoint was signed in the hour after it"), "");
	if (!erasures_add_up(&first->erasures, &second->erasures))
		audit_found(first, 0, N_("more was erased than retention says"), "");
}
