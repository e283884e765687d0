/* gateway/relay/look_at_host.c: a jump host without a client is asked one question, and what it answered is reported however
 * it ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fakes.h"

#include "rdp/x224.h"
#include "relay/host_certificate.h"
#include "relay/look_at_host.h"
#include "relay/phases.h"

#include <errno.h>
#include <string.h>

static struct msg_look_at_host message;

static int
setup(void **state)
{
	(void)state;
	memset(&message, 0, sizeof(message));
	message.protocols = RDP_PROTOCOL_SSL | RDP_PROTOCOL_HYBRID;
	message.secure = 1;
	message.trust = HOST_TRUST_NOBODY;
	fakes_reset(PHASE_ATTACH, &look_at_host);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	look_free(fakes.conn.look);
	fakes.conn.look = NULL;
	fakes_done();
	return 0;
}

static void
begin(void)
{
	assert_int_equal(look_take(&fakes.conn, &message), 0);
	look_at_host.enter(&fakes.conn);
}

static void
answer(enum x224_confirm_kind kind, uint32_t protocol, uint32_t failure)
{
	const struct x224_confirm confirm = {
		.kind = kind, .protocol = protocol, .failure = failure};
	uint8_t room[X224_CONFIRM_MAX];
	struct bytes_writer writer;

	bytes_writer_init(&writer, room, sizeof(room));
	x224_confirm_write(&writer, &confirm);
	assert_false(writer.failed);
	look_at_host.on_pdu(&fakes.conn, SIDE_HOST, room, writer.len);
}

/* It ends for this reason, and the report says so. */
static const struct msg_host_report *
reported(enum close_reason reason)
{
	const struct msg_host_report *report = &fakes.message.host_report;

	assert_int_equal(fakes.closed, reason);
	fakes.conn.reason = fakes.closed;
	fakes.conn.detail = fakes.why;
	look_at_host.leave(&fakes.conn);
	assert_int_equal(fakes.told, MSG_HOST_REPORT);
	assert_int_equal(report->connection, fakes.conn.id);
	assert_int_equal(report->reason, reason);
	return report;
}

/* Nothing of anybody: no cookie, no token. */
static void
asks_for_the_protocols_and_nothing_else(void **state)
{
	struct x224_request request;
	const char *why;
	size_t len;

	(void)state;
	begin();
	assert_int_equal(x224_request_parse(fakes.sent[SIDE_HOST], fakes.sent_len[SIDE_HOST],
				 &request, &len, &why),
		PARSE_OK);
	assert_int_equal(len, fakes.sent_len[SIDE_HOST]);
	assert_int_equal(request.protocols, RDP_PROTOCOL_SSL | RDP_PROTOCOL_HYBRID);
	assert_int_equal(request.token_kind, X224_TOKEN_NONE);
	assert_int_equal(request.flags, 0);
	assert_int_equal(fakes.sent_len[SIDE_CLIENT], 0);
}

static void
whatever_is_selected_goes_on_with_tls(void **state)
{
	static const uint32_t protocols[] = {
		RDP_PROTOCOL_SSL, RDP_PROTOCOL_HYBRID, RDP_PROTOCOL_HYBRID_EX};

	for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++) {
		setup(state);
		begin();
		answer(X224_CONFIRM_RESPONSE, protocols[i], 0);
		assert_int_equal(fakes.closed, CLOSE_NONE);
		assert_true(fakes.secured[SIDE_HOST] && !fakes.secured[SIDE_CLIENT]);
		look_at_host.on_tls_failed(&fakes.conn, SIDE_HOST, "no shared cipher");
		assert_string_equal(reported(CLOSE_HOST_TLS_FAILED)->why, "no shared cipher");
		assert_int_equal(fakes.message.host_report.answer, HOST_SELECTED);
		assert_int_equal(fakes.message.host_report.protocol, protocols[i]);
		teardown(state);
	}
	setup(state);
}

static void
without_tls_wanted_the_answer_is_enough(void **state)
{
	(void)state;
	message.secure = 0;
	begin();
	answer(X224_CONFIRM_RESPONSE, RDP_PROTOCOL_SSL, 0);
	assert_false(fakes.secured[SIDE_HOST]);
	assert_int_equal(reported(CLOSE_CHECK_DONE)->answer, HOST_SELECTED);
}

