/* gateway/relay/phase_drain.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fakes.h"
#include "rdp/mcs.h"
#include "rdp/share.h"
#include "relay/bridge.h"
#include "relay/connection_io.h"

#include <errno.h>
#include <string.h>

static void
start(enum phase ended_in, enum close_reason reason)
{
	fakes_reset(PHASE_DRAIN, &phase_drain);
	fakes.conn.ended_in = ended_in;
	fakes.conn.reason = reason;
}

static void
start_bridged(enum close_reason reason, bool begun)
{
	start(PHASE_BRIDGE, reason);
	fakes.conn.bridge = bridge_new(SIDE_HOST);
	assert_non_null(fakes.conn.bridge);
	fakes.conn.bridge->stage = begun ? BRIDGE_ACTIVE : BRIDGE_BEFORE;
	fakes.conn.bridge->share_id = begun ? 0x103ea : 0;
}

/* The payload of frame number n that was sent to the client; NULL if there is none. */
static const uint8_t *
sent_frame(size_t number, enum mcs_kind *ret_kind, struct mcs_send_data *ret_data)
{
	const uint8_t *at = fakes.sent[SIDE_CLIENT];
	size_t left = fakes.sent_len[SIDE_CLIENT];
	struct frame frame = {0};

	for (size_t i = 0; left > 0; i++) {
		assert_int_equal(frame_parse(at, left, &frame), PARSE_OK);
		assert_true(frame.len <= left);
		if (i == number) {
			*ret_kind = mcs_kind_of(at, frame.len);
			if (*ret_kind == MCS_SEND_DATA_INDICATION)
				assert_int_equal(mcs_send_data_parse(
							 at, frame.len, frame.len, ret_data, NULL),
					PARSE_OK);
			return at + ret_data->payload_at;
		}
		at += frame.len;
		left -= frame.len;
	}
	return NULL;
}

static void
assert_error_info(size_t number, uint32_t share_id, enum error_info info)
{
	struct mcs_send_data data = {0};
	struct share_pdu share;
	enum mcs_kind kind;
	const uint8_t *payload = sent_frame(number, &kind, &data);

	assert_non_null(payload);
	assert_int_equal(kind, MCS_SEND_DATA_INDICATION);
	assert_int_equal(data.channel, MCS_IO_CHANNEL);
	assert_int_equal(
		share_parse(payload, data.payload_len, data.payload_len, &share, NULL), PARSE_OK);
	assert_int_equal(share.data_type, SHARE_DATA_SET_ERROR_INFO);
	assert_int_equal(share.share_id, share_id);
	assert_int_equal(bytes_get_u32le(payload + SHARE_DATA_LEN), info);
}

static void
assert_ultimatum(size_t number)
{
	struct mcs_send_data data = {0};
	enum mcs_kind kind;

	assert_non_null(sent_frame(number, &kind, &data));
	assert_int_equal(kind, MCS_DISCONNECT_ULTIMATUM);
	assert_null(sent_frame(number + 1, &kind, &data));
}

static void
assert_licence(size_t number)
{
	struct mcs_send_data data = {0};
	enum mcs_kind kind;
	const uint8_t *payload = sent_frame(number, &kind, &data);

	assert_non_null(payload);
	assert_int_equal(
		share_kind_of(payload, data.payload_len, data.payload_len), SHARE_KIND_LICENCE);
}

/* xfreerdp3 connects again if an error info comes while it waits for its licence. */
static void
a_refused_client_gets_a_licence_the_reason_and_an_ultimatum(void **state)
{
	(void)state;
	start(PHASE_DECIDE, CLOSE_NO_TICKET);
	phase_drain.enter(&fakes.conn);
	assert_licence(0);
	assert_error_info(1, 0, ERROR_INFO_SERVER_DENIED);
	assert_ultimatum(2);
	assert_true(fakes.finished[SIDE_CLIENT]);
}

static void
a_running_client_gets_the_reason_and_an_ultimatum(void **state)
{
	(void)state;
	start_bridged(CLOSE_ADMIN_KILLED, true);
	phase_drain.enter(&fakes.conn);
	assert_error_info(0, 0x103ea, ERROR_INFO_ADMINISTRATOR);
	assert_ultimatum(1);
	assert_true(fakes.finished[SIDE_CLIENT]);
}

