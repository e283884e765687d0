/* policy/session_signed_in.c and ticket_redirect.c: from a sign-in to a session, at once or by way of a redirection. */
#include "policy/sign_in.h"

#include "base/clock.h"
#include "policy/rights.h"
#include "sign_in_fixture.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct attendance consent = {
	.given = true, .by = "unix:yamada", .control = true, .number = 7};

struct signed_in {
	struct signed_in_request request;
	struct session_grant grant;
	struct redirect_ticket ticket;
};

static int
do_begin_signed_in(struct store_db *db, void *argument)
{
	struct signed_in *signed_in = argument;

	return session_begin_signed_in(db, &signed_in->request, &signed_in->grant);
}

static int
do_redirect(struct store_db *db, void *argument)
{
	struct signed_in *signed_in = argument;

	return ticket_issue_redirect(db, &signed_in->request, &signed_in->ticket);
}

static struct signed_in
signed_in(const struct attendance *attendance)
{
	return (struct signed_in){
		.request = {
			.connection = 9,
			.account_number = number_of("taro"),
			.terminal_number = fixture_number(
				&fixture, "SELECT number FROM terminal WHERE name = 'pacs-01'"),
			.source = OWN_SOURCE,
			.device = {.known = true, .mac = {{2, 0, 0, 0, 0, 1}}, .kind = "neighbour"},
			.attendance = attendance,
		}};
}

static struct session_grant
begin(struct signed_in *signed_in)
{
	assert_int_equal(fixture_write(&fixture, do_begin_signed_in, signed_in), 0);
	session_grant_done(&signed_in->grant);
	return signed_in->grant;
}

static void
require_attendance(void)
{
	fixture_sql(&fixture, "UPDATE terminal SET attendance_required = 1");
}

static int
do_row(struct store_db *db, void *argument)
{
	struct signed_in *signed_in = argument;
	json_t *row = NULL;
	int r = session_row(db, signed_in->grant.session, &row);

	if (r == 0) {
		expect_text(row, "let_in_by", "unix:yamada");
		assert_true(json_is_true(json_object_get(row, "let_in_control")));
		assert_true(json_is_false(json_object_get(row, "let_in_files")));
		json_decref(row);
	}
	return r;
}

static void
who_has_signed_in_gets_a_session_and_a_login(void **state)
{
	struct signed_in taro = signed_in(NULL);
	struct session_grant grant = begin(&taro);
	json_t *login, *row;

	(void)state;
	assert_int_equal(grant.reason, CLOSE_NONE);
	assert_string_equal(grant.account, "taro");
	assert_string_equal(grant.terminal.name, "pacs-01");
	assert_false(grant.attendance.given);
	assert_int_equal(events_of("session.start"), 1);
	login = newest_login();
	expect_text(login, "result", "accepted");
	expect_text(login, "account", "taro");
	json_decref(login);
	row = end_session(&grant, 9, CLOSE_CLIENT_LOGGED_OFF);
	expect_text(row, "state", "ended");
	expect_text(row, "ticket", "");
	expect_text(row, "let_in_by", NULL);
	json_decref(row);
}

static void
a_refusal_is_recorded_and_logged(void **state)
{
	struct signed_in taro = signed_in(NULL);
	json_t *login;

	(void)state;
	change(method_account_lock, "{\"id\":\"taro\"}");
	assert_int_equal(begin(&taro).reason, CLOSE_ACCOUNT_LOCKED);
	assert_string_equal(taro.grant.rule, "account-locked");
	assert_int_equal(events_of("session.refused"), 1);
	login = newest_login();
	expect_text(login, "reason", "ACCOUNT_LOCKED");
	json_decref(login);
	taro.request.logging = LOGIN_UNLOGGED;
	assert_int_equal(begin(&taro).reason, CLOSE_ACCOUNT_LOCKED);
	assert_int_equal(events_of("session.refused"), 1);
	assert_int_equal(events_of("login"), 1);
	assert_int_equal(events_of("session.start"), 0);
}

static int
do_running(struct store_db *db, void *argument)
{
	struct running_verdict *verdicts = NULL;
	int r = session_running_verdicts(db, 0, 0, &verdicts, argument);

	free(verdicts);
	return r;
}

static size_t
sessions_that_must_end(void)
{
	size_t count = 0;

	assert_int_equal(fixture_read(&fixture, do_running, &count), 0);
	return count;
}

