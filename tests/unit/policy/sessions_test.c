/* policy/tickets.c, session_begin.c, session_end.c: from a ticket to the row in the history. */
#include "policy/sessions.h"

#include "base/clock.h"
#include "policy/audit.h"
#include "policy/methods.h"
#include "policy/store/event_table.h"
#include "policy/store/sql.h"
#include "slow_vfs.h"
#include "store_fixture.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOON_US INT64_C(1795143600000000) /* 2026-11-20T12:00:00+09:00 */
#define SECOND_US INT64_C(1000000)

static struct store_fixture fixture;

/* Methods, as the control socket would call them. */
struct call {
	method_function *method;
	struct method_call call;
};

static int
call_method(struct store_db *db, void *argument)
{
	struct call *call = argument;

	method_call_reset(&call->call);
	return call->method(db, &call->call);
}

static void
change(method_function *method, const char *params)
{
	struct call call = {.method = method, .call = {.actor = "unix:yamada"}};
	int r;

	call.call.params = json_loads(params, 0, NULL);
	assert_non_null(call.call.params);
	r = fixture_write(&fixture, call_method, &call);
	if (r < 0)
		fail_msg("%s: %s", params, call.call.error.message);
	json_decref(call.call.params);
	method_call_reset(&call.call);
}

static int
setup(void **state)
{
	(void)state;
	clock_hold(NOON_US, 1000000);
	slow_vfs_register();
	fixture_init(&fixture);
	fixture.boot_id = "boot-1";
	fixture_start(&fixture);
	change(method_terminal_add, "{\"name\":\"pacs-01\",\"address\":\"192.168.10.21\"}");
	change(method_terminal_trust,
		"{\"name\":\"pacs-01\",\"sha256\":"
		"\"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\"}");
	change(method_account_add, "{\"id\":\"taro\",\"family_name\":\"山田\",\"given_name\":"
				   "\"太郎\",\"email\":\"taro@example.jp\","
				   "\"macs\":[\"02:00:00:00:00:01\"],\"terminals\":[\"pacs-01\"]}");
	return 0;
}

static int
do_verify(struct store_db *db, void *argument)
{
	return audit_verify(db, argument);
}

static struct audit_report
verify(void)
{
	struct audit_report report;

	assert_int_equal(fixture_read(&fixture, do_verify, &report), 0);
	return report;
}

/* Whatever a test has done by our own doors, the log says the same as the history. */
static int
teardown(void **state)
{
	(void)state;
	clock_hold(NOON_US, 1000000); /* no checkpoint is due yet */
	if (verify().why != NULL)
		fail_msg("event %lld: %s", (long long)verify().bad_event, verify().why);
	fixture_done(&fixture);
	clock_release();
	return 0;
}

struct issue {
	struct ticket_request request;
	struct ticket_answer answer;
};

static int
do_issue(struct store_db *db, void *argument)
{
	struct issue *issue = argument;

	return ticket_issue(db, &issue->request, &issue->answer);
}

static struct issue
issue_with(const char *mac, const char *source)
{
	struct issue issue = {.request = {.actor = "unix:yamada",
				      .account = "998-taro@example.jp",
				      .terminal = "PACS-01",
				      .mac = mac,
				      .source = source}};

	assert_int_equal(fixture_write(&fixture, do_issue, &issue), 0);
	return issue;
}

static struct issue
issue_ticket(void)
{
	struct issue issue = issue_with(NULL, NULL);

	assert_int_equal(issue.answer.reason, CLOSE_NONE);
	return issue;
}

struct begin {
	struct session_request request;
	struct session_grant grant;
};

static int
do_begin(struct store_db *db, void *argument)
{
	struct begin *begin = argument;

	return session_begin(db, &begin->request, &begin->grant);
}

static struct begin
begin_request(const struct issue *issue, uint64_t connection)
{
	return (struct begin){
		.request = {
			.connection = connection,
			.handle = issue->answer.handle,
			.secret = issue->answer.secret,
			.source = "10.0.0.5",
			.device = {.known = true, .mac = {{2, 0, 0, 0, 0, 1}}, .kind = "neighbour"},
		}};
}

