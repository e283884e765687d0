/* Memory that runs out while somebody signs in: a password, a telephone, a used code are kept whole or not at all, nobody
 * is let in by an error. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fail_nth.h"
#include "policy/store/sql.h"
#include "sign_in_fixture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t seed[TOTP_SEED_BYTES] = "12345678901234567890";

static int
setup(void **state)
{
	session_setup(state);
	use_settings(PASSWORD_POLICY_LONG, SECOND_FACTOR_REQUIRED, 5);
	return 0;
}

static void
an_account_is_loaded_whole_or_not_at_all(void **state)
{
	const struct sign_in_note bind = {.what = SIGN_IN_BOUND,
		.typed = "taro",
		.source = OWN_SOURCE,
		.seed = seed,
		.seed_len = sizeof(seed)};
	struct fail_run run;

	(void)state;
	assert_true(keep_note(&bind));
	fail_begin(&run);
	while (fail_next(&run)) {
		struct load load = {.typed = "taro", .source = OWN_SOURCE};
		int r;

		fail_arm(&run);
		r = fixture_read(&fixture, do_load, &load);
		fail_disarm(&run);
		assert_true(r == 0 || (run.hit && r == -ENOMEM));
		if (r < 0)
			continue;
		assert_string_equal(load.account.id, "taro");
		assert_int_equal(load.account.second_factor, SECOND_FACTOR_BOUND);
		assert_memory_equal(load.account.seed, seed, sizeof(seed));
	}
}

/* As it was before the report. */
static int
forget_all(struct store_db *db, void *unused)
{
	int r;

	(void)unused;
	r = sql_run(db, "UPDATE password SET hash = '$y$another'", "");
	if (r == 0)
		r = sql_run(db, "DELETE FROM password_earlier", "");
	if (r == 0)
		r = sql_run(db, "DELETE FROM second_factor", "");
	if (r == 0)
		r = sql_run(db, "DELETE FROM sign_in_failure", "");
	if (r == 0)
		r = sql_run(db, "DELETE FROM sign_in_guess", "");
	if (r == 0)
		r = sql_run(db, "DELETE FROM sign_in_network", "");
	return r;
}

static int64_t
kept(void)
{
	return fixture_number(&fixture,
		"SELECT (SELECT count(*) FROM event) + (SELECT count(*) FROM password_earlier) + "
		"(SELECT count(*) FROM second_factor) + (SELECT coalesce(sum(failures), 0) FROM "
		"sign_in_failure) + (SELECT count(*) FROM sign_in_network)");
}

/* Each report, until it needs no more memory. */
static void
keep_until_it_needs_no_more(const struct sign_in_note *note)
{
	struct fail_run run;

	fail_begin(&run);
	while (fail_next(&run)) {
		struct keep keep = {.note = *note};
		int64_t before = kept();
		int r;

		fail_arm(&run);
		r = fixture_write(&fixture, do_keep, &keep);
		fail_disarm(&run);
		assert_true(r == 0 || (run.hit && r == -ENOMEM));
		if (r < 0)
			assert_int_equal(kept(), before);
		else
			assert_int_equal(keep.accepted, kept() > before);
		assert_int_equal(fixture_write(&fixture, forget_all, NULL), 0);
	}
}

static void
a_password_is_changed_with_its_event_or_not_at_all(void **state)
{
	(void)state;
	keep_until_it_needs_no_more(&(struct sign_in_note){.what = SIGN_IN_PASSWORD_NEW,
		.typed = "taro",
		.source = OWN_SOURCE,
		.hash = OWN_HASH});
}

static void
a_telephone_is_bound_with_its_event_or_not_at_all(void **state)
{
	(void)state;
	keep_until_it_needs_no_more(&(struct sign_in_note){.what = SIGN_IN_BOUND,
		.typed = "taro",
		.source = OWN_SOURCE,
		.seed = seed,
		.seed_len = sizeof(seed)});
}

static void
a_failure_is_counted_or_said_not_to_be(void **state)
{
	(void)state;
	keep_until_it_needs_no_more(&(struct sign_in_note){
		.what = SIGN_IN_PASSWORD_WRONG, .typed = "taro", .source = OWN_SOURCE});
}

static void
a_network_becomes_known_or_does_not(void **state)
{
	(void)state;
	keep_until_it_needs_no_more(&(struct sign_in_note){
		.what = SIGN_IN_RIGHT, .typed = "taro", .source = OWN_SOURCE});
}

struct choice {
	struct sign_in_check check;
	struct terminal_offer *offers;
	size_t count;
};

static int
do_offers(struct store_db *db, void *argument)
{
	struct choice *choice = argument;

	free(choice->offers);
	choice->offers = NULL;
	return sign_in_offers(db, &choice->check, &choice->offers, &choice->count);
}

