/* gateway/rdp/ts_request.c */
#include "rdp/ts_request.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "edge.h"

#include <string.h>

/* By hand, from MS-CSSP 2.2.1: version 6, errorCode STATUS_LOGON_FAILURE. */
static const uint8_t refusal[] = {0x30, 0x0e, 0xa0, 0x03, 0x02, 0x01, 0x06, 0xa4, 0x07, 0x02, 0x05,
	0x00, 0xc0, 0x00, 0x00, 0x6d};

/* The same as others write it: a negative number of four octets, and lengths with more octets than needed. */
static const uint8_t refusal_negative[] = {0x30, 0x82, 0x00, 0x0d, 0xa0, 0x03, 0x02, 0x01, 0x06,
	0xa4, 0x06, 0x02, 0x04, 0xc0, 0x00, 0x00, 0x6d};

static const uint8_t with_token[] = {0x30, 0x13, 0xa0, 0x03, 0x02, 0x01, 0x06, 0xa1, 0x0c, 0x30,
	0x0a, 0x30, 0x08, 0xa0, 0x06, 0x04, 0x04, 'N', 'T', 'L', 'M'};

static void
a_refusal_is_read_in_both_forms(void **state)
{
	struct ts_request request;

	(void)state;
	assert_int_equal(ts_request_parse(refusal, sizeof(refusal), &request, NULL), PARSE_OK);
	assert_int_equal(request.version, 6);
	assert_true(request.has_error);
	assert_int_equal(request.error, 0xc000006d);
	assert_null(request.token.at);
	assert_int_equal(
		ts_request_parse(refusal_negative, sizeof(refusal_negative), &request, NULL),
		PARSE_OK);
	assert_int_equal(request.error, 0xc000006d);
}

static void
what_is_written_is_what_was_read(void **state)
{
	uint8_t room[64];
	struct bytes_writer writer;
	struct ts_request request;

	(void)state;
	bytes_writer_init(&writer, room, sizeof(room));
	assert_int_equal(
		ts_request_parse(with_token, sizeof(with_token), &request, NULL), PARSE_OK);
	assert_int_equal(request.token.len, 4);
	assert_memory_equal(request.token.at, "NTLM", 4);
	ts_request_write(&writer, &request);
	assert_int_equal(writer.len, sizeof(with_token));
	assert_int_equal(ts_request_size(&request), sizeof(with_token));
	assert_memory_equal(room, with_token, sizeof(with_token));

	bytes_writer_init(&writer, room, sizeof(room));
	assert_int_equal(ts_request_parse(refusal, sizeof(refusal), &request, NULL), PARSE_OK);
	ts_request_write(&writer, &request);
	assert_int_equal(writer.len, sizeof(refusal));
	assert_memory_equal(room, refusal, sizeof(refusal));
}

static void
long_fields_have_long_lengths(void **state)
{
	static uint8_t token[40000], room[TS_REQUEST_MAX];
	const struct ts_request request = {.version = 6, .token = {token, sizeof(token)}};
	struct ts_request read;
	struct bytes_writer writer;
	size_t len = 0;
	bool too_long;

	(void)state;
	bytes_writer_init(&writer, room, sizeof(room));
	ts_request_write(&writer, &request);
	assert_false(writer.failed);
	assert_int_equal(writer.len, ts_request_size(&request));
	assert_int_equal(ts_request_parse(room, writer.len, &read, NULL), PARSE_OK);
	assert_int_equal(read.token.len, sizeof(token));
	assert_int_equal(ts_request_length(room, TS_REQUEST_HEADER_MAX, &len, &too_long), PARSE_OK);
	assert_int_equal(len, writer.len);
}

static void
every_cut_and_every_byte_more_is_bad(void **state)
{
	struct ts_request request;
	uint8_t more[sizeof(with_token) + 1] = {0};
	const char *why = NULL;

	(void)state;
	memcpy(more, with_token, sizeof(with_token));
	for (size_t len = 0; len < sizeof(with_token); len++)
		assert_int_equal(ts_request_parse(edge_copy(with_token, len), len, &request, &why),
			PARSE_BAD);
	assert_int_equal(ts_request_parse(more, sizeof(more), &request, &why), PARSE_BAD);
	assert_non_null(why);
}

struct length_case {
	uint8_t bytes[8];
	size_t have;
	enum parse_result result;
	bool too_long;
	size_t len;
};