static struct session_grant
begin_with(struct begin *begin)
{
	assert_int_equal(fixture_write(&fixture, do_begin, begin), 0);
	session_grant_done(&begin->grant);
	return begin->grant;
}

static struct session_grant
begin_session(const struct issue *issue, uint64_t connection)
{
	struct begin begin = begin_request(issue, connection);

	return begin_with(&begin);
}

struct end {
	struct session_ending ending;
	json_t *row;
};

static int
do_end(struct store_db *db, void *argument)
{
	struct end *end = argument;

	return session_end(db, &end->ending, &end->row);
}

static json_t *
end_session(const struct session_grant *grant, uint64_t connection, enum close_reason reason)
{
	struct end end = {.ending = {.connection = connection,
				  .reason = reason,
				  .phase = PHASE_BRIDGE,
				  .bytes_from_client = 100,
				  .bytes_to_client = 2000}};

	memcpy(end.ending.session, grant->session, SESSION_ID_BYTES);
	if (reason == CLOSE_ADMIN_KILLED) {
		strcpy(end.ending.by, "unix:sato");
		strcpy(end.ending.because, "fire drill");
	}
	assert_int_equal(fixture_write(&fixture, do_end, &end), 0);
	return end.row;
}

static void
expect_text(json_t *row, const char *name, const char *expected)
{
	const char *text = json_string_value(json_object_get(row, name));

	if (expected == NULL)
		assert_true(json_is_null(json_object_get(row, name)));
	else
		assert_string_equal(text, expected);
}

static int
count_kind(struct store_db *db, void *argument)
{
	struct {
		const char *kind;
		int64_t count;
	} *query = argument;
	int r = sql_number(
		db, &query->count, "SELECT count(*) FROM event WHERE kind = ?", "t", query->kind);

	return r < 0 ? r : 0;
}

static int64_t
events_of(const char *kind)
{
	struct {
		const char *kind;
		int64_t count;
	} query = {.kind = kind};

	assert_int_equal(fixture_read(&fixture, count_kind, &query), 0);
	return query.count;
}

static void
ticket_opens_one_session_with_everything_the_worker_needs(void **state)
{
	struct issue issue = issue_ticket();
	struct begin begin = begin_request(&issue, 1);

	(void)state;
	assert_int_equal(issue.answer.handle[0], '+');
	assert_int_equal(strlen(issue.answer.secret), TICKET_SECRET_SIZE - 1);
	assert_int_equal(issue.answer.expires_us, NOON_US + 60 * SECOND_US);
	assert_string_equal(issue.answer.account_full, "998-taro@example.jp");
	assert_int_equal(fixture_write(&fixture, do_begin, &begin), 0);
	assert_int_equal(begin.grant.reason, CLOSE_NONE);
	assert_false(begin.grant.continued);
	assert_string_equal(begin.grant.account, "taro");
	assert_string_equal(begin.grant.account_name, "山田 太郎");
	assert_string_equal(begin.grant.terminal.name, "pacs-01");
	assert_string_equal(begin.grant.terminal.address, "192.168.10.21");
	assert_int_equal(begin.grant.terminal.port, 3389);
	assert_int_equal(begin.grant.terminal.trust, TERMINAL_TRUST_PIN);
	assert_int_equal(begin.grant.terminal.pin[31], 31);
	assert_int_equal(begin.grant.terminal.rights, issue.answer.rights);
	assert_int_equal(events_of("session.start"), 1);
	session_grant_done(&begin.grant);
}

