/* gateway/rdp/client_info.c */
#include "rdp/client_info.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "edge.h"
#include "samples.h"

/* Places in sample_info. */
enum {
	FLAGS_AT = 8,
	LENGTHS_AT = 12,
	EXTRA_AT = 80,
	ADDRESS_LEN_AT = 82,
	DIRECTORY_LEN_AT = 104,
	COOKIE_AT = 292,
};

static enum parse_result
parse(const uint8_t *payload, size_t len)
{
	struct client_info info;

	return client_info_parse(payload, len, &info, NULL);
}

static void
assert_text(const struct client_info *info, const struct pdu_bytes *text, const char *expected)
{
	char utf8[CLIENT_INFO_TEXT_UTF8_MAX];

	client_info_text(info, text, utf8);
	assert_string_equal(utf8, expected);
}

static void
info_is_read(void **state)
{
	struct client_info info;

	(void)state;
	assert_int_equal(client_info_parse(edge_copy(sample_info, sizeof(sample_info)),
				 sizeof(sample_info), &info, NULL),
		PARSE_OK);
	assert_int_equal(info.code_page, 0x411);
	assert_int_equal(info.flags, 0x1001bb);
	assert_text(&info, &info.domain, "HOSPITAL");
	assert_text(&info, &info.user, "sato");
	assert_text(&info, &info.password, "pass");
	assert_text(&info, &info.alternate_shell, "shell");
	assert_text(&info, &info.working_directory, "C:\\");
	assert_true(info.has_cookie);
	assert_int_equal(info.cookie_logon_id, 0x55667788);
	assert_int_equal(info.cookie_verifier[15], 0xaf);
	assert_int_equal(info.cookie_at, COOKIE_AT - EXTRA_AT);
}

/* Old clients end earlier; each of these ends is a whole PDU. */
static bool
is_a_valid_end(size_t have)
{
	return have == EXTRA_AT || have == 112 || have == 284 || have == COOKIE_AT ||
	       have >= COOKIE_AT + 2 + CLIENT_INFO_COOKIE_LEN;
}

static void
truncations_are_refused_but_between_optional_fields(void **state)
{
	(void)state;
	for (size_t have = 0; have < sizeof(sample_info); have++)
		assert_int_equal(parse(edge_copy(sample_info, have), have),
			is_a_valid_end(have) ? PARSE_OK : PARSE_BAD);
}

static void
lengths_wrong_by_one_are_refused(void **state)
{
	static const size_t places[] = {LENGTHS_AT, LENGTHS_AT + 2, LENGTHS_AT + 4, LENGTHS_AT + 6,
		LENGTHS_AT + 8, COOKIE_AT, COOKIE_AT + 2, COOKIE_AT + 6};
	uint8_t payload[sizeof(sample_info)];

	(void)state;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		for (int by = -1; by <= 1; by += 2) {
			memcpy(payload, sample_info, sizeof(payload));
			payload[places[i]] = (uint8_t)(payload[places[i]] + by);
			assert_int_equal(
				parse(edge_copy(payload, sizeof(payload)), sizeof(payload)),
				PARSE_BAD);
		}
	}
}

/* The lengths before the cookie: shifted by one, the cookie is no cookie any more. It must not be
 * taken for other bytes and passed on. */
static void
shifted_cookies_are_not_passed_on(void **state)
{
	static const size_t places[] = {ADDRESS_LEN_AT, DIRECTORY_LEN_AT};
	const struct client_info_changes changes = {.user = "sato"};
	uint8_t payload[sizeof(sample_info)], room[CLIENT_INFO_MAX];
	struct client_info info;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		for (int by = -1; by <= 1; by++) {
			struct bytes_writer writer;

			memcpy(payload, sample_info, sizeof(payload));
			payload[places[i]] = (uint8_t)(payload[places[i]] + by);
			if (client_info_parse(payload, sizeof(payload), &info, NULL) != PARSE_OK)
				continue;
			bytes_writer_init(&writer, room, sizeof(room));
			assert_int_equal(client_info_write(&writer, &info, &changes), 0);
			assert_null(memmem(room, writer.len, "\xa0\xa1\xa2\xa3", 4));
		}
	}
}

static void
no_changed_byte_makes_the_parser_read_past_the_end(void **state)
{
	uint8_t payload[sizeof(sample_info)];

	(void)state;
	for (size_t at = 0; at < sizeof(payload); at++) {
		for (unsigned value = 0; value < 256; value++) {
			memcpy(payload, sample_info, sizeof(payload));
			payload[at] = (uint8_t)value;
			(void)parse(edge_copy(payload, sizeof(payload)), sizeof(payload));
		}
	}
}

