/* Device evidence: asks the kinds of evidence.def in turn; see evidence.h. Supervisor, loop thread.
 *
 * A search is in one of two lists: due (looked at in the next turn of the timer) or waiting (for the kernel, for
 * files, or for wake_ms). One timer serves all. A search that ends is out of its list before the
 * caller hears of it, so that the caller may ask or cancel others meanwhile.
 */
#include "supervisor/evidence.h"

#include "base/clock.h"
#include "base/log.h"
#include "settings/settings.h"
#include "supervisor/evidence_private.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define QUIET_MS 10000

static const struct {
	const char *name;
	enum evidence_answer (*look)(struct evidence *, struct evidence_search *, char *, size_t);
} kinds[EVIDENCE_COUNT] = {
#define EVIDENCE(name_, text_, look_, rests_on_) [EVIDENCE_##name_] = {text_, look_},
#include "supervisor/evidence.def"
#undef EVIDENCE
};

const char *
evidence_name(enum evidence_kind kind)
{
	return kinds[kind].name;
}

const char *
evidence_mac_text(const uint8_t *mac, char *ret_text)
{
	(void)snprintf(ret_text, EVIDENCE_MAC_TEXT_SIZE, "%02X:%02X:%02X:%02X:%02X:%02X", mac[0],
		mac[1], mac[2], mac[3], mac[4], mac[5]);
	return ret_text;
}

const char *
evidence_address_text(const uint8_t *address, char *ret_text)
{
	ret_text[0] = '\0';
	if (address_is_ipv4(address))
		(void)inet_ntop(AF_INET, address + 12, ret_text, INET6_ADDRSTRLEN);
	else
		(void)inet_ntop(AF_INET6, address, ret_text, INET6_ADDRSTRLEN);
	return ret_text;
}

bool
evidence_may_log(struct evidence_quiet *quiet, unsigned *ret_unsaid)
{
	int64_t now_ms = clock_boottime_ms();

	if (quiet->last_ms != 0 && now_ms - quiet->last_ms < QUIET_MS) {
		quiet->unsaid++;
		return false;
	}
	*ret_unsaid = quiet->unsaid;
	quiet->last_ms = now_ms;
	quiet->unsaid = 0;
	return true;
}

void
evidence_claims_add(struct evidence_claims *claims, const uint8_t *mac)
{
	if (claims->count++ == 0) {
		claims->has_mac = mac != NULL;
		if (mac != NULL)
			memcpy(claims->mac, mac, MAC_SIZE);
		return;
	}
	if (claims->has_mac != (mac != NULL) ||
		(mac != NULL && memcmp(claims->mac, mac, MAC_SIZE) != 0))
		claims->differ = true;
}

/* What arrived with the ticket. */

enum evidence_answer
evidence_look_certificate(
	struct evidence *evidence, struct evidence_search *search, char *why, size_t size)
{
	(void)evidence;
	(void)snprintf(why, size, "%s",
		search->has_certificate ? "device certificate in the ticket"
					: "no device certificate in the ticket");
	memcpy(search->result.mac, search->certificate, MAC_SIZE);
	return search->has_certificate ? EVIDENCE_FOUND : EVIDENCE_SILENT;
}

enum evidence_answer
evidence_look_vouched(
	struct evidence *evidence, struct evidence_search *search, char *why, size_t size)
{
	(void)evidence;
	(void)snprintf(why, size, "%s",
		search->has_vouched ? "vouched for when the ticket was issued"
				    : "the ticket names no MAC address");
	memcpy(search->result.mac, search->vouched, MAC_SIZE);
	return search->has_vouched ? EVIDENCE_FOUND : EVIDENCE_SILENT;
}

/* Lists and the timer. */

static void
leave_list(struct evidence_search *search)
{
	struct evidence *evidence = search->evidence;

	if (search->place == EVIDENCE_IN_DUE)
		TAILQ_REMOVE(&evidence->due, search, entry);
	else if (search->place == EVIDENCE_IN_WAITING)
		TAILQ_REMOVE(&evidence->waiting, search, entry);
	search->place = EVIDENCE_IN_NO_LIST;
}

