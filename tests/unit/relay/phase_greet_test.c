/* gateway/relay/phase_greet.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "greeted.h"
#include "rdp/mcs.h"
#include "rdp/x224.h"
#include "relay/connection_io.h"
#include "relay/introduction.h"
#include "relay/phase_attach.h"
#include "relay/phase_greet.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

/* Just come from DECIDE: nothing of the greeter is known. */
static void
begin(void)
{
	greeted_start(PHASE_GREET, &phase_greet);
	bridge_free(take_pointer(&fakes.conn.bridge));
	phase_greet.enter(&fakes.conn);
}

/* As attach.c does with the greeter's first PDU. */
static void
screen_is_there(void)
{
	fakes.conn.bridge = bridge_new(SIDE_GREETER);
	greet_begin(&fakes.conn);
}

static void
give_confirm(enum x224_confirm_kind kind, uint32_t protocol)
{
	const struct x224_confirm confirm = {.kind = kind, .protocol = protocol, .failure = 1};
	uint8_t room[X224_CONFIRM_MAX];
	struct bytes_writer writer;

	bytes_writer_init(&writer, room, sizeof(room));
	x224_confirm_write(&writer, &confirm);
	fakes.conn.ops->on_pdu(&fakes.conn, SIDE_GREETER, room, writer.len);
}

static void
the_greeter_is_asked_as_a_jump_host_is(void **state)
{
	struct x224_request request;
	size_t used;

	(void)state;
	begin();
	assert_int_equal(x224_request_parse(fakes.sent[SIDE_GREETER], fakes.sent_len[SIDE_GREETER],
				 &request, &used, NULL),
		PARSE_OK);
	assert_int_equal(used, fakes.sent_len[SIDE_GREETER]);
	assert_int_equal(request.protocols, RDP_PROTOCOL_SSL);
	assert_string_equal(request.token, "");
	/* It has no longer than a jump host; those who look at it have. */
	assert_int_equal(fakes.limit_ms, fakes.worker.limit_ms[PHASE_ATTACH]);
	give_confirm(X224_CONFIRM_RESPONSE, RDP_PROTOCOL_SSL);
	assert_true(fakes.attaching);
	screen_is_there();
	assert_int_equal(fakes.limit_ms, fakes.worker.limit_ms[PHASE_GREET]);
	assert_int_equal(fakes.conn.ops->reads[SIDE_CLIENT], READ_STREAM);
	fakes_done();
}

static void
another_answer_is_a_fault(void **state)
{
	(void)state;
	begin();
	give_confirm(X224_CONFIRM_FAILURE, 0);
	assert_int_equal(fakes.closed, CLOSE_GREETER_FAULT);
	begin();
	give_confirm(X224_CONFIRM_RESPONSE, RDP_PROTOCOL_HYBRID);
	assert_int_equal(fakes.closed, CLOSE_GREETER_FAULT);
	begin();
	fakes.conn.ops->on_bad_frame(&fakes.conn, SIDE_GREETER, true);
	assert_int_equal(fakes.closed, CLOSE_GREETER_FAULT);
	begin();
	fakes.conn.ops->on_time_limit(&fakes.conn);
	assert_int_equal(fakes.closed, CLOSE_GREETER_FAULT);
	assert_int_equal(fakes.sent_len[SIDE_CLIENT], 0);
	fakes_done();
}

/* Who watches a recording stays as long as he likes, but a player has no longer to begin than a greeter. */
static void
a_watcher_has_no_limit(void **state)
{
	(void)state;
	begin();
	fakes.conn.stays = true;
	give_confirm(X224_CONFIRM_RESPONSE, RDP_PROTOCOL_SSL);
	assert_int_equal(fakes.limit_ms, fakes.worker.limit_ms[PHASE_ATTACH]);
	screen_is_there();
	assert_int_equal(fakes.limit_ms, 0);
	fakes_done();
}

/* 256 colours: the greeter could only end it, and nobody would know why. */
static void
a_client_with_a_palette_is_told_so(void **state)
{
	(void)state;
	begin();
	assert_int_equal(fakes.closed, CLOSE_NONE);
	greeted_start(PHASE_GREET, &phase_greet);
	bridge_free(take_pointer(&fakes.conn.bridge));
	fakes.conn.introduction->client.color_depth = 8;
	phase_greet.enter(&fakes.conn);
	assert_int_equal(fakes.closed, CLOSE_FEW_COLOURS);
	assert_int_equal(fakes.sent_len[SIDE_GREETER], 0);
	fakes_done();
}

static void
pdus_pass_both_ways(void **state)
{
	static const uint8_t key[] = {4, 4, 0, 30};
	uint8_t update[GREETED_UPDATE];

	(void)state;
	greeted_start(PHASE_GREET, &phase_greet);
	phase_greet.enter(&fakes.conn); /* back from ATTACH: the screen is there */
	assert_int_equal(fakes.sent_len[SIDE_GREETER], 0);
	greeted_update(update, 0);
	assert_int_equal(greeted_give(SIDE_GREETER, update, sizeof(update)), sizeof(update));
	assert_int_equal(fakes.sent_len[SIDE_CLIENT], sizeof(update));
	assert_memory_equal(fakes.sent[SIDE_CLIENT], update, sizeof(update));
	assert_int_equal(greeted_give(SIDE_CLIENT, key, sizeof(key)), sizeof(key));
	assert_int_equal(fakes.sent_len[SIDE_GREETER], sizeof(key));
	fakes_done();
}