static void
other_security_flags_are_refused(void **state)
{
	uint8_t payload[sizeof(sample_info)];

	(void)state;
	memcpy(payload, sample_info, sizeof(payload));
	payload[0] = 0x80;
	assert_int_equal(parse(payload, sizeof(payload)), PARSE_BAD);
	payload[0] = 0x48; /* encrypted */
	assert_int_equal(parse(payload, sizeof(payload)), PARSE_BAD);
}

/* A Client Info of one text of len bytes as user name. Returns the payload's length. */
static size_t
make_info(uint8_t *ret_payload, uint32_t flags, const void *user, size_t len)
{
	size_t terminator = (flags & INFO_UNICODE) != 0 ? 2 : 1;
	size_t total = LENGTHS_AT + 10 + len + 5 * terminator;

	memset(ret_payload, 0, total);
	ret_payload[0] = 0x40;
	bytes_put_u32le(ret_payload + FLAGS_AT, flags);
	bytes_put_u16le(ret_payload + LENGTHS_AT + 2, (uint16_t)len);
	memcpy(ret_payload + LENGTHS_AT + 10 + terminator, user, len);
	return total;
}

static void
texts_have_a_maximum(void **state)
{
	uint8_t payload[CLIENT_INFO_MAX], user[CLIENT_INFO_TEXT_MAX + 2];
	char utf8[CLIENT_INFO_TEXT_UTF8_MAX];
	struct client_info info;
	size_t len;

	(void)state;
	memset(user, 0x30, sizeof(user)); /* U+3030: three octets each in UTF-8 */
	len = make_info(payload, INFO_UNICODE, user, CLIENT_INFO_TEXT_MAX);
	assert_int_equal(client_info_parse(edge_copy(payload, len), len, &info, NULL), PARSE_OK);
	client_info_text(&info, &info.user, utf8);
	assert_int_equal(strlen(utf8), CLIENT_INFO_TEXT_UTF8_MAX - 1);
	len = make_info(payload, INFO_UNICODE, user, CLIENT_INFO_TEXT_MAX + 2);
	assert_int_equal(parse(edge_copy(payload, len), len), PARSE_BAD);
}

static void
plain_texts_are_read(void **state)
{
	uint8_t payload[CLIENT_INFO_MAX], user[CLIENT_INFO_TEXT_MAX];
	char utf8[CLIENT_INFO_TEXT_UTF8_MAX];
	struct client_info info;
	size_t len = make_info(payload, 0, "sa\x93to", 5);

	(void)state;
	assert_int_equal(client_info_parse(edge_copy(payload, len), len, &info, NULL), PARSE_OK);
	assert_text(&info, &info.user, "sa\xef\xbf\xbdto");
	memset(user, 0xff, sizeof(user)); /* as UTF-8 longer than the room */
	len = make_info(payload, 0, user, sizeof(user));
	assert_int_equal(client_info_parse(edge_copy(payload, len), len, &info, NULL), PARSE_OK);
	client_info_text(&info, &info.user, utf8);
	assert_true(strlen(utf8) < sizeof(utf8));
}

static void
assert_written(const struct client_info_changes *changes, uint8_t *ret_room,
	struct client_info *ret_info, size_t *ret_len)
{
	struct client_info info;
	struct bytes_writer writer;

	assert_int_equal(
		client_info_parse(sample_info, sizeof(sample_info), &info, NULL), PARSE_OK);
	bytes_writer_init(&writer, ret_room, CLIENT_INFO_MAX);
	assert_int_equal(client_info_write(&writer, &info, changes), 0);
	assert_int_equal(client_info_parse(ret_room, writer.len, ret_info, NULL), PARSE_OK);
	*ret_len = writer.len;
}

static void
written_without_changes_nothing_of_the_client_is_left(void **state)
{
	const struct client_info_changes changes = {.user = NULL};
	uint8_t room[CLIENT_INFO_MAX];
	struct client_info info;
	size_t len;

	(void)state;
	assert_written(&changes, room, &info, &len);
	assert_int_equal(info.domain.len + info.user.len + info.password.len +
				 info.alternate_shell.len + info.working_directory.len,
		0);
	assert_int_equal(info.flags & INFO_ALWAYS, INFO_ALWAYS);
	assert_int_equal(info.flags & (INFO_AUTOLOGON | INFO_USING_SAVED_CREDENTIALS), 0);
	assert_false(info.has_cookie);
	assert_null(memmem(room, len, "s\0a\0t\0o", 7));
	assert_null(memmem(room, len, "p\0a\0s\0s", 7));
	assert_null(memmem(room, len, "\xa0\xa1\xa2\xa3", 4));
	assert_non_null(memmem(room, len, "1\0009\0002\0", 6)); /* its address stays */
}