static void
wait_in_list(struct evidence_search *search)
{
	leave_list(search);
	TAILQ_INSERT_TAIL(&search->evidence->waiting, search, entry);
	search->place = EVIDENCE_IN_WAITING;
}

static void on_timer(uv_timer_t *timer);

static void
arm_timer(struct evidence *evidence)
{
	struct evidence_search *search;
	int64_t now_ms = clock_boottime_ms(), wake_ms = INT64_MAX;

	if (evidence->freeing)
		return;
	TAILQ_FOREACH(search, &evidence->waiting, entry)
	{
		if (search->wake_ms < wake_ms)
			wake_ms = search->wake_ms;
	}
	if (!TAILQ_EMPTY(&evidence->due))
		wake_ms = now_ms;
	if (wake_ms == INT64_MAX)
		(void)uv_timer_stop(&evidence->timer);
	else
		(void)uv_timer_start(&evidence->timer, on_timer,
			wake_ms > now_ms ? (uint64_t)(wake_ms - now_ms) : 0, 0);
}

static void
make_due(struct evidence_search *search)
{
	leave_list(search);
	TAILQ_INSERT_TAIL(&search->evidence->due, search, entry);
	search->place = EVIDENCE_IN_DUE;
}

void
evidence_wake(struct evidence_search *search)
{
	make_due(search);
	arm_timer(search->evidence);
}

/* What the search holds of others; it can be freed then. */
static void
search_detach(struct evidence_search *search)
{
	leave_list(search);
	evidence_neighbour_stop_waiting(search);
	search->evidence->searches--;
}

static void
search_end(struct evidence_search *search)
{
	search_detach(search);
	search->found(search->user, &search->result);
	free(search);
}

/* Adds "kind: why" to what the administrator will read. */
static void
add_reason(struct evidence_search *search, const char *why)
{
	char *detail = search->result.detail;
	size_t used = strlen(detail);

	(void)snprintf(detail + used, EVIDENCE_DETAIL_SIZE - used, "%s%s: %s", used > 0 ? "; " : "",
		kinds[search->kind].name, why);
}

/* Asks the kinds in turn until one is sure, forbids the rest, or must wait. */
static void
search_look(struct evidence_search *search)
{
	char why[EVIDENCE_DETAIL_SIZE];
	enum evidence_answer answer = EVIDENCE_SILENT;

	for (; search->kind < EVIDENCE_COUNT; search->kind++) {
		if ((search->accepted & 1u << search->kind) == 0)
			continue;
		answer = kinds[search->kind].look(search->evidence, search, why, sizeof(why));
		if (answer == EVIDENCE_WAIT) {
			wait_in_list(search);
			return;
		}
		evidence_neighbour_stop_waiting(search);
		if (answer == EVIDENCE_FOUND)
			break;
		add_reason(search, why);
		if (answer == EVIDENCE_DOUBT)
			break;
	}
	if (answer == EVIDENCE_FOUND) {
		search->result.found = true;
		search->result.kind = search->kind;
		(void)snprintf(search->result.detail, EVIDENCE_DETAIL_SIZE, "%s", why);
	} else if (search->result.detail[0] == '\0') {
		(void)snprintf(search->result.detail, EVIDENCE_DETAIL_SIZE,
			"this listener accepts no kind of evidence that could be looked up");
	}
	search_end(search);
}

static void files_begin(struct evidence *evidence);

/* Looks at every search that is due now; those that a caller asks from within an answer have their turn the
 * next time. Files are read again only afterwards: nobody who has waited for a reading misses it. */
static void
take_turn(struct evidence *evidence)
{
	struct evidence_search *search;
	size_t due = 0;

	TAILQ_FOREACH(search, &evidence->due, entry)
	due++;
	while (due-- > 0 && (search = TAILQ_FIRST(&evidence->due)) != NULL)
		search_look(search);
	if (evidence->freeing)
		return;
	if (evidence->files_needed && !evidence->files_reading)
		files_begin(evidence);
	arm_timer(evidence);
}

