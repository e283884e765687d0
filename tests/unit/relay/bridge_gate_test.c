/* gateway/relay/bridge_gate.c, input_gate.c, PAUSED of bridge_rules.def: input that pauses while nobody watches, and what was held. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "bridge_samples.h"
#include "relay/input_gate.h"

#define CTRL 0x1d
#define RIGHT_CTRL_FLAGS 0x02 /* extended */
#define KEY_A 0x1e
#define KEY_CAPS 0x3a
#define MUCH 20 /* events */

/* One fast-path PDU of these bytes; whether it passed, wherever the reads cut it. */
static bool
press(struct bridge *bridge, const uint8_t *events, uint8_t len, uint8_t count)
{
	uint8_t pdu[64] = {(uint8_t)(count << 2), (uint8_t)(len + 2)};
	struct bridge_result result;

	memcpy(pdu + 2, events, len);
	bridge_filter(bridge, SIDE_CLIENT, pdu, len + 2u, &result);
	assert_int_equal(result.reason, CLOSE_NONE);
	assert_int_equal(result.used, len + 2u);
	return result.out == len + 2u;
}

#define PRESS(bridge, count, ...) \
	press(bridge, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}), count)

/* What the host is sent in the client's stead. */
static void
expect_told(struct bridge *bridge, const uint8_t *bytes, size_t len)
{
	struct bridge_queue *queue = bridge_queued(bridge, SIDE_CLIENT);

	if (len == 0) {
		assert_null(queue);
		return;
	}
	assert_non_null(queue);
	assert_int_equal(queue->len, len);
	assert_memory_equal((const char *)queue->bytes, (const char *)bytes, len);
	bridge_queue_done(queue);
}

