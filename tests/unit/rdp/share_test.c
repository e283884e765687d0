/* gateway/rdp/share.c */
#include "rdp/share.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "edge.h"
#include "samples.h"

#define SAMPLE(bytes) edge_copy(bytes, sizeof(bytes)), sizeof(bytes), sizeof(bytes)

struct kind_case {
	uint16_t first;
	uint16_t second;
	size_t payload_len;
	enum share_kind kind;
};

static const struct kind_case kinds[] = {
	/* security headers */
	{SEC_INFO_PKT, 0, 300, SHARE_KIND_INFO}, {SEC_LICENSE_PKT, 0, 20, SHARE_KIND_LICENCE},
	{SEC_LICENSE_PKT | SEC_LICENSE_ENCRYPT, 0, 20, SHARE_KIND_LICENCE},
	{SEC_AUTODETECT_REQ, 0, 10, SHARE_KIND_AUTODETECT_REQ},
	{SEC_AUTODETECT_RSP, 0, 18, SHARE_KIND_AUTODETECT_RSP},
	{SEC_HEARTBEAT, 0, 8, SHARE_KIND_HEARTBEAT},
	{SEC_TRANSPORT_REQ, 0, 28, SHARE_KIND_TRANSPORT_REQ},
	{SEC_TRANSPORT_RSP, 0, 12, SHARE_KIND_TRANSPORT_RSP},
	{SEC_REDIRECTION_PKT, 0, 200, SHARE_KIND_REDIRECTION},
	{SEC_REDIRECTION_PKT | SEC_ENCRYPT, 0, 200, SHARE_KIND_REDIRECTION},
	{SEC_AUTODETECT_REQ | SEC_TRANSPORT_REQ, 0, 28, SHARE_KIND_TRANSPORT_REQ},
	{SEC_HEARTBEAT | SEC_REDIRECTION_PKT, 0, 28, SHARE_KIND_REDIRECTION},
	{SEC_LICENSE_PKT | SEC_INFO_PKT, 0, 28, SHARE_KIND_UNKNOWN},
	{SEC_ENCRYPT, 0, 28, SHARE_KIND_UNKNOWN}, {0, 0, 28, SHARE_KIND_UNKNOWN},
	/* share control headers */
	{100, 0x11, 100, SHARE_KIND_SHARE}, {100, 0x13, 100, SHARE_KIND_SHARE},
	{100, 0x16, 100, SHARE_KIND_SHARE}, {4, 0x16, 4, SHARE_KIND_SHARE},
	{100, 0x17, 100, SHARE_KIND_SHARE},
	{100, 0x17, 200, SHARE_KIND_SHARE}, /* another one follows */
	{100, 0x1a, 100, SHARE_KIND_REDIRECTION}, {100, 0x1a, 200, SHARE_KIND_REDIRECTION},
	/* neither */
	{100, 0x17, 99, SHARE_KIND_UNKNOWN}, {100, 0x18, 100, SHARE_KIND_UNKNOWN},
	{100, 0x27, 100, SHARE_KIND_UNKNOWN}, {100, 0x0117, 100, SHARE_KIND_UNKNOWN},
	{0x8000, 0x17, 100, SHARE_KIND_UNKNOWN}, /* T.128 flow control */
};

static void
kinds_are_told_apart(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		uint8_t head[4];

		bytes_put_u16le(head, kinds[i].first);
		bytes_put_u16le(head + 2, kinds[i].second);
		assert_int_equal(
			share_kind_of(edge_copy(head, 4), 4, kinds[i].payload_len), kinds[i].kind);
		assert_int_equal(share_kind_of(edge_copy(head, 3), 3, kinds[i].payload_len),
			SHARE_KIND_UNKNOWN);
	}
}

static void
demand_active_is_read(void **state)
{
	struct share_pdu pdu;

	(void)state;
	assert_int_equal(share_parse(SAMPLE(sample_demand), &pdu, NULL), PARSE_OK);
	assert_int_equal(pdu.type, SHARE_DEMAND_ACTIVE);
	assert_int_equal(pdu.total_len, 22);
	assert_int_equal(pdu.source, 1002);
	assert_true(pdu.has_share_id);
	assert_int_equal(pdu.share_id, 0x103ea);
	assert_int_equal(share_user_id_at(sample_demand, &pdu), 0);
}