static void
on_timer(uv_timer_t *timer)
{
	struct evidence *evidence = timer->data;
	struct evidence_search *search, *next;
	int64_t now_ms = clock_boottime_ms();

	for (search = TAILQ_FIRST(&evidence->waiting); search != NULL; search = next) {
		next = TAILQ_NEXT(search, entry);
		if (search->wake_ms <= now_ms)
			make_due(search);
	}
	take_turn(evidence);
}

/* Files: one reading at a time, for everybody who asked before it began. */

static void
report_files(struct evidence *evidence)
{
	for (size_t i = 0; i < evidence->files.count; i++) {
		struct evidence_source *source = &evidence->files.items[i];

		if (strcmp(source->problem, source->reported) == 0)
			continue;
		if (source->problem[0] != '\0')
			log_event(EV_EVIDENCE_FILE_UNREADABLE, "file='%s' problem='%s'",
				log_quote(source->path), log_quote(source->problem));
		else
			log_event(EV_EVIDENCE_FILE_READABLE, "file='%s'", log_quote(source->path));
		memcpy(source->reported, source->problem, sizeof(source->reported));
	}
}

void
evidence_files_add_problem(const struct evidence *evidence,
	bool (*concerns)(enum evidence_told told), char *why, size_t size)
{
	size_t used = strlen(why);

	for (size_t i = 0; i < evidence->files.count; i++) {
		const struct evidence_source *source = &evidence->files.items[i];

		if (concerns(evidence_source_told(source)) && source->problem[0] != '\0') {
			(void)snprintf(why + used, size - used, ", and %.100s cannot be read",
				source->path);
			return;
		}
	}
}

static void evidence_free_now(struct evidence *evidence);

static void
on_files_work(uv_work_t *work)
{
	struct evidence *evidence = work->data;

	evidence_files_refresh(&evidence->files, evidence->files_now_s);
}

static void
on_files_read(uv_work_t *work, int status)
{
	struct evidence *evidence = work->data;
	struct evidence_search *search, *next;

	(void)status;
	evidence->files_reading = false;
	evidence->files_read = evidence->files_begun;
	if (evidence->freeing) {
		evidence_free_now(evidence);
		return;
	}
	report_files(evidence);
	for (search = TAILQ_FIRST(&evidence->waiting); search != NULL; search = next) {
		next = TAILQ_NEXT(search, entry);
		if (search->files_wanted != 0 && search->files_wanted <= evidence->files_read)
			make_due(search);
	}
	take_turn(evidence);
}

static void
files_begin(struct evidence *evidence)
{
	evidence->files_needed = false;
	evidence->files_begun++;
	evidence->files_now_s = clock_now() / 1000000;
	evidence->files_work.data = evidence;
	/* Should it fail, the searches end at their time limit. */
	evidence->files_reading = uv_queue_work(evidence->loop, &evidence->files_work,
					  on_files_work, on_files_read) == 0;
}

enum evidence_ready
evidence_files_ready(struct evidence_search *search)
{
	struct evidence *evidence = search->evidence;

	if (evidence->files.count == 0)
		return EVIDENCE_FILES_READY;
	if (search->files_wanted == 0) {
		search->files_wanted = evidence->files_begun + 1;
		search->wake_ms = search->started_ms + EVIDENCE_FILES_WAIT_MS;
		evidence->files_needed = true;
	}
	if (evidence->files_read >= search->files_wanted && !evidence->files_reading)
		return EVIDENCE_FILES_READY;
	return clock_boottime_ms() < search->wake_ms ? EVIDENCE_FILES_WAIT : EVIDENCE_FILES_LATE;
}

/* From outside. */

/* A link-local address means nothing without its interface. */
static uint32_t
scope_of(const struct sockaddr *address)
{
	const struct sockaddr_in6 *ipv6 = (const struct sockaddr_in6 *)(const void *)address;

	if (address->sa_family != AF_INET6 || !IN6_IS_ADDR_LINKLOCAL(&ipv6->sin6_addr))
		return 0;
	return ipv6->sin6_scope_id;
}

int
evidence_find(struct evidence *evidence, const struct evidence_question *question,
	void (*found)(void *user, const struct evidence_result *result), void *user,
	struct evidence_search **ret_search)
{
	struct evidence_search *search;

