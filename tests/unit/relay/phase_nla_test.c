/* gateway/relay/phase_nla.c: between a jump host and sekisho-nla, one message at a time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fakes.h"
#include "rdp/ts_request.h"
#include "rdp/x224.h"
#include "relay/nla_link.h"
#include "relay/phase_attach.h"
#include "relay/phase_nla.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#pragma GCC diagnostic ignored "-Wmissing-prototypes"

const struct phase_ops phase_attach, phase_attach_greeted;

/* Of phase_attach.c: here it is the end in any case. */
void
attach_failed(struct connection *conn, enum close_reason reason, const char *detail)
{
	connection_close(conn, reason, detail);
}

void
attach_refused(struct connection *conn, const char *detail)
{
	connection_close(conn, CLOSE_HOST_REFUSED, detail);
}

static struct msg_nla_to_host to_host;

static void
say(enum credssp_wants wants, const char *bytes)
{
	to_host.wants = (uint8_t)wants;
	to_host.bytes_len = (uint32_t)strlen(bytes);
	memcpy(to_host.bytes, bytes, to_host.bytes_len);
	nla_on_to_host(&fakes.conn, &to_host);
}

static void
begin(void)
{
	fakes_reset(PHASE_ATTACH, &phase_attach);
	fakes.conn.attachment = calloc(1, sizeof(*fakes.conn.attachment));
	fakes.conn.attachment->side = SIDE_HOST;
	fakes.conn.attachment->confirm.protocol = RDP_PROTOCOL_HYBRID_EX;
	nla_begin(&fakes.conn);
	assert_int_equal(fakes.nla_said, MSG_NLA_HOST);
	assert_ptr_equal(fakes.conn.ops, &phase_nla_waits);
}

static void
give(uint8_t *frame, size_t len)
{
	fakes.conn.ops->on_pdu(&fakes.conn, SIDE_HOST, frame, len);
}

static enum parse_result
measure(const char *head, size_t have, size_t *ret_len)
{
	return fakes.conn.ops->measure(&fakes.conn, (const uint8_t *)head, have, ret_len);
}

static void
messages_go_to_and_fro_until_it_is_done(void **state)
{
	uint8_t frame[] = {0x30, 5, 0xa0, 3, 2, 1, 6};

	(void)state;
	begin();
	say(CREDSSP_REQUEST, "token");
	assert_int_equal(fakes.sent_len[SIDE_HOST], 5);
	assert_ptr_equal(fakes.conn.ops, &phase_nla);
	give(frame, sizeof(frame));
	assert_int_equal(fakes.nla_said, MSG_NLA_FROM_HOST);
	assert_int_equal(fakes.nla_said_len, sizeof(frame));
	assert_ptr_equal(fakes.conn.ops, &phase_nla_waits);
	say(CREDSSP_NOTHING, "credentials");
	assert_false(fakes.attaching);
	nla_on_done(&fakes.conn, true);
	assert_true(fakes.attaching && fakes.nla_closed);
	assert_ptr_equal(fakes.conn.ops, &phase_attach);
	assert_int_equal(fakes.closed, CLOSE_NONE);
	fakes_done();
}

static void
a_refusal_is_told_without_its_reason(void **state)
{
	(void)state;
	begin();
	nla_on_done(&fakes.conn, false);
	assert_int_equal(fakes.closed, CLOSE_HOST_LOGON);
	assert_null(fakes.why);
	assert_false(fakes.attaching);
	fakes_done();
}

/* Windows closes the connection behind a refusal. */
static void
a_host_that_refuses_and_hangs_up_is_heard(void **state)
{
	(void)state;
	begin();
	fakes.conn.ops->on_end(&fakes.conn, SIDE_HOST, 0, false);
	assert_int_equal(fakes.closed, CLOSE_NONE);
	nla_on_done(&fakes.conn, false);
	assert_int_equal(fakes.closed, CLOSE_HOST_LOGON);
	fakes_done();
	begin();
	fakes.conn.ops->on_end(&fakes.conn, SIDE_HOST, 0, false);
	say(CREDSSP_REQUEST, "token");
	assert_int_equal(fakes.closed, CLOSE_HOST_REFUSED);
	fakes_done();
	begin();
	fakes.conn.ops->on_end(&fakes.conn, SIDE_HOST, 0, false);
	nla_on_done(&fakes.conn, true);
	assert_int_equal(fakes.closed, CLOSE_HOST_REFUSED);
	assert_false(fakes.attaching);
	fakes_done();
	begin();
	say(CREDSSP_REQUEST, "token");
	fakes.conn.ops->on_end(&fakes.conn, SIDE_HOST, 0, false);
	assert_int_equal(fakes.closed, CLOSE_HOST_REFUSED);
	fakes_done();
}