static void
row_tells_the_whole_story(void **state)
{
	struct issue issue = issue_ticket();
	struct session_grant grant = begin_session(&issue, 1);
	json_t *row;

	(void)state;
	clock_hold(NOON_US + 90 * SECOND_US, 1090000);
	row = end_session(&grant, 1, CLOSE_ADMIN_KILLED);
	expect_text(row, "account", "taro");
	expect_text(row, "full_id", "998-taro@example.jp");
	expect_text(row, "name", "山田 太郎");
	expect_text(row, "terminal", "pacs-01");
	expect_text(row, "state", "killed");
	expect_text(row, "reason", "ADMIN_KILLED");
	expect_text(row, "reason_code", "AB");
	expect_text(row, "by", "unix:sato");
	expect_text(row, "because", "fire drill");
	expect_text(row, "source", "10.0.0.5");
	expect_text(row, "device", "02:00:00:00:00:01");
	expect_text(row, "evidence", "neighbour");
	expect_text(row, "start", "2026-11-20T03:00:00.000000Z");
	expect_text(row, "end", "2026-11-20T03:01:30.000000Z");
	assert_int_equal(json_integer_value(json_object_get(row, "duration_seconds")), 90);
	assert_int_equal(json_integer_value(json_object_get(row, "bytes_from_client")), 100);
	assert_int_equal(json_integer_value(json_object_get(row, "bytes_to_client")), 2000);
	assert_int_equal(events_of("session.end"), 1);
	json_decref(row);
}

static void
ending_twice_changes_nothing(void **state)
{
	struct issue issue = issue_ticket();
	struct session_grant grant = begin_session(&issue, 1);
	json_t *row;

	(void)state;
	json_decref(end_session(&grant, 1, CLOSE_HOST_LEFT));
	row = end_session(&grant, 1, CLOSE_ADMIN_KILLED);
	expect_text(row, "reason", "HOST_LEFT");
	assert_int_equal(json_integer_value(json_object_get(row, "bytes_from_client")), 100);
	assert_int_equal(events_of("session.end"), 1);
	json_decref(row);
}