static void
rdp_security_is_reported_and_not_begun(void **state)
{
	(void)state;
	begin();
	answer(X224_CONFIRM_RESPONSE, RDP_PROTOCOL_RDP, 0);
	assert_false(fakes.secured[SIDE_HOST]);
	assert_int_equal(reported(CLOSE_CHECK_DONE)->protocol, RDP_PROTOCOL_RDP);
	teardown(state);
	setup(state);
	begin();
	answer(X224_CONFIRM_PLAIN, 0, 0);
	assert_false(fakes.secured[SIDE_HOST]);
	assert_int_equal(reported(CLOSE_CHECK_DONE)->answer, HOST_SAID_PLAIN);
}

static void
a_refusal_is_an_answer(void **state)
{
	(void)state;
	begin();
	answer(X224_CONFIRM_FAILURE, 0, RDP_FAILURE_HYBRID_REQUIRED);
	assert_false(fakes.secured[SIDE_HOST]);
	assert_int_equal(reported(CLOSE_CHECK_DONE)->answer, HOST_FAILED);
	assert_int_equal(fakes.message.host_report.failure, RDP_FAILURE_HYBRID_REQUIRED);
}

static void
other_bytes_are_no_rdp(void **state)
{
	uint8_t rubbish[] = {0x03, 0x00, 0x00, 0x0b, 0x06, 0xe0, 0, 0, 0, 0, 0};

	(void)state;
	begin();
	look_at_host.on_pdu(&fakes.conn, SIDE_HOST, rubbish, sizeof(rubbish));
	assert_int_equal(reported(CLOSE_HOST_NOT_RDP)->answer, HOST_SAID_NOTHING);
	assert_false(fakes.secured[SIDE_HOST]);
	teardown(state);
	setup(state);
	begin();
	look_at_host.on_bad_frame(&fakes.conn, SIDE_HOST, true);
	assert_true(reported(CLOSE_HOST_NOT_RDP)->why[0] != '\0');
}

static void
a_host_that_goes_or_is_silent_is_reported_as_that(void **state)
{
	(void)state;
	begin();
	look_at_host.on_end(&fakes.conn, SIDE_HOST, 0, false);
	assert_int_equal(reported(CLOSE_HOST_REFUSED)->answer, HOST_SAID_NOTHING);
	teardown(state);
	setup(state);
	begin();
	look_at_host.on_time_limit(&fakes.conn);
	assert_string_equal(reported(CLOSE_HOST_TOO_SLOW)->why, "");
}

/* Before it was taken there is nothing to tell of. */
static void
nothing_is_reported_of_a_look_that_never_was(void **state)
{
	(void)state;
	look_at_host.leave(&fakes.conn);
	assert_int_equal(fakes.told, MSG_NOTHING);
}

static void
a_trust_that_is_none_is_refused(void **state)
{
	(void)state;
	message.trust = 9;
	assert_int_equal(look_take(&fakes.conn, &message), -EINVAL);
	look_free(fakes.conn.look);
	message.trust = HOST_TRUST_PIN;
	message.pin_len = HOST_PIN_LEN - 1;
	assert_int_equal(look_take(&fakes.conn, &message), -EINVAL);
	look_free(fakes.conn.look);
	message.pin_len = HOST_PIN_LEN;
	assert_int_equal(look_take(&fakes.conn, &message), 0);
}

/* What a host sends of its own accord behind its answer is read by nobody: no client, no more than one short PDU. */
static void
only_a_short_answer_of_the_host_is_read(void **state)
{
	(void)state;
	assert_int_equal(look_at_host.reads[SIDE_HOST], READ_PDUS);
	assert_int_equal(look_at_host.reads[SIDE_CLIENT], 0);
	assert_int_equal(look_at_host.pdu_max[SIDE_HOST], X224_REQUEST_MAX);
	assert_non_null(look_at_host.on_time_limit);
	assert_non_null(look_at_host.on_end);
	assert_non_null(look_at_host.on_secured);
}

#define IN_OUT(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_OUT(asks_for_the_protocols_and_nothing_else),
		IN_OUT(whatever_is_selected_goes_on_with_tls),
		IN_OUT(without_tls_wanted_the_answer_is_enough),
		IN_OUT(rdp_security_is_reported_and_not_begun),
		IN_OUT(a_refusal_is_an_answer),
		IN_OUT(other_bytes_are_no_rdp),
		IN_OUT(a_host_that_goes_or_is_silent_is_reported_as_that),
		IN_OUT(nothing_is_reported_of_a_look_that_never_was),
		IN_OUT(a_trust_that_is_none_is_refused),
		IN_OUT(only_a_short_answer_of_the_host_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
