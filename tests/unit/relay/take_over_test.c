/* gateway/relay/take_over.c: what a jump host says up to its Demand Active, and the moment of the switch. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "greeted.h"
#include "rdp/mcs.h"
#include "relay/connection_io.h"
#include "relay/introduction.h"
#include "relay/phase_attach.h"
#include "relay/take_over.h"

#include <errno.h>
#include <string.h>

enum {
	HOST_USER = 1044,
	HOST_IO = 1003,
	HOST_MESSAGE = 1060,
};

static void
start(void)
{
	struct bridge *bridge;

	greeted_start(PHASE_ATTACH, NULL);
	greeted_legs(true, true);
	fakes.conn.attachment = attachment_new(SIDE_HOST);
	fakes.conn.attachment->step = ATTACH_FIRST_PDU;
	bridge = fakes.conn.attachment->bridge = bridge_new(SIDE_HOST);
	bridge->user[SIDE_CLIENT] = GREETED_USER;
	bridge->user[SIDE_HOST] = HOST_USER;
	bridge->io[SIDE_CLIENT] = MCS_IO_CHANNEL;
	bridge->io[SIDE_HOST] = HOST_IO;
	bridge->message[SIDE_CLIENT] = 1006;
	bridge->message[SIDE_HOST] = HOST_MESSAGE;
}

static void
finish(void)
{
	if (fakes.conn.attachment != NULL)
		bridge_free(fakes.conn.attachment->bridge);
	fakes_done();
}

static void
give_frame(uint16_t channel, const uint8_t *payload, size_t len)
{
	uint8_t room[1024];
	struct bytes_writer writer;

	bytes_writer_init(&writer, room, sizeof(room));
	mcs_send_data_write(&writer, MCS_SEND_DATA_INDICATION, 1002, channel, payload, len);
	assert_false(writer.failed);
	take_over_on_pdu(&fakes.conn, room, writer.len);
}

static size_t
give_demand_active(void)
{
	uint8_t room[512];
	size_t len = greeted_share(room, sizeof(room), SIDE_CLIENT, SHARE_DEMAND_ACTIVE, 0, 200);

	take_over_on_pdu(&fakes.conn, room, len);
	return len;
}

static void
expect_switched(size_t deactivate_at, size_t demand_len)
{
	struct share_pdu pdu;
	const uint8_t *payload;

	assert_int_equal(greeted_sent(deactivate_at, &pdu, &payload), fakes.sent_len[SIDE_CLIENT]);
	assert_int_equal(pdu.type, SHARE_DEACTIVATE_ALL);
	assert_int_equal(pdu.share_id, GREETED_SHARE_ID);
	assert_true(fakes.dropped[SIDE_GREETER]);
	assert_true(fakes.went);
	assert_int_equal(fakes.went_to, PHASE_BRIDGE);
	/* and the Demand Active right behind it, by way of BRIDGE */
	assert_int_equal(fakes.bridged, demand_len);
	assert_int_equal(fakes.conn.bridge->back_end, SIDE_HOST);
	assert_int_equal(fakes.conn.bridge->stage, BRIDGE_REACTIVATING);
}

static void
the_client_goes_over_with_the_demand_active(void **state)
{
	size_t len;

	(void)state;
	start();
	fakes.conn.bytes_from[SIDE_CLIENT] = fakes.conn.bytes_to[SIDE_CLIENT] = 5000;
	len = give_demand_active();
	expect_switched(0, len);
	assert_int_equal(fakes.conn.bytes_from[SIDE_CLIENT], 0);
	assert_int_equal(fakes.conn.bytes_to[SIDE_CLIENT], 0);
	finish();
}