static void
written_with_injected_credentials(void **state)
{
	static const struct client_info_cookie hosts = {
		.logon_id = 7, .verifier = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}};
	const struct client_info_changes changes = {
		.domain = "D",
		.user = "保守",
		.password = "p\xf0\x9f\x94\x91", /* U+1F511, a surrogate pair */
		.autologon = true,
		.cookie = &hosts,
		.clear_flags = INFO_COMPRESSION,
	};
	uint8_t room[CLIENT_INFO_MAX];
	struct client_info info;
	size_t len;

	(void)state;
	assert_written(&changes, room, &info, &len);
	assert_text(&info, &info.domain, "D");
	assert_text(&info, &info.user, "保守");
	assert_text(&info, &info.password, "p\xf0\x9f\x94\x91");
	assert_text(&info, &info.alternate_shell, "");
	assert_int_equal(info.flags & INFO_AUTOLOGON, INFO_AUTOLOGON);
	assert_int_equal(info.flags & INFO_COMPRESSION, 0);
	assert_true(info.has_cookie);
	assert_int_equal(info.cookie_logon_id, 7);
	assert_memory_equal(info.cookie_verifier, hosts.verifier, sizeof(hosts.verifier));
	assert_null(memmem(room, len, "\xa0\xa1\xa2\xa3", 4)); /* not the client's */
}

/* A client that came without a cookie, and a jump host that gave one. */
static void
a_cookie_is_put_into_an_empty_place(void **state)
{
	static const struct client_info_cookie hosts = {.logon_id = 7, .verifier = {9}};
	const struct client_info_changes blank = {.user = NULL}, with = {.cookie = &hosts};
	uint8_t first[CLIENT_INFO_MAX], second[CLIENT_INFO_MAX];
	struct bytes_writer writer;
	struct client_info info, again;
	size_t len;

	(void)state;
	assert_written(&blank, first, &info, &len);
	assert_false(info.has_cookie);
	bytes_writer_init(&writer, second, sizeof(second));
	assert_int_equal(client_info_write(&writer, &info, &with), 0);
	assert_int_equal(client_info_parse(second, writer.len, &again, NULL), PARSE_OK);
	assert_true(again.has_cookie);
	assert_int_equal(again.cookie_logon_id, 7);
	assert_int_equal(again.extra.len, info.extra.len + CLIENT_INFO_COOKIE_LEN);
	/* Extra info that ends before the place of a cookie has no room for one. */
	info.extra.len = info.cookie_at;
	info.cookie_at = 0;
	bytes_writer_init(&writer, second, sizeof(second));
	assert_int_equal(client_info_write(&writer, &info, &with), 0);
	assert_int_equal(client_info_parse(second, writer.len, &again, NULL), PARSE_OK);
	assert_false(again.has_cookie);
}

static void
write_refuses_what_does_not_fit(void **state)
{
	char long_text[CLIENT_INFO_TEXT_MAX / 2 + 2];
	struct client_info_changes changes = {.user = long_text};
	uint8_t room[CLIENT_INFO_MAX];
	struct bytes_writer writer;
	struct client_info info;

	(void)state;
	memset(long_text, 'x', sizeof(long_text));
	long_text[sizeof(long_text) - 1] = '\0';
	assert_int_equal(
		client_info_parse(sample_info, sizeof(sample_info), &info, NULL), PARSE_OK);
	bytes_writer_init(&writer, room, sizeof(room));
	assert_int_equal(client_info_write(&writer, &info, &changes), -EINVAL);
	long_text[sizeof(long_text) - 2] = '\0';
	bytes_writer_init(&writer, room, sizeof(room));
	assert_int_equal(client_info_write(&writer, &info, &changes), 0);
	changes.user = "\xff";
	bytes_writer_init(&writer, room, sizeof(room));
	assert_int_equal(client_info_write(&writer, &info, &changes), -EINVAL);
	changes.user = "sato";
	for (size_t size = 0; size < 260; size++) {
		bytes_writer_init(&writer, room, size);
		assert_int_equal(client_info_write(&writer, &info, &changes), -ENOSPC);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(info_is_read),
		cmocka_unit_test(truncations_are_refused_but_between_optional_fields),
		cmocka_unit_test(lengths_wrong_by_one_are_refused),
		cmocka_unit_test(shifted_cookies_are_not_passed_on),
		cmocka_unit_test(no_changed_byte_makes_the_parser_read_past_the_end),
		cmocka_unit_test(other_security_flags_are_refused),
		cmocka_unit_test(texts_have_a_maximum),
		cmocka_unit_test(plain_texts_are_read),
		cmocka_unit_test(written_without_changes_nothing_of_the_client_is_left),
		cmocka_unit_test(written_with_injected_credentials),
		cmocka_unit_test(a_cookie_is_put_into_an_empty_place),
		cmocka_unit_test(write_refuses_what_does_not_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