/* Who let somebody in stands in the row and its events; the session goes on when the rules are asked again. */
static void
consent_opens_what_needs_it_and_stays_with_the_session(void **state)
{
	struct signed_in taro = signed_in(NULL);
	struct session_grant grant;

	(void)state;
	change(method_terminal_edit,
		"{\"name\":\"pacs-01\",\"changes\":{\"allow\":[\"clipboard-in\",\"drives-in\"]}}");
	require_attendance();
	assert_int_equal(begin(&taro).reason, CLOSE_ATTENDANCE_MISSING);
	taro.request.attendance = &(struct attendance){.by = "unix:yamada"};
	assert_int_equal(begin(&taro).reason, CLOSE_ATTENDANCE_MISSING);
	taro.request.attendance = &consent;
	grant = begin(&taro);
	assert_int_equal(grant.reason, CLOSE_NONE);
	assert_string_equal(grant.attendance.by, "unix:yamada");
	assert_int_equal(grant.terminal.rights, SESSION_RIGHT_SOUND);
	assert_int_equal(fixture_read(&fixture, do_row, &taro), 0);
	assert_int_equal(sessions_that_must_end(), 0);
	json_decref(end_session(&grant, 9, CLOSE_CLIENT_LOGGED_OFF));
}

static void
files_pass_where_they_were_consented_to(void **state)
{
	const struct attendance files = {
		.given = true, .by = "unix:yamada", .control = true, .files = true};
	struct signed_in taro = signed_in(&files);

	(void)state;
	change(method_terminal_edit,
		"{\"name\":\"pacs-01\",\"changes\":{\"allow\":[\"clipboard-in\"]}}");
	require_attendance();
	assert_true((begin(&taro).terminal.rights & SESSION_RIGHT_CLIPBOARD_IN) != 0);
}

/* Whoever says in the database that somebody else, or nobody, let a session in is found. */
static void
who_let_in_cannot_be_changed_unnoticed(void **state)
{
	struct signed_in taro = signed_in(&consent);

	(void)state;
	assert_int_equal(begin(&taro).reason, CLOSE_NONE);
	fixture_sql(&fixture, "UPDATE session SET let_in_by = 'unix:sato'");
	assert_int_not_equal(fixture_verify(&fixture).found, 0);
	fixture_sql(&fixture, "UPDATE session SET let_in_by = NULL");
	assert_int_not_equal(fixture_verify(&fixture).found, 0);
	fixture_sql(&fixture, "UPDATE session SET let_in_by = 'unix:yamada', let_in_files = 1");
	assert_int_not_equal(fixture_verify(&fixture).found, 0);
	fixture_sql(&fixture, "UPDATE session SET let_in_files = 0");
	assert_int_equal(fixture_verify(&fixture).found, 0);
}

static struct redirect_ticket
redirect(struct signed_in *signed_in)
{
	assert_int_equal(fixture_write(&fixture, do_redirect, signed_in), 0);
	return signed_in->ticket;
}

/* The client that comes back: its secret is the number. */
struct back {
	struct begin begin;
	char secret[16];
};

static struct session_grant
come_back(struct back *back, const struct redirect_ticket *ticket, int64_t off)
{
	snprintf(back->secret, sizeof(back->secret), "%" PRIu32, (uint32_t)(ticket->session + off));
	back->begin.request = (struct session_request){
		.connection = 10,
		.handle = ticket->handle,
		.secret = back->secret,
		.source = back->begin.request.source != NULL ? back->begin.request.source
							     : OWN_SOURCE,
		.device = back->begin.request.device.known ? back->begin.request.device
							   : (struct device_evidence){.known = true,
								     .mac = {{2, 0, 0, 0, 0, 1}},
								     .kind = "neighbour"},
	};
	return begin_with(&back->begin);
}

static void
a_redirected_client_begins_its_session_with_the_consent(void **state)
{
	struct signed_in taro = signed_in(&consent);
	struct redirect_ticket ticket;
	struct session_grant grant;
	struct back back = {0};

	(void)state;
	require_attendance();
	ticket = redirect(&taro);
	assert_int_equal(ticket.reason, CLOSE_NONE);
	assert_int_equal(ticket.handle[0], '+');
	assert_int_not_equal(ticket.session, 0);
	assert_int_equal(events_of("login"), 0);
	grant = come_back(&back, &ticket, 0);
	assert_int_equal(grant.reason, CLOSE_NONE);
	assert_string_equal(grant.attendance.by, "unix:yamada");
	assert_int_equal(events_of("login"), 1);
	/* The same client comes back: the session goes on, and so does the consent. */
	back.begin.request.connection = 11;
	grant = come_back(&back, &ticket, 0);
	assert_int_equal(grant.reason, CLOSE_NONE);
	assert_true(grant.continued);
	assert_string_equal(grant.attendance.by, "unix:yamada");
	json_decref(end_session(&grant, 10, CLOSE_CLIENT_LOGGED_OFF));
	assert_int_equal(come_back(&back, &ticket, 0).reason, CLOSE_TICKET_USED);
}