/* Fed with fragments from any point on: the switch comes right behind the last of them. */
static void
an_update_under_way_is_finished_first(void **state)
{
	uint8_t stream[4 * GREETED_UPDATE];

	(void)state;
	for (unsigned int i = 0; i < 4; i++)
		greeted_update(stream + i * GREETED_UPDATE, (const unsigned int[]){2, 3, 1, 0}[i]);
	for (size_t cut = 4; cut < 3 * GREETED_UPDATE; cut += 13) {
		struct bridge_result result;
		uint8_t copy[sizeof(stream)];
		size_t len, used;

		start();
		memcpy(copy, stream, cut);
		bridge_filter(fakes.conn.bridge, SIDE_HOST, copy, cut, &result);
		len = give_demand_active();
		assert_false(fakes.went);
		assert_int_equal(fakes.conn.attachment->step, ATTACH_TAKE_OVER);
		assert_int_equal(fakes.conn.ops->reads[SIDE_HOST], READ_NOTHING);
		used = greeted_give(
			SIDE_GREETER, stream + result.used, sizeof(stream) - result.used);
		assert_int_equal(used, sizeof(stream) - result.used);
		expect_switched(3 * GREETED_UPDATE - result.used, len);
		finish();
	}
}

static void
a_screen_that_is_not_active_yet_becomes_so_first(void **state)
{
	uint8_t room[128];
	size_t map = greeted_share(
		       room, sizeof(room), SIDE_CLIENT, SHARE_DATA, SHARE_DATA_FONT_MAP, 8),
	       len;

	(void)state;
	start();
	fakes.conn.bridge->stage = BRIDGE_ACTIVATING;
	len = give_demand_active();
	assert_false(fakes.went);
	(void)greeted_give(SIDE_GREETER, room, map);
	expect_switched(map, len);
	finish();
}

static void
meanwhile_the_client_still_speaks_to_the_screen(void **state)
{
	static const uint8_t key[] = {4, 4, 0, 30};

	(void)state;
	start();
	fakes.conn.bridge->ways[SIDE_HOST].left = 50;
	(void)give_demand_active();
	assert_int_equal(greeted_give(SIDE_CLIENT, key, sizeof(key)), sizeof(key));
	assert_int_equal(fakes.sent_len[SIDE_GREETER], sizeof(key));
	assert_int_equal(fakes.sent_len[SIDE_HOST], 0);
	assert_false(fakes.went);
	finish();
}

static void
a_screen_that_never_rests_is_a_fault(void **state)
{
	(void)state;
	start();
	fakes.conn.bridge->ways[SIDE_HOST].left = 50;
	(void)give_demand_active();
	fakes.conn.ops->on_time_limit(&fakes.conn);
	assert_int_equal(fakes.closed, CLOSE_GREETER_FAULT);
	finish();
	start();
	fakes.conn.bridge->stage = BRIDGE_ACTIVATING;
	(void)give_demand_active();
	fakes.conn.ops->on_time_limit(&fakes.conn);
	assert_int_equal(fakes.closed, CLOSE_TOO_SLOW);
	finish();
}

static void
a_host_that_leaves_before_the_switch_has_refused(void **state)
{
	(void)state;
	start();
	fakes.conn.bridge->ways[SIDE_HOST].left = 50;
	(void)give_demand_active();
	fakes.conn.ops->on_end(&fakes.conn, SIDE_HOST, 0, false);
	assert_int_equal(fakes.closed, CLOSE_HOST_REFUSED);
	finish();
}

static void
a_licence_request_is_answered_with_none(void **state)
{
	static const uint8_t types[] = {0x01, 0x02, 0x03, 0xff};
	struct mcs_send_data data;

	(void)state;
	for (size_t i = 0; i < sizeof(types); i++) {
		uint8_t request[20] = {SEC_LICENSE_PKT, 0, 0, 0, types[i], 3, 16, 0};
		const uint8_t *sent = fakes.sent[SIDE_HOST];
		uint16_t len;

		start();
		give_frame(HOST_IO, request, sizeof(request));
		assert_int_equal(fakes.closed, CLOSE_NONE);
		len = (uint16_t)fakes.sent_len[SIDE_HOST];
		assert_int_equal(len != 0, i < 2);
		if (len > 0) {
			assert_int_equal(
				mcs_send_data_parse(sent, len, len, &data, NULL), PARSE_OK);
			assert_int_equal(data.kind, MCS_SEND_DATA_REQUEST);
			assert_int_equal(data.initiator, HOST_USER);
			assert_int_equal(data.channel, HOST_IO);
			/* ERROR_ALERT with ERR_NO_LICENSE */
			assert_int_equal(sent[data.payload_at + 4], 0xff);
			assert_int_equal(bytes_get_u32le(sent + data.payload_at + 8), 2);
		}
		assert_int_equal(fakes.sent_len[SIDE_CLIENT], 0);
		finish();
	}
}