static void
a_second_message_before_the_host_has_answered_ends_it(void **state)
{
	(void)state;
	begin();
	say(CREDSSP_REQUEST, "one");
	say(CREDSSP_REQUEST, "two");
	assert_int_equal(fakes.closed, CLOSE_NLA_FAULT);
	assert_int_equal(fakes.sent_len[SIDE_HOST], 3);
	fakes_done();
	/* It has said that it waits for nothing more of the host. */
	begin();
	say(CREDSSP_NOTHING, "one");
	say(CREDSSP_NOTHING, "two");
	assert_int_equal(fakes.closed, CLOSE_NLA_FAULT);
	assert_int_equal(fakes.sent_len[SIDE_HOST], 3);
	fakes_done();
	begin();
	say((enum credssp_wants)3, "what");
	assert_int_equal(fakes.closed, CLOSE_NLA_FAULT);
	fakes_done();
	begin();
	fakes.nla_link = -EPIPE;
	say(CREDSSP_REQUEST, "one");
	give((uint8_t[]){0x30, 0}, 2);
	assert_int_equal(fakes.closed, CLOSE_NLA_FAULT);
	fakes_done();
}

static void
frames_are_measured_and_bounded(void **state)
{
	size_t len = 0;

	(void)state;
	begin();
	say(CREDSSP_REQUEST, "token");
	assert_int_equal(measure("\x30\x82\x01\x00", 4, &len), PARSE_OK);
	assert_int_equal(len, 260);
	assert_int_equal(measure("\x30\x84\x00\x00", 4, &len), PARSE_NEED_MORE);
	/* 100 MB: longer than any that is taken, and no byte of it is kept */
	assert_int_equal(measure("\x30\x84\x06\x40\x00\x00", 6, &len), PARSE_OK);
	assert_true(len > fakes.conn.ops->pdu_max[SIDE_HOST]);
	assert_int_equal(measure("\x03\x00\x00\x13", 4, &len), PARSE_BAD);
	fakes.conn.ops->on_bad_frame(&fakes.conn, SIDE_HOST, true);
	assert_int_equal(fakes.closed, CLOSE_HOST_CREDSSP);
	fakes_done();
}

static void
the_last_answer_is_four_bytes_or_a_refusal(void **state)
{
	size_t len = 0;

	(void)state;
	begin();
	say(CREDSSP_AUTHORISATION, "credentials");
	assert_int_equal(measure("\x00\x00\x00", 3, &len), PARSE_NEED_MORE);
	assert_int_equal(measure("\x00\x00\x00\x00", 4, &len), PARSE_OK);
	assert_int_equal(len, 4);
	assert_int_equal(measure("\x30\x0e\xa0\x03", 4, &len), PARSE_OK);
	assert_int_equal(len, 16);
	fakes_done();
}

static void
who_stalls_is_named(void **state)
{
	(void)state;
	begin();
	fakes.conn.ops->on_time_limit(&fakes.conn);
	assert_int_equal(fakes.closed, CLOSE_NLA_FAULT);
	fakes_done();
	begin();
	say(CREDSSP_REQUEST, "token");
	fakes.conn.ops->on_time_limit(&fakes.conn);
	assert_int_equal(fakes.closed, CLOSE_HOST_TOO_SLOW);
	fakes_done();
	begin();
	nla_on_lost(&fakes.conn);
	assert_int_equal(fakes.closed, CLOSE_NLA_FAULT);
	fakes_done();
}

static void
a_host_without_nla_waits_for_the_supervisors_word(void **state)
{
	static struct msg_host_credentials credentials = {
		.user = "tech", .password = "Ichigo-15", .password_len = 9};

	(void)state;
	begin();
	nla_not_offered(&fakes.conn);
	assert_true(fakes.nla_closed);
	assert_int_equal(fakes.told, MSG_NLA_NOT_OFFERED);
	assert_ptr_equal(fakes.conn.ops, &phase_nla_waits);
	nla_on_host_credentials(&fakes.conn, &credentials);
	assert_true(fakes.attaching);
	assert_string_equal(fakes.conn.attachment->credentials.user, "tech");
	assert_int_equal(fakes.conn.attachment->credentials.password.len, 9);
	host_credentials_done(&fakes.conn.attachment->credentials);
	fakes_done();
	/* Nobody has asked. */
	begin();
	nla_on_host_credentials(&fakes.conn, &credentials);
	assert_false(fakes.attaching);
	assert_int_equal(fakes.conn.attachment->credentials.password.len, 0);
	fakes_done();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_go_to_and_fro_until_it_is_done),
		cmocka_unit_test(a_refusal_is_told_without_its_reason),
		cmocka_unit_test(a_host_that_refuses_and_hangs_up_is_heard),
		cmocka_unit_test(a_second_message_before_the_host_has_answered_ends_it),
		cmocka_unit_test(frames_are_measured_and_bounded),
		cmocka_unit_test(the_last_answer_is_four_bytes_or_a_refusal),
		cmocka_unit_test(who_stalls_is_named),
		cmocka_unit_test(a_host_without_nla_waits_for_the_supervisors_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