/* libfreerdp would end, and the greeter seem at fault. */
static void
a_second_confirm_active_is_the_clients_fault(void **state)
{
	uint8_t room[64];
	size_t len;

	(void)state;
	greeted_start(PHASE_GREET, &phase_greet);
	phase_greet.enter(&fakes.conn);
	len = greeted_share(room, sizeof(room), SIDE_HOST, SHARE_CONFIRM_ACTIVE, 0, 8);
	(void)greeted_give(SIDE_CLIENT, room, len);
	assert_int_equal(fakes.closed, CLOSE_NONE);
	assert_int_equal(fakes.sent_len[SIDE_GREETER], len);
	len = greeted_share(room, sizeof(room), SIDE_HOST, SHARE_CONFIRM_ACTIVE, 0, 8);
	(void)greeted_give(SIDE_CLIENT, room, len);
	assert_int_equal(fakes.closed, CLOSE_CLIENT_BAD_PDU);
	assert_int_equal(fakes.sent_len[SIDE_GREETER], len);
	fakes_done();
}

/* The client must not take what the greeter says for the gateway's last word. */
static void
an_ultimatum_of_the_greeter_is_a_fault_and_not_passed_on(void **state)
{
	uint8_t room[GREETED_UPDATE + MCS_DOMAIN_PDU_MAX];
	struct bytes_writer writer;

	(void)state;
	greeted_start(PHASE_GREET, &phase_greet);
	phase_greet.enter(&fakes.conn);
	greeted_update(room, 0);
	bytes_writer_init(&writer, room + GREETED_UPDATE, MCS_DOMAIN_PDU_MAX);
	mcs_disconnect_write(&writer, MCS_USER_REQUESTED);
	(void)greeted_give(SIDE_GREETER, room, GREETED_UPDATE + writer.len);
	assert_int_equal(fakes.closed, CLOSE_GREETER_FAULT);
	assert_int_equal(fakes.sent_len[SIDE_CLIENT], GREETED_UPDATE);
	fakes_done();
}

static void
a_client_may_say_good_bye(void **state)
{
	uint8_t room[MCS_DOMAIN_PDU_MAX];
	struct bytes_writer writer;

	(void)state;
	greeted_start(PHASE_GREET, &phase_greet);
	phase_greet.enter(&fakes.conn);
	bytes_writer_init(&writer, room, sizeof(room));
	mcs_disconnect_write(&writer, MCS_USER_REQUESTED);
	(void)greeted_give(SIDE_CLIENT, room, writer.len);
	assert_int_equal(fakes.closed, CLOSE_CLIENT_LOGGED_OFF);
	fakes_done();
}

/* The hospital's consent may come before the screen that was to wait for it. */
static void
an_attach_that_comes_early_waits_for_the_screen(void **state)
{
	struct msg_attach *attach = test_calloc(1, sizeof(*attach));
	int fd = open("/dev/null", O_RDONLY);

	(void)state;
	begin();
	fakes.conn.ops->on_attach(&fakes.conn, attach, &fd);
	assert_int_equal(fd, -1);
	assert_false(fakes.went);
	assert_false(fakes.opened_host);
	screen_is_there();
	assert_true(fakes.opened_host);
	assert_int_equal(fakes.went_to, PHASE_ATTACH);
	fakes_done();

	/* Two are a mistake of ours; what was kept is closed with the connection. */
	begin();
	fd = open("/dev/null", O_RDONLY);
	fakes.conn.ops->on_attach(&fakes.conn, attach, &fd);
	fakes.conn.ops->on_attach(&fakes.conn, attach, &fd);
	assert_int_equal(fakes.closed, CLOSE_OUR_MISTAKE);
	fakes_done();
	test_free(attach);
}

static void
a_host_that_cannot_be_attached_leaves_the_screen_as_it_is(void **state)
{
	struct msg_attach *attach = test_calloc(1, sizeof(*attach));
	int fd = -1;

	(void)state;
	greeted_start(PHASE_GREET, &phase_greet);
	phase_greet.enter(&fakes.conn);
	fakes.attachment = -EKEYREJECTED;
	fakes.conn.ops->on_attach(&fakes.conn, attach, &fd);
	assert_false(fakes.went);
	assert_int_equal(fakes.closed, CLOSE_HOST_CERTIFICATE); /* attach_failed's reason */
	greeted_start(PHASE_GREET, &phase_greet);
	phase_greet.enter(&fakes.conn);
	fakes.attachment = -ENOMEM;
	fakes.conn.ops->on_attach(&fakes.conn, attach, &fd);
	assert_int_equal(fakes.closed, CLOSE_OUT_OF_ROOM);
	fakes_done();
	test_free(attach);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_greeter_is_asked_as_a_jump_host_is),
		cmocka_unit_test(another_answer_is_a_fault),
		cmocka_unit_test(a_watcher_has_no_limit),
		cmocka_unit_test(a_client_with_a_palette_is_told_so),
		cmocka_unit_test(pdus_pass_both_ways),
		cmocka_unit_test(an_ultimatum_of_the_greeter_is_a_fault_and_not_passed_on),
		cmocka_unit_test(a_second_confirm_active_is_the_clients_fault),
		cmocka_unit_test(a_client_may_say_good_bye),
		cmocka_unit_test(an_attach_that_comes_early_waits_for_the_screen),
		cmocka_unit_test(a_host_that_cannot_be_attached_leaves_the_screen_as_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
