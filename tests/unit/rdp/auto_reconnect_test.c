/* gateway/rdp/auto_reconnect.c */
#include "rdp/auto_reconnect.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "edge.h"

/* The head of a Save Session Info PDU as MS-RDPBCGR 2.2.10.1 lays it out, written by hand. */
static const uint8_t info[AUTO_RECONNECT_INFO_LEN] = {0x76, 0x02, 0x17, 0x00, 0xea, 0x03, 0xea,
	0x03, 0x01, 0x00, 0x00, 0x01, 0x68, 0x02, 0x26, 0x00, 0x00,
	0x00,                         /* share headers: 630 bytes, pduType2 0x26 */
	0x03, 0x00, 0x00, 0x00,       /* INFOTYPE_LOGON_EXTENDED_INFO */
	0x60, 0x02, 0x01, 0, 0, 0,    /* 608 bytes, LOGON_EX_AUTORECONNECTCOOKIE */
	0x1c, 0, 0, 0, 0x1c, 0, 0, 0, /* cbFieldData, cbLen */
	1, 0, 0, 0, 0x44, 0x33, 0x22, 0x11, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

enum {
	TYPE_AT = 18,
	FIELDS_AT = 24,
	COOKIE_AT = 40,
};

static enum auto_reconnect_find
find(const uint8_t *bytes, size_t have, size_t *ret_at)
{
	struct share_pdu pdu;

	assert_int_equal(share_parse(bytes, have, sizeof(info), &pdu, NULL), PARSE_OK);
	return auto_reconnect_find(edge_copy(bytes, have), have, &pdu, ret_at);
}

static void
what_is_written_is_what_the_specification_shows(void **state)
{
	const struct auto_reconnect_cookie cookie = {.logon_id = 0x11223344,
		.random = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}};
	uint8_t room[AUTO_RECONNECT_INFO_LEN];
	struct bytes_writer writer;

	(void)state;
	bytes_writer_init(&writer, room, sizeof(room));
	auto_reconnect_info_write(&writer, 0x000103ea, 1002, &cookie);
	assert_false(writer.failed);
	assert_int_equal(writer.len, sizeof(info));
	assert_memory_equal(room, info, sizeof(info));
}

static void
a_cookie_is_found_in_the_first_bytes(void **state)
{
	struct auto_reconnect_cookie cookie;
	size_t at = 0;

	(void)state;
	assert_int_equal(find(info, AUTO_RECONNECT_HEAD_MAX, &at), AUTO_RECONNECT_FOUND);
	assert_int_equal(at, COOKIE_AT);
	auto_reconnect_get(info + at, &cookie);
	assert_int_equal(cookie.logon_id, 0x11223344);
	assert_int_equal(cookie.random[15], 16);
}

static void
a_cookie_is_replaced_and_nothing_beside_it(void **state)
{
	const struct auto_reconnect_cookie other = {.logon_id = 5, .random = {0xff}};
	uint8_t room[sizeof(info)], again[sizeof(info)];

	(void)state;
	memcpy(room, info, sizeof(info));
	auto_reconnect_put(room + COOKIE_AT, &other);
	memcpy(again, room, sizeof(again));
	memcpy(again + COOKIE_AT, info + COOKIE_AT, 20);
	assert_memory_equal(again, info, sizeof(info));
	assert_memory_not_equal(room, info, sizeof(info));
}

static void
other_information_has_none(void **state)
{
	uint8_t room[sizeof(info)];
	size_t at;

	(void)state;
	for (uint8_t type = 0; type < 3; type++) {
		memcpy(room, info, sizeof(info));
		room[TYPE_AT] = type;
		assert_int_equal(find(room, sizeof(room), &at), AUTO_RECONNECT_NONE);
	}
	memcpy(room, info, sizeof(info));
	room[FIELDS_AT] = 2; /* LOGON_EX_LOGONERRORS alone */
	assert_int_equal(find(room, sizeof(room), &at), AUTO_RECONNECT_NONE);
	memcpy(room, info, sizeof(info));
	room[14] = SHARE_DATA_SET_ERROR_INFO;
	assert_int_equal(find(room, sizeof(room), &at), AUTO_RECONNECT_NONE);
}

static void
what_cannot_be_read_is_unclear(void **state)
{
	static const size_t wrong_at[] = {
		15, 28, 32, 36}; /* compressed, cbFieldData, cbLen, Version */
	uint8_t room[sizeof(info)];
	struct share_pdu pdu;
	size_t at;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong_at) / sizeof(wrong_at[0]); i++) {
		memcpy(room, info, sizeof(info));
		room[wrong_at[i]] ^= 0x20;
		assert_int_equal(find(room, sizeof(room), &at), AUTO_RECONNECT_UNCLEAR);
	}
	/* Cut off anywhere. */
	for (uint16_t len = SHARE_DATA_LEN; len < AUTO_RECONNECT_HEAD_MAX; len++) {
		memcpy(room, info, sizeof(info));
		bytes_put_u16le(room, len);
		assert_int_equal(share_parse(room, len, len, &pdu, NULL), PARSE_OK);
		assert_int_equal(auto_reconnect_find(edge_copy(room, len), len, &pdu, &at),
			AUTO_RECONNECT_UNCLEAR);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_what_the_specification_shows),
		cmocka_unit_test(a_cookie_is_found_in_the_first_bytes),
		cmocka_unit_test(a_cookie_is_replaced_and_nothing_beside_it),
		cmocka_unit_test(other_information_has_none),
		cmocka_unit_test(what_cannot_be_read_is_unclear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