static void
handle_without_its_secret_redeems_and_burns_nothing(void **state)
{
	struct issue issue = issue_ticket();
	struct begin begin = begin_request(&issue, 1);
	static const char *const secrets[] = {
		NULL, "", "x", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"};

	(void)state;
	for (size_t i = 0; i < 8; i++) {
		begin.request.secret = secrets[i % 4];
		assert_int_equal(begin_with(&begin).reason, CLOSE_TICKET_SECRET);
	}
	/* Guessing fills no log. */
	assert_int_equal(events_of("session.refused"), 5);
	assert_int_equal(begin_session(&issue, 2).reason, CLOSE_NONE);
}

static void
unknown_handles_are_refused_without_a_trace_in_the_log(void **state)
{
	struct issue issue = issue_ticket();
	struct begin begin = begin_request(&issue, 1);
	static const char *const handles[] = {
		NULL, "", "+", "+0000000000000000", "'; DROP TABLE ticket; --"};

	(void)state;
	for (size_t i = 0; i < sizeof(handles) / sizeof(handles[0]); i++) {
		begin.request.handle = handles[i];
		assert_int_equal(begin_with(&begin).reason, CLOSE_NO_TICKET);
	}
	assert_int_equal(events_of("session.refused"), 0);
}

static void
ticket_dies_after_60_seconds_of_boot_time(void **state)
{
	struct issue first = issue_ticket(), second = issue_ticket();

	(void)state;
	/* The wall clock may say what it likes. */
	clock_hold(NOON_US - 3600 * SECOND_US, 1000000 + 59999);
	assert_int_equal(begin_session(&first, 1).reason, CLOSE_NONE);
	clock_hold(NOON_US, 1000000 + 60000);
	assert_int_equal(begin_session(&second, 2).reason, CLOSE_TICKET_EXPIRED);
}

static void
ticket_does_not_survive_a_restart_of_the_machine(void **state)
{
	struct issue issue = issue_ticket();

	(void)state;
	fixture_close(&fixture);
	fixture.boot_id = "boot-2";
	clock_hold(NOON_US + SECOND_US, 1000000);
	fixture_start(&fixture);
	assert_int_equal(begin_session(&issue, 1).reason, CLOSE_TICKET_EXPIRED);
}

static void
ticket_bound_to_a_source_opens_from_there_only(void **state)
{
	struct issue issue = issue_with(NULL, "::ffff:10.0.0.5");
	struct issue stolen = issue_with(NULL, "10.0.0.6");
	struct begin begin = begin_request(&stolen, 3);

	(void)state;
	assert_int_equal(begin_session(&issue, 1).reason, CLOSE_NONE);
	assert_int_equal(begin_session(&stolen, 2).reason, CLOSE_TICKET_SOURCE);
	begin.request.source = "10.0.0.6";
	assert_int_equal(begin_with(&begin).reason, CLOSE_NONE);
}

static void
wrong_parameters_of_a_ticket_are_named(void **state)
{
	struct issue issue = {
		.request = {.actor = "unix:yamada", .account = "taro", .terminal = "pacs-01"}};

	(void)state;
	issue.request.mac = "02:00:00:00:00";
	assert_int_equal(fixture_write(&fixture, do_issue, &issue), -EINVAL);
	assert_string_equal(issue.answer.error.field, "mac");
	issue.request.mac = NULL;
	issue.request.source = "hospital";
	assert_int_equal(fixture_write(&fixture, do_issue, &issue), -EINVAL);
	assert_string_equal(issue.answer.error.field, "source");
	issue.request.source = NULL;
	issue.request.account = "ta ro";
	assert_int_equal(fixture_write(&fixture, do_issue, &issue), -EINVAL);
	assert_string_equal(issue.answer.error.field, "id");
}

static void
policy_is_asked_when_a_ticket_is_issued(void **state)
{
	struct issue issue;

	(void)state;
	change(method_account_lock, "{\"id\":\"taro\"}");
	issue = issue_with(NULL, NULL);
	assert_int_equal(issue.answer.reason, CLOSE_ACCOUNT_LOCKED);
	assert_string_equal(issue.answer.rule, "account-locked");
	assert_string_equal(issue.answer.handle, "");
	change(method_account_unlock, "{\"id\":\"taro\"}");
	issue = issue_with("02:00:00:00:00:09", NULL);
	assert_int_equal(issue.answer.reason, CLOSE_DEVICE_REFUSED);
	issue = (struct issue){
		.request = {.actor = "a", .account = "nobody", .terminal = "pacs-01"}};
	assert_int_equal(fixture_write(&fixture, do_issue, &issue), 0);
	assert_int_equal(issue.answer.reason, CLOSE_ACCOUNT_UNKNOWN);
	issue = (struct issue){.request = {.actor = "a", .account = "taro", .terminal = "none"}};
	assert_int_equal(fixture_write(&fixture, do_issue, &issue), 0);
	assert_int_equal(issue.answer.reason, CLOSE_TERMINAL_UNKNOWN);
}

static void
expect_refused_at_redemption(method_function *method, const char *params, enum close_reason reason)
{
	struct issue issue = issue_ticket();

	change(method, params);
	assert_int_equal(begin_session(&issue, 1).reason, reason);
	/* Burnt, whatever the verdict was. */
	assert_int_equal(begin_session(&issue, 1).reason, CLOSE_TICKET_USED);
}

static void
policy_is_asked_again_when_it_is_redeemed(void **state)
{
	(void)state;
	expect_refused_at_redemption(method_account_edit,
		"{\"id\":\"taro\",\"changes\":{\"hours\":\"13:00-14:00\"}}", CLOSE_OUTSIDE_HOURS);
	change(method_account_edit, "{\"id\":\"taro\",\"changes\":{\"hours\":\"always\"}}");
	expect_refused_at_redemption(method_terminal_edit,
		"{\"name\":\"pacs-01\",\"changes\":{\"in_service\":false}}",
		CLOSE_TERMINAL_OUT_OF_SERVICE);
	change(method_terminal_edit, "{\"name\":\"pacs-01\",\"changes\":{\"in_service\":true}}");
	expect_refused_at_redemption(method_account_edit,
		"{\"id\":\"taro\",\"changes\":{\"terminals\":[]}}", CLOSE_TERMINAL_NOT_ASSIGNED);
	change(method_account_edit, "{\"id\":\"taro\",\"changes\":{\"terminals\":[\"pacs-01\"]}}");
	expect_refused_at_redemption(
		method_account_delete, "{\"id\":\"taro\"}", CLOSE_ACCOUNT_UNKNOWN);
	assert_int_equal(events_of("session.refused"), 8);
	assert_int_equal(events_of("session.start"), 0);
}

static void
namesake_of_a_deleted_account_does_not_inherit_its_ticket(void **state)
{
	struct issue issue = issue_ticket();

	(void)state;
	change(method_account_delete, "{\"id\":\"taro\"}");
	change(method_account_add, "{\"id\":\"taro\",\"family_name\":\"別\",\"given_name\":\"人\","
				   "\"email\":\"x@example.jp\","
				   "\"macs\":[\"02:00:00:00:00:01\"],\"terminals\":[\"pacs-01\"]}");
	assert_int_equal(begin_session(&issue, 1).reason, CLOSE_ACCOUNT_UNKNOWN);
}

static void
device_needs_evidence_and_a_place_on_the_list(void **state)
{
	struct issue issue = issue_ticket();
	struct begin begin = begin_request(&issue, 1);

	(void)state;
	begin.request.device.known = false;
	assert_int_equal(begin_with(&begin).reason, CLOSE_DEVICE_UNKNOWN);
	issue = issue_ticket();
	begin = begin_request(&issue, 2);
	begin.request.device.mac.octets[5] = 9;
	assert_int_equal(begin_with(&begin).reason, CLOSE_DEVICE_REFUSED);
}

static void
vouched_address_counts_only_where_the_listener_takes_it(void **state)
{
	struct issue issue = issue_with("02:00:00:00:00:01", NULL);
	struct begin begin = begin_request(&issue, 1);
	struct session_grant grant;

	(void)state;
	begin.request.device.known = false;
	assert_int_equal(begin_with(&begin).reason, CLOSE_DEVICE_UNKNOWN);
	issue = issue_with("02:00:00:00:00:01", NULL);
	begin = begin_request(&issue, 1);
	begin.request.device.known = false;
	begin.request.vouched_accepted = true;
	grant = begin_with(&begin);
	assert_int_equal(grant.reason, CLOSE_NONE);
	assert_string_equal(grant.device.kind, "vouched");
}

static void
allowlist_off_is_marked_in_the_log(void **state)
{
	struct issue issue;
	struct begin begin;
	struct session_grant grant;
	json_t *row;

	(void)state;
	change(method_account_edit,
		"{\"id\":\"taro\",\"changes\":{\"allowlist\":\"off\"},\"because\":\"new laptop\"}");
	issue = issue_ticket();
	begin = begin_request(&issue, 1);
	begin.request.device.known = false;
	grant = begin_with(&begin);
	assert_int_equal(grant.reason, CLOSE_NONE);
	assert_true(grant.allowlist_off);
	row = end_session(&grant, 1, CLOSE_HOST_LEFT);
	expect_text(row, "allowlist", "off");
	expect_text(row, "device", NULL);
	expect_text(row, "evidence", "none");
	json_decref(row);
}

static void
active_session_is_continued_by_its_own_ticket(void **state)
{
	struct issue issue = issue_ticket();
	struct session_grant first = begin_session(&issue, 1), second;
	json_t *row;

	(void)state;
	clock_hold(NOON_US + 3600 * SECOND_US, 1000000 + 3600000);
	second = begin_session(&issue, 2);
	assert_int_equal(second.reason, CLOSE_NONE);
	assert_true(second.continued);
	assert_int_equal(second.older_connection, 1);
	assert_memory_equal(second.session, first.session, SESSION_ID_BYTES);
	/* The older connection ends as it will: the session goes on. */
	row = end_session(&first, 1, CLOSE_CLIENT_LOST);
	expect_text(row, "state", "active");
	json_decref(row);
	row = end_session(&first, 2, CLOSE_CLIENT_LOGGED_OFF);
	expect_text(row, "state", "ended");
	assert_int_equal(json_integer_value(json_object_get(row, "bytes_to_client")), 4000);
	assert_int_equal(json_integer_value(json_object_get(row, "connections")), 2);
	json_decref(row);
	assert_int_equal(events_of("session.start"), 1);
	assert_int_equal(events_of("session.continued"), 1);
	assert_int_equal(events_of("session.end"), 1);
}

static void
lost_session_is_continued_within_the_grace_time_only(void **state)
{
	struct issue issue = issue_ticket();
	struct session_grant grant = begin_session(&issue, 1);

	(void)state;
	json_decref(end_session(&grant, 1, CLOSE_CLIENT_LOST));
	clock_hold(NOON_US, 1000000 + 119999);
	assert_int_equal(begin_session(&issue, 2).reason, CLOSE_NONE);
	json_decref(end_session(&grant, 2, CLOSE_CLIENT_LOST));
	clock_hold(NOON_US, 1000000 + 119999 + 120000);
	assert_int_equal(begin_session(&issue, 3).reason, CLOSE_TICKET_USED);
}

static void
ended_and_killed_sessions_are_not_continued(void **state)
{
	static const enum close_reason reasons[] = {
		CLOSE_CLIENT_LOGGED_OFF, CLOSE_ADMIN_KILLED, CLOSE_ACCOUNT_LOCKED, CLOSE_HOST_LEFT};

	(void)state;
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		struct issue issue = issue_ticket();
		struct session_grant grant = begin_session(&issue, 1);

		json_decref(end_session(&grant, 1, reasons[i]));
		assert_int_equal(begin_session(&issue, 2).reason, CLOSE_TICKET_USED);
	}
}

