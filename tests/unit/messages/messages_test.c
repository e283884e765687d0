/* Every row of messages.def: what is written is read again, and nothing else is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "messages/messages.h"
#include "samples.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Static: they are long. */
static union message_body sent;
static union message_body got;
static uint8_t wire[MESSAGE_MOST_BYTES + 8];

static int
decode(size_t len, const struct message_row **ret_row)
{
	/* An exact copy, so that AddressSanitizer sees a read past the end. */
	uint8_t *copy = malloc(len > 0 ? len : 1);
	int r;

	assert_non_null(copy);
	memcpy(copy, wire, len);
	memset(&got, 0xa5, sizeof(got));
	r = message_get(copy, len, ret_row, &got);
	free(copy);
	return r;
}

static void
each_row_survives_the_round_trip(void **state)
{
	(void)state;
	for (size_t i = 0; i < MESSAGE_COUNT; i++) {
		const struct message_row *row = message_row_at(i), *seen = NULL;

		for (enum sample sample = 0; sample < SAMPLE_COUNT; sample++) {
			int len;

			sample_fill(row, sample, &sent);
			len = message_put(row->number, &sent, wire, MESSAGE_MOST_BYTES);
			assert_true(len > 2);
			if (sample == SAMPLE_FULL)
				assert_int_equal(len, row->most_bytes);
			assert_int_equal(decode((size_t)len, &seen), 0);
			assert_ptr_equal(seen, row);
			assert_true(sample_equal(row, &sent, &got));
		}
	}
}

static void
every_truncation_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < MESSAGE_COUNT; i++) {
		const struct message_row *row = message_row_at(i), *seen;
		int len;

		sample_fill(row, SAMPLE_SMALL, &sent);
		len = message_put(row->number, &sent, wire, MESSAGE_MOST_BYTES);
		assert_true(len > 2);
		for (size_t cut = 0; cut < (size_t)len; cut++)
			assert_int_equal(decode(cut, &seen), -EPROTO);
	}
}

static void
a_trailing_byte_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < MESSAGE_COUNT; i++) {
		const struct message_row *row = message_row_at(i), *seen;

		for (enum sample sample = 0; sample < SAMPLE_COUNT; sample++) {
			int len;

			sample_fill(row, sample, &sent);
			len = message_put(row->number, &sent, wire, MESSAGE_MOST_BYTES);
			assert_true(len > 2);
			wire[len] = 0;
			assert_int_equal(decode((size_t)len + 1, &seen), -EPROTO);
		}
	}
}

static void
a_room_too_small_is_said(void **state)
{
	(void)state;
	for (size_t i = 0; i < MESSAGE_COUNT; i++) {
		const struct message_row *row = message_row_at(i);

		sample_fill(row, SAMPLE_FULL, &sent);
		for (size_t size = 0; size < 70 && size < row->most_bytes; size++)
			assert_int_equal(message_put(row->number, &sent, wire, size), -EMSGSIZE);
		assert_int_equal(
			message_put(row->number, &sent, wire, row->most_bytes - 1), -EMSGSIZE);
	}
}

static void
an_unknown_number_is_refused(void **state)
{
	const struct message_row *row;

	(void)state;
	memset(wire, 0, sizeof(wire));
	for (uint32_t number = 0; number < 65536; number++) {
		if (message_row(number) != NULL)
			continue;
		bytes_put_u16le(wire, (uint16_t)number);
		assert_int_equal(decode(64, &row), -EPROTO);
	}
}

static void
a_field_over_its_bound_is_refused(void **state)
{
	const struct message_row *row;
	struct msg_key_sign *sign = &sent.key_sign;
	struct msg_look_at_host *look = &sent.look_at_host;
	int len;

	(void)state;
	memset(&sent, 0, sizeof(sent));
	sign->input_len = 1024;
	len = message_put(MSG_KEY_SIGN, sign, wire, sizeof(wire));
	assert_int_equal(len, 2 + 4 + 1 + 4 + 1024);
	assert_int_equal(decode((size_t)len, &row), 0);
	bytes_put_u32le(wire + 7, 1025);
	assert_int_equal(decode((size_t)len + 1, &row), -EPROTO);
	bytes_put_u32le(wire + 7, UINT32_MAX);
	assert_int_equal(decode((size_t)len, &row), -EPROTO);
	sign->input_len = 1025;
	assert_int_equal(message_put(MSG_KEY_SIGN, sign, wire, sizeof(wire)), -EINVAL);

	memset(&sent, 0, sizeof(sent));
	memset(look->host_name, 'h', sizeof(look->host_name)); /* no NUL in its 256 bytes */
	assert_int_equal(message_put(MSG_LOOK_AT_HOST, look, wire, sizeof(wire)), -EINVAL);
}

