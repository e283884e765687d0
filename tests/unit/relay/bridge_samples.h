/* A bridge with its channels, and PDUs by name for the tables of its tests. */
#ifndef TESTS_RELAY_BRIDGE_SAMPLES_H
#define TESTS_RELAY_BRIDGE_SAMPLES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rdp/auto_reconnect.h"
#include "rdp/mcs.h"
#include "rdp/share.h"
#include "relay/bridge.h"

#include <stdlib.h>
#include <string.h>

enum {
	CLIENT_USER = 1008,
	HOST_USER = 1021,
	HOST_IO = 1003,
	HOST_MESSAGE = 1033,
	CLIENT_MESSAGE = 1007,
	/* three static channels: allowed, denied, dead */
	ALLOWED = 1004,
	DENIED = 1005,
	DEAD = 1006,
	HOST_ALLOWED = 1030,
	HOST_DENIED = 1031,
};

static inline struct bridge *
some_bridge(bool begun)
{
	struct bridge *bridge = bridge_new(SIDE_HOST);

	assert_non_null(bridge);
	bridge->user[SIDE_CLIENT] = CLIENT_USER;
	bridge->user[SIDE_HOST] = HOST_USER;
	bridge->io[SIDE_CLIENT] = MCS_IO_CHANNEL;
	bridge->io[SIDE_HOST] = HOST_IO;
	bridge->message[SIDE_CLIENT] = CLIENT_MESSAGE;
	bridge->message[SIDE_HOST] = HOST_MESSAGE;
	bridge->channel_count = 3;
	bridge->channels[0] = (struct bridge_channel){{ALLOWED, HOST_ALLOWED}, false};
	bridge->channels[1] = (struct bridge_channel){{DENIED, HOST_DENIED}, true};
	bridge->channels[2] = (struct bridge_channel){{DEAD, 0}, false};
	bridge->stage = begun ? BRIDGE_ACTIVE : BRIDGE_BEFORE;
	return bridge;
}

/* PDUs by name, so that a table can speak of them. */

typedef void write_payload(struct bytes_writer *writer);

static inline void
write_flags(struct bytes_writer *writer, uint16_t flags)
{
	bytes_write_u16le(writer, flags);
	bytes_write_u16le(writer, 0);
	bytes_write_u8(writer, 0xff);
	bytes_write_zeros(writer, 19);
}

static inline void
write_share(struct bytes_writer *writer, enum share_type type, uint8_t data_type, size_t body)
{
	size_t begin = share_begin(writer, type, HOST_USER, 0x103ea, data_type);

	bytes_write_zeros(writer, body);
	share_end(writer, begin);
}

#define PAYLOAD(name, ...)                                           \
	static inline void write_##name(struct bytes_writer *writer) \
	{                                                            \
		__VA_ARGS__;                                         \
	}

PAYLOAD(licence, write_flags(writer, SEC_LICENSE_PKT))
PAYLOAD(redirection_standard, write_flags(writer, SEC_REDIRECTION_PKT))
PAYLOAD(autodetect_request, write_flags(writer, SEC_AUTODETECT_REQ))
PAYLOAD(autodetect_response, write_flags(writer, SEC_AUTODETECT_RSP))
PAYLOAD(heartbeat, write_flags(writer, SEC_HEARTBEAT))
PAYLOAD(multitransport, write_flags(writer, SEC_TRANSPORT_REQ))
PAYLOAD(encrypted, write_flags(writer, SEC_ENCRYPT))
PAYLOAD(client_info, write_flags(writer, SEC_INFO_PKT))
PAYLOAD(demand_active, write_share(writer, SHARE_DEMAND_ACTIVE, 0, 200))
PAYLOAD(confirm_active, write_share(writer, SHARE_CONFIRM_ACTIVE, 0, 200))
PAYLOAD(deactivate_all, write_share(writer, SHARE_DEACTIVATE_ALL, 0, 3))
PAYLOAD(data, write_share(writer, SHARE_DATA, SHARE_DATA_INPUT, 40))
PAYLOAD(redirection, write_share(writer, SHARE_REDIRECTION, 0, 100))
PAYLOAD(font_map, write_share(writer, SHARE_DATA, SHARE_DATA_FONT_MAP, 8))
PAYLOAD(font_list, write_share(writer, SHARE_DATA, SHARE_DATA_FONT_LIST, 8))
PAYLOAD(font_list_then_input, write_share(writer, SHARE_DATA, SHARE_DATA_FONT_LIST, 8);
	write_share(writer, SHARE_DATA, SHARE_DATA_INPUT, 40))
PAYLOAD(nothing, (void)writer)
PAYLOAD(two_data, write_share(writer, SHARE_DATA, SHARE_DATA_INPUT, 40);
	write_share(writer, SHARE_DATA, SHARE_DATA_CONTROL, 8))
PAYLOAD(data_then_redirection, write_share(writer, SHARE_DATA, SHARE_DATA_INPUT, 40);
	write_share(writer, SHARE_REDIRECTION, 0, 100))

static inline size_t
write_pdu(uint8_t *room, size_t size, enum side from, uint16_t channel, write_payload *payload)
{
	uint8_t body[1024];
	struct bytes_writer writer, inner;

	bytes_writer_init(&inner, body, sizeof(body));
	payload(&inner);
	bytes_writer_init(&writer, room, size);
	mcs_send_data_write(&writer,
		from == SIDE_CLIENT ? MCS_SEND_DATA_REQUEST : MCS_SEND_DATA_INDICATION,
		from == SIDE_CLIENT ? CLIENT_USER : 1002, channel, body, inner.len);
	assert_false(writer.failed);
	return writer.len;
}

/* A PDU that was given to a bridge, and what became of it: `bytes` as they are now. */
struct passage {
	uint8_t bytes[1024];
	size_t len;
	struct bridge_result result;
};

static inline struct passage
give_pdu(struct bridge *bridge, enum side from, uint16_t channel, write_payload *payload)
{
	struct passage passage;

	passage.len = write_pdu(passage.bytes, sizeof(passage.bytes), from, channel, payload);
	bridge_filter(bridge, from, passage.bytes, passage.len, &passage.result);
	return passage;
}

/* It passed; its header. */
static inline struct mcs_send_data
header_of(const struct passage *passage)
{
	struct mcs_send_data data;

	assert_int_equal(passage->result.reason, CLOSE_NONE);
	assert_int_equal(passage->result.out, passage->len);
	assert_int_equal(mcs_send_data_parse(
				 passage->bytes, passage->len, (uint16_t)passage->len, &data, NULL),
		PARSE_OK);
	return data;
}

/* What passes the filter when the bytes come in two reads, cut at `cut`; as connection_io.c does it, a
 * tail comes again in front of the next bytes. */
static inline size_t
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

/* Each test has a bridge of its own in *state: before the desktop, or with it. */

static inline int
bridge_before(void **state)
{
	*state = some_bridge(false);
	return 0;
}

static inline int
bridge_begun(void **state)
{
	*state = some_bridge(true);
	return 0;
}

static inline int
bridge_done(void **state)
{
	bridge_free(*state);
	return 0;
}

#define BEFORE(test) cmocka_unit_test_setup_teardown(test, bridge_before, bridge_done)
#define BEGUN(test) cmocka_unit_test_setup_teardown(test, bridge_begun, bridge_done)

#endif
