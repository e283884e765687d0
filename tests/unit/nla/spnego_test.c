/* gateway/nla/spnego.c */
#include "nla/spnego.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static void
one_mechanism_and_its_token_go_out(void **state)
{
	static const uint8_t expected[] = {0x60, 0x26, 6, 6, 0x2b, 6, 1, 5, 5, 2, /* SPNEGO */
		0xa0, 0x1c, 0x30, 0x1a, 0xa0, 0x0d, 0x30, 0x0b, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7,
		0x12, 1, 2, 2,                                        /* Kerberos */
		0xa2, 0x09, 4, 7, 't', 'i', 'c', 'k', 'e', 't', 's'}; /* its token */
	uint8_t room[128];
	struct bytes_writer writer;

	(void)state;
	bytes_writer_init(&writer, room, sizeof(room));
	spnego_begin(&writer, &(const struct pdu_bytes){(const uint8_t *)"tickets", 7});
	assert_false(writer.failed);
	assert_int_equal(writer.len, sizeof(expected));
	assert_memory_equal(room, expected, sizeof(expected));
}

#define KERBEROS 0xa1, 0x0b, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 1, 2, 2
#define WINDOWS 0xa1, 0x0b, 6, 9, 0x2a, 0x86, 0x48, 0x82, 0xf7, 0x12, 1, 2, 2
#define NTLM 0xa1, 0x0c, 6, 10, 0x2b, 6, 1, 4, 1, 0x82, 0x37, 2, 2, 10
#define STATE(number) 0xa0, 3, 0x0a, 1, (number)
#define TOKEN 0xa2, 3, 4, 1, 'x'
#define MIC 0xa3, 3, 4, 1, 'm'
#define ANSWER(len, ...)                                  \
	{                                                 \
		0xa1, (len) + 2, 0x30, (len), __VA_ARGS__ \
	}

static void
answers_are_taken_as_far_as_they_are_about_kerberos(void **state)
{
	static const struct {
		uint8_t bytes[64];
		enum parse_result result;
		bool rejected;
		size_t token;
	} rows[] = {
		{ANSWER(23, STATE(0), KERBEROS, TOKEN), PARSE_OK, false, 1},
		{ANSWER(23, STATE(1), WINDOWS, TOKEN), PARSE_OK, false, 1},
		{ANSWER(28, STATE(0), KERBEROS, TOKEN, MIC), PARSE_OK, false, 1},
		{ANSWER(5, TOKEN), PARSE_OK, false, 1},
		{ANSWER(0, 0), PARSE_OK, false, 0},
		{ANSWER(5, STATE(2)), PARSE_OK, true, 0},
		{ANSWER(23, STATE(3), KERBEROS, TOKEN), PARSE_BAD, false, 0},
		{ANSWER(24, STATE(0), NTLM, TOKEN), PARSE_BAD, false, 0},
		{ANSWER(10, TOKEN, STATE(0)), PARSE_BAD, false, 0},
		{ANSWER(10, TOKEN, TOKEN), PARSE_BAD, false, 0},
		{ANSWER(5, 0xa2, 3, 4, 2, 'x'), PARSE_BAD, false, 0},
		{ANSWER(5, 0xa2, 3, 2, 1, 'x'), PARSE_BAD, false, 0},
		{ANSWER(5, 0xa2, 4, 4, 1, 'x'), PARSE_BAD, false, 0},
		{ANSWER(5, 0xa4, 3, 4, 1, 'x'), PARSE_BAD, false, 0},
		{ANSWER(5, 0x24, 3, 4, 1, 'x'), PARSE_BAD, false, 0},
		{{0x60, 2, 0x30, 0}, PARSE_BAD, false, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct pdu_bytes bytes = {rows[i].bytes, 2 + (size_t)rows[i].bytes[1]};
		struct spnego_answer answer;

		assert_int_equal(spnego_read(&bytes, &answer), rows[i].result);
		if (rows[i].result != PARSE_OK)
			continue;
		assert_int_equal(answer.rejected, rows[i].rejected);
		assert_int_equal(answer.token.len, rows[i].token);
	}
}

static void
what_is_cut_off_is_none(void **state)
{
	static const uint8_t whole[] = ANSWER(23, STATE(0), KERBEROS, TOKEN);

	(void)state;
	for (size_t len = 0; len < sizeof(whole); len++) {
		struct spnego_answer answer;

		assert_int_equal(
			spnego_read(&(const struct pdu_bytes){whole, len}, &answer), PARSE_BAD);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_mechanism_and_its_token_go_out),
		cmocka_unit_test(answers_are_taken_as_far_as_they_are_about_kerberos),
		cmocka_unit_test(what_is_cut_off_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