static void
a_length_is_bounded_before_anything_is_kept(void **state)
{
	static const struct length_case cases[] = {
		{{0x30}, 0, PARSE_NEED_MORE, false, 0},
		{{0x30}, 1, PARSE_NEED_MORE, false, 0},
		{{0x30, 0x7f}, 2, PARSE_OK, false, 0x81},
		{{0x30, 0x82, 0x01}, 3, PARSE_NEED_MORE, false, 0},
		{{0x30, 0x82, 0x01, 0x00}, 4, PARSE_OK, false, 0x104},
		{{0x30, 0x83, 0x00, 0xff, 0xfb}, 5, PARSE_OK, false, 0x10000},
		{{0x30, 0x83, 0x00, 0xff, 0xfc}, 5, PARSE_BAD, true, 0},
		/* 100 MB, and all that four octets can say */
		{{0x30, 0x84, 0x06, 0x40, 0x00, 0x00}, 6, PARSE_BAD, true, 0},
		{{0x30, 0x84, 0xff, 0xff, 0xff, 0xff}, 6, PARSE_BAD, true, 0},
		{{0x30, 0x85}, 2, PARSE_BAD, true, 0},
		{{0x30, 0x80}, 2, PARSE_BAD, false, 0},
		{{0x31, 0x02}, 2, PARSE_BAD, false, 0},
		{{0x03, 0x00}, 1, PARSE_BAD, false, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t len = 0;
		bool too_long = true;

		assert_int_equal(ts_request_length(edge_copy(cases[i].bytes, cases[i].have),
					 cases[i].have, &len, &too_long),
			cases[i].result);
		if (cases[i].result == PARSE_BAD)
			assert_int_equal(too_long, cases[i].too_long);
		if (cases[i].result == PARSE_OK)
			assert_int_equal(len, cases[i].len);
	}
}

static void
fields_come_once_and_in_order(void **state)
{
	static const uint8_t twice[] = {0x30, 0x0a, 0xa0, 3, 2, 1, 6, 0xa0, 3, 2, 1, 6};
	static const uint8_t backwards[] = {
		0x30, 0x0b, 0xa3, 0x04, 0x04, 0x02, 1, 2, 0xa0, 3, 2, 1, 6};
	static const uint8_t unknown[] = {0x30, 0x0a, 0xa0, 3, 2, 1, 6, 0xa6, 3, 2, 1, 6};
	static const uint8_t no_version[] = {0x30, 0x06, 0xa3, 0x04, 0x04, 0x02, 1, 2};
	struct ts_request request;

	(void)state;
	assert_int_equal(ts_request_parse(twice, sizeof(twice), &request, NULL), PARSE_BAD);
	assert_int_equal(ts_request_parse(backwards, sizeof(backwards), &request, NULL), PARSE_BAD);
	assert_int_equal(ts_request_parse(unknown, sizeof(unknown), &request, NULL), PARSE_BAD);
	assert_int_equal(
		ts_request_parse(no_version, sizeof(no_version), &request, NULL), PARSE_BAD);
}

/* By hand, from MS-CSSP 2.2.1.2. */
static void
credentials_are_a_password_in_an_octet_string(void **state)
{
	static const uint8_t expected[] = {0x30, 0x1f, 0xa0, 0x03, 0x02, 0x01, 0x01, 0xa1, 0x18,
		0x04, 0x16, 0x30, 0x14, 0xa0, 0x04, 0x04, 0x02, 'D', 0, 0xa1, 0x04, 0x04, 0x02, 'u',
		0, 0xa2, 0x06, 0x04, 0x04, 'p', 0, 'w', 0};
	static const uint8_t d[] = {'D', 0}, u[] = {'u', 0}, p[] = {'p', 0, 'w', 0};
	const struct ts_password password = {{d, 2}, {u, 2}, {p, 4}};
	uint8_t room[64];
	struct bytes_writer writer;

	(void)state;
	bytes_writer_init(&writer, room, sizeof(room));
	ts_credentials_write(&writer, &password);
	assert_int_equal(writer.len, sizeof(expected));
	assert_int_equal(ts_credentials_size(&password), sizeof(expected));
	assert_memory_equal(room, expected, sizeof(expected));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_refusal_is_read_in_both_forms),
		cmocka_unit_test(what_is_written_is_what_was_read),
		cmocka_unit_test(long_fields_have_long_lengths),
		cmocka_unit_test(every_cut_and_every_byte_more_is_bad),
		cmocka_unit_test(a_length_is_bounded_before_anything_is_kept),
		cmocka_unit_test(fields_come_once_and_in_order),
		cmocka_unit_test(credentials_are_a_password_in_an_octet_string),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
