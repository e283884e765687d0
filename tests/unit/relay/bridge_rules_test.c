/* gateway/relay/bridge_rules.def, bridge_look.c: what may pass, and what may not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "bridge_samples.h"

struct rule_case {
	enum side from; /* SIDE_GREETER: it is the back end, and sends */
	uint16_t channel;
	write_payload *payload;
	enum bridge_stage stage;
	bool passes; /* and is for the other side */
	enum close_reason reason;
};

#define H SIDE_HOST
#define C SIDE_CLIENT
#define G SIDE_GREETER
static const struct rule_case rule_cases[] = {
	/* the jump host's I/O channel */
	{H, HOST_IO, write_licence, BRIDGE_BEFORE, true, CLOSE_NONE},
	{H, HOST_IO, write_licence, BRIDGE_ACTIVE, false, CLOSE_HOST_BAD_PDU},
	{H, HOST_IO, write_demand_active, BRIDGE_BEFORE, true, CLOSE_NONE},
	{H, HOST_IO, write_demand_active, BRIDGE_ACTIVE, true, CLOSE_NONE},
	{H, HOST_IO, write_deactivate_all, BRIDGE_ACTIVE, true, CLOSE_NONE},
	{H, HOST_IO, write_deactivate_all, BRIDGE_BEFORE, false, CLOSE_HOST_BAD_PDU},
	{H, HOST_IO, write_data, BRIDGE_ACTIVE, true, CLOSE_NONE},
	{H, HOST_IO, write_data, BRIDGE_BEFORE, true, CLOSE_NONE},
	{H, HOST_IO, write_confirm_active, BRIDGE_ACTIVE, false, CLOSE_HOST_BAD_PDU},
	{H, HOST_IO, write_redirection, BRIDGE_ACTIVE, false, CLOSE_HOST_REDIRECTS},
	{H, HOST_IO, write_redirection, BRIDGE_BEFORE, false, CLOSE_HOST_REDIRECTS},
	{H, HOST_IO, write_redirection_standard, BRIDGE_BEFORE, false, CLOSE_HOST_REDIRECTS},
	{H, HOST_IO, write_multitransport, BRIDGE_BEFORE, false, CLOSE_HOST_MULTITRANSPORT},
	{H, HOST_IO, write_autodetect_request, BRIDGE_BEFORE, false, CLOSE_HOST_BAD_PDU},
	{H, HOST_IO, write_encrypted, BRIDGE_ACTIVE, false, CLOSE_HOST_BAD_PDU},
	{H, HOST_IO, write_client_info, BRIDGE_BEFORE, false, CLOSE_HOST_BAD_PDU},
	{H, HOST_IO, write_nothing, BRIDGE_ACTIVE, false, CLOSE_HOST_BAD_PDU},
	{H, HOST_IO, write_two_data, BRIDGE_ACTIVE, true, CLOSE_NONE},
	/* its message channel */
	{H, HOST_MESSAGE, write_autodetect_request, BRIDGE_BEFORE, true, CLOSE_NONE},
	{H, HOST_MESSAGE, write_heartbeat, BRIDGE_ACTIVE, true, CLOSE_NONE},
	{H, HOST_MESSAGE, write_multitransport, BRIDGE_ACTIVE, false, CLOSE_HOST_MULTITRANSPORT},
	{H, HOST_MESSAGE, write_redirection, BRIDGE_ACTIVE, false, CLOSE_HOST_REDIRECTS},
	{H, HOST_MESSAGE, write_data, BRIDGE_ACTIVE, false, CLOSE_HOST_BAD_PDU},
	{H, HOST_MESSAGE, write_licence, BRIDGE_BEFORE, false, CLOSE_HOST_BAD_PDU},
	/* its static channels */
	{H, HOST_ALLOWED, write_data, BRIDGE_ACTIVE, true, CLOSE_NONE},
	{H, HOST_ALLOWED, write_redirection, BRIDGE_ACTIVE, true,
		CLOSE_NONE}, /* bytes of no meaning there */
	{H, HOST_DENIED, write_data, BRIDGE_ACTIVE, false, CLOSE_NONE},
	{H, 1100, write_data, BRIDGE_ACTIVE, false, CLOSE_HOST_BAD_PDU},
	{H, HOST_USER, write_data, BRIDGE_ACTIVE, false, CLOSE_HOST_BAD_PDU},
	/* the client */
	{C, MCS_IO_CHANNEL, write_licence, BRIDGE_BEFORE, true, CLOSE_NONE},
	{C, MCS_IO_CHANNEL, write_licence, BRIDGE_ACTIVE, false, CLOSE_CLIENT_BAD_PDU},
	{C, MCS_IO_CHANNEL, write_confirm_active, BRIDGE_ACTIVE, true, CLOSE_NONE},
	{C, MCS_IO_CHANNEL, write_confirm_active, BRIDGE_BEFORE, false, CLOSE_CLIENT_BAD_PDU},
	{C, MCS_IO_CHANNEL, write_data, BRIDGE_ACTIVE, true, CLOSE_NONE},
	{C, MCS_IO_CHANNEL, write_data, BRIDGE_BEFORE, false, CLOSE_CLIENT_BAD_PDU},
	{C, MCS_IO_CHANNEL, write_demand_active, BRIDGE_ACTIVE, false, CLOSE_CLIENT_BAD_PDU},
	{C, MCS_IO_CHANNEL, write_client_info, BRIDGE_BEFORE, false, CLOSE_CLIENT_BAD_PDU},
	{C, MCS_IO_CHANNEL, write_redirection, BRIDGE_ACTIVE, false, CLOSE_CLIENT_BAD_PDU},
	{C, CLIENT_MESSAGE, write_autodetect_response, BRIDGE_BEFORE, true, CLOSE_NONE},
	{C, CLIENT_MESSAGE, write_autodetect_request, BRIDGE_BEFORE, false, CLOSE_CLIENT_BAD_PDU},
	{C, CLIENT_MESSAGE, write_multitransport, BRIDGE_ACTIVE, false, CLOSE_CLIENT_BAD_PDU},
	{C, ALLOWED, write_data, BRIDGE_ACTIVE, true, CLOSE_NONE},
	{C, DENIED, write_data, BRIDGE_ACTIVE, false, CLOSE_NONE},
	{C, DEAD, write_data, BRIDGE_ACTIVE, false, CLOSE_NONE},
	{C, 1100, write_data, BRIDGE_ACTIVE, false, CLOSE_CLIENT_BAD_PDU},
	/* one who still answers the sign-in screen */
	{C, MCS_IO_CHANNEL, write_data, BRIDGE_REACTIVATING, false, CLOSE_NONE},
	{C, MCS_IO_CHANNEL, write_two_data, BRIDGE_REACTIVATING, false, CLOSE_NONE},
	{C, MCS_IO_CHANNEL, write_licence, BRIDGE_REACTIVATING, false, CLOSE_NONE},
	{C, MCS_IO_CHANNEL, write_confirm_active, BRIDGE_REACTIVATING, true, CLOSE_NONE},
	{C, ALLOWED, write_data, BRIDGE_REACTIVATING, false, CLOSE_NONE},
	{C, DENIED, write_data, BRIDGE_REACTIVATING, false, CLOSE_NONE},
	{C, CLIENT_MESSAGE, write_autodetect_response, BRIDGE_REACTIVATING, false, CLOSE_NONE},
	{C, MCS_IO_CHANNEL, write_client_info, BRIDGE_REACTIVATING, false, CLOSE_CLIENT_BAD_PDU},
	{C, MCS_IO_CHANNEL, write_redirection, BRIDGE_REACTIVATING, false, CLOSE_CLIENT_BAD_PDU},
	{C, 1100, write_data, BRIDGE_REACTIVATING, false, CLOSE_CLIENT_BAD_PDU},
	{H, HOST_IO, write_demand_active, BRIDGE_REACTIVATING, true, CLOSE_NONE},
	{H, HOST_IO, write_redirection, BRIDGE_REACTIVATING, false, CLOSE_HOST_REDIRECTS},
	/* the sign-in screen draws, and nothing else */
	{G, HOST_IO, write_licence, BRIDGE_BEFORE, true, CLOSE_NONE},
	{G, HOST_IO, write_licence, BRIDGE_ACTIVE, false, CLOSE_GREETER_FAULT},
	{G, HOST_IO, write_demand_active, BRIDGE_BEFORE, true, CLOSE_NONE},
	{G, HOST_IO, write_demand_active, BRIDGE_ACTIVE, false, CLOSE_GREETER_FAULT},
	{G, HOST_IO, write_deactivate_all, BRIDGE_ACTIVE, false, CLOSE_GREETER_FAULT},
	{G, HOST_IO, write_data, BRIDGE_ACTIVE, true, CLOSE_NONE},
	{G, HOST_IO, write_data, BRIDGE_BEFORE, false, CLOSE_GREETER_FAULT},
	{G, HOST_IO, write_redirection, BRIDGE_ACTIVE, false, CLOSE_GREETER_FAULT},
	{G, HOST_IO, write_redirection_standard, BRIDGE_BEFORE, false, CLOSE_GREETER_FAULT},
	{G, HOST_IO, write_multitransport, BRIDGE_BEFORE, false, CLOSE_GREETER_FAULT},
	{G, HOST_MESSAGE, write_autodetect_request, BRIDGE_ACTIVE, false, CLOSE_GREETER_FAULT},
	{G, HOST_MESSAGE, write_heartbeat, BRIDGE_ACTIVE, false, CLOSE_GREETER_FAULT},
	{G, HOST_ALLOWED, write_data, BRIDGE_ACTIVE, false, CLOSE_GREETER_FAULT},
	{G, HOST_DENIED, write_data, BRIDGE_ACTIVE, false, CLOSE_GREETER_FAULT},
};