static void
a_redirection_is_refused_where_a_session_would_be(void **state)
{
	struct signed_in taro = signed_in(NULL);
	struct redirect_ticket ticket;

	(void)state;
	require_attendance();
	ticket = redirect(&taro);
	assert_int_equal(ticket.reason, CLOSE_ATTENDANCE_MISSING);
	assert_string_equal(ticket.rule, "attended");
	assert_string_equal(ticket.handle, "");
	assert_int_equal(fixture_number(&fixture, "SELECT count(*) FROM ticket"), 0);
	assert_int_equal(events_of("login"), 1);
}

static void
three_wrong_numbers_burn_it(void **state)
{
	struct signed_in taro = signed_in(NULL);
	struct redirect_ticket ticket = redirect(&taro);
	struct back back = {0};

	(void)state;
	assert_int_equal(come_back(&back, &ticket, 1).reason, CLOSE_TICKET_SECRET);
	assert_int_equal(come_back(&back, &ticket, 2).reason, CLOSE_TICKET_SECRET);
	assert_int_equal(come_back(&back, &ticket, 3).reason, CLOSE_TICKET_SECRET);
	assert_int_equal(come_back(&back, &ticket, 0).reason, CLOSE_TICKET_USED);
	ticket = redirect(&taro);
	assert_int_equal(come_back(&back, &ticket, 1).reason, CLOSE_TICKET_SECRET);
	assert_int_equal(come_back(&back, &ticket, 2).reason, CLOSE_TICKET_SECRET);
	assert_int_equal(come_back(&back, &ticket, 0).reason, CLOSE_NONE);
	/* Nor does its session let anybody try on. */
	assert_int_equal(come_back(&back, &ticket, 1).reason, CLOSE_TICKET_SECRET);
	assert_int_equal(come_back(&back, &ticket, 0).reason, CLOSE_TICKET_USED);
}

/* The handle is public: from elsewhere it neither opens nor burns anything, with the right number or a wrong one. */
static void
a_stolen_ticket_is_worth_nothing_elsewhere(void **state)
{
	struct signed_in taro = signed_in(NULL);
	struct redirect_ticket ticket = redirect(&taro);
	struct back thief = {.begin = {.request = {.source = "10.0.0.66"}}}, back = {0};

	(void)state;
	for (int64_t i = 0; i < 8; i++)
		assert_int_equal(come_back(&thief, &ticket, i).reason, CLOSE_TICKET_SOURCE);
	assert_int_equal(come_back(&back, &ticket, 0).reason, CLOSE_NONE);
}

static void
another_device_does_not_get_in_with_it(void **state)
{
	struct back back = {.begin = {.request = {.device = {.known = true,
							  .mac = {{2, 0, 0, 0, 0, 2}},
							  .kind = "lease"}}}};
	struct signed_in taro = signed_in(NULL);
	struct redirect_ticket ticket;

	(void)state;
	fixture_sql(&fixture, "UPDATE account SET allowlist_enforced = 0");
	ticket = redirect(&taro);
	assert_int_equal(come_back(&back, &ticket, 0).reason, CLOSE_DEVICE_REFUSED);
	assert_string_equal(back.begin.grant.rule, "same-device");
}

static void
it_dies_after_its_time(void **state)
{
	struct signed_in taro = signed_in(NULL);
	struct redirect_ticket ticket;
	struct back back = {0};

	(void)state;
	at_second(0);
	ticket = redirect(&taro);
	at_second(60);
	assert_int_equal(come_back(&back, &ticket, 0).reason, CLOSE_TICKET_EXPIRED);
}

struct withdrawal {
	const char *handle;
	bool withdrawn;
};

static int
do_withdraw(struct store_db *db, void *argument)
{
	struct withdrawal *withdrawal = argument;

	return ticket_withdraw_redirect(db, withdrawal->handle, &withdrawal->withdrawn);
}

static void
a_client_that_stayed_cannot_use_it_any_more(void **state)
{
	struct signed_in taro = signed_in(NULL);
	struct redirect_ticket ticket = redirect(&taro);
	struct withdrawal withdrawal = {.handle = ticket.handle};
	struct back back = {0};

	(void)state;
	assert_int_equal(fixture_write(&fixture, do_withdraw, &withdrawal), 0);
	assert_true(withdrawal.withdrawn);
	assert_int_equal(come_back(&back, &ticket, 0).reason, CLOSE_TICKET_USED);
}

