/* gateway/relay/bridge.c and bridge_rules.def */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

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

/* What passes the filter when the bytes come in two reads, cut at `cut`; as connection_io.c does it, a
 * tail comes again in front of the next bytes. */
static size_t
filter_in_two(struct bridge *bridge, enum side from, const uint8_t *bytes, size_t len, size_t cut,
	uint8_t *out, enum close_reason *ret_reason)
{
	uint8_t buffer[4096];
	struct bridge_result result;
	size_t tail = 0, total = 0, at = 0;

	*ret_reason = CLOSE_NONE;
	for (int i = 0; i < 2 && *ret_reason == CLOSE_NONE; i++) {
		size_t take = i == 0 ? cut : len - cut;

		memcpy(buffer + tail, bytes + at, take);
		at += take;
		bridge_filter(bridge, from, buffer, tail + take, &result);
		memcpy(out + total, buffer, result.out);
		total += result.out;
		*ret_reason = result.reason;
		if (result.reason != CLOSE_NONE)
			break;
		assert_true(result.used <= tail + take);
		assert_true(tail + take - result.used <= STREAM_TAIL_MAX);
		tail = tail + take - result.used;
		memmove(buffer, buffer + result.used, tail);
	}
	return total;
}

static void
each_pdu_has_its_rule_wherever_the_reads_cut_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rule_cases) / sizeof(rule_cases[0]); i++) {
		const struct rule_case *row = &rule_cases[i];
		uint8_t pdu[1024], out[2048];
		size_t len = write_pdu(pdu, sizeof(pdu), row->from, row->channel, row->payload);

		for (size_t cut = 0; cut <= len; cut++) {
			struct bridge *bridge = some_bridge(false);
			enum side from = row->from == SIDE_CLIENT ? SIDE_CLIENT : SIDE_HOST;
			enum close_reason reason;
			size_t passed;

			bridge->stage = row->stage;
			bridge->back_end = row->from == SIDE_GREETER ? SIDE_GREETER : SIDE_HOST;
			passed = filter_in_two(bridge, from, pdu, len, cut, out, &reason);

			if (reason != row->reason || passed != (row->passes ? len : 0))
				fail_msg("row %zu cut %zu: reason %d, %zu of %zu passed", i, cut,
					reason, passed, len);
			bridge_free(bridge);
		}
	}
}

static void
ids_of_the_client_become_the_hosts(void **state)
{
	struct bridge *bridge = some_bridge(true);
	uint8_t pdu[256];
	size_t len = write_pdu(pdu, sizeof(pdu), SIDE_CLIENT, ALLOWED, write_data);
	struct bridge_result result;
	struct mcs_send_data data;

	(void)state;
	bridge_filter(bridge, SIDE_CLIENT, pdu, len, &result);
	assert_int_equal(mcs_send_data_parse(pdu, len, (uint16_t)len, &data, NULL), PARSE_OK);
	assert_int_equal(data.initiator, HOST_USER);
	assert_int_equal(data.channel, HOST_ALLOWED);
	bridge_free(bridge);
}

static void
ids_of_the_host_become_the_clients(void **state)
{
	struct bridge *bridge = some_bridge(true);
	uint8_t pdu[256];
	size_t len = write_pdu(pdu, sizeof(pdu), SIDE_HOST, HOST_MESSAGE, write_heartbeat);
	struct bridge_result result;
	struct mcs_send_data data;

	(void)state;
	bridge_filter(bridge, SIDE_HOST, pdu, len, &result);
	assert_int_equal(mcs_send_data_parse(pdu, len, (uint16_t)len, &data, NULL), PARSE_OK);
	assert_int_equal(data.initiator, 1002);
	assert_int_equal(data.channel, CLIENT_MESSAGE);
	bridge_free(bridge);
}

static void
write_control_granted(struct bytes_writer *writer)
{
	size_t begin = share_begin(writer, SHARE_DATA, HOST_USER, 0x103ea, SHARE_DATA_CONTROL);

	bytes_write_u16le(writer, SHARE_CONTROL_GRANTED);
	bytes_write_u16le(writer, HOST_USER);
	bytes_write_u32le(writer, 1002);
	share_end(writer, begin);
}

static void
write_synchronize(struct bytes_writer *writer)
{
	size_t begin = share_begin(writer, SHARE_DATA, HOST_USER, 0x103ea, SHARE_DATA_SYNCHRONIZE);

	bytes_write_u16le(writer, 1);
	bytes_write_u16le(writer, HOST_USER);
	share_end(writer, begin);
}

