/* A facility for tests of tickets and sessions; see session_fixture.h. */
#include "session_fixture.h"

#include "base/clock.h"
#include "policy/store/sql.h"
#include "slow_vfs.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

int
session_setup(void **state)
{
	slow_vfs_register();
	method_setup(state);
	change(method_terminal_trust, "{\"name\":\"pacs-01\",\"sha256\":\"" PIN "\"}");
	change(method_account_add, "{\"id\":\"taro\",\"family_name\":\"山田\",\"given_name\":"
				   "\"太郎\",\"email\":\"taro@example.jp\","
				   "\"macs\":[\"02:00:00:00:00:01\"],\"terminals\":[\"pacs-01\"]}");
	return 0;
}

/* Whatever a test has done by our own doors, the log says the same as the history. */
int
session_teardown(void **state)
{
	clock_hold(NOON_US, 1000000); /* no checkpoint is due yet */
	fixture_expect_log_whole(&fixture);
	return method_teardown(state);
}

int
do_issue(struct store_db *db, void *argument)
{
	struct issue *issue = argument;

	return ticket_issue(db, &issue->request, &issue->answer);
}

struct issue
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

struct issue
issue_ticket(void)
{
	struct issue issue = issue_with(NULL, NULL);

	assert_int_equal(issue.answer.reason, CLOSE_NONE);
	return issue;
}

int
do_begin(struct store_db *db, void *argument)
{
	struct begin *begin = argument;

	return session_begin(db, &begin->request, &begin->grant);
}

struct begin
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

struct session_grant
begin_with(struct begin *begin)
{
	assert_int_equal(fixture_write(&fixture, do_begin, begin), 0);
	session_grant_done(&begin->grant);
	return begin->grant;
}

struct session_grant
begin_session(const struct issue *issue, uint64_t connection)
{
	struct begin begin = begin_request(issue, connection);

	return begin_with(&begin);
}

int
do_end(struct store_db *db, void *argument)
{
	struct end *end = argument;

	json_decref(end->row);
	end->row = NULL;
	return session_end(db, &end->ending, &end->row);
}

json_t *
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

void
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

int64_t
events_of(const char *kind)
{
	struct {
		const char *kind;
		int64_t count;
	} query = {.kind = kind};

	assert_int_equal(fixture_read(&fixture, count_kind, &query), 0);
	return query.count;
}