static void
user_ids_in_bodies_are_found(void **state)
{
	uint8_t control[sizeof(sample_control)];
	struct share_pdu pdu;

	(void)state;
	assert_int_equal(share_parse(SAMPLE(sample_control), &pdu, NULL), PARSE_OK);
	assert_int_equal(pdu.data_type, SHARE_DATA_CONTROL);
	assert_int_equal(share_user_id_at(sample_control, &pdu), 20);
	assert_int_equal(bytes_get_u16le(sample_control + 20), 1007);
	memcpy(control, sample_control, sizeof(control));
	control[18] = SHARE_CONTROL_COOPERATE;
	assert_int_equal(share_user_id_at(control, &pdu), 0);
	control[18] = SHARE_CONTROL_GRANTED;
	control[15] = 0x21; /* compressed */
	assert_int_equal(share_parse(SAMPLE(control), &pdu, NULL), PARSE_OK);
	assert_int_equal(share_user_id_at(control, &pdu), 0);
	assert_int_equal(share_parse(SAMPLE(sample_synchronize), &pdu, NULL), PARSE_OK);
	assert_int_equal(share_user_id_at(sample_synchronize, &pdu), 20);
}

static void
short_bodies_have_no_user_id(void **state)
{
	uint8_t pdu_bytes[sizeof(sample_synchronize)];
	struct share_pdu pdu;

	(void)state;
	memcpy(pdu_bytes, sample_synchronize, sizeof(pdu_bytes));
	for (size_t len = SHARE_DATA_LEN; len < sizeof(pdu_bytes); len++) {
		bytes_put_u16le(pdu_bytes, (uint16_t)len);
		assert_int_equal(
			share_parse(edge_copy(pdu_bytes, len), len, len, &pdu, NULL), PARSE_OK);
		assert_int_equal(share_user_id_at(edge_copy(pdu_bytes, len), &pdu), 0);
	}
}

static void
heads_are_enough(void **state)
{
	struct share_pdu pdu;

	(void)state;
	for (size_t have = 0; have < SHARE_HEAD_MAX; have++)
		assert_int_equal(share_parse(edge_copy(sample_control, have), have,
					 sizeof(sample_control), &pdu, NULL),
			PARSE_NEED_MORE);
	assert_int_equal(share_parse(edge_copy(sample_control, SHARE_HEAD_MAX), SHARE_HEAD_MAX,
				 sizeof(sample_control), &pdu, NULL),
		PARSE_OK);
	for (size_t len = 0; len < sizeof(sample_control); len++)
		assert_int_equal(share_parse(edge_copy(sample_control, len), len, len, &pdu, NULL),
			PARSE_BAD);
}

static void
lengths_wrong_by_one(void **state)
{
	uint8_t control[sizeof(sample_control)];
	struct share_pdu pdu;

	(void)state;
	memcpy(control, sample_control, sizeof(control));
	control[0]++;
	assert_int_equal(share_parse(SAMPLE(control), &pdu, NULL), PARSE_BAD);
	/* One less is another PDU of one byte behind the first: the caller goes on and refuses it. */
	control[0] = (uint8_t)(control[0] - 2);
	assert_int_equal(share_parse(SAMPLE(control), &pdu, NULL), PARSE_OK);
	assert_int_equal(pdu.total_len, sizeof(control) - 1);
	assert_int_equal(share_parse(control + pdu.total_len, 1, 1, &pdu, NULL), PARSE_BAD);
}

static void
windows_xp_deactivates_with_four_bytes(void **state)
{
	const uint8_t deactivate[] = {4, 0, 0x16, 0};
	struct share_pdu pdu;

	(void)state;
	assert_int_equal(share_parse(SAMPLE(deactivate), &pdu, NULL), PARSE_OK);
	assert_int_equal(pdu.type, SHARE_DEACTIVATE_ALL);
	assert_int_equal(pdu.source, 0);
	assert_false(pdu.has_share_id);
}

