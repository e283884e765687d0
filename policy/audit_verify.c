/* Verification of the event log and of what is made from it; see audit.h.
 *
 * Two threads, a connection each: one begins with the chain, the other with the rest (the structure of the file, the
 * connection history, the fields), and whoever is through takes what is left of the other's. Both go in portions, each in a
 * transaction of its own, while the gateway goes on writing: what belongs together is written together, so that each
 * portion is whole. Where millions can be told to be well by one number they are; each one is looked up only to say which
 * is not.
 */
#include "policy/audit_check.h"

#include "base/cleanup.h"
#include "base/sentence.h"
#include "policy/record.h"
#include "policy/store/index_check.h"
#include "policy/store/integrity.h"
#include "policy/store/log_table.h"
#include "policy/store/memory.h"
#include "policy/store/session_table.h"
#include "policy/store/store.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PORTION 5000

const char audit_damaged[] = N_("the database file is damaged");

void
audit_found(struct check *check, int64_t event, const char *why, const char *detail)
{
	struct audit_report *report = &check->report;
	size_t at = report->found++;

	if (at >= AUDIT_FINDINGS_MOST)
		return;
	report->findings[at] = (struct audit_finding){.event = event, .why = why};
	snprintf(report->findings[at].detail, sizeof(report->findings[at].detail), "%s", detail);
}

int
audit_read_failed(struct check *check, int64_t event, int r)
{
	if (r != -EUCLEAN)
		return r;
	audit_found(check, event, audit_damaged, "");
	return 0;
}

int
audit_go_on(struct check *check, int64_t done)
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

void
audit_saw(struct check *check, int64_t number)
{
	if (number > check->last)
		check->last = number;
	check->seen++;
}

bool
audit_is_more(struct check *check, int64_t before)
{
	if (check->seen > 0 && check->last <= before)
		audit_found(check, 0, audit_damaged, "");
	return check->seen > 0 && check->last > before;
}

/* What is made from the events */

/* The row must say, to the letter, what the event of its last change says. */
static int
check_session(struct store_db *db, const struct session_check *session, void *argument)
{
	struct check *check = argument;

	(void)db;
	audit_saw(check, session->number);
	check->report.sessions++;
	if (!session->same)
		audit_found(check, session->event,
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
			r = audit_go_on(check, 0);
	} while (r == 0 && audit_is_more(check, before));
	return audit_read_failed(check, 0, r);
}

static int
sum_fields(struct check *check)
{
	bool ordered = true;
	int r = index_sum_add_fields(
		&check->fields_sum.of_rows, check->db, check->verification->until, &ordered);

	check->fields_sum.disorder = !ordered;
	r = audit_read_failed(check, 0, r);
	return r < 0 ? r : audit_go_on(check, 0);
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
		audit_found(
			check, event->id, N_("a filter of the log does not find it any more"), "");
	if (r > 0 && event->id <= check->verification->until)
		check->fields += r;
	return r < 0 && r != -ENOENT ? audit_read_failed(check, event->id, r) : 0;
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
			r = audit_go_on(check, 0);
	} while (r == 0 && check->seen > 0 &&
		 (place.time_us > before.time_us ||
			 (place.time_us == before.time_us && place.id > before.id)));
	return r;
}

static int
nothing_erased_meanwhile(struct check *check, bool *ret_nothing)
{
	int64_t now = 0;
	int r = event_newest_of_kind(check->db, event_kind_text(EVENT_KIND_RETENTION), &now);

	*ret_nothing = now == check->verification->erasure;
	return r;
}

/* When the sums differ. All that should be there has been found; that there is as much as should be tells that nothing
 * was added. Not said if something was erased meanwhile. */
static int
check_fields(struct check *check)
{
	size_t before = check->report.found;
	bool nothing = false;
	int64_t count = 0;
	int r = 0;

	for (int log = 0; log < LOG_COUNT && r == 0; log++)
		if (log != LOG_CONNECTIONS)
			r = check_fields_of_kind(check, log_event_kind((enum log_name)log));
	if (r == 0)
		r = log_fields_count(check->db, check->verification->until, &count);
	if (r == 0)
		r = nothing_erased_meanwhile(check, &nothing);
	if (r == 0 && nothing && check->report.found == before)
		audit_found(
			check, 0, N_("the filters of the logs find what is in none of them"), "");
	return audit_read_failed(check, 0, r);
}

static int
found_in_structure(const char *what, void *argument)
{
	audit_found(argument, 0, audit_damaged, what);
	return 0;
}

/* Row by row and index by index, to name what is known to be wrong: `what`, if SQLite sees nothing in it. */
static int
name_damage(struct check *check, enum integrity_table table, const char *what)
{
	size_t before = check->report.found;
	int r = integrity_check(check->db, table, found_in_structure, check);

	if (r == 0 && what != NULL && check->report.found == before)
		audit_found(check, 0, audit_damaged, what);
	return r;
}

static int
check_structure(struct check *check, enum integrity_table table)
{
	int r = integrity_check_quickly(check->db, table);

	return r == -EUCLEAN ? name_damage(check, table, NULL) : r;
}

