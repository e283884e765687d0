/* gateway/rdp/autodetect.c */
#include "rdp/autodetect.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "edge.h"

/* MS-RDPBCGR 2.2.14.1 and 2.2.14.2: what a host asks at connect time, and what a client answers. */
static const struct exchange {
	const char *what;
	uint8_t request[32];
	size_t request_len;
	uint8_t answer[32];
	size_t answer_len;
} exchanges[] = {
	{"round trip", {0, 0x10, 0, 0, 6, 0, 5, 0, 1, 0x10}, 10, {0, 0x20, 0, 0, 6, 1, 5, 0, 0, 0},
		10},
	{"round trip, later", {0, 0x10, 0, 0, 6, 0, 6, 1, 1, 0}, 10,
		{0, 0x20, 0, 0, 6, 1, 6, 1, 0, 0}, 10},
	{"begin", {0, 0x10, 0, 0, 6, 0, 7, 0, 0x14, 0x10}, 10, {0}, 0},
	{"payload", {0, 0x10, 0, 0, 8, 0, 8, 0, 2, 0, 4, 0, 1, 2, 3, 4}, 16, {0}, 0},
	{"stop", {0, 0x10, 0, 0, 8, 0, 9, 0, 0x2b, 0, 2, 0, 1, 2}, 14,
		{0, 0x20, 0, 0, 14, 1, 9, 0, 3, 0, 25, 0, 0, 0, 22, 0, 0, 0}, 18},
	{"begin, later", {0, 0x10, 0, 0, 6, 0, 10, 0, 0x14, 0}, 10, {0}, 0},
	{"stop, later", {0, 0x10, 0, 0, 6, 0, 11, 0, 0x29, 4}, 10,
		{0, 0x20, 0, 0, 14, 1, 11, 0, 0x0b, 0, 25, 0, 0, 0, 0, 0, 0, 0}, 18},
	{"results of the host", {0, 0x10, 0, 0, 14, 0, 12, 0, 0x40, 8, 1, 0, 0, 0, 1, 0, 0, 0}, 18,
		{0}, 0},
};

static void
each_request_has_the_answer_of_a_client(void **state)
{
	struct autodetect autodetect = {0};
	uint8_t room[AUTODETECT_RESPONSE_MAX];
	struct bytes_writer writer;
	int64_t now_ms = 1000;

	(void)state;
	for (size_t i = 0; i < sizeof(exchanges) / sizeof(exchanges[0]); i++) {
		const struct exchange *row = &exchanges[i];

		/* What is measured took 25 ms. */
		now_ms += row->what[0] == 's' ? 25 : 0;
		bytes_writer_init(&writer, room, sizeof(room));
		assert_int_equal(
			autodetect_answer(&autodetect, edge_copy(row->request, row->request_len),
				row->request_len, now_ms, &writer),
			0);
		assert_false(writer.failed);
		if (writer.len != row->answer_len ||
			memcmp(room, row->answer, row->answer_len) != 0)
			fail_msg("%s", row->what);
	}
}

static void
no_time_and_too_many_bytes_are_still_numbers(void **state)
{
	struct autodetect autodetect = {.began_ms = 50, .bytes = UINT32_MAX - 3};
	uint8_t room[AUTODETECT_RESPONSE_MAX];
	struct bytes_writer writer;

	(void)state;
	bytes_writer_init(&writer, room, sizeof(room));
	assert_int_equal(autodetect_answer(&autodetect, exchanges[3].request, 16, 50, &writer), 0);
	assert_int_equal(autodetect_answer(&autodetect, exchanges[4].request, 14, 50, &writer), 0);
	assert_int_equal(bytes_get_u32le(room + 10), 1);
	assert_int_equal(bytes_get_u32le(room + 14), UINT32_MAX);
}

static void
what_is_no_request_is_refused(void **state)
{
	static const uint8_t others[][10] = {
		{0, 0x20, 0, 0, 6, 0, 5, 0, 1, 0x10}, /* a response's flag */
		{0, 0x10, 0, 0, 5, 0, 5, 0, 1, 0x10}, /* too short for its own fields */
		{0, 0x10, 0, 0, 7, 0, 5, 0, 1, 0x10}, /* longer than the payload */
		{0, 0x10, 0, 0, 6, 1, 5, 0, 1, 0x10}, /* a response */
	};
	struct autodetect autodetect = {0};
	uint8_t room[AUTODETECT_RESPONSE_MAX];
	struct bytes_writer writer;

	(void)state;
	bytes_writer_init(&writer, room, sizeof(room));
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_int_equal(
			autodetect_answer(&autodetect, others[i], 10, 0, &writer), -EBADMSG);
	for (size_t len = 0; len < 10; len++)
		assert_int_equal(autodetect_answer(&autodetect,
					 edge_copy(exchanges[0].request, len), len, 0, &writer),
			-EBADMSG);
	assert_int_equal(writer.len, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_request_has_the_answer_of_a_client),
		cmocka_unit_test(no_time_and_too_many_bytes_are_still_numbers),
		cmocka_unit_test(what_is_no_request_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