static void
only_the_same_source_and_device_continue(void **state)
{
	struct issue issue = issue_ticket();
	struct begin begin = begin_request(&issue, 2);

	(void)state;
	change(method_account_edit, "{\"id\":\"taro\",\"changes\":{\"macs\":[\"02:00:00:00:00:01\","
				    "\"02:00:00:00:00:02\"]}}");
	(void)begin_session(&issue, 1);
	begin.request.source = "10.0.0.6";
	assert_int_equal(begin_with(&begin).reason, CLOSE_TICKET_SOURCE);
	begin = begin_request(&issue, 2);
	begin.request.device.mac.octets[5] = 2;
	assert_int_equal(begin_with(&begin).reason, CLOSE_DEVICE_REFUSED);
	begin = begin_request(&issue, 2);
	begin.request.device.known = false;
	assert_int_equal(begin_with(&begin).reason, CLOSE_DEVICE_UNKNOWN);
	begin = begin_request(&issue, 2);
	assert_int_equal(begin_with(&begin).reason, CLOSE_NONE);
}

static void
terminal_takes_as_many_sessions_as_it_may(void **state)
{
	struct issue first = issue_ticket(), second = issue_ticket(), third;
	struct session_grant grant;

	(void)state;
	change(method_terminal_edit, "{\"name\":\"pacs-01\",\"changes\":{\"capacity\":1}}");
	grant = begin_session(&first, 1);
	assert_int_equal(grant.reason, CLOSE_NONE);
	assert_int_equal(begin_session(&second, 2).reason, CLOSE_TERMINAL_FULL);
	/* Whoever is in may come back. */
	assert_int_equal(begin_session(&first, 3).reason, CLOSE_NONE);
	json_decref(end_session(&grant, 3, CLOSE_CLIENT_LOGGED_OFF));
	third = issue_ticket();
	assert_int_equal(begin_session(&third, 4).reason, CLOSE_NONE);
}