static int
check_sessions_structure(struct check *check)
{
	bool good = true;
	int r = integrity_check_quickly(check->db, INTEGRITY_SESSION);

	if (r == 0)
		r = index_check_sessions(check->db, &good);
	if (r == -EUCLEAN || (r == 0 && !good))
		r = name_damage(check, INTEGRITY_SESSION,
			"an index of session does not hold what the rows say");
	return r < 0 ? r : audit_go_on(check, 0);
}

static int
check_events_structure(struct check *check)
{
	return check_structure(check, INTEGRITY_EVENT);
}

static int
sum_kinds(struct check *check)
{
	bool ordered = true;
	int r = index_sum_add_entries(
		&check->kinds_sum.of_rows, check->db, check->verification->until, &ordered);

	check->kinds_sum.disorder = !ordered;
	r = audit_read_failed(check, 0, r);
	return r < 0 ? r : audit_go_on(check, 0);
}

static int
check_fields_structure(struct check *check)
{
	return check_structure(check, INTEGRITY_EVENT_FIELD);
}

static int
check_checkpoints_structure(struct check *check)
{
	return name_damage(check, INTEGRITY_CHECKPOINT, NULL);
}

/* What takes longest first. */
static int (*const rest[])(struct check *check) = {
	check_sessions_structure,
	check_sessions,
	check_events_structure,
	sum_fields,
	check_fields_structure,
	sum_kinds,
	audit_check_checkpoints,
	check_checkpoints_structure,
};

/* Both */

static int
check_rest(struct check *check)
{
	size_t at;
	int r = 0;

	while (r == 0 && (at = atomic_fetch_add(&check->verification->rest, 1)) < ARRAY_SIZE(rest))
		r = rest[at](check);
	return r;
}

static int
begin_with_chain(struct check *check)
{
	int r = audit_check_chain(check);

	return r == 0 ? check_rest(check) : r;
}

static int
begin_with_rest(struct check *check)
{
	int r = check_rest(check);

	return r == 0 ? audit_check_chain(check) : r;
}

static void *
run_second(void *argument)
{
	unsigned long before = memory_failures();
	struct check *check = argument;

	memory_scope_begin();
	check->status = begin_with_rest(check);
	memory_scope_end();
	/* What memory was missing for must not look like something that is not there. */
	if (check->status == 0 && memory_failures() != before)
		check->status = -ENOMEM;
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
	report->events += more->events;
	report->erased += more->erased;
	report->checkpoints += more->checkpoints;
	report->sessions += more->sessions;
}

static int
verify(struct check *first, struct check *second)
{
	pthread_t thread;
	int r;

	r = store_db_again(first->db, &second->db);
	if (r == -EOPNOTSUPP)
		return begin_with_chain(first);
	if (r == 0)
		r = -pthread_create(&thread, NULL, run_second, second);
	if (r < 0)
		return r;
	first->status = begin_with_chain(first);
	if (first->status < 0)
		atomic_store(&first->verification->over, true);
	pthread_join(thread, NULL);
	return first->status < 0 && first->status != -ECANCELED ? first->status
	       : second->status < 0                             ? second->status
								: first->status;
}

/* What both have summed up. */
static bool
is_same(struct sums *one, const struct sums *other)
{
	keyed_sum_merge(&one->of_events, &other->of_events);
	keyed_sum_merge(&one->of_rows, &other->of_rows);
	return !one->disorder && !other->disorder &&
	       keyed_sum_equal(&one->of_events, &one->of_rows);
}

static int
compare_sums(struct check *first, const struct check *second)
{
	bool disorder = first->fields_sum.disorder || second->fields_sum.disorder, nothing = false;
	int r = 0;

	if (!is_same(&first->fields_sum, &second->fields_sum))
		r = disorder ? name_damage(first, INTEGRITY_EVENT_FIELD,
				       "rows of event_field are not in their order")
			     : check_fields(first);
	if (r < 0 || is_same(&first->kinds_sum, &second->kinds_sum))
		return r;
	r = nothing_erased_meanwhile(first, &nothing);
	if (r == 0)
		r = name_damage(first, INTEGRITY_EVENT,
			nothing ? "event_kind does not hold what the rows say" : NULL);
	return audit_read_failed(first, 0, r);
}

/* All with the same key. */
static int
begin_sums(struct check *first, struct check *second)
{
	struct sums sums = {.disorder = false};
	int r = keyed_sum_init(&sums.of_events);

	sums.of_rows = sums.of_events;
	first->fields_sum = second->fields_sum = sums;
	first->kinds_sum = second->kinds_sum = sums;
	return r;
}

int
audit_verify(struct store_db *db, audit_progress *progress, void *argument,
	struct audit_report *ret_report)
{
	struct verification verification = {.progress = progress, .argument = argument};
	auto_free struct check *checks = calloc(2, sizeof(*checks));
	struct chain_event head = {0};
	int64_t unused;
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
		r = checkpoint_newest(db, &verification.signed_until, &unused);
	if (r == 0)
		r = begin_sums(&checks[0], &checks[1]);
	if (r == 0)
		r = verify(&checks[0], &checks[1]);
	if (r == 0)
		audit_check_chain_end(&checks[0], &checks[1]);
	if (r == 0)
		r = compare_sums(&checks[0], &checks[1]);
	store_db_done(checks[1].db);
	erasures_done(&checks[0].erasures);
	erasures_done(&checks[1].erasures);
	*ret_report = checks[0].report;
	add_findings(ret_report, &checks[1].report);
	return r;
}
