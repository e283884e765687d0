/* Verification of the event log and of what is made from it; see audit.h.
 *
 * Two threads, a connection each: one follows the chain, the other begins with the rest (the structure of the file, the
 * connection history, the fields), and whoever is through takes what is left of that. Both go in portions, each in a
 * transaction of its own, while the gateway goes on writing: what belongs together is written together, so that each
 * portion is whole. Where millions can be told to be well by one number they are; each one is looked up only to say which
 * is not.
 */
#include "policy/audit.h"

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/sentence.h"
#include "policy/erasures.h"
#include "policy/record.h"
#include "policy/store/field_sum.h"
#include "policy/store/integrity.h"
#include "policy/store/log_table.h"
#include "policy/store/memory.h"
#include "policy/store/session_table.h"
#include "policy/store/store.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* While the gateway runs, a checkpoint is never much more than a minute away. */
#define UNSIGNED_MOST_US (60 * 60 * INT64_C(1000000))
#define PORTION 5000
#define FIELD_PORTION 50000

static const char damaged[] = N_("the database file is damaged");

/* What both threads know. */
struct verification {
	audit_progress *progress;
	void *argument;
	atomic_llong done;
	int64_t of;
	int64_t until;      /* the newest event when it began */
	int64_t erasure;    /* and the newest retention */
	atomic_size_t rest; /* how many parts of the rest somebody has begun with */
	atomic_bool over;   /* one of the threads has failed: the other need not go on */
};

/* One thread's. */
struct check {
	struct verification *verification;
	struct store_db *db;
	struct audit_report report;
	int status;

	int64_t last; /* id, or number of a session, that was seen last */
	int64_t seen; /* in this portion */

	/* The chain's. */
	struct chain_verifier chain;
	struct erasures erasures;
	int64_t newest;             /* event up to which erasures have been collected */
	int64_t oldest_unsigned_us; /* time of the first event that no checkpoint covers; 0: none */
	int64_t signed_until;       /* id of the last event that one covers */

	/* The fields'. */
	int64_t fields;
	struct field_sum of_events;
	struct field_sum of_rows;
};

static void
found(struct check *check, int64_t event, const char *why, const char *detail)
{
	struct audit_report *report = &check->report;
	size_t at = report->found++;

	if (at >= AUDIT_FINDINGS_MOST)
		return;
	report->findings[at] = (struct audit_finding){.event = event, .why = why};
	snprintf(report->findings[at].detail, sizeof(report->findings[at].detail), "%s", detail);
}

/* A page that cannot be read is what this is looking for, and no reason to fail. */
static int
read_failed(struct check *check, int64_t event, int r)
{
	if (r != -EUCLEAN)
		return r;
	found(check, event, damaged, "");
	return 0;
}

/* After each portion. */
static int
go_on(struct check *check, int64_t done)
{
	struct verification *verification = check->verification;
	int64_t all = atomic_fetch_add(&verification->done, done) + done;
	int r = 0;

	if (atomic_load(&verification->over))
		return -ECANCELED;
	if (verification->progress != NULL)
		r = verification->progress(verification->argument, all, verification->of);
	return r < 0 ? r : store_db_renew(check->db);
}

/* In a damaged file the numbers of rows need not rise. */
static void
saw(struct check *check, int64_t number)
{
	if (number > check->last)
		check->last = number;
	check->seen++;
}

/* After a portion that began behind `before`: whether there is another one. A file in which rows lead back to where the
 * portion began would be walked for ever. */
static bool
is_more(struct check *check, int64_t before)
{
	if (check->seen > 0 && check->last <= before)
		found(check, 0, damaged, "");
	return check->seen > 0 && check->last > before;
}

/* The chain */