struct running_query {
	int64_t account;
	int64_t terminal;
	struct running_verdict *verdicts;
	size_t count;
};

static int
do_running(struct store_db *db, void *argument)
{
	struct running_query *query = argument;

	return session_running_verdicts(
		db, query->account, query->terminal, &query->verdicts, &query->count);
}

static void
expect_running(const struct session_grant *grant, enum close_reason reason)
{
	struct running_query query = {0};

	assert_int_equal(fixture_read(&fixture, do_running, &query), 0);
	assert_int_equal(query.count, reason == CLOSE_NONE ? 0 : 1);
	if (reason != CLOSE_NONE) {
		assert_int_equal(query.verdicts[0].reason, reason);
		assert_memory_equal(query.verdicts[0].session, grant->session, SESSION_ID_BYTES);
	}
	free(query.verdicts);
}

static void
running_rules_end_what_has_lost_its_ground(void **state)
{
	struct issue issue = issue_ticket();
	struct session_grant grant = begin_session(&issue, 1);

	(void)state;
	expect_running(&grant, CLOSE_NONE);
	change(method_account_lock, "{\"id\":\"taro\"}");
	expect_running(&grant, CLOSE_ACCOUNT_LOCKED);
	change(method_account_unlock, "{\"id\":\"taro\"}");
	change(method_terminal_edit,
		"{\"name\":\"pacs-01\",\"changes\":{\"remove_accounts\":[\"taro\"]}}");
	expect_running(&grant, CLOSE_TERMINAL_NOT_ASSIGNED);
	change(method_terminal_edit,
		"{\"name\":\"pacs-01\",\"changes\":{\"add_accounts\":[\"taro\"]}}");
	change(method_account_edit, "{\"id\":\"taro\",\"changes\":{\"macs\":[]}}");
	expect_running(&grant, CLOSE_DEVICE_REFUSED);
	change(method_account_edit,
		"{\"id\":\"taro\",\"changes\":{\"macs\":[\"02:00:00:00:00:01\"]}}");
	change(method_account_edit, "{\"id\":\"taro\",\"changes\":{\"hours\":\"13:00-14:00\"}}");
	expect_running(&grant, CLOSE_NONE);
	change(method_account_edit,
		"{\"id\":\"taro\",\"changes\":{\"valid_until\":\"2026-11-20\"}}");
	expect_running(&grant, CLOSE_NONE);
	clock_hold(NOON_US + 12 * 3600 * SECOND_US, 2000000);
	expect_running(&grant, CLOSE_ACCOUNT_EXPIRED);
	change(method_terminal_delete, "{\"name\":\"pacs-01\"}");
	change(method_account_delete, "{\"id\":\"taro\"}");
	expect_running(&grant, CLOSE_ACCOUNT_UNKNOWN);
}

