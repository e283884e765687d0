/* The neighbours of sign_ins.c, played; see sign_ins_fixture.h. */
#include "sign_ins_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "policy/store/store.h"
#include "supervisor/children.h"
#include "supervisor/notices.h"
#include "supervisor/penalties.h"
#include "supervisor/sessions.h"

#include <errno.h>
#include <netinet/in.h>
#include <security/pam_appl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uv_loop_t loop;
struct settings settings;
struct settings_listener listener;
struct supervisor supervisor;
struct connection connection;
struct msg_introduced introduced;
struct sign_in_seen seen;

static char prefix[] = "998-", domain[] = "hospital.example";
static char greeter_place, pam_place, search_place, waiting_place, worker_place;

int
greeter_begin(struct connection *one, uint32_t keyboard_layout, const struct greeter_events *events,
	void *owner, struct greeter **ret_greeter)
{
	assert_ptr_equal(one, &connection);
	if (seen.greeter_begin < 0)
		return seen.greeter_begin;
	/* GREET is sent once for a connection. */
	assert_int_equal(seen.greeters_taken++, 0);
	seen.keyboard_layout = keyboard_layout;
	seen.greeter = events;
	seen.greeter_owner = owner;
	*ret_greeter = (struct greeter *)&greeter_place;
	return 0;
}

int
greeter_choice(struct greeter *greeter, struct msg_choice *choice)
{
	assert_ptr_equal(greeter, &greeter_place);
	choice->index = (uint16_t)seen.choices;
	if (seen.choices < OFFERS_MOST)
		seen.choice[seen.choices] = *choice;
	seen.choices++;
	return 0;
}

int
greeter_show(struct greeter *greeter, struct msg_show *show)
{
	assert_ptr_equal(greeter, &greeter_place);
	show->serial = ++seen.pages;
	seen.page = *show;
	return 0;
}

void
greeter_end(struct greeter *greeter)
{
	seen.greeters_ended += greeter != NULL;
}

int
pam_conversation_start(struct supervisor *one, const char *user, const char *source,
	const struct pam_events *events, void *owner, struct pam_conversation **ret_conversation)
{
	assert_ptr_equal(one, &supervisor);
	seen.conversations++;
	if (seen.pam_start < 0)
		return seen.pam_start;
	strcpy(seen.pam_user, user);
	strcpy(seen.pam_source, source);
	seen.pam = events;
	seen.pam_owner = owner;
	*ret_conversation = (struct pam_conversation *)&pam_place;
	return 0;
}

void
pam_conversation_answer(struct pam_conversation *conversation, const char *answer)
{
	assert_ptr_equal(conversation, &pam_place);
	strcpy(seen.pam_answer, answer);
	seen.pam_answers++;
}

bool
pam_conversation_leave(struct pam_conversation *conversation)
{
	seen.pam_cancelled += conversation != NULL;
	return conversation != NULL && seen.pam_works;
}

int
evidence_find(struct evidence *evidence, const struct evidence_question *question,
	void (*found)(void *user, const struct evidence_result *result), void *user,
	struct evidence_search **ret_search)
{
	(void)evidence;
	(void)question;
	if (seen.evidence < 0)
		return seen.evidence;
	seen.found = found;
	seen.found_user = user;
	*ret_search = (struct evidence_search *)&search_place;
	return 0;
}

void
evidence_cancel(struct evidence_search *search)
{
	seen.evidence_cancelled += search != NULL;
}

const char *
evidence_name(enum evidence_kind kind)
{
	return kind == EVIDENCE_NEIGHBOUR ? "neighbour" : "other";
}

const char *
evidence_mac_text(const uint8_t *mac, char *ret_text)
{
	(void)mac;
	return strcpy(ret_text, "02:00:00:00:00:01");
}

void
store_write(struct store *store, struct store_job *job)
{
	(void)store;
	assert_true(seen.job_count < ARRAY_SIZE(seen.jobs));
	seen.jobs[seen.job_count++] = job;
}