static void
between_licence_and_desktop_the_licence_is_not_sent_again(void **state)
{
	(void)state;
	start_bridged(CLOSE_ADMIN_KILLED, false);
	fakes.conn.bridge->licensed = true;
	phase_drain.enter(&fakes.conn);
	assert_error_info(0, 0, ERROR_INFO_ADMINISTRATOR);
	assert_ultimatum(1);

	start_bridged(CLOSE_HOST_LOST, false);
	phase_drain.enter(&fakes.conn);
	assert_licence(0);
	assert_error_info(1, 0, ERROR_INFO_SERVER_DENIED);
}

static void
the_reason_waits_for_the_end_of_the_pdu(void **state)
{
	uint8_t rest[20] = {1, 2, 3, 4, 5, 6, 7};

	(void)state;
	start_bridged(CLOSE_ADMIN_KILLED, true);
	fakes.conn.bridge->ways[SIDE_HOST].left = 10;
	phase_drain.enter(&fakes.conn);
	assert_int_equal(fakes.sent_len[SIDE_CLIENT], 0);
	assert_int_equal(phase_drain.on_bytes(&fakes.conn, SIDE_HOST, rest, 4), 4);
	assert_int_equal(fakes.sent_len[SIDE_CLIENT], 4);
	/* six are missing; what comes behind them is not for the client any more */
	assert_int_equal(phase_drain.on_bytes(&fakes.conn, SIDE_HOST, rest, 20), 20);
	assert_memory_equal(fakes.sent[SIDE_CLIENT] + 4, rest, 6);
	memmove(fakes.sent[SIDE_CLIENT], fakes.sent[SIDE_CLIENT] + 10,
		fakes.sent_len[SIDE_CLIENT] - 10);
	fakes.sent_len[SIDE_CLIENT] -= 10;
	assert_error_info(0, 0x103ea, ERROR_INFO_ADMINISTRATOR);
	assert_ultimatum(1);
}

#define HOST_IO 1007

/* A frame of the jump host with this payload; returns its length. */
static size_t
host_frame(uint8_t *room, size_t size, const struct bytes_writer *payload)
{
	struct bytes_writer writer;

	bytes_writer_init(&writer, room, size);
	mcs_send_data_write(
		&writer, MCS_SEND_DATA_INDICATION, 1002, HOST_IO, payload->start, payload->len);
	assert_false(writer.failed);
	return writer.len;
}

/* So many bytes of a frame came while the desktop was in use, the rest after the kill. Returns whether any of it
 * had been relayed by then. */
static bool
kill_in_frame(const uint8_t *frame, size_t len, size_t cut)
{
	static const uint8_t behind[] = {0x00, 10, 1, 2, 3, 4, 5, 6, 7, 8};
	struct bridge_result result;
	uint8_t bytes[1024];

	start_bridged(CLOSE_ADMIN_KILLED, true);
	fakes.conn.bridge->io[SIDE_CLIENT] = MCS_IO_CHANNEL;
	fakes.conn.bridge->io[SIDE_HOST] = HOST_IO;
	memcpy(bytes, frame, len);
	memcpy(bytes + len, behind, sizeof(behind));
	bridge_filter(fakes.conn.bridge, SIDE_HOST, bytes, cut, &result);
	leg_send(&fakes.conn, SIDE_CLIENT, bytes, result.out);
	phase_drain.enter(&fakes.conn);
	(void)phase_drain.on_bytes(
		&fakes.conn, SIDE_HOST, bytes + result.used, len + sizeof(behind) - result.used);
	return result.used > 0;
}

/* Every share PDU in it is looked at, and then the client is told. */
static void
the_reason_waits_for_the_end_of_a_frame_of_several_pdus(void **state)
{
	uint8_t room[512], frame[600];
	struct bytes_writer payload;
	size_t len, begun = 0;

	(void)state;
	bytes_writer_init(&payload, room, sizeof(room));
	for (uint32_t i = 0; i < 12; i++)
		share_error_info_write(&payload, 0x103ea, 1002, i);
	len = host_frame(frame, sizeof(frame), &payload);
	for (size_t cut = 0; cut < len; cut++) {
		bool relayed = kill_in_frame(frame, len, cut);

		begun += relayed;
		if (relayed)
			assert_int_equal(fakes.sent[SIDE_CLIENT][len], 0x03); /* the next TPKT */
		assert_error_info(relayed, 0x103ea, ERROR_INFO_ADMINISTRATOR);
		assert_ultimatum(1u + relayed);
	}
	assert_true(begun > len / 2);
}