static void
running_rules_can_be_asked_for_one_account_or_terminal(void **state)
{
	struct issue issue = issue_ticket();
	struct session_grant grant = begin_session(&issue, 1);
	struct running_query query = {.account = grant.account_number};

	(void)state;
	change(method_account_lock, "{\"id\":\"taro\"}");
	assert_int_equal(fixture_read(&fixture, do_running, &query), 0);
	assert_int_equal(query.count, 1);
	free(query.verdicts);
	query = (struct running_query){.terminal = grant.terminal_number};
	assert_int_equal(fixture_read(&fixture, do_running, &query), 0);
	assert_int_equal(query.count, 1);
	free(query.verdicts);
	query = (struct running_query){.account = grant.account_number + 99};
	assert_int_equal(fixture_read(&fixture, do_running, &query), 0);
	assert_int_equal(query.count, 0);
	free(query.verdicts);
}

static int
do_close_left_open(struct store_db *db, void *argument)
{
	return sessions_close_left_open(db, argument);
}

struct row_query {
	const struct session_grant *grant;
	json_t *row;
};

static int
do_row(struct store_db *db, void *argument)
{
	struct row_query *query = argument;

	return session_row(db, query->grant->session, &query->row);
}

static void
what_a_crash_left_open_ends_as_lost(void **state)
{
	struct issue issue = issue_ticket();
	struct session_grant grant = begin_session(&issue, 1);
	struct row_query query = {.grant = &grant};
	json_t *ended = NULL;

	(void)state;
	fixture_close(&fixture);
	clock_hold(NOON_US + 60 * SECOND_US, 1060000);
	fixture_start(&fixture);
	assert_int_equal(fixture_write(&fixture, do_close_left_open, &ended), 0);
	assert_int_equal(json_array_size(ended), 1);
	expect_text(json_array_get(ended, 0), "state", "lost");
	json_decref(ended);
	assert_int_equal(fixture_read(&fixture, do_row, &query), 0);
	expect_text(query.row, "state", "lost");
	expect_text(query.row, "reason", "GATEWAY_DIED");
	expect_text(query.row, "reason_code", "GX");
	expect_text(query.row, "end", "2026-11-20T03:01:00.000000Z");
	json_decref(query.row);
	assert_int_equal(fixture_write(&fixture, do_close_left_open, &ended), 0);
	assert_int_equal(json_array_size(ended), 0);
	json_decref(ended);
}

