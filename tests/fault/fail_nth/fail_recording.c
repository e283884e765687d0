/* Recording where memory is short: a recording that cannot be made is refused, and nothing is left of it. */
#include "fail_nth.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "recorder/keeping.h"
#include "recording/reader.h"
#include "relay/introduction.h"
#include "relay/tee.h"
#include "sample.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

static struct sample sample;

static void
a_file_is_written_or_refused(void **state)
{
	const struct recording_record record = {
		.kind = RECORDING_FROM_HOST, .bytes = (const uint8_t *)"x", .len = 1};
	auto_fd int fd = memfd_create("recording", MFD_CLOEXEC);
	struct keeping keeping;
	struct fail_run run;
	int r;

	(void)state;
	fail_begin(&run);
	while (fail_next(&run)) {
		fail_arm(&run);
		r = keeping_begin(&keeping, &sample.about, sample.key, fd, 1 << 20);
		if (r == 0)
			keeping_take(&keeping, &record, 1);
		fail_disarm(&run);
		assert_true(r == 0 || r == -ENOMEM);
		keeping_done(&keeping);
	}
}

static void
a_file_is_read_or_not_at_all(void **state)
{
	auto_fd int fd = sample_file(&sample, 3, 100, 2, true);
	struct recording_reader *reader;
	struct recording_record record;
	struct fail_run run;
	const char *why;
	int r;

	(void)state;
	fail_begin(&run);
	while (fail_next(&run)) {
		reader = NULL;
		fail_arm(&run);
		r = recording_reader_new(fd, sample.key, &reader, &why);
		while (r >= 0 && (r = recording_reader_next(reader, &record)) > 0)
			continue;
		fail_disarm(&run);
		assert_true(r == -ENODATA || (r == -ENOMEM && reader == NULL));
		recording_reader_free(reader);
	}
}

/* Of a recording that is required, ENOMEM is told; of another one, the PDU is left out. */
static void
what_the_relay_cannot_hold_is_told_or_counted(void **state)
{
	const struct tee_setup setup = {.required = *(bool *)*state};
	struct introduction introduction = {.user = 1007};
	struct bridge *bridge = bridge_new(SIDE_HOST);
	static uint8_t pdu[3000] = {0, 0x80 | 3000 >> 8, 3000 & 0xff};
	struct tee *tee;
	struct fail_run run;
	int r;

	assert_non_null(bridge);
	fail_begin(&run);
	while (fail_next(&run)) {
		tee = NULL;
		fail_arm(&run);
		r = tee_new(&setup, &introduction, bridge, 0, &tee);
		for (uint32_t i = 0; r == 0 && i < 60; i++) {
			r = tee_take(tee, SIDE_HOST, pdu, 1000, i);
			if (r == 0)
				r = tee_take(tee, SIDE_HOST, pdu + 1000, 2000, i);
		}
		fail_disarm(&run);
		assert_true(r == 0 || r == -ENOMEM);
		tee_free(tee);
	}
	bridge_free(bridge);
}

int
main(void)
{
	static bool required = true, best_effort = false;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_is_written_or_refused),
		cmocka_unit_test(a_file_is_read_or_not_at_all),
		cmocka_unit_test_prestate(what_the_relay_cannot_hold_is_told_or_counted, &required),
		cmocka_unit_test_prestate(
			what_the_relay_cannot_hold_is_told_or_counted, &best_effort),
	};

	fail_catch_libraries();
	sample_init(&sample);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