static void
a_redirection_behind_another_pdu_is_reached(void **state)
{
	uint8_t both[sizeof(sample_synchronize) + 6];
	const uint8_t redirection[] = {6, 0, 0x1a, 0, 0xea, 3};
	struct share_pdu pdu;

	(void)state;
	memcpy(both, sample_synchronize, sizeof(sample_synchronize));
	memcpy(both + sizeof(sample_synchronize), redirection, sizeof(redirection));
	assert_int_equal(share_parse(SAMPLE(both), &pdu, NULL), PARSE_OK);
	assert_int_equal(pdu.total_len, sizeof(sample_synchronize));
	assert_int_equal(share_parse(both + pdu.total_len, 6, 6, &pdu, NULL), PARSE_OK);
	assert_int_equal(pdu.type, SHARE_REDIRECTION);
	assert_false(pdu.has_share_id);
}

static void
error_info_is_a_share_data_pdu(void **state)
{
	uint8_t room[SHARE_ERROR_INFO_LEN];
	struct bytes_writer writer;
	struct share_pdu pdu;

	(void)state;
	bytes_writer_init(&writer, room, sizeof(room));
	share_error_info_write(&writer, 0x103ea, 1002, 0x0c);
	assert_false(writer.failed);
	assert_int_equal(writer.len, SHARE_ERROR_INFO_LEN);
	assert_int_equal(share_parse(SAMPLE(room), &pdu, NULL), PARSE_OK);
	assert_int_equal(pdu.type, SHARE_DATA);
	assert_int_equal(pdu.total_len, SHARE_ERROR_INFO_LEN);
	assert_int_equal(pdu.data_type, SHARE_DATA_SET_ERROR_INFO);
	assert_int_equal(pdu.compressed_type, 0);
	assert_int_equal(pdu.source, 1002);
	assert_int_equal(pdu.share_id, 0x103ea);
	assert_int_equal(bytes_get_u16le(room + 12), 8);
	assert_int_equal(bytes_get_u32le(room + 18), 0x0c);
}

static void
licence_is_told_as_such(void **state)
{
	uint8_t room[SHARE_LICENCE_LEN];
	struct bytes_writer writer;

	(void)state;
	bytes_writer_init(&writer, room, sizeof(room));
	share_licence_valid_write(&writer);
	assert_false(writer.failed);
	assert_int_equal(share_kind_of(room, 4, writer.len), SHARE_KIND_LICENCE);
	assert_int_equal(bytes_get_u16le(room + 6), SHARE_LICENCE_LEN - 4);
}

static void
no_changed_byte_makes_a_parser_read_past_the_end(void **state)
{
	uint8_t bytes[sizeof(sample_control)];
	struct share_pdu pdu;

	(void)state;
	for (size_t at = 0; at < sizeof(bytes); at++) {
		for (unsigned value = 0; value < 256; value++) {
			const uint8_t *copy;

			memcpy(bytes, sample_control, sizeof(bytes));
			bytes[at] = (uint8_t)value;
			copy = edge_copy(bytes, sizeof(bytes));
			(void)share_kind_of(copy, sizeof(bytes), sizeof(bytes));
			if (share_parse(copy, sizeof(bytes), sizeof(bytes), &pdu, NULL) == PARSE_OK)
				assert_true(share_user_id_at(copy, &pdu) + 2 <= sizeof(bytes));
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds_are_told_apart),
		cmocka_unit_test(demand_active_is_read),
		cmocka_unit_test(user_ids_in_bodies_are_found),
		cmocka_unit_test(short_bodies_have_no_user_id),
		cmocka_unit_test(heads_are_enough),
		cmocka_unit_test(lengths_wrong_by_one),
		cmocka_unit_test(windows_xp_deactivates_with_four_bytes),
		cmocka_unit_test(a_redirection_behind_another_pdu_is_reached),
		cmocka_unit_test(error_info_is_a_share_data_pdu),
		cmocka_unit_test(licence_is_told_as_such),
		cmocka_unit_test(no_changed_byte_makes_a_parser_read_past_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