#define EXPECT_TOLD(bridge, ...) \
	expect_told(bridge, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static struct bridge *
gated(bool open)
{
	struct bridge *bridge = some_bridge(true);

	assert_int_equal(bridge_gate(bridge, open), 0);
	return bridge;
}

static void
input_passes_while_the_gate_is_open_alone(void **state)
{
	struct bridge *bridge = gated(false);

	(void)state;
	assert_false(PRESS(bridge, 1, 0x00, KEY_A));
	assert_int_equal(bridge_gate(bridge, true), 0);
	assert_true(PRESS(bridge, 1, 0x00, KEY_A));
	assert_int_equal(bridge_gate(bridge, false), 0);
	EXPECT_TOLD(bridge, 0x04, 4, 0x01, KEY_A);
	assert_false(PRESS(bridge, 1, 0x00, KEY_A));
	assert_false(PRESS(bridge, 1, 0x01, KEY_A));
	assert_int_equal(bridge->inputs, 4); /* they were touched all the same */
	bridge_free(bridge);
}

/* In each way in which input could come; what is none passes. */
static void
what_is_no_input_passes_while_it_pauses(void **state)
{
	static const struct {
		uint16_t channel;
		write_payload *payload;
		bool passes;
	} rows[] = {
		{MCS_IO_CHANNEL, write_data, false},
		{MCS_IO_CHANNEL, write_two_data, false},
		{MCS_IO_CHANNEL, write_font_list, true},
		{MCS_IO_CHANNEL, write_confirm_active, true},
		{ALLOWED, write_data, true},
		{DENIED, write_data, false},
		{CLIENT_MESSAGE, write_autodetect_response, true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct bridge *bridge = gated(false);
		struct passage passage =
			give_pdu(bridge, SIDE_CLIENT, rows[i].channel, rows[i].payload);

		assert_int_equal(passage.result.reason, CLOSE_NONE);
		assert_int_equal(passage.result.out, rows[i].passes ? passage.len : 0);
		bridge_free(bridge);
	}
}

/* Keys, both kinds of buttons where the mouse is, and what was let go before is not let go again. */
static void
what_is_held_is_let_go(void **state)
{
	struct bridge *bridge = gated(true);

	(void)state;
	assert_true(PRESS(bridge, 3, 0x00, CTRL, RIGHT_CTRL_FLAGS, CTRL, 0x00, KEY_A));
	assert_true(PRESS(bridge, 1, 0x01, KEY_A));
	assert_true(PRESS(bridge, 1, 0x20, 0x00, 0x90, 0x10, 0x00, 0x20, 0x00)); /* left down */
	assert_true(PRESS(bridge, 1, 0x40, 0x02, 0x80, 0x11, 0x00, 0x21, 0x00)); /* X 2 down */
	assert_true(PRESS(bridge, 1, 0x20, 0x00, 0x08, 0x12, 0x01, 0x22, 0x00)); /* moved */
	assert_int_equal(bridge_gate(bridge, false), 0);
	EXPECT_TOLD(bridge, 0x10, 20, 0x01, CTRL, 0x03, CTRL, /* the keys */
		0x20, 0x00, 0x10, 0x12, 0x01, 0x22, 0x00,     /* left up, where the mouse is */
		0x40, 0x02, 0x00, 0x12, 0x01, 0x22, 0x00);    /* X 2 up */
	assert_int_equal(bridge_gate(bridge, false), 0);
	expect_told(bridge, NULL, 0);
	bridge_free(bridge);
}

static void
more_keys_than_one_pdu_holds_are_all_let_go(void **state)
{
	struct bridge *bridge = gated(true);
	struct bridge_queue *queue;
	unsigned int released = 0;

	(void)state;
	for (uint8_t key = 1; key <= 40; key++)
		assert_true(PRESS(bridge, 1, 0x00, key));
	assert_int_equal(bridge_gate(bridge, false), 0);
	queue = bridge_queued(bridge, SIDE_CLIENT);
	assert_non_null(queue);
	for (size_t at = 0; at < queue->len; at += queue->bytes[at + 1])
		released += queue->bytes[at] >> 2;
	assert_int_equal(released, 40);
	bridge_queue_done(queue);
	bridge_free(bridge);
}

/* The client has turned Caps Lock while nobody watched: the host hears how it stands, not that it was pressed. */
static void
locks_are_told_when_input_goes_on(void **state)
{
	struct bridge *bridge = gated(true);

	(void)state;
	assert_true(PRESS(bridge, 1, 0x62)); /* Num Lock is on */
	assert_int_equal(bridge_gate(bridge, false), 0);
	expect_told(bridge, NULL, 0);
	assert_false(PRESS(bridge, 1, 0x00, KEY_CAPS));
	assert_false(PRESS(bridge, 1, 0x00, KEY_CAPS)); /* held: it says so again */
	assert_false(PRESS(bridge, 1, 0x01, KEY_CAPS));
	assert_int_equal(bridge_gate(bridge, true), 0);
	EXPECT_TOLD(bridge, 0x04, 3, 0x66);
	bridge_free(bridge);
}

/* A frame that has begun goes out whole, what is let go comes behind it, and events that had not begun do nothing: else a client that
 * keeps the end of a long one back while somebody watches could type hundreds of keys when nobody does. */
static void
of_a_frame_in_transit_events_that_have_not_begun_do_nothing(void **state)
{
	static const uint8_t muted[] = {0x01, 0x00, 0x20, 0, 0, 0, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0,
		0x62, 0x81, 0, 0, 0xa0, 0, 0, 0, 0, 0, 0};
	struct bridge *bridge = gated(true);
	uint8_t pdu[] = {0x1c, 31, 0x00, CTRL, 0x00, KEY_A, /* of KEY_A the first byte is gone */
		0x00, KEY_A + 1, 0x20, 0x00, 0x98, 1, 0, 2, 0, 0x40, 0x01, 0x80, 1, 0, 2, 0, 0x62,
		0x80, 'x', 0, 0xa0, 0x00, 0x98, 1, 0};
	uint8_t rest[] = {2, 0};
	struct bridge_result result;

	(void)state;
	pdu[0] = 8 << 2;
	pdu[1] = sizeof(pdu) + sizeof(rest);
	bridge_filter(bridge, SIDE_CLIENT, pdu, 5, &result);
	assert_int_equal(result.out, 5);
	assert_int_equal(bridge_gate(bridge, false), 0);
	assert_null(bridge_queued(bridge, SIDE_CLIENT));
	bridge_filter(bridge, SIDE_CLIENT, pdu + 5, sizeof(pdu) - 5, &result);
	assert_int_equal(result.out, sizeof(pdu) - 5);
	assert_int_equal(pdu[5], KEY_A);
	assert_memory_equal((const char *)pdu + 6, (const char *)muted, sizeof(muted) - 2);
	assert_null(bridge_queued(bridge, SIDE_CLIENT));
	/* Nor when somebody watches again before it ends. */
	assert_int_equal(bridge_gate(bridge, true), 0);
	assert_int_equal(bridge_gate(bridge, false), 0);
	bridge_filter(bridge, SIDE_CLIENT, rest, sizeof(rest), &result);
	assert_int_equal(result.out, sizeof(rest));
	assert_int_equal(rest[0], 0);
	EXPECT_TOLD(bridge, 0x08, 6, 0x01, CTRL, 0x01, KEY_A);
	assert_false(PRESS(bridge, 1, 0x00, KEY_A));
	bridge_free(bridge);
}

/* TS_INPUT_PDU_DATA, 2.2.8.1.1.3: a key and a button. */
static void
write_slow_input(struct bytes_writer *writer)
{
	size_t begin = share_begin(writer, SHARE_DATA, CLIENT_USER, 0x103ea, SHARE_DATA_INPUT);

	bytes_write_u32le(writer, 2); /* events */
	bytes_write_u32le(writer, 0);
	bytes_write_u16le(writer, 4);
	bytes_write_u16le(writer, 0x4100); /* extended */
	bytes_write_u32le(writer, CTRL);
	bytes_write_u32le(writer, 0);
	bytes_write_u16le(writer, 0x8001);
	bytes_write_u16le(writer, 0xa000); /* right down */
	bytes_write_u16le(writer, 300);
	bytes_write_u16le(writer, 400);
	share_end(writer, begin);
}

static void
who_presses_by_slow_path_lets_go_by_slow_path(void **state)
{
	static const uint8_t up[] = {2, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0x00, 0x81, CTRL, 0, 0, 0, 0, 0,
		0, 0, 0x01, 0x80, 0x00, 0x20, 300 & 0xff, 300 >> 8, 400 & 0xff, 400 >> 8};
	struct bridge *bridge = gated(true);
	struct mcs_send_data data;
	struct bridge_queue *queue;
	struct share_pdu share;

	(void)state;
	bridge->share_id = 0x103ea;
	assert_int_equal(
		give_pdu(bridge, SIDE_CLIENT, MCS_IO_CHANNEL, write_slow_input).result.reason,
		CLOSE_NONE);
	assert_int_equal(bridge_gate(bridge, false), 0);
	queue = bridge_queued(bridge, SIDE_CLIENT);
	assert_non_null(queue);
	assert_int_equal(
		mcs_send_data_parse(queue->bytes, queue->len, (uint16_t)queue->len, &data, NULL),
		PARSE_OK);
	assert_int_equal(data.channel, HOST_IO);
	assert_int_equal(data.initiator, HOST_USER);
	assert_int_equal(share_parse(queue->bytes + data.payload_at, data.payload_len,
				 data.payload_len, &share, NULL),
		PARSE_OK);
	assert_int_equal(share.data_type, SHARE_DATA_INPUT);
	assert_int_equal(share.total_len, SHARE_DATA_LEN + sizeof(up));
	assert_memory_equal((const char *)queue->bytes + data.payload_at + SHARE_DATA_LEN,
		(const char *)up, sizeof(up));
	bridge_queue_done(queue);
	bridge_free(bridge);
}

static void
write_much_slow_input(struct bytes_writer *writer)
{
	size_t begin = share_begin(writer, SHARE_DATA, CLIENT_USER, 0x103ea, SHARE_DATA_INPUT);

	bytes_write_u32le(writer, MUCH);
	for (uint8_t i = 0; i < MUCH; i++) {
		bytes_write_u32le(writer, 0);
		bytes_write_u32le(writer, 4);
		bytes_write_u32le(writer, KEY_A + i);
	}
	share_end(writer, begin);
}

/* INPUT_EVENT_UNUSED, 2.2.8.1.1.3.1.1.6 */
static void
by_slow_path_they_are_unused_events(void **state)
{
	static const uint8_t unused[] = {0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0};
	struct bridge *bridge = gated(true);
	struct bridge_result result;
	uint8_t pdu[512];
	size_t len, cut, used;

	(void)state;
	len = write_pdu(pdu, sizeof(pdu), SIDE_CLIENT, MCS_IO_CHANNEL, write_much_slow_input);
	cut = len - sizeof(unused);
	bridge_filter(bridge, SIDE_CLIENT, pdu, cut - 1, &result);
	used = result.used;
	assert_true(used > len - 4 * sizeof(unused));
	assert_int_equal(bridge_gate(bridge, false), 0);
	bridge_filter(bridge, SIDE_CLIENT, pdu + used, len - used, &result);
	assert_int_equal(result.reason, CLOSE_NONE);
	assert_int_equal(result.out, len - used);
	assert_int_equal(pdu[cut - 4], KEY_A + MUCH - 2);
	assert_memory_equal((const char *)pdu + cut, (const char *)unused, sizeof(unused));
	bridge_free(bridge);
}

/* While the desktop changes its size the host would not listen. */
static void
what_cannot_be_told_at_once_is_told_when_the_desktop_is_active_again(void **state)
{
	struct bridge *bridge = gated(true);
	struct passage passage;

	(void)state;
	assert_true(PRESS(bridge, 1, 0x00, KEY_A));
	(void)give_pdu(bridge, SIDE_HOST, HOST_IO, write_demand_active);
	assert_int_equal(bridge->stage, BRIDGE_ACTIVATING);
	assert_int_equal(bridge_gate(bridge, false), 0);
	assert_null(bridge_queued(bridge, SIDE_CLIENT));
	passage = give_pdu(bridge, SIDE_HOST, HOST_IO, write_font_map);
	assert_int_equal(passage.result.out, passage.len);
	EXPECT_TOLD(bridge, 0x04, 4, 0x01, KEY_A);
	bridge_free(bridge);
}

/* Whose length nobody knows would let keys go by behind it. */
static void
an_unknown_event_ends_a_session_with_a_gate_alone(void **state)
{
	uint8_t pdu[] = {0x04, 4, 0xe0, 0x00};
	struct bridge *bridge = gated(true);
	struct bridge_result result;

	(void)state;
	bridge_filter(bridge, SIDE_CLIENT, pdu, sizeof(pdu), &result);
	assert_int_equal(result.reason, CLOSE_CLIENT_BAD_PDU);
	assert_int_equal(result.out, 0);
	bridge_free(bridge);
	bridge = some_bridge(true);
	bridge_filter(bridge, SIDE_CLIENT, pdu, sizeof(pdu), &result);
	assert_int_equal(result.reason, CLOSE_NONE);
	bridge_free(bridge);
}

/* Wherever the reads cut it, the same is held. */
static void
what_is_held_does_not_depend_on_the_size_of_reads(void **state)
{
	const uint8_t pdu[] = {0x00, 17, 4, 0x00, CTRL, 0x20, 0x00, 0xa0, 5, 0, 6, 0, 0x80, 0x41,
		0x00, 0x02, CTRL};

	(void)state;
	for (size_t cut = 0; cut <= sizeof(pdu); cut++) {
		struct bridge *bridge = gated(true);
		struct bridge_result result;
		uint8_t bytes[sizeof(pdu)];
		size_t used;

		memcpy(bytes, pdu, sizeof(pdu));
		bridge_filter(bridge, SIDE_CLIENT, bytes, cut, &result);
		used = result.used;
		bridge_filter(bridge, SIDE_CLIENT, bytes + used, sizeof(pdu) - used, &result);
		assert_int_equal(result.reason, CLOSE_NONE);
		assert_int_equal(bridge_gate(bridge, false), 0);
		EXPECT_TOLD(bridge, 0x0c, 13, 0x01, CTRL, 0x03, CTRL, 0x20, 0x00, 0x20, 5, 0, 6, 0);
		bridge_free(bridge);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(input_passes_while_the_gate_is_open_alone),
		cmocka_unit_test(what_is_no_input_passes_while_it_pauses),
		cmocka_unit_test(what_is_held_is_let_go),
		cmocka_unit_test(more_keys_than_one_pdu_holds_are_all_let_go),
		cmocka_unit_test(locks_are_told_when_input_goes_on),
		cmocka_unit_test(of_a_frame_in_transit_events_that_have_not_begun_do_nothing),
		cmocka_unit_test(by_slow_path_they_are_unused_events),
		cmocka_unit_test(who_presses_by_slow_path_lets_go_by_slow_path),
		cmocka_unit_test(
			what_cannot_be_told_at_once_is_told_when_the_desktop_is_active_again),
		cmocka_unit_test(an_unknown_event_ends_a_session_with_a_gate_alone),
		cmocka_unit_test(what_is_held_does_not_depend_on_the_size_of_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