static int
begin_then_fail(struct store_db *db, void *argument)
{
	struct begin *begin = argument;
	int r = session_begin(db, &begin->request, &begin->grant);

	session_grant_done(&begin->grant);
	return r < 0 ? r : -EPERM;
}

static void
verdict_ticket_and_start_are_kept_together_or_not_at_all(void **state)
{
	struct issue issue = issue_ticket();
	struct begin begin = begin_request(&issue, 1);

	(void)state;
	assert_int_equal(fixture_write(&fixture, begin_then_fail, &begin), -EPERM);
	assert_int_equal(events_of("session.start"), 0);
	assert_int_equal(begin_session(&issue, 2).reason, CLOSE_NONE);
}

static void
session_taken_out_of_the_history_is_missed(void **state)
{
	struct issue issue = issue_ticket();

	(void)state;
	(void)begin_session(&issue, 1);
	fixture_sql(&fixture, "CREATE TABLE kept AS SELECT * FROM session; DELETE FROM session");
	assert_non_null(strstr(verify().why, "missing from the connection history"));
	fixture_sql(&fixture, "INSERT INTO session SELECT * FROM kept; DROP TABLE kept");
}

static void
full_disk_begins_no_session(void **state)
{
	struct issue issue = issue_ticket();
	struct begin begin = begin_request(&issue, 1);
	int r;

	(void)state;
	for (int at = 0; at < 3; at++) {
		slow_vfs.writes_left = at;
		r = fixture_write(&fixture, do_begin, &begin);
		slow_vfs.writes_left = -1;
		session_grant_done(&begin.grant);
		assert_int_equal(r, -ENOSPC);
		assert_int_equal(events_of("session.start"), 0);
	}
	assert_int_equal(begin_session(&issue, 2).reason, CLOSE_NONE);
}

#define IN_OUT(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_OUT(ticket_opens_one_session_with_everything_the_worker_needs),
		IN_OUT(row_tells_the_whole_story),
		IN_OUT(ending_twice_changes_nothing),
		IN_OUT(handle_without_its_secret_redeems_and_burns_nothing),
		IN_OUT(unknown_handles_are_refused_without_a_trace_in_the_log),
		IN_OUT(ticket_dies_after_60_seconds_of_boot_time),
		IN_OUT(ticket_does_not_survive_a_restart_of_the_machine),
		IN_OUT(ticket_bound_to_a_source_opens_from_there_only),
		IN_OUT(wrong_parameters_of_a_ticket_are_named),
		IN_OUT(policy_is_asked_when_a_ticket_is_issued),
		IN_OUT(policy_is_asked_again_when_it_is_redeemed),
		IN_OUT(namesake_of_a_deleted_account_does_not_inherit_its_ticket),
		IN_OUT(device_needs_evidence_and_a_place_on_the_list),
		IN_OUT(vouched_address_counts_only_where_the_listener_takes_it),
		IN_OUT(allowlist_off_is_marked_in_the_log),
		IN_OUT(active_session_is_continued_by_its_own_ticket),
		IN_OUT(lost_session_is_continued_within_the_grace_time_only),
		IN_OUT(ended_and_killed_sessions_are_not_continued),
		IN_OUT(only_the_same_source_and_device_continue),
		IN_OUT(terminal_takes_as_many_sessions_as_it_may),
		IN_OUT(running_rules_end_what_has_lost_its_ground),
		IN_OUT(running_rules_can_be_asked_for_one_account_or_terminal),
		IN_OUT(what_a_crash_left_open_ends_as_lost),
		IN_OUT(session_taken_out_of_the_history_is_missed),
		IN_OUT(full_disk_begins_no_session),
		IN_OUT(verdict_ticket_and_start_are_kept_together_or_not_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
