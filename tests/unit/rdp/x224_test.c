/* gateway/rdp/x224.c */
#include "rdp/x224.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "edge.h"
#include "samples.h"

static enum parse_result
parse(const uint8_t *bytes, size_t have)
{
	struct x224_request request;
	size_t len;

	return x224_request_parse(bytes, have, &request, &len, NULL);
}

static void
request_with_token_and_correlation(void **state)
{
	struct x224_request request;
	size_t len;

	(void)state;
	assert_int_equal(x224_request_parse(edge_copy(sample_request, sizeof(sample_request)),
				 sizeof(sample_request), &request, &len, NULL),
		PARSE_OK);
	assert_int_equal(len, sizeof(sample_request));
	assert_int_equal(request.token_kind, X224_TOKEN_ROUTING);
	assert_string_equal(request.token, "Cookie: msts=+handle");
	assert_string_equal(request.token + request.value_at, "+handle");
	assert_true(request.has_negotiation);
	assert_int_equal(request.flags, RDP_REQUEST_CORRELATION_INFO);
	assert_int_equal(request.protocols, RDP_PROTOCOL_SSL | RDP_PROTOCOL_HYBRID);
}

/* Builds a request around a variable part. Returns its length. */
static size_t
make_request(uint8_t *ret_bytes, const void *variable, size_t len)
{
	const uint8_t head[] = {3, 0, (uint8_t)((11 + len) >> 8), (uint8_t)(11 + len),
		(uint8_t)(6 + len), 0xe0, 0, 0, 0, 0, 0};

	memcpy(ret_bytes, head, sizeof(head));
	memcpy(ret_bytes + sizeof(head), variable, len);
	return sizeof(head) + len;
}

struct token_case {
	const char *variable;
	enum parse_result result;
	enum x224_token_kind kind;
	const char *value;
};

static const struct token_case tokens[] = {
	{"", PARSE_OK, X224_TOKEN_NONE, ""},
	{"Cookie: mstshash=sato\r\n", PARSE_OK, X224_TOKEN_USER, "sato"},
	{"Cookie: mstshash=\r\n", PARSE_OK, X224_TOKEN_USER, ""},
	{"Cookie: msts=3640205228.15629.0000\r\n", PARSE_OK, X224_TOKEN_ROUTING,
		"3640205228.15629.0000"},
	{"tsv://MS Terminal Services Plugin.1.pool\r\n", PARSE_OK, X224_TOKEN_ROUTING,
		"tsv://MS Terminal Services Plugin.1.pool"},
	{"\r\n", PARSE_OK, X224_TOKEN_ROUTING, ""},
	{"Cookie: mstshash=sato", PARSE_BAD, 0, NULL},
	{"Cookie: mstshash=sato\r", PARSE_BAD, 0, NULL},
	{"Cookie: mstshash=sa\rto\r\n", PARSE_BAD, 0, NULL},
	{"Cookie: mstshash=sa\nto\r\n", PARSE_BAD, 0, NULL},
	{"Cookie: mstshash=sato\r\nX", PARSE_BAD, 0, NULL},
	{"Cookie: mstshash=sato\r\nCookie: msts=+other\r\n", PARSE_BAD, 0, NULL},
};

static void
request_token_forms(void **state)
{
	uint8_t bytes[X224_REQUEST_MAX];
	struct x224_request request;

	(void)state;
	for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++) {
		size_t made = make_request(bytes, tokens[i].variable, strlen(tokens[i].variable));
		size_t len;

		assert_int_equal(
			x224_request_parse(edge_copy(bytes, made), made, &request, &len, NULL),
			tokens[i].result);
		if (tokens[i].result != PARSE_OK)
			continue;
		assert_int_equal(request.token_kind, tokens[i].kind);
		assert_string_equal(request.token + request.value_at, tokens[i].value);
		assert_false(request.has_negotiation);
		assert_int_equal(request.protocols, 0);
	}
}

static void
request_refuses_a_nul_in_the_token(void **state)
{
	static const char token[] = "Cookie: msts=+a\0b\r\n";
	uint8_t bytes[X224_REQUEST_MAX];

	(void)state;
	assert_int_equal(parse(bytes, make_request(bytes, token, sizeof(token) - 1)), PARSE_BAD);
}