static void
what_has_been_used_is_not_withdrawn(void **state)
{
	struct signed_in taro = signed_in(NULL);
	struct redirect_ticket ticket = redirect(&taro);
	struct withdrawal withdrawal = {.handle = ticket.handle, .withdrawn = true};
	struct back back = {0};

	(void)state;
	assert_int_equal(come_back(&back, &ticket, 0).reason, CLOSE_NONE);
	assert_int_equal(fixture_write(&fixture, do_withdraw, &withdrawal), 0);
	assert_false(withdrawal.withdrawn);
	/* It goes on as before. */
	assert_true(come_back(&back, &ticket, 0).continued);
}

static int
do_note_unreturned(struct store_db *db, void *argument)
{
	(void)argument;
	return tickets_note_unreturned(db);
}

static void
note_unreturned(void)
{
	assert_int_equal(fixture_write(&fixture, do_note_unreturned, NULL), 0);
}

/* Once: the ticket is burnt with it, and whoever brings it then is too late. */
static void
who_never_comes_back_is_in_the_login_log(void **state)
{
	struct signed_in taro = signed_in(NULL);
	struct redirect_ticket ticket;
	struct back back = {0};
	json_t *login;

	(void)state;
	at_second(0);
	ticket = redirect(&taro);
	at_second(59);
	note_unreturned();
	assert_int_equal(events_of("login"), 0);
	at_second(60);
	note_unreturned();
	note_unreturned();
	assert_int_equal(events_of("login"), 1);
	login = newest_login();
	expect_text(login, "result", "refused");
	expect_text(login, "reason", "REDIRECT_LOST");
	expect_text(login, "account", "taro");
	expect_text(login, "source", OWN_SOURCE);
	json_decref(login);
	assert_int_equal(come_back(&back, &ticket, 0).reason, CLOSE_TICKET_USED);
}

/* A restart of the machine ends every ticket; a gateway that was off for days has its rows to write. */
static void
who_never_comes_back_is_not_forgotten_by_a_restart(void **state)
{
	struct signed_in taro = signed_in(NULL);

	(void)state;
	at_second(0);
	(void)redirect(&taro);
	fixture_sql(&fixture, "UPDATE ticket SET boot = 'before'");
	at_second(3 * 24 * 60 * 60);
	(void)redirect(&taro); /* which forgets the old ones */
	note_unreturned();
	assert_int_equal(events_of("login"), 1);
	(void)redirect(&taro);
	assert_int_equal(fixture_number(&fixture, "SELECT count(*) FROM ticket"), 2);
}

/* Each attempt has one row: that of the session, of a refusal, of the client that stayed. */
static void
who_came_back_or_stayed_is_not_logged_as_lost(void **state)
{
	struct signed_in taro = signed_in(NULL);
	struct redirect_ticket ticket;
	struct withdrawal withdrawal = {.handle = ticket.handle};
	struct issue issued = issue_ticket();
	struct back back = {0};

	(void)state;
	(void)issued; /* of a person, who may throw it away */
	at_second(0);
	ticket = redirect(&taro);
	assert_int_equal(come_back(&back, &ticket, 0).reason, CLOSE_NONE);
	ticket = redirect(&taro);
	assert_int_equal(fixture_write(&fixture, do_withdraw, &withdrawal), 0);
	ticket = redirect(&taro);
	at_second(60);
	assert_int_equal(come_back(&back, &ticket, 0).reason, CLOSE_TICKET_EXPIRED);
	note_unreturned();
	assert_int_equal(events_of("login"), 2);
}

#define IN_OUT(test) cmocka_unit_test_setup_teardown(test, session_setup, session_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_OUT(who_has_signed_in_gets_a_session_and_a_login),
		IN_OUT(a_refusal_is_recorded_and_logged),
		IN_OUT(consent_opens_what_needs_it_and_stays_with_the_session),
		IN_OUT(files_pass_where_they_were_consented_to),
		IN_OUT(who_let_in_cannot_be_changed_unnoticed),
		IN_OUT(a_redirected_client_begins_its_session_with_the_consent),
		IN_OUT(a_redirection_is_refused_where_a_session_would_be),
		IN_OUT(three_wrong_numbers_burn_it),
		IN_OUT(a_stolen_ticket_is_worth_nothing_elsewhere),
		IN_OUT(another_device_does_not_get_in_with_it),
		IN_OUT(it_dies_after_its_time),
		IN_OUT(a_client_that_stayed_cannot_use_it_any_more),
		IN_OUT(what_has_been_used_is_not_withdrawn),
		IN_OUT(who_never_comes_back_is_in_the_login_log),
		IN_OUT(who_never_comes_back_is_not_forgotten_by_a_restart),
		IN_OUT(who_came_back_or_stayed_is_not_logged_as_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
