/* gateway/supervisor/resumes.c */
#include "supervisor/resumes.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <string.h>

#define GRACE_MS 1000

static const uint8_t one[SESSION_ID_BYTES] = "session number 1";
static const uint8_t other[SESSION_ID_BYTES] = "session number 2"; /* with the same logon id */

static struct resumes *
some_resumes(void)
{
	struct resumes *resumes = resumes_new();

	assert_non_null(resumes);
	return resumes;
}

static struct client_info_cookie
shown(const struct auto_reconnect_cookie *cookie)
{
	struct client_info_cookie client = {.logon_id = cookie->logon_id};

	assert_int_equal(resume_verifier(cookie, client.verifier), 0);
	return client;
}

static struct client_info_cookie
issue(struct resumes *resumes, const uint8_t *session)
{
	struct auto_reconnect_cookie cookie;

	assert_int_equal(resume_issue(resumes, session, &cookie), 0);
	return shown(&cookie);
}

static enum resume_verdict
find(struct resumes *resumes, const struct client_info_cookie *client, int64_t now_ms)
{
	uint8_t session[SESSION_ID_BYTES];

	return resume_find(resumes, client, now_ms, GRACE_MS, session);
}

/* By hmac.new(key, bytes(32), "md5") of Python. */
static void
the_verifier_is_hmac_md5_over_zeros(void **state)
{
	static const uint8_t expected[] = {0xb6, 0x39, 0xc8, 0x73, 0x16, 0x38, 0x61, 0x8b, 0x70,
		0x79, 0x72, 0xaa, 0x6e, 0x96, 0xcf, 0x90};
	const struct auto_reconnect_cookie cookie = {
		.random = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}};
	struct client_info_cookie client = shown(&cookie);

	(void)state;
	assert_memory_equal(client.verifier, expected, sizeof(expected));
}

static void
a_cookie_finds_its_session_among_others(void **state)
{
	struct resumes *resumes = some_resumes();
	struct client_info_cookie first = issue(resumes, one), second = issue(resumes, other);
	uint8_t session[SESSION_ID_BYTES];

	(void)state;
	assert_int_equal(first.logon_id, second.logon_id);
	assert_int_equal(resume_find(resumes, &first, 0, GRACE_MS, session), RESUME_FOUND);
	assert_memory_equal(session, one, sizeof(session));
	assert_int_equal(resume_find(resumes, &second, 0, GRACE_MS, session), RESUME_FOUND);
	assert_memory_equal(session, other, sizeof(session));
	first.verifier[15] ^= 1;
	assert_int_equal(find(resumes, &first, 0), RESUME_WRONG);
	first.logon_id++;
	assert_int_equal(find(resumes, &first, 0), RESUME_UNKNOWN);
	resumes_free(resumes);
}

/* No session has the cookie of zeros, at any time. */
static void
no_cookie_is_known_before_it_was_issued(void **state)
{
	const struct auto_reconnect_cookie nothing = {.logon_id = 0x73736573}; /* "sess" */
	struct client_info_cookie client = shown(&nothing);
	struct resumes *resumes = some_resumes();

	(void)state;
	assert_int_equal(find(resumes, &client, 0), RESUME_UNKNOWN);
	(void)issue(resumes, one);
	assert_int_equal(find(resumes, &client, 0), RESUME_WRONG);
	(void)issue(resumes, one);
	assert_int_equal(find(resumes, &client, 0), RESUME_WRONG);
	resume_given(resumes, one);
	assert_int_equal(find(resumes, &client, 0), RESUME_WRONG);
	resumes_free(resumes);
}

static void
the_old_cookie_is_good_until_the_client_has_the_new_one(void **state)
{
	struct resumes *resumes = some_resumes();
	struct client_info_cookie before, now, never, last;

	(void)state;
	before = issue(resumes, one);
	resume_given(resumes, one);
	never = issue(resumes, one);
	assert_int_equal(find(resumes, &before, 0), RESUME_FOUND);
	assert_int_equal(find(resumes, &never, 0), RESUME_FOUND);
	/* Cut off again before it got that: what it has is still the first. */
	now = issue(resumes, one);
	assert_int_equal(find(resumes, &before, 0), RESUME_FOUND);
	assert_int_equal(find(resumes, &never, 0), RESUME_WRONG);
	resume_given(resumes, one);
	assert_int_equal(find(resumes, &before, 0), RESUME_WRONG);
	assert_int_equal(find(resumes, &now, 0), RESUME_FOUND);
	last = issue(resumes, one);
	resume_given(resumes, one);
	assert_int_equal(find(resumes, &now, 0), RESUME_WRONG);
	assert_int_equal(find(resumes, &last, 0), RESUME_FOUND);
	resumes_free(resumes);
}

/* Its cookie is as good as any other; it is the jump host that wants more. */
static void
a_session_that_needs_its_password_is_told_apart(void **state)
{
	struct resumes *resumes = some_resumes();
	struct client_info_cookie client = issue(resumes, one), kept = issue(resumes, other);

	(void)state;
	resume_needs_password(resumes, one);
	assert_int_equal(find(resumes, &client, 0), RESUME_PASSWORD);
	assert_int_equal(find(resumes, &kept, 0), RESUME_FOUND);
	client.verifier[0] ^= 1;
	assert_int_equal(find(resumes, &client, 0), RESUME_WRONG);
	resumes_free(resumes);
}