static void
request_keeps_the_longest_token_that_fits(void **state)
{
	uint8_t bytes[X224_REQUEST_MAX];
	char line[X224_TOKEN_MAX + 2];
	struct x224_request request;
	size_t len;

	(void)state;
	memset(line, 't', X224_TOKEN_MAX);
	memcpy(line + X224_TOKEN_MAX, "\r\n", 2);
	assert_int_equal(make_request(bytes, line, sizeof(line)), X224_REQUEST_MAX);
	assert_int_equal(x224_request_parse(bytes, sizeof(bytes), &request, &len, NULL), PARSE_OK);
	assert_int_equal(strlen(request.token), X224_TOKEN_MAX);
}

static void
request_of_a_token_of_5000_bytes_is_bad_at_once(void **state)
{
	const uint8_t head[] = {3, 0, (5000 + 13) >> 8, (5000 + 13) & 0xff};
	struct x224_request request;
	const char *why = NULL;
	size_t len;

	(void)state;
	assert_int_equal(parse(edge_copy(head, 3), 3), PARSE_NEED_MORE);
	assert_int_equal(
		x224_request_parse(edge_copy(head, 4), 4, &request, &len, &why), PARSE_BAD);
	assert_non_null(strstr(why, "token too long"));
}

static void
request_refuses_other_protocols_at_their_first_byte(void **state)
{
	(void)state;
	assert_int_equal(parse(edge_copy("G", 1), 1), PARSE_BAD);
	assert_int_equal(parse(edge_copy("\x16", 1), 1), PARSE_BAD);
	assert_int_equal(parse(edge_copy("\x04\x05", 2), 2), PARSE_BAD);
	assert_int_equal(parse(edge_copy("\x00", 1), 1), PARSE_BAD);
}

static void
request_truncations_ask_for_more(void **state)
{
	(void)state;
	for (size_t have = 0; have < sizeof(sample_request); have++)
		assert_int_equal(parse(edge_copy(sample_request, have), have), PARSE_NEED_MORE);
}

static void
request_leaves_early_bytes_to_the_caller(void **state)
{
	uint8_t bytes[sizeof(sample_request) + 1];
	struct x224_request request;
	size_t len;

	(void)state;
	memcpy(bytes, sample_request, sizeof(sample_request));
	bytes[sizeof(sample_request)] = 0x16;
	assert_int_equal(x224_request_parse(bytes, sizeof(bytes), &request, &len, NULL), PARSE_OK);
	assert_int_equal(len, sizeof(sample_request));
}

static void
request_lengths_wrong_by_one_are_refused(void **state)
{
	static const size_t places[] = {3, 4, 35, 43};
	uint8_t bytes[sizeof(sample_request) + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		for (int by = -1; by <= 1; by += 2) {
			memcpy(bytes, sample_request, sizeof(sample_request));
			bytes[sizeof(sample_request)] = 0;
			bytes[places[i]] = (uint8_t)(bytes[places[i]] + by);
			assert_int_equal(
				parse(edge_copy(bytes, sizeof(bytes)), sizeof(bytes)), PARSE_BAD);
		}
	}
}

static void
request_written_is_read(void **state)
{
	uint8_t room[19];
	struct bytes_writer writer;
	struct x224_request request;
	size_t len;

	(void)state;
	bytes_writer_init(&writer, room, sizeof(room));
	x224_request_write(&writer, RDP_PROTOCOL_SSL);
	assert_false(writer.failed);
	assert_int_equal(x224_request_parse(room, writer.len, &request, &len, NULL), PARSE_OK);
	assert_int_equal(len, 19);
	assert_int_equal(request.token_kind, X224_TOKEN_NONE);
	assert_int_equal(request.protocols, RDP_PROTOCOL_SSL);
	bytes_writer_init(&writer, room, sizeof(room) - 1);
	x224_request_write(&writer, RDP_PROTOCOL_SSL);
	assert_true(writer.failed);
}

static enum parse_result
parse_confirm(const uint8_t *bytes, size_t have)
{
	struct x224_confirm confirm;
	size_t len;

	return x224_confirm_parse(bytes, have, &confirm, &len, NULL);
}