static void
user_ids_inside_share_pdus_are_translated(void **state)
{
	write_payload *const payloads[] = {write_control_granted, write_synchronize};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct bridge *bridge = some_bridge(true);
		uint8_t pdu[256];
		size_t len = write_pdu(pdu, sizeof(pdu), SIDE_HOST, HOST_IO, payloads[i]);
		struct bridge_result result;
		struct mcs_send_data data;
		struct share_pdu share;
		const uint8_t *payload;

		bridge_filter(bridge, SIDE_HOST, pdu, len, &result);
		assert_int_equal(result.reason, CLOSE_NONE);
		assert_int_equal(
			mcs_send_data_parse(pdu, len, (uint16_t)len, &data, NULL), PARSE_OK);
		payload = pdu + data.payload_at;
		assert_int_equal(
			share_parse(payload, data.payload_len, data.payload_len, &share, NULL),
			PARSE_OK);
		assert_int_equal(share.source, CLIENT_USER);
		assert_int_not_equal(share_user_id_at(payload, &share), 0);
		assert_int_equal(
			bytes_get_u16le(payload + share_user_id_at(payload, &share)), CLIENT_USER);
		bridge_free(bridge);
	}
}

static void
a_late_share_id_of_the_client_becomes_the_current_one(void **state)
{
	struct bridge *bridge = some_bridge(true);
	uint8_t pdu[512];
	size_t len = write_pdu(pdu, sizeof(pdu), SIDE_HOST, HOST_IO, write_demand_active);
	struct bridge_result result;
	struct mcs_send_data data;

	(void)state;
	bridge_filter(bridge, SIDE_HOST, pdu, len, &result);
	assert_int_equal(bridge->share_id, 0x103ea);
	bridge->share_id = 0x203ea;
	len = write_pdu(pdu, sizeof(pdu), SIDE_CLIENT, MCS_IO_CHANNEL, write_data);
	bridge_filter(bridge, SIDE_CLIENT, pdu, len, &result);
	assert_int_equal(mcs_send_data_parse(pdu, len, (uint16_t)len, &data, NULL), PARSE_OK);
	assert_int_equal(bytes_get_u32le(pdu + data.payload_at + SHARE_ID_AT), 0x203ea);
	bridge_free(bridge);
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
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
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

/* D4: what somebody has touched counts, wherever the reads cut it; what a client says by itself does not. */
static void
input_is_counted(void **state)
{
	static const struct {
		uint8_t pdu[8];
		unsigned counts;
	} rows[] = {
		{{0x04, 8, 0x00, 0x1e, 0, 0, 0, 0}, 1},    /* a key */
		{{0x04, 8, 0x20, 0, 8, 1, 1, 1}, 1},       /* the mouse */
		{{0x04, 8, 0x60, 0, 0, 0, 0, 0}, 0},       /* where the locks stand */
		{{0x04, 8, 0xc0, 1, 2, 3, 4, 5}, 0},       /* when it has drawn */
		{{0x08, 8, 0x60, 0x00, 0x1e, 0, 0, 0}, 1}, /* the locks, and a key */
		{{0x00, 8, 20, 0x60, 0, 0, 0, 0}, 1},      /* many */
	};
	uint8_t out[2048], pdu[256];
	enum close_reason reason;
	struct bridge *bridge;
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (size_t cut = 0; cut <= 8; cut++) {
			bridge = some_bridge(true);
			assert_int_equal(filter_in_two(bridge, SIDE_CLIENT, rows[i].pdu, 8, cut,
						 out, &reason),
				8);
			assert_int_equal(bridge->inputs, rows[i].counts);
			/* What the host draws is nobody's input. */
			assert_int_equal(
				filter_in_two(bridge, SIDE_HOST, rows[i].pdu, 8, cut, out, &reason),
				8);
			assert_int_equal(bridge->inputs, rows[i].counts);
			bridge_free(bridge);
		}
	}
	bridge = some_bridge(true);
	len = write_pdu(pdu, sizeof(pdu), SIDE_CLIENT, MCS_IO_CHANNEL, write_data);
	(void)filter_in_two(bridge, SIDE_CLIENT, pdu, len, 0, out, &reason);
	assert_int_equal(bridge->inputs, 1);
	/* One event, which is a synchronisation: its type is 0. */
	len = write_pdu(pdu, sizeof(pdu), SIDE_CLIENT, MCS_IO_CHANNEL, write_data);
	pdu[len - 40] = 1;
	(void)filter_in_two(bridge, SIDE_CLIENT, pdu, len, 0, out, &reason);
	assert_int_equal(bridge->inputs, 1);
	pdu[len - 40 + 8] = 4; /* a key */
	(void)filter_in_two(bridge, SIDE_CLIENT, pdu, len, 0, out, &reason);
	assert_int_equal(bridge->inputs, 2);
	bridge_free(bridge);
	/* Who may only look is there all the same. */
	bridge = some_bridge(true);
	bridge->look_only = true;
	assert_int_equal(filter_in_two(bridge, SIDE_CLIENT, rows[0].pdu, 8, 3, out, &reason), 0);
	assert_int_equal(bridge->inputs, 1);
	bridge_free(bridge);
}