static void
text_is_utf8_without_nul(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		int result;
	} cases[] = {
		{"abcd", 4, 0},
		{"\xe6\xbc\xa2z", 4, 0},    /* 漢z */
		{"\xf0\xa0\xae\xb7", 4, 0}, /* outside the basic plane */
		{"ab\0d", 4, -EPROTO},
		{"\0abc", 4, -EPROTO},
		{"abc\xe6", 4, -EPROTO},          /* cut inside a character */
		{"ab\xc0\x80", 4, -EPROTO},       /* NUL in two bytes */
		{"a\xed\xa0\x80", 4, -EPROTO},    /* half of a surrogate pair */
		{"\xf4\x90\x80\x80", 4, -EPROTO}, /* above U+10FFFF */
		{"a\xe0\x80\xaf", 4, -EPROTO},    /* overlong */
		{"a\x80zz", 4, -EPROTO},
		{"abc\xff", 4, -EPROTO},
	};
	const struct message_row *row;
	int len;

	(void)state;
	memset(&sent, 0, sizeof(sent));
	strcpy(sent.look_at_host.host_name, "wxyz");
	len = message_put(MSG_LOOK_AT_HOST, &sent, wire, sizeof(wire));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		memcpy(wire + len - 4, cases[i].bytes, cases[i].len);
		assert_int_equal(decode((size_t)len, &row), cases[i].result);
	}
	strcpy(sent.look_at_host.host_name, "a\xff");
	assert_int_equal(message_put(MSG_LOOK_AT_HOST, &sent, wire, sizeof(wire)), -EINVAL);
}

static void
a_refused_message_leaves_no_secret(void **state)
{
	const struct message_row *row;
	int len;

	(void)state;
	sample_fill(message_row(MSG_INTRODUCED), SAMPLE_FULL, &sent);
	memset(sent.introduced.password, 'P', sent.introduced.password_len);
	len = message_put(MSG_INTRODUCED, &sent, wire, sizeof(wire));
	assert_true(len > 0);
	assert_int_equal(decode((size_t)len - 1, &row), -EPROTO);
	assert_null(memchr(&got.introduced, 'P', sizeof(got.introduced)));
}

static void
a_wipe_leaves_no_secret(void **state)
{
	(void)state;
	for (size_t i = 0; i < MESSAGE_COUNT; i++) {
		const struct message_row *row = message_row_at(i);

		sample_fill(row, SAMPLE_FULL, &sent);
		message_wipe(row, &sent);
		if (row->has_secret) {
			for (size_t at = 0; at < row->body_bytes; at++)
				assert_int_equal(((uint8_t *)&sent)[at], 0);
		}
	}
	assert_true(message_row(MSG_INTRODUCED)->has_secret);
	assert_false(message_row(MSG_HELLO)->has_secret);
}

static void
rows_of_a_connection_begin_with_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < MESSAGE_COUNT; i++) {
		const struct message_row *row = message_row_at(i), *after = message_row(row->after);

		assert_true(row->at_most != AT_MOST_PER_CONNECTION || row->has_connection);
		assert_true(after == NULL || after->at_most != AT_MOST_PER_CONNECTION ||
			    row->has_connection);
		assert_true((row->after == MSG_NOTHING) == (after == NULL));
	}
}

/* Messages 1-9 never change: their wire form is written down here a second time. */
static void
the_lasting_messages_have_not_changed(void **state)
{
	static const struct {
		enum message number;
		size_t most_bytes;
		const char *fields;
	} lasting[] = {
		{MSG_HELLO, 10, "U64(build_hash)"},
		{MSG_SESSION_REPORT, 11, "U64(connection) U8(phase)"},
		{MSG_KILL, 14, "U64(connection) U32(reason)"},
		{MSG_ENDED, 195,
			"U64(connection) U32(reason) U8(phase) U64(bytes_from_client) "
			"U64(bytes_to_client) TEXT(detail, 160)"},
		{MSG_PING, 10, "U64(serial)"},
		{MSG_PONG, 18, "U64(serial) U32(connections) U32(bridges)"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lasting) / sizeof(lasting[0]); i++) {
		const struct message_row *row = message_row(lasting[i].number);

		assert_int_equal(row->most_bytes, lasting[i].most_bytes);
		assert_string_equal(row->fields, lasting[i].fields);
	}
	assert_true(messages_build_hash() != 0);
	assert_int_equal(messages_build_hash(), messages_build_hash());
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_row_survives_the_round_trip),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(a_trailing_byte_is_refused),
		cmocka_unit_test(a_room_too_small_is_said),
		cmocka_unit_test(an_unknown_number_is_refused),
		cmocka_unit_test(a_field_over_its_bound_is_refused),
		cmocka_unit_test(text_is_utf8_without_nul),
		cmocka_unit_test(a_refused_message_leaves_no_secret),
		cmocka_unit_test(a_wipe_leaves_no_secret),
		cmocka_unit_test(rows_of_a_connection_begin_with_it),
		cmocka_unit_test(the_lasting_messages_have_not_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
