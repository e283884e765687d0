/* gateway/rdp/utf16.c */
#include "rdp/utf16.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "edge.h"

static const struct {
	const char *utf16;
	size_t len;
	const char *utf8;
} texts[] = {
	{"", 0, ""},
	{"a\0b\0", 4, "ab"},
	{"a\0\0\0b\0", 6, "a"},                      /* ends at a NUL */
	{"a\0b", 3, "a"},                            /* an odd byte is left out */
	{"\x42\x30", 2, "あ"},                       /* U+3042 */
	{"\xe9\0", 2, "\xc3\xa9"},                   /* U+00E9 */
	{"\x3d\xd8\x11\xdd", 4, "\xf0\x9f\x94\x91"}, /* U+1F511 */
	{"\x3d\xd8", 2, "\xef\xbf\xbd"},             /* half a pair at the end */
	{"\x3d\xd8"
	 "a\0",
		4,
		"\xef\xbf\xbd"
		"a"}, /* before another character */
	{"\x11\xdd"
	 "a\0",
		4,
		"\xef\xbf\xbd"
		"a"}, /* the second half alone */
	{"\x3d\xd8\x3d\xd8\x11\xdd", 6, "\xef\xbf\xbd\xf0\x9f\x94\x91"},
};

static void
utf16_becomes_utf8(void **state)
{
	char text[64];

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		utf16_to_utf8((uint8_t *)edge_copy(texts[i].utf16, texts[i].len), texts[i].len,
			text, sizeof(text));
		assert_string_equal(text, texts[i].utf8);
	}
}

static void
utf8_is_cut_between_characters(void **state)
{
	static const uint8_t name[] = {0x42, 0x30, 0x42, 0x30};
	char text[8];

	(void)state;
	for (size_t size = 1; size <= sizeof(text); size++) {
		memset(text, 'x', sizeof(text));
		utf16_to_utf8(name, sizeof(name), text, size);
		assert_int_equal(strlen(text), (size - 1) / 3 * 3);
	}
}

static void
utf8_becomes_utf16(void **state)
{
	uint8_t room[64];
	struct bytes_writer writer;
	char again[64];

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		bytes_writer_init(&writer, room, sizeof(room));
		assert_int_equal(utf16_write(&writer, texts[i].utf8), 0);
		utf16_to_utf8(room, writer.len, again, sizeof(again));
		assert_string_equal(again, texts[i].utf8);
	}
}

static void
malformed_utf8_is_refused(void **state)
{
	static const char *const bad[] = {
		"\x80",             /* no lead */
		"a\xc3",            /* cut */
		"\xc3\x61",         /* not followed */
		"\xe3\x81",         /* cut */
		"\xc0\x80",         /* overlong NUL */
		"\xc1\xbf",         /* overlong */
		"\xe0\x9f\xbf",     /* overlong */
		"\xf0\x8f\xbf\xbf", /* overlong */
		"\xed\xa0\x80",     /* surrogate */
		"\xf4\x90\x80\x80", /* beyond Unicode */
		"\xf8\x88\x80\x80\x80",
		"\xff",
	};
	uint8_t room[64];
	struct bytes_writer writer;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *copy = (const char *)edge_copy(bad[i], strlen(bad[i]) + 1);

		bytes_writer_init(&writer, room, sizeof(room));
		assert_int_equal(utf16_write(&writer, copy), -EINVAL);
	}
}

/* Every character there is, both ways. */
static void
all_of_unicode_round_trips(void **state)
{
	uint8_t room[8];
	char utf8[8];

	(void)state;
	for (uint32_t character = 1; character < 0x110000; character++) {
		struct bytes_writer first, second;
		uint8_t again[8];

		if (character >= 0xd800 && character < 0xe000)
			continue;
		bytes_writer_init(&first, room, sizeof(room));
		if (character >= 0x10000) {
			bytes_write_u16le(&first, (uint16_t)(0xd7c0 + (character >> 10)));
			bytes_write_u16le(&first, (uint16_t)(0xdc00 | (character & 0x3ff)));
		} else {
			bytes_write_u16le(&first, (uint16_t)character);
		}
		utf16_to_utf8(room, first.len, utf8, sizeof(utf8));
		bytes_writer_init(&second, again, sizeof(again));
		assert_int_equal(utf16_write(&second, utf8), 0);
		assert_int_equal(second.len, first.len);
		assert_memory_equal(again, room, first.len);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(utf16_becomes_utf8),
		cmocka_unit_test(utf8_is_cut_between_characters),
		cmocka_unit_test(utf8_becomes_utf16),
		cmocka_unit_test(malformed_utf8_is_refused),
		cmocka_unit_test(all_of_unicode_round_trips),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