/* What passes of a PDU, and how it ends, wherever the reads cut it. */
static void
expect_everywhere(const struct rule_case *row, bool look_only, const char *table, size_t number)
{
	enum side from = row->from == SIDE_CLIENT ? SIDE_CLIENT : SIDE_HOST;
	uint8_t pdu[1024], out[2048];
	size_t len = write_pdu(pdu, sizeof(pdu), row->from, row->channel, row->payload);

	for (size_t cut = 0; cut <= len; cut++) {
		struct bridge *bridge = some_bridge(false);
		enum close_reason reason;
		size_t passed;

		bridge->stage = row->stage;
		bridge->back_end = row->from == SIDE_GREETER ? SIDE_GREETER : SIDE_HOST;
		bridge->look_only = look_only;
		passed = filter_in_two(bridge, from, pdu, len, cut, out, &reason);
		if (reason != row->reason || passed != (row->passes ? len : 0))
			fail_msg("%s %zu cut %zu: reason %d, %zu of %zu passed", table, number, cut,
				reason, passed, len);
		bridge_free(bridge);
	}
}

static void
each_pdu_has_its_rule_wherever_the_reads_cut_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rule_cases); i++)
		expect_everywhere(&rule_cases[i], false, "rule", i);
}

/* C7: who may only look. In each way in which input could come. */
static void
input_is_left_out_where_the_hospital_lets_the_client_look(void **state)
{
	static const struct rule_case rows[] = {
		{C, MCS_IO_CHANNEL, write_data, BRIDGE_ACTIVE, false, CLOSE_NONE},
		{C, MCS_IO_CHANNEL, write_two_data, BRIDGE_ACTIVE, false, CLOSE_NONE},
		{C, MCS_IO_CHANNEL, write_font_list, BRIDGE_ACTIVE, true, CLOSE_NONE},
		{C, MCS_IO_CHANNEL, write_confirm_active, BRIDGE_ACTIVE, true, CLOSE_NONE},
		{C, MCS_IO_CHANNEL, write_redirection, BRIDGE_ACTIVE, false, CLOSE_CLIENT_BAD_PDU},
		{C, ALLOWED, write_data, BRIDGE_ACTIVE, true, CLOSE_NONE},
		{C, DENIED, write_data, BRIDGE_ACTIVE, false, CLOSE_NONE},
		{C, CLIENT_MESSAGE, write_autodetect_response, BRIDGE_ACTIVE, true, CLOSE_NONE},
	};
	const uint8_t keys[] = {0x3c, 8, 1, 2, 3, 4, 5, 6};
	uint8_t out[2048];
	enum close_reason reason;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		expect_everywhere(&rows[i], true, "looking", i);
	for (size_t cut = 0; cut <= sizeof(keys); cut++) {
		struct bridge *bridge = some_bridge(true);

		bridge->look_only = true;
		assert_int_equal(
			filter_in_two(bridge, SIDE_CLIENT, keys, sizeof(keys), cut, out, &reason),
			0);
		assert_int_equal(reason, CLOSE_NONE);
		/* What the host draws passes as ever. */
		assert_int_equal(
			filter_in_two(bridge, SIDE_HOST, keys, sizeof(keys), cut, out, &reason),
			sizeof(keys));
		bridge_free(bridge);
	}
}

