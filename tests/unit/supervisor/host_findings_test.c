/* gateway/supervisor/host_findings.c: what the answers of a jump host mean. */
#include "supervisor/host_findings.h"

#include "rdp/x224.h"
#include "relay/host_certificate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct health_limits limits = {.certificate_us = 30 * INT64_C(86400000000)};
static struct host_findings findings;

static struct msg_host_report
answers(uint8_t answer, uint32_t value)
{
	struct msg_host_report report = {.reason = CLOSE_CHECK_DONE, .answer = answer};

	*(answer == HOST_SELECTED ? &report.protocol : &report.failure) = value;
	return report;
}

static bool
take(enum host_question question, struct msg_host_report report)
{
	return host_findings_take(&findings, question, CLOSE_CHECK_DONE, "", &report);
}

static struct msg_host_report
secured(uint32_t protocol, enum host_judged judged)
{
	struct msg_host_report report = answers(HOST_SELECTED, protocol);

	report.sha256_len = 32;
	report.judged = (uint8_t)judged;
	report.not_before = 1000;
	report.not_after = 100 * 86400;
	return report;
}

static void
a_windows_host_that_takes_everything(void **state)
{
	(void)state;
	assert_true(host_wants_tls(&(struct host_findings){0}, HOST_QUESTION_TLS));
	assert_true(take(HOST_QUESTION_TLS, secured(RDP_PROTOCOL_SSL, HOST_IS_TRUSTED)));
	assert_false(host_wants_tls(&findings, HOST_QUESTION_NLA));
	assert_true(take(HOST_QUESTION_NLA, answers(HOST_SELECTED, RDP_PROTOCOL_HYBRID)));
	assert_true(take(HOST_QUESTION_NLA_EX, answers(HOST_SELECTED, RDP_PROTOCOL_HYBRID_EX)));
	assert_true(take(HOST_QUESTION_RDSTLS, answers(HOST_SELECTED, RDP_PROTOCOL_SSL)));
	assert_true(take(HOST_QUESTION_RDP, answers(HOST_FAILED, RDP_FAILURE_SSL_REQUIRED)));
	assert_int_equal(findings.offers[HOST_QUESTION_TLS], HOST_OFFER_YES);
	assert_int_equal(findings.offers[HOST_QUESTION_NLA], HOST_OFFER_YES);
	assert_int_equal(findings.offers[HOST_QUESTION_NLA_EX], HOST_OFFER_YES);
	assert_int_equal(findings.offers[HOST_QUESTION_RDSTLS], HOST_OFFER_NO);
	assert_int_equal(findings.offers[HOST_QUESTION_RDP], HOST_OFFER_NO);
	assert_int_equal(findings.offers[HOST_QUESTION_RDSAAD], HOST_OFFER_UNKNOWN);
	assert_int_equal(findings.reason, CLOSE_CHECK_DONE);
	assert_int_equal(
		host_findings_warnings(&findings, TERMINAL_TRUST_PIN, &limits, 2000000000), 0);
	assert_int_equal(
		host_findings_warnings(&findings, TERMINAL_TRUST_NONE, &limits, 2000000000),
		WARNING_BIT(NOT_TRUSTED));
}

static void
a_host_that_takes_nla_only_shows_its_certificate_all_the_same(void **state)
{
	(void)state;
	assert_true(take(HOST_QUESTION_TLS, answers(HOST_FAILED, RDP_FAILURE_HYBRID_REQUIRED)));
	assert_int_equal(findings.reason, CLOSE_HOST_NO_TLS);
	assert_true(host_wants_tls(&findings, HOST_QUESTION_NLA));
	assert_true(take(HOST_QUESTION_NLA, secured(RDP_PROTOCOL_HYBRID, HOST_IS_ANOTHER)));
	assert_int_equal(findings.offers[HOST_QUESTION_TLS], HOST_OFFER_NO);
	assert_int_equal(findings.offers[HOST_QUESTION_NLA], HOST_OFFER_YES);
	assert_int_equal(host_findings_warnings(&findings, TERMINAL_TRUST_PIN, &limits, 2000000000),
		WARNING_BIT(NO_TLS) | WARNING_BIT(CERTIFICATE_CHANGED));
}

static void
an_old_host_answers_without_negotiation(void **state)
{
	(void)state;
	assert_true(take(HOST_QUESTION_TLS, answers(HOST_SAID_PLAIN, 0)));
	assert_true(take(HOST_QUESTION_RDP, answers(HOST_SAID_PLAIN, 0)));
	assert_int_equal(findings.offers[HOST_QUESTION_TLS], HOST_OFFER_NO);
	assert_int_equal(findings.offers[HOST_QUESTION_RDP], HOST_OFFER_YES);
	assert_int_equal(findings.reason, CLOSE_HOST_NO_TLS);
}

