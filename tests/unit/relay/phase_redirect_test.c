/* gateway/relay/phase_redirect.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "greeted.h"
#include "rdp/mcs.h"
#include "rdp/redirection.h"
#include "relay/connection_io.h"
#include "relay/phase_redirect.h"

#include <string.h>

static const struct msg_redirect told = {
	.connection = 7, .load_balance_info = "+ticket", .session = 4711};

static void
start(uint32_t limit_ms)
{
	greeted_start(PHASE_GREET, NULL);
	fakes.worker.limit_ms[PHASE_REDIRECT] = limit_ms;
	greet_on_redirect(&fakes.conn, &told);
	assert_int_equal(fakes.went_to, PHASE_REDIRECT);
	fakes.went = false;
	fakes.conn.ops = &phase_redirect;
}

static void
finish(void)
{
	phase_redirect.leave(&fakes.conn);
	assert_null(fakes.conn.redirection);
	fakes_done();
}

static void
expect_told(void)
{
	uint8_t expected[REDIRECTION_MAX];
	struct bytes_writer writer;
	struct share_pdu pdu;
	const uint8_t *payload;
	size_t at = greeted_sent(0, &pdu, &payload);

	assert_int_equal(pdu.data_type, SHARE_DATA_MONITOR_LAYOUT);
	assert_int_equal(pdu.share_id, GREETED_SHARE_ID);
	assert_int_equal(greeted_sent(at, &pdu, &payload), fakes.sent_len[SIDE_CLIENT]);
	bytes_writer_init(&writer, expected, sizeof(expected));
	redirection_write(&writer, 1002, "+ticket", 4711);
	assert_int_equal(pdu.total_len, writer.len);
	assert_memory_equal(payload, expected, writer.len);
	fakes_forget_sent();
}

static void
it_is_told_again_and_again_until_the_time_is_over(void **state)
{
	static const uint32_t waits_ms[] = {500, 1000, 2000, 1500};

	(void)state;
	start(5000);
	phase_redirect.enter(&fakes.conn);
	for (size_t i = 0; i < sizeof(waits_ms) / sizeof(waits_ms[0]); i++) {
		expect_told();
		assert_int_equal(fakes.limit_ms, waits_ms[i]);
		assert_false(fakes.went);
		phase_redirect.on_time_limit(&fakes.conn);
	}
	assert_int_equal(fakes.sent_len[SIDE_CLIENT], 0);
	assert_int_equal(fakes.went_to, PHASE_GREET);
	assert_int_equal(fakes.told, MSG_RETURNED);
	assert_int_equal(fakes.message.returned.reason, CLOSE_REDIRECT_IGNORED);
	finish();
}

static void
it_is_told_between_pdus_of_an_active_screen(void **state)
{
	(void)state;
	start(5000);
	fakes.conn.bridge->ways[SIDE_HOST].left = 7;
	phase_redirect.enter(&fakes.conn);
	assert_int_equal(fakes.sent_len[SIDE_CLIENT], 0);
	fakes.conn.bridge->ways[SIDE_HOST].left = 0;
	fakes.conn.bridge->stage = BRIDGE_ACTIVATING;
	phase_redirect.on_time_limit(&fakes.conn);
	assert_int_equal(fakes.sent_len[SIDE_CLIENT], 0);
	fakes.conn.bridge->stage = BRIDGE_ACTIVE;
	phase_redirect.on_time_limit(&fakes.conn);
	expect_told();
	finish();
}

static void
the_screen_goes_on_meanwhile(void **state)
{
	uint8_t update[GREETED_UPDATE];

	(void)state;
	start(5000);
	greeted_update(update, 0);
	assert_int_equal(greeted_give(SIDE_GREETER, update, sizeof(update)), sizeof(update));
	assert_int_equal(fakes.sent_len[SIDE_CLIENT], sizeof(update));
	finish();
}

static void
a_client_that_goes_has_followed(void **state)
{
	uint8_t room[MCS_DOMAIN_PDU_MAX];
	struct bytes_writer writer;

	(void)state;
	start(5000);
	phase_redirect.on_end(&fakes.conn, SIDE_CLIENT, -104, false);
	assert_int_equal(fakes.closed, CLOSE_REDIRECTED);
	finish();
	start(5000);
	bytes_writer_init(&writer, room, sizeof(room));
	mcs_disconnect_write(&writer, MCS_USER_REQUESTED);
	(void)greeted_give(SIDE_CLIENT, room, writer.len);
	assert_int_equal(fakes.closed, CLOSE_REDIRECTED);
	finish();
	start(5000);
	(void)greeted_give(SIDE_CLIENT, (const uint8_t[]){0x7f, 0x7f}, 2);
	assert_int_equal(fakes.closed, CLOSE_CLIENT_BAD_PDU);
	finish();
}

/* Before the screen is there: kept by redirection_take. */
static void
a_second_one_is_a_mistake(void **state)
{
	(void)state;
	greeted_start(PHASE_GREET, NULL);
	redirection_take(&fakes.conn, &told);
	assert_int_equal(fakes.closed, CLOSE_NONE);
	redirection_take(&fakes.conn, &told);
	assert_int_equal(fakes.closed, CLOSE_OUR_MISTAKE);
	finish();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_told_again_and_again_until_the_time_is_over),
		cmocka_unit_test(it_is_told_between_pdus_of_an_active_screen),
		cmocka_unit_test(the_screen_goes_on_meanwhile),
		cmocka_unit_test(a_client_that_goes_has_followed),
		cmocka_unit_test(a_second_one_is_a_mistake),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