/* Its frame's head has gone to the host: nothing may be left out of it any more. */
static void
input_behind_something_else_ends_the_session_of_who_may_only_look(void **state)
{
	struct bridge *bridge = *state;
	struct passage passage;

	bridge->look_only = true;
	passage = give_pdu(bridge, SIDE_CLIENT, MCS_IO_CHANNEL, write_font_list_then_input);
	assert_true(passage.result.out < passage.len);
	assert_int_equal(passage.result.reason, CLOSE_CLIENT_BAD_PDU);
}

static void
fast_path_passes_only_in_clear_and_after_demand_active(void **state)
{
	const struct {
		uint8_t first;
		bool begun;
		bool passes;
	} rows[] = {
		{0x00, true, true}, {0x00, false, false}, {0x80, true, false}, /* encrypted */
		{0x40, true, false},                                           /* signed */
		{0x3c, true, true},  /* number of input events */
		{0x01, true, false}, /* no action code that exists */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		for (int side = 0; side < BRIDGE_SIDES; side++) {
			struct bridge *bridge = some_bridge(rows[i].begun);
			uint8_t pdu[8] = {rows[i].first, 8, 1, 2, 3, 4, 5, 6};
			struct bridge_result result;

			bridge_filter(bridge, (enum side)side, pdu, sizeof(pdu), &result);
			assert_int_equal(result.out, rows[i].passes ? 8 : 0);
			assert_int_equal(result.reason == CLOSE_NONE, rows[i].passes);
			bridge_free(bridge);
		}
}

/* An Ultimatum, and what else there is in the room. */
static struct bridge_result
give_ultimatum(struct bridge *bridge, enum side from, size_t *ret_len)
{
	uint8_t room[64] = {0};
	struct bridge_result result;
	struct bytes_writer writer;

	bytes_writer_init(&writer, room, sizeof(room));
	mcs_disconnect_write(&writer, MCS_USER_REQUESTED);
	bridge_filter(bridge, from, room, sizeof(room), &result);
	*ret_len = writer.len;
	return result;
}

static void
an_ultimatum_passes_and_ends_the_session(void **state)
{
	static const enum close_reason reasons[] = {
		[SIDE_CLIENT] = CLOSE_CLIENT_LOGGED_OFF, [SIDE_HOST] = CLOSE_HOST_LEFT};

	for (int side = 0; side < BRIDGE_SIDES; side++) {
		size_t len;
		struct bridge_result result = give_ultimatum(*state, (enum side)side, &len);

		assert_int_equal(result.reason, reasons[side]);
		assert_int_equal(result.out, len); /* and nothing behind it */
		(void)bridge_done(state);
		(void)bridge_begun(state);
	}
}

/* Then the client is told by the gateway, which knows more. */
static void
an_ultimatum_before_the_desktop_is_a_refusal(void **state)
{
	size_t len;
	struct bridge_result result = give_ultimatum(*state, SIDE_HOST, &len);

	assert_int_equal(result.reason, CLOSE_HOST_REFUSED);
	assert_int_equal(result.out, 0);
}

static void
set_up_pdus_do_not_pass(void **state)
{
	void (*const writers[])(struct bytes_writer *) = {
		mcs_erect_domain_write, mcs_attach_user_request_write};

	for (size_t i = 0; i < ARRAY_SIZE(writers); i++) {
		uint8_t room[64];
		struct bytes_writer writer;
		struct bridge_result result;

		bytes_writer_init(&writer, room, sizeof(room));
		writers[i](&writer);
		bridge_filter(*state, SIDE_CLIENT, room, writer.len, &result);
		assert_int_equal(result.reason, CLOSE_CLIENT_BAD_PDU);
		assert_int_equal(result.out, 0);
		(void)bridge_done(state);
		(void)bridge_begun(state);
	}
}

/* A client looks at every share PDU in a frame, and so must we. */
static void
a_redirection_behind_another_pdu_does_not_pass(void **state)
{
	uint8_t pdu[1024], out[2048];
	size_t len = write_pdu(pdu, sizeof(pdu), SIDE_HOST, HOST_IO, write_data_then_redirection);
	size_t first = len - 110; /* a redirection of 10 + 100 bytes */

	(void)state;
	for (size_t cut = 0; cut <= len; cut++) {
		struct bridge *bridge = some_bridge(true);
		enum close_reason reason;
		size_t passed = filter_in_two(bridge, SIDE_HOST, pdu, len, cut, out, &reason);

		assert_int_equal(reason, CLOSE_HOST_REDIRECTS);
		assert_true(passed <= first + 8);
		/* In the middle of a frame nothing can be told any more. */
		assert_int_equal(bridge_to_boundary(bridge, SIDE_HOST), SIZE_MAX);
		bridge_free(bridge);
	}
}

static enum close_reason
pass(struct bridge *bridge, enum side from, write_payload *payload)
{
	return give_pdu(bridge, from, from == SIDE_CLIENT ? MCS_IO_CHANNEL : HOST_IO, payload)
		.result.reason;
}

static void
a_client_is_not_asked_again_and_again(void **state)
{
	struct bridge *bridge = *state;
	unsigned int asked = 0;

	/* Each has its desktop: as often as it likes. */
	for (int i = 0; i < 100; i++) {
		assert_int_equal(pass(bridge, SIDE_HOST, write_demand_active), CLOSE_NONE);
		assert_int_equal(pass(bridge, SIDE_CLIENT, write_confirm_active), CLOSE_NONE);
		assert_int_equal(pass(bridge, SIDE_HOST, write_font_map), CLOSE_NONE);
	}
	while (asked < 100 && pass(bridge, SIDE_HOST, write_demand_active) == CLOSE_NONE)
		asked++;
	assert_int_equal(asked, 16);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_pdu_has_its_rule_wherever_the_reads_cut_it),
		cmocka_unit_test(input_is_left_out_where_the_hospital_lets_the_client_look),
		cmocka_unit_test(fast_path_passes_only_in_clear_and_after_demand_active),
		cmocka_unit_test(a_redirection_behind_another_pdu_does_not_pass),
		BEGUN(input_behind_something_else_ends_the_session_of_who_may_only_look),
		BEGUN(an_ultimatum_passes_and_ends_the_session),
		BEGUN(set_up_pdus_do_not_pass),
		BEFORE(an_ultimatum_before_the_desktop_is_a_refusal),
		BEFORE(a_client_is_not_asked_again_and_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