static void
confirm_is_read(void **state)
{
	struct x224_confirm confirm;
	size_t len;

	(void)state;
	assert_int_equal(
		x224_confirm_parse(sample_confirm, sizeof(sample_confirm), &confirm, &len, NULL),
		PARSE_OK);
	assert_int_equal(confirm.kind, X224_CONFIRM_RESPONSE);
	assert_int_equal(confirm.flags, RDP_CONFIRM_EXTENDED_CLIENT_DATA | RDP_CONFIRM_DYNVC_GFX);
	assert_int_equal(confirm.protocol, RDP_PROTOCOL_SSL);
	for (size_t have = 0; have < sizeof(sample_confirm); have++)
		assert_int_equal(
			parse_confirm(edge_copy(sample_confirm, have), have), PARSE_NEED_MORE);
}

static void
confirm_lengths_wrong_by_one_are_refused(void **state)
{
	static const size_t places[] = {3, 4, 13};
	uint8_t bytes[sizeof(sample_confirm) + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		for (int by = -1; by <= 1; by += 2) {
			memcpy(bytes, sample_confirm, sizeof(sample_confirm));
			bytes[sizeof(sample_confirm)] = 0;
			bytes[places[i]] = (uint8_t)(bytes[places[i]] + by);
			assert_int_equal(
				parse_confirm(edge_copy(bytes, sizeof(bytes)), sizeof(bytes)),
				PARSE_BAD);
		}
	}
}

static void
confirm_written_is_read(void **state)
{
	static const struct x224_confirm confirms[] = {
		{.kind = X224_CONFIRM_PLAIN},
		{.kind = X224_CONFIRM_RESPONSE, .flags = 3, .protocol = RDP_PROTOCOL_SSL},
		{.kind = X224_CONFIRM_FAILURE, .failure = RDP_FAILURE_SSL_REQUIRED},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(confirms) / sizeof(confirms[0]); i++) {
		uint8_t room[X224_CONFIRM_MAX];
		struct bytes_writer writer;
		struct x224_confirm confirm;
		size_t len;

		bytes_writer_init(&writer, room, sizeof(room));
		x224_confirm_write(&writer, &confirms[i]);
		assert_false(writer.failed);
		assert_int_equal(
			x224_confirm_parse(room, writer.len, &confirm, &len, NULL), PARSE_OK);
		assert_int_equal(confirm.kind, confirms[i].kind);
		assert_int_equal(confirm.flags, confirms[i].flags);
		assert_int_equal(confirm.protocol, confirms[i].protocol);
		assert_int_equal(confirm.failure, confirms[i].failure);
	}
}

static void
confirm_refuses_what_a_web_server_answers(void **state)
{
	(void)state;
	assert_int_equal(parse_confirm((const uint8_t *)"HTTP/1.1 400 Bad", 16), PARSE_BAD);
}

static void
data_opens_only_a_whole_frame(void **state)
{
	uint8_t room[16];
	struct bytes_writer writer;
	struct bytes_reader payload;
	size_t begin;

	(void)state;
	bytes_writer_init(&writer, room, sizeof(room));
	begin = x224_data_begin(&writer);
	bytes_write_u16be(&writer, 0xabcd);
	x224_data_end(&writer, begin);
	assert_true(x224_data_open(room, writer.len, &payload));
	assert_int_equal(bytes_read_u16be(&payload), 0xabcd);
	assert_int_equal(bytes_left(&payload), 0);
	assert_false(x224_data_open(room, writer.len - 1, &payload));
	assert_false(x224_data_open(room, writer.len + 1, &payload));
	room[6] = 0; /* not the end of the TSDU */
	assert_false(x224_data_open(room, writer.len, &payload));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(request_with_token_and_correlation),
		cmocka_unit_test(request_token_forms),
		cmocka_unit_test(request_refuses_a_nul_in_the_token),
		cmocka_unit_test(request_keeps_the_longest_token_that_fits),
		cmocka_unit_test(request_of_a_token_of_5000_bytes_is_bad_at_once),
		cmocka_unit_test(request_refuses_other_protocols_at_their_first_byte),
		cmocka_unit_test(request_truncations_ask_for_more),
		cmocka_unit_test(request_leaves_early_bytes_to_the_caller),
		cmocka_unit_test(request_lengths_wrong_by_one_are_refused),
		cmocka_unit_test(request_written_is_read),
		cmocka_unit_test(confirm_is_read),
		cmocka_unit_test(confirm_lengths_wrong_by_one_are_refused),
		cmocka_unit_test(confirm_written_is_read),
		cmocka_unit_test(confirm_refuses_what_a_web_server_answers),
		cmocka_unit_test(data_opens_only_a_whole_frame),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