static void
only_a_lost_session_is_continued_and_only_for_its_time(void **state)
{
	struct resumes *resumes = some_resumes();
	struct client_info_cookie client;

	(void)state;
	client = issue(resumes, one);
	assert_int_equal(find(resumes, &client, 100 * GRACE_MS), RESUME_FOUND);
	resume_over(resumes, one, END_STATE_LOST, 100 * GRACE_MS);
	assert_int_equal(find(resumes, &client, 101 * GRACE_MS - 1), RESUME_FOUND);
	assert_int_equal(find(resumes, &client, 101 * GRACE_MS), RESUME_UNKNOWN);
	/* It goes on, and its time begins anew when it is lost again. */
	client = issue(resumes, one);
	assert_int_equal(find(resumes, &client, 500 * GRACE_MS), RESUME_FOUND);
	resumes_forget(resumes, 500 * GRACE_MS, GRACE_MS);
	assert_int_equal(resumes_count(resumes), 1);
	resume_over(resumes, one, END_STATE_LOST, 500 * GRACE_MS);
	resumes_forget(resumes, 501 * GRACE_MS - 1, GRACE_MS);
	assert_int_equal(resumes_count(resumes), 1);
	resumes_forget(resumes, 501 * GRACE_MS, GRACE_MS);
	assert_int_equal(resumes_count(resumes), 0);

	for (int state_of = END_STATE_ENDED; state_of <= END_STATE_KILLED; state_of++) {
		client = issue(resumes, one);
		resume_over(resumes, one, (enum end_state)state_of, 0);
		assert_int_equal(find(resumes, &client, 0), RESUME_UNKNOWN);
		assert_int_equal(resumes_count(resumes), 0);
	}
	resumes_free(resumes);
}

static void
each_host_is_shown_its_own_cookie(void **state)
{
	const struct auto_reconnect_cookie hosts = {.logon_id = 4, .random = {7}};
	struct client_info_cookie expected = shown(&hosts), got = {0};
	struct resumes *resumes = some_resumes();

	(void)state;
	/* Of a session that is not there. */
	resume_host_cookie(resumes, one, 3, &hosts);
	assert_false(resume_for_host(resumes, one, 3, &got));
	(void)issue(resumes, one);
	(void)issue(resumes, other);
	assert_false(resume_for_host(resumes, one, 3, &got));
	resume_host_cookie(resumes, one, 3, &hosts);
	assert_false(resume_for_host(resumes, other, 3, &got));
	assert_true(resume_for_host(resumes, one, 3, &got));
	assert_int_equal(got.logon_id, 4);
	/* Nor by another machine that its terminal leads to now. */
	assert_false(resume_for_host(resumes, one, 4, &got));
	assert_memory_equal(got.verifier, expected.verifier, sizeof(got.verifier));
	/* It opens nothing at the gateway. */
	assert_int_not_equal(find(resumes, &got, 0), RESUME_FOUND);
	/* It outlives a lost connection, and no other end. */
	resume_over(resumes, one, END_STATE_LOST, 0);
	assert_true(resume_for_host(resumes, one, 3, &got));
	(void)issue(resumes, one);
	resume_over(resumes, one, END_STATE_ENDED, 0);
	assert_false(resume_for_host(resumes, one, 3, &got));
	resumes_free(resumes);
}

static void
memory_is_bounded(void **state)
{
	struct resumes *resumes = some_resumes();
	struct client_info_cookie first = {0}, second = {0}, client;

	(void)state;
	for (uint32_t i = 0; i < RESUMES_LOST_MOST + 1; i++) {
		uint8_t session[SESSION_ID_BYTES] = {0};

		memcpy(session, &i, sizeof(i));
		client = issue(resumes, session);
		/* The second was lost first. */
		resume_over(resumes, session, END_STATE_LOST, i == 1 ? 0 : (int64_t)i + 1);
		if (i == 0)
			first = client;
		if (i == 1)
			second = client;
	}
	assert_int_equal(resumes_count(resumes), RESUMES_LOST_MOST);
	assert_int_equal(find(resumes, &first, 2), RESUME_FOUND);
	assert_int_equal(find(resumes, &second, 0), RESUME_UNKNOWN);
	resumes_free(resumes);
	resumes_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_verifier_is_hmac_md5_over_zeros),
		cmocka_unit_test(a_cookie_finds_its_session_among_others),
		cmocka_unit_test(no_cookie_is_known_before_it_was_issued),
		cmocka_unit_test(the_old_cookie_is_good_until_the_client_has_the_new_one),
		cmocka_unit_test(a_session_that_needs_its_password_is_told_apart),
		cmocka_unit_test(only_a_lost_session_is_continued_and_only_for_its_time),
		cmocka_unit_test(each_host_is_shown_its_own_cookie),
		cmocka_unit_test(memory_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