static void
all_terminals_are_offered_or_none(void **state)
{
	int64_t number = number_of("taro");
	struct fail_run run;

	(void)state;
	for (int i = 0; i < 20; i++) {
		char params[160];

		snprintf(params, sizeof(params),
			"{\"name\":\"t%d\",\"address\":\"10.1.0.1\",\"accounts\":[\"taro\"]}", i);
		change(method_terminal_add, params);
	}
	fail_begin(&run);
	while (fail_next(&run)) {
		struct choice choice = {.check = {.account_number = number, .source = OWN_SOURCE}};
		int r;

		fail_arm(&run);
		r = fixture_read(&fixture, do_offers, &choice);
		fail_disarm(&run);
		assert_true(r == 0 || (run.hit && r == -ENOMEM));
		if (r == 0)
			assert_int_equal(choice.count, 21);
		/* They may have been found before the job failed. */
		free(choice.offers);
	}
}

struct redirecting {
	struct signed_in_request request;
	struct redirect_ticket ticket;
};

static int
do_redirect(struct store_db *db, void *argument)
{
	struct redirecting *redirecting = argument;

	return ticket_issue_redirect(db, &redirecting->request, &redirecting->ticket);
}

static int
do_begin_signed_in(struct store_db *db, void *argument)
{
	struct redirecting *redirecting = argument;
	struct session_grant grant;
	int r = session_begin_signed_in(db, &redirecting->request, &grant);

	redirecting->ticket.reason = grant.reason;
	session_grant_done(&grant);
	return r;
}

static struct redirecting
redirecting_taro(void)
{
	return (struct redirecting){
		.request = {.account_number = number_of("taro"),
			.terminal_number = fixture_number(&fixture, "SELECT number FROM terminal"),
			.source = OWN_SOURCE,
			.device = {
				.known = true, .mac = {{2, 0, 0, 0, 0, 1}}, .kind = "neighbour"}}};
}

static void
begin_until_it_needs_no_more(fixture_work *work, const char *count)
{
	struct redirecting redirecting = redirecting_taro();
	struct fail_run run;

	fail_begin(&run);
	while (fail_next(&run)) {
		int64_t before = fixture_number(&fixture, count);
		int r;

		fail_arm(&run);
		r = fixture_write(&fixture, work, &redirecting);
		fail_disarm(&run);
		assert_true(r == 0 || (run.hit && r == -ENOMEM));
		assert_int_equal(fixture_number(&fixture, count) - before, r == 0 ? 1 : 0);
		if (r == 0)
			assert_int_equal(redirecting.ticket.reason, CLOSE_NONE);
	}
}

static void
a_session_begins_on_the_record_or_not_at_all(void **state)
{
	(void)state;
	begin_until_it_needs_no_more(
		do_begin_signed_in, "SELECT count(*) FROM event WHERE kind = 'session.start'");
}

static void
a_redirection_has_its_ticket_or_none(void **state)
{
	(void)state;
	begin_until_it_needs_no_more(do_redirect, "SELECT count(*) FROM ticket");
}

static int
do_note_unreturned(struct store_db *db, void *argument)
{
	(void)argument;
	return tickets_note_unreturned(db);
}

static void
a_ticket_that_did_not_come_back_is_burnt_with_its_row_or_not_at_all(void **state)
{
	static const char unused[] = "SELECT count(*) FROM ticket WHERE used IS NULL";
	static const char logins[] = "SELECT count(*) FROM event WHERE kind = 'login'";
	struct redirecting redirecting = redirecting_taro();
	struct fail_run run;

	(void)state;
	fail_begin(&run);
	while (fail_next(&run)) {
		int64_t before = fixture_number(&fixture, logins);
		int r;

		if (fixture_number(&fixture, unused) == 0) {
			at_second(0);
			assert_int_equal(fixture_write(&fixture, do_redirect, &redirecting), 0);
			at_second(60);
		}
		fail_arm(&run);
		r = fixture_write(&fixture, do_note_unreturned, NULL);
		fail_disarm(&run);
		assert_true(r == 0 || (run.hit && r == -ENOMEM));
		assert_int_equal(fixture_number(&fixture, unused), r == 0 ? 0 : 1);
		assert_int_equal(fixture_number(&fixture, logins) - before, r == 0 ? 1 : 0);
	}
}

#define IN_OUT(test) cmocka_unit_test_setup_teardown(test, setup, session_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_OUT(an_account_is_loaded_whole_or_not_at_all),
		IN_OUT(a_password_is_changed_with_its_event_or_not_at_all),
		IN_OUT(a_telephone_is_bound_with_its_event_or_not_at_all),
		IN_OUT(a_failure_is_counted_or_said_not_to_be),
		IN_OUT(a_network_becomes_known_or_does_not),
		IN_OUT(all_terminals_are_offered_or_none),
		IN_OUT(a_session_begins_on_the_record_or_not_at_all),
		IN_OUT(a_redirection_has_its_ticket_or_none),
		IN_OUT(a_ticket_that_did_not_come_back_is_burnt_with_its_row_or_not_at_all),
	};

	fail_catch_libraries();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