/* C7: who may only look. In each way in which input could come, wherever the reads cut it. */
static void
input_is_left_out_where_the_hospital_lets_the_client_look(void **state)
{
	static const struct {
		uint16_t channel;
		write_payload *payload;
		bool passes;
		enum close_reason reason;
	} rows[] = {
		{MCS_IO_CHANNEL, write_data, false, CLOSE_NONE},
		{MCS_IO_CHANNEL, write_two_data, false, CLOSE_NONE},
		{MCS_IO_CHANNEL, write_font_list, true, CLOSE_NONE},
		{MCS_IO_CHANNEL, write_confirm_active, true, CLOSE_NONE},
		{MCS_IO_CHANNEL, write_redirection, false, CLOSE_CLIENT_BAD_PDU},
		{ALLOWED, write_data, true, CLOSE_NONE},
		{DENIED, write_data, false, CLOSE_NONE},
		{CLIENT_MESSAGE, write_autodetect_response, true, CLOSE_NONE},
	};
	const uint8_t keys[] = {0x3c, 8, 1, 2, 3, 4, 5, 6};
	uint8_t out[2048];
	enum close_reason reason;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t pdu[1024];
		size_t len =
			write_pdu(pdu, sizeof(pdu), SIDE_CLIENT, rows[i].channel, rows[i].payload);

		for (size_t cut = 0; cut <= len; cut++) {
			struct bridge *bridge = some_bridge(true);

			bridge->look_only = true;
			assert_int_equal(
				filter_in_two(bridge, SIDE_CLIENT, pdu, len, cut, out, &reason),
				rows[i].passes ? len : 0);
			assert_int_equal(reason, rows[i].reason);
			bridge_free(bridge);
		}
	}
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
	struct bridge *bridge = some_bridge(true);
	uint8_t pdu[1024], out[2048];
	size_t len = write_pdu(
		pdu, sizeof(pdu), SIDE_CLIENT, MCS_IO_CHANNEL, write_font_list_then_input);
	enum close_reason reason;

	(void)state;
	bridge->look_only = true;
	assert_true(filter_in_two(bridge, SIDE_CLIENT, pdu, len, 0, out, &reason) < len);
	assert_int_equal(reason, CLOSE_CLIENT_BAD_PDU);
	bridge_free(bridge);
}

static void
an_ultimatum_passes_and_ends_the_session(void **state)
{
	static const enum close_reason reasons[] = {
		[SIDE_CLIENT] = CLOSE_CLIENT_LOGGED_OFF, [SIDE_HOST] = CLOSE_HOST_LEFT};

	(void)state;
	for (int side = 0; side < BRIDGE_SIDES; side++) {
		struct bridge *bridge = some_bridge(true);
		uint8_t room[64];
		struct bytes_writer writer;
		struct bridge_result result;

		bytes_writer_init(&writer, room, sizeof(room));
		mcs_disconnect_write(&writer, MCS_USER_REQUESTED);
		memset(room + writer.len, 0, sizeof(room) - writer.len);
		bridge_filter(bridge, (enum side)side, room, sizeof(room), &result);
		assert_int_equal(result.reason, reasons[side]);
		assert_int_equal(result.out, writer.len); /* and nothing behind it */
		bridge_free(bridge);
	}
}

/* Then the client is told by the gateway, which knows more. */
static void
an_ultimatum_before_the_desktop_is_a_refusal(void **state)
{
	struct bridge *bridge = some_bridge(false);
	uint8_t room[16];
	struct bytes_writer writer;
	struct bridge_result result;

	(void)state;
	bytes_writer_init(&writer, room, sizeof(room));
	mcs_disconnect_write(&writer, MCS_PROVIDER_INITIATED);
	bridge_filter(bridge, SIDE_HOST, room, writer.len, &result);
	assert_int_equal(result.reason, CLOSE_HOST_REFUSED);
	assert_int_equal(result.out, 0);
	bridge_free(bridge);
}