const char *
store_error_text(int status)
{
	(void)status;
	return "no";
}

int
sign_in_decide(
	struct store_db *db, const struct sign_in_check *check, struct sign_in_verdict *ret_verdict)
{
	(void)db;
	seen.check = *check;
	*ret_verdict = seen.verdict;
	return seen.work;
}

int
sign_in_offers(struct store_db *db, const struct sign_in_check *check,
	struct terminal_offer **ret_offers, size_t *ret_count)
{
	(void)db;
	(void)check;
	*ret_offers = calloc(seen.offer_count + 1, sizeof(**ret_offers));
	if (*ret_offers == NULL)
		return -ENOMEM;
	memcpy(*ret_offers, seen.offers, seen.offer_count * sizeof(**ret_offers));
	*ret_count = seen.offer_count;
	return 0;
}

int
take_over_look(struct store_db *db, int64_t account, int64_t terminal,
	const struct device_evidence *device, struct take_over *ret_view)
{
	(void)db;
	assert_true(device->known);
	assert_int_equal(account, 42);
	assert_true(terminal > 0);
	*ret_view = seen.take_over;
	return seen.work;
}

/* Who makes place has a connection of its own, which the tests do not need. */
struct connection *
connection_find_session(
	const struct connections *connections, const uint8_t session[SESSION_ID_BYTES])
{
	(void)connections;
	assert_memory_equal(session, seen.take_over.session, SESSION_ID_BYTES);
	return &seen.holder;
}

void
session_kill(struct connection *one, enum close_reason reason, const char *by, const char *because)
{
	assert_ptr_equal(one, &seen.holder);
	assert_null(because);
	assert_true(by[0] != '\0');
	seen.holder_killed = reason;
}

void
notice_take_over(struct supervisor *of, const uint8_t session[SESSION_ID_BYTES], uint32_t seconds)
{
	(void)of;
	(void)session;
	seen.holder_told = seconds;
}

int
sign_in_refused(struct store_db *db, const char *typed, const char *source, const char *reason,
	enum login_logging logging)
{
	(void)db;
	(void)logging;
	assert_string_equal(source, "10.2.3.4");
	seen.refusals++;
	strcpy(seen.refused_name, typed);
	strcpy(seen.refused_reason, reason);
	return 0;
}

int
attendance_redeem(struct store_db *db, int64_t account_number, int64_t terminal_number,
	const char *source, const char *digits, enum attendance_answer *ret_answer,
	struct attendance *ret_attendance)
{
	(void)db;
	(void)source;
	assert_int_equal(account_number, 42);
	assert_true(terminal_number > 0);
	strcpy(seen.digits, digits);
	*ret_answer = seen.number;
	*ret_attendance = (struct attendance){
		.given = seen.number == ATTENDANCE_RIGHT, .number = 9, .control = true};
	return seen.work;
}

int
ticket_issue_redirect(struct store_db *db, const struct signed_in_request *request,
	struct redirect_ticket *ret_ticket)
{
	(void)db;
	seen.ticket_request = *request;
	*ret_ticket = seen.ticket;
	return seen.work;
}

int
ticket_withdraw_redirect(struct store_db *db, const char *handle, bool *ret_withdrawn)
{
	(void)db;
	strcpy(seen.withdrawn, handle);
	*ret_withdrawn = !seen.ticket_used;
	return seen.work;
}

int
attendance_wait(
	struct supervisor *one, const struct waiting_setup *setup, struct waiting **ret_waiting)
{
	assert_ptr_equal(one, &supervisor);
	if (seen.wait < 0)
		return seen.wait;
	seen.waiting = *setup;
	*ret_waiting = (struct waiting *)&waiting_place;
	return 0;
}

void
attendance_forget(struct waiting *waiting)
{
	seen.forgotten += waiting != NULL;
}

int
children_send(struct child *worker, enum message number, const void *body, int fd)
{
	assert_ptr_equal(worker, &worker_place);
	assert_int_equal(number, MSG_REDIRECT);
	assert_int_equal(fd, -1);
	seen.redirect = *(const struct msg_redirect *)body;
	seen.redirects++;
	return 0;
}

