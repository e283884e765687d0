/* gateway/recording/format.c */
#include "recording/format.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sample.h"

#include <errno.h>
#include <string.h>

static void
a_header_comes_back_and_is_read_when_it_is_whole(void **state)
{
	uint8_t room[RECORDING_HEADER_MOST] = {0};
	struct recording_about back;
	struct sample sample;
	const char *why = NULL;

	(void)state;
	sample_init(&sample);
	sample_add_auditor(&sample, sample.auditor);
	sample.about.with_input = true;
	assert_int_equal(recording_header_put(&sample.about, room), 0);
	for (size_t len = 0; len < sample.about.header_bytes; len++) {
		why = NULL;
		assert_int_equal(recording_header_get(room, len, &back, &why), -EAGAIN);
		assert_non_null(why);
	}
	assert_int_equal(recording_header_get(room, sample.about.header_bytes, &back, &why), 0);
	assert_memory_equal(&back, &sample.about, sizeof(back));
	assert_int_equal(recording_header_get(room, sizeof(room), &back, &why), 0);
	sample_done(&sample);
}

static void
the_longest_header_has_room(void **state)
{
	uint8_t room[RECORDING_HEADER_MOST];
	struct recording_about back;
	struct sample sample;
	const char *why = NULL;

	(void)state;
	sample_init(&sample);
	while (sample.about.sealed_count < RECORDING_AUDITORS_MOST)
		sample_add_auditor(&sample, sample.auditor);
	memset(sample.about.account, 'a', RECORDING_ACCOUNT_SIZE - 1);
	memset(sample.about.terminal, 't', RECORDING_TERMINAL_SIZE - 1);
	assert_int_equal(recording_header_put(&sample.about, room), 0);
	assert_true(sample.about.header_bytes <= RECORDING_HEADER_MOST);
	assert_int_equal(recording_header_get(room, sample.about.header_bytes, &back, &why), 0);
	sample.about.account[3] = (char)0xff;
	assert_int_equal(recording_header_put(&sample.about, room), -EINVAL);
	sample_done(&sample);
}

static void
another_version_and_other_files_are_told_apart(void **state)
{
	uint8_t room[RECORDING_HEADER_MOST];
	struct recording_about back;
	struct sample sample;
	const char *why = NULL;

	(void)state;
	sample_init(&sample);
	assert_int_equal(recording_header_put(&sample.about, room), 0);
	room[16] = 2;
	assert_int_equal(recording_header_get(room, sizeof(room), &back, &why), -EPROTONOSUPPORT);
	assert_non_null(strstr(why, "newer"));
	room[16] = 1;
	room[18] = 0x80;
	assert_int_equal(recording_header_get(room, sizeof(room), &back, &why), -EBADMSG);
	room[18] = 0;
	room[23] = 0xff; /* four gigabytes of header */
	assert_int_equal(recording_header_get(room, sizeof(room), &back, &why), -EBADMSG);
	room[23] = 0;
	room[20]--;
	assert_int_equal(recording_header_get(room, sizeof(room), &back, &why), -EBADMSG);
	memset(room + 20, 0, 4);
	assert_int_equal(recording_header_get(room, sizeof(room), &back, &why), -EBADMSG);
	assert_int_equal(recording_header_get((const uint8_t *)"GIF89a", 6, &back, &why), -EBADMSG);
	sample_done(&sample);
}

static void
chunk_heads_have_bounds(void **state)
{
	uint8_t room[RECORDING_CHUNK_HEAD];
	static const struct {
		struct recording_chunk_head head;
		int expected;
	} rows[] = {
		{{RECORDING_CHUNK_EXTRA + 1, 5, 5}, 0},
		{{RECORDING_SEALED_MOST, 0, UINT32_MAX}, 0},
		{{RECORDING_CHUNK_EXTRA, 0, 0}, -EBADMSG},
		{{1, 0, 0}, -EBADMSG},
		{{RECORDING_SEALED_MOST + 1, 0, 0}, -EBADMSG},
		{{UINT32_MAX, 0, 0}, -EBADMSG},
		{{100, 6, 5}, -EBADMSG},
		{{0, 6, 5}, 0},
	};
	struct recording_chunk_head back;
	const char *why = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		recording_chunk_head_put(&rows[i].head, room);
		assert_int_equal(recording_chunk_head_get(room, &back, &why), rows[i].expected);
	}
}

static void
a_summary_comes_back(void **state)
{
	/* Static: what lies between the fields is compared as well. */
	static const struct recording_summary summary = {
		{1}, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, {12}, {13}};
	static struct recording_summary back;
	uint8_t room[RECORDING_SUMMARY_BYTES], text[RECORDING_SIGNED_MOST];

	(void)state;
	recording_summary_put(&summary, room);
	recording_summary_get(room, &back);
	assert_memory_equal(&back, &summary, sizeof(back));
	assert_int_equal(recording_summary_signed(&summary, text), RECORDING_SUMMARY_BYTES + 20);
	assert_string_equal((const char *)text, "sekisho recording 1");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_header_comes_back_and_is_read_when_it_is_whole),
		cmocka_unit_test(the_longest_header_has_room),
		cmocka_unit_test(another_version_and_other_files_are_told_apart),
		cmocka_unit_test(chunk_heads_have_bounds),
		cmocka_unit_test(a_summary_comes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