static void
set_up_pdus_do_not_pass(void **state)
{
	void (*const writers[])(struct bytes_writer *) = {
		mcs_erect_domain_write, mcs_attach_user_request_write};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct bridge *bridge = some_bridge(true);
		uint8_t room[64];
		struct bytes_writer writer;
		struct bridge_result result;

		bytes_writer_init(&writer, room, sizeof(room));
		writers[i](&writer);
		bridge_filter(bridge, SIDE_CLIENT, room, writer.len, &result);
		assert_int_equal(result.reason, CLOSE_CLIENT_BAD_PDU);
		assert_int_equal(result.out, 0);
		bridge_free(bridge);
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

/* A stream of everything, cut into reads of one size: what comes out must not depend on the size. */
static void
a_stream_comes_out_the_same_for_every_size_of_read(void **state)
{
	static uint8_t stream[8192], first[8192], out[8192];
	size_t len = 0, first_len = 0;

	(void)state;
	for (int i = 0; i < 8; i++) {
		static const uint16_t channels[] = {HOST_ALLOWED, HOST_DENIED, HOST_IO};
		uint16_t size = (uint16_t)(5 + 61 * i);

		len += write_pdu(
			stream + len, sizeof(stream) - len, SIDE_HOST, channels[i % 3], write_data);
		stream[len] = 0x00;
		bytes_put_u16be(stream + len + 1, 0x8000 | size);
		memset(stream + len + 3, 0xa0 + i, size - 3u);
		len += size;
	}
	for (size_t size = 1; size <= len; size++) {
		struct bridge *bridge = some_bridge(true);
		uint8_t buffer[8192 + STREAM_TAIL_MAX];
		size_t tail = 0, total = 0;

		for (size_t at = 0; at < len;) {
			size_t take = size < len - at ? size : len - at;
			struct bridge_result result;

			memcpy(buffer + tail, stream + at, take);
			at += take;
			bridge_filter(bridge, SIDE_HOST, buffer, tail + take, &result);
			assert_int_equal(result.reason, CLOSE_NONE);
			memcpy(out + total, buffer, result.out);
			total += result.out;
			tail = tail + take - result.used;
			memmove(buffer, buffer + result.used, tail);
		}
		assert_int_equal(tail, 0);
		assert_int_equal(bridge_to_boundary(bridge, SIDE_HOST), 0);
		bridge_free(bridge);
		if (size == 1) {
			memcpy(first, out, total);
			first_len = total;
		}
		assert_int_equal(total, first_len);
		assert_memory_equal(out, first, total);
	}
	assert_true(first_len > 0 && first_len < len); /* the denied channel is missing */
}

static void
the_rest_of_a_pdu_is_counted_to_its_boundary(void **state)
{
	struct bridge *bridge = some_bridge(true);
	uint8_t pdu[10] = {0x00, 10, 1, 2, 3, 4};
	struct bridge_result result;

	(void)state;
	assert_int_equal(bridge_to_boundary(bridge, SIDE_HOST), 0);
	bridge_filter(bridge, SIDE_HOST, pdu, 6, &result);
	assert_int_equal(bridge_to_boundary(bridge, SIDE_HOST), 4);
	bridge_filter(bridge, SIDE_HOST, pdu + 6, 3, &result);
	assert_int_equal(bridge_to_boundary(bridge, SIDE_HOST), 1);
	bridge_filter(bridge, SIDE_HOST, pdu + 9, 1, &result);
	assert_int_equal(bridge_to_boundary(bridge, SIDE_HOST), 0);
	bridge_free(bridge);
}

static void
licensing_is_over_with_the_hosts_last_word(void **state)
{
	struct bridge *bridge = some_bridge(false);
	uint8_t pdu[256];
	size_t len = write_pdu(pdu, sizeof(pdu), SIDE_CLIENT, MCS_IO_CHANNEL, write_licence);
	struct bridge_result result;

	(void)state;
	bridge_filter(bridge, SIDE_CLIENT, pdu, len, &result);
	assert_false(bridge->licensed);
	len = write_pdu(pdu, sizeof(pdu), SIDE_HOST, HOST_IO, write_licence);
	bridge_filter(bridge, SIDE_HOST, pdu, len, &result);
	assert_true(bridge->licensed);
	bridge_free(bridge);
}

/* Read as a share control header, these flags are a length and flagsHi is the type of a Server
 * Redirection, which xfreerdp takes it for once it waits for Demand Active. */
static void
a_security_header_cannot_be_read_as_a_redirection(void **state)
{
	static const struct {
		uint16_t channel;
		write_payload *payload;
	} rows[] = {
		{HOST_IO, write_licence},
		{HOST_MESSAGE, write_autodetect_request},
		{HOST_MESSAGE, write_heartbeat},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bridge *bridge = some_bridge(false);
		struct bridge_result result;
		uint8_t pdu[256];
		size_t len =
			write_pdu(pdu, sizeof(pdu), SIDE_HOST, rows[i].channel, rows[i].payload);

		bytes_put_u16le(pdu + MCS_SEND_DATA_HEAD_MAX + 2, 0x20 | SHARE_REDIRECTION);
		bridge_filter(bridge, SIDE_HOST, pdu, len, &result);
		assert_int_equal(result.reason, CLOSE_NONE);
		assert_int_equal(result.out, len);
		assert_int_equal(bytes_get_u16le(pdu + MCS_SEND_DATA_HEAD_MAX + 2), 0);
		bridge_free(bridge);
	}
}

static enum close_reason
pass(struct bridge *bridge, enum side from, write_payload *payload)
{
	uint8_t pdu[1024];
	size_t len = write_pdu(
		pdu, sizeof(pdu), from, from == SIDE_CLIENT ? MCS_IO_CHANNEL : HOST_IO, payload);
	struct bridge_result result;

	bridge_filter(bridge, from, pdu, len, &result);
	return result.reason;
}

static void
a_client_is_not_asked_again_and_again(void **state)
{
	struct bridge *bridge = some_bridge(false);
	unsigned int asked = 0;

	(void)state;
	/* Each has its desktop: as often as it likes. */
	for (int i = 0; i < 100; i++) {
		assert_int_equal(pass(bridge, SIDE_HOST, write_demand_active), CLOSE_NONE);
		assert_int_equal(pass(bridge, SIDE_CLIENT, write_confirm_active), CLOSE_NONE);
		assert_int_equal(pass(bridge, SIDE_HOST, write_font_map), CLOSE_NONE);
	}
	while (asked < 100 && pass(bridge, SIDE_HOST, write_demand_active) == CLOSE_NONE)
		asked++;
	assert_int_equal(asked, 16);
	bridge_free(bridge);
}

static void
write_data_of_another_share(struct bytes_writer *writer)
{
	size_t begin = share_begin(writer, SHARE_DATA, HOST_USER, 0xdeadbeef, SHARE_DATA_CONTROL);

	bytes_write_zeros(writer, 8);
	share_end(writer, begin);
}

static void
a_client_hears_of_no_share_but_its_own(void **state)
{
	struct bridge *bridge = some_bridge(true);
	uint8_t pdu[256];
	size_t len = write_pdu(pdu, sizeof(pdu), SIDE_HOST, HOST_IO, write_data_of_another_share);
	struct bridge_result result;
	struct mcs_send_data data;

	(void)state;
	bridge->share_id = 0x103ea;
	bridge_filter(bridge, SIDE_HOST, pdu, len, &result);
	assert_int_equal(result.reason, CLOSE_NONE);
	assert_int_equal(mcs_send_data_parse(pdu, len, (uint16_t)len, &data, NULL), PARSE_OK);
	assert_int_equal(bytes_get_u32le(pdu + data.payload_at + SHARE_ID_AT), 0x103ea);
	bridge_free(bridge);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_security_header_cannot_be_read_as_a_redirection),
		cmocka_unit_test(each_pdu_has_its_rule_wherever_the_reads_cut_it),
		cmocka_unit_test(ids_of_the_client_become_the_hosts),
		cmocka_unit_test(ids_of_the_host_become_the_clients),
		cmocka_unit_test(user_ids_inside_share_pdus_are_translated),
		cmocka_unit_test(a_late_share_id_of_the_client_becomes_the_current_one),
		cmocka_unit_test(fast_path_passes_only_in_clear_and_after_demand_active),
		cmocka_unit_test(input_is_counted),
		cmocka_unit_test(input_is_left_out_where_the_hospital_lets_the_client_look),
		cmocka_unit_test(input_behind_something_else_ends_the_session_of_who_may_only_look),
		cmocka_unit_test(an_ultimatum_passes_and_ends_the_session),
		cmocka_unit_test(an_ultimatum_before_the_desktop_is_a_refusal),
		cmocka_unit_test(set_up_pdus_do_not_pass),
		cmocka_unit_test(a_redirection_behind_another_pdu_does_not_pass),
		cmocka_unit_test(a_stream_comes_out_the_same_for_every_size_of_read),
		cmocka_unit_test(the_rest_of_a_pdu_is_counted_to_its_boundary),
		cmocka_unit_test(licensing_is_over_with_the_hosts_last_word),
		cmocka_unit_test(a_client_is_not_asked_again_and_again),
		cmocka_unit_test(a_client_hears_of_no_share_but_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