	if (evidence->searches >= EVIDENCE_SEARCHES_MAX)
		return -EBUSY;
	search = calloc(1, sizeof(*search));
	if (search == NULL)
		return -ENOMEM;
	search->evidence = evidence;
	search->accepted = question->accepted;
	search->found = found;
	search->user = user;
	search->started_ms = clock_boottime_ms();
	search->has_source = address_from_sockaddr(question->source, search->source) == 0;
	search->scope = scope_of(question->source);
	search->has_local = question->local != NULL &&
			    address_from_sockaddr(question->local, search->local) == 0;
	search->has_certificate =
		question->certificate_mac != NULL && mac_is_usable(question->certificate_mac);
	if (search->has_certificate)
		memcpy(search->certificate, question->certificate_mac, MAC_SIZE);
	search->has_vouched = question->vouched_mac != NULL && mac_is_usable(question->vouched_mac);
	if (search->has_vouched)
		memcpy(search->vouched, question->vouched_mac, MAC_SIZE);
	evidence->searches++;
	if (ret_search != NULL)
		*ret_search = search;
	evidence_wake(search);
	return 0;
}

void
evidence_cancel(struct evidence_search *search)
{
	if (search == NULL)
		return;
	search_detach(search);
	free(search);
}

void
evidence_reload(struct evidence *evidence, const struct settings *settings)
{
	evidence->neighbour_max_age_ms = settings->evidence.neighbour_max_age_ms;
	evidence->lease_max_age_s = settings->evidence.lease_max_age_ms / 1000;
	evidence->accounting_max_age_s = settings->evidence.accounting_max_age_ms / 1000;
	evidence->openvpn_max_age_s = settings->evidence.openvpn_max_age_ms / 1000;
}

static void
evidence_free_now(struct evidence *evidence)
{
	void (*closed)(void *) = evidence->closed;
	void *user = evidence->closed_user;

	if (evidence->open_handles > 0 || evidence->files_reading)
		return;
	evidence_files_done(&evidence->files);
	evidence_radius_done(evidence);
	free(evidence);
	if (closed != NULL)
		closed(user);
}

void
evidence_handle_closed(uv_handle_t *handle)
{
	struct evidence *evidence = handle->data;

	assert(evidence->open_handles > 0);
	evidence->open_handles--;
	evidence_free_now(evidence);
}

void
evidence_free(struct evidence *evidence, void (*closed)(void *user), void *user)
{
	if (evidence == NULL) {
		if (closed != NULL)
			closed(user);
		return;
	}
	assert(!evidence->freeing);
	evidence->freeing = true;
	evidence->closed = closed;
	evidence->closed_user = user;
	while (!TAILQ_EMPTY(&evidence->due))
		evidence_cancel(TAILQ_FIRST(&evidence->due));
	while (!TAILQ_EMPTY(&evidence->waiting))
		evidence_cancel(TAILQ_FIRST(&evidence->waiting));
	evidence_neighbour_close(evidence);
	evidence_radius_close(evidence);
	uv_close((uv_handle_t *)&evidence->timer, evidence_handle_closed);
}

static void
nothing_more(void *user)
{
	(void)user;
}

int
evidence_new(uv_loop_t *loop, const struct settings *settings, struct evidence **ret_evidence,
	const char **ret_why)
{
	struct evidence *evidence = calloc(1, sizeof(*evidence));
	int r;

	*ret_why = "no memory for device evidence";
	if (evidence == NULL)
		return -ENOMEM;
	evidence->loop = loop;
	evidence->route_fd = -1;
	evidence->event_fd = -1;
	TAILQ_INIT(&evidence->due);
	TAILQ_INIT(&evidence->waiting);
	evidence_reload(evidence, settings);
	(void)uv_timer_init(loop, &evidence->timer);
	evidence->timer.data = evidence;
	evidence->open_handles++;
	r = evidence_files_init(&evidence->files, settings);
	if (r == 0)
		r = evidence_neighbour_open(evidence, ret_why);
	if (r == 0)
		r = evidence_radius_open(evidence, settings, ret_why);
	if (r < 0) {
		evidence_free(evidence, nothing_more, NULL);
		return r;
	}
	*ret_evidence = evidence;
	return 0;
}
