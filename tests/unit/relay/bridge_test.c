/* gateway/relay/bridge.c, bridge_follow.c: a stream of PDUs, the ids in it, and what is followed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "bridge_samples.h"

static void
ids_of_the_client_become_the_hosts(void **state)
{
	struct passage passage = give_pdu(*state, SIDE_CLIENT, ALLOWED, write_data);
	struct mcs_send_data data = header_of(&passage);

	assert_int_equal(data.initiator, HOST_USER);
	assert_int_equal(data.channel, HOST_ALLOWED);
}

static void
ids_of_the_host_become_the_clients(void **state)
{
	struct passage passage = give_pdu(*state, SIDE_HOST, HOST_MESSAGE, write_heartbeat);
	struct mcs_send_data data = header_of(&passage);

	assert_int_equal(data.initiator, 1002);
	assert_int_equal(data.channel, CLIENT_MESSAGE);
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

	for (size_t i = 0; i < ARRAY_SIZE(payloads); i++) {
		struct passage passage = give_pdu(*state, SIDE_HOST, HOST_IO, payloads[i]);
		struct mcs_send_data data = header_of(&passage);
		const uint8_t *payload = passage.bytes + data.payload_at;
		struct share_pdu share;

		assert_int_equal(
			share_parse(payload, data.payload_len, data.payload_len, &share, NULL),
			PARSE_OK);
		assert_int_equal(share.source, CLIENT_USER);
		assert_int_not_equal(share_user_id_at(payload, &share), 0);
		assert_int_equal(
			bytes_get_u16le(payload + share_user_id_at(payload, &share)), CLIENT_USER);
	}
}

static uint32_t
share_id_of(const struct passage *passage)
{
	return bytes_get_u32le(passage->bytes + header_of(passage).payload_at + SHARE_ID_AT);
}

static void
a_late_share_id_of_the_client_becomes_the_current_one(void **state)
{
	struct bridge *bridge = *state;
	struct passage passage = give_pdu(bridge, SIDE_HOST, HOST_IO, write_demand_active);

	assert_int_equal(bridge->share_id, 0x103ea);
	bridge->share_id = 0x203ea;
	passage = give_pdu(bridge, SIDE_CLIENT, MCS_IO_CHANNEL, write_data);
	assert_int_equal(share_id_of(&passage), 0x203ea);
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
	struct bridge *bridge = *state;
	struct passage passage;

	bridge->share_id = 0x103ea;
	passage = give_pdu(bridge, SIDE_HOST, HOST_IO, write_data_of_another_share);
	assert_int_equal(share_id_of(&passage), 0x103ea);
}

/* D4: what somebody has touched counts, wherever the reads cut it; what a client says by itself does not. */
static void
fast_path_input_is_counted(void **state)
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
	uint8_t out[2048];
	enum close_reason reason;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		for (size_t cut = 0; cut <= 8; cut++) {
			struct bridge *bridge = some_bridge(true);

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
}

/* Who may only look is there all the same. */
static void
input_that_is_left_out_is_counted(void **state)
{
	struct bridge *bridge = *state;
	uint8_t key[] = {0x04, 8, 0x00, 0x1e, 0, 0, 0, 0};
	struct bridge_result result;

	bridge->look_only = true;
	bridge_filter(bridge, SIDE_CLIENT, key, sizeof(key), &result);
	assert_int_equal(result.out, 0);
	assert_int_equal(bridge->inputs, 1);
}

/* numEvents, and messageType of the first event. */
static void
slow_path_input_is_counted(void **state)
{
	static const struct {
		uint8_t events, type;
		unsigned inputs;
	} rows[] = {{0, 0, 1}, {1, 0 /* synchronisation */, 1}, {1, 4 /* a key */, 2}};
	struct bridge *bridge = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct bridge_result result;
		uint8_t pdu[256];
		size_t len = write_pdu(pdu, sizeof(pdu), SIDE_CLIENT, MCS_IO_CHANNEL, write_data);

		pdu[len - 40] = rows[i].events;
		pdu[len - 40 + 8] = rows[i].type;
		bridge_filter(bridge, SIDE_CLIENT, pdu, len, &result);
		assert_int_equal(bridge->inputs, rows[i].inputs);
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
	struct bridge *bridge = *state;
	uint8_t pdu[10] = {0x00, 10, 1, 2, 3, 4};
	struct bridge_result result;

	assert_int_equal(bridge_to_boundary(bridge, SIDE_HOST), 0);
	bridge_filter(bridge, SIDE_HOST, pdu, 6, &result);
	assert_int_equal(bridge_to_boundary(bridge, SIDE_HOST), 4);
	bridge_filter(bridge, SIDE_HOST, pdu + 6, 3, &result);
	assert_int_equal(bridge_to_boundary(bridge, SIDE_HOST), 1);
	bridge_filter(bridge, SIDE_HOST, pdu + 9, 1, &result);
	assert_int_equal(bridge_to_boundary(bridge, SIDE_HOST), 0);
}

static void
licensing_is_over_with_the_hosts_last_word(void **state)
{
	struct bridge *bridge = *state;

	(void)give_pdu(bridge, SIDE_CLIENT, MCS_IO_CHANNEL, write_licence);
	assert_false(bridge->licensed);
	(void)give_pdu(bridge, SIDE_HOST, HOST_IO, write_licence);
	assert_true(bridge->licensed);
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

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct bridge_result result;
		uint8_t pdu[256];
		size_t len =
			write_pdu(pdu, sizeof(pdu), SIDE_HOST, rows[i].channel, rows[i].payload);

		bytes_put_u16le(pdu + MCS_SEND_DATA_HEAD_MAX + 2, 0x20 | SHARE_REDIRECTION);
		bridge_filter(*state, SIDE_HOST, pdu, len, &result);
		assert_int_equal(result.reason, CLOSE_NONE);
		assert_int_equal(result.out, len);
		assert_int_equal(bytes_get_u16le(pdu + MCS_SEND_DATA_HEAD_MAX + 2), 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fast_path_input_is_counted),
		cmocka_unit_test(a_stream_comes_out_the_same_for_every_size_of_read),
		BEGUN(ids_of_the_client_become_the_hosts),
		BEGUN(ids_of_the_host_become_the_clients),
		BEGUN(user_ids_inside_share_pdus_are_translated),
		BEGUN(a_late_share_id_of_the_client_becomes_the_current_one),
		BEGUN(a_client_hears_of_no_share_but_its_own),
		BEGUN(input_that_is_left_out_is_counted),
		BEGUN(slow_path_input_is_counted),
		BEGUN(the_rest_of_a_pdu_is_counted_to_its_boundary),
		BEFORE(licensing_is_over_with_the_hosts_last_word),
		BEFORE(a_security_header_cannot_be_read_as_a_redirection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