void
connection_kill(struct connection *one, enum close_reason reason)
{
	assert_ptr_equal(one, &connection);
	if (one->stage != CONNECTION_RELAYED)
		return;
	seen.killed = reason;
	one->stage = CONNECTION_KILLED;
}

void
connection_drop_session(struct connection *one, enum close_reason reason, enum phase phase)
{
	assert_ptr_equal(one, &connection);
	seen.dropped = reason;
	seen.dropped_in = phase;
}

int
sign_in_setup(void **state)
{
	const struct penalty_limits limits = {.sources = 8,
		.connections = 100,
		.connections_per_source = 100,
		.unfinished = 100,
		.unfinished_per_source = 100,
		.penalty_ms = 5000,
		.penalty_refuse_ms = 30000,
		.penalty_most_ms = 600000,
		.ipv4_prefix = 32,
		.ipv6_prefix = 64};
	uint32_t delay_ms;

	(void)state;
	memset(&seen, 0, sizeof(seen));
	memset(&introduced, 0, sizeof(introduced));
	assert_int_equal(uv_loop_init(&loop), 0);
	listener = (struct settings_listener){.sign_in = SETTINGS_SIGN_IN_ON,
		.handover = SETTINGS_HANDOVER_AUTO,
		.evidence = 1u << EVIDENCE_NEIGHBOUR};
	settings = (struct settings){.listeners = {.items = &listener, .count = 1}};
	settings.facility.id = prefix;
	settings.facility.domain = domain;
	settings.limits.greet_ms = settings.limits.consent_ms = 60000;
	settings.limits.watcher_ms = 60000;
	settings.sign_in.greeters = 4;
	settings.sign_in.greeters_per_source = 2;
	supervisor = (struct supervisor){
		.settings = &settings, .loop = &loop, .penalties = penalties_new(&limits)};
	connection = (struct connection){.id = 7,
		.supervisor = &supervisor,
		.stage = CONNECTION_RELAYED,
		.phase = PHASE_DECIDE,
		.worked_in = PHASE_DECIDE,
		.counted = true,
		.worker = (struct child *)&worker_place};
	((struct sockaddr_in *)&connection.source)->sin_family = AF_INET;
	((struct sockaddr_in *)&connection.source)->sin_addr.s_addr = htonl(0x0a020304);
	assert_int_equal(
		penalties_admit(supervisor.penalties, (const struct sockaddr *)&connection.source,
			false, clock_boottime_ms(), &delay_ms),
		0);
	seen.verdict =
		(struct sign_in_verdict){.full_id = "998-taro@example.jp", .person = "山田 太郎"};
	seen.offer_count = 2;
	seen.offers[0] = (struct terminal_offer){.number = 1, .name = "PACS-01"};
	seen.offers[1] = (struct terminal_offer){.number = 2, .name = "RIS-02"};
	return 0;
}

static void
is_open(uv_handle_t *handle, void *argument)
{
	(void)handle;
	++*(unsigned int *)argument;
}

/* What still waits in the store finds nobody any more. */
int
sign_in_teardown(void **state)
{
	unsigned int open = 0;

	(void)state;
	sign_in_abandon(take_pointer(&connection.sign_in), CLOSE_NONE);
	store_works();
	uv_walk(&loop, is_open, &open);
	while (uv_run(&loop, UV_RUN_NOWAIT) != 0)
		;
	assert_null(supervisor.sign_ins);
	assert_int_equal(seen.greeters_taken, seen.greeters_ended);
	assert_int_equal(uv_loop_close(&loop), 0);
	penalties_free(supervisor.penalties);
	return 0;
}

void
introduce(const char *user, const char *password)
{
	strcpy(introduced.user, user);
	strcpy((char *)introduced.password, password);
	introduced.password_len = (uint32_t)strlen(password);
	introduced.connection = connection.id;
	sign_in_start(&connection, &introduced);
}