/* What may not pass does not pass because somebody was cut off. */
static void
a_redirection_at_the_end_of_the_frame_is_not_delivered(void **state)
{
	static const uint8_t redirection[] = {14, 0, 0x1a, 0, 0xea, 0x03, 0, 0, 0, 4, 2, 0, 0, 0};
	uint8_t room[256], frame[512];
	struct bytes_writer payload;
	size_t len;

	(void)state;
	bytes_writer_init(&payload, room, sizeof(room));
	share_error_info_write(&payload, 0x103ea, 1002, ERROR_INFO_NOTHING);
	bytes_write(&payload, redirection, sizeof(redirection));
	len = host_frame(frame, sizeof(frame), &payload);
	for (size_t cut = 0; cut < len - sizeof(redirection); cut++) {
		if (!kill_in_frame(frame, len, cut))
			continue;
		assert_int_equal(fakes.sent_len[SIDE_CLIENT], len - sizeof(redirection));
		assert_true(fakes.finished[SIDE_CLIENT]);
	}
}

static void
a_pdu_that_cannot_be_completed_is_cut(void **state)
{
	(void)state;
	start_bridged(CLOSE_HOST_LOST, true);
	fakes.conn.bridge->ways[SIDE_HOST].left = 10;
	fakes.host_ended = true;
	phase_drain.enter(&fakes.conn);
	assert_int_equal(fakes.sent_len[SIDE_CLIENT], 0);
	assert_true(fakes.finished[SIDE_CLIENT]);

	start_bridged(CLOSE_ADMIN_KILLED, true);
	fakes.conn.bridge->ways[SIDE_HOST].left = 10;
	phase_drain.enter(&fakes.conn);
	phase_drain.on_end(&fakes.conn, SIDE_HOST, 0, false);
	assert_int_equal(fakes.closed, CLOSE_ADMIN_KILLED);
}

static void
a_reason_without_words_only_delivers(void **state)
{
	(void)state;
	start_bridged(CLOSE_HOST_LEFT, true);
	fakes.waiting[SIDE_CLIENT] = true;
	phase_drain.enter(&fakes.conn);
	assert_int_equal(fakes.sent_len[SIDE_CLIENT], 0);
	assert_false(fakes.finished[SIDE_CLIENT]);
	fakes.waiting[SIDE_CLIENT] = false;
	phase_drain.on_sent(&fakes.conn, SIDE_CLIENT);
	assert_true(fakes.finished[SIDE_CLIENT]);
}

static void
nothing_is_told_before_the_client_listens(void **state)
{
	(void)state;
	start(PHASE_INTRODUCE, CLOSE_STOPPING);
	phase_drain.enter(&fakes.conn);
	assert_int_equal(fakes.sent_len[SIDE_CLIENT], 0);
	assert_true(fakes.finished[SIDE_CLIENT]);
}

static void
a_client_that_does_not_read_is_cut(void **state)
{
	(void)state;
	start_bridged(CLOSE_ADMIN_KILLED, true);
	fakes.waiting[SIDE_CLIENT] = true;
	phase_drain.enter(&fakes.conn);
	assert_false(fakes.finished[SIDE_CLIENT]);
	phase_drain.on_time_limit(&fakes.conn);
	assert_int_equal(fakes.closed, CLOSE_ADMIN_KILLED);
	assert_int_equal(phase_drain.reads[SIDE_CLIENT], READ_DISCARD);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_refused_client_gets_a_licence_the_reason_and_an_ultimatum),
		cmocka_unit_test(a_running_client_gets_the_reason_and_an_ultimatum),
		cmocka_unit_test(between_licence_and_desktop_the_licence_is_not_sent_again),
		cmocka_unit_test(the_reason_waits_for_the_end_of_the_pdu),
		cmocka_unit_test(the_reason_waits_for_the_end_of_a_frame_of_several_pdus),
		cmocka_unit_test(a_redirection_at_the_end_of_the_frame_is_not_delivered),
		cmocka_unit_test(a_pdu_that_cannot_be_completed_is_cut),
		cmocka_unit_test(a_reason_without_words_only_delivers),
		cmocka_unit_test(nothing_is_told_before_the_client_listens),
		cmocka_unit_test(a_client_that_does_not_read_is_cut),
	};
	int r = cmocka_run_group_tests(tests, NULL, NULL);

	fakes_done();
	return r;
}