static void
what_does_not_answer_is_not_asked_on(void **state)
{
	(void)state;
	assert_false(host_findings_take(
		&findings, HOST_QUESTION_TLS, CLOSE_HOST_UNREACHABLE, "connection refused", NULL));
	assert_string_equal(
		findings.why, "the jump host did not accept the connection: connection refused");
	assert_int_equal(host_findings_warnings(&findings, TERMINAL_TRUST_NONE, &limits, 0),
		WARNING_BIT(UNREACHABLE));
	/* One that has answered, and is silent at a later question, is left alone too. */
	assert_true(take(HOST_QUESTION_TLS, secured(RDP_PROTOCOL_SSL, HOST_IS_TRUSTED)));
	assert_false(
		host_findings_take(&findings, HOST_QUESTION_NLA, CLOSE_HOST_TOO_SLOW, "", NULL));
	assert_int_equal(findings.offers[HOST_QUESTION_NLA], HOST_OFFER_UNKNOWN);
}

static void
tls_that_fails_is_told_and_not_tried_twice(void **state)
{
	struct msg_host_report report = answers(HOST_SELECTED, RDP_PROTOCOL_SSL);

	(void)state;
	assert_true(host_findings_take(&findings, HOST_QUESTION_TLS, CLOSE_HOST_TLS_FAILED,
		"unsupported protocol", &report));
	assert_false(host_wants_tls(&findings, HOST_QUESTION_NLA));
	assert_true(findings.seen.reachable);
	assert_int_equal(host_findings_warnings(&findings, TERMINAL_TRUST_PIN, &limits, 0),
		WARNING_BIT(NO_TLS));
}

static void
one_look_alone_tells_reachable_tls_and_certificate(void **state)
{
	struct msg_host_report report = secured(RDP_PROTOCOL_HYBRID_EX, HOST_IS_ANOTHER);
	char why[HEALTH_WHY_SIZE];
	struct host_seen seen;

	(void)state;
	host_seen_by_look(CLOSE_CHECK_DONE, "", &report, why, &seen);
	assert_true(seen.reachable && seen.has_certificate && seen.another && !seen.no_tls);
	report = answers(HOST_SELECTED, RDP_PROTOCOL_RDP);
	host_seen_by_look(CLOSE_CHECK_DONE, "", &report, why, &seen);
	assert_true(seen.reachable && seen.no_tls && !seen.has_certificate);
	assert_string_equal(seen.why, "the jump host does not offer TLS");
	host_seen_by_look(CLOSE_HOST_NOT_RDP, "", NULL, why, &seen);
	assert_false(seen.reachable || seen.no_tls);
	assert_true(host_spoke(CLOSE_HOST_TOO_SLOW));
	assert_false(host_spoke(CLOSE_NO_WORKER) || host_spoke(CLOSE_STOPPING));
}

static void
a_certificate_without_end_counts_as_one_of_the_year_9999(void **state)
{
	struct msg_host_report report = secured(RDP_PROTOCOL_SSL, HOST_NOT_COMPARED);
	char why[HEALTH_WHY_SIZE];
	struct host_seen seen;

	(void)state;
	report.not_after = UINT64_MAX;
	host_seen_by_look(CLOSE_CHECK_DONE, "", &report, why, &seen);
	assert_int_equal(seen.not_after_us, INT64_C(253402300799000000));
}

static void
every_question_asks_for_what_would_be_a_yes(void **state)
{
	(void)state;
	for (int i = 0; i < HOST_QUESTION_COUNT; i++) {
		uint32_t ask = host_question_protocols((enum host_question)i);

		/* 2.2.1.1.1: HYBRID wants SSL beside it, HYBRID_EX wants HYBRID. */
		if ((ask & RDP_PROTOCOL_HYBRID_EX) != 0)
			assert_true((ask & RDP_PROTOCOL_HYBRID) != 0);
		if ((ask & RDP_PROTOCOL_HYBRID) != 0)
			assert_true((ask & RDP_PROTOCOL_SSL) != 0);
	}
	assert_string_equal(host_question_name(HOST_QUESTION_NLA_EX), "nla-ex");
}

static int
start(void **state)
{
	(void)state;
	memset(&findings, 0, sizeof(findings));
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_windows_host_that_takes_everything, start),
		cmocka_unit_test_setup(
			a_host_that_takes_nla_only_shows_its_certificate_all_the_same, start),
		cmocka_unit_test_setup(an_old_host_answers_without_negotiation, start),
		cmocka_unit_test_setup(what_does_not_answer_is_not_asked_on, start),
		cmocka_unit_test_setup(tls_that_fails_is_told_and_not_tried_twice, start),
		cmocka_unit_test_setup(one_look_alone_tells_reachable_tls_and_certificate, start),
		cmocka_unit_test_setup(
			a_certificate_without_end_counts_as_one_of_the_year_9999, start),
		cmocka_unit_test_setup(every_question_asks_for_what_would_be_a_yes, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