/* A session's row is written with its last event; an older state of it, put back, says what an older event says. */
static int
check_session_follows(struct check *check, const struct chain_event *event)
{
	static const char key[] = "\"session\":\"";
	const char *at = strstr(event->payload, key);
	char hex[2 * SESSION_ID_BYTES + 1];
	uint8_t id[SESSION_ID_BYTES];
	int64_t last = 0;
	int r;

	if (at == NULL || strlen(at + strlen(key)) < sizeof(hex))
		return 0;
	memcpy(hex, at + strlen(key), sizeof(hex) - 1);
	hex[sizeof(hex) - 1] = '\0';
	if (bytes_from_hex(hex, id, sizeof(id)) < 0)
		return 0;
	r = session_last_event(check->db, id, &last);
	if (r == -ENOENT)
		found(check, event->id, N_("its session is missing from the connection history"),
			hex);
	else if (r == 0 && last < event->id)
		found(check, event->id, N_("the connection history says what was before it"), hex);
	else if (r < 0)
		return read_failed(check, event->id, r);
	return 0;
}

static int
check_event(struct store_db *db, const struct chain_event *event, void *argument)
{
	struct check *check = argument;
	struct audit_report *report = &check->report;
	bool erased = event->payload == NULL;
	const char *why;
	int r = 0;

	(void)db;
	if (chain_verify_next(&check->chain, event,
		    erased && erasures_allow(&check->erasures, event), &why) < 0)
		found(check, event->id, why, "");
	if (event->id > check->signed_until && check->oldest_unsigned_us == 0)
		check->oldest_unsigned_us = event->time_us;
	memcpy(report->head, event->hash, sizeof(report->head));
	report->events++;
	report->erased += erased;
	saw(check, event->id);
	if (!erased && event->id <= check->verification->until)
		field_sum_add_event(&check->of_events, event);
	if (!erased && strncmp(event->kind, "session.", 8) == 0 &&
		log_of_event_kind(event->kind) == LOG_CONNECTIONS)
		r = check_session_follows(check, event);
	return r;
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
check_portion(struct check *check)
{
	int r;

	r = event_each(check->db, check->newest, INT64_MAX, collect_erasure, check);
	check->seen = 0;
	return r < 0 ? r : event_each(check->db, check->last, PORTION, check_event, check);
}

static int
check_checkpoint(
	const struct chain_checkpoint *checkpoint, const uint8_t *event_hash, void *argument)
{
	struct check *check = argument;
	const char *why;

	if (event_hash == NULL)
		found(check, checkpoint->event_id,
			N_("it was removed: a checkpoint was signed for it"), "");
	else if (chain_verify_checkpoint(
			 checkpoint, event_hash, store_db_sealing(check->db), &why) < 0)
		found(check, checkpoint->event_id, why, "");
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

static int
check_chain(struct check *check)
{
	int64_t unused, before;
	int r;

	chain_verifier_init(&check->chain);
	/* Whatever number somebody has given to a row. */
	check->last = INT64_MIN;
	r = checkpoint_newest(check->db, &check->signed_until, &unused);
	if (r == 0)
		r = collect_erasures(check);
	do {
		before = check->last;
		if (r == 0)
			r = check_portion(check);
		if (r == 0)
			r = go_on(check, check->seen);
	} while (r == 0 && is_more(check, before));
	r = read_failed(check, check->last < 0 ? 1 : check->last + (check->last < INT64_MAX), r);
	if (r == 0)
		r = read_failed(check, 0, checkpoint_each(check->db, check_checkpoint, check));
	if (r == 0 && check->oldest_unsigned_us != 0 &&
		store_db_now(check->db) - check->oldest_unsigned_us > UNSIGNED_MOST_US)
		found(check, check->signed_until + 1,
			N_("no checkpoint was signed in the hour after it"), "");
	if (r == 0 && !erasures_add_up(&check->erasures))
		found(check, 0, N_("more was erased than retention says"), "");
	chain_verifier_done(&check->chain);
	return r;
}

/* What is made from the events */

static int
found_in_structure(const char *what, void *argument)
{
	found(argument, 0, damaged, what);
	return 0;
}

/* The row must say, to the letter, what the event of its last change says. */
static int
check_session(struct store_db *db, const struct session_check *session, void *argument)
{
	struct check *check = argument;

	(void)db;
	saw(check, session->number);
	check->report.sessions++;
	if (!session->same)
		found(check, session->event,
			N_("the connection history says something else than it"), session->session);
	return 0;
}

static int
check_sessions(struct check *check)
{
	int64_t before;
	int r = 0;

	check->last = INT64_MIN;
	do {
		before = check->last;
		check->seen = 0;
		r = session_each(check->db, check->last, PORTION, check_session, check);
		if (r == 0)
			r = go_on(check, 0);
	} while (r == 0 && is_more(check, before));
	return read_failed(check, 0, r);
}

static int
sum_fields(struct check *check)
{
	struct field_place place = {0}, before;
	int rows, r;

	do {
		before = place;
		rows = field_sum_add_rows(&check->of_rows, check->db, &place,
			check->verification->until, FIELD_PORTION);
		r = rows < 0 ? rows : go_on(check, 0);
	} while (r == 0 && rows == FIELD_PORTION && field_place_is_behind(&place, &before));
	return read_failed(check, 0, r);
}

static int
check_fields_of(struct store_db *db, const struct chain_event *event, void *argument)
{
	struct check *check = argument;
	json_t *payload = json_loads(event->payload, 0, NULL);
	int r;

	check->seen++;
	r = log_fields_check(db, event->kind, payload, event->id, event->time_us);
	json_decref(payload);
	if (r == -ENOENT)
		found(check, event->id, N_("a filter of the log does not find it any more"), "");
	if (r > 0 && event->id <= check->verification->until)
		check->fields += r;
	return r < 0 && r != -ENOENT ? read_failed(check, event->id, r) : 0;
}

static int
check_fields_of_kind(struct check *check, const char *kind)
{
	struct event_place place = {INT64_MIN, 0}, before;
	int r = 0;

	do {
		before = place;
		check->seen = 0;
		r = event_each_of_kind(check->db, kind, &place, PORTION, check_fields_of, check);
		if (r == 0)
			r = go_on(check, 0);
	} while (r == 0 && check->seen > 0 &&
		 (place.time_us > before.time_us ||
			 (place.time_us == before.time_us && place.id > before.id)));
	return r;
}

/* When the sums differ. All that should be there has been found; that there is as much as should be tells that nothing
 * was added. Not said if something was erased meanwhile. */
static int
check_fields(struct check *check)
{
	int64_t after = 0, count = 0;
	size_t before = check->report.found;
	int r = 0;

	for (int log = 0; log < LOG_COUNT && r == 0; log++)
		if (log != LOG_CONNECTIONS)
			r = check_fields_of_kind(check, log_event_kind((enum log_name)log));
	if (r == 0)
		r = log_fields_count(check->db, check->verification->until, &count);
	if (r == 0)
		r = event_newest_of_kind(check->db, event_kind_text(EVENT_KIND_RETENTION), &after);
	if (r == 0 && check->verification->erasure == after && check->report.found == before)
		found(check, 0, N_("the filters of the logs find what is in none of them"), "");
	return read_failed(check, 0, r);
}

static int
check_structure(struct check *check, enum integrity_table table)
{
	return integrity_check(check->db, table, found_in_structure, check);
}

static int
check_sessions_structure(struct check *check)
{
	return check_structure(check, INTEGRITY_SESSION);
}

static int
check_events_structure(struct check *check)
{
	return check_structure(check, INTEGRITY_EVENT);
}

static int
check_fields_structure(struct check *check)
{
	return check_structure(check, INTEGRITY_EVENT_FIELD);
}

static int
check_checkpoints_structure(struct check *check)
{
	return check_structure(check, INTEGRITY_CHECKPOINT);
}

/* What takes longest first. */
static int (*const rest[])(struct check *check) = {
	check_sessions_structure,
	check_sessions,
	check_events_structure,
	sum_fields,
	check_fields_structure,
	check_checkpoints_structure,
};

/* Both */

static int
check_rest(struct check *check)
{
	unsigned long before = memory_failures();
	size_t at;
	int r = 0;

	memory_scope_begin();
	while (r == 0 && (at = atomic_fetch_add(&check->verification->rest, 1)) < ARRAY_SIZE(rest))
		r = rest[at](check);
	memory_scope_end();
	/* What memory was missing for must not look like something that is not there. */
	return r == 0 && memory_failures() != before ? -ENOMEM : r;
}

static void *
run_second(void *argument)
{
	struct check *check = argument;

	check->status = check_rest(check);
	if (check->status < 0)
		atomic_store(&check->verification->over, true);
	return NULL;
}

static void
add_findings(struct audit_report *report, const struct audit_report *more)
{
	for (size_t i = 0; i < more->found && i < AUDIT_FINDINGS_MOST; i++)
		if (report->found + i < AUDIT_FINDINGS_MOST)
			report->findings[report->found + i] = more->findings[i];
	report->found += more->found;
	report->sessions += more->sessions;
}

static int
verify_alone(struct check *check)
{
	int r = check_chain(check);

	return r == 0 ? check_rest(check) : r;
}

static int
verify(struct check *first, struct check *second)
{
	pthread_t thread;
	int r;

	r = store_db_again(first->db, &second->db);
	if (r == -EOPNOTSUPP)
		return verify_alone(first);
	if (r == 0)
		r = -pthread_create(&thread, NULL, run_second, second);
	if (r < 0)
		return r;
	first->status = verify_alone(first);
	if (first->status < 0)
		atomic_store(&first->verification->over, true);
	pthread_join(thread, NULL);
	return first->status < 0 && first->status != -ECANCELED ? first->status
	       : second->status < 0                             ? second->status
								: first->status;
}

/* What both have summed up: one of them has seen all events, and either all rows or none. */
static int
compare_fields(struct check *first, const struct check *second)
{
	first->of_rows.sum += second->of_rows.sum;
	first->of_rows.count += second->of_rows.count;
	return field_sum_equal(&first->of_events, &first->of_rows) ? 0 : check_fields(first);
}

/* Both with the same key. */
static int
begin_sums(struct check *first, struct check *second)
{
	int r = field_sum_init(&first->of_events);

	first->of_rows = second->of_rows = first->of_events;
	return r;
}

int
audit_verify(struct store_db *db, audit_progress *progress, void *argument,
	struct audit_report *ret_report)
{
	struct verification verification = {.progress = progress, .argument = argument};
	auto_free struct check *checks = calloc(2, sizeof(*checks));
	struct chain_event head = {0};
	int r;

	*ret_report = (struct audit_report){0};
	if (checks == NULL)
		return -ENOMEM;
	checks[0].verification = checks[1].verification = &verification;
	checks[0].db = db;
	r = event_head(db, &head);
	verification.of = verification.until = head.id;
	r = r == -ENOENT ? 0 : r == -EUCLEAN ? 0 : r;
	if (r == 0)
		r = event_newest_of_kind(
			db, event_kind_text(EVENT_KIND_RETENTION), &verification.erasure);
	if (r == -EUCLEAN)
		r = 0;
	if (r == 0)
		r = begin_sums(&checks[0], &checks[1]);
	if (r == 0)
		r = verify(&checks[0], &checks[1]);
	if (r == 0)
		r = compare_fields(&checks[0], &checks[1]);
	store_db_done(checks[1].db);
	erasures_done(&checks[0].erasures);
	*ret_report = checks[0].report;
	add_findings(ret_report, &checks[1].report);
	return r;
}
