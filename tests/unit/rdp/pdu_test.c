/* gateway/rdp/pdu.h */
#include "rdp/pdu.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "edge.h"

struct frame_case {
	uint8_t bytes[4];
	size_t have;
	enum parse_result result;
	enum frame_kind kind;
	uint16_t len;
};

static const struct frame_case cases[] = {
	{{0}, 0, PARSE_NEED_MORE, 0, 0},
	/* TPKT */
	{{3}, 1, PARSE_NEED_MORE, 0, 0},
	{{3, 0, 0x12}, 3, PARSE_NEED_MORE, 0, 0},
	{{3, 0, 0x12, 0x34}, 4, PARSE_OK, FRAME_TPKT, 0x1234},
	{{3, 0, 0xff, 0xff}, 4, PARSE_OK, FRAME_TPKT, 65535},
	{{3, 0, 0, 7}, 4, PARSE_OK, FRAME_TPKT, 7},
	{{3, 0, 0, 6}, 4, PARSE_BAD, 0, 0},
	{{3, 0, 0, 0}, 4, PARSE_BAD, 0, 0},
	/* fast-path, one octet of length */
	{{0x04}, 1, PARSE_NEED_MORE, 0, 0},
	{{0x04, 0x03}, 2, PARSE_OK, FRAME_FAST_PATH, 3},
	{{0x04, 0x02}, 2, PARSE_BAD, 0, 0},
	{{0x04, 0x00}, 2, PARSE_BAD, 0, 0},
	{{0x44, 0x7f}, 2, PARSE_OK, FRAME_FAST_PATH, 127},
	/* fast-path, two octets */
	{{0x00, 0x80}, 2, PARSE_NEED_MORE, 0, 0},
	{{0x00, 0x80, 0x04}, 3, PARSE_OK, FRAME_FAST_PATH, 4},
	{{0x00, 0x80, 0x03}, 3, PARSE_BAD, 0, 0},
	{{0x00, 0xff, 0xff}, 3, PARSE_OK, FRAME_FAST_PATH, 32767},
	/* neither: "GET ", TLS, other TPKT versions */
	{{'G'}, 1, PARSE_BAD, 0, 0},
	{{'G', 'E', 'T', ' '}, 4, PARSE_BAD, 0, 0},
	{{0x16, 3, 1, 0}, 4, PARSE_BAD, 0, 0},
	{{2, 0, 0, 8}, 4, PARSE_BAD, 0, 0},
	{{7, 0, 0, 8}, 4, PARSE_BAD, 0, 0},
};

static void
frame_parse_tells_both_forms_and_their_bounds(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct frame_case *row = &cases[i];
		struct frame frame = {0};

		assert_int_equal(frame_parse(edge_copy(row->bytes, row->have), row->have, &frame),
			row->result);
		if (row->result != PARSE_OK)
			continue;
		assert_int_equal(frame.kind, row->kind);
		assert_int_equal(frame.len, row->len);
		assert_true(frame.header_len <= row->have);
	}
}

/* What is decided on fewer bytes must not change when more come. */
static void
frame_parse_never_changes_its_mind(void **state)
{
	(void)state;
	for (unsigned first = 0; first < 256; first++) {
		for (unsigned second = 0; second < 256; second++) {
			const uint8_t bytes[] = {(uint8_t)first, (uint8_t)second, 0, 9};
			struct frame early, late;
			enum parse_result before, after = frame_parse(bytes, 4, &late);

			assert_int_not_equal(after, PARSE_NEED_MORE);
			for (size_t have = 1; have < 4; have++) {
				before = frame_parse(edge_copy(bytes, have), have, &early);
				if (before != PARSE_NEED_MORE)
					assert_int_equal(before, after);
			}
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frame_parse_tells_both_forms_and_their_bounds),
		cmocka_unit_test(frame_parse_never_changes_its_mind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
