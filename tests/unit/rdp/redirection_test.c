/* gateway/rdp/redirection.c. That real clients follow it is for the scenarios to show. */
#include "rdp/redirection.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "rdp/share.h"

/* MS-RDPBCGR 2.2.13.3.1, field by field: load balance info and a session id, no address, no user, no password. */
static void
it_names_a_token_and_a_session_and_nothing_else(void **state)
{
	static const uint8_t expected[] = {
		0x2c, 0x00, 0x1a, 0x00, 0xea, 0x03, /* share control: 44 bytes, 1002 */
		0x00, 0x00,                         /* pad2Octets */
		0x00, 0x04, 0x23, 0x00,             /* SEC_REDIRECTION_PKT, 35 bytes */
		0x78, 0x56, 0x34, 0x12,             /* SessionID */
		0x02, 0x00, 0x00, 0x00,             /* LB_LOAD_BALANCE_INFO */
		0x13, 0x00, 0x00, 0x00,             /* its length */
		'C', 'o', 'o', 'k', 'i', 'e', ':', ' ', 'm', 's', 't', 's', '=', '+', 'a', 'b', 'c',
		'\r', '\n', 0x00, /* pad1Octet */
	};
	uint8_t room[REDIRECTION_MAX];
	struct bytes_writer writer;
	struct share_pdu pdu;

	(void)state;
	bytes_writer_init(&writer, room, sizeof(room));
	redirection_write(&writer, 1002, "+abc", 0x12345678);
	assert_false(writer.failed);
	assert_int_equal(writer.len, sizeof(expected));
	assert_memory_equal(room, expected, sizeof(expected));
	assert_int_equal(share_kind_of(room, writer.len, writer.len), SHARE_KIND_REDIRECTION);
	assert_int_equal(share_parse(room, writer.len, writer.len, &pdu, NULL), PARSE_OK);
	assert_int_equal(pdu.total_len, writer.len);
}

static void
a_token_has_a_longest_length(void **state)
{
	char token[REDIRECTION_TOKEN_MAX + 1];
	uint8_t room[REDIRECTION_MAX];
	struct bytes_writer writer;

	(void)state;
	memset(token, 'x', sizeof(token));
	token[REDIRECTION_TOKEN_MAX - 15] = '\0';
	bytes_writer_init(&writer, room, sizeof(room));
	redirection_write(&writer, 1002, token, 1);
	assert_false(writer.failed);
	token[REDIRECTION_TOKEN_MAX - 15] = 'x';
	token[REDIRECTION_TOKEN_MAX - 14] = '\0';
	bytes_writer_init(&writer, room, sizeof(room));
	redirection_write(&writer, 1002, token, 1);
	assert_true(writer.failed);
}

/* 2.2.12.1 */
static void
the_monitor_is_as_large_as_the_desktop(void **state)
{
	static const uint8_t expected[] = {
		0x2a, 0x00, 0x17, 0x00, 0xea, 0x03, 0xea, 0x03, 0x01,
		0x00,                                           /* share control, share id */
		0x00, 0x01, 0x1c, 0x00, 0x37, 0x00, 0x00, 0x00, /* share data: Monitor Layout */
		0x01, 0x00, 0x00, 0x00,                         /* one */
		0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, /* left, top */
		0xff, 0x03, 0x00, 0x00, 0xff, 0x02, 0x00, 0x00, /* right, bottom, inclusive */
		0x01, 0x00, 0x00, 0x00,                         /* primary */
	};
	uint8_t room[MONITOR_LAYOUT_LEN];
	struct bytes_writer writer;

	(void)state;
	bytes_writer_init(&writer, room, sizeof(room));
	monitor_layout_write(&writer, 0x000103ea, 1002, 1024, 768);
	assert_false(writer.failed);
	assert_int_equal(writer.len, sizeof(expected));
	assert_memory_equal(room, expected, sizeof(expected));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_names_a_token_and_a_session_and_nothing_else),
		cmocka_unit_test(a_token_has_a_longest_length),
		cmocka_unit_test(the_monitor_is_as_large_as_the_desktop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