static void
a_round_trip_is_answered_where_it_was_asked(void **state)
{
	static const uint8_t request[] = {0, 0x10, 0, 0, 6, 0, 5, 0, 1, 0x10};
	struct mcs_send_data data;
	uint16_t len;

	(void)state;
	start();
	give_frame(HOST_MESSAGE, request, sizeof(request));
	len = (uint16_t)fakes.sent_len[SIDE_HOST];
	assert_int_equal(
		mcs_send_data_parse(fakes.sent[SIDE_HOST], len, len, &data, NULL), PARSE_OK);
	assert_int_equal(data.channel, HOST_MESSAGE);
	assert_int_equal(
		bytes_get_u16le(fakes.sent[SIDE_HOST] + data.payload_at), SEC_AUTODETECT_RSP);
	finish();
}

/* PDUs one after the other in the payload of one frame. */
static void
give_together(const enum share_type *types, size_t count)
{
	uint8_t room[1024], payload[1024];
	size_t len = 0;

	for (size_t i = 0; i < count; i++) {
		size_t body = types[i] == SHARE_DEMAND_ACTIVE ? 200 : 12;
		size_t frame = greeted_share(room, sizeof(room), SIDE_CLIENT, types[i],
			types[i] == SHARE_DATA ? SHARE_DATA_SET_ERROR_INFO : 0, body);
		struct mcs_send_data data;

		assert_int_equal(
			mcs_send_data_parse(room, (uint16_t)frame, (uint16_t)frame, &data, NULL),
			PARSE_OK);
		memcpy(payload + len, room + data.payload_at, data.payload_len);
		len += data.payload_len;
	}
	give_frame(HOST_IO, payload, len);
}

/* What stood before it in the frame does not come between Deactivate All and it; what follows does. */
static void
demand_active_is_found_behind_others_in_its_frame(void **state)
{
	static const enum share_type before[] = {SHARE_DATA, SHARE_DATA, SHARE_DEMAND_ACTIVE},
				     after[] = {SHARE_DEMAND_ACTIVE, SHARE_DATA};
	size_t alone, both;

	(void)state;
	start();
	give_together(&before[2], 1);
	alone = fakes.bridged;
	expect_switched(0, alone);
	finish();
	start();
	give_together(before, 3);
	expect_switched(0, alone);
	finish();
	start();
	give_together(after, 2);
	both = fakes.bridged;
	assert_true(both > alone);
	expect_switched(0, both);
	finish();
}