static void
answer(const struct msg_answer *message)
{
	struct msg_answer copy = *message;

	copy.serial = seen.page.serial;
	if (copy.action == 0)
		copy.action = SCREEN_SUBMIT;
	assert_true((screen_row(seen.page.screen)->answers & copy.action) != 0);
	seen.choices = 0;
	seen.greeter->answered(seen.greeter_owner, &copy);
	memset(&copy, 0xee, sizeof(copy));
}

void
type_credentials(const char *account, const char *password)
{
	struct msg_answer typed = {.secret_len = (uint32_t)strlen(password)};

	assert_int_equal(seen.page.screen, SCREEN_SIGN_IN);
	strcpy(typed.account, account);
	strcpy((char *)typed.secret, password);
	answer(&typed);
}

void
type_secret(const char *secret)
{
	struct msg_answer typed = {.secret_len = (uint32_t)strlen(secret)};

	strcpy((char *)typed.secret, secret);
	answer(&typed);
}

void
submit(void)
{
	answer(&(struct msg_answer){0});
}

void
cancel(void)
{
	answer(&(struct msg_answer){.action = SCREEN_CANCEL});
}

void
choose(uint16_t choice)
{
	assert_int_equal(seen.page.screen, SCREEN_TERMINALS);
	answer(&(struct msg_answer){.choice = choice});
}

void
frame_shown(void)
{
	seen.greeter->shown(seen.greeter_owner, seen.page.serial);
}

void
greeter_dies(void)
{
	seen.greeter->died(seen.greeter_owner);
}

void
pam_asks(uint8_t style, const char *prompt)
{
	const struct pam_question question = {
		.style = style, .prompt = prompt, .info = "", .otpauth = ""};

	seen.pam->asked(seen.pam_owner, &question);
}

void
pam_ends(enum pam_outcome outcome)
{
	const struct pam_ended ended = {.outcome = outcome,
		.wait_ms = 7000,
		.info = "",
		.account_number = outcome == PAM_SIGNED_IN ? 42 : 0,
		.detail = "so"};

	seen.pam->ended(seen.pam_owner, &ended);
}

void
pam_signs_in(void)
{
	pam_asks(PAM_PROMPT_ECHO_OFF, "Password: ");
	pam_ends(PAM_SIGNED_IN);
}

void
device_found(bool found)
{
	const struct evidence_result result = {.found = found,
		.kind = EVIDENCE_NEIGHBOUR,
		.mac = {2, 0, 0, 0, 0, 1},
		.detail = "neighbour: nothing"};

	seen.found(seen.found_user, &result);
}

static void
work(int status)
{
	while (seen.job_count > 0) {
		struct store_job *job = seen.jobs[0];

		memmove(seen.jobs, seen.jobs + 1, --seen.job_count * sizeof(seen.jobs[0]));
		job->done(job, status < 0 ? status : job->work(NULL, job));
	}
}

void
store_works(void)
{
	work(0);
}

void
store_fails(int status)
{
	work(status);
}

void
decided(bool given)
{
	decided_because(given, NULL);
}

void
decided_because(bool given, const char *because)
{
	const struct attendance attendance = {.given = given, .by = "unix:yamada", .files = true};

	seen.waiting.decided(seen.waiting.owner, &attendance, because);
}

void
sign_in_on_screen(void)
{
	introduce("", "");
	type_credentials("taro", "right");
	pam_signs_in();
	device_found(true);
	store_works();
}

void
wait_for_kill(void)
{
	while (seen.killed == CLOSE_NONE)
		uv_run(&loop, UV_RUN_ONCE);
}

uint32_t
penalty_s(void)
{
	return (penalties_left_ms(supervisor.penalties, (const struct sockaddr *)&connection.source,
			clock_boottime_ms()) +
		       999) /
	       1000;
}

const char *
value(size_t at)
{
	const char *text = (const char *)seen.page.values;

	while (at-- > 0)
		text += strlen(text) + 1;
	return text;
}