static void
what_may_not_come_is_found_behind_others_in_its_frame(void **state)
{
	static const struct {
		enum share_type types[3];
		enum close_reason reason;
	} rows[] = {
		{{SHARE_DATA, SHARE_REDIRECTION, SHARE_DEMAND_ACTIVE}, CLOSE_HOST_REDIRECTS},
		{{SHARE_DATA, SHARE_DEACTIVATE_ALL, SHARE_DEMAND_ACTIVE}, CLOSE_HOST_BAD_PDU},
		{{SHARE_DATA, SHARE_DATA, SHARE_CONFIRM_ACTIVE}, CLOSE_HOST_BAD_PDU},
		{{SHARE_DATA, SHARE_DATA, SHARE_DATA}, CLOSE_NONE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		start();
		give_together(rows[i].types, 3);
		if (fakes.closed != rows[i].reason || fakes.went)
			fail_msg("row %zu: reason %d", i, fakes.closed);
		finish();
	}
}

/* A length that leads out of the frame, or nowhere. */
static void
lengths_that_do_not_fit_lead_back(void **state)
{
	static const uint8_t lengths[] = {0, 1, 3, 5, 17, 19, 255};

	(void)state;
	for (size_t i = 0; i < sizeof(lengths); i++) {
		uint8_t payload[36] = {18, 0, 0x10 | SHARE_DATA, 0};

		payload[18] = lengths[i];
		payload[20] = 0x10 | SHARE_DATA;
		start();
		give_frame(HOST_IO, payload, sizeof(payload));
		if (fakes.closed != CLOSE_HOST_BAD_PDU || fakes.went)
			fail_msg("length %u: reason %d", lengths[i], fakes.closed);
		finish();
	}
}

#define SHARE(type) 18, 0, 0x10 | (type), 0, 0xea, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
static const struct {
	uint16_t channel;
	uint8_t payload[20];
	size_t len;
	enum close_reason reason; /* CLOSE_NONE: not minded */
} host_says[] = {
	{HOST_MESSAGE, {0, 0x40, 0, 0, 0, 0, 0, 0}, 8, CLOSE_NONE}, /* heartbeat */
	{HOST_IO, {SHARE(SHARE_DATA)}, 18, CLOSE_NONE},
	{1050, {SHARE(SHARE_REDIRECTION)}, 18,
		CLOSE_NONE}, /* a static channel: bytes of no meaning */
	{HOST_IO, {SHARE(SHARE_REDIRECTION)}, 18, CLOSE_HOST_REDIRECTS},
	{HOST_IO, {0, 4, 0, 0, 0, 0, 0, 0}, 8, CLOSE_HOST_REDIRECTS},
	{HOST_IO, {2, 0, 0, 0, 0, 0, 0, 0}, 8, CLOSE_HOST_MULTITRANSPORT},
	{HOST_MESSAGE, {2, 0, 0, 0, 0, 0, 0, 0}, 8, CLOSE_HOST_MULTITRANSPORT},
	{HOST_MESSAGE, {0, 0x10, 0, 0, 3, 0, 0, 0}, 8, CLOSE_HOST_BAD_PDU},
	{HOST_IO, {SHARE(SHARE_CONFIRM_ACTIVE)}, 18, CLOSE_HOST_BAD_PDU},
	{HOST_IO, {SHARE(SHARE_DEACTIVATE_ALL)}, 18, CLOSE_HOST_BAD_PDU},
	{HOST_IO, {8, 0, 0, 0, 0, 0, 0, 0}, 8, CLOSE_HOST_BAD_PDU},
};

static void
whatever_else_it_says_is_dropped_or_leads_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(host_says) / sizeof(host_says[0]); i++) {
		start();
		give_frame(host_says[i].channel, host_says[i].payload, host_says[i].len);
		if (fakes.closed != host_says[i].reason || fakes.sent_len[SIDE_CLIENT] != 0 ||
			fakes.went)
			fail_msg("row %zu: reason %d", i, fakes.closed);
		finish();
	}
}

static void
what_is_no_send_data_leads_back(void **state)
{
	uint8_t room[MCS_DOMAIN_PDU_MAX];
	struct bytes_writer writer;

	(void)state;
	start();
	bytes_writer_init(&writer, room, sizeof(room));
	mcs_channel_join_request_write(&writer, 1007, 1003);
	take_over_on_pdu(&fakes.conn, room, writer.len);
	assert_int_equal(fakes.closed, CLOSE_HOST_BAD_PDU);
	finish();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_client_goes_over_with_the_demand_active),
		cmocka_unit_test(an_update_under_way_is_finished_first),
		cmocka_unit_test(a_screen_that_is_not_active_yet_becomes_so_first),
		cmocka_unit_test(meanwhile_the_client_still_speaks_to_the_screen),
		cmocka_unit_test(a_screen_that_never_rests_is_a_fault),
		cmocka_unit_test(a_host_that_leaves_before_the_switch_has_refused),
		cmocka_unit_test(a_licence_request_is_answered_with_none),
		cmocka_unit_test(a_round_trip_is_answered_where_it_was_asked),
		cmocka_unit_test(demand_active_is_found_behind_others_in_its_frame),
		cmocka_unit_test(what_may_not_come_is_found_behind_others_in_its_frame),
		cmocka_unit_test(lengths_that_do_not_fit_lead_back),
		cmocka_unit_test(whatever_else_it_says_is_dropped_or_leads_back),
		cmocka_unit_test(what_is_no_send_data_leads_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
